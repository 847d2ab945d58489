"""The local models behind the endpoint, called as Bedrock is."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from pytest_llm_migrate.errors import RunnerMissingError, WeightsMissingError
from pytest_llm_migrate.models.endpoint import Attachment, Converse, Endpoint, Fault, Finish, Message
from pytest_llm_migrate.models.local import LocalEngine
from pytest_llm_migrate.models.local import engine as engine_module
from pytest_llm_migrate.models.local.renderers import Completion
from pytest_llm_migrate.models.local.runner import Ending, Sampling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.models.local.runner import Pieces

SMOLLM2, GEMMA3 = MODELS = ("smollm2-135m", "gemma3-270m")
TICKETS = [
    ("My card was charged twice.", "billing"),
    ("The app crashes at start.", "bug"),
    ("The invoice is wrong.", "billing"),
    ("The screen stays black.", "bug"),
]
QUESTION = "The invoice was charged twice."
RAW = "".join(f"Ticket: {ticket}\nLabel: {label}\n\n" for ticket, label in TICKETS) + f"Ticket: {QUESTION}\nLabel:"


@pytest.fixture(scope="module")
def client(engine: LocalEngine) -> Iterator[Any]:
    """Return a client of an endpoint over the real models."""
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    session = boto3.Session("key", "secret", region_name="us-east-1")
    with (
        Endpoint(engine) as endpoint,
        closing(session.client("bedrock-runtime", endpoint_url=endpoint.url, config=config)) as connected,
    ):
        yield connected


def message(role: str, text: str) -> dict[str, Any]:
    """Return a message as boto3 takes it."""
    return {"role": role, "content": [{"text": text}]}


def examples(ticket: str) -> list[dict[str, Any]]:
    """Return a conversation of examples and a ticket."""
    shots = [(message("user", asked), message("assistant", answered)) for asked, answered in TICKETS]
    return [turn for shot in shots for turn in shot] + [message("user", ticket)]


def converse(client: Any, model: str, messages: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Ask for a short answer."""
    settings = {"maxTokens": 12} | more.pop("inferenceConfig", {})
    answer: dict[str, Any] = client.converse(modelId=model, messages=messages, inferenceConfig=settings, **more)
    return answer


def text(answer: dict[str, Any]) -> str:
    """Return the text of an answer."""
    return str(answer["output"]["message"]["content"][0]["text"])


def request(model: str = SMOLLM2, **parts: Any) -> Converse:
    """Return a request of one question."""
    return Converse(**({"model": model, "messages": (Message("user", "hi"),)} | parts))


@pytest.mark.parametrize("model", MODELS)
def test_examples_as_turns_are_followed(client: Any, model: str) -> None:
    """Each model goes on with the labels that its examples show, and says what it read and wrote."""
    answer = converse(client, model, examples(QUESTION))
    assert text(answer) == "billing"
    assert answer["stopReason"] == "end_turn"
    usage = answer["usage"]
    assert usage["inputTokens"] > 30
    assert 1 <= usage["outputTokens"] <= 12
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert usage["cacheReadInputTokens"] == 0
    assert answer["metrics"]["latencyMs"] > 0


def test_base_model_goes_on_with_a_raw_text(client: Any) -> None:
    """One message is completed as it is, up to the request's stop sequence, without the blank of its form."""
    answer = converse(client, GEMMA3, [message("user", RAW)], inferenceConfig={"stopSequences": ["\n"]})
    assert text(answer) == "billing"
    assert answer["stopReason"] == "stop_sequence"


def test_turn_words_change_what_the_base_model_reads(client: Any) -> None:
    """The words around the turns are the request's, and so are the tokens they take."""
    words = {"turn_words": ["A customer wrote", "The right label"]}
    renamed = client.count_tokens(
        modelId=GEMMA3,
        input={"converse": {"messages": examples("It freezes."), "additionalModelRequestFields": words}},
    )
    plain = client.count_tokens(modelId=GEMMA3, input={"converse": {"messages": examples("It freezes.")}})
    assert renamed["inputTokens"] > plain["inputTokens"]


@pytest.mark.parametrize("model", MODELS)
def test_stream_arrives_while_it_is_written(client: Any, model: str) -> None:
    """Pieces come over time, make up Converse's text and end at the limit."""
    story = [message("user", "Once upon a time there was a fox who")]
    answer = converse(client, model, story, inferenceConfig={"maxTokens": 20})
    began = time.perf_counter()
    pieces, times, reason = [], [], ""
    stream = client.converse_stream(modelId=model, messages=story, inferenceConfig={"maxTokens": 20})["stream"]
    for event in stream:
        if "contentBlockDelta" in event:
            pieces.append(event["contentBlockDelta"]["delta"]["text"])
            times.append(time.perf_counter() - began)
        reason = event.get("messageStop", {}).get("stopReason", reason)
    assert "".join(pieces) == text(answer)
    assert len(pieces) > 10
    assert times[-1] - times[0] > 0.05
    assert reason == answer["stopReason"] == "max_tokens"


@pytest.mark.parametrize("model", MODELS)
def test_prompt_is_reused_only_when_asked(client: Any, model: str) -> None:
    """The same request is read in full again, unless it asks to go on from the last prompt."""
    again = [converse(client, model, examples("It freezes.")) for _ in range(2)]
    fields = {"additionalModelRequestFields": {"cache_prompt": True}}
    reused = converse(client, model, examples("It freezes."), **fields)
    read = again[0]["usage"]["inputTokens"]
    assert [answer["usage"]["cacheReadInputTokens"] for answer in again] == [0, 0]
    assert reused["usage"]["cacheReadInputTokens"] > 0
    assert reused["usage"]["inputTokens"] + reused["usage"]["cacheReadInputTokens"] == read
    assert text(again[0]) == text(again[1]) == text(reused)


def test_too_long_an_input_is_refused(client: Any) -> None:
    """An input beyond the context is the service's ValidationException."""
    with pytest.raises(client.exceptions.ValidationException, match="Input is too long for requested model"):
        converse(client, SMOLLM2, [message("user", "hello " * 5000)])


@pytest.mark.parametrize(
    ("stop_type", "stop_word", "output_tokens", "reason"),
    [
        ("eos", "", 3, "end_turn"),
        ("word", "\n", 3, "stop_sequence"),
        ("word", "\nInput:", 3, "end_turn"),
        ("limit", "", 5, "max_tokens"),
        ("limit", "", 3, "model_context_window_exceeded"),
    ],
)
def test_stop_reason_is_in_bedrocks_words(stop_type: str, stop_word: str, output_tokens: int, reason: str) -> None:
    """The form's own stop is the end of a turn; a limit below the one asked for is that of the context."""
    ending = Ending(
        stop_type=stop_type, stop_word=stop_word, prompt_tokens=9, reused_tokens=0, output_tokens=output_tokens
    )
    settings = Sampling(max_tokens=5, temperature=0, top_p=None, reuse_prompt=False)
    assert engine_module._stop_reason(ending, request(stop_sequences=("\n",)), settings) == reason


def test_blanks_before_a_completion_are_dropped() -> None:
    """Blank pieces and the blank before the first word belong to the form; those inside belong to the answer."""
    ending = Ending(stop_type="eos", stop_word="", prompt_tokens=1, reused_tokens=0, output_tokens=4)

    def pieces() -> Pieces:
        yield from [" ", "\n two", " words", " "]
        yield ending

    assert list(engine_module._without_leading_blanks(pieces())) == ["two", " words", " ", ending]


def test_unknown_model_is_not_found(client: Any) -> None:
    """A model that is not in the catalog is answered with those that are."""
    with pytest.raises(
        client.exceptions.ResourceNotFoundException, match=r"'smollm3-135m'\. Did you mean 'smollm2-135m'\?"
    ):
        converse(client, "smollm3-135m", examples("hi"))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(additional={"turn_words": ["a", "b"]}), "unknown model field 'turn_words'. Known: cache_prompt"),
        (request(additional={"cache_prompt": 1}), "cache_prompt must be true or false, not 1."),
        (
            request(messages=(Message("user", "hi"), Message("assistant", "he"))),
            "The conversation must end with a user message.",
        ),
        (request(document={"toolConfig": {"tools": []}}), "This model doesn't support tool use."),
        (
            request(messages=(Message("user", "hi", (Attachment("image", "ab"),)),)),
            "This model doesn't support the image field.",
        ),
    ],
    ids=["field of another model", "value of the wrong kind", "begun answer", "tools", "image"],
)
def test_request_that_the_model_cannot_take_is_refused(engine: LocalEngine, asked: Converse, reason: str) -> None:
    """What has no meaning for a model is a ValidationException and not silence."""
    with pytest.raises(Fault) as caught:
        next(engine.converse(asked))
    assert (caught.value.error, reason in caught.value.message) == ("ValidationException", True)


def test_short_request_gets_the_stated_defaults(engine: LocalEngine) -> None:
    """With nothing said the answer is the same each time."""
    first, again = (list(engine.converse(request())) for _ in range(2))
    assert first == again
    assert isinstance(first[-1], Finish)
    assert first[-1].output_tokens <= 256


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    """Without weights the error says how to get them, to a caller and over the wire."""
    bare = LocalEngine(tmp_path)
    assert bare.ready() == []
    with pytest.raises(WeightsMissingError, match=r"\(93 MB\) with: python -m pytest_llm_migrate fetch-models smollm2"):
        bare.load(SMOLLM2)
    with pytest.raises(Fault, match="ResourceNotFoundException: the weights of 'smollm2-135m' are not in"):
        next(bare.converse(request()))


def test_missing_runner_is_told_over_the_wire(
    engine: LocalEngine, weights_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the library a request is answered with what to install; loaded models are not loaded again."""

    def fail(_path: Path) -> None:
        raise RunnerMissingError

    assert engine.load(SMOLLM2) is engine.load(SMOLLM2)
    monkeypatch.setattr(engine_module, "Runner", fail)
    assert LocalEngine(weights_cache).ready() == list(MODELS)
    with pytest.raises(Fault, match=r"pip install 'pytest-llm-migrate\[local\]'"):
        next(LocalEngine(weights_cache).converse(request()))


def test_closed_engine_cuts_off_what_is_written(weights_cache: Path) -> None:
    """Closing ends a running answer and those that wait for it, and a later request loads the model again."""
    short_lived = LocalEngine(weights_cache)
    story = request(messages=(Message("user", "Tell me a story."),), max_tokens=3000)
    running = short_lived.converse(story)
    next(running)
    runner = short_lived.load(SMOLLM2)
    short_lived.close()
    with pytest.raises(Fault, match="ServiceUnavailableException: The service is shutting down"):
        list(running)
    with pytest.raises(Fault, match="ServiceUnavailableException: The service is shutting down"):
        runner.count(Completion(text="hi", stop=()))
    assert short_lived.load(SMOLLM2) is not runner
    short_lived.close()
