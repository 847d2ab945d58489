"""OpenSSH's format of signatures (PROTOCOL.sshsig), for Ed25519 keys: what ``ssh-keygen -Y verify`` checks, too."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import MissingExtraError

if TYPE_CHECKING:
    from pytest_llm_migrate.signoff.keys import SigningKey

NAMESPACE = "pytest-llm-migrate"
"""What the signatures are for; a signature made for anything else is none."""
KEY_TYPE = "ssh-ed25519"
_MAGIC, _HASH = b"SSHSIG", "sha512"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_LINE = 70


def signature_of(message: bytes, key: SigningKey) -> str:
    """Return the armored signature of a message."""
    made = _string(KEY_TYPE.encode()) + _string(key.sign(_signed(message)))
    return _armored(_head(key.public) + _string(made))


def is_signed(message: bytes, signature: str, public: bytes) -> bool:
    """Tell whether an armored signature of a message is this public key's, to the last character.

    Raises `MissingExtraError` where the library that checks it is not installed.
    """
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - of an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise MissingExtraError("checking a signature", "cryptography", "sign") from error
    # Whoever has the public key can write all of a signature but its last 64 bytes.
    begin = _head(public) + _long(_long_of(KEY_TYPE) + 68) + _string(KEY_TYPE.encode()) + _long(64)
    try:
        made = base64.b64decode("".join(signature.split("\n")[1:-2]), validate=True)
        if signature != _armored(made) or made[:-64] != begin:
            return False
        Ed25519PublicKey.from_public_bytes(public).verify(made[-64:], _signed(message))
    except (ValueError, InvalidSignature):
        return False
    return True


def key_line(public: bytes) -> str:
    """Return a public key as OpenSSH writes it, without a comment."""
    return f"{KEY_TYPE} {base64.b64encode(_key_blob(public)).decode()}"


def public_of(line: str) -> bytes:
    """Return the public key of a line that `key_line` wrote; raises `ValueError` for any other."""
    public = base64.b64decode(line.partition(" ")[2], validate=True)[-32:]
    if key_line(public) != line:
        raise ValueError("no public Ed25519 key")
    return public


def fingerprint(public: bytes) -> str:
    """Return a public key's fingerprint as OpenSSH shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(_key_blob(public)).digest()).decode().rstrip("=")


def _signed(message: bytes) -> bytes:
    """Return what of a message is signed."""
    parts = (NAMESPACE.encode(), b"", _HASH.encode(), hashlib.sha512(message).digest())
    return _MAGIC + b"".join(map(_string, parts))


def _head(public: bytes) -> bytes:
    """Return the beginning of a signature's blob, up to the signature proper."""
    parts = (_key_blob(public), NAMESPACE.encode(), b"", _HASH.encode())
    return _MAGIC + _long(1) + b"".join(map(_string, parts))


def _key_blob(public: bytes) -> bytes:
    return _string(KEY_TYPE.encode()) + _string(public)


def _armored(blob: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(blob).decode(), _LINE)
    return "\n".join([_BEGIN, *lines, _END, ""])


def _string(content: bytes) -> bytes:
    return _long(len(content)) + content


def _long(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _long_of(text: str) -> int:
    return 4 + len(text)
