"""A plan in words: lines for the terminal, and tables in Markdown, made from its record alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.report.numbers import UNKNOWN, count, counted, is_known, percent, usd
from pytest_llm_migrate.report.text import markdown, visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Record = dict[str, Any]

_WIDTH = 80
_MINUTE = 60
_LONGEST_IN_SECONDS, _LONGEST_IN_MINUTES = 90, 90 * _MINUTE
_ASKS = {"non_inferior": "a loss below {}", "superior": "a gain above {}", "at_least": "a mean of at least {}"}
_TAKES = ("Side", "Model", "Rows", "Answers a row", "Calls", "Kept", "Tokens in", "Tokens out")
_WORDS = {"non_inferior": "a loss", "superior": "a gain", "at_least": "a floor", None: "what it asks"}


def plan_lines(plan: Record) -> Iterator[str]:
    """Yield what migrations would take and can prove, in lines of at most 80 columns."""
    if not plan["migrations"]:
        yield "no selected test needs an answer"
    for migration in plan["migrations"]:
        yield from _migration_lines(migration, plan)
    if len(plan["migrations"]) > 1:
        calls = _calls_text(plan["total"]) if plan["total"]["calls"] else "no call"
        shared = ", shared calls counted once" if plan["total"]["calls"] else ""
        yield from _lines(f"answers of all {len(plan['migrations'])} migrations: {calls}{shared}", "")
    if plan["judges"]["calls"]:
        yield from _lines(_in_all_text(plan), "")


def plan_markdown(plan: Record) -> str:
    """Return a plan as Markdown: a table of what it takes, one of what it can prove, one of what gates ask for."""
    return "\n".join(_markdown_lines(plan)).rstrip() + "\n"


def duration(seconds: float) -> str:
    """Return a time to wait as people say it: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < _LONGEST_IN_SECONDS:
        return f"{math.ceil(seconds)} s"
    if seconds < _LONGEST_IN_MINUTES:
        return f"{math.ceil(seconds / _MINUTE)} min"
    hours, rest = divmod(math.ceil(seconds / _MINUTE), _MINUTE)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"


def _migration_lines(migration: Record, plan: Record) -> Iterator[str]:
    yield from _lines(f"{migration['name']}: {counted(migration['rows'], 'row')}", "")
    for name, side in migration["sides"].items():
        yield from _lines(_side_text(name, side), "  ")
    for judge in migration["judges"]:
        yield from _lines(_judge_text(judge), "  ")
    if migration["latency_calls"]:
        yield from _lines(_latency_text(migration), "  ")
    if migration["metrics"]:
        yield from _lines(f"smallest provable margins ({_terms(plan)}):", "  ")
    for metric in migration["metrics"]:
        yield from _lines(
            f"{metric['name']}: {_margins_text(metric)}; {_basis_text(metric, migration['rows'])}", "    "
        )
    if migration["gates"]:
        yield "  margins asked:"
    for gate in migration["gates"]:
        yield from _lines(f"{_gate_name(gate)}: {_asked_text(gate)}{_needs_text(gate)}", "    ")
    if migration["counted_by"]:
        yield from _lines(_counted_text(migration), "  ")


def _lines(text: str, indent: str) -> Iterator[str]:
    first, *rest = wrapped(visible(text), _WIDTH - len(indent) - 2)
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)


def _terms(plan: Record) -> str:
    return f"{plan['confidence']:.0%} confidence, {plan['power']:.0%} power, an equal target"


def _latency_text(migration: Record) -> str:
    calls = counted(migration["latency_calls"], "call")
    return f"latency, measured apart where a gate is judged: at most {calls} more, both sides"


def _counted_text(migration: Record) -> str:
    columns = " and ".join(migration["counted_by"])
    return f"rows count by {columns}: they prove less than these figures, for which each counts once"


def _side_text(name: str, side: Record) -> str:
    answers = f", {side['repeats']} answers a row" if side["repeats"] > 1 else ""
    start = f"{name.replace('_', ' ')} {side['ref']}{answers}: "
    if not side["calls"]:
        return f"{start}no call, {count(side['kept'])} kept"
    tokens = _tokens_text(side) if is_known(side["usd_expected"]) else ""
    return f"{start}{_calls_text(side)}, {count(side['kept'])} kept; {_time_text(side)}{tokens and f'; {tokens}'}"


def _judge_text(judge: Record) -> str:
    start = f"judge {judge['ref']}: "
    if not judge["calls"]:
        return f"{start}no call, every verdict is kept"
    tokens = _tokens_text(judge)
    cost = _about(judge["usd_expected"])
    known = f"{cost}, {tokens}" if tokens else f"{cost} until a first verdict"
    return f"{start}at most {counted(judge['calls'], 'call')} ({known}); a verdict that cannot be used is one more"


def _in_all_text(plan: Record) -> str:
    """Return what judges would take in all migrations, and what they and the answers would cost."""
    total, judges = plan["total"], plan["judges"]
    start = f"judges: at most {counted(judges['calls'], 'call')}, {_about(judges['usd_expected'])}"
    calls = counted(total["calls"] + judges["calls"], "call")
    bound = "some" if total["is_least"] and total["calls"] else "at most"
    return f"{start}; with the answers {bound} {calls}, {_about(judges['usd_with_answers'])}"


def _about(dollars: float | None) -> str:
    return f"about {usd(dollars)}" if is_known(dollars) else "cost unknown"


def _time_text(side: Record) -> str:
    return f"time unknown {side['why_unknown']}" if side["seconds"] is None else f"about {duration(side['seconds'])}"


def _calls_text(forecast: Record) -> str:
    at_most = "cost unknown" if forecast["usd_at_most"] is None else f"at most {usd(forecast['usd_at_most'])}"
    expected = usd(forecast["usd_expected"]) if is_known(forecast["usd_expected"]) else _tokens_text(forecast)
    money = f"about {expected}, {at_most}" if expected else at_most
    return f"{'at least ' if forecast['is_least'] else ''}{counted(forecast['calls'], 'call')} ({money})"


def _tokens_text(forecast: Record) -> str:
    if not is_known(forecast["input_tokens"]):
        return ""
    written = f" + {count(forecast['output_tokens'])} out" if is_known(forecast["output_tokens"]) else ""
    return f"{count(forecast['input_tokens'])} in{written} tokens"


def _margins_text(metric: Record) -> str:
    found = [_margin(each["margin"]) for each in metric["margins"]]
    if metric["basis"] == "pilot":
        return f"{found[0]} ({found[1]} to be cautious){_room_text(metric)}"
    if metric["basis"] == "source":
        return f"{found[0]} if both sides' scores correlate by 0.5, {found[1]} if not at all{_room_text(metric)}"
    shares = [f"{margin} with {each['value']:.0%}" for margin, each in zip(found, metric["margins"], strict=True)]
    return f"{', '.join(shares)} of right/wrong rows in disagreement"


def _room_text(metric: Record) -> str:
    room = metric["source"]["mean"] - metric["bounds"][0]
    return f", but the source has {room:.3f} to lose" if room < metric["margins"][0]["margin"] else ""


def _basis_text(metric: Record, rows: int) -> str:
    if metric["basis"] == "assumed":
        return "no score is known yet"
    if metric["basis"] == "source":
        source = metric["source"]
        scored = counted(metric["n"], "row")
        return f"source mean {source['mean']:.3f}, deviation {source['deviation']:.3f} over {scored}"
    seen, upper = metric["margins"]
    is_whole = metric["n"] == rows
    start = (
        f"from {'all' if is_whole else 'a pilot of'} {counted(metric['n'], 'row')}{', answered already' * is_whole}:"
    )
    if seen["measure"] == "disagreement":
        return f"{start} {percent(seen['value'])} of them in disagreement, at most {percent(upper['value'])}"
    return f"{start} differences deviate by {seen['value']:.3f}, at most {upper['value']:.3f}"


def _margin(margin: float) -> str:
    # A margin must exceed what the rows can prove: rounded down it would not.
    return f"{math.ceil(margin * 1000) / 1000:.3f}"


def _gate_name(gate: Record) -> str:
    return str(gate["nodeid"].rpartition("::")[2])


def _asked_text(gate: Record) -> str:
    known = gate["value"] is not None
    asks = _ASKS[gate["kind"]].format(f"{gate['value']:g}") if known else _WORDS[gate["kind"]]
    metric = f" in {gate['metric']}" if gate["metric"] is not None else ""
    rows = gate["slice"]
    where = f" where {rows['column']} is {rows['value']}" if rows else ""
    return asks + metric + where


def _needs_text(gate: Record) -> str:
    if not gate["rows_needed"]:
        return f"; {gate['why_unknown']}"
    last = "row" if gate["rows_needed"][-1] == 1 else "rows"
    return f" needs about {_needed_text(gate)} {last}, has {count(gate['rows'])}: {_enough(gate)}"


def _needed_text(gate: Record) -> str:
    least, most = gate["rows_needed"][0], gate["rows_needed"][-1]
    return count(least) if least == most else f"{count(least)} to {count(most)}"


def _enough(gate: Record) -> str:
    if gate["rows"] >= gate["rows_needed"][-1]:
        return "enough"
    return "too few" if gate["rows"] < gate["rows_needed"][0] else "perhaps enough"


def _markdown_lines(plan: Record) -> Iterator[str]:
    migrations = plan["migrations"]
    yield from (f"## Plan: {_title(migrations)}", "", _prices_text(plan), "")
    takes = [_take_cells(each, name, side) for each in migrations for name, side in each["sides"].items()]
    if len(migrations) > 1:
        takes.append(("all, shared calls once", *[""] * 4, *_forecast_cells(plan["total"]), ""))
    yield from _table("", (*_TAKES, "Cost about", "Cost at most", "Time"), takes)
    metrics = [_metric_cells(each, metric) for each in migrations for metric in each["metrics"]]
    yield from _table(f"Smallest provable margins ({_terms(plan)})", ("Metric", "Margin", "Known from"), metrics)
    gates = [_gate_cells(each["name"], gate) for each in migrations for gate in each["gates"]]
    yield from _table("Margins asked", ("Gate", "Asks for", "Rows needed", "Rows", ""), gates)
    for migration in migrations:
        notes = [_judge_text(judge) for judge in migration["judges"]]
        notes += [_latency_text(migration)] * bool(migration["latency_calls"])
        notes += [_counted_text(migration)] * bool(migration["counted_by"])
        yield from (f"- {markdown(migration['name'])}: {markdown(note)}" for note in notes)
    if plan["judges"]["calls"]:
        yield f"- {markdown(_in_all_text(plan))}"


def _title(migrations: Sequence[Record]) -> str:
    if not migrations:
        return "no selected test needs an answer"
    return markdown(migrations[0]["name"]) if len(migrations) == 1 else f"{len(migrations)} migrations"


def _prices_text(plan: Record) -> str:
    prices = plan["prices"]
    as_of = f" of {prices['as_of']}" if prices["as_of"] else ""
    return markdown(f"No model was called. Prices: {prices['source']}{as_of}.")


def _take_cells(migration: Record, name: str, side: Record) -> tuple[str, ...]:
    time = f"unknown {side['why_unknown']}" if side["seconds"] is None else duration(side["seconds"])
    return (
        *(
            markdown(migration["name"]),
            name.replace("_", " "),
            markdown(side["ref"]),
            count(migration["rows"]),
            str(side["repeats"]),
        ),
        *_forecast_cells(side),
        markdown(time),
    )


def _forecast_cells(forecast: Record) -> tuple[str, ...]:
    calls = f"{'at least ' if forecast['is_least'] and forecast['calls'] else ''}{count(forecast['calls'])}"
    tokens = (count(forecast[name]) for name in ("input_tokens", "output_tokens"))
    money = (usd(forecast[name]) for name in ("usd_expected", "usd_at_most"))
    return (calls, count(forecast["kept"]), *tokens, *money)


def _metric_cells(migration: Record, metric: Record) -> tuple[str, ...]:
    cells = (migration["name"], metric["name"], _margins_text(metric), _basis_text(metric, migration["rows"]))
    return tuple(map(markdown, cells))


def _gate_cells(migration: str, gate: Record) -> tuple[str, ...]:
    needed = _needed_text(gate) if gate["rows_needed"] else UNKNOWN
    rows = UNKNOWN if gate["rows"] is None else count(gate["rows"])
    said = _enough(gate) if gate["rows_needed"] else gate["why_unknown"]
    return tuple(map(markdown, (migration, _gate_name(gate), _asked_text(gate), needed, rows, said)))


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table, whose rows begin with their migration, below its title."""
    if rows and title:
        yield from (f"**{title}**", "")
    if rows:
        head = ("Migration", *head)
        yield from (_cells(head), _cells(("---",) * len(head)), *map(_cells, rows), "")


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
