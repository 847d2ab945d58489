"""How many of the expected fields an answer's JSON gets right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.json_text import parse, parse_answer
from pytest_llm_migrate.metrics.normalisation import comparable
from pytest_llm_migrate.metrics.reasons import quoted, shortened
from pytest_llm_migrate.metrics.reference import ReferenceMetric, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ABSENT = object()
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields(ReferenceMetric):
    """The share of the ground truth's fields that the answer's JSON gets right.

    The ground truth is an object or a list, as a value or as JSON text. Nested values count leaf by leaf, by their
    path (``order.items[0].name``), so the order of a list matters and that of keys does not. Texts are equal as in
    `ExactMatch`, numbers by value (``40`` and ``40.0``); a text is never a number. The answer's JSON may stand
    alone, in one code block, or as the one object in prose. An answer that is not JSON, or leaves its meaning to
    the reader (``NaN``, a key given twice), scores 0.

    Attributes:
        strict: Whether the whole answer must be JSON, without fence or prose.
        extra: What a field means that the ground truth does not have: ``ignore`` (the reason names it), or
            ``penalise``: it counts as one more field, wrong.
    """

    name: str = "json_fields"
    strict: bool = False
    extra: Literal["ignore", "penalise"] = "ignore"

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, with `UnknownNameError`."""
        one_of("way with extra fields", self.extra, ("ignore", "penalise"))

    def accepted(self, truth: Any) -> Sequence[Any]:
        """Return the ground truth itself: here a list is one value, not several answers."""
        return [truth]

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the share in [0, 1]; a failure when the ground truth is no JSON object or list."""
        try:
            truth = parse(expected) if isinstance(expected, str) else expected
        except ValueError as error:
            return ScoreFailure(reason=f"the ground truth {quoted(expected)} is not JSON: {error}")
        if not isinstance(truth, (dict, list)):
            return ScoreFailure(reason=f"the ground truth {quoted(str(expected))} is no JSON object or list")
        try:
            got = parse(text) if self.strict else parse_answer(text)
        except ValueError as error:
            return Score(0.0, f"not JSON: {error}")
        return self._share(list(_leaves(truth, got)))

    def _share(self, leaves: Sequence[_Leaf]) -> Score:
        extra = [leaf.path for leaf in leaves if leaf.expected is _ABSENT]
        wrong = [leaf for leaf in leaves if leaf.expected is not _ABSENT and not leaf.is_right]
        counted = len(leaves) if self.extra == "penalise" else len(leaves) - len(extra)
        reasons = [str(leaf) for leaf in wrong[:_SHOWN]]
        if len(wrong) > _SHOWN:
            reasons.append(f"{len(wrong) - _SHOWN} more wrong")
        if extra:
            reasons.append(f"{len(extra)} extra: {', '.join(map(_dotted, extra[:_SHOWN]))}")
        return Score((len(leaves) - len(extra) - len(wrong)) / counted, "; ".join(reasons))


class _Leaf(NamedTuple):
    path: tuple[str | int, ...]
    expected: Any
    got: Any

    @property
    def is_right(self) -> bool:
        if isinstance(self.expected, str) and isinstance(self.got, str):
            return comparable(self.expected) == comparable(self.got)
        if isinstance(self.expected, bool) or isinstance(self.got, bool):
            return self.expected is self.got
        return bool(self.expected == self.got)

    def __str__(self) -> str:
        got = "it is missing" if self.got is _ABSENT else f"got {_shown(self.got)}"
        return f"{_dotted(self.path)}: expected {_shown(self.expected)}, {got}"


def _leaves(expected: Any, got: Any) -> Iterator[_Leaf]:
    """Yield each expected leaf with what the answer has in its place, and what the answer has beyond."""
    # A stack in place of recursion: an answer may be nested as deep as the parser goes.
    waiting = [_Leaf((), expected, got)]
    while waiting:
        path, wanted, came = leaf = waiting.pop()
        inner, there = _items(wanted), _items(came)
        if not inner:
            yield leaf
            continue
        beyond = [key for key in there if key not in inner]
        waiting += [_Leaf((*path, key), _ABSENT, there[key]) for key in reversed(beyond)]
        waiting += [_Leaf((*path, key), inner[key], there.get(key, _ABSENT)) for key in reversed(inner)]


def _items(value: Any) -> dict[str | int, Any]:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    return dict(enumerate(value)) if isinstance(value, list) else {}


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)) and value:
        return "an object" if isinstance(value, dict) else "a list"
    return quoted(value) if isinstance(value, str) else shortened(json.dumps(value, default=str))


def _dotted(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shortened(text.removeprefix(".")) or "the whole"
