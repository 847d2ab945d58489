"""Two prompts side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.report.prompt_diff import compared, prompt_pair
from tests.report.sample import sample


def test_parts_and_origin() -> None:
    """Both prompts stand in their parts, with what differs and where each comes from."""
    found = prompt_pair(sample(sizes=(3, 1, 1))[0]["migrations"][0])
    assert found is not None
    assert [(part.name, part.is_same) for part in found.parts] == [
        ("System", False),
        ("Example 1", True),
        ("User", False),
    ]
    assert found.parts[2].source == [("{{ ticket }}", False)]
    assert found.parts[2].target == [("<ticket>\n", True), ("{{ ticket }}", False), ("\n</ticket>", True)]
    assert "as written" in str(found.source)
    assert "written by strategy rules" in str(found.target)


def test_a_side_without_a_prompt() -> None:
    """Where rows brought their own prompt there is nothing to compare."""
    migration = sample(sizes=(3, 1, 1))[0]["migrations"][0]
    migration["source"]["prompt"] = None
    found = prompt_pair(migration)
    assert found is not None
    assert found.source is None
    assert not any(part.source for part in found.parts)
    migration["target"]["prompt"] = None
    assert prompt_pair(migration) is None


def test_texts_too_long_to_compare_stand_unmarked() -> None:
    """Nothing is marked, and nothing is lost."""
    long = "word " * 5000
    assert compared(long, "short") == ([(long, False)], [("short", False)])


@given(st.text("ab \n.<", max_size=40), st.text("ab \n.<", max_size=40))
def test_runs_make_up_the_texts(source: str, target: str) -> None:
    """Joined again, runs are the texts; equal texts have no mark."""
    left, right = compared(source, target)
    assert "".join(text for text, _ in left) == source
    assert "".join(text for text, _ in right) == target
    assert (source == target) <= (not any(differs for _, differs in [*left, *right]))
