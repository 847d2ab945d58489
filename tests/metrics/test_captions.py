"""A metric that does not come along, as a suite would bring it: CIDEr over several references."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.metrics import function_metric, resolve
from tests.metrics.scored import failed, scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.metrics import FunctionMetric

CAPTIONS = {
    "dog": ["a brown dog runs on the beach", "a dog is running along the sea"],
    "cake": ["a chocolate cake stands on the table", "a cake on the kitchen table"],
    "bus": ["a red bus waits on the street", "a double-decker bus in the street"],
}
Grams = tuple[str, ...]


def grams(text: str, size: int) -> Counter[Grams]:
    """Return how often each run of so many words stands in a text."""
    words = text.lower().split()
    return Counter(zip(*(words[start:] for start in range(size)), strict=False))


def rarity(captions: Sequence[Sequence[str]], size: int) -> Mapping[Grams, float]:
    """Return each n-gram's inverse document frequency: the fewer rows' references hold it, the more it says."""
    held = Counter(gram for texts in captions for gram in set().union(*(grams(text, size) for text in texts)))
    return {gram: math.log(len(captions) / count) for gram, count in held.items()}


def cosine(one: Mapping[Grams, int], other: Mapping[Grams, int], weights: Mapping[Grams, float]) -> float:
    """Return the cosine of two texts' weighted n-grams, 0 where one has none that says anything."""
    first, second = ({gram: count * weights.get(gram, 0) for gram, count in text.items()} for text in (one, other))
    lengths = math.hypot(*first.values()) * math.hypot(*second.values())
    return min(sum(first[gram] * second.get(gram, 0) for gram in first) / lengths, 1.0) if lengths else 0.0


def cider_over(captions: Sequence[Sequence[str]]) -> FunctionMetric:
    """Return CIDEr, the rarity of n-grams taken from the references of the whole dataset: a row's own say nothing."""
    weights = {size: rarity(captions, size) for size in range(1, 5)}

    def cider(answer: Answer, row: Row) -> float:
        pairs = [(text, size) for text in row.reference for size in weights]
        likeness = [cosine(grams(answer.text, size), grams(text, size), weights[size]) for text, size in pairs]
        return sum(likeness) / len(likeness)

    return function_metric(cider)


CIDER = cider_over(list(CAPTIONS.values()))


def test_a_caption_scores_by_the_words_that_set_it_apart() -> None:
    """A reference's own words score most, other rare words less, and words that every caption has nothing."""
    whole, part = (float(scored(CIDER, text, CAPTIONS["dog"])) for text in (CAPTIONS["dog"][0], "a brown dog"))
    assert 0.5 < whole < 1
    assert 0 < part < whole
    assert scored(CIDER, "a the on a", CAPTIONS["dog"]) == 0.0


def test_every_reference_counts() -> None:
    """A caption that is the only reference scores 1; beside a second one it has half of the whole from itself."""
    for texts in CAPTIONS.values():
        assert scored(CIDER, texts[0], texts[:1]) == pytest.approx(1.0)
        assert 0.5 <= scored(CIDER, texts[0], texts) < 1


def test_a_row_without_references_fails() -> None:
    """What a suite's own function raises is the row's score failure, not a crash."""
    assert failed(CIDER, "a dog", None) == "TypeError: 'NoneType' object is not iterable"


def test_another_dataset_is_another_version() -> None:
    """Scores that are kept are not taken for those of other references, and the same are."""
    (found,) = resolve([CIDER], {})
    assert (found.name, found.kept) == ("cider", True)
    assert cider_over(list(CAPTIONS.values())).version == found.version
    assert cider_over([CAPTIONS["dog"], CAPTIONS["bus"]]).version != found.version
