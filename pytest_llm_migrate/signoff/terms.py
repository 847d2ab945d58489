"""What a sign-off is given for: the models, prompts, rows, metrics and gates of one migration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.errors import DecisionError, RunFolderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SEAL_FILE = "sealed.json"
Record = dict[str, Any]

_WORDS = {
    "metrics": "the metrics",
    "judge": "the judge",
    "slices": "the slice columns",
    "weight": "the weights",
    "cluster": "the clusters",
    "critical": "the critical rows",
}


def read_record(folder: Path, name: str) -> Record:
    """Return a JSON file of a run; raises `RunFolderError` where it cannot be read."""
    try:
        found: Record = json.loads((folder / name).read_bytes())
        found["schema_version"]
    except OSError as error:
        raise RunFolderError(folder, f"it has no {name} ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunFolderError(folder, f"its {name} is not what a run writes") from error
    return found


def terms_of(seal: Mapping[str, Any], migration: Mapping[str, Any]) -> Record:
    """Return what decides a migration's verdict, from what was sealed and its record in ``results.json``.

    Raises `DecisionError` where none of its gates was sealed.
    """
    sealed = next((found for found in seal["migrations"] if found["id"] == migration["id"]), None)
    if sealed is None:
        raise DecisionError(
            f"no gate of {migration['name']} ran, so nothing of it was sealed",
            "Run its gates, and sign that run.",
        )
    gates = [gate for gate in seal["gates"] if gate["migration"] == migration["id"]]
    return {
        **{side: {**sealed[side], "prompt": _prompt_name(migration[side])} for side in SIDES},
        "dataset": {name: sealed["dataset"][name] for name in ("path", "sha256", "rows")},
        **{name: sealed[name] for name in _WORDS},
        "gates": {gate["nodeid"]: {"sha256": gate["sha256"], "module": gate["module"]} for gate in gates},
        "options": dict(seal["options"]),
    }


def changed_terms(signed: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what is not as it was signed, each part in a few words."""
    return list(dict.fromkeys(_changed(signed, now)))


def _prompt_name(side: Mapping[str, Any]) -> str | None:
    prompt = side.get("prompt")
    return prompt["name"] if prompt else None


def _changed(signed: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for side in SIDES:
        if signed[side]["ref"] != now[side]["ref"]:
            yield f"the {side} model {signed[side]['ref']}"
    for side in reversed(SIDES):  # that a target's prompt changes is what happens most
        if signed[side]["prompt_sha256"] != now[side]["prompt_sha256"]:
            whose = "" if side == "target" else "source "
            yield f"the {whose}prompt {signed[side]['prompt'] or now[side]['prompt']}"
    if any(signed["dataset"][part] != now["dataset"][part] for part in ("sha256", "rows")):
        yield f"the dataset {signed['dataset']['path']}"
    yield from _changed_gates(signed["gates"], now["gates"])
    yield from (words for name, words in _WORDS.items() if signed[name] != now[name])
    for name in sorted({*signed["options"], *now["options"]}):
        if signed["options"].get(name) != now["options"].get(name):
            yield f"the option {name}"


def _changed_gates(signed: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for nodeid in sorted({*signed, *now}):
        was, is_now = signed.get(nodeid), now.get(nodeid)
        if was is None or is_now is None:
            yield f"the gate {nodeid}" + (" (not in this run)" if is_now is None else " (new)")
        elif was["sha256"] != is_now["sha256"]:
            yield f"the gate {nodeid}"
        elif was["module"] != is_now["module"]:
            # The margin may stand beside the gate, or in a function that it calls.
            yield f"the file {was['module']['path']} of the gate {nodeid}"
