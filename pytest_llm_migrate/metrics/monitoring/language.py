"""Whether an answer is in the language of its question."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.material import question_of
from pytest_llm_migrate.metrics.monitoring.watching import Monitor, words

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Row

_STOP_WORDS = {
    "English": "the and of to in is that it for was on are with as this be at have from or you not by which can your",
    "German": "der die das und ist nicht ein eine den dem zu mit von sich auf für im auch es sie ich wie wir kann sind",
    "French": "le la les et est une un des du dans que pour qui ne pas sur au avec vous nous ce cette sont il elle",
    "Spanish": "el la los las y es un una de que en por para con no se del al su lo como más está son usted",
    "Italian": "il la gli le e è un una di che in per con non si del della al sono come più anche nel lo alla",
    "Portuguese": "o a os as e é um uma de que em por para com não se do da ao são como mais no na você",
    "Dutch": "de het een en is van niet dat op te zijn voor met die aan er om ook als bij uw kan wordt naar door",
    "Swedish": "och att det som en är på för med inte den till av ett har de om så kan vi du jag från eller",
    "Polish": "i w nie na się jest do to z że jak po co ale dla od przez tak być oraz czy lub można są ten",
}
_LANGUAGES = {
    word: frozenset(name for name, text in _STOP_WORDS.items() if word in text.split())
    for text in _STOP_WORDS.values()
    for word in text.split()
}
_SCRIPTS = {
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "LATIN": "Latin",
}
_LONGEST = 20_000
_LEAST_LETTERS, _LEAST_WORDS = 2, 3
_KANA = 0.1
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Monitor):
    """1 when an answer is in the language of its question, else 0; a failure where either cannot be told.

    Languages are told by script, and those in Latin letters by their most frequent words: English, German, French,
    Spanish, Italian, Portuguese, Dutch, Swedish and Polish; a label or a number has none. Of other scripts, such as
    Cyrillic and Arabic, only the script is told.

    Attributes:
        question: The column that says what was asked; where a row has none, all of its inputs.
    """

    meaning: ClassVar[str] = "1 is in the question's language, 0 in another"

    name: str = "monitor:language"
    question: str = "question"

    def watch(self, text: str, row: Row) -> Score | ScoreFailure:
        """Return 1 or 0; a failure for too few words."""
        asked, told = language_of(question_of(row, self.question)), language_of(text)
        if asked is None or told is None:
            which = "question" if asked is None else "answer"
            return ScoreFailure(reason=f"the language of the {which} cannot be told")
        return Score(1.0) if asked == told else Score(0.0, f"asked in {asked}, answered in {told}")


def language_of(text: str) -> str | None:
    """Return a text's language in English, or its script; ``None`` where it cannot be told from the first pages."""
    shown = text[:_LONGEST]
    scripts = Counter(map(_script_of, _LETTER.findall(shown)))
    if scripts.total() < _LEAST_LETTERS:
        return None
    if scripts["Japanese"] > _KANA * (scripts["Japanese"] + scripts["Chinese"]):
        scripts["Japanese"] += scripts.pop("Chinese", 0)
    script = scripts.most_common(1)[0][0]
    return _by_words(shown) if script == "Latin" else script


def _script_of(letter: str) -> str:
    if letter.isascii():
        return "Latin"
    first = unicodedata.name(letter, "").partition(" ")[0]
    return _SCRIPTS.get(first, first.capitalize() or "unknown")


def _by_words(text: str) -> str | None:
    counts: Counter[str] = Counter()
    for word in words(text):
        counts.update(_LANGUAGES.get(word, ()))
    best = counts.most_common(2)
    if not best or best[0][1] < _LEAST_WORDS or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    return best[0][0]
