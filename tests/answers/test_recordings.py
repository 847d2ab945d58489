"""Recordings: files of answers that people review and merge."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.answers import read_recording, recording_path, write_recording
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
    cached=st.just(value=True),
    steps=st.lists(st.builds(Step, name=TEXTS, latency=SECONDS), max_size=2).map(tuple),
)
RECORDED = st.dictionaries(TEXTS, st.tuples(TEXTS, ANSWERS), max_size=6)


@given(RECORDED)
def test_what_is_written_is_read(recorded: dict[str, tuple[str, Answer]]) -> None:
    """Every answer comes back whole, whatever characters it holds."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "model.jsonl"
        write_recording(path, [(row, key, answer) for key, (row, answer) in recorded.items()], keep={})
        assert read_recording(path) == recorded
        assert [found.name for found in path.parent.iterdir()] == ["model.jsonl"]


@given(RECORDED, st.randoms())
def test_the_order_of_answers_does_not_matter(recorded: dict[str, tuple[str, Answer]], chance: object) -> None:
    """The same answers make the same bytes, so that a diff shows what changed and nothing else."""
    answers = [(row, key, answer) for key, (row, answer) in recorded.items()]
    shuffled = sorted(answers, key=lambda _: chance.random())  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        write_recording(one, answers, keep={})
        write_recording(two, shuffled, keep={})
        assert one.read_bytes() == two.read_bytes()


def test_a_line_is_an_answer_sorted_by_row(tmp_path: Path) -> None:
    """Lines are JSON in plain letters, by row; cost and the mark of a kept answer are left out."""
    path = tmp_path / "model.jsonl"
    answers = [("b", "k2", Answer(text="Grüße\n", cost=0.5, cached=True)), ("a", "k1", Answer(text="hi", latency=1.5))]
    write_recording(path, answers, keep={})
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == {"sample_id": "a", "key": "k1", "answer": {"text": "hi", "latency": 1.5}}
    assert second == '{"sample_id": "b", "key": "k2", "answer": {"text": "Grüße\\n"}}'


def test_rows_written_anew_replace_all_their_old_answers(tmp_path: Path) -> None:
    """A changed row's old answer goes, and so do repeats beyond the new ones; other rows stay."""
    path = tmp_path / "model.jsonl"
    old = [("a", "a1", Answer(text="1")), ("a", "a2", Answer(text="2")), ("b", "b1", Answer(text="3"))]
    write_recording(path, old, keep={})
    write_recording(path, [("a", "a3", Answer(text="new"))], keep=read_recording(path))
    found = {key: (row, answer.text) for key, (row, answer) in read_recording(path).items()}
    assert found == {"a3": ("a", "new"), "b1": ("b", "3")}


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
