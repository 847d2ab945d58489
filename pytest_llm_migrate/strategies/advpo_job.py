"""An Advanced Prompt Optimization job: started, waited for, stopped, and its results fetched from S3."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import CallFailedError, NoRewriteError
from pytest_llm_migrate.strategies.aws import aws_client, called

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESULTS = "advanced_prompt_optimization_results.jsonl"
_ATTEMPTS = 4
_PLACE = "Name another place with --strategy-option s3=s3://BUCKET/PREFIX."
_DONE = frozenset({"Completed", "PartiallyCompleted"})
_ENDED = frozenset({"Failed", "Stopped", "Stopping", "Deleting"})
_SETTINGS = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP", "stop": "stopSequences"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptJob:
    """One template for one model; the same one asked for again is the same job, and is not paid for twice.

    Attributes:
        strategy: Who asks, for errors.
        model: The model's id, profile or ARN.
        inference: The prompt's inference settings.
        bucket: Where input and results go.
        prefix: The folder in it, empty or ending in a slash.
        poll: Seconds between two looks at the job.
        longest: Seconds after which a job is stopped.
        sleep: Waits.
        say: Tells the user how it goes.
    """

    strategy: str
    model: str
    inference: Mapping[str, Any]
    bucket: str
    prefix: str
    poll: float
    longest: float
    sleep: Callable[[float], object]
    say: Callable[[str], object]

    def results(self, line: str) -> str:
        """Return the text of the job's results file for an input.

        Raises:
            NoRewriteError: The job failed, was stopped, or took too long (and was stopped).
            CallFailedError: A service did not answer.
        """
        token = hashlib.sha256(f"{self.model}\n{self.bucket}/{self.prefix}\n{line}".encode()).hexdigest()[:32]
        folder = f"{self.prefix}{token}/"
        s3, bedrock = aws_client("s3", attempts=_ATTEMPTS), aws_client("bedrock", attempts=_ATTEMPTS)
        self._put(s3, f"{folder}input.jsonl", line)
        request = self._request(token, folder)
        job = _whole(lambda: bedrock.create_advanced_prompt_optimization_job(**request), "jobArn")["jobArn"]
        self.say(f"job {job.rpartition('/')[2]}")
        self._wait(bedrock, job)
        key = f"{folder}{job.rpartition('/')[2]}/{RESULTS}"
        return _content(s3, self.bucket, key)

    def _put(self, s3: Any, key: str, line: str) -> None:
        try:
            called(lambda: s3.put_object(Bucket=self.bucket, Key=key, Body=line.encode()))
        except CallFailedError as error:
            message = f"s3://{self.bucket}/{key}: {error.message}"
            raise CallFailedError(error.kind, message, fatal=error.fatal, way_out=error.way_out or _PLACE) from error

    def _request(self, token: str, folder: str) -> dict[str, Any]:
        known = {_SETTINGS[name]: value for name, value in self.inference.items() if name in _SETTINGS}
        more = {name: value for name, value in self.inference.items() if name not in _SETTINGS}
        model = {
            "modelId": self.model,
            **({"inferenceConfig": known} if known else {}),
            **({"additionalModelRequestFields": more} if more else {}),
        }
        return {
            "jobName": f"pytest-llm-migrate-{token[:12]}",
            "clientToken": token,
            "inputConfig": {"s3Uri": f"s3://{self.bucket}/{folder}input.jsonl"},
            "outputConfig": {"s3Uri": f"s3://{self.bucket}/{folder}"},
            "modelConfigurations": [model],
        }

    def _wait(self, bedrock: Any, job: str) -> None:
        waited, status = 0.0, ""
        try:
            while waited < self.longest:
                found = _whole(lambda: bedrock.get_advanced_prompt_optimization_job(jobIdentifier=job), "jobStatus")
                if found["jobStatus"] != status:
                    status = found["jobStatus"]
                    self.say(f"job {status}")
                if status in _DONE:
                    return
                if status in _ENDED:
                    raise self._no_prompt(f"the job is {status}: {found.get('failureMessage') or 'no reason given'}")
                self.sleep(self.poll)
                waited += self.poll
        except KeyboardInterrupt:
            _stop(bedrock, job)
            raise
        _stop(bedrock, job)
        raise self._no_prompt(f"the job took longer than {self.longest / 60:.3g} minutes and was stopped")

    def _no_prompt(self, problem: str) -> NoRewriteError:
        way_out = "See the job in the Amazon Bedrock console; give it more --strategy-option minutes=N, or start anew."
        return NoRewriteError(self.strategy, self.model, problem, way_out)


def _whole(call: Callable[[], Any], member: str) -> dict[str, Any]:
    """Return a reply that has a member: one that broke off reads as an empty one, and a job's token starts it once."""
    for _ in range(_ATTEMPTS):
        reply: dict[str, Any] = called(call)
        if member in reply:
            return reply
    raise CallFailedError("stream_ended_early", f"the reply ended before {member}")


def _content(s3: Any, bucket: str, key: str) -> str:
    body = called(lambda: s3.get_object(Bucket=bucket, Key=key))["Body"]
    content: bytes = called(body.read)
    return content.decode()


def _stop(bedrock: Any, job: str) -> None:
    called(lambda: bedrock.stop_advanced_prompt_optimization_job(jobIdentifier=job))
