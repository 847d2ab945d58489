"""What a migration moved: models, prompts and settings, with where, when and of which code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.ci import ci_address
from pytest_llm_migrate.report.figures import served_sentence, settings_sentence
from pytest_llm_migrate.report.names import RECORDED, side_name
from pytest_llm_migrate.report.numbers import UNKNOWN, count, counted
from pytest_llm_migrate.report.prompts import route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.report.figures import Record

_COMMIT = 12
_SETTINGS = ("model", "prompt", "prompt file", "strategy", "settings", "prompt hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One thing that both sides have, and whether it differs."""

    label: str
    source: str
    target: str

    @property
    def is_changed(self) -> bool:
        """Whether the sides differ."""
        return self.source != self.target


def facts_of(results: Record, record: Record) -> list[tuple[str, str]]:
    """Return what a reader asks first of a run."""
    return list(_facts(results, record))


def run_facts(results: Record) -> list[tuple[str, str]]:
    """Return when a run was made, of which code and by whom, as far as that is known."""
    run = results["run"]
    found = [
        ("run", f"{moment(run['started'])}, took {took(run)}"),
        ("git commit", commit_sentence(run, _COMMIT)),
        ("run by", run.get("by") or ""),
        ("CI run", ci_address(run)),
    ]
    return [(name, value) for name, value in found if value]


def commit_sentence(run: Record, digits: int | None = None) -> str:
    """Return a run's commit, cut to so many digits, and whether files differed from it."""
    commit = (run["git_commit"] or UNKNOWN)[:digits]
    return f"{commit}, with uncommitted changes" if run.get("git_uncommitted") else commit


def moved_of(record: Record) -> list[Moved]:
    """Return both sides beside each other, as far as there is something to say."""
    return [Moved(label=label, source=was, target=now) for label, was, now in _moved(record) if was or now]


def moment(text: str) -> str:
    """Return an ISO 8601 moment as people write it, in UTC."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).strftime("%d %B %Y, %H:%M UTC")


def took(run: Record) -> str:
    """Return how long a run took."""
    whole = round((dt.datetime.fromisoformat(run["ended"]) - dt.datetime.fromisoformat(run["started"])).total_seconds())
    minutes, seconds = divmod(whole, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _facts(results: Record, record: Record) -> Iterator[tuple[str, str]]:
    """Yield what a reader asks first of a run: from what to what, where, when, of which code, by whom."""
    for side in ("source", "target"):
        yield side, " · ".join(part for part in _about(record[side]) if part)
    yield "prompts", _prompts(record)
    yield "judged on", _judged(record["dataset"])
    yield from run_facts(results)


def _about(side: Record) -> tuple[str, ...]:
    prompt = side.get("prompt") or {}
    strategy = f" ({prompt['strategy']})" if prompt.get("strategy") else ""
    named = f"prompt {prompt['name']}{strategy}" if prompt else "no prompt file"
    region = f"region {side['region']}" if side.get("region") else ""
    return _model(side), named, region


def _model(side: Record) -> str:
    name = side_name(side)
    return f"{name} ({side['model']})" if side.get("model") and side["ref"] != RECORDED else name


def _moved(record: Record) -> Iterator[tuple[str, str, str]]:
    sides = [_settings(record[side]) for side in ("source", "target")]
    yield from zip(_SETTINGS, *sides, strict=True)
    for label, key in (("no answer", "errors"), ("cut off", "truncated"), ("refused", "refusals")):
        yield label, count(record[key]["source"]), count(record[key]["target"])
    yield "kept answers", _kept(record, "source"), _kept(record, "target")
    yield "served in tier", served_sentence(record, "source"), served_sentence(record, "target")


def _kept(record: Record, side: str) -> str:
    return f"{count(record['cached'][side])} of {count(record['dataset']['rows'])}"


def _settings(side: Record) -> tuple[str, ...]:
    prompt = side.get("prompt") or {}
    settings = settings_sentence(prompt) if prompt else ""
    strategy = (prompt.get("strategy") or "as written") if prompt else ""
    name = prompt.get("name") or "none: each row's own"
    return _model(side), name, prompt.get("path") or "", strategy, settings, (prompt.get("sha256") or "")[:12]


def _prompts(record: Record) -> str:
    source, target = (record[side].get("prompt") for side in ("source", "target"))
    if not source and not target:
        return "no prompt file: each row brought its own prompt, or its answers"
    if source and target and source["sha256"] == target["sha256"]:
        return f"the same prompt on both sides, {target['name']}"
    if record["source"]["ref"] == record["target"]["ref"] != RECORDED:
        return route(record, "→")
    if not source or not target:
        return f"on the {'target' if target else 'source'} side alone: {(target or source)['name']}"
    return "not the same text on both sides"


def _judged(dataset: Record) -> str:
    return f"{count(dataset['rows'])} of {counted(dataset['rows_in_file'], 'row')} of {dataset['path']}"
