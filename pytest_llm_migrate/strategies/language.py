"""Whether two texts are in the same language, as far as their letters and commonest words tell."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+")
_LEAST_WORDS = 8
_LEAST_SHARE = 0.12
"""Common words among all words, under which a text is not taken for prose of a language."""
_LEAST_KEPT = 0.2
"""Letters of the old script among the new text's, under which its script has changed."""
_FAMILIES = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "FULLWIDTH": "LATIN"}
_COMMON: dict[str, str] = {
    "English": "the of and to in is that for it with as be this are on or not you your from by an",
    "German": "der die das und ist nicht ein eine den mit von zu auf für im dem sie es des oder",
    "French": "le la les des et est une du dans pour que qui sur pas vous par avec au ce ou",
    "Spanish": "el la los las de y en es que un una por con para del se su al lo como",
    "Italian": "il la gli di e è che un una per con del della sono non si in le da come",
    "Portuguese": "o os as de e é que um uma por com para do da não se em no na como",
    "Dutch": "de het een en van is niet op te dat die voor met in zijn aan als of je om",
}


def language_fault(before: str, after: str) -> str:
    """Return that a text is in another language or script than the one it was made from, or nothing.

    Scripts are told apart by letters, languages in Latin letters by their commonest words; where too little tells them,
    nothing is said.
    """
    old, new = _scripts(before), _scripts(after)
    if not old or not new:
        return ""
    script, other = max(old, key=old.__getitem__), max(new, key=new.__getitem__)
    if script != other and new[script] < _LEAST_KEPT * new.total():
        return f"it is in {other.title()} letters, not in {script.title()} ones"
    languages = _language(before), _language(after)
    return f"it is in {languages[1]}, not in {languages[0]}" if all(languages) and len(set(languages)) > 1 else ""


def _language(text: str) -> str | None:
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < _LEAST_WORDS:
        return None
    counts = Counter({name: sum(map(set(common.split()).__contains__, words)) for name, common in _COMMON.items()})
    (name, most), (_, second) = counts.most_common(2)
    return name if most >= _LEAST_SHARE * len(words) and most > second else None


def _scripts(text: str) -> Counter[str]:
    """Return how many letters of each script a text has."""
    names = (unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha())
    return Counter(_FAMILIES.get(name, name) for name in names)
