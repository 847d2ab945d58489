"""``--migration-plan``: what a run would take, and what its rows can prove; no model is called."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.migration.plan import LIKELY, UNRELATED, plan_of, total_of
from pytest_llm_migrate.plugin.ahead import rows_needed
from pytest_llm_migrate.plugin.keys import RUN
from pytest_llm_migrate.plugin.run import usage_errors
from pytest_llm_migrate.report.numbers import count, is_known, usd
from pytest_llm_migrate.report.text import visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.answers import Forecast
    from pytest_llm_migrate.migration.plan import MetricPlan, Plan, SidePlan

_WIDTH = 80
_MINUTE = 60
_LONGEST_IN_SECONDS, _LONGEST_IN_MINUTES = 90, 90 * _MINUTE


def print_plan(session: pytest.Session) -> bool:
    """Print each migration's plan and end the run without a test."""
    config = session.config
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        raise pytest.UsageError("--migration-plan prints to the terminal, which '-p no:terminal' takes away")
    with usage_errors():
        needed = rows_needed(session, config.stash[RUN])
        plans = [plan_of(migration, rows) for migration, rows in needed if rows]
    reporter.section("llm migration plan", sep="=")
    for plan in plans:
        for line in plan_lines(plan):
            reporter.write_line(line)
    for line in _total_lines(plans) if plans else ["no selected test needs an answer"]:
        reporter.write_line(line)
    return True


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield what a migration would take and can prove, in lines of at most 80 columns."""
    yield from _lines(f"{plan.name}: {counted(plan.rows, 'row')}", "")
    for side in plan.sides:
        yield from _lines(_side_text(side), "  ")
    if plan.latency_calls:
        calls = counted(plan.latency_calls, "call")
        yield from _lines(f"latency, measured apart where a gate is judged: at most {calls} more, both sides", "  ")
    yield "  smallest provable margins (95% confidence, 80% power, an equal target):"
    shares = [f"{_margin(margin)} with {share:.0%}" for share, margin in plan.margins.items()]
    yield from _lines(f"right/wrong scores: {', '.join(shares)} of the rows in disagreement", "    ")
    for metric in plan.metrics:
        yield from _lines(_metric_text(metric), "    ")


def _total_lines(plans: Sequence[Plan]) -> Iterator[str]:
    if len(plans) > 1:
        is_least = any(side.is_least for plan in plans for side in plan.sides)
        calls = _calls_text(total_of(plans), is_least=is_least)
        yield from _lines(f"answers of all {len(plans)} migrations: {calls}, shared calls counted once", "")


def _lines(text: str, indent: str) -> Iterator[str]:
    first, *rest = wrapped(visible(text), _WIDTH - len(indent) - 2)
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)


def _side_text(side: SidePlan) -> str:
    forecast = side.forecast
    if not forecast.calls:
        return f"{side.name} {side.ref}: no call"
    calls = _calls_text(forecast, is_least=side.is_least)
    time = f"time unknown {side.why_unknown}" if side.seconds is None else f"about {duration(side.seconds)}"
    return f"{side.name} {side.ref}: {calls}, {forecast.kept:,} kept; {time}"


def _calls_text(forecast: Forecast, *, is_least: bool) -> str:
    at_most = "cost unknown" if forecast.cost is None else f"at most {usd(forecast.cost)}"
    expected = _expected_text(forecast)
    money = f"about {expected}, {at_most}" if expected else at_most
    return f"{'at least ' if is_least else ''}{counted(forecast.calls, 'call')} ({money})"


def _expected_text(forecast: Forecast) -> str:
    """Return the expected cost, or else the tokens where those that are read are known."""
    if is_known(forecast.expected_cost):
        return usd(forecast.expected_cost)
    if not is_known(forecast.input_tokens):
        return ""
    written = f" + {count(forecast.output_tokens)} out" if is_known(forecast.output_tokens) else ""
    return f"{count(forecast.input_tokens)} in{written} tokens"


def _metric_text(metric: MetricPlan) -> str:
    likely, unrelated = (_margin(metric.margins[correlation]) for correlation in (LIKELY, UNRELATED))
    margins = f"{likely} if both sides' scores correlate by {LIKELY}, {unrelated} if not at all"
    seen = f"source mean {metric.mean:.3f}, deviation {metric.deviation:.3f} over {counted(metric.n, 'row')}"
    return f"{metric.name}: {margins}; {seen}"


def _margin(margin: float) -> str:
    # A margin must exceed what the rows can prove: rounded down it would not.
    return f"{math.ceil(margin * 1000) / 1000:.3f}"


def duration(seconds: float) -> str:
    """Return a time to wait as people say it: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < _LONGEST_IN_SECONDS:
        return f"{math.ceil(seconds)} s"
    if seconds < _LONGEST_IN_MINUTES:
        return f"{math.ceil(seconds / _MINUTE)} min"
    hours, rest = divmod(math.ceil(seconds / _MINUTE), _MINUTE)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"
