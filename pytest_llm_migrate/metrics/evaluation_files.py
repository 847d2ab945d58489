"""The files of Bedrock Evaluations: responses written for a job of one side, and the scores that a job wrote."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import EvaluationFilesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_llm_migrate.domain import SideName

MANIFEST = "evaluations.json"
MOST_PROMPTS = 1000
"""Prompts of one evaluation job, and so lines of a file."""
OUTPUTS = "*_output.jsonl"
_EXPORT = "Write one: python -m pytest_llm_migrate evaluations export RUN --out DIR"
_FETCH = "Fetch what the job wrote into it: aws s3 sync s3://BUCKET/PREFIX/output DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """One answer as a job is given it.

    Attributes:
        sample_id: The row.
        prompt: What was asked, as the job's judge sees it.
        response: The answer.
        reference: The ground truth, empty without one.
        category: The group in whose figures the job counts it, empty for none.
    """

    sample_id: str
    prompt: str
    response: str
    reference: str = ""
    category: str = ""

    def line(self, identifier: str) -> dict[str, Any]:
        """Return the row as a line of a job's dataset."""
        more = {"referenceResponse": self.reference, "category": self.category}
        responses = [{"response": self.response, "modelIdentifier": identifier}]
        return {
            "prompt": self.prompt,
            **{name: value for name, value in more.items() if value},
            "modelResponses": responses,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRow:
    """What brings a score back to its row: a job's output names none.

    Attributes:
        sample_id: The row.
        key: Fingerprint of the prompt with the response.
        response: Fingerprint of the response alone.
    """

    sample_id: str
    key: str
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """The dataset of one job.

    Attributes:
        file: Its name within the folder.
        side: The side whose answers it holds.
        identifier: What the job calls the model.
        rows: Its rows in order.
    """

    file: str
    side: SideName
    identifier: str
    rows: tuple[ExportedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobScore:
    """What a job says of one answer.

    Attributes:
        result: Its score; ``None`` where the job calls the metric not applicable.
        explanation: The judge's words.
        response: Fingerprint of the answer that was scored.
    """

    result: float | None
    explanation: str
    response: str


def fingerprint(*texts: str) -> str:
    """Return what tells texts apart, whatever blanks and line ends a service changes in them."""
    plain = "\0".join(" ".join(text.split()) for text in texts)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def write_export(folder: Path, side: SideName, identifier: str, rows: Sequence[EvaluationRow]) -> list[ExportedFile]:
    """Write the datasets of one side's jobs, `MOST_PROMPTS` lines each at most."""
    parts = [rows[start : start + MOST_PROMPTS] for start in range(0, len(rows), MOST_PROMPTS)]
    found = []
    for number, part in enumerate(parts, 1):
        name = f"{side}.jsonl" if len(parts) == 1 else f"{side}-{number}.jsonl"
        # ASCII escapes: half of a surrogate pair, which an answer may hold, has no bytes of its own.
        lines = [json.dumps(row.line(identifier)) + "\n" for row in part]
        (folder / name).write_text("".join(lines), encoding="ascii")
        found.append(
            ExportedFile(file=name, side=side, identifier=identifier, rows=tuple(_exported(row) for row in part))
        )
    return found


def _exported(row: EvaluationRow) -> ExportedRow:
    key = fingerprint(row.prompt, row.response)
    return ExportedRow(sample_id=row.sample_id, key=key, response=fingerprint(row.response))


def write_manifest(folder: Path, files: Sequence[ExportedFile], **about: str) -> None:
    """Write what brings scores back to their rows."""
    record = {"schema_version": 1, **about, "files": [asdict(file) for file in files]}
    (folder / MANIFEST).write_text(json.dumps(record, indent=1) + "\n", encoding="ascii")


def read_manifest(folder: Path) -> list[ExportedFile]:
    """Read the manifest of an export; raises `EvaluationFilesError` where there is none that can be read."""
    try:
        record = json.loads((folder / MANIFEST).read_text(encoding="ascii"))
        return [
            ExportedFile(**{**item, "rows": tuple(ExportedRow(**row) for row in item["rows"])})
            for item in record["files"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationFilesError(folder, f"it holds no {MANIFEST} of an export", _EXPORT) from error


def read_scores(folder: Path, metric: str) -> dict[tuple[SideName, str], JobScore]:
    """Return what jobs say in one metric, by side and row; output files may lie at any depth of the folder.

    Raises `EvaluationFilesError` where there is no export, no output, no such metric, or more than one score of a row.
    """
    files = read_manifest(folder)
    outputs = sorted(folder.rglob(OUTPUTS))
    if not outputs:
        raise EvaluationFilesError(folder, f"it holds no {OUTPUTS} of an evaluation job", _FETCH)
    found: dict[tuple[str, str], list[JobScore]] = defaultdict(list)
    known: set[str] = set()
    for record in _records(outputs):
        names, score = _score_of(record, metric)
        known |= names
        if score:
            found[score[0]].append(score[1])
    if metric not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise EvaluationFilesError(folder, f"its jobs did not score {metric!r}", f"They scored: {listed}.")
    return dict(_joined(folder, files, found))


def _records(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise EvaluationFilesError(f"{path}:{number}", "the line is not JSON", _FETCH) from error
                if isinstance(record, dict):
                    yield record


def _score_of(record: dict[str, Any], metric: str) -> tuple[set[str], tuple[tuple[str, str], JobScore] | None]:
    """Return the metrics of one line, and its score in one of them with what the line is known by."""
    scores = {
        str(score.get("metricName")).removeprefix("Builtin."): score
        for score in (record.get("automatedEvaluationResult") or {}).get("scores") or ()
    }
    given = record.get("inputRecord") or {}
    responses = given.get("modelResponses") or record.get("modelResponses") or ()
    if metric not in scores or not responses:
        return set(scores), None
    text, identifier = str(responses[0].get("response")), str(responses[0].get("modelIdentifier"))
    said = [str(item.get("explanation") or "") for item in scores[metric].get("evaluatorDetails") or ()]
    result = scores[metric].get("result")
    number = float(result) if isinstance(result, (int, float)) else None
    score = JobScore(result=number, explanation=" ".join(filter(None, said)), response=fingerprint(text))
    return set(scores), ((identifier, fingerprint(str(given.get("prompt")), text)), score)


def _joined(
    folder: Path, files: Sequence[ExportedFile], found: dict[tuple[str, str], list[JobScore]]
) -> Iterator[tuple[tuple[SideName, str], JobScore]]:
    """Yield every score under its row; rows with the same prompt and answer take theirs in order."""
    rows: dict[tuple[str, str], list[tuple[SideName, str]]] = defaultdict(list)
    for file in files:
        for row in file.rows:
            rows[file.identifier, row.key].append((file.side, row.sample_id))
    for key, places in rows.items():
        scores = found.get(key, [])
        if len(scores) > len(places):
            fault = f"it holds {len(scores)} scores of row {places[0][1]!r} on the {places[0][0]} side"
            raise EvaluationFilesError(folder, fault, "Keep the output of one job a file.")
        yield from zip(places, scores, strict=False)
