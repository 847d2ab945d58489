"""Let Amazon Bedrock Evaluations score the answers of a run: write its datasets, and start its jobs."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.errors import EvaluationFilesError, ReportFileError, UnknownNameError, counted
from pytest_llm_migrate.metrics.evaluation_files import EvaluationRow, read_manifest, write_export, write_manifest
from pytest_llm_migrate.metrics.material import is_nothing, told
from pytest_llm_migrate.report.again import StoredRows, stored_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import SideName
    from pytest_llm_migrate.metrics.evaluation_files import ExportedFile

METRICS = (
    "Correctness",
    "Completeness",
    "Faithfulness",
    "Helpfulness",
    "Coherence",
    "Relevance",
    "FollowingInstructions",
    "ProfessionalStyleAndTone",
    "Harmfulness",
    "Stereotyping",
    "Refusal",
)
"""What judges of Bedrock Evaluations score."""
_EPILOG = """\
1. evaluations export RUN --out DIR
   writes one dataset (two or more where there are over 1,000 rows) for each side. A job's judge sees as prompt
   what the row gives: its only input, or each input under its name; the ground truth as reference response.
2. evaluations create DIR --s3 s3://bucket/prefix --role ARN --evaluator-model ID
   checks the requests, uploads the datasets and starts a job for each. The console does the same by hand.
3. aws s3 sync s3://bucket/prefix/output DIR/output
   once the jobs have ended.
4. metrics=[bedrock_evaluations("DIR", metric="Correctness")]
   in the marker, from pytest_llm_migrate.metrics, DIR seen from the test file: each answer has the score that a job
   gave it.
"""
_LONGEST_REF = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``evaluations``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    export = _action(actions, "export", "Write the answers of a run as datasets, one job a side.", _export)
    export.add_argument("folder", metavar="RUN", type=Path, help="The run's folder, such as .llm-migrate/runs/RUN.")
    export.add_argument("--out", metavar="DIR", type=Path, required=True, help="Where to; made where it is missing.")
    export.add_argument(
        "--migration", metavar="NAME", help="Which migration, by name or id, where the run has several."
    )
    create = _action(actions, "create", "Upload an export and start its evaluation jobs.", _create)
    create.add_argument("folder", metavar="DIR", type=Path, help="The folder of the export.")
    create.add_argument(
        "--s3", metavar="URI", required=True, help="s3://bucket/prefix for the datasets, and output/ below it."
    )
    create.add_argument(
        "--role", metavar="ARN", required=True, help="The IAM role that Bedrock reads and writes there with."
    )
    create.add_argument("--evaluator-model", metavar="ID", required=True, help="The judge's model id or ARN.")
    create.add_argument(
        "--metric",
        dest="metrics",
        metavar="NAME",
        action="append",
        help=f"May be given several times: {', '.join(METRICS)} (default: Correctness).",
    )
    create.add_argument("--dry-run", action="store_true", help="Check and print the requests, and send nothing.")


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Carry out an action; raises a `MigrateError` for what a user can mend."""
    options.action(options, out)
    return 0


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    act: Callable[[argparse.Namespace, TextIO], None],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary, description=summary)
    parser.set_defaults(action=act)
    return parser


def _export(options: argparse.Namespace, out: TextIO) -> None:
    results = stored_results(options.folder)
    migration = _chosen(results["migrations"], options.migration, options.folder)
    rows = [row for row in StoredRows(options.folder / "rows.jsonl") if row["migration"] == migration["id"]]
    files: list[ExportedFile] = []
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for side in SIDES:
            written = list(filter(None, (_row(row, side, migration) for row in rows)))
            files += write_export(options.out, side, _identifier(side, migration), written)
            left = len(rows) - len(written)
            lacking = f", {left} without a text left out" if left else ""
            out.write(f"{side}: {counted(len(written), 'answer')}{lacking}\n")
        write_manifest(options.out, files, run=results["run"]["id"], migration=migration["id"])
    except OSError as error:
        raise ReportFileError(options.out, error.strerror or str(error)) from error
    out.writelines(f"{options.out / file.file}: {counted(len(file.rows), 'prompt')}\n" for file in files)


def _chosen(migrations: Sequence[dict[str, Any]], name: str | None, path: Path) -> dict[str, Any]:
    found = [item for item in migrations if name is None or name in {item["name"], item["id"]}]
    if len(found) == 1:
        return found[0]
    ids = [item["id"] for item in migrations]
    if name and not found:
        raise UnknownNameError("migration", name, ids)
    fault = f"the run has {counted(len(found), 'migration')}{' of this name' if name else ''}"
    raise EvaluationFilesError(path, fault, f"Name one with --migration: {', '.join(ids)}." if ids else "")


def _identifier(side: SideName, migration: Mapping[str, Any]) -> str:
    return re.sub(r"[^a-zA-Z0-9._-]+", "-", f"{side}-{migration[side]['ref']}")[:_LONGEST_REF]


def _row(row: Mapping[str, Any], side: SideName, migration: Mapping[str, Any]) -> EvaluationRow | None:
    text = row[side].get("text", "")
    if not text.strip():
        return None
    truth = row["reference"]
    columns = [str(row["slices"][name]) for name in migration["slices"] if not is_nothing(row["slices"].get(name))]
    accepted = truth if isinstance(truth, list) else [truth]
    return EvaluationRow(
        sample_id=row["sample_id"],
        prompt=_prompt(row["inputs"]),
        response=text,
        reference=" or ".join(told(item) for item in accepted if not is_nothing(item)),
        category=columns[0] if columns else "",
    )


def _prompt(inputs: Mapping[str, Any]) -> str:
    given = {name: told(value) for name, value in inputs.items() if not is_nothing(value)}
    return "\n\n".join(given.values() if len(given) == 1 else _labelled(given))


def _labelled(given: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{name}: {text}" for name, text in given.items())


def _create(options: argparse.Namespace, out: TextIO) -> None:
    from pytest_llm_migrate.models.evaluations import EvaluationJob, check_request, start_job  # noqa: PLC0415 - boto3

    metrics = tuple(_metric(name) for name in options.metrics or ("Correctness",))
    files = read_manifest(options.folder)
    jobs = [
        EvaluationJob(
            name=f"{options.folder.resolve().name}-{Path(file.file).stem}",
            identifier=file.identifier,
            dataset=(options.folder / file.file).read_bytes(),
            file=file.file,
        )
        for file in files
    ]
    requests = [job.request(options.s3, options.role, options.evaluator_model, metrics) for job in jobs]
    for request in requests:  # all of them before the first is sent
        check_request(request)
    for job, request in zip(jobs, requests, strict=True):
        if options.dry_run:
            out.write(f"{json.dumps(request, indent=2)}\n")
        else:
            out.write(f"{job.file}: evaluation job {start_job(job, request)} ({request['jobName']})\n")
    if not options.dry_run:
        out.write(f"once they ended: aws s3 sync {options.s3.rstrip('/')}/output {options.folder / 'output'}\n")


def _metric(name: str) -> str:
    bare = name.removeprefix("Builtin.")
    if bare not in METRICS:
        raise UnknownNameError("metric", bare, METRICS)
    return bare
