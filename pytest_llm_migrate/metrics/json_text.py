"""JSON in texts: a strict reader, one that looks for JSON in an answer, and the canonical form."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_llm_migrate.metrics.reasons import quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = "```"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}]', re.DOTALL)
_LANGUAGE = re.compile(r"\A[A-Za-z]*\s")


def parse(text: str, *, offset: int = 0) -> Any:
    """Return the value of a JSON text that stands at an offset of a longer one.

    Raises `ValueError` for anything RFC 8259 does not allow or leaves to the reader's luck: ``NaN``, a number
    beyond a float's range, a key given twice, a nesting deeper than the interpreter's stack.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {offset + error.pos + 1}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_answer(text: str) -> Any:
    """Return the JSON value in an answer: the whole text, its one code block, or the one object in its prose.

    Raises `ValueError` when there is none, or more than one object. Takes time linear in the text's length.
    """
    blocks = text.split(_FENCE)[1::2]
    for candidate in [text, *(_LANGUAGE.sub("", block) for block in blocks if len(blocks) == 1)]:
        try:
            return parse(candidate)
        except ValueError:
            continue
    return _object_in_prose(text)


def canonical(value: Any) -> str:
    """Return a value as JSON with sorted keys and whole numbers without a fraction; not JSON's own types as text."""
    if not isinstance(value, (bool, int, float, dict, list, tuple)):
        return str(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    try:
        return json.dumps(parse(text), ensure_ascii=False, sort_keys=True)
    except ValueError:
        return text


def _object_in_prose(text: str) -> Any:
    found: list[Any] = []
    fault = ValueError("there is no object in it")
    for start, end in _braced(text):
        try:
            found.append(parse(text[start:end], offset=start))
        except ValueError as error:
            fault = error
    if len(found) == 1:
        return found[0]
    raise ValueError(f"it holds {len(found)} objects, not one") if found else fault


def _braced(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the outermost braces open and close; those never closed go to the end, with all that is in them."""
    start = text.find("{")
    while start >= 0:
        end = _closing(text, start)
        yield start, end
        start = text.find("{", end)


def _closing(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)


def _finite(text: str) -> float | int:
    value = float(text)
    if value.is_integer():
        return int(value)
    return value if value - value == 0 else _refused(text)


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{shortened(text)} is not a JSON number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {quoted(name)} is there twice")
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_float=_finite, parse_constant=_refused)
