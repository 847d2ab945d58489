"""What strategies wrote for a target: their prompts in the catalog, each with how it scored."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Provenance
from pytest_llm_migrate.errors import MigrateError
from pytest_llm_migrate.prompts import file_text

if TYPE_CHECKING:
    from pytest_llm_migrate.prompts import Catalog, Prompt

_MEASURED = ("dev_score", "dev_rows", "source_score", "input_tokens", "output_tokens", "usd")
_HEADS = 2
"""Lines of a diff that name its two sides."""


def variant_records(catalog: Catalog, name: str, ref: str) -> list[dict[str, Any]]:
    """Return what each strategy wrote last for a target, best dev score first; nothing where a file is damaged.

    Prompts that are not sent are no reason for a run to fail.
    """
    try:
        source, filed = catalog.source(name), {prompt.sha256 for prompt in catalog.targets(name) if prompt.model == ref}
        found = [_record(prompt, source, is_filed=prompt.sha256 in filed) for prompt in catalog.variants(name, ref)]
    except MigrateError:
        return []
    return sorted(found, key=lambda record: -1 if record["dev_score"] is None else record["dev_score"], reverse=True)


def _record(prompt: Prompt, source: Prompt, *, is_filed: bool) -> dict[str, Any]:
    provenance = prompt.provenance or Provenance()
    marks = [line[:1] for line in _diff(source, prompt)]
    return {
        "strategy": provenance.strategy or (prompt.path.parent.name if prompt.path else ""),
        **{name: getattr(provenance, name) for name in _MEASURED},
        "lines_added": marks.count("+"),
        "lines_removed": marks.count("-"),
        "tuned": bool(provenance.dev_sha256),
        "filed": is_filed,
        "stale": provenance.source_sha256 not in (None, source.sha256),
        "edited": prompt.is_edited,
        "sha256": prompt.sha256,
    }


def _diff(source: Prompt, written: Prompt) -> list[str]:
    """Return the changed lines between two prompts' files with three lines around each, whatever their provenance."""
    before, after = (
        file_text(replace(prompt, provenance=None, model=None)).splitlines() for prompt in (source, written)
    )
    return list(difflib.unified_diff(before, after, "source", "target", lineterm=""))[_HEADS:]
