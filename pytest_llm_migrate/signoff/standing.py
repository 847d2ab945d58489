"""Where a sign-off stands: whether it is what was signed, by whom, and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.signoff.keys import Signer
    from pytest_llm_migrate.signoff.statement import SignOff

VALID, EXPIRED, WRONG, UNKNOWN, RECORDED = "valid", "expired", "wrong signature", "unknown key", "recorded"
FAULTY = frozenset({WRONG, UNKNOWN})
"""States that no sign-off comes into by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of a sign-off in a word and in a sentence; ``signer`` is whose key it is, where that is known."""

    state: str
    sentence: str
    signer: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it is signed, by a key that is trusted, and not expired."""
        return self.state == VALID


def standing_of(found: SignOff, signers: Sequence[Signer] | None, now: dt.datetime) -> Standing:
    """Return where a sign-off stands; ``signers`` are the keys to trust, ``None`` to take any.

    Raises `MissingExtraError` where the library that checks signatures is not installed.
    """
    said = found.statement
    if found.signature is None:
        return Standing(state=RECORDED, sentence=f"{said.name}'s decision was recorded without a signature")
    if not found.is_signed:
        return Standing(state=WRONG, sentence=f"what {said.name} signed is not what the file says, or by another key")
    signer = _signer(found, signers)
    if signers is not None and signer is None:
        return Standing(state=UNKNOWN, sentence=f"{said.name}'s signature is by a key that is not trusted")
    whose = signer.name if signer else None
    if said.is_expired(now):
        return Standing(state=EXPIRED, sentence=f"{said.name}'s sign-off expired on {said.expires_at}", signer=whose)
    until = f"until {said.expires_at[:10]}" if said.expires_at else "without an end"
    return Standing(state=VALID, sentence=f"{said.name}'s signature is right, {until}", signer=whose)


def _signer(found: SignOff, signers: Sequence[Signer] | None) -> Signer | None:
    at = dt.datetime.fromisoformat(found.statement.signed_at)
    return next((signer for signer in signers or () if signer.public == found.key and signer.counts(at)), None)
