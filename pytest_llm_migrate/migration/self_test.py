"""What gates say of a model against itself: a NO-GO is a false alarm, since nothing changed.

One that rules out a gain is none: a gate that asks for one, such as a lower bill, cannot be GO here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Ruling, worst
from pytest_llm_migrate.stats import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.domain import Verdict
    from pytest_llm_migrate.migration.results import Seen, Test

PASSED, NO_GO, NO_GAIN = "passed", "no_go", "no_gain"
UNDECIDED, CANNOT_JUDGE, ERROR = "undecided", "cannot_judge", "error"
"""What can become of a trial."""
_OUTCOMES = (PASSED, NO_GO, NO_GAIN, UNDECIDED, CANNOT_JUDGE, ERROR)
_UNJUDGED = {Ruling.NOT_ENOUGH_EVIDENCE: UNDECIDED, Ruling.CANNOT_JUDGE: CANNOT_JUDGE}
_TOLERATED = 0.05
_CONFIDENCE = 0.95


def failed_trial(verdicts: Sequence[Verdict], message: str) -> str:
    """Return what a trial came to whose gate failed with this message, having evaluated these verdicts.

    An assertion on anything but a verdict is a false alarm as well, whatever the verdicts beside it say.
    """
    ruling = worst(verdict.ruling for verdict in verdicts)
    words = [str(ruling), *(verdict.statement for verdict in verdicts if verdict.ruling is ruling)]
    if ruling is None or (message and not any(said in message for said in words)):
        return NO_GO
    if ruling is Ruling.NO_GO and all(_asks_for_gain(verdict) for verdict in verdicts if verdict.ruling is ruling):
        return NO_GAIN
    return _UNJUDGED.get(ruling, NO_GO)


def _asks_for_gain(verdict: Verdict) -> bool:
    figures = verdict.figures
    kind, bar = figures.get("kind"), figures.get("bar")
    return kind == "superior" or (kind == "ratio_at_most" and bar is not None and bar < 1)


def trials_record(outcomes: Sequence[str], examples: Mapping[str, str]) -> dict[str, Any]:
    """Return a gate's trials, 1 or more, in figures; ``examples`` says of outcomes what one of them said.

    The interval of the false-alarm rate is Wilson's, at 95 %.
    """
    counts, trials = Counter(outcomes), len(outcomes)
    rate = wilson(counts[NO_GO], trials, confidence=_CONFIDENCE)
    record = {
        "trials": trials,
        "outcomes": {name: counts[name] for name in _OUTCOMES},
        "false_alarm_rate": rate.value,
        "interval": [rate.low, rate.high],
        "flips": bool(counts[PASSED] and counts[NO_GO]),
    }
    return {**record, "warnings": list(_warnings(record, examples))}


def _warnings(record: Mapping[str, Any], examples: Mapping[str, str]) -> list[str]:
    counts, trials, said = record["outcomes"], record["trials"], []
    low, high = record["interval"]
    if record["flips"]:
        said.append(
            f"it flips on identical models: GO in {counts[PASSED]} and NO-GO in {counts[NO_GO]} of {trials} trials"
        )
    if low > _TOLERATED:
        rate = f"{record['false_alarm_rate']:.1%} of identical models, with 95% confidence {low:.1%} to {high:.1%}"
        said.append(f"it refuses {rate}; more than {_TOLERATED:.0%} is too often")
    if counts[ERROR]:
        said.append(f"it ended in an error in {counts[ERROR]} of {trials} trials: {examples[ERROR]}")
    if counts[CANNOT_JUDGE] == trials:
        said.append(f"it could not judge in any of {trials} trials: {examples[CANNOT_JUDGE]}")
    return said


def self_test_record(seen: Seen, tests_of: Callable[[str], Sequence[Test]]) -> list[dict[str, Any]]:
    """Return every migration that was tested on its own source: what there was to draw from, and each gate."""
    found = [(seen.migrations[name], [test for test in tests_of(name) if test["gate"]]) for name in seen.migrations]
    return [_tested(terms, tests) for terms, tests in found if tests]


def _tested(terms: Mapping[str, Any], tests: Sequence[Test]) -> dict[str, Any]:
    drawn = next((test["self_test"]["drawn"] for test in tests if "self_test" in test), None)
    return {
        "id": terms["id"],
        "name": terms["name"],
        "nodeid": terms["nodeid"],
        "model": terms["source"]["ref"],
        "drawn": drawn,
        "gates": [
            {
                **{name: test[name] for name in ("nodeid", "doc", "outcome")},
                "message": test.get("message", ""),
                "trials": test.get("self_test", {}).get("trials"),
            }
            for test in tests
        ],
    }
