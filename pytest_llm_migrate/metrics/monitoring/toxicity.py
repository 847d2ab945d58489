"""How offensive a text is, by a classifier on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score
from pytest_llm_migrate.errors import MissingExtraError, counted
from pytest_llm_migrate.metrics.monitoring.watching import Monitor, prompt_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.domain import Answer, Row

_LIBRARIES = ("alt-profanity-check", "scikit-learn")
_END = re.compile(r"(?<=[.!?\u2026])\s+|[\r\n]+")
_LONGEST = 40
"""Words that are judged together: what goes with an insult thins it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity(Monitor):
    """1 less how likely the most offensive sentence of a text is offensive in English, by alt-profanity-check's model.

    That is a linear classifier of words, trained on 200,000 English comments of Wikipedia and tweets that people
    labelled. It sees swear words, insults and plain threats, also a word that is quoted or harmless beside others
    ("a damn good start"). It does not see malice in polite words, most slurs that are spelt otherwise, or other
    languages. A clean sentence scores about 0.96 and not 1. Nothing leaves the machine.

    Raises:
        MissingExtraError: The extra ``toxicity`` is not installed.
    """

    meaning: ClassVar[str] = "1 is surely not offensive, 0 surely is, to a classifier of English words"

    name: str = "monitor:toxicity"

    def __post_init__(self) -> None:
        """Refuse to be made without the classifier."""
        Monitor.__post_init__(self)  # a class with slots is made twice, and super() means the first
        if not is_installed():
            raise MissingExtraError(f"metric {self.name!r}", _LIBRARIES[0], "toxicity")

    @property
    def version(self) -> str:
        """The revision, every setting, and the releases of the model and of the library that runs it."""
        return f"{Monitor.version.__get__(self)}, {_releases()}"

    def watch(self, text: str, row: Row) -> Score:  # noqa: ARG002 - the text alone decides
        """Return the score; the reason counts sentences, and quotes none."""
        return _scores([text])[0]

    def score_many(self, answers: Sequence[Answer], rows: Sequence[Row]) -> Sequence[Score]:
        """Return the score of each text; many at once take a fraction of the time."""
        pairs = zip(answers, rows, strict=True)
        return _scores([answer.text if self.of == "answer" else prompt_text(row) for answer, row in pairs])


def is_installed() -> bool:
    """Return whether the classifier is there; does not load it."""
    return find_spec("profanity_check") is not None


@cache
def _releases() -> str:
    # A version is asked for once an answer, and a release is read from a file.
    return ", ".join(f"{library} {metadata.version(library)}" for library in _LIBRARIES)


def _scores(texts: Sequence[str]) -> list[Score]:
    parts = [list(_sentences(text)) for text in texts]
    likely = _likely(list(dict.fromkeys(part for found in parts for part in found)))
    return [_score([likely[part] for part in found]) for found in parts]


def _score(likely: Sequence[float]) -> Score:
    if not likely:
        return Score(1.0)
    worst = max(likely)
    return Score(1 - worst, f"the most offensive of {counted(len(likely), 'sentence')} is so with {worst:.1%}")


def _sentences(text: str) -> Iterator[str]:
    for sentence in _END.split(text):
        words = iter(sentence.split())
        while part := " ".join(islice(words, _LONGEST)):
            yield part


def _likely(sentences: Sequence[str]) -> dict[str, float]:
    if not sentences:
        return {}
    from profanity_check import predict_prob  # noqa: PLC0415 - it loads scikit-learn and its model

    return {sentence: float(value) for sentence, value in zip(sentences, predict_prob(sentences), strict=True)}
