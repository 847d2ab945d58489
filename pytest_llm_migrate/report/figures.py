"""A migration's figures as text: what the terminal, Markdown and HTML all show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.numbers import (
    amount,
    count,
    counted,
    interval,
    is_known,
    p_value,
    percent,
    points,
    quantity,
    ratio,
    score,
    score_change,
    seconds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Record = Mapping[str, Any]
Show = Callable[[float | None], str]

QUANTITIES = {
    "latency": "latency",
    "ttft": "time to first token",
    "tokens": "tokens",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "cost": "cost",
}
"""Names of the measured quantities as people read them."""
RATES = {
    "errors": "target rows without an answer",
    "truncated": "target answers cut off",
    "refusals": "target answers that refuse",
}
"""What is counted of the target, as a share of its rows, as people read it."""
TIMES = ("latency", "ttft")
"""Those of them that a latency pass measures."""
STATISTICS = ("mean", "p50", "p90", "p95", "p99")
HEADLINES = (("latency", "p50"), ("latency", "p95"), ("ttft", "p50"), ("tokens", "mean"), ("cost", "mean"))
"""The few statistics that a summary shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a metric's means and differences are shown: as shares of one, or on a scale of the metric's own."""

    value: Show
    change: Show

    @classmethod
    def of(cls, migration: Record, metric: str) -> Scale:
        """Return the scale of a metric: per cent where it scores in [0, 1]."""
        if list(migration.get("bounds", {}).get(metric, [0, 1])) == [0, 1]:
            return cls(value=percent, change=points)
        return cls(value=score, change=score_change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of both sides as text, and the interval of its change as numbers, for drawing.

    Attributes:
        name: What the figure is.
        n: Rows behind it.
        source: The source's value.
        target: The target's value.
        change: Target minus source, or target divided by source.
        limits: The interval of the change.
        estimate: The change as a number, ``None`` when unknown.
        low: The interval's lower limit, likewise.
        high: Its upper limit, likewise.
        p: The adjusted p-value of a slice, empty where there is none.
    """

    name: str
    n: str
    source: str
    target: str
    change: str
    limits: str
    estimate: float | None
    low: float | None
    high: float | None
    p: str = ""

    @property
    def change_and_limits(self) -> str:
        """The change with its interval behind it, where there is one."""
        return f"{self.change} {self.limits}" if is_known(self.low) or is_known(self.high) else self.change


def metric_figure(name: str, figures: Record, scale: Scale) -> Figure:
    """Return one metric's means and their paired difference."""
    limits, p = figures.get("interval") or (None, None), figures.get("p_holm")
    return Figure(
        name=name,
        n=count(figures["n"]),
        source=scale.value(figures["source"]["mean"]),
        target=scale.value(figures["target"]["mean"]),
        change=scale.change(figures["delta"]),
        limits=interval(limits, scale.change),
        estimate=figures["delta"],
        low=limits[0],
        high=limits[1],
        p="" if p is None else p_value(p),
    )


def metric_figures(migration: Record) -> list[Figure]:
    """Return every metric but those that only watch."""
    metrics = {name: found for name, found in migration["metrics"].items() if not is_monitor(name)}
    return [metric_figure(name, found, Scale.of(migration, name)) for name, found in metrics.items()]


def quantity_figure(migration: Record, name: str, statistic: str) -> Figure | None:
    """Return one statistic of a quantity and its ratio; ``None`` where the quantity is unknown throughout.

    Where no row has it on both sides, each side is shown by itself, over its own rows.
    """
    found = migration.get(name)
    if not found or statistic not in found["statistics"]:
        return None
    figures, show = found["statistics"][statistic], quantity(found["unit"])
    limits = figures.get("interval") or (None, None)
    return Figure(
        name=f"{QUANTITIES[name]} {statistic}",
        n=count(found["n"] or max(found["known"].values())),
        source=show(figures["source"]),
        target=show(figures["target"]),
        change=ratio(figures["ratio"]),
        limits=interval(limits, ratio),
        estimate=figures["ratio"],
        low=limits[0],
        high=limits[1],
    )


def quantity_figures(migration: Record, wanted: Sequence[tuple[str, str]] = HEADLINES) -> list[Figure]:
    """Return those statistics that are known."""
    found = (quantity_figure(migration, name, statistic) for name, statistic in wanted)
    return [figure for figure in found if figure]


def unknown_quantities(migration: Record) -> str:
    """Return the names of the quantities that no row has on either side."""
    state = cost_state(migration)
    shown = QUANTITIES | {"cost": f"cost ({state})" if state else "cost"}
    return ", ".join(shown[name] for name in QUANTITIES if not migration.get(name))


def cost_state(migration: Record) -> str:
    """Return in a word or two what answers without a cost are: unpriced, not per token, or nothing that is known."""
    reasons = [reason for side in migration.get("no_cost", {}).values() for reason in side]
    return " or ".join(dict.fromkeys(without_cost(reason) for reason in reasons))


def without_cost(reason: str) -> str:
    """Return what a reason for having no cost begins with: ``unpriced``, ``not per token``."""
    return reason.partition(":")[0]


def no_cost_sentences(migration: Record) -> list[str]:
    """Return why answers have no cost, a sentence for each reason and side."""
    found = migration.get("no_cost", {}).items()
    return [f"{counted(number, f'{side} answer')}: {why}" for side, said in found for why, number in said.items()]


def served_sentence(migration: Record, side: str) -> str:
    """Return the tiers and latency modes that the service said it served a side's answers in."""
    found = migration.get("served", {}).get(side, {})
    return ", ".join(f"{name} ({count(number)})" for name, number in found.items())


def rows_sentence(migration: Record) -> str:
    """Return in one line how many rows were judged, what became of them, and what went wrong with some."""
    dataset = migration["dataset"]
    whole = f" of {count(dataset['rows_in_file'])}" if dataset["rows_in_file"] != dataset["rows"] else ""
    parts = [f"{count(dataset['rows'])}{whole} rows of {dataset['path']}"]
    parts += [flips_sentence(name, found) for name, found in migration["metrics"].items() if not is_monitor(name)]
    parts += [f"{count(migration['rows_below_bar'])} below their bar"] if migration["rows_below_bar"] else []
    parts += [sentence for side in ("source", "target") if (sentence := _side_faults(migration, side))]
    return "; ".join(parts)


def flips_sentence(name: str, figures: Record) -> str:
    """Return how many rows broke and were fixed in one metric."""
    return f"{name} broke {count(figures['flips']['broke'])}, fixed {count(figures['flips']['fixed'])}"


def gates_sentence(migration: Record) -> str:
    """Return how many of a migration's gates are a GO."""
    gates = migration["gates"]
    return f"{sum(gate['verdict'] == 'GO' for gate in gates)} of {len(gates)} GO" if gates else "no gate"


def is_pass_invalid(migration: Record) -> bool:
    """Return whether latency was measured apart, and in vain: no gate judges by it."""
    return not (migration.get("latency_pass") or {"valid": True})["valid"]


def latency_sentences(migration: Record) -> list[str]:
    """Return how latency was measured apart from quality, and what else that brought; nothing where it was not."""
    found = migration.get("latency_pass")
    if not found:
        return []
    state = "" if found["valid"] else "INVALID "
    kept = f", kept from {found['ended']}" if found["kept"] else ""
    pairs = f"{count(found['pairs'])} of {counted(found['rows'], 'pair')}"
    measured = f"{state}latency pass: {pairs}, up to {found['concurrency']} in flight{kept}"
    checks = [("clock thread late by", seconds(found["heartbeat_p99"])), ("client CPU", percent(found["cpu"]))]
    measured += "".join(f"; {name} {value}" for name, value in checks if is_known(found["cpu"]))
    return [measured, *filter(None, [_pass_figures(found)])]


def _pass_figures(found: Record) -> str:
    """Return what of a pass has no line of its own among the figures."""
    share = found["client_share"]
    parts = [
        _medians("latency on the client's clock p50", found["client_latency"], seconds),
        _sides("client's share p50", share["source"], share["target"], seconds),
        _medians("output tokens a second p50", found["tokens_per_second"], amount),
    ]
    return "; ".join(filter(None, parts))


def _medians(name: str, figures: Record | None, show: Show) -> str:
    median = figures["statistics"]["p50"] if figures else {"source": None, "target": None}
    return _sides(name, median["source"], median["target"], show)


def _sides(name: str, source: float | None, target: float | None, show: Show) -> str:
    return f"{name} {show(source)} -> {show(target)}" if is_known(source) and is_known(target) else ""


def settings_sentence(prompt: Record | None) -> str:
    """Return a prompt's inference settings and options in one line."""
    settings = {**((prompt or {}).get("inference") or {}), **((prompt or {}).get("options") or {})}
    return ", ".join(f"{name} {_setting(value)}" for name, value in settings.items()) or "defaults"


def tokens_sentence(side: Record) -> str:
    """Return what one answer read and wrote, as far as it is known."""
    parts = [(side.get("input_tokens"), "in"), (side.get("output_tokens"), "out")]
    known = [f"{amount(value)} {name}" for value, name in parts if is_known(value)]
    return f"{' + '.join(known)} tokens" if known else ""


def _side_faults(migration: Record, side: str) -> str:
    kinds = (migration["errors"].get("kinds") or {}).get(side) or {}
    named = f" ({', '.join(kinds)})" if kinds else ""
    faults = [
        (migration["errors"][side], f"without an answer{named}"),
        (migration["truncated"][side], "cut off"),
        (migration["refusals"][side], "refused"),
    ]
    found = ", ".join(f"{count(number)} {fault}" for number, fault in faults if number)
    return f"{side}: {found}" if found else ""


def _setting(value: Any) -> str:
    return repr(value) if isinstance(value, (str, list)) else str(value)
