"""The frame of a monitoring metric: a text, of the answer or of the row's inputs, and what can be told of it alone."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pytest_llm_migrate.domain import MONITOR
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.reference import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.domain import Answer, Row, Score, ScoreFailure

Watched = Literal["answer", "prompt"]
_LARGE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_LARGE}]|(?:(?![{_LARGE}])[^\W_])+(?:['\u2019](?![{_LARGE}])[^\W\d_]+)?")
_DEEPEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor(ABC):
    """Watches a text by itself: no ground truth, no model, nothing kept.

    A new one is a frozen dataclass with a default ``name``, its settings as fields, a `meaning` and `watch`.

    Attributes:
        name: Begins with ``monitor:``.
        of: Whose text: the ``answer``'s, or that of the ``prompt``, which is every text in the row's inputs.
    """

    revision: ClassVar[int] = 1
    """Raised whenever the same text and settings get another score."""
    kept: ClassVar[bool] = False
    meaning: ClassVar[str]
    """What a score of 1 says, and one of 0."""

    name: str
    of: Watched = "answer"

    def __post_init__(self) -> None:
        """Refuse a name that does not say what it is, with `MetricDefinitionError`."""
        one_of("text to watch", self.of, ("answer", "prompt"))
        if not self.name.startswith(MONITOR):
            raise MetricDefinitionError(self.name, f"the name of a monitoring metric begins with {MONITOR!r}")

    @property
    def version(self) -> str:
        """The revision and every setting."""
        settings = [f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.name != "name"]
        return ", ".join([str(self.revision), *settings])

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return what `watch` says of the text."""
        return self.watch(answer.text if self.of == "answer" else prompt_text(row), row)

    @abstractmethod
    def watch(self, text: str, row: Row) -> Score | ScoreFailure:
        """Return a score in [0, 1] as `meaning` has it, or why a text cannot be judged."""


def prompt_text(row: Row) -> str:
    """Return every text in a row's inputs, a line each, those within lists and mappings too."""
    return "\n".join(text for value in row.inputs.values() for text in _texts(value, _DEEPEST))


def words(text: str) -> list[str]:
    """Return a text's words, lowered; a character of Chinese, Japanese or Korean counts as one."""
    return _WORD.findall(text.lower())


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item, depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, depth - 1)
