"""Answers that are kept: the store with its ledger, recordings, and the desk that asks for the rest."""

from pytest_llm_migrate.answers.calling import printable
from pytest_llm_migrate.answers.dearest import dearest_answer
from pytest_llm_migrate.answers.desk import Connection, Desk, Mode, Order, Question, Ticket
from pytest_llm_migrate.answers.expected import Forecast, together
from pytest_llm_migrate.answers.lane import NOT_RUN
from pytest_llm_migrate.answers.ledger import USE_CASE, Paid, Spending, Traffic
from pytest_llm_migrate.answers.metered import DeskMeter
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
    "DeskMeter",
    "Forecast",
    "Mode",
    "Order",
    "Paid",
    "Question",
    "RecordedAnswer",
    "SingleCalls",
    "Spending",
    "Store",
    "Terms",
    "Ticket",
    "Traffic",
    "dearest_answer",
    "printable",
    "read_recording",
    "recording_path",
    "together",
    "write_recording",
]
