"""Which column is which: spellings, synonyms, choices and conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.datasets import dataset_of
from pytest_llm_migrate.datasets.columns import BARE_ANSWERS, SYNONYMS
from pytest_llm_migrate.domain.row import CANONICAL_COLUMNS
from pytest_llm_migrate.errors import MigrateError

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Dataset

RECORDED = {"id": "A", "query": "Why?", "expected": "Because."}


def one(record: dict[str, Any], **columns: str) -> Dataset:
    """Return the dataset of one record."""
    return dataset_of([record], columns=columns)


def fault(*names: str, **columns: str) -> str:
    """Return what is said about a record with these columns."""
    with pytest.raises(MigrateError) as caught:
        one(dict.fromkeys(names, "1"), **columns)
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(CANONICAL_COLUMNS - {"sample_id"}))
def test_every_canonical_name_is_known_however_it_is_spelt(name: str) -> None:
    """Case, blanks and underscores do not matter, nor does where the blanks stand."""
    for spelling in (name, name.upper(), f"  {name.replace('_', ' ').title()} ", name.replace("_", "")):
        assert name in one({"sample_id": "A", spelling: "1"}).columns


@pytest.mark.parametrize(("name", "synonym"), [(name, synonym) for name in SYNONYMS for synonym in SYNONYMS[name]])
def test_every_synonym_is_known(name: str, synonym: str) -> None:
    """A common name for a column is read as the canonical one."""
    record = {synonym: "1"} if name == "sample_id" else {"sample_id": "A", synonym: "1"}
    assert name in one(record).columns


def test_no_name_is_a_synonym_twice_or_of_itself() -> None:
    """A name means one column."""
    synonyms = [synonym for listed in SYNONYMS.values() for synonym in listed] + list(BARE_ANSWERS)
    assert len(set(synonyms)) == len(synonyms)
    assert not set(synonyms) & CANONICAL_COLUMNS


def test_an_input_keeps_the_files_own_name_beside_the_canonical_one() -> None:
    """A prompt may go on with the name that the file gives a question or a context."""
    dataset = one({"id": "A", "User Query": "Why?", "contexts": "So."})
    assert dict(dataset.rows[0].inputs) == {
        "question": "Why?",
        "User Query": "Why?",
        "content": "So.",
        "contexts": "So.",
    }
    assert dataset.columns == ("sample_id", "question", "User Query", "content", "contexts")


def test_a_chosen_input_keeps_its_own_name_too() -> None:
    """What ``columns`` renames stays usable under the file's name."""
    (row,) = one({"id": "A", "ticket": "Help!"}, question="ticket")
    assert row.inputs == {"question": "Help!", "ticket": "Help!"}


def test_ground_truth_and_ids_are_no_inputs_under_any_name() -> None:
    """A prompt cannot see the answer it is judged by."""
    (row,) = one({"Case ID": "A", "Expected Output": "yes", "split": "dev", "latency_ms_target_llm": 5, "tone": "kind"})
    assert row.inputs == {"tone": "kind"}
    assert row.reference == "yes"


def test_a_synonym_beside_the_canonical_column_is_an_input_like_any_other() -> None:
    """The canonical column wins, and the other keeps its own meaning."""
    (row,) = one({"sample_id": "A", "id": "7", "question": "Why?", "prompt": "Be kind."})
    assert row.inputs == {"id": "7", "question": "Why?", "prompt": "Be kind."}


def test_a_chosen_column_wins_over_synonyms() -> None:
    """Two columns that could be the question are no conflict once the user said which it is."""
    (row,) = one({"id": "A", "query": "a", "prompt": "b"}, question="PROMPT ")
    assert row.inputs == {"query": "a", "question": "b", "prompt": "b"}


def test_a_chosen_column_wins_over_the_canonical_one() -> None:
    """The column that loses its name is left out, which is said."""
    dataset = one({"id": "A", "question": "a", "ticket": "b"}, question="ticket")
    assert dataset.rows[0].inputs == {"question": "b", "ticket": "b"}
    assert dataset.warnings == (
        "records: the column 'question' is left out, because columns= gives 'question' to another",
    )


def test_columns_may_swap_their_names() -> None:
    """A file's own name is not kept where it means another column."""
    (row,) = one({"id": "A", "question": "q", "content": "c"}, question="content", content="question")
    assert row.inputs == {"question": "c", "content": "q"}


@pytest.mark.parametrize("name", BARE_ANSWERS)
def test_a_bare_answer_beside_question_and_ground_truth_is_the_sources(name: str) -> None:
    """With a question and a ground truth present, an answer can only be a recorded one; that is said."""
    dataset = one({**RECORDED, name: "So."})
    assert dataset.rows[0]["answer_source_llm"] == "So."
    assert dataset.warnings == (f"records: the column {name!r} is read as 'answer_source_llm'",)


def test_a_bare_answer_without_ground_truth_stays_an_input_and_is_asked_about() -> None:
    """An answer that may well be the ground truth is not taken for the source's."""
    dataset = one({"id": "A", "question": "Why?", "answer": "So."})
    assert dataset.rows[0].inputs["answer"] == "So."
    assert dataset.warnings == (
        (
            "records: the column 'answer' is kept as an input, because it could be 'answer_ground_truth' or "
            "'answer_source_llm'. Say which: columns={'answer_ground_truth': 'answer'}."
        ),
    )


def test_a_bare_answer_without_a_question_is_an_input() -> None:
    """Where responses are what is judged, a response is what goes into the prompt."""
    dataset = one({"id": "A", "response": "You fool!", "label": "rude"})
    assert dataset.rows[0].inputs == {"response": "You fool!"}
    assert dataset.warnings == ()


def test_a_bare_answer_beside_a_recorded_one_is_an_input() -> None:
    """The canonical column holds the source's answers, and nothing else does."""
    dataset = one({**RECORDED, "answer_source_llm": "So.", "answer": "x"})
    assert dataset.rows[0].inputs["answer"] == "x"
    assert dataset.warnings == ()


@pytest.mark.parametrize("name", ["latency_ms_source_llm", "latency_source_llm_ms", "TTFT ms target LLM"])
def test_milliseconds_become_seconds(name: str) -> None:
    """A time whose column says milliseconds is kept in seconds."""
    dataset = one({"id": "A", name: "1500"})
    assert dataset.rows[0][dataset.columns[1]] == 1.5
    assert dataset.columns[1] in {"latency_source_llm", "ttft_target_llm"}


@pytest.mark.parametrize(
    ("columns", "seconds"),
    [
        ({"latency_source_llm": "took_ms"}, 0.25),
        ({"latency_source_llm_ms": "took_ms"}, 0.25),
        ({"latency_source_llm_ms": "took"}, 0.25),
        ({"latency_source_llm": "took"}, 250.0),
    ],
)
def test_a_chosen_time_is_in_milliseconds_where_either_name_says_so(columns: dict[str, str], seconds: float) -> None:
    """Both the file's name and the canonical one may end in ``_ms``, and they do not add up."""
    (label,) = columns.values()
    assert one({"id": "A", label: 250}, **columns).rows[0]["latency_source_llm"] == seconds


def test_a_cost_whose_name_ends_in_ms_is_no_time() -> None:
    """Only times have milliseconds."""
    (row,) = one({"id": "A", "cost_ms": 250}, cost_source_llm="cost_ms")
    assert row["cost_source_llm"] == 250


@pytest.mark.parametrize(
    ("names", "columns", "message"),
    [
        (
            ["sample_id", "query", "Prompt"],
            {},
            (
                "records: the columns 'query' and 'Prompt' could each be 'question'. "
                "Say which: columns={'question': 'query'}."
            ),
        ),
        (
            ["id", "uid", "case_id"],
            {},
            (
                "records: the columns 'id', 'uid' and 'case_id' could each be 'sample_id'. "
                "Say which: columns={'sample_id': 'id'}."
            ),
        ),
        (
            ["id", "ttft_source_llm", "ttft_ms_source_llm"],
            {},
            (
                "records: the columns 'ttft_source_llm' and 'ttft_ms_source_llm' could each be 'ttft_source_llm'. "
                "Say which: columns={'ttft_source_llm': 'ttft_source_llm'}."
            ),
        ),
        (
            ["id", "query", "expected", "answer", "output"],
            {},
            (
                "records: the columns 'answer' and 'output' could each be 'answer_source_llm'. "
                "Say which: columns={'answer_source_llm': 'answer'}."
            ),
        ),
        (
            ["id", "took", "took_ms"],
            {"latency_source_llm": "took", "latency_source_llm_ms": "took_ms"},
            (
                "records: the columns 'took' and 'took_ms' could each be 'latency_source_llm'. "
                "Say which: columns={'latency_source_llm': 'took'}."
            ),
        ),
        (
            ["id", "Tone of voice", "tone_of_voice "],
            {},
            "records: the columns 'Tone of voice' and 'tone_of_voice' have the same name. Rename one of them.",
        ),
        (
            ["ticket", "question"],
            {},
            (
                "records: there is no column 'sample_id'. Columns present: ticket, question. "
                "Name the one that holds it: columns={'sample_id': '...'}."
            ),
        ),
        (
            ["id", "ticket"],
            {"question": "tickt"},
            "records, columns=: unknown column 'tickt'. Did you mean 'ticket'? Known: id, ticket.",
        ),
        (
            ["id", "ticket"],
            {"question": "ticket", "content": "ticket"},
            "records: columns= gives the column 'ticket' two names.",
        ),
    ],
)
def test_what_cannot_be_told_is_asked(names: list[str], columns: dict[str, str], message: str) -> None:
    """A conflict names every column it is about, and the way to settle it."""
    assert fault(*names, **columns) == message


def test_an_unknown_canonical_name_is_told_with_the_nearest() -> None:
    """A key of ``columns`` that is no canonical name is answered with the one that was meant."""
    message = fault("id", "ticket", questoin="ticket")
    assert message.startswith(
        "records, columns=: unknown canonical column 'questoin'. Did you mean 'question'? Known: "
    )
