"""Whether an answer names the right label, and how well the labels of a whole run are told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.inclusion import find_phrase
from pytest_llm_migrate.metrics.normalisation import comparable
from pytest_llm_migrate.metrics.reasons import quoted, shortened
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text, check_several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAccuracy(ReferenceMetric):
    """1 when the first label that the answer names is the ground truth's, else 0.

    Labels are found as whole words, as `Contains` finds texts; of two that begin at one place the longer counts
    (*not spam* before *not*). An answer that names no label scores 0. A ground truth that is no label is a score
    failure. Over the run it gives macro, micro and weighted precision, recall and F1 (`label_report`).

    Attributes:
        labels: The closed set, at least two.
        case: Whether case matters.
    """

    name: str = "label_accuracy"
    labels: tuple[str, ...]
    case: bool = False

    def __post_init__(self) -> None:
        """Refuse a set that tells nothing apart, with `MetricDefinitionError`."""
        check_several(self.name, "labels", self.labels)
        known = {comparable(label, case=self.case) for label in self.labels}
        if len(known) < max(2, len(self.labels)) or "" in known:
            fault = f"its labels {list(self.labels)!r} are not two or more different texts"
            raise MetricDefinitionError(self.name, fault, "LabelAccuracy(labels=('spam', 'ham')).")

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when the ground truth is none of the labels."""
        wanted, label = comparable(as_text(expected), case=self.case), self.label_of(text)
        if wanted not in {comparable(name, case=self.case) for name in self.labels}:
            return ScoreFailure(reason=f"the ground truth {quoted(as_text(expected))} is none of {self._listed()}")
        if label is None:
            return Score(0.0, f"expected {quoted(as_text(expected))}, got none of {self._listed()}: {quoted(text)}")
        if comparable(label, case=self.case) == wanted:
            return Score(1.0)
        return Score(0.0, f"expected {quoted(as_text(expected))}, got {quoted(label)}")

    def summary(self, pairs: Sequence[tuple[str, Any]]) -> Mapping[str, float]:
        """Return what `label_report` says of a run; rows whose ground truth is no label are left out.

        Of several accepted labels the one that was told counts, or the first where another was.
        """
        told = [(self._true_label(expected, self.label_of(text)), self.label_of(text)) for text, expected in pairs]
        known = [(truth, label) for truth, label in told if truth is not None]
        return label_report([truth for truth, _ in known], [label for _, label in known]) if known else {}

    def _true_label(self, expected: Any, told: str | None) -> str | None:
        names = {comparable(label, case=self.case): label for label in self.labels}
        texts = [comparable(as_text(item), case=self.case) for item in self.accepted(expected) if item is not None]
        accepted = [names[text] for text in texts if text in names]
        return told if told in accepted else next(iter(accepted), None)

    def label_of(self, text: str) -> str | None:
        """Return the first label in a text, ``None`` where it names none."""
        got = comparable(text, case=self.case)
        places = {label: find_phrase(comparable(label, case=self.case), got) for label in self.labels}
        named = [(place, -len(label), label) for label, place in places.items() if place is not None]
        return min(named)[2] if named else None

    def _listed(self) -> str:
        return shortened(", ".join(self.labels))


def label_report(truths: Sequence[str], predictions: Sequence[str | None]) -> Mapping[str, float]:
    """Return accuracy and macro, micro and weighted precision, recall and F1 over a run, each in [0, 1].

    A prediction of ``None``, an answer that names no label, is a miss of its row's label and a find of none. As in
    scikit-learn with ``zero_division=0``, a share of nothing is 0, and the classes are those of both sequences.

    Raises:
        ValueError: There are no rows, or not as many predictions as truths.
    """
    if not truths or len(truths) != len(predictions):
        raise ValueError(f"{len(truths)} truths and {len(predictions)} predictions are no run")
    right = Counter(truth for truth, got in zip(truths, predictions, strict=True) if truth == got)
    told, there = Counter(got for got in predictions if got is not None), Counter(truths)
    classes = sorted({*told, *there})
    each = [_shares(right[label], told[label], there[label]) for label in classes]
    weights = [there[label] / len(truths) for label in classes]
    averages = {
        "macro": _weighted(each, [1 / len(classes)] * len(classes)),
        "micro": _shares(right.total(), told.total(), len(truths)),
        "weighted": _weighted(each, weights),
    }
    names = ("precision", "recall", "f1")
    figures = {
        f"{kind}_{name}": value for kind, found in averages.items() for name, value in zip(names, found, strict=True)
    }
    return {"accuracy": right.total() / len(truths), **figures}


def _shares(right: int, told: int, there: int) -> tuple[float, float, float]:
    precision, recall = right / told if told else 0.0, right / there if there else 0.0
    return precision, recall, 2 * right / (told + there)


def _weighted(each: Sequence[tuple[float, float, float]], weights: Sequence[float]) -> tuple[float, float, float]:
    precision, recall, f1 = (
        min(sum(value * weight for value, weight in zip(column, weights, strict=True)), 1.0)
        for column in zip(*each, strict=True)
    )
    return precision, recall, f1
