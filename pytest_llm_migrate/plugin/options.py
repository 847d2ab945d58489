"""The options: declared in one group, each also an ini option, read once into `Settings`.

House rules: one prefix (`--migration-`) for all but the model and prompt options; help begins with a
capital and ends with the default; a parser is a pure function that raises `argparse.ArgumentTypeError`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.migration.settings import RECORDED, Settings
from pytest_llm_migrate.plugin.fitting import fitting
from pytest_llm_migrate.plugin.places import EXECUTIONS, add_batch_options, batch_place, role_arn, s3_folder
from pytest_llm_migrate.plugin.prompt_options import add_prompt_options, prompt_settings
from pytest_llm_migrate.plugin.signoff_options import add_signoff_options, signoff_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain.batch import BatchPlace

GROUP = "llm-migrate"
LATENCY_ROWS = 60
UNDECIDED = ("fail", "warn")
TRIALS = 200
MODES = ("auto", "replay", "fresh")


def add_options(parser: pytest.Parser) -> None:
    """Declare every option, on the command line and for the ini file."""
    group = parser.getgroup(GROUP, "LLM migration regression testing")
    _add_model_options(parser, group)
    add_prompt_options(parser, group)
    _add_answer_options(parser, group)
    add_batch_options(parser, group, lambda *parts: _number(parser, group, *parts))
    _add_verdict_options(parser, group)
    _add_output_options(parser, group)
    add_signoff_options(parser, group)


def _add_model_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--source-model",
        metavar="REF",
        help="Where source answers come from: a Bedrock model id, profile or ARN, local:NAME, or 'recorded' "
        "for the dataset's *_source_llm columns (default: recorded)",
    )
    group.addoption(
        "--target-model",
        metavar="REF",
        action="append",
        help="The model to migrate to; may be given several times (default: none, migration tests are skipped)",
    )
    group.addoption(
        "--judge-model",
        metavar="REF",
        help="The model behind judged metrics and the fixture judge_model (default: none)",
    )
    parser.addini("source_model", "Like --source-model")
    parser.addini("target_model", "Like --target-model; one reference a line", type="linelist")
    parser.addini("judge_model", "Like --judge-model")


def _add_answer_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--migration-answers",
        metavar="MODE",
        help="'auto': recorded and stored answers first, calls for the rest; 'replay': never call; "
        "'fresh': call for all (default: auto)",
    )
    group.addoption(
        "--migration-record",
        action="store_true",
        default=None,
        help="Write the answers used to the recordings beside the suite (default: off)",
    )
    _number(parser, group, "sample", "N", count, "Judge a seeded sample of N rows (default: all rows)")
    _number(parser, group, "repeats", "K", count, "Ask for K answers a row; their mean counts (default: 1)")
    _number(parser, group, "max-cost", "USD", dollars, "Stop before the call that would pass this sum (default: none)")
    _number(parser, group, "concurrency", "N", concurrency, "Calls in flight per model, or 'auto' (default: auto)")
    _number(
        parser,
        group,
        "latency-rows",
        "N",
        whole,
        "Rows whose latency is measured apart, once more and few at a time, where both models are called; "
        "0 for none (default: 60)",
    )
    _number(
        parser, group, "rpm", "N", per_minute, "Calls a minute per model that your quota allows (default: found out)"
    )
    _number(
        parser,
        group,
        "monthly-requests",
        "N",
        count,
        "Project both sides' costs to N requests, by the marker's weight (default: no projection)",
    )
    group.addoption(
        "--migration-latency-cache",
        action="store_true",
        default=None,
        help="Leave prompt caches on in the latency pass, and time what comes out of them (default: off)",
    )
    parser.addini("migration_latency_cache", "Like --migration-latency-cache", type="bool", default=False)
    group.addoption("--migration-prices", metavar="FILE", help="Your own price list (default: the bundled one)")
    group.addoption(
        "--migration-plan",
        action="store_true",
        default=None,
        help="Print rows, calls, tokens, money, minutes, the margins that these rows can prove and the rows that the "
        "gates' margins need, then stop; --migration-json and --migration-summary write it down (default: off)",
    )
    parser.addini("migration_answers", "Like --migration-answers")
    parser.addini("migration_record", "Like --migration-record", type="bool", default=False)
    parser.addini("migration_prices", "Like --migration-prices")
    parser.addini("migration_plan", "Like --migration-plan", type="bool", default=False)


def _add_verdict_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    _number(
        parser,
        group,
        "error-tolerance",
        "SHARE",
        share,
        "A gate cannot judge where more of its rows lack what it judges by, such as 0.05 or 5%% (default: 2%%)",
    )
    group.addoption(
        "--migration-undecided",
        metavar="WHAT",
        help="A gate that says NOT ENOUGH EVIDENCE: 'fail' fails the run, 'warn' warns of it (default: fail)",
    )
    group.addoption(
        "--migration-stop-early",
        action="store_true",
        default=None,
        help="Let gates look at a fifth of the rows more at a time, at an error rate that allows for it, and call for "
        "no more once they know (default: off)",
    )
    parser.addini("migration_stop_early", "Like --migration-stop-early", type="bool", default=False)
    group.addoption(
        "--migration-self-test",
        metavar="TRIALS",
        nargs="?",
        const=TRIALS,
        type=count,
        help="Run the gates on the source against itself, so many times with repeats drawn anew, and print how often "
        f"they raise a false alarm (default: off; {TRIALS} trials where no number is given)",
    )
    parser.addini("migration_undecided", "Like --migration-undecided")
    group.addoption(
        "--migration-attribution",
        action="store_true",
        default=None,
        help="Ask each model with the other's prompt, too, and say what of a change is the prompt's (default: off)",
    )
    parser.addini("migration_attribution", "Like --migration-attribution", type="bool", default=False)
    parser.addini("migration_self_test", "Like --migration-self-test; takes a number")


def _add_output_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    for name, what in (("report", "HTML report"), ("json", "results as JSON"), ("summary", "Markdown summary")):
        group.addoption(
            f"--migration-{name}",
            metavar="PATH",
            help=f"Also write the {what} here (default: in the run's folder only)",
        )
        parser.addini(f"migration_{name}", f"Like --migration-{name}")
    group.addoption(
        "--migration-dir",
        metavar="DIR",
        help="The folder for answers, ledger and runs (default: .llm-migrate at the rootdir)",
    )
    parser.addini("migration_dir", "Like --migration-dir")
    group.addoption(
        "--migration-run-by", metavar="NAME", help="Who runs this, for the report (default: nobody is named)"
    )
    parser.addini("migration_run_by", "Like --migration-run-by")


def _number(
    parser: pytest.Parser, group: pytest.OptionGroup, name: str, metavar: str, parse: Callable[[str], Any], text: str
) -> None:
    group.addoption(f"--migration-{name}", metavar=metavar, type=parse, help=text)
    parser.addini(f"migration_{name.replace('-', '_')}", f"Like --migration-{name}")


def count(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number of at least 1, got {text!r}")
    return int(text)


def whole(text: str) -> int:
    """Read a whole number of at least 0."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"takes a whole number of at least 0, got {text!r}")
    return int(text)


def concurrency(text: str) -> int | str:
    """Read a whole number of at least 1, or ``auto``."""
    return text if text == "auto" else count(text)


def per_minute(text: str) -> float:
    """Read a number of calls a minute above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of calls a minute above 0, got {text!r}")
    return value


def share(text: str) -> float:
    """Read a share from 0 to 1, or as a percentage."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        meant = f"; did you mean {text}%?" if 1 < value <= 100 and not text.endswith("%") else ""  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"takes a share from 0 to 1, or from 0% to 100%, got {text!r}{meant}")
    return value


def dollars(text: str) -> float:
    """Read a sum of US dollars above 0."""
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a sum of US dollars above 0, got {text!r}")
    return value


def read_settings(config: pytest.Config) -> Settings:
    """Return the options in force: the command line first, then the ini file, then the defaults.

    Raises:
        pytest.UsageError: An ini value cannot be read, or a choice is none.
    """
    limit, rows = _read(config, "concurrency", concurrency), _read(config, "latency_rows", whole)
    targets = tuple(dict.fromkeys(config.getoption("target_model") or config.getini("target_model")))
    settings = Settings(
        source_model=_text(config, "source_model") or RECORDED,
        target_models=targets,
        judge_model=_text(config, "judge_model"),
        prompt_strategy=_text(config, "prompt_strategy") or "catalog",
        prompt_catalog=_ini_path(config, "prompt_catalog"),
        answers=_choice(_text(config, "migration_answers") or "auto", MODES, "--migration-answers"),
        record=_flag(config, "migration_record"),
        sample=_read(config, "sample", count),
        repeats=_read(config, "repeats", count) or 1,
        max_cost=_read(config, "max_cost", dollars),
        concurrency=None if limit == "auto" else limit,
        latency_rows=LATENCY_ROWS if rows is None else rows,
        latency_cache=_flag(config, "migration_latency_cache"),
        rpm=_read(config, "rpm", per_minute),
        prices=_path(config, "migration_prices"),
        monthly_requests=_read(config, "monthly_requests", count),
        folder=_path(config, "migration_dir") or config.rootpath / ".llm-migrate",
        report=_path(config, "migration_report"),
        json=_path(config, "migration_json"),
        summary=_path(config, "migration_summary"),
        run_by=_text(config, "migration_run_by"),
        plan=_flag(config, "migration_plan"),
        batch=_batch(config),
        error_tolerance=_read(config, "error_tolerance", share),
        undecided=_choice(_text(config, "migration_undecided") or "fail", UNDECIDED, "--migration-undecided"),
        attribution=_flag(config, "migration_attribution"),
        self_test=_read(config, "self_test", count),
        stop_early=_flag(config, "migration_stop_early"),
        **prompt_settings(config),
        **signoff_settings(config, targets),
    )
    return fitting(config, settings)


def _batch(config: pytest.Config) -> BatchPlace | None:
    execution = _choice(_text(config, "migration_execution") or "single", EXECUTIONS, "--migration-execution")
    return batch_place(execution, _read(config, "batch_s3", s3_folder), _read(config, "batch_role", role_arn))


def _text(config: pytest.Config, name: str) -> str | None:
    value = config.getoption(name, None)
    return value if value is not None else (config.getini(name) or None)


def _flag(config: pytest.Config, name: str) -> bool:
    value = config.getoption(name)
    try:
        return bool(config.getini(name) if value is None else value)
    except (ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"ini option {name} takes true or false: {error}") from error


def _read(config: pytest.Config, name: str, parse: Callable[[str], Any]) -> Any:
    value = _text(config, f"migration_{name}")
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"ini option migration_{name} {error}") from error


def _path(config: pytest.Config, name: str) -> Path | None:
    option = config.getoption(name)
    return config.invocation_params.dir / option if option else _ini_path(config, name)


def _ini_path(config: pytest.Config, name: str) -> Path | None:
    value = config.getini(name)
    folder = config.inipath.parent if config.inipath else config.rootpath
    return Path(folder, value) if value else None


def _choice(value: str, known: tuple[str, ...], option: str) -> str:
    if value not in known:
        raise pytest.UsageError(f"{option} takes one of {', '.join(known)}; got {value!r}")
    return value
