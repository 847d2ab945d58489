"""The records of a batch job: read from its input files, answered one by one, written to its output files."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.documents import invalid
from pytest_llm_migrate.models.endpoint.engines import BATCH_RECORD, STATUSES, Breakage, Fault
from pytest_llm_migrate.models.endpoint.families import InvokeWording
from pytest_llm_migrate.models.endpoint.invoke import read_invocation, written_by
from pytest_llm_migrate.models.endpoint.payloads import ConverseWording
from pytest_llm_migrate.models.endpoint.requests import read_converse
from pytest_llm_migrate.models.endpoint.wording import Ending, Gathered, read_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llm_migrate.models.endpoint.engines import Engine
    from pytest_llm_migrate.models.endpoint.objects import Objects

_BROKEN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How batch jobs go; what their records are answered with is up to the rules.

    Attributes:
        duration: Seconds from a job's start to its end: a tenth each submitted, validating and scheduled, the
            rest in progress.
        minimum: The fewest records that a job may have.
        maximum: The most records that a job may have.
        failure: What a job says that ends as ``Failed`` instead of writing its answers; empty where it does not.
    """

    duration: float = 0.0
    minimum: int = 100
    maximum: int = 50_000
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in S3: an object, or all below a prefix."""

    bucket: str
    key: str

    @classmethod
    def of(cls, uri: Any, where: str) -> Location:
        """Return the place that a URI names; raises a ``ValidationException`` fault."""
        scheme, _, path = str(uri).partition("://")
        bucket, _, key = path.partition("/")
        if scheme != "s3" or not bucket:
            raise invalid(f"The value at {where} is not an S3 URI: {uri!r}.")
        return cls(bucket, key)


@dataclass(frozen=True, slots=True)
class Record:
    """One line of an input file.

    Attributes:
        file: The file's name, without its folder.
        document: ``recordId`` and ``modelInput``.
    """

    file: str
    document: dict[str, Any]


def read_records(objects: Objects, place: Location) -> list[Record]:
    """Return the records of a file, or of all files below a prefix; raises a ``ValidationException`` fault."""
    keys = [key for key in objects.keys(place.bucket, place.key) if key.endswith(".jsonl")]
    if place.key and not place.key.endswith("/"):
        keys = [key for key in keys if key == place.key]
    if not keys:
        raise invalid(f"No JSONL file found at s3://{place.bucket}/{place.key}.")
    return [record for key in keys for record in _records(key, objects.read(place.bucket, key))]


def _records(key: str, content: bytes) -> Iterator[Record]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, dict) or not isinstance(found.get("modelInput"), dict):
                raise invalid(f"Line {number} of {key} is not a JSON object with a modelInput.")
            record_id = str(found.get("recordId") or uuid.uuid4().hex[:11])
            yield Record(PurePosixPath(key).name, {**found, "recordId": record_id})


@dataclass(frozen=True, slots=True)
class Answered:
    """A record with its answer or its error, and the tokens that it took."""

    file: str
    document: dict[str, Any]
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def is_good(self) -> bool:
        """Whether it has an answer."""
        return "error" not in self.document


def answer(engine: Engine, record: Record, model: str, invocation: str) -> Answered:
    """Answer a record as Converse or as InvokeModel, which are told apart by ``invocation``."""
    read = read_converse if invocation == "Converse" else read_invocation
    gathered = Gathered()
    try:
        request = replace(read(model, record.document["modelInput"]), operation=BATCH_RECORD)
        finish = read_answer(engine.converse(request), gathered.take)
    except Fault as fault:
        return _failed(record, STATUSES[fault.error], fault.message)
    except Breakage:
        return _failed(record, _BROKEN, "The model stopped before its answer was complete.")
    ending = Ending(finish=finish, served=gathered.served)
    wording = ConverseWording() if invocation == "Converse" else InvokeWording(written_by(model)())
    output = {"modelOutput": wording.whole(gathered.pieces, ending)}
    return Answered(record.file, {**record.document, **output}, finish.input_tokens, finish.output_tokens)


def _failed(record: Record, code: int, message: str) -> Answered:
    return Answered(record.file, {**record.document, "error": {"errorCode": code, "errorMessage": message}})


def write_answers(objects: Objects, place: Location, job: str, total: int, answers: Iterable[Answered]) -> None:
    """Write the answers, a file for each input file, and the manifest, all in the job's own folder."""
    folder = f"{place.key.rstrip('/')}/{job}".lstrip("/")
    files: dict[str, list[str]] = {}
    for answered in answers:
        files.setdefault(answered.file, []).append(json.dumps(answered.document) + "\n")
    for name, lines in files.items():
        objects.write(place.bucket, f"{folder}/{name}.out", "".join(lines).encode())
    manifest = json.dumps(_manifest(total, list(answers))).encode()
    objects.write(place.bucket, f"{folder}/manifest.json.out", manifest)


def _manifest(total: int, answers: list[Answered]) -> dict[str, int]:
    good = sum(answered.is_good for answered in answers)
    return {
        "totalRecordCount": total,
        "processedRecordCount": len(answers),
        "successRecordCount": good,
        "errorRecordCount": len(answers) - good,
        "inputTokenCount": sum(answered.input_tokens for answered in answers),
        "outputTokenCount": sum(answered.output_tokens for answered in answers),
    }
