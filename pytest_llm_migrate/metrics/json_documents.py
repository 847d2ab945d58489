"""Whether an answer is JSON, and of the shape that it should have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.json_text import parse, parse_answer
from pytest_llm_migrate.metrics.reasons import quoted, shortened
from pytest_llm_migrate.metrics.reference import SettledMetric

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from pytest_llm_migrate.domain import Answer, Row

_LOOKED_AT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonValid(SettledMetric):
    """1 when the answer is JSON, else 0; no ground truth is needed.

    The JSON may stand alone, in one code block, or as the one object in prose. What leaves its meaning to the
    reader (``NaN``, a key given twice) is not JSON.

    Attributes:
        strict: Whether the whole answer must be JSON, without fence or prose.
    """

    name: str = "json_valid"
    strict: bool = False

    def score(self, answer: Answer, row: Row) -> Score:  # noqa: ARG002 - the answer alone decides
        """Return 1 or 0."""
        try:
            _read(answer.text, strict=self.strict)
        except ValueError as error:
            return Score(0.0, f"not JSON: {error}")
        return Score(1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(SettledMetric):
    """1 when the answer is JSON that a JSON Schema allows, else 0.

    The JSON is looked for as in `JsonValid`. The schema's ``$schema`` names its draft, 2020-12 where it has none;
    ``format`` is a remark and not checked, and a ``$ref`` that leads out of the schema is a score failure.

    Attributes:
        schema: The schema of every row.
        column: The column that holds each row's schema, as an object or as JSON text, where no schema is given.
        strict: Whether the whole answer must be JSON, without fence or prose.
    """

    name: str = "json_schema"
    schema: Mapping[str, Any] | bool | None = field(default=None, hash=False)
    column: str = "json_schema"
    strict: bool = False

    def __post_init__(self) -> None:
        """Refuse a schema that is none, with `MetricDefinitionError`."""
        if self.schema is not None:
            try:
                _validator(self.schema)
            except ValueError as error:
                raise MetricDefinitionError(self.name, f"its schema cannot be used: {error}") from None

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when the row has no schema that can be used."""
        schema = row.get(self.column) if self.schema is None else self.schema
        if schema is None:
            return ScoreFailure(reason=f"the row has no schema in column {self.column!r}")
        try:
            validator = _validator(parse(schema) if isinstance(schema, str) else schema)
        except ValueError as error:
            return ScoreFailure(reason=f"the schema {quoted(_shown(schema))} cannot be used: {error}")
        try:
            return _verdict(validator, _read(answer.text, strict=self.strict))
        except ValueError as error:
            return Score(0.0, f"not JSON: {error}")


def _read(text: str, *, strict: bool) -> Any:
    return parse(text) if strict else parse_answer(text)


def _validator(schema: Any) -> Validator:
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - a session without it does not pay
    from jsonschema.validators import validator_for  # noqa: PLC0415 - likewise
    from referencing import Registry  # noqa: PLC0415 - likewise

    if not isinstance(schema, (Mapping, bool)):
        raise ValueError("it is no object")  # noqa: TRY004 - whoever asks reads one kind of error
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(cast(Any, schema))
    except SchemaError as error:
        raise ValueError(shortened(error.message)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # An empty registry: a schema of a dataset must not make this machine fetch addresses.
    return kind(schema, registry=Registry())


def _verdict(validator: Validator, value: Any) -> Score | ScoreFailure:
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - a session without it does not pay for it
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - likewise

    try:
        error = best_match(islice(validator.iter_errors(value), _LOOKED_AT))
    except Unresolvable as missing:
        return ScoreFailure(reason=f"the schema refers to {quoted(missing.ref)}, which is not in it")
    except RecursionError:
        return Score(0.0, "it is nested too deeply to be held against the schema")
    if error is None:
        return Score(1.0)
    return Score(0.0, f"{shortened(error.json_path)}: {shortened(error.message)}")


def _shown(schema: Any) -> str:
    return schema if isinstance(schema, str) else json.dumps(schema, default=str)
