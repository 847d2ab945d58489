"""What counts as a refusal: how a service ends an answer that a filter stopped, and how models say no in English."""

from __future__ import annotations

import re

REFUSED = frozenset({"guardrail_intervened", "content_filtered", "refusal"})
"""Stop reasons of answers that a filter or the model itself withheld."""
_UNABLE = r"(?:can(?:no|['\u2019])t|won['\u2019]t|refuse|(?:must )?decline|(?:am|['\u2019]m) (?:unable|not able))"
_SORRY = r"(?:(?:i(?: am|['\u2019]?m) )?(?:very |so )?sorry|(?:i |my )apolog(?:i[sz]e|ies))"
_REFUSAL = re.compile(
    r"\s*(?:"
    rf"{_SORRY}[,.:;!]?(?:\s*\Z|\s+(?:but|no)\b)|"
    rf"(?:(?:{_SORRY}|unfortunately)[,.:;!]?\s+)?i ?{_UNABLE}|"
    r"as an ai\b"
    r")",
    re.IGNORECASE,
)
_OPENING = 200


def opens_with_refusal(text: str) -> bool:
    """Return whether a text opens by saying no, in English: *I'm sorry, but*, *I cannot*, *As an AI*.

    An apology alone is none (*Sorry to hear that!*), and neither are such words further on.
    """
    return _REFUSAL.match(text.lstrip()[:_OPENING]) is not None
