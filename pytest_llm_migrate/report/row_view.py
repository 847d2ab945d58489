"""What the page shows of one row, as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.report.figures import tokens_sentence, without_cost
from pytest_llm_migrate.report.numbers import count, is_known, score, seconds, usd
from pytest_llm_migrate.report.outcomes import is_below_bar, metric_outcome, outcome
from pytest_llm_migrate.report.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CODES = {
    "broke": "b",
    "error": "e",
    "not scored": "n",
    "both wrong": "w",
    "fixed": "f",
    "both right": "r",
    "held": "h",
}
"""One letter an outcome, by which the page's script filters rows."""
_HEAD, _HEAD_LINES, _WHOLE = 800, 14, 20_000
_SHORT, _MESSAGE = 50, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text whose beginning is shown, whose rest unfolds, and whose far end is left to ``rows.jsonl``.

    Attributes:
        label: What it is; empty where the place says so.
        head: Its beginning.
        rest: What unfolds.
        beyond: How many characters are left out of the page.
    """

    label: str = ""
    head: str
    rest: str = ""
    beyond: int = 0

    @classmethod
    def of(cls, value: Any, label: str = "") -> Passage:
        """Return the passage of a text, or of any other value as JSON."""
        whole = value if isinstance(value, str) else _as_text(value)
        text = visible(whole[:_WHOLE])
        end = _end_of_head(text)
        return cls(label=label, head=text[:end], rest=text[end:].removeprefix("\n"), beyond=max(len(whole) - _WHOLE, 0))

    @property
    def is_short(self) -> bool:
        """Whether it may stand beside its label."""
        return len(self.head) <= _SHORT and "\n" not in self.head

    @property
    def rest_length(self) -> str:
        """How many characters unfold."""
        return count(len(self.rest))

    @property
    def beyond_length(self) -> str:
        """How many characters are left out."""
        return count(self.beyond)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One side's answer: its text or its error, scores with reasons, and what it took."""

    error: str
    text: Passage | None
    scores: list[Passage]
    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTest:
    """One test of a row: what became of it, and the comparisons it made."""

    name: str
    outcome: str
    message: str
    checks: list[tuple[bool, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """A row, ready for its template."""

    anchor: str
    sample_id: str
    outcome: str
    codes: str
    is_below_bar: bool
    is_same: bool
    moves: str
    inputs: list[Passage]
    reference: Passage | None
    source: SideView
    target: SideView
    tests: list[CheckedTest]


def row_view(row: Mapping[str, Any], anchor: str, metrics: Sequence[str]) -> RowView:
    """Return what the page shows of a row; ``anchor`` is its id on the page, ``metrics`` those of its migration."""
    source, target = row["source"], row["target"]
    critical = {"critical": "may not break"} if row.get("critical") else {}
    given = {**critical, **row.get("slices", {}), **row["inputs"]}
    return RowView(
        anchor=anchor,
        sample_id=row["sample_id"],
        outcome=outcome(row),
        codes="".join(CODES[found] for found in (outcome(row), *(metric_outcome(row, name) for name in metrics))),
        is_below_bar=is_below_bar(row),
        is_same="text" in source and source["text"] == target.get("text"),
        moves=" · ".join(_moves(source, target, metrics)),
        inputs=[Passage.of(value, name) for name, value in given.items() if value is not None],
        reference=None if row["reference"] is None else Passage.of(row["reference"]),
        source=_side(source),
        target=_side(target),
        tests=[_test(test) for test in row["tests"]],
    )


def _moves(source: Mapping[str, Any], target: Mapping[str, Any], metrics: Sequence[str]) -> Iterator[str]:
    was, is_now = source.get("scores", {}), target.get("scores", {})
    for name in metrics:
        if name in was or name in is_now:
            yield f"{name} {_score(was.get(name))} → {_score(is_now.get(name))}"


def _score(value: float | None) -> str:
    return score(value) if is_known(value) else "none"


def _side(side: Mapping[str, Any]) -> SideView:
    if "error" in side:
        error = f"{side['error']['kind']}: {side['error']['message']}"
        return SideView(error=error, text=None, scores=[], cost="")
    reasons = side.get("reasons", {})
    scores = [Passage.of(reasons.get(name, ""), f"{name} {_score(value)}") for name, value in side["scores"].items()]
    failures = [Passage.of(why, f"{name} not scored") for name, why in side.get("failures", {}).items()]
    return SideView(error="", text=Passage.of(side["text"]), scores=scores + failures, cost=" · ".join(_took(side)))


def _took(side: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an answer took, leaving out what is unknown, which the figures above already say."""
    if is_known(side.get("latency")):
        yield seconds(side["latency"])
    if is_known(side.get("ttft")):
        yield f"first token {seconds(side['ttft'])}"
    if tokens_sentence(side):
        yield tokens_sentence(side)
    yield usd(side["cost"]) if is_known(side.get("cost")) else without_cost(side.get("no_cost") or "cost unknown")
    if side.get("stop_reason"):
        yield side["stop_reason"]
    if side.get("cached"):
        yield "kept from an earlier call"
    yield from (_step(step) for step in side.get("steps", ()))


def _step(step: Mapping[str, Any]) -> str:
    known = [seconds(step["latency"]) if is_known(step.get("latency")) else "", tokens_sentence(step)]
    return f"step {step['name']}: {', '.join(part for part in known if part) or 'unknown'}"


def _test(test: Mapping[str, Any]) -> CheckedTest:
    return CheckedTest(
        name=test["nodeid"].rpartition("::")[2].partition("[")[0],
        outcome=test["outcome"].replace("_", " "),
        message=one_line(test["message"], _MESSAGE),
        checks=[(check["passed"], _check(check)) for check in test["checks"]],
    )


def _check(check: Mapping[str, Any]) -> str:
    against = f" ({check['against']})" if check["against"] else ""
    subject = f"{check['side']} {check['metric']}".strip()
    return f"{subject} {score(check['value'])} {check['operator']} {score(check['bar'])}{against}"


def _end_of_head(text: str) -> int:
    if len(text) <= _HEAD and text.count("\n") < _HEAD_LINES:
        return len(text)
    lines = text[:_HEAD].split("\n", _HEAD_LINES)
    end = sum(map(len, islice(lines, _HEAD_LINES))) + min(len(lines), _HEAD_LINES) - 1
    # A few letters more are sooner read than unfolded.
    return len(text) if len(text) - end < _SHORT else end


def _as_text(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n\n".join(value)
    return json.dumps(value, ensure_ascii=False, indent=1)
