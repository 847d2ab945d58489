"""Scores answers for Advanced Prompt Optimization as pytest-llm-migrate scores them; needs the standard library alone.

Set it up as the handler ``lambda_function.lambda_handler``. A gold answer that is a JSON list of texts holds several
accepted answers; the best one counts.
"""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections import Counter
from itertools import groupby
from typing import Any

METRIC = "exact_match"


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer the service's call."""
    return compute_score(event.get("preds") or [], event.get("golds") or [])


def compute_score(preds: list[Any], golds: list[Any]) -> dict[str, Any]:
    """Return the score of each answer, from 0 to 1, and their mean."""
    pairs = zip(preds, golds, strict=False)
    scores = [max(METRICS[METRIC](_text(pred), gold) for gold in _accepted(gold)) for pred, gold in pairs]
    return {"score": sum(scores) / len(scores) if scores else 0.0, "scores": scores}


def exact_match(pred: str, gold: str) -> float:
    """Return 1 for the gold answer but for case, blanks and the way accents are encoded, else 0."""
    return float(_comparable(pred) == _comparable(gold))


def quasi_match(pred: str, gold: str) -> float:
    """Return 1 for the gold answer but for case, punctuation, articles and blanks, else 0."""
    return float(_words(pred) == _words(gold))


def contains(pred: str, gold: str) -> float:
    """Return 1 where the answer holds the gold answer without cutting a word, else 0."""
    phrase, text = _comparable(gold), _comparable(pred)
    start = text.find(phrase) if phrase else -1
    while start >= 0:
        if not _cuts_word(text, start) and not _cuts_word(text, start + len(phrase)):
            return 1.0
        start = text.find(phrase, start + 1)
    return 0.0


def token_f1(pred: str, gold: str) -> float:
    """Return SQuAD's F1 of the words that answer and gold answer share."""
    wanted, got = _words(gold), _words(pred)
    if wanted == got:
        return 1.0
    shared = sum((Counter(wanted) & Counter(got)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(got), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


METRICS = {"contains": contains, "exact_match": exact_match, "quasi_match": quasi_match, "token_f1": token_f1}

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
_LONGEST_STACK = 30


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _accepted(gold: Any) -> list[str]:
    text = _text(gold)
    try:
        found = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        found = None
    is_list = isinstance(found, list) and found and all(isinstance(item, str) for item in found)
    return list(found) if is_list and found else [text]


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split()


def _comparable(text: str) -> str:
    return " ".join(_composed(_composed(text).casefold()).split())


def _composed(text: str) -> str:
    if text.isascii() or _tallest_stack(text) > _LONGEST_STACK:
        return text
    return unicodedata.normalize("NFC", text)


def _tallest_stack(text: str) -> int:
    stacks = groupby(map(unicodedata.combining, text), key=bool)
    return max((sum(1 for _ in stack) for is_mark, stack in stacks if is_mark), default=0)


def _cuts_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and _of_word(text[place - 1]) and _of_word(text[place])


def _of_word(character: str) -> bool:
    return character.isdigit() or character == "_" or character.lower() != character.upper()
