"""What tests ask a model for themselves, through its fixture: kept, recorded and replayed like a row's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.answers import Question, RecordedAnswer, read_recording, recording_path
from pytest_llm_migrate.domain import CallFailure
from pytest_llm_migrate.errors import CallFailedError, MissingRecordingError
from pytest_llm_migrate.plugin.keys import RUN, TEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llm_migrate.answers import Connection
    from pytest_llm_migrate.domain import Answer, Request

ORIGIN = "a test"
"""What asks, in recordings; there the test stands in the place of the row."""
_RECORDINGS: pytest.StashKey[dict[Path, Mapping[str, tuple[str, Answer]]]] = pytest.StashKey()


def ask(config: pytest.Config, connection: Connection, request: Request, purpose: str) -> Answer:
    """Return the answer to what the running test asks.

    Raises:
        CallFailedError: There is no answer.
        MissingRecordingError: In replay, the answer is neither recorded nor stored.
        MigrateError: The model cannot be connected to, or has no price where there is a budget.
    """
    run, test = config.stash[RUN], config.stash[TEST]
    file, _, name = test.nodeid.partition("::")
    recorded = _recorded(config, recording_path(test.path.parent, test.path.stem, connection.ref))
    question = Question(sample_id=name, request=request, purpose=purpose)
    try:
        ticket = run.desk.ask(connection, [question], recorded)[0]
    except MissingRecordingError as error:
        known = {asked for asked, _ in recorded.values()}
        raise MissingRecordingError.of_test(error.model, test.nodeid, is_known=name in known) from None
    outcome = ticket.outcome()
    if isinstance(outcome, CallFailure):
        raise CallFailedError(outcome.kind, outcome.message, fatal=outcome.fatal)
    if run.settings.record:
        used = RecordedAnswer(sample_id=name, key=ticket.key, of=ORIGIN, answer=outcome)
        run.spool.used_by_test(file, connection.ref, used)
    return run.desk.priced(connection.ref, outcome)


def _recorded(config: pytest.Config, path: Path) -> Mapping[str, tuple[str, Answer]]:
    known = config.stash.setdefault(_RECORDINGS, {})
    if path not in known:
        known[path] = read_recording(path)
    return known[path]
