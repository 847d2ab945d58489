"""Answers that are kept: the store with its ledger, recordings, and the desk that asks for the rest."""

from pytest_llm_migrate.answers.calling import printable
from pytest_llm_migrate.answers.desk import Connection, Desk, Mode, Order, Question, Ticket
from pytest_llm_migrate.answers.expected import Forecast, together
from pytest_llm_migrate.answers.lane import NOT_RUN
from pytest_llm_migrate.answers.ledger import USE_CASE, Spending
from pytest_llm_migrate.answers.parcels import BatchTerms
from pytest_llm_migrate.answers.recordings import RecordedAnswer, read_recording, recording_path, write_recording
from pytest_llm_migrate.answers.single import LATENCY, SingleCalls
from pytest_llm_migrate.answers.store import Store, Terms

__all__ = [
    "LATENCY",
    "NOT_RUN",
    "USE_CASE",
    "BatchTerms",
    "Connection",
    "Desk",
    "Forecast",
    "Mode",
    "Order",
    "Question",
    "RecordedAnswer",
    "SingleCalls",
    "Spending",
    "Store",
    "Terms",
    "Ticket",
    "printable",
    "read_recording",
    "recording_path",
    "together",
    "write_recording",
]
