"""The order in which a lane calls its jobs."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.answers.calling import Job
from pytest_llm_migrate.answers.waiting import WaitingJobs
from tests.answers.asking import asking


def waiting(keys: str) -> tuple[WaitingJobs, dict[str, Job]]:
    """Return jobs that wait in the order of their one-letter keys, and each by its key."""
    jobs = {key: Job(key=key, request=asking(key), ordinal=place, reserve=None) for place, key in enumerate(keys)}
    line = WaitingJobs()
    for job in jobs.values():
        line.add(job)
    return line, jobs


def order(line: WaitingJobs, most: int = 99, reach: float = math.inf) -> str:
    """Return the keys of the first jobs, in order."""
    return "".join(line.first(most, reach))


def test_those_waited_for_come_first_in_the_order_of_the_waits() -> None:
    """Where many wait, none of them overtakes another: the first row's test is not the last to go on."""
    line, jobs = waiting("abcdef")
    for key in "ecfe":
        line.hurry(jobs[key])
    assert order(line) == "ecfabd"


def test_only_those_nobody_waits_for_are_kept_back() -> None:
    """A window on the ordinals holds for them alone; what somebody waits for is called wherever it stands."""
    line, jobs = waiting("abcdef")
    line.hurry(jobs["f"])
    assert order(line, reach=2) == "fab"
    assert order(line, most=2) == "fa"


def test_a_further_attempt_goes_before_its_like() -> None:
    """What is due again is called next, though not before what somebody waits for; a last round comes last."""
    line, jobs = waiting("abcd")
    line.hurry(jobs["d"])
    for key in "ca":
        line.pop(key)
    line.return_first(jobs["c"])
    line.add(jobs["a"])
    assert order(line) == "dcba"


def test_a_job_that_has_ended_is_not_called_again() -> None:
    """Whoever waits for an earlier job of the same key gets what it came back with; the later one keeps its place."""
    line, jobs = waiting("abc")
    ended = Job(key="c", request=asking("c"), ordinal=9, reserve=None)
    line.hurry(ended)
    assert order(line) == "abc"
    assert line.get("c") is jobs["c"]


@given(st.permutations("abcdef"), st.sets(st.sampled_from("abcdef")))
def test_none_is_lost(waits: list[str], taken: set[str]) -> None:
    """Whoever waits and whatever is taken, the others are there once."""
    line, jobs = waiting("abcdef")
    for key in waits[:3]:
        line.hurry(jobs[key])
    assert {key for key in taken if line.pop(key)} == taken
    left = set("abcdef") - taken
    assert {key for key in "abcdef" if line.get(key)} == left == set(order(line))
    assert len(line) == len(left)
    assert {job.key for job in line.clear()} == left
    assert not line
