"""Under which conditions a migration's times were measured, as a record that crosses processes and as words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.timing import Timing
from pytest_llm_migrate.domain import SIDES, Answer, Case, Row, Side
from pytest_llm_migrate.errors import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import SideName

STALE_AFTER = 30
"""Days after which a kept answer is stale: long enough for a service to have changed what it serves."""
WAY_OUT = "The same command measures again; give it a machine that has less to do."


def timing_of(record: Mapping[str, Any]) -> Timing:
    """Return what a record allows gates on times to say.

    ``times_from`` holds each side's conditions as `SideAnswers.times_from` gives them, ``latency_pass`` the record of a
    latency pass or nothing.
    """
    found = record["latency_pass"]
    if found is None:
        return Timing(note=_conditions(record["times_from"]))
    kept = [item for item in found["samples"] if item["excluded"] is None]
    pairs: dict[int, dict[SideName, Mapping[str, Any]]] = {}
    for item in kept:
        pairs.setdefault(item["pair"], {})[item["side"]] = item
    return Timing(
        pairs=[_case(pair) for _, pair in sorted(pairs.items())],
        is_services=found["latency_of"] == "service",
        note=_left_out(found),
        detail=_detail(found),
        invalid="" if found["valid"] else _invalid(found),
    )


def merged(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several processes noted of one migration as one record."""
    conditions = {
        side: list(dict.fromkeys(said for record in records for said in record["times_from"][side])) for side in SIDES
    }
    passes = [record["latency_pass"] for record in records if record["latency_pass"]]
    return {
        "times_from": conditions,
        "latency_pass": passes[0] if passes else None,
        "kept_since": {side: _oldest([record["kept_since"][side] for record in records]) for side in SIDES},
    }


def stale_warnings(record: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """Return which sides have answers that were old when a run began, by a record that `merged` gives."""
    kept = [(side, at) for side in SIDES if (at := record["kept_since"][side]) is not None]
    return [said for side, at in kept if (said := _stale(side, at, dt.datetime.fromisoformat(run["started"])))]


def _stale(side: SideName, at: float, began: dt.datetime) -> str:
    made = dt.datetime.fromtimestamp(at, tz=dt.UTC)
    days = (began.date() - made.date()).days
    if days < STALE_AFTER:
        return ""
    return (
        f"stale {side} answers: some are from earlier runs, the oldest made {days} days before this one "
        f"({made:%Y-%m-%d}); --migration-answers fresh asks again"
    )


def _oldest(moments: Sequence[float | None]) -> float | None:
    return min((at for at in moments if at is not None), default=None)


def _conditions(said: Mapping[str, Sequence[str]]) -> str:
    source, target = (" and ".join(said[side]) for side in SIDES)
    if not source or not target:
        return ""
    if source == target:
        return f"Latencies {source}, not from a latency pass."
    return f"Source latencies {source}, target latencies {target}: the conditions differ."


def _invalid(found: Mapping[str, Any]) -> str:
    said = f"The latency pass is invalid: {found['why'].rstrip('.')}."
    return f"{said} {WAY_OUT}" if found["samples"] else said


def _left_out(found: Mapping[str, Any]) -> str:
    missing = found["rows"] - found["pairs"]
    if not missing:
        return ""
    sides = [f"{side} {_reasons(found['excluded'][side])}" for side in SIDES if found["excluded"][side]]
    why = f": {'; '.join(sides)}" if sides else ""
    return f"The latency pass left out {missing} of {counted(found['rows'], 'pair')}{why}."


def _reasons(excluded: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {number}" for reason, number in excluded.items())


def _detail(found: Mapping[str, Any]) -> str:
    parts = [
        f"latency pass of {counted(found['pairs'], 'pair')}, up to {found['concurrency']} in flight",
        f"ABBA order of seed {found['order_seed']}",
        f"latency on the {found['latency_of']}'s clock",
    ]
    return ", ".join([*parts, *(["cache points left out"] if found["cache_off"] else [])])


def _case(pair: Mapping[SideName, Mapping[str, Any]]) -> Case:
    source, target = (_side(side, pair[side]) for side in SIDES)
    return Case(row=Row(sample_id=source.sample_id, values={}), source=source, target=target)


def _side(name: SideName, item: Mapping[str, Any]) -> Side:
    answer = Answer(
        text="",
        latency=item["latency"],
        ttft=item["ttft"],
        server_latency=item["server_latency"],
        output_tokens=item["output_tokens"],
    )
    return Side(name=name, sample_id=item["sample_id"], outcome=answer)
