"""Embeddings over real HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_llm_migrate.errors import CallFailedError, CannotConnectError, NoEmbeddingsError
from pytest_llm_migrate.metrics import EmbeddingSimilarity
from pytest_llm_migrate.models import BedrockEmbedder
from tests.metrics.scored import failed, scored
from tests.models.scripted_http import Served, served_json, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.models.scripted_http import Asked, ScriptedServer

    Script = Callable[[Asked], Served]
    Serve = Callable[[Script], ScriptedServer]

Found = TypeVar("Found")
TITAN, COHERE = "amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3"
VECTORS = {"refund": [1.0, 0.0], "money back": [0.6, 0.8]}


def titan(asked: Asked) -> Served:
    """Answer as Titan does."""
    return served_json({"embedding": VECTORS[asked.body["inputText"]], "inputTextTokenCount": 2})


def cohere(asked: Asked) -> Served:
    """Answer as Cohere's third version does."""
    vectors = [VECTORS[text] for text in asked.body["texts"]]
    return served_json({"embeddings": vectors, "id": "1", "response_type": "embeddings_floats", "texts": []})


def cohere_v4(asked: Asked) -> Served:
    """Answer as Cohere's fourth version does."""
    return served_json({"embeddings": {"float": [VECTORS[text] for text in asked.body["texts"]]}, "id": "1"})


@pytest.fixture
def serve(aws: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a service that answers as a script says."""
    servers: list[Any] = []

    def start(script: Script) -> ScriptedServer:
        servers.append(serving(script))
        server: ScriptedServer = servers[-1].__enter__()
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def test_titan_is_asked_text_by_text(serve: Serve) -> None:
    """Each text is a call of its own, with the dimensions where they are chosen."""
    server = serve(titan)
    assert BedrockEmbedder(TITAN, dimensions=256).embed(["refund", "money back"]) == list(VECTORS.values())
    assert [asked.body for asked in server.asked] == [
        {"inputText": text, "dimensions": 256, "normalize": True} for text in VECTORS
    ]
    assert server.asked[0].path == "/model/amazon.titan-embed-text-v2%3A0/invoke"
    BedrockEmbedder(TITAN).embed(["refund"])
    assert server.asked[-1].body == {"inputText": "refund"}


@pytest.mark.parametrize(("script", "model"), [(cohere, COHERE), (cohere_v4, "us.cohere.embed-v4:0")])
def test_cohere_is_asked_once_for_many_texts(serve: Serve, script: Script, model: str) -> None:
    """Up to 96 texts are one call, and both forms of the reply are read."""
    server = serve(script)
    assert BedrockEmbedder(model).embed(["refund"] * 97) == [VECTORS["refund"]] * 97
    assert [len(asked.body["texts"]) for asked in server.asked] == [96, 1]
    assert server.asked[0].body["input_type"] == "clustering"


def test_a_metric_scores_with_it(serve: Serve) -> None:
    """The cosine of what the service sent is the score, and the model is in the version."""
    serve(titan)
    metric = EmbeddingSimilarity(embedder=BedrockEmbedder(TITAN))
    assert scored(metric, "money back", "refund") == pytest.approx(0.6)
    assert metric.version == "1, embedder='amazon.titan-embed-text-v2:0 (default dimensions)'"


def test_a_throttled_call_is_made_again(serve: Serve) -> None:
    """What passes with waiting does not become a score failure."""
    server = serve(
        lambda asked: (
            titan(asked)
            if len(server.asked) > 1
            else served_json({"message": "Too many requests"}, 429, x_amzn_ErrorType="ThrottlingException")
        )
    )
    assert BedrockEmbedder(TITAN).embed(["refund"]) == [VECTORS["refund"]]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (served_json({"message": "no"}, 400, x_amzn_ErrorType="ValidationException"), "validation"),
        (served_json({"message": "no"}, 403, x_amzn_ErrorType="AccessDeniedException"), "access_denied"),
        (served_json({"vector": [1.0]}), "no_embedding"),
        (served_json([1.0]), "no_embedding"),
        (Served(parts=(b"not JSON",)), "no_embedding"),
    ],
)
def test_a_call_without_vectors_is_named(serve: Serve, reply: Served, kind: str) -> None:
    """A refusal has the service's fault, a strange reply one of its own; the metric makes a score failure of both."""
    serve(lambda _: reply)
    with pytest.raises(CallFailedError) as caught:
        BedrockEmbedder(TITAN).embed(["refund"])
    assert caught.value.kind == kind
    metric = EmbeddingSimilarity(embedder=BedrockEmbedder(TITAN))
    assert kind in failed(metric, "money back", "refund")


def test_too_few_vectors_are_none(serve: Serve) -> None:
    """A reply that leaves out a text cannot be told apart by place."""
    serve(lambda _: served_json({"embeddings": [[1.0, 0.0]]}))
    with pytest.raises(CallFailedError, match="1 vectors came for 2 texts"):
        BedrockEmbedder(COHERE).embed(["refund", "money back"])


def test_text_of_any_kind_is_sent(serve: Serve) -> None:
    """A lone surrogate goes out as the escape that JSON has for it."""
    server = serve(lambda _: served_json({"embedding": [1.0]}))
    BedrockEmbedder(TITAN).embed(["\ud800\x00é"])
    assert json.dumps(server.asked[0].body) == r'{"inputText": "\ud800\u0000\u00e9"}'


def test_a_model_that_embeds_nothing_is_refused_at_once() -> None:
    """A suite learns of it before any call, with the way out."""
    with pytest.raises(NoEmbeddingsError, match=r"cannot embed texts with 'amazon\.nova-lite-v1:0'"):
        BedrockEmbedder("amazon.nova-lite-v1:0")


def test_making_one_needs_no_credentials(no_aws: pytest.MonkeyPatch) -> None:
    """A suite that names the metric can be collected anywhere; the first text says what is missing."""
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    embedder = BedrockEmbedder(TITAN)
    with pytest.raises(CannotConnectError, match=TITAN):
        embedder.embed(["refund"])


class Noted:
    """A meter that lets every call go out."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int | None]] = []

    def call(self, ref: str, size: int, send: Callable[[], tuple[Found, int | None]]) -> Found:
        """Make the call, and note what was read."""
        assert size > 0
        found, tokens = send()
        self.calls.append((ref, tokens))
        return found


def test_a_meter_hears_of_every_call(serve: Serve) -> None:
    """The tokens are those that the reply or its header counts; without either they are unknown."""
    noted = Noted()
    serve(titan)
    embedder = BedrockEmbedder(TITAN, dimensions=256).metered(noted)
    assert embedder.embed(["refund", "money back"]) == list(VECTORS.values())
    assert embedder.ref == BedrockEmbedder(TITAN, dimensions=256).ref
    serve(lambda asked: replace(cohere(asked), headers={"x-amzn-bedrock-input-token-count": "7"}))
    BedrockEmbedder(COHERE).metered(noted).embed(["refund"])
    serve(cohere)
    BedrockEmbedder(COHERE).metered(noted).embed(["refund"])
    assert noted.calls == [(TITAN, 2), (TITAN, 2), (COHERE, 7), (COHERE, None)]
