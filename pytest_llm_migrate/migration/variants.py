"""What strategies wrote for a target: their prompts in the catalog, each with how it scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import MigrateError

if TYPE_CHECKING:
    from pytest_llm_migrate.prompts import Catalog, Prompt


def variant_records(catalog: Catalog, name: str, ref: str) -> list[dict[str, Any]]:
    """Return what each strategy wrote last for a target, best dev score first; nothing where a file is damaged.

    Prompts that are not sent are no reason for a run to fail.
    """
    try:
        source, filed = catalog.source(name), {prompt.sha256 for prompt in catalog.targets(name)}
        found = [_record(prompt, source, is_filed=prompt.sha256 in filed) for prompt in catalog.variants(name, ref)]
    except MigrateError:
        return []
    return sorted(found, key=lambda record: -1 if record["dev_score"] is None else record["dev_score"], reverse=True)


def _record(prompt: Prompt, source: Prompt, *, is_filed: bool) -> dict[str, Any]:
    provenance = prompt.provenance
    made_from = provenance.source_sha256 if provenance else None
    return {
        "strategy": (provenance.strategy if provenance else None) or (prompt.path.parent.name if prompt.path else ""),
        "dev_score": provenance.dev_score if provenance else None,
        "dev_rows": provenance.dev_rows if provenance else None,
        "tuned": bool(provenance and provenance.dev_sha256),
        "filed": is_filed,
        "stale": made_from not in (None, source.sha256),
        "edited": prompt.is_edited,
        "sha256": prompt.sha256,
    }
