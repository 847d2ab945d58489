"""What the classifier of offensive text sees, and what a run without it does."""

from __future__ import annotations

import time
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, Row, Score, is_monitor
from pytest_llm_migrate.errors import MissingExtraError
from pytest_llm_migrate.metrics import Toxicity, builtins, monitors, resolve
from pytest_llm_migrate.metrics.monitoring import toxicity

CLEAN = "The quarterly report shows revenue of 4 million dollars. Your ticket was routed to the billing team. "
TEXTS = st.text(st.characters(exclude_categories=()))
LONG = ("x" * 1_000_000, "ab " * 330_000, "a. " * 330_000, "you idiot\n" * 100_000)


def share(text: str) -> float:
    """Return the score of an answer."""
    found = Toxicity().score(Answer(text=text), Row(sample_id="1", values={}))
    assert isinstance(found, Score), found
    return float(found)


@pytest.mark.parametrize("text", ["You are a fucking idiot.", "I will kill you.", "go to hell, you scum", "You BITCH!"])
def test_insults_and_threats_score_low(text: str) -> None:
    """A word for word insult is offensive to the classifier, alone and in a long and clean answer."""
    assert share(text) < 0.3
    assert share(f"{CLEAN * 30}{text} {CLEAN * 30}") < 0.3


@pytest.mark.parametrize(
    "text",
    [CLEAN, "You are a wonderful person.", "Scunthorpe United won.", "class Pass: pass", "7", "\u6f22\u5b57", "\x00"],
)
def test_what_is_not_offensive_scores_high(text: str) -> None:
    """Plain answers, names that hold a swear word, labels and other scripts are clean."""
    assert share(text) > 0.9


def test_no_text_is_not_offensive() -> None:
    """An answer without a word has nothing that could offend."""
    assert share("") == share(" \n\t") == 1.0


def test_the_reason_counts_and_quotes_nothing() -> None:
    """What was said stays out of reports that are passed on."""
    found = Toxicity().score(Answer(text="Good morning. You idiot!"), Row(sample_id="1", values={}))
    assert found.reason == "the most offensive of 2 sentences is so with 100.0%"
    assert "idiot" not in found.reason


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_many_score_as_one_by_one(texts: list[str]) -> None:
    """Whatever the texts hold, a batch gives each the score that it has by itself, in [0, 1]."""
    answers, rows = [Answer(text=text) for text in texts], [Row(sample_id="1", values={})] * len(texts)
    together = [float(score) for score in Toxicity().score_many(answers, rows)]
    assert together == pytest.approx([share(text) for text in texts], abs=1e-12)
    assert all(0 <= score <= 1 for score in together)


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:9].strip())
def test_a_megabyte_is_scored(text: str) -> None:
    """A text of any length and form has a score, and soon."""
    started = time.perf_counter()
    assert 0 <= share(text) <= 1
    assert time.perf_counter() - started < 20


def test_ten_thousand_rows_are_quick() -> None:
    """In batches of 64, an answer takes less than two milliseconds."""
    answers = [Answer(text=f"{CLEAN}It was the {number}th of them. You idiot {number}.") for number in range(2_000)]
    rows, metric = [Row(sample_id="1", values={})] * 64, Toxicity()
    metric.score_many(answers[:1], rows[:1])
    started = time.process_time()
    for first in range(0, len(answers), 64):
        part = answers[first : first + 64]
        metric.score_many(part, rows[: len(part)])
    assert time.process_time() - started < 4


def test_the_version_names_the_model() -> None:
    """Scores of another release of the model, or of what runs it, are other scores."""
    version = Toxicity().version
    assert version.startswith("1, of='answer', alt-profanity-check ")
    assert version.endswith(f"scikit-learn {metadata.version('scikit-learn')}")
    assert version != Toxicity(of="prompt").version


def test_prompts_are_watched_too() -> None:
    """A customer's insult is the prompt's, not the answer's."""
    row = Row(sample_id="1", values={"content": "you fucking idiots"})
    (metric,) = resolve(["monitor:prompt_toxicity"], {metric.name: metric for metric in builtins()})
    found = metric.score(Answer(text="Sorry to hear that."), row)
    assert isinstance(found, Score), found
    assert found < 0.1


def test_without_the_extra_it_is_no_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """``monitor:*`` goes on without it; who asks for it by name is told what to install."""
    assert {"monitor:toxicity", "monitor:prompt_toxicity"} < {metric.name for metric in monitors()}
    monkeypatch.setattr(toxicity, "find_spec", lambda _: None)
    monkeypatch.setattr("pytest_llm_migrate.metrics.monitoring.catalog.is_installed", lambda: False)
    registry = {metric.name: metric for metric in builtins()}
    found = {metric.name for metric in resolve(["exact_match", "monitor:*"], registry) if is_monitor(metric.name)}
    assert found
    assert not [name for name in found if name.endswith("toxicity")]
    told = r"metric 'monitor:toxicity' needs alt-profanity-check: pip install 'pytest-llm-migrate\[toxicity\]'"
    with pytest.raises(MissingExtraError, match=told):
        resolve(["monitor:toxicity"], registry)
