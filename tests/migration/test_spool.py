"""What a process saw goes to a file and comes back the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, CallFailure, Case, Row, Score, ScoreFailure, Side, Step
from pytest_llm_migrate.migration.spool import Spool, case_of, case_record, read_spool
from tests.migration.parts import case

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain import SideName

SECONDS = st.none() | st.floats(0, 1e6)
COUNTS = st.none() | st.integers(0, 10**9)
ANSWERS = st.builds(
    Answer,
    text=st.text(),
    stop_reason=st.none() | st.text(),
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cache_read_tokens=COUNTS,
    latency=SECONDS,
    ttft=SECONDS,
    cost=SECONDS,
    cached=st.booleans(),
    model=st.none() | st.text(),
    steps=st.lists(st.builds(Step, name=st.text(), latency=SECONDS, cost=SECONDS), max_size=2).map(tuple),
)
FAILURES = st.builds(CallFailure, kind=st.text(), message=st.text())
SCORES = st.dictionaries(
    st.sampled_from(["m", "n"]),
    st.builds(Score, st.floats(0, 1), st.text()) | st.builds(ScoreFailure, reason=st.text(), raw=st.text()),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=4
)
INPUTS = st.dictionaries(st.sampled_from(["question", "content", "channel"]), VALUES)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any row with any two sides."""
    sample_id = draw(st.text(min_size=1))
    values = draw(INPUTS) | {"answer_ground_truth": draw(VALUES), "split": "holdout"}

    def side(name: SideName) -> Side:
        outcome = draw(ANSWERS | FAILURES)
        scores = {} if isinstance(outcome, CallFailure) else draw(SCORES)
        return Side(name=name, sample_id=sample_id, outcome=outcome, scores=scores)

    return Case(row=Row(sample_id=sample_id, values=values), source=side("source"), target=side("target"))


def reasons(side: Side) -> dict[str, tuple[Any, Any]]:
    """Return a side's scores as plain values with their reasons."""
    return {
        name: (float(score), score.reason) if isinstance(score, Score) else (None, (score.reason, score.raw))
        for name, score in side.scores.items()
    }


@given(cases())
def test_a_case_survives_its_record(before: Case) -> None:
    """Inputs, reference, answers, failures, scores and reasons come back as they were."""
    after = case_of(json.loads(json.dumps(case_record(before, ("split",)))))
    assert (after.id, after.inputs, after.reference) == (before.id, before.inputs, before.reference)
    assert after.row["split"] == "holdout"
    for old, new in ((before.source, after.source), (before.target, after.target)):
        assert (new.name, new.sample_id, new.outcome) == (old.name, old.sample_id, old.outcome)
        assert reasons(new) == reasons(old)


def test_scores_come_back_with_their_labels() -> None:
    """A score that crossed processes still explains itself."""
    after = case_of(case_record(case(source=0.25)))
    assert repr(after.source["m"]) == "<source m 0.25 on row 'r1'>"


def test_every_process_is_read(tmp_path: Path) -> None:
    """Each process has a file of its own; the records come back in order, whatever characters they hold."""
    for name in ("gw1", "gw0"):
        spool = Spool(tmp_path / "spool" / f"{name}.jsonl")
        spool.case("migration", case(name, question="Grüße \ud800\u2028"), 0)
        spool.case("migration", case(f"{name} again"), 1)
        spool.close()
    records = list(read_spool(tmp_path / "spool"))
    assert [record["sample_id"] for record in records] == ["gw0", "gw0 again", "gw1", "gw1 again"]
    assert records[0]["inputs"] == {"question": "Grüße \ud800\u2028"}
    assert (records[1]["type"], records[1]["migration"], records[1]["place"]) == ("case", "migration", 1)


def test_a_killed_process_leaves_what_it_saw(tmp_path: Path) -> None:
    """Records are on disk as they are made, and a torn last line costs no other."""
    path = tmp_path / "gw0.jsonl"
    spool = Spool(path)
    spool.case("migration", case("r1"), 0)
    with path.open("a") as file:
        file.write('{"type": "case", "migr')
    assert [record["sample_id"] for record in read_spool(tmp_path)] == ["r1"]
    spool.close()


def test_a_closed_spool_opens_again(tmp_path: Path) -> None:
    """What comes after closing is added."""
    spool = Spool(tmp_path / "main.jsonl")
    for sample_id in ("r1", "r2"):
        spool.case("migration", case(sample_id), 0)
        spool.close()
        spool.close()
    assert [record["sample_id"] for record in read_spool(tmp_path)] == ["r1", "r2"]


def test_a_process_that_saw_nothing_leaves_no_file(tmp_path: Path) -> None:
    """A spool without a record is no file."""
    Spool(tmp_path / "main.jsonl").close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_failed_metric_had_in_hand_is_cut() -> None:
    """A judge's text is kept up to a length, and the cut is said."""
    failure = ScoreFailure(reason="no verdict", raw="x" * 5_000)
    side = Side(name="target", sample_id="r1", outcome=Answer(text="a"), scores={"judge": failure})
    record = case_record(Case(row=Row(sample_id="r1", values={}), source=side, target=side))
    assert record["target"]["raws"] == {"judge": "x" * 4_000 + "… (1,000 more characters)"}
