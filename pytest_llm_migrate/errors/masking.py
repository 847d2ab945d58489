"""What no sentence and no file may hold: credentials, signed headers, and whose account a resource is in."""

from __future__ import annotations

import re

ACCOUNT = "<account>"
"""Stands where an account id was."""

_ARN_ACCOUNT = re.compile(r"(?i)(\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)\d{12}(?=:)")
_LONGEST_WORD = 100
"""Letters and digits in a row, beyond which no message but a session token goes."""

_SECRETS = (
    # The token goes first: behind "Authorization:" it would be taken for the word after the header's value.
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.~-]{16,}"), r"\1 ..."),
    (re.compile(r"(?i)\b(authorization|credential|security-token|signature)[\"']?\s*[=:]\s*\S+"), r"\1=..."),
    (re.compile(r"\b(?:A3T|ABIA|ABSK|ACCA|AIDA|AKIA|AROA|ASIA)[\w+/=]{12,}"), "<key>"),
    (re.compile(rf"[\w+/=]{{{_LONGEST_WORD},}}"), "<token>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), ACCOUNT),
)


def masked(text: str) -> str:
    """Return a model's reference, or a text with some in it, with `ACCOUNT` for the account ids of their ARNs."""
    return _ARN_ACCOUNT.sub(rf"\1{ACCOUNT}", text) if "arn:" in text else text


def without_secrets(text: str) -> str:
    """Return a text of unknown origin with marks for all that looks like a key, a token, a signature or an account."""
    for pattern, mark in _SECRETS:
        text = pattern.sub(mark, text)
    return text
