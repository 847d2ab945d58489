"""Recordings: files of answers that people review and merge."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.answers import RecordedAnswer, read_recording, recording_path, write_recording
from pytest_llm_migrate.domain import Answer, Step
from pytest_llm_migrate.errors import RecordingError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
COUNTS = st.none() | st.integers(0, 10**9)
SECONDS = st.none() | st.floats(0, 1e6)
ANSWERS = st.builds(
    Answer,
    text=TEXTS,
    stop_reason=st.none() | TEXTS,
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cache_read_tokens=COUNTS,
    latency=SECONDS,
    ttft=SECONDS,
    mean_logprob=st.none() | st.floats(-1e6, 0),
    cached=st.just(value=True),
    steps=st.lists(st.builds(Step, name=TEXTS, latency=SECONDS), max_size=2).map(tuple),
)
RECORDED = st.lists(
    st.builds(RecordedAnswer, sample_id=TEXTS, key=TEXTS, answer=ANSWERS, of=TEXTS), unique_by=lambda item: item.key
)


def recorded(sample_id: str, key: str, text: str = "", of: str = "rows.csv triage") -> RecordedAnswer:
    """Return an answer to be recorded."""
    return RecordedAnswer(sample_id=sample_id, key=key, answer=Answer(text=text), of=of)


def keys_in(path: Path) -> list[str]:
    """Return the keys of a recording."""
    return list(read_recording(path))


@given(RECORDED)
def test_what_is_written_is_read(answers: list[RecordedAnswer]) -> None:
    """Every answer comes back whole, whatever characters it holds, and is written the same again."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "model.jsonl"
        write_recording(path, answers)
        assert read_recording(path) == {item.key: (item.sample_id, item.answer) for item in answers}
        assert [found.name for found in path.parent.iterdir()] == ["model.jsonl"]
        before = path.read_bytes()
        write_recording(path, answers)
        write_recording(path, [])
        assert path.read_bytes() == before


@given(RECORDED, st.randoms())
def test_the_order_of_answers_does_not_matter(answers: list[RecordedAnswer], chance: object) -> None:
    """The same answers make the same bytes, so that a diff shows what changed and nothing else."""
    shuffled = sorted(answers, key=lambda _: chance.random())  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        write_recording(one, answers)
        write_recording(two, shuffled)
        assert one.read_bytes() == two.read_bytes()


def test_a_line_is_an_answer_sorted_by_row(tmp_path: Path) -> None:
    """Lines are JSON in plain letters, by row; cost and the mark of a kept answer are left out."""
    path = tmp_path / "model.jsonl"
    kept = RecordedAnswer(sample_id="b", key="k2", answer=Answer(text="Grüße\n", cost=0.5, cached=True))
    timed = RecordedAnswer(sample_id="a", key="k1", answer=Answer(text="hi", latency=1.5), of="rows.csv triage")
    write_recording(path, [kept, timed])
    first, second = path.read_text(encoding="utf-8").splitlines()
    answer = {"text": "hi", "latency": 1.5}
    assert json.loads(first) == {"sample_id": "a", "key": "k1", "of": "rows.csv triage", "answer": answer}
    assert second == '{"sample_id": "b", "key": "k2", "answer": {"text": "Grüße\\n"}}'


def test_a_changed_rows_old_answers_go(tmp_path: Path) -> None:
    """What the same dataset and prompt asked of a row before is stale where it asks something new; other rows stay."""
    path = tmp_path / "model.jsonl"
    write_recording(path, [recorded("a", "a1"), recorded("a", "a2"), recorded("b", "b1")])
    write_recording(path, [recorded("a", "a3")])
    assert keys_in(path) == ["a3", "b1"]


def test_recording_what_is_recorded_drops_nothing(tmp_path: Path) -> None:
    """Answers beyond those used now, such as further repeats, are as good as before."""
    path = tmp_path / "model.jsonl"
    write_recording(path, [recorded("a", "a1"), recorded("a", "a2")])
    write_recording(path, [recorded("a", "a1")])
    assert keys_in(path) == ["a1", "a2"]


def test_others_answers_to_the_same_row_stay(tmp_path: Path) -> None:
    """Another prompt of the file, and a line that does not say what asked, keep theirs."""
    path = tmp_path / "model.jsonl"
    write_recording(path, [recorded("a", "a1", of=""), recorded("a", "a2", of="rows.csv other")])
    write_recording(path, [recorded("a", "a3")])
    assert keys_in(path) == ["a1", "a2", "a3"]


def test_a_line_learns_what_asks(tmp_path: Path) -> None:
    """A line of an older file says what asked once it was used again."""
    path = tmp_path / "model.jsonl"
    write_recording(path, [recorded("a", "a1", of="")])
    write_recording(path, [recorded("a", "a1")])
    write_recording(path, [recorded("a", "a2")])
    assert keys_in(path) == ["a2"]


def test_no_file_holds_no_answers(tmp_path: Path) -> None:
    """A suite that was never recorded has no answers; empty lines hold none."""
    assert read_recording(tmp_path / "none.jsonl") == {}
    (tmp_path / "empty.jsonl").write_text("\n  \n")
    assert read_recording(tmp_path / "empty.jsonl") == {}


@pytest.mark.parametrize(
    "line",
    [
        b"<<<<<<< HEAD",
        b"[]",
        b'{"sample_id": "a", "answer": {"text": "x"}}',
        b'{"sample_id": "a", "key": "k", "answer": {}}',
        b'{"sample_id": "a", "key": "k", "answer": "x"}',
        b'{"sample_id": "\xff"}',
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes) -> None:
    """A line that is no answer is an error with its number."""
    path = tmp_path / "model.jsonl"
    path.write_bytes(b'{"sample_id": "a", "key": "k", "answer": {"text": "x"}}\n' + line + b"\n")
    with pytest.raises(RecordingError, match=r"model\.jsonl:2: not a recorded answer \(.*\)\. Restore the file"):
        read_recording(path)


def test_a_models_reference_makes_a_plain_file_name(tmp_path: Path) -> None:
    """What no file system takes becomes a hyphen."""
    path = recording_path(tmp_path, "test_triage", "arn:aws:bedrock:us-east-1:1:profile/us.amazon")
    assert path == tmp_path / "recordings" / "test_triage" / "arn-aws-bedrock-us-east-1-1-profile-us.amazon.jsonl"
