"""Looks at rows block by block: which rows each sees, and how sure it is."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Dataset, Ruling, Verdict
from pytest_llm_migrate.migration.looks import looks_of
from pytest_llm_migrate.migration.migration import Terms
from tests.migration.parts import row


def terms(values: list[dict[str, Any]], **given_terms: Any) -> Terms:
    """Return the terms of a migration on rows with these values."""
    rows = tuple(row(f"r{place:03}", **each) for place, each in enumerate(values))
    dataset = Dataset(path="rows.csv", sha256="", rows=rows, columns=("sample_id",))
    known: dict[str, Any] = {"slices": (), **given_terms}
    return Terms(
        id="m",
        name="m",
        nodeid="t.py",
        dataset=dataset,
        dataset_rows=len(rows),
        source={},
        target={},
        metrics=(),
        **known,
    )


def verdict(ruling: Ruling, **figures: Any) -> Verdict:
    """Return a verdict of one sentence."""
    statement = f"Quality moved.{figures.get('conditions', '') and ' ' + figures['conditions']}"
    return Verdict(ruling=ruling, gate="gate", statement=statement, detail="n=24", figures=figures)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=80))
def test_looks_grow_to_all_rows(values: list[str]) -> None:
    """Each look sees the rows of the one before and more, in the dataset's order, and the last sees all."""
    asked = terms([{"channel": value} for value in values], slices=("channel",))
    looks = looks_of(asked)
    seen = [[each.sample_id for each in look.rows] for look in looks]
    assert seen[-1] == [each.sample_id for each in asked.dataset.rows]
    assert all(set(before) < set(after) for before, after in itertools.pairwise(seen))
    assert all(ids == sorted(ids) for ids in seen)
    assert [look.is_last for look in looks] == [False] * (len(looks) - 1) + [True]
    assert tuple(map(len, seen)) == looks[0].ends


def test_every_look_is_balanced() -> None:
    """A slice of a tenth of the rows has a tenth of every look, to the row."""
    values = [{"channel": "rare" if place < 20 else "common"} for place in range(200)]
    looks = looks_of(terms(values, slices=("channel",)))
    assert [sum(each["channel"] == "rare" for each in look.rows) for look in looks] == [4, 8, 12, 16, 20]


def test_clusters_stay_together() -> None:
    """Rows that belong together are seen together."""
    looks = looks_of(terms([{"user": f"u{place % 10}"} for place in range(60)], cluster="user"))
    assert looks[0].ends == (12, 24, 36, 48, 60)
    for look in looks:
        users = [each["user"] for each in look.rows]
        assert {users.count(user) for user in users} == {6}


def test_levels_keep_the_error_rate() -> None:
    """Early looks are surer than late ones, all of them surer than what one is asked for, and one alone is not."""
    looks = looks_of(terms([{}] * 100))
    levels = [look.level(0.975) for look in looks]
    assert levels == pytest.approx([0.9999995, 0.99961, 0.99632, 0.98899, 0.97887], abs=1e-5)
    (only,) = looks_of(terms([{}]))
    assert only.level(0.95) == 0.95
    assert looks[0].level(95) == 95


def test_what_a_stopped_gate_says() -> None:
    """The last of several GOs, and every NO-GO, says that it stopped early; conditions of times stay at the end."""
    look = looks_of(terms([{}] * 100))[1]
    timed = verdict(Ruling.GO, confidence=0.998, conditions="Times were kept.")
    first, last = look.shown([verdict(Ruling.GO, confidence=0.998), timed])
    assert first.statement == "Quality moved."
    assert first.detail == "n=24; look 2 of 5 (40 of 100 rows), one-sided 99.8% at this look"
    assert last.statement.startswith("Quality moved. It stopped early, after 40 of 100 rows: ")
    assert last.statement.endswith(" on average. Times were kept.")
    refused, _ = look.shown([verdict(Ruling.NO_GO), verdict(Ruling.GO)])
    assert "It stopped early" in refused.statement
    assert refused.detail == "n=24; look 2 of 5 (40 of 100 rows)"
    (whole,) = looks_of(terms([{}] * 100))[-1].shown([verdict(Ruling.GO)])
    assert whole.statement == "Quality moved."
