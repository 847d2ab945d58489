"""Embeddings of the small local model."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import MissingExtraError
from pytest_llm_migrate.metrics import BertScore, EmbeddingSimilarity
from pytest_llm_migrate.models.local import MiniLM
from tests.metrics.scored import scored

if TYPE_CHECKING:
    from pathlib import Path

EMBEDDER = MiniLM()
METRIC = EmbeddingSimilarity(embedder=EMBEDDER)


@pytest.mark.parametrize(
    ("answer", "truth", "low", "high"),
    [
        ("I want my money back", "Please refund me", 0.6, 0.7),
        ("The cat sat on the mat", "A cat is sitting on a rug", 0.7, 0.8),
        ("quarterly revenue rose", "bananas are yellow", 0.0, 0.1),
    ],
)
def test_what_means_the_same_is_close(answer: str, truth: str, low: float, high: float) -> None:
    """Other words for one thing score far above two things that have nothing to do with each other."""
    assert low < scored(METRIC, answer, truth) < high


def test_a_negation_is_not_seen() -> None:
    """Opposites are about one matter, so that similarity alone must not gate."""
    assert scored(METRIC, "He did not pay", "He paid") > 0.75


def test_a_vector_is_the_same_alone_and_among_others() -> None:
    """Vectors have 384 numbers and length 1, and do not depend on what else is embedded."""
    alone, among = EMBEDDER.embed(["refund"]), EMBEDDER.embed(["a much longer text about something else", "refund"])
    assert alone[0] == among[1]
    assert len(alone[0]) == 384
    assert math.hypot(*alone[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["\ud800\x00", "价格是多少", "a " * 100_000, "\u0301"])
def test_any_text_has_a_vector(text: str) -> None:
    """Characters that it does not know and text beyond its 256 tokens are no faults."""
    assert all(map(math.isfinite, EMBEDDER.embed([text])[0]))


def test_without_the_extra_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is fetched before the packages are there that run it."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-llm-migrate\[minilm\]'"):
        MiniLM(cache=tmp_path)
    made = MiniLM.__new__(MiniLM)  # as if the package went since, or cannot be loaded
    made.__dict__.update(vars(EMBEDDER) | {"_cache": tmp_path})
    made.__dict__.pop("_loaded", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-llm-migrate\[minilm\]'"):
        made.embed(["refund"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("answer", "truth", "low", "high"),
    [
        ("The cat sat on the mat", "The cat sat on the mat", 0.9999, 1.0),
        ("The cat sat on the mat", "A cat is sitting on a rug", 0.5, 0.9),
        ("quarterly revenue rose", "bananas are yellow", 0.0, 0.4),
        ("", "bananas are yellow", 0.0, 0.0),
    ],
)
def test_tokens_find_each_other(answer: str, truth: str, low: float, high: float) -> None:
    """BERTScore over its tokens orders texts as one would."""
    assert low <= scored(BertScore(encoder=EMBEDDER), answer, truth) <= high


def test_every_token_has_a_vector_of_length_1() -> None:
    """Those of the frame are left out, and only the first 254 of a long text count."""
    vectors = EMBEDDER.embed_tokens("pay me")
    assert [len(vector) for vector in vectors] == [384, 384]
    assert [sum(value * value for value in vector) for vector in vectors] == pytest.approx([1, 1])
    assert len(EMBEDDER.embed_tokens("refund " * 1000)) == 254
