"""JSON in texts: a strict reader, one that looks for JSON in an answer, and the canonical form."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

_TOO_DEEP = "it is nested too deeply"
_FENCE = "```"
_LANGUAGE = re.compile(r"\A[A-Za-z]*\s")


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Raises `ValueError` for anything RFC 8259 does not allow or leaves to the reader's luck: ``NaN``, a number
    beyond a float's range, a key given twice, a nesting deeper than the interpreter's stack.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


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
    start = text.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(text, start)
            found.append(value)
        except json.JSONDecodeError as error:
            # Going on behind what was read keeps the parts of a broken object from passing for the whole.
            fault, end = error, max(error.pos, start + 1)
        except RecursionError:
            raise ValueError(_TOO_DEEP) from None
        start = text.find("{", end)
    if len(found) == 1:
        return found[0]
    raise ValueError(f"it holds {len(found)} objects, not one") if found else fault


def _finite(text: str) -> float | int:
    value = float(text)
    if value.is_integer():
        return int(value)
    return value if value - value == 0 else _refused(text)


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_float=_finite, parse_constant=_refused)
