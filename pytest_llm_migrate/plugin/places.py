"""The options of batch inference: where its files lie, and the role that reads them, which no file may hold."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain.batch import BatchPlace

EXECUTIONS = ("single", "batch")
_FOLDER = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s]*)?")
_ROLE = re.compile(r"arn:aws(-[a-z]+)*:iam::\d{12}:role/.+")
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::[^\s'\"]+")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


def add_batch_options(
    parser: pytest.Parser, group: pytest.OptionGroup, add: Callable[[str, str, Callable[[str], str], str], None]
) -> None:
    """Declare the options; ``add`` declares one that has a parser."""
    group.addoption(
        "--migration-execution",
        metavar="HOW",
        help="'single': a call an answer; 'batch': Bedrock batch jobs, at batch prices and without latencies, where "
        "there are enough rows for one (default: single)",
    )
    parser.addini("migration_execution", "Like --migration-execution")
    add("batch-s3", "s3://BUCKET/PREFIX", s3_folder, "Where batch jobs read and write their files (default: none)")
    add("batch-role", "ARN", role_arn, "The IAM role that batch jobs read and write with (default: none)")


def s3_folder(text: str) -> str:
    """Read the URI of a bucket, or of a folder in one."""
    if not _FOLDER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"takes a folder in S3, such as s3://bucket/prefix, got {text!r}")
    return text.rstrip("/")


def role_arn(text: str) -> str:
    """Read an IAM role's ARN."""
    if not _ROLE.fullmatch(text):
        given = _ACCOUNT.sub("<account>", text)
        raise argparse.ArgumentTypeError(f"takes an IAM role's ARN, such as arn:aws:iam::...:role/NAME, got {given!r}")
    return text


def batch_place(execution: str, folder: str | None, role: str | None) -> BatchPlace | None:
    """Return where batch jobs have their files, ``None`` where answers are called for one by one.

    Raises:
        pytest.UsageError: Batch jobs are asked for, and the folder or the role is not given.
    """
    if execution == "single":
        return None
    from pytest_llm_migrate.domain.batch import BatchPlace

    missing = [
        option
        for option, given in (("--migration-batch-s3 s3://BUCKET/PREFIX", folder), ("--migration-batch-role ARN", role))
        if not given
    ]
    if folder is None or role is None:
        raise pytest.UsageError(f"--migration-execution batch needs {' and '.join(missing)}")
    return BatchPlace(folder=folder, role=role)


def without_role(text: str) -> str:
    """Return a command line without the ARNs of roles."""
    return _ROLE_ARN.sub("<role>", text)
