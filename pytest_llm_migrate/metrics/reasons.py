"""The words of a reason: texts shortened to one printable line."""

from __future__ import annotations

_LONGEST = 60
_LEAD = 15


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a text on one printable line of about 60 characters, or as many as are given."""
    return quoted(text, longest)[1:-1]


def quoted(text: str, longest: int = _LONGEST) -> str:
    """Return a text in quotes, on one printable line of about 60 characters, or as many as are given."""
    line = " ".join(text.split())
    return repr(line if len(line) <= longest else f"{line[: longest - 1]}…")


def expected_got(expected: str, got: str) -> str:
    """Say what was expected and what came instead; long texts are shown from where they part."""
    wanted, came = quoted(expected), quoted(got)
    if wanted == came and expected != got:
        parting = max(_first_difference(expected, got) - _LEAD, 0)
        wanted, came = quoted(expected[parting:]), quoted(got[parting:])
        return f"from character {parting + 1}: expected {wanted}, got {came}"
    return f"expected {wanted}, got {came}"


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
