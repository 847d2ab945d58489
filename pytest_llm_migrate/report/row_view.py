"""What the page's script shows of one row, as texts that it need not look at twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.review import answer_hash
from pytest_llm_migrate.report.error_groups import change_name
from pytest_llm_migrate.report.figures import tokens_sentence, without_cost
from pytest_llm_migrate.report.numbers import count, is_known, score, seconds, usd
from pytest_llm_migrate.report.outcomes import REPORTED, is_below_bar, metric_outcome, outcome
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
_WHOLE = 20_000
_MESSAGE, _SHORT = 300, 80
Json = dict[str, Any]


def row_record(row: Mapping[str, Any], metrics: Sequence[str]) -> Json:
    """Return what the page shows of a row, as JSON-ready builtins under one-letter keys; all texts are visible.

    ``metrics`` are those of its migration. ``c`` has the letter of its worst outcome and then one a metric; ``g`` what
    changed, each with its detail; ``v`` both sides' scores a metric; ``i`` inputs; ``S`` and ``T`` the sides; ``t`` the
    tests; ``o``, where there are any, inputs that a prompt may print otherwise.
    """
    source, target = row["source"], row["target"]
    slices = {name: value for name, value in row.get("slices", {}).items() if value is not None}
    given = {**slices, **{name: value for name, value in row["inputs"].items() if value is not None}}
    odd = [visible(name) for name, value in given.items() if _is_odd(value)]
    return {
        **({"o": odd} if odd else {}),
        "id": visible(row["sample_id"]),
        "c": "".join(CODES[found] for found in (outcome(row), *(metric_outcome(row, name) for name in metrics))),
        "b": is_below_bar(row),
        "k": bool(row.get("critical")),
        "s": "text" in source and source["text"] == target.get("text"),
        "m": visible(" · ".join(_moves(source, target, metrics))),
        "g": [
            [visible(part) for part in (change_name(each["change"]), each["detail"])] for each in row.get("changes", [])
        ],
        "x": {visible(name): one_line(as_text(value), _SHORT) for name, value in slices.items()},
        "v": [_pair(source, target, name) for name in metrics],
        "i": [[visible(name), passage(value)] for name, value in given.items()],
        "r": None if row["reference"] is None else passage(row["reference"]),
        "S": _side(source),
        "T": _side(target),
        "t": [_test(test) for test in row["tests"]],
    }


def _is_odd(value: Any) -> bool:
    """Return whether a prompt may print a value in another way than the page shows it."""
    if isinstance(value, list):
        return not (value and all(isinstance(item, str) for item in value))
    return isinstance(value, bool) or not isinstance(value, (str, int, float))


def passage(value: Any) -> str:
    """Return a text, or any other value as JSON, as the page shows it: its far end is left to ``rows.jsonl``."""
    whole = as_text(value)
    beyond = len(whole) - _WHOLE
    left_out = f"\n… {count(beyond)} characters more stand in rows.jsonl." if beyond > 0 else ""
    return visible(whole[:_WHOLE]) + left_out


def _pair(source: Mapping[str, Any], target: Mapping[str, Any], metric: str) -> list[float] | None:
    was, is_now = source.get("scores", {}).get(metric), target.get("scores", {}).get(metric)
    return [was, is_now] if is_known(was) and is_known(is_now) else None


def _moves(source: Mapping[str, Any], target: Mapping[str, Any], metrics: Sequence[str]) -> Iterator[str]:
    was, is_now = source.get("scores", {}), target.get("scores", {})
    for name in metrics:
        if name in was or name in is_now:
            yield f"{name} {_score(was.get(name))} → {_score(is_now.get(name))}"


def _score(value: float | None) -> str:
    return score(value) if is_known(value) else "none"


def _side(side: Mapping[str, Any]) -> Json:
    """Return an answer (``t``) with its hash (``h``) or an error (``e``), scores (``s``), what it took (``w``)."""
    if "error" in side:
        error = visible(f"{side['error']['kind']}: {side['error']['message']}")
        return {"e": error, "t": None, "h": "", "s": [], "w": ""}
    reasons = side.get("reasons", {})
    scores = [
        [visible(f"{name} {_score(value)}"), passage(reasons.get(name, ""))] for name, value in side["scores"].items()
    ]
    failures = [[visible(f"{name} not scored"), passage(why)] for name, why in side.get("failures", {}).items()]
    took = visible(" · ".join(_took(side)))
    said = {"e": "", "t": passage(side["text"]), "h": answer_hash(side["text"]), "s": scores + failures, "w": took}
    return {**said, "p": True} if side.get("steps") else said


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


def _test(test: Mapping[str, Any]) -> list[Any]:
    """Return a test's name, outcome, message and comparisons, each with whether it held."""
    name = test["nodeid"].rpartition("::")[2].partition("[")[0]
    checks = [[check["passed"], visible(_check(check))] for check in test["checks"]]
    became = REPORTED if test.get("reported") else test["outcome"].replace("_", " ")
    return [visible(name), became, one_line(test["message"], _MESSAGE), checks]


def _check(check: Mapping[str, Any]) -> str:
    against = f" ({check['against']})" if check["against"] else ""
    subject = f"{check['side']} {check['metric']}".strip()
    return f"{subject} {score(check['value'])} {check['operator']} {score(check['bar'])}{against}"


def as_text(value: Any) -> str:
    """Return a text as it is, a list of texts with empty lines between them, and any other value as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n\n".join(value)
    return json.dumps(value, ensure_ascii=False, indent=1)
