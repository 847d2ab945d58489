"""Labels in answers, and over a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import LabelAccuracy, label_report
from tests.metrics.scored import failed, scored

SPAM = LabelAccuracy(labels=("spam", "not spam"))
LABELS = st.sampled_from(["a", "b", "c"])


@pytest.mark.parametrize(
    ("answer", "truth", "reason"),
    [
        ("Spam.", "spam", ""),
        ("It is not spam.", "Not Spam", ""),
        ("not spam, though it looks like spam", "spam", "expected 'spam', got 'not spam'"),
        ("spammy", "spam", "expected 'spam', got none of spam, not spam: 'spammy'"),
        ("", "spam", "expected 'spam', got none of spam, not spam: ''"),
    ],
)
def test_the_first_label_counts(answer: str, truth: str, reason: str) -> None:
    """Of labels that begin alike the longer is meant; an answer without a label scores 0 and says so."""
    score = scored(SPAM, answer, truth)
    assert (float(score), score.reason) == (0.0 if reason else 1.0, reason)


def test_a_ground_truth_outside_of_the_set_is_not_scored() -> None:
    """It is a fault of the row, not of the answer."""
    assert failed(SPAM, "spam", "ham") == "the ground truth 'ham' is none of spam, not spam"


@pytest.mark.parametrize("labels", [(), ("a",), ("a", "A"), ("a", "b", " ")])
def test_a_set_must_tell_labels_apart(labels: tuple[str, ...]) -> None:
    """Fewer than two, equal or empty labels are refused when the metric is made."""
    with pytest.raises(MetricDefinitionError, match="are not two or more different texts"):
        LabelAccuracy(labels=labels)


def test_labels_are_several_texts() -> None:
    """One text would be taken letter by letter."""
    with pytest.raises(MetricDefinitionError, match=r"labels='spam' is one text, and it takes several"):
        LabelAccuracy(labels="spam")  # type: ignore[arg-type]


def test_the_example_of_scikit_learn_holds() -> None:
    """The documentation's example of precision, recall and F1 gives its three averages."""
    report = label_report(list("012012"), list("021001"))
    assert report["accuracy"] == pytest.approx(1 / 3)
    figures = {
        kind: [round(report[f"{kind}_{name}"], 2) for name in ("precision", "recall", "f1")] for kind in AVERAGES
    }
    assert figures == {"macro": [0.22, 0.33, 0.27], "micro": [0.33, 0.33, 0.33], "weighted": [0.22, 0.33, 0.27]}


AVERAGES = ("macro", "micro", "weighted")


def test_an_answer_without_a_label_is_a_miss_and_no_find() -> None:
    """It lowers recall and leaves precision alone."""
    report = label_report(["a", "a", "b", "b"], ["a", None, "b", "b"])
    assert report == {
        "accuracy": 0.75,
        "macro_precision": 1.0,
        "macro_recall": 0.75,
        "macro_f1": pytest.approx((2 / 3 + 1) / 2),
        "micro_precision": 1.0,
        "micro_recall": 0.75,
        "micro_f1": pytest.approx(6 / 7),
        "weighted_precision": 1.0,
        "weighted_recall": 0.75,
        "weighted_f1": pytest.approx((2 / 3 + 1) / 2),
    }


@given(st.lists(st.tuples(LABELS, LABELS | st.none()), min_size=1))
def test_every_figure_is_a_share(pairs: list[tuple[str, str | None]]) -> None:
    """No run gives a figure outside of [0, 1], and a weighted recall is the accuracy."""
    report = label_report([truth for truth, _ in pairs], [got for _, got in pairs])
    assert all(0 <= figure <= 1 for figure in report.values())
    assert report["weighted_recall"] == pytest.approx(report["accuracy"])


@pytest.mark.parametrize(("truths", "predictions"), [([], []), (["a"], [])])
def test_a_run_has_as_many_predictions_as_truths(truths: list[str], predictions: list[str]) -> None:
    """Anything else is an error of the caller."""
    with pytest.raises(ValueError, match="are no run"):
        label_report(truths, predictions)
