"""Embeddings of Amazon Bedrock: texts in, vectors out, through InvokeModel."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.bedrock_ids import base_id
from pytest_llm_migrate.errors import CallFailedError, NoEmbeddingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llm_migrate.domain import Meter

    Vector = Sequence[float]

ATTEMPTS = 6
"""Attempts of one call, boto3 waiting longer before each."""
CONNECTIONS = 16
MOST_TEXTS = 96
"""Texts that Cohere takes in one call."""
_COUNT = "x-amzn-bedrock-input-token-count"
TITAN, COHERE = "amazon.titan-embed-text", "cohere.embed"


class BedrockEmbedder:
    """Embeds texts with an Amazon Titan or Cohere model; connects with the first text, safe for any threads.

    Args:
        model_id: A model id, or a geographic inference profile: ``amazon.titan-embed-text-v2:0``.
        dimensions: Numbers of a vector, where the model lets them be chosen: 256, 512 or 1024 for Titan v2.
        input_type: What Cohere is told that the texts are for.

    Raises:
        NoEmbeddingsError: The model is none of these.
    """

    def __init__(self, model_id: str, *, dimensions: int | None = None, input_type: str = "clustering") -> None:
        self._model_id, self._dimensions, self._input_type = model_id, dimensions, input_type
        self._vectors = self._family(base_id(model_id))
        self._meter: Meter | None = None

    def metered(self, meter: Meter) -> BedrockEmbedder:
        """Return the same embedder, each of whose calls goes through the meter."""
        found = BedrockEmbedder(self._model_id, dimensions=self._dimensions, input_type=self._input_type)
        found._meter = meter
        return found

    @property
    def ref(self) -> str:
        """The model, with its settings."""
        kind = f", {self._input_type}" if self._vectors == self._cohere else ""
        return f"{self._model_id} ({self._dimensions or 'default'} dimensions{kind})"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return a vector for each text, in order.

        Raises:
            CannotConnectError: There are no credentials, or no region.
            CallFailedError: A call gave no vectors.
        """
        vectors = list(self._vectors(texts))
        if len(vectors) != len(texts):
            raise CallFailedError("no_embedding", f"{len(vectors)} vectors came for {len(texts)} texts")
        return vectors

    def _family(self, name: str) -> Callable[[Sequence[str]], Iterator[Vector]]:
        if name.startswith(TITAN):
            return self._titan
        if name.startswith(COHERE):
            return self._cohere
        raise NoEmbeddingsError(self._model_id)

    def _titan(self, texts: Sequence[str]) -> Iterator[Vector]:
        settings = {"dimensions": self._dimensions, "normalize": True} if self._dimensions else {}
        for text in texts:
            yield self._called({"inputText": text, **settings}, lambda reply: reply["embedding"])

    def _cohere(self, texts: Sequence[str]) -> Iterator[Vector]:
        settings = {"output_dimension": self._dimensions} if self._dimensions else {}
        for start in range(0, len(texts), MOST_TEXTS):
            some = list(texts[start : start + MOST_TEXTS])
            yield from self._called({"texts": some, "input_type": self._input_type, **settings}, _of_cohere)

    def _called(self, body: dict[str, Any], read: Callable[[Any], Any]) -> Any:
        # Lone surrogates are no UTF-8; in ASCII they are escapes that the service may refuse by itself.
        sent = json.dumps(body).encode()
        if self._meter is None:
            return self._sent(sent, read)[0]
        return self._meter.call(self._model_id, len(sent), lambda: self._sent(sent, read))

    def _sent(self, body: bytes, read: Callable[[Any], Any]) -> tuple[Any, int | None]:
        from pytest_llm_migrate.models.faults import FAULTS, call_failure  # noqa: PLC0415 - boto3 loads with it

        try:
            reply = self._client.invoke_model(
                modelId=self._model_id, body=body, contentType="application/json", accept="application/json"
            )
            found = json.loads(reply["body"].read())
            return read(found), _tokens(reply, found)
        except FAULTS as error:
            raise call_failure(error) from error
        except (ValueError, LookupError, TypeError) as error:
            raise CallFailedError("no_embedding", f"{self._model_id} sent no embedding") from error

    @cached_property
    def _client(self) -> Any:
        from pytest_llm_migrate.models import client  # noqa: PLC0415 - boto3 takes half a second to import
        from pytest_llm_migrate.models.faults import call_failure  # noqa: PLC0415 - likewise

        return client.service_client(client.SERVICE, self._model_id, CONNECTIONS, call_failure, attempts=ATTEMPTS)


def _of_cohere(reply: Any) -> Any:
    found = reply["embeddings"]
    return found["float"] if isinstance(found, dict) else found


def _tokens(reply: Any, found: Any) -> int | None:
    """Return how many tokens were read: Titan says it in its reply, and Bedrock beside every reply."""
    counted = found.get("inputTextTokenCount")
    said = reply["ResponseMetadata"]["HTTPHeaders"].get(_COUNT) if counted is None else counted
    return None if said is None else int(said)
