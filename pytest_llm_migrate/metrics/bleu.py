"""BLEU of one answer."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text, one_of
from pytest_llm_migrate.metrics.runs import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.metrics.runs import Counted

Smoothing = Literal["exp", "floor", "add-k", "none"]
_SMOOTHING: Mapping[str, float] = {"exp": 0.0, "floor": 0.1, "add-k": 1.0, "none": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bleu(ReferenceMetric):
    """Sentence BLEU, from 0 to 1: a hundredth of what sacreBLEU's ``BLEU(effective_order=True)`` gives.

    Of several accepted answers the best counts by itself; sacreBLEU would pool their n-grams. Where the ground truth
    has no word, no answer could do better than another, so that there is a score failure.

    Attributes:
        tokenize: sacreBLEU's ``13a`` (words of scripts with blanks), ``char`` (scripts without), or ``none``.
        smooth: What an order without a match counts for: ``exp`` halves it each time, ``floor`` takes
            ``smooth_value`` matches, ``add-k`` adds ``smooth_value`` to the orders above one, ``none`` makes it 0.
        smooth_value: 0.1 for ``floor`` and 1 for ``add-k`` where it is not given.
        order: The longest n-grams.
        case: Whether case matters.
    """

    name: str = "bleu"
    tokenize: Literal["13a", "char", "none"] = "13a"
    smooth: Smoothing = "exp"
    smooth_value: float | None = None
    order: int = 4
    case: bool = True

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, with `UnknownNameError`."""
        one_of("tokenizer", self.tokenize, _TOKENIZERS)
        one_of("smoothing", self.smooth, _SMOOTHING)

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return BLEU in [0, 1]; a failure when the ground truth has no word."""
        wanted_text = as_text(expected)
        wanted, got = self._words(wanted_text), self._words(text)
        if not wanted:
            return ScoreFailure(reason=f"the ground truth {quoted(wanted_text)} has no word for BLEU")
        value = min(self._value(wanted, got), 1.0)
        return Score(value) if value == 1 else Score(value, expected_got(wanted_text, text))

    def _words(self, text: str) -> list[str]:
        return _TOKENIZERS[self.tokenize]((text if self.case else text.lower()).rstrip())

    def _value(self, wanted: Sequence[str], got: Sequence[str]) -> float:
        orders = [counted(n_grams(wanted, order), n_grams(got, order)) for order in range(1, self.order + 1)]
        if not any(counts.common for counts in orders):
            return 0.0
        logs = [math.log(precision) if precision else -9999999999.0 for precision in self._precisions(orders)]
        brevity = math.exp(1 - len(wanted) / len(got)) if len(got) < len(wanted) else 1.0
        return brevity * math.exp(sum(logs) / len(logs)) / 100

    def _precisions(self, orders: Sequence[Counted]) -> Iterator[float]:
        amount = _SMOOTHING[self.smooth] if self.smooth_value is None else self.smooth_value
        halved = 1.0
        for order, (_, total, matches) in enumerate(orders, 1):
            added = amount if self.smooth == "add-k" and order > 1 else 0.0
            if not total + added:
                return
            if matches + added:
                yield 100.0 * (matches + added) / (total + added)
                continue
            halved *= 2
            yield {"exp": 100.0 / (halved * total), "floor": 100.0 * amount / total}.get(self.smooth, 0.0)


def n_grams(words: Sequence[str], order: int) -> list[tuple[str, ...]]:
    """Return the runs of ``order`` words."""
    return list(zip(*(words[start:] for start in range(order)), strict=False))


# mteval-v13a, step by step as in sacreBLEU, whose patterns these are.
_ENTITIES = (("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_STEPS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def _13a(text: str) -> list[str]:
    for before, after in _ENTITIES:
        text = text.replace(before, after)
    text = f" {text} "
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text.split()


_TOKENIZERS: Mapping[str, Callable[[str], list[str]]] = {
    "13a": _13a,
    "char": lambda text: " ".join(text).split(),
    "none": str.split,
}
