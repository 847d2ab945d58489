"""Answers from batch jobs: sent, joined, split, read in any order, and called for one by one where no job has them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_llm_migrate.answers import Desk, Mode
from pytest_llm_migrate.answers.jobs import NewJob
from pytest_llm_migrate.answers.ledger import Wanted
from pytest_llm_migrate.domain import Answer
from tests.answers.asking import FakeModel, Prices, asking, questions, texts
from tests.answers.batching import PLACE, QUICK, BatchingModel, FakeBatches, failing, failure, terms
from tests.answers.conftest import ONE_ATTEMPT

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain import BatchPlace, Outcome
    from tests.answers.conftest import OpenStore

NAMES = ("a", "b", "c", "d")


class OpenBatchDesk(Protocol):
    """Opens a desk that uses batch jobs."""

    def __call__(
        self,
        *,
        run: str = "run",
        place: BatchPlace | None = PLACE,
        max_cost: float | None = None,
        per_token: float | None = None,
        lines: list[str] | None = None,
    ) -> Desk:
        """Return a desk with a store object of its own."""


@pytest.fixture
def open_desk(open_store: OpenStore) -> OpenBatchDesk:
    """Open desks on the test's store."""

    def new(
        *,
        run: str = "run",
        place: BatchPlace | None = PLACE,
        max_cost: float | None = None,
        per_token: float | None = None,
        lines: list[str] | None = None,
    ) -> Desk:
        return Desk(
            store=open_store(run, max_cost=max_cost),
            mode=Mode.AUTO,
            prices=Prices(per_token=per_token),
            patience=ONE_ATTEMPT,
            batch=terms([] if lines is None else lines, place),
        )

    return new


def asked(desk: Desk, model: FakeModel, *names: str) -> list[Outcome]:
    """Ask for answers ahead, and wait for them."""
    return [ticket.outcome() for ticket in desk.prepare(model.connection, questions(*names), {}).begin()]


def attempts(path: Path) -> list[tuple[str, float | None, str | None]]:
    """Return every attempt's outcome, cost and job."""
    with sqlite3.connect(path) as database:
        return database.execute("SELECT outcome, cost, job FROM attempts ORDER BY id").fetchall()


def test_one_job_answers_all(open_desk: OpenBatchDesk, path: Path) -> None:
    """All that is missing is one job; each record is an attempt of it, closed with its price."""
    model, lines = BatchingModel(), list[str]()
    desk = open_desk(per_token=0.5, lines=lines)
    answers = asked(desk, model, *NAMES)
    assert texts(answers) == list(NAMES)
    assert all(isinstance(answer, Answer) and answer.service_tier == "batch" for answer in answers)
    assert model.asked == []
    (job,) = model.jobs.jobs.values()
    assert sorted(job.records.values()) == list(NAMES)
    assert attempts(path) == [("answered", 10.0, job.name)] * 4
    assert lines[0] == "llm-migrate: batch job job0 for 4 records of fake:model"
    assert lines[-1] == "llm-migrate: batch job job0 ended as Completed"
    assert desk.store.spending().usd == 40
    assert desk.store.running_jobs() == 0


def test_kept_answers_are_not_sent_again(open_desk: OpenBatchDesk) -> None:
    """The next command sends only what is new."""
    model = BatchingModel()
    asked(open_desk(), model, *NAMES)
    asked(open_desk(run="next"), model, *NAMES, "e", "f", "g")
    assert [sorted(job.records.values()) for job in model.jobs.jobs.values()] == [list(NAMES), ["e", "f", "g"]]


def test_what_is_asked_in_pieces_is_one_job(open_desk: OpenBatchDesk) -> None:
    """Orders of several test files on one model are gathered; a key asked twice is one record."""
    model, desk = BatchingModel(), open_desk()
    desk.batch = replace(desk.batch, rhythm=replace(QUICK, gather=0.5))
    orders = [desk.prepare(model.connection, questions(*names), {}) for names in ("ab", "bc", "cd")]
    tickets = [ticket for order in orders for ticket in order.begin()]
    assert texts([ticket.outcome() for ticket in tickets]) == list("abbccd")
    assert all(ticket.is_there for ticket in tickets)
    assert len(model.jobs.jobs) == 1


def test_too_few_are_called_one_by_one(open_desk: OpenBatchDesk, path: Path) -> None:
    """Under the service's minimum no job is started."""
    model, lines = BatchingModel(), list[str]()
    assert texts(asked(open_desk(lines=lines), model, "a", "b")) == ["a", "b"]
    assert (sorted(model.asked), model.jobs.jobs) == (["a", "b"], {})
    assert lines == ["llm-migrate: 2 records for fake:model, and a batch job takes 3 or more: called one by one"]
    assert [job for _, _, job in attempts(path)] == [None, None]


@pytest.mark.parametrize("kind", ["too_few_records", "no_batch_inference"])
def test_a_service_that_takes_no_such_job_is_called(open_desk: OpenBatchDesk, path: Path, kind: str) -> None:
    """The service's own minimum counts, and so does a model that has no batch inference there."""
    model, lines = BatchingModel(jobs=FakeBatches(faults={"start": [failing(kind)]})), list[str]()
    assert texts(asked(open_desk(lines=lines), model, *NAMES)) == list(NAMES)
    assert sorted(model.asked) == list(NAMES)
    assert [(outcome, cost) for outcome, cost, job in attempts(path) if job] == [(kind, 0.0)] * 4
    assert lines == [f"llm-migrate: no batch job for fake:model: scripted {kind}. Its rows are called one by one"]


def test_a_model_without_jobs_is_called(open_desk: OpenBatchDesk) -> None:
    """A model of another service is called, and one line says so."""
    model, lines = FakeModel(), list[str]()
    desk = open_desk(lines=lines)
    assert texts(asked(desk, model, *NAMES)) == list(NAMES)
    asked(desk, model, "e")
    assert lines == ["llm-migrate: fake:model has no batch inference: its rows are called one by one"]


def test_what_no_job_takes_is_called(open_desk: OpenBatchDesk) -> None:
    """Requests that a job cannot answer as they are go out by themselves, beside the job."""
    model = BatchingModel()
    names = [*NAMES, "with tools", "unreadable"]
    assert texts(asked(open_desk(), model, *names)) == names
    assert sorted(model.asked) == ["unreadable", "with tools"]


def test_failed_records_are_called_one_by_one(open_desk: OpenBatchDesk, path: Path) -> None:
    """After the job the failed rest is called; errors and records that are nowhere in the results alike."""

    def reply(text: str) -> Outcome | None:
        return {"b": failure("throttled"), "c": None}.get(text, Answer(text=text))

    model, lines = BatchingModel(jobs=FakeBatches(reply=reply, status="PartiallyCompleted")), list[str]()
    assert texts(asked(open_desk(lines=lines), model, *NAMES)) == list(NAMES)
    assert sorted(model.asked) == ["b", "c"]
    (name,) = {job for _, _, job in attempts(path) if job}
    outcomes = sorted((outcome, cost) for outcome, cost, job in attempts(path) if job == name and outcome != "answered")
    assert outcomes == [("not_in_results", None), ("throttled", 0.0)]
    assert lines[-1] == (
        "llm-migrate: batch job job0 ended as PartiallyCompleted; 1 record without a result, "
        "though its manifest counts 4"
    )


def test_a_job_that_was_stopped_is_not_called_for(open_desk: OpenBatchDesk) -> None:
    """Whoever stopped a job, or a role that may not read, does not want the rows at twice the price."""
    jobs = FakeBatches(
        status="Stopped", is_given_up=True, reply=lambda text: Answer(text=text) if text == "a" else None
    )
    model, desk = BatchingModel(jobs=jobs), open_desk()
    outcomes = asked(desk, model, *NAMES)
    assert texts(outcomes) == ["a", *["batch_given_up"] * 3]
    assert "batch job job0 ended as Stopped" in str(outcomes[1])
    assert model.asked == []
    assert len(model.jobs.jobs) == 1


def test_above_the_limits_there_are_several_jobs(open_desk: OpenBatchDesk) -> None:
    """Records are spread evenly over as few jobs as the limits allow, and all run at once."""
    names = [f"n{number}" for number in range(25)]
    model = BatchingModel(jobs=FakeBatches(most=10))
    assert texts(asked(open_desk(), model, *names)) == names
    assert sorted(len(job.records) for job in model.jobs.jobs.values()) == [7, 9, 9]


def test_files_stay_under_the_limit(open_desk: OpenBatchDesk) -> None:
    """A job's file has no more bytes than the service takes; a rest of too few records is called."""
    names = [f"{number}{'x' * 200}" for number in range(10)]
    size = len(FakeBatches().record("0" * 32, asking(names[0])))
    model = BatchingModel(jobs=FakeBatches(most_bytes=4 * size + 1))
    assert texts(asked(open_desk(), model, *names)) == names
    assert [len(job.records) for job in model.jobs.jobs.values()] == [4, 4]
    assert len(model.asked) == 2


def test_passing_faults_are_met_again(open_desk: OpenBatchDesk) -> None:
    """Throttled starts and looks and a broken stream of results are tried again; nothing is counted twice."""
    faults = {
        "start": [failing("throttled"), failing("connection_lost")],
        "look": [failing("throttled"), failing("server_error")],
        "results": [failing("stream_broken")],
    }
    model, desk = BatchingModel(jobs=FakeBatches(faults=faults)), open_desk(per_token=1)
    assert texts(asked(desk, model, *NAMES)) == list(NAMES)
    assert len(model.jobs.jobs) == 1
    assert len(set(model.jobs.started)) == 1
    assert model.jobs.jobs["job0"].read == 2
    assert desk.store.spending().calls == 4


def test_a_start_of_unknown_outcome_is_tried_by_the_next_command(open_desk: OpenBatchDesk, path: Path) -> None:
    """Where nobody can tell whether a job was started, nothing is sent anew: the next command asks for the same job."""
    model = BatchingModel(jobs=FakeBatches(faults={"start": [failing("connection_lost") for _ in range(4)]}))
    outcomes = asked(open_desk(run="first"), model, *NAMES)
    assert texts(outcomes) == ["connection_lost"] * 4
    assert "The same command finds out whether the batch job was started." in str(outcomes[0])
    _forget_process(path)
    assert texts(asked(open_desk(), model, *NAMES)) == list(NAMES)
    assert (len(model.jobs.jobs), len(set(model.jobs.started)), model.asked) == (1, 1, [])


def test_a_fault_that_stays_starts_no_second_job(open_desk: OpenBatchDesk) -> None:
    """What stops one of several jobs stops those not yet begun, too."""
    jobs = FakeBatches(most=4, faults={"start": [failing("access_denied", fatal=True)]})
    model = BatchingModel(jobs=jobs)
    assert texts(asked(open_desk(), model, *"abcdefgh")) == ["access_denied"] * 8
    assert len(jobs.started) == 1


def test_a_fault_that_stays_stops_all(open_desk: OpenBatchDesk) -> None:
    """Without the right to start a job nothing is called at twice the price; every row says why."""
    model = BatchingModel(jobs=FakeBatches(faults={"start": [failing("access_denied", fatal=True)]}))
    desk = open_desk()
    assert texts(asked(desk, model, *NAMES)) == ["access_denied"] * 4
    assert (model.asked, desk.is_stopped) == ([], True)
    assert texts(asked(desk, model, "e", "f", "g")) == ["access_denied"] * 3


def test_a_fault_while_waiting_leaves_the_job(open_desk: OpenBatchDesk) -> None:
    """When credentials expire the job goes on, and the next command reads it."""
    model = BatchingModel(jobs=FakeBatches(faults={"look": [failing("expired_token", fatal=True)]}))
    outcomes = asked(open_desk(), model, *NAMES)
    assert texts(outcomes) == ["expired_token"] * 4
    assert "Batch job job0 goes on; the same command joins it." in str(outcomes[0])
    assert texts(asked(open_desk(), model, *NAMES)) == list(NAMES)
    assert len(model.jobs.jobs) == 1


def test_a_forgotten_job_is_unknown(open_desk: OpenBatchDesk, path: Path) -> None:
    """A job that the service knows no more is listed as unknown, and its rows are called."""
    model = BatchingModel(jobs=FakeBatches(forgets=True))
    assert texts(asked(open_desk(), model, *NAMES)) == list(NAMES)
    assert [outcome for outcome, _, job in attempts(path) if job] == ["unknown"] * 4


def test_the_budget_holds_all_records_or_none(open_desk: OpenBatchDesk, path: Path) -> None:
    """A job that the budget does not hold at its dearest is not started, and its rows are not run."""
    model = BatchingModel()
    desk = open_desk(max_cost=5, per_token=1)
    assert texts(asked(desk, model, *NAMES)) == ["budget_spent"] * 4
    assert (model.asked, model.jobs.jobs, attempts(path)) == ([], {}, [])
    assert desk.is_stopped


def test_each_of_several_jobs_must_fit_the_budget(open_desk: OpenBatchDesk) -> None:
    """A job that fits is run, and the rows of one that does not are not run."""
    model = BatchingModel(jobs=FakeBatches(most=4, reply=lambda text: Answer(text=text, input_tokens=4_100)))
    outcomes = texts(asked(open_desk(max_cost=17_000, per_token=1), model, *"abcdefgh"))
    assert outcomes == [*"abcd", *["budget_spent"] * 4]


def test_money_that_comes_back_pays_for_the_next_job(open_desk: OpenBatchDesk) -> None:
    """Records cost less than they may: a second model's job waits for the first one's change."""
    first, second = BatchingModel(ref="fake:one"), BatchingModel(ref="fake:two")
    desk = open_desk(max_cost=20_000, per_token=1)
    orders = [desk.prepare(model.connection, questions(*NAMES), {}) for model in (first, second)]
    tickets = [ticket for order in orders for ticket in order.begin()]
    assert texts([ticket.outcome() for ticket in tickets]) == [*NAMES, *NAMES]
    assert desk.store.spending().usd == 160


def test_another_process_waits_for_the_same_job(open_desk: OpenBatchDesk) -> None:
    """Of two that want the same rows one starts and reads the job; both have the answers."""
    until = threading.Event()
    jobs = FakeBatches(until=until)
    desks = [open_desk(), open_desk(run="other")]
    models = [BatchingModel(jobs=jobs) for _ in desks]
    # The second process is a live one of this machine.
    desks[1].store._pid = os.getppid()
    tickets = [
        desk.prepare(model.connection, questions(*NAMES), {}).begin() for desk, model in zip(desks, models, strict=True)
    ]
    until.set()
    for found in tickets:
        assert texts([ticket.outcome() for ticket in found]) == list(NAMES)
    assert (len(jobs.jobs), jobs.jobs["job0"].read) == (1, 1)


def test_a_dead_process_job_is_joined(open_desk: OpenBatchDesk, path: Path) -> None:
    """A job whose process is gone is read by the next command, which pays for it."""
    jobs, lines = FakeBatches(until=threading.Event()), list[str]()
    dead = open_desk(run="killed", per_token=1)
    tickets = dead.prepare(BatchingModel(jobs=jobs).connection, questions(*NAMES), {}).begin()
    _wait_for(lambda: bool(jobs.jobs))
    assert dead.store.running_jobs() == 1
    dead.close(5)
    assert texts([ticket.outcome() for ticket in tickets]) == ["not_called"] * 4
    _forget_process(path)
    assert jobs.until
    jobs.until.set()
    desk = open_desk(per_token=1, lines=lines)
    assert texts(asked(desk, BatchingModel(jobs=jobs), *NAMES)) == list(NAMES)
    assert len(jobs.jobs) == 1
    assert lines[0] == "llm-migrate: batch job job0 for 4 records of fake:model was started before: joined"
    assert desk.store.spending().usd == 80
    assert desk.store.unknown_attempts() == []


def test_a_job_is_joined_without_batch_execution(open_desk: OpenBatchDesk, path: Path) -> None:
    """Whoever goes on with single calls still gets what is paid for already."""
    jobs = FakeBatches(until=threading.Event())
    dead = open_desk(run="killed")
    dead.prepare(BatchingModel(jobs=jobs).connection, questions(*NAMES), {}).begin()
    _wait_for(lambda: bool(jobs.jobs))
    dead.close(5)
    _forget_process(path)
    assert jobs.until
    jobs.until.set()
    model = BatchingModel(jobs=jobs)
    assert texts(asked(open_desk(place=None), model, *NAMES, "e")) == [*NAMES, "e"]
    assert (model.asked, len(jobs.jobs)) == (["e"], 1)


def test_a_job_written_down_and_not_noted_is_sent_again(open_desk: OpenBatchDesk, path: Path) -> None:
    """Killed between the service's word and the store's: the same name and records find the same job."""
    jobs = FakeBatches()
    dead, model = open_desk(run="killed"), BatchingModel(jobs=jobs)
    keys = [question.request.key(model.ref) for question in questions(*NAMES)]
    wanted = [Wanted(key=key, job="llm-migrate-1") for key in keys]
    assert dead.store.begin_job(NewJob(name="llm-migrate-1", model=model.ref, region="us-east-1"), wanted) == "yes"
    _forget_process(path)
    assert texts(asked(open_desk(), model, *NAMES)) == list(NAMES)
    assert jobs.started == ["llm-migrate-1"]


def test_a_job_not_noted_of_other_rows_is_unknown(open_desk: OpenBatchDesk, path: Path) -> None:
    """If the next command asks for other rows nobody can tell whether the job was started: it is listed."""
    dead, model = open_desk(run="killed"), BatchingModel()
    keys = [question.request.key(model.ref) for question in questions(*NAMES)]
    wanted = [Wanted(key=key, job="llm-migrate-1") for key in keys]
    dead.store.begin_job(NewJob(name="llm-migrate-1", model=model.ref, region="us-east-1"), wanted)
    _forget_process(path)
    assert texts(asked(open_desk(), model, "a", "b", "x", "y", "z")) == ["a", "b", "x", "y", "z"]
    assert [outcome for outcome, _, job in attempts(path) if job == "llm-migrate-1"] == ["unknown"] * 4


def test_a_job_of_another_region_says_so(open_desk: OpenBatchDesk, path: Path) -> None:
    """A job can only be looked at in its region: the message names it."""
    dead, model = open_desk(run="killed"), BatchingModel()
    keys = [question.request.key(model.ref) for question in questions(*NAMES)]
    wanted = [Wanted(key=key, job="llm-migrate-1") for key in keys]
    dead.store.begin_job(NewJob(name="llm-migrate-1", model=model.ref, region="eu-west-1"), wanted)
    _forget_process(path)
    (first, *_) = asked(open_desk(), model, *NAMES)
    assert "runs in eu-west-1, and this command's region is us-east-1" in str(first)


def test_single_questions_start_no_job(open_desk: OpenBatchDesk) -> None:
    """What a test or a pipeline asks for by itself is waited for: it is called."""
    model, desk = BatchingModel(jobs=FakeBatches(least=1)), open_desk()
    assert texts([desk.ask(model.connection, questions("a"), {})[0].outcome()]) == ["a"]
    assert (model.asked, model.jobs.jobs) == (["a"], {})


def test_progress_is_told(open_desk: OpenBatchDesk) -> None:
    """While a job runs its status and counts are said once in a while."""
    lines: list[str] = []
    asked(open_desk(lines=lines), BatchingModel(jobs=FakeBatches(looks=20)), *NAMES)
    assert "llm-migrate: batch job job0: InProgress, 1 of 4 records done" in lines


def _forget_process(path: Path) -> None:
    """Make every job in the store one of a process that is dead."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE jobs SET pid = ?", (dead.pid,))
        database.execute("UPDATE attempts SET pid = ?", (dead.pid,))


def _wait_for(condition: object) -> None:
    assert callable(condition)
    done = threading.Event()
    for _ in range(1000):
        if condition():
            return
        done.wait(0.005)
    raise TimeoutError
