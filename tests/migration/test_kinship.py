"""Judges that are kin to what they judge."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.migration.kinship import kinship_warnings

CLAUDE, NOVA, MICRO = "anthropic.claude-3-haiku-20240307-v1:0", "us.amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"


@pytest.mark.parametrize(
    ("judge", "source", "target", "said"),
    [
        ("meta.llama3-8b-instruct-v1:0", CLAUDE, NOVA, []),
        ("local:smollm2-135m", "recorded", "local:smollm2-135m", ["the judge is the target model itself"]),
        ("eu.amazon.nova-lite-v1:0", CLAUDE, NOVA, ["the judge is the target model itself"]),
        (NOVA, NOVA, NOVA, ["the judge is the source and the target model itself"]),
        (MICRO, CLAUDE, NOVA, [f"the judge {MICRO} is of the target's family (amazon)"]),
        (MICRO, "recorded", CLAUDE, []),
        ("amazon.nova-pro-v1:0", MICRO, NOVA, []),
        ("sagemaker:judge", "sagemaker:one", "sagemaker:two", []),
    ],
)
def test_kin_is_warned_of(judge: str, source: str, target: str, said: list[str]) -> None:
    """A judge that is a side's model, or of the family of one side and not of the other's."""
    terms = {"judges": [judge], "source": {"ref": source}, "target": {"ref": target}}
    found = list(kinship_warnings(terms))
    assert len(found) == len(said)
    assert all(text.startswith(start) for text, start in zip(found, said, strict=True))


def test_a_run_without_judges_has_no_kin() -> None:
    """Nothing is said where nobody judges."""
    assert list(kinship_warnings({"source": {"ref": NOVA}, "target": {"ref": NOVA}})) == []
