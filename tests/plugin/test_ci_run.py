"""The CI run that a run of tests belongs to."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.plugin.ci_run import ci_run

GIVEN = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "12"}


def test_a_run_of_github_actions_has_an_address() -> None:
    """Server, repository and number make the address."""
    assert ci_run(GIVEN) == "https://github.com/acme/shop/actions/runs/12"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"GITHUB_SERVER_URL": "http://github.com"},
        {"GITHUB_SERVER_URL": "https://me:secret@github.com"},
        {"GITHUB_REPOSITORY": 'acme/"><script>'},
        {"GITHUB_REPOSITORY": ""},
        {"GITHUB_RUN_ID": "12/../13"},
        {"GITHUB_RUN_ID": "12\n"},
    ],
    ids=repr,
)
def test_what_is_no_plain_address_is_none(given: dict[str, str]) -> None:
    """Nothing else in the environment becomes a link."""
    assert ci_run(given and GIVEN | given) is None
