"""Answers of the real models that keep to a JSON Schema."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from pytest_llm_migrate.domain import Answer, Request, Row, Score, Turn
from pytest_llm_migrate.metrics import RubricJudge
from pytest_llm_migrate.models.bedrock import BedrockModel
from pytest_llm_migrate.models.client import loopback_client
from pytest_llm_migrate.models.endpoint import Converse, Endpoint, Fault, Message
from pytest_llm_migrate.models.local.constraints import grammar_of, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llm_migrate.models.client import RuntimeClient
    from pytest_llm_migrate.models.local import LocalEngine

SMOLLM2, GEMMA3 = MODELS = ("smollm2-135m", "gemma3-270m")


@dataclass
class LocalJudge:
    """A local model behind the wire as a judge, which counts what it is asked."""

    model: BedrockModel
    calls: int = 0

    @property
    def ref(self) -> str:
        """The model's reference."""
        return self.model.ref

    def ask(self, request: Request, row: Row) -> Answer:  # noqa: ARG002 - the promise of every judge
        """Return the model's answer."""
        self.calls += 1
        return self.model.answer(request)


@pytest.fixture(scope="module")
def wire(engine: LocalEngine) -> Iterator[RuntimeClient]:
    """Return a client of an endpoint over the real models."""
    with Endpoint(engine) as endpoint:
        client: Any = loopback_client(endpoint.url, 2)
        with closing(client):
            yield client


def asked_for(
    wire: RuntimeClient, model: str, schema: Mapping[str, Any], question: str, max_tokens: int = 80
) -> Answer:
    """Return a model's answer of a schema."""
    request = Request(
        turns=(Turn("user", question),),
        inference={"max_tokens": max_tokens, "temperature": 0},
        options={"json_schema": {"schema": dict(schema)}},
    )
    return BedrockModel(f"local:{model}", model, wire).answer(request)


def of(schema: object) -> Converse:
    """Return a request whose answer shall keep to a schema."""
    written = schema if isinstance(schema, str) else json.dumps(schema)
    structure = {"jsonSchema": {"schema": written}}
    document = {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}
    return Converse(model=SMOLLM2, messages=(Message("user", "hi"),), max_tokens=60, document=document)


@pytest.mark.parametrize("model", MODELS)
def test_judge_gives_a_verdict_at_once(wire: RuntimeClient, model: str) -> None:
    """However little the model understands, its first words are a score on the scale."""
    rubric = RubricJudge(
        name="same",
        criterion="Whether the answer says what the reference says.",
        levels={1: "No.", 3: "Yes."},
        scale=(1, 3),
        inference={"temperature": 0, "max_tokens": 120},
    )
    judge = LocalJudge(BedrockModel(f"local:{model}", model, wire))
    row = Row(sample_id="1", values={"question": "How warm is the pool?", "answer_ground_truth": "31 degrees"})
    found = rubric.judged_by(lambda _: judge).score(Answer(text="It is 31 degrees warm."), row)
    assert isinstance(found, Score)
    assert 0 <= found <= 1
    assert judge.calls == 1


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        (SMOLLM2, {"enum": ["A", "B", "tie"]}),
        (SMOLLM2, {"type": "integer", "minimum": 1, "maximum": 5}),
        (SMOLLM2, {"type": "string", "minLength": 40, "maxLength": 45}),
        (SMOLLM2, {"type": ["string", "null"]}),
        (SMOLLM2, {"type": "number", "minimum": 0.25, "maximum": 0.75}),
        (SMOLLM2, {"anyOf": [{"type": "number", "minimum": 2, "maximum": 3}, {"const": "none"}]}),
        (SMOLLM2, {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}),
        (SMOLLM2, {"$ref": "#/$defs/note"}),
        (GEMMA3, {"type": "number"}),
        (GEMMA3, {"type": "integer", "minimum": 7}),
        (GEMMA3, {"type": "string"}),
    ],
    ids=str,
)
def test_answer_fits_its_schema_and_ends(wire: RuntimeClient, model: str, schema: dict[str, Any]) -> None:
    """Texts and numbers that a schema leaves open do not run on to the limit of tokens."""
    note = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    whole = {
        "type": "object",
        "properties": {"verdict": schema},
        "required": ["verdict"],
        "additionalProperties": False,
        "$defs": {"note": {**note, "additionalProperties": False}},
    }
    answer = asked_for(wire, model, whole, "Tell me a long story about numbers: 1.0000000000")
    assert answer.stop_reason == "end_turn"
    Draft202012Validator(whole).validate(json.loads(answer.text))


def test_stream_keeps_to_its_schema(wire: RuntimeClient) -> None:
    """ConverseStream is held to the schema as Converse is."""
    structure = {"jsonSchema": {"schema": json.dumps({"enum": ["good", "bad"]})}}
    events = wire.converse_stream(
        modelId=SMOLLM2,
        messages=[{"role": "user", "content": [{"text": "hi"}]}],
        outputConfig={"textFormat": {"type": "json_schema", "structure": structure}},
    )["stream"]
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert json.loads("".join(pieces)) in {"good", "bad"}


def test_what_a_schema_settles_stays() -> None:
    """Limits are put only where there are none, and a property may have any name."""
    number = {"type": "number", "multipleOf": 5, "exclusiveMinimum": 0, "maximum": 50}
    settled = {"properties": {"type": {"type": "string", "maxLength": 3}, "n": number, "b": {"type": "boolean"}}}
    written = grammar_of(settled, 50).partition("%json ")[2]
    assert json.loads(written) == {**settled, "x-guidance": {"whitespace_flexible": False}}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "nonsense"}, "The JSON Schema at outputConfig.textFormat is not valid: 'nonsense' is not valid"),
        ("{", "The JSON Schema at outputConfig.textFormat is not valid JSON."),
        ([], "is not valid"),
        (True, "must be an object"),
    ],
    ids=["type", "no JSON", "list", "truth value"],
)
def test_what_is_no_schema_is_refused(schema: object, reason: str) -> None:
    """A schema that cannot be one is a ValidationException that says why."""
    with pytest.raises(Fault) as caught:
        schema_of(of(schema))
    assert (caught.value.error, reason in caught.value.message) == ("ValidationException", True)


def test_schema_that_the_runner_cannot_keep_to_is_an_error(engine: LocalEngine) -> None:
    """Free text is never passed off as an answer of a schema."""
    with pytest.raises(Fault, match="ModelErrorException: The model cannot be kept to this JSON Schema"):
        list(engine.converse(of({"type": "string", "pattern": "(?=a)b"})))
