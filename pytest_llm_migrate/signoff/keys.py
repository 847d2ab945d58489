"""Keys that people sign with, and those that a reader trusts."""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import KeyFileError, MissingExtraError, SignersFileError
from pytest_llm_migrate.signoff.sshsig import KEY_TYPE, NAMESPACE, public_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_OTHER_TYPES = re.compile(r"\s(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+\s")
_SIGNER = re.compile(rf"(?P<names>\"[^\"]+\"|\S+)\s+(?:(?P<options>\S.*?)\s+)?{KEY_TYPE}\s+(?P<key>[\w+/=]+)(?:\s.*)?")
_OPTION = re.compile(r'(namespaces|valid-after|valid-before)="([^"]*)"(?:,|$)', re.IGNORECASE)
_PUBLIC_PEM = "-----BEGIN PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, of which nothing is ever shown."""

    _key: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of an Ed25519 signature."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return "SigningKey(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Somebody whose key is trusted; ``after`` and ``before``, where given, bound when a signature counts."""

    name: str
    public: bytes
    after: dt.datetime | None = None
    before: dt.datetime | None = None

    def counts(self, at: dt.datetime) -> bool:
        """Tell whether a signature of that time counts."""
        return (self.after is None or at >= self.after) and (self.before is None or at < self.before)


def read_signing_key(path: Path, passphrase: Callable[[], str]) -> SigningKey:
    """Return the Ed25519 key of a file in OpenSSH or PEM format.

    ``passphrase`` is asked where the file is encrypted. Raises `KeyFileError` for what is no such key, and
    `MissingExtraError` where the library that reads it is not installed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeyFileError(path, error.strerror or str(error)) from error
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise MissingExtraError("signing", "cryptography", "sign") from error
    if b"PRIVATE KEY-----" not in content:
        said = "it is a public key" if content.startswith((b"ssh-", b"-----BEGIN PUBLIC")) else "it is no private key"
        raise KeyFileError(path, said)
    key = _loaded(path, content, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(path, "it is a key of another kind")
    return SigningKey(key)


def _loaded(path: Path, content: bytes, passphrase: Callable[[], str]) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - of an extra
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - likewise

    is_openssh = b"OPENSSH PRIVATE KEY" in content
    load = serialization.load_ssh_private_key if is_openssh else serialization.load_pem_private_key
    try:
        try:
            return load(content, None)
        except TypeError:  # it is encrypted
            return load(content, passphrase().encode())
    except (ValueError, TypeError):
        # What the library says may quote the file.
        raise KeyFileError(path, "it is damaged, or the passphrase is not right") from None
    except UnsupportedAlgorithm:
        raise KeyFileError(path, "it is encrypted in a way that is not supported here") from None


def read_signers(paths: Iterable[Path]) -> list[Signer]:
    """Return whose keys some files name; keys of other kinds are left out. Raises `SignersFileError`."""
    return [signer for path in paths for signer in _signers(path)]


def _signers(path: Path) -> Iterator[Signer]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SignersFileError(path, getattr(error, "strerror", None) or "it is no text") from error
    if _PUBLIC_PEM in text:
        yield _of_pem(path, text)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                yield from _of_line(line.strip(), path.stem)
            except ValueError as error:
                raise SignersFileError(path, f"line {number} {error}") from error


def _of_line(line: str, name: str) -> Iterator[Signer]:
    if line.startswith(f"{KEY_TYPE} "):
        _, key, *comment = line.split(None, 2)
        yield Signer(name="".join(comment) or name, public=_public(key))
    elif match := _SIGNER.fullmatch(line):
        options = _options(match["options"] or "")
        spaces = options.get("namespaces", NAMESPACE).split(",")
        if NAMESPACE in spaces:
            after, before = (_moment(options.get(name)) for name in ("valid-after", "valid-before"))
            yield Signer(name=match["names"].strip('"'), public=_public(match["key"]), after=after, before=before)
    elif not _OTHER_TYPES.search(f" {line} "):
        raise ValueError("has no key")


def _public(key: str) -> bytes:
    try:
        return public_of(f"{KEY_TYPE} {key}")
    except ValueError:
        raise ValueError("has a key that is damaged") from None


def _options(text: str) -> dict[str, str]:
    # An option that is overlooked would let a key count for more than its owner said.
    if _OPTION.sub("", text):
        raise ValueError(f"has options that are not understood: {text!r}")
    return {name.lower(): value for name, value in _OPTION.findall(text)}


def _moment(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    digits = text.removesuffix("Z")
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits), "")
    try:
        return dt.datetime.strptime(digits, form).replace(tzinfo=dt.UTC)
    except ValueError:
        raise ValueError(f"has a time that is none: {text!r}") from None


def _of_pem(path: Path, text: str) -> Signer:
    # A public Ed25519 key in PEM is a fixed beginning and the key.
    body = "".join(line for line in text.splitlines() if line and not line.startswith("-----"))
    try:
        content = base64.b64decode(body, validate=True)
    except ValueError:
        content = b""
    if content[:-32] != bytes.fromhex("302a300506032b6570032100"):
        raise SignersFileError(path, "it is no Ed25519 key")
    return Signer(name=path.stem, public=content[-32:])
