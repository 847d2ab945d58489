"""What is left out of references, sentences and command lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import MissingRecordingError, UnpricedBudgetError, masked, without_secrets

ARN = "arn:aws:bedrock:us-east-1:918273645546:application-inference-profile/a1b2c3d4e5f6"
SHOWN = "arn:aws:bedrock:us-east-1:<account>:application-inference-profile/a1b2c3d4e5f6"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ARN, SHOWN),
        (f"bedrock:{ARN}", f"bedrock:{SHOWN}"),
        (f"{ARN} in us-east-1", f"{SHOWN} in us-east-1"),
        (f"test_row[{ARN}-r1]", f"test_row[{SHOWN}-r1]"),
        ("arn:aws-us-gov:sagemaker:x:918273645546:endpoint/e", "arn:aws-us-gov:sagemaker:x:<account>:endpoint/e"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",) * 2,
        ("us.amazon.nova-lite-v1:0",) * 2,
        ("row 202601010001",) * 2,
    ],
)  # fmt: skip
def test_account_of_an_arn_is_masked(text: str, shown: str) -> None:
    """Only the account id of an ARN goes; region, resource and everything else stay."""
    assert masked(text) == shown


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    """A masked text is left alone."""
    assert masked(masked(text + ARN)) == masked(text + ARN)
    assert without_secrets(without_secrets(text)) == without_secrets(text)


@pytest.mark.parametrize(
    "error",
    [UnpricedBudgetError(ARN), MissingRecordingError(ARN, "r1", missing=1, why="none was ever made")],
)
def test_sentence_names_no_account(error: Exception) -> None:
    """Whatever an error is about, its sentence does not say whose account it is in."""
    assert SHOWN in str(error)
    assert "918273645546" not in str(error)


def test_command_line_names_no_account_and_no_key() -> None:
    """Accounts in bucket names and keys given as options are masked, too."""
    said = without_secrets("pytest --bucket s3://data-918273645546/x -o key=AKIAZ7PLANTEDKEY42QX tests/llm -n 4")
    assert said == "pytest --bucket s3://data-<account>/x -o key=<key> tests/llm -n 4"
