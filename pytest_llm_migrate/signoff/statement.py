"""What an approver says of one migration of a run, and the file that holds it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import SignatureFileError
from pytest_llm_migrate.signoff.sshsig import is_signed, key_line, public_of, signature_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.signoff.keys import SigningKey

APPROVE, CONDITIONS, REJECT = "approve", "approve-with-conditions", "reject"
DECISIONS = (APPROVE, CONDITIONS, REJECT)
SIGNATURE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed: the evidence, what it is evidence for, and the decision.

    Attributes:
        run: The run's id.
        root: The root of its evidence.
        files: The hash of each of its files.
        migration: The id of what is decided on.
        subject: Its name.
        verdict: What its gates said, ``None`` for nothing.
        terms: What decides that verdict, as `terms_of` has it.
        name: The approver.
        role: In which role.
        decision: One of `DECISIONS`.
        reason: Why.
        conditions: Under which conditions, ``None`` without.
        signed_at: When, as ISO 8601 in UTC.
        expires_at: Until when it holds; ``None`` for a rejection, which does not end.
    """

    run: str
    root: str
    files: dict[str, str]
    migration: str
    subject: str
    verdict: str | None
    terms: dict[str, Any]
    name: str
    role: str
    decision: str
    reason: str
    conditions: str | None
    signed_at: str
    expires_at: str | None

    @property
    def message(self) -> bytes:
        """The bytes that are signed: the statement as JSON with sorted names, without a blank, in ASCII."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @property
    def target(self) -> str:
        """The reference of the model migrated to."""
        return str(self.terms["target"]["ref"])

    @property
    def day(self) -> str:
        """The day of the signature, such as ``2026-11-21``."""
        return self.signed_at[:10]

    def is_expired(self, now: dt.datetime) -> bool:
        """Tell whether it holds no longer."""
        return self.expires_at is not None and dt.datetime.fromisoformat(self.expires_at) <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """A statement with its signature; without one it is a decision that was written down, and proves nothing."""

    path: Path
    statement: Statement
    key: bytes | None
    signature: str | None

    @property
    def is_signed(self) -> bool:
        """Whether the statement is, to the letter, what the key's owner signed.

        Raises `MissingExtraError` where the library that checks it is not installed.
        """
        if self.key is None or self.signature is None:
            return False
        return is_signed(self.statement.message, self.signature, self.key)


def encoded(statement: Statement, key: SigningKey | None) -> str:
    """Return the text of a sign-off's file: signed, or without a key a decision that is only recorded."""
    if key is None:
        return _text(statement, None, None)
    return _text(statement, key_line(key.public), signature_of(statement.message, key))


def read_signoff(path: Path) -> SignOff:
    """Return a sign-off; raises `SignatureFileError` for a file that is not as it was written."""
    try:
        content = path.read_bytes()
        record = json.loads(content)
        statement = Statement(**record["statement"])
        key, signature = record["key"], record["signature"]
        found = SignOff(path=path, statement=statement, key=public_of(key) if key else None, signature=signature)
        _check(statement)
        is_as_written = _text(statement, key, signature).encode() == content
    except OSError as error:
        raise SignatureFileError(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SignatureFileError(path, "it was changed, and cannot be read") from error
    if not is_as_written:
        raise SignatureFileError(path, "it was changed")
    return found


def _check(statement: Statement) -> None:
    texts = (statement.run, statement.root, statement.migration, statement.subject, statement.name, statement.role)
    if statement.decision not in DECISIONS or not all(isinstance(text, str) for text in texts):
        raise ValueError(statement.decision)
    moments = [dt.datetime.fromisoformat(text) for text in (statement.signed_at, statement.expires_at) if text]
    if not all(moment.tzinfo for moment in moments) or not isinstance(statement.files, dict):
        raise ValueError(statement.signed_at)
    statement.terms["target"]["ref"]


def _text(statement: Statement, key: str | None, signature: str | None) -> str:
    record = {
        "schema_version": SIGNATURE_VERSION,
        "kind": "signature" if signature else "recorded decision, not signed",
        "statement": asdict(statement),
        "key": key,
        "signature": signature,
    }
    return json.dumps(record, indent=1) + "\n"
