"""Batch jobs: CreateModelInvocationJob and its like, and the thread that carries a job out."""

from __future__ import annotations

import re
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.batches import Location, answer, read_records, write_answers
from pytest_llm_migrate.models.endpoint.documents import choice, document, invalid, members, text, whole_number
from pytest_llm_migrate.models.endpoint.engines import Fault
from pytest_llm_migrate.models.endpoint.lookups import ACCOUNT, page
from pytest_llm_migrate.models.endpoint.responses import json_response

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.batches import Answered, Batch, Record
    from pytest_llm_migrate.models.endpoint.engines import Engine
    from pytest_llm_migrate.models.endpoint.objects import Objects
    from pytest_llm_migrate.models.endpoint.responses import Response
    from pytest_llm_migrate.models.endpoint.routes import Route

_NAME = re.compile(r"[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9+\-.]){0,63}")
_ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::\d{12}:role/.+")
_HOURS = (24, 168)
_SHARES = (("Submitted", 0.1), ("Validating", 0.1), ("Scheduled", 0.1))
"""The states before a job is in progress, with their parts of its duration."""
_LEAST_WAIT = 0.01  # seconds; shorter ones would cost more than they take
_ENDED = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped"})


class Job:
    """One job: what it was asked for, its state, and the thread that brings it there."""

    def __init__(self, asked: dict[str, Any], region: str, records: list[Record], batch: Batch) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.arn = f"arn:aws:bedrock:{region}:{ACCOUNT}:model-invocation-job/{self.id}"
        self.asked, self.submitted = asked, datetime.now(UTC)
        self._records, self._batch = records, batch
        self._status, self._message = "Submitted", ""
        self._modified = self.submitted
        self._answers: list[Answered] = []
        self._is_stopped = threading.Event()
        self._lock = threading.Lock()

    @property
    def status(self) -> str:
        """One of Bedrock's words."""
        with self._lock:
            return self._status

    def stop(self) -> None:
        """Let the job end before its time; raises a ``ConflictException`` fault when it has ended."""
        with self._lock:
            if self._status in _ENDED:
                raise Fault("ConflictException", f"The job {self.id} has ended and cannot be stopped.")
            self._status, self._modified = "Stopping", datetime.now(UTC)
        self._is_stopped.set()

    def abandon(self) -> None:
        """Let the thread end."""
        self._is_stopped.set()

    def described(self) -> dict[str, Any]:
        """Return what the service says of it."""
        with self._lock:
            good = sum(answered.is_good for answered in self._answers)
            said = {
                **self.asked,
                "jobArn": self.arn,
                "status": self._status,
                "message": self._message or None,
                "submitTime": _written(self.submitted),
                "lastModifiedTime": _written(self._modified),
                "endTime": _written(self._modified) if self._status in _ENDED else None,
                "jobExpirationTime": _written(self.submitted + timedelta(hours=self.asked["timeoutDurationInHours"])),
                "totalRecordCount": len(self._records),
                "processedRecordCount": len(self._answers),
                "successRecordCount": good,
                "errorRecordCount": len(self._answers) - good,
            }
        return {name: value for name, value in said.items() if value is not None}

    def run(self, engine: Engine, objects: Objects, seed: int) -> None:
        """Go through all states, answer the records and write the answers."""
        for status, share in _SHARES:
            self._enter(status)
            self._is_stopped.wait(share * self._batch.duration)
        self._enter("InProgress")
        self._answer_all(engine)
        if self._batch.failure and not self._is_stopped.is_set():
            self._end("Failed", self._batch.failure)
            return
        # In another order than they came: the service keeps none, and a client must not count on it.
        shuffled = Random(seed).sample(self._answers, len(self._answers))  # noqa: S311
        place = Location.of(self.asked["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"], "outputDataConfig")
        write_answers(objects, place, self.id, len(self._records), shuffled)
        self._end(self._outcome())

    def _answer_all(self, engine: Engine) -> None:
        began = time.monotonic()
        span = self._batch.duration * (1 - sum(share for _, share in _SHARES))
        model, invocation = self.asked["modelId"], self.asked["modelInvocationType"]
        for number, record in enumerate(self._records, 1):
            if self._is_stopped.is_set():
                return
            answered = answer(engine, record, model, invocation)
            with self._lock:
                self._answers.append(answered)
            early = began + span * number / len(self._records) - time.monotonic()
            if early > _LEAST_WAIT:
                self._is_stopped.wait(early)

    def _outcome(self) -> str:
        if self._is_stopped.is_set():
            return "Stopped"
        return "Completed" if all(answered.is_good for answered in self._answers) else "PartiallyCompleted"

    def _enter(self, status: str) -> None:
        with self._lock:
            if self._status != "Stopping":
                self._status, self._modified = status, datetime.now(UTC)

    def _end(self, status: str, message: str = "") -> None:
        with self._lock:
            self._status, self._message, self._modified = status, message, datetime.now(UTC)


class Jobs:
    """All jobs of an endpoint."""

    def __init__(self, engine: Engine, objects: Objects, batch: Batch, seed: int) -> None:
        self._engine, self._objects, self._batch, self._seed = engine, objects, batch, seed
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []

    def create(self, _: Route, arrival: Arrival) -> Response:
        """Answer CreateModelInvocationJob; a token that was used before gives the job that it made."""
        asked = _checked(document(arrival.body))
        uri = asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        with self._lock:
            known = self._by_token(asked)
            if known:
                return json_response({"jobArn": known.arn})
            records = read_records(self._objects, Location.of(uri, "inputDataConfig.s3InputDataConfig.s3Uri"))
            self._check_count(len(records))
            job = Job(asked, arrival.region, records, self._batch)
            self._jobs[job.id] = job
            self._start(job)
        return json_response({"jobArn": job.arn})

    def get(self, route: Route, _: Arrival) -> Response:
        """Answer GetModelInvocationJob."""
        return json_response(self._job(route.name).described())

    def listing(self, _: Route, arrival: Arrival) -> Response:
        """Answer ListModelInvocationJobs, the newest first unless the query says otherwise."""
        query = arrival.query
        with self._lock:
            jobs = [(job, job.described()) for job in self._jobs.values()]
        found = [described for job, described in jobs if _is_asked_for(job, described, query)]
        if query.get("sortOrder") != "Ascending":
            found.reverse()
        return json_response(page(found, "invocationJobSummaries", query))

    def stop(self, route: Route, _: Arrival) -> Response:
        """Answer StopModelInvocationJob."""
        self._job(route.name).stop()
        return json_response({})

    def close(self) -> None:
        """End every job's thread."""
        with self._lock:
            jobs, threads = list(self._jobs.values()), list(self._threads)
        for job in jobs:
            job.abandon()
        for thread in threads:
            thread.join()

    def _start(self, job: Job) -> None:
        thread = threading.Thread(
            target=job.run, args=(self._engine, self._objects, self._seed), name=f"job {job.id}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _by_token(self, asked: dict[str, Any]) -> Job | None:
        token = asked.get("clientRequestToken")
        for job in self._jobs.values():
            if token and job.asked.get("clientRequestToken") == token:
                if job.asked != asked:
                    raise Fault("ConflictException", f"The token {token!r} was used for another request.")
                return job
        return None

    def _job(self, name: str) -> Job:
        job = self._jobs.get(name.rpartition("/")[2])
        if job is None:
            raise Fault("ResourceNotFoundException", f"Could not find the job {name!r}.")
        return job

    def _check_count(self, count: int) -> None:
        if count < self._batch.minimum:
            raise invalid(f"The input has {count} records, fewer than the required minimum of {self._batch.minimum}.")
        if count > self._batch.maximum:
            raise invalid(f"The input has {count} records, more than the maximum of {self._batch.maximum}.")


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a job was asked for, with what it did not say filled in."""
    name, role = text(found.get("jobName"), "jobName"), text(found.get("roleArn"), "roleArn")
    if not _NAME.fullmatch(name):
        raise invalid(f"The value at jobName is not a name for a job: {name!r}.")
    if not _ROLE.fullmatch(role):
        raise invalid(f"The provided role ARN is invalid: {role!r}.")
    for parent, child in (("inputDataConfig", "s3InputDataConfig"), ("outputDataConfig", "s3OutputDataConfig")):
        place = members(members(found.get(parent), parent).get(child), f"{parent}.{child}")
        Location.of(place.get("s3Uri"), f"{parent}.{child}.s3Uri")
    hours = whole_number(found.get("timeoutDurationInHours", _HOURS[0]), "timeoutDurationInHours", _HOURS[0])
    if hours is None or hours > _HOURS[1]:
        raise invalid(f"The value at timeoutDurationInHours must be at most {_HOURS[1]}.")
    kind = choice(found.get("modelInvocationType"), "modelInvocationType", ("InvokeModel", "Converse"))
    kept = {name: value for name, value in found.items() if name != "tags"}
    text(found.get("modelId"), "modelId")
    return {**kept, "modelInvocationType": kind or "InvokeModel", "timeoutDurationInHours": hours}


def _is_asked_for(job: Job, described: dict[str, Any], query: dict[str, str]) -> bool:
    after, before = _moment(query.get("submitTimeAfter")), _moment(query.get("submitTimeBefore"))
    return (
        query.get("statusEquals") in (None, described["status"])
        and query.get("nameContains", "") in described["jobName"]
        and (after is None or after <= job.submitted)
        and (before is None or before >= job.submitted)
    )


def _moment(written: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(written) if written else None
    except ValueError:
        raise invalid(f"{written!r} is not a time.") from None


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
