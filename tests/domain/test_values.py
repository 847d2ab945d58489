"""The values that cross every room."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import (
    Answer,
    CallFailure,
    Case,
    Check,
    Request,
    Row,
    Ruling,
    Score,
    ScoreFailure,
    Side,
    Step,
    Turn,
    Verdict,
    WatchedScore,
    worst,
)
from pytest_llm_migrate.errors import ScoreFailedError, SideFailedError, UnknownNameError

texts = st.text(max_size=20)
amounts = st.none() | st.floats(0, 1e6)
counts = st.none() | st.integers(0, 10**6)
steps = st.builds(Step, name=texts, latency=amounts, input_tokens=counts, cost=amounts, cached=st.booleans())
answers = st.builds(
    Answer,
    text=texts,
    stop_reason=st.none() | texts,
    input_tokens=counts,
    output_tokens=counts,
    cache_read_tokens=counts,
    latency=amounts,
    ttft=amounts,
    cost=amounts,
    cached=st.booleans(),
    steps=st.tuples() | st.tuples(steps) | st.tuples(steps, steps),
)


@given(answers)
def test_answer_survives_its_record(answer: Answer) -> None:
    """An answer read back from JSON equals the one that was written."""
    assert Answer.from_record(json.loads(json.dumps(answer.to_record()))) == answer


def test_unknown_is_left_out_of_a_record() -> None:
    """What is not known is absent, never zero."""
    assert Answer(text="a").to_record() == {"text": "a", "cached": False}


def request(**changes: Any) -> Request:
    """Return a request that tests change one part of."""
    parts: dict[str, Any] = {"turns": (Turn("user", "hi"),), "system": "s", "inference": {"temperature": 0}}
    return Request(**(parts | changes))


@pytest.mark.parametrize(
    "other",
    [
        request(turns=(Turn("user", "hi!"),)),
        request(turns=(Turn("assistant", "hi"),)),
        request(system=None),
        request(inference={"temperature": 0.1}),
        request(inference={}),
    ],
    ids=["text", "role", "system", "setting", "no setting"],
)
def test_every_part_of_a_request_is_part_of_its_identity(other: Request) -> None:
    """A request that differs in anything that reaches the model has another key."""
    assert request().key("m") != other.key("m")


def test_identity_tells_models_and_repeats_apart() -> None:
    """The same request has one key per model and repeat, and always the same one."""
    keys = [request().key("m"), request().key("n"), request().key("m", 1)]
    assert len(set(keys)) == 3
    assert request(inference={"b": 1, "a": 2}).key("m") == request(inference={"a": 2, "b": 1}).key("m")


def test_score_explains_itself() -> None:
    """The repr of a score names side, metric, value, row and reason."""
    score = Score(0, "expected 'a', got 'b'", metric="exact_match", side="target", sample_id="T-1")
    assert repr(score) == "<target exact_match 0 on row 'T-1': expected 'a', got 'b'>"
    assert repr(Score(0.51234)) == "<0.5123>"


@pytest.mark.parametrize(
    ("operator", "passed"), [(">=", True), (">", True), ("<=", False), ("<", False), ("==", False), ("!=", True)]
)
def test_watched_score_reports_a_comparison(operator: str, passed: bool) -> None:  # noqa: FBT001 - a table's column
    """Each comparison is reported once, with the bar and what became of it."""
    seen: list[Check] = []
    score = WatchedScore.of(Score(0.8, metric="m", side="target"), seen.append)
    result = {
        ">=": lambda: score >= 0.5,
        ">": lambda: score > 0.5,
        "<=": lambda: score <= 0.5,
        "<": lambda: score < 0.5,
        "==": lambda: score == 0.5,
        "!=": lambda: score != 0.5,
    }[operator]()
    assert result is passed
    assert seen == [Check(side="target", metric="m", value=0.8, operator=operator, bar=0.5, against="", passed=passed)]


def test_watched_score_names_the_score_it_is_held_against() -> None:
    """A comparison of two scores says whose score the bar was."""
    seen: list[Check] = []
    target = WatchedScore.of(Score(1, metric="m", side="target"), seen.append)
    source = WatchedScore.of(Score(0, metric="m", side="source"), seen.append)
    assert target >= source
    assert [check.against for check in seen] == ["source m"]


def test_watched_score_is_a_float_like_any_other() -> None:
    """Approximate comparison, hashing and arithmetic work, and what is no number is not reported."""
    seen: list[Check] = []
    score = WatchedScore.of(Score(0.1, metric="m"), seen.append)
    assert score + 0.2 == pytest.approx(0.3)
    assert pytest.approx(0.1) == score
    assert {score: 1}[score] == 1
    assert score != "a text"
    assert all(isinstance(check.bar, float) for check in seen)


def case(**sides: Any) -> Case:
    """Return a case whose sides are given as outcomes with scores."""
    made = {
        name: Side(name=name, sample_id="r1", outcome=outcome, scores=scores)  # type: ignore[arg-type]
        for name, (outcome, scores) in sides.items()
    }
    row = Row(sample_id="r1", values={"question": "q", "content": ["c"], "answer_ground_truth": "a", "channel": "x"})
    return Case(row=row, **made)


def test_case_reads_like_its_row_and_answers() -> None:
    """A case gives the row's parts and each side's fields."""
    answer = Answer(text="t", stop_reason="end_turn", latency=1.0, steps=(Step(name="one", latency=0.4),))
    found = case(source=(answer, {}), target=(answer, {"m": Score(1)}))
    assert (found.id, found.context, found.reference) == ("r1", ["c"], "a")
    assert found.inputs == {"question": "q", "content": ["c"], "channel": "x"}
    assert (found.target.text, found.target["m"], found.target.steps["one"].latency) == ("t", 1.0, 0.4)


def test_failed_side_never_gives_a_number() -> None:
    """Reading a side whose call failed says which row, side and fault."""
    found = case(source=(Answer(text=""), {}), target=(CallFailure(kind="throttled", message="slow down"), {}))
    for read in (lambda: found.target.text, lambda: found.target["m"], lambda: found.target.latency):
        with pytest.raises(SideFailedError, match="no target answer for row 'r1': throttled: slow down"):
            read()


def test_failed_score_never_gives_a_number() -> None:
    """Reading a score that the metric could not give says why."""
    found = case(source=(Answer(text=""), {"m": ScoreFailure(reason="no number")}), target=(Answer(text=""), {}))
    with pytest.raises(ScoreFailedError, match="m could not score the source answer of row 'r1': no number"):
        _ = found.source["m"]


def test_unknown_metric_names_the_nearest() -> None:
    """A metric that was not asked for is an error that shows those that were."""
    found = case(source=(Answer(text=""), {"exact_match": Score(1)}), target=(Answer(text=""), {}))
    with pytest.raises(UnknownNameError, match=r"unknown metric 'exactmatch'. Did you mean 'exact_match'\?"):
        _ = found.source["exactmatch"]


def test_only_go_is_true() -> None:
    """A verdict passes an assertion only on GO, and says everything otherwise."""
    verdicts = [Verdict(ruling=ruling, gate="g", statement="said", detail="n=1") for ruling in Ruling]
    assert [bool(verdict) for verdict in verdicts] == [ruling is Ruling.GO for ruling in Ruling]
    assert repr(verdicts[-1]) == "NO-GO: said [n=1]"


def test_worst_ruling_decides() -> None:
    """NO-GO is worse than CANNOT JUDGE, that than NOT ENOUGH EVIDENCE, that than GO."""
    assert worst([Ruling.GO, Ruling.NOT_ENOUGH_EVIDENCE]) is Ruling.NOT_ENOUGH_EVIDENCE
    assert worst([Ruling.CANNOT_JUDGE, Ruling.NOT_ENOUGH_EVIDENCE]) is Ruling.CANNOT_JUDGE
    assert worst([Ruling.CANNOT_JUDGE, Ruling.NO_GO, Ruling.GO]) is Ruling.NO_GO
    assert worst([]) is None
