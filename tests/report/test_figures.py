"""A migration's figures as text."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report.figures import (
    gates_sentence,
    metric_figures,
    quantity_figure,
    quantity_figures,
    rows_sentence,
    settings_sentence,
    unknown_quantities,
)
from pytest_llm_migrate.report.money import forecast_sentence, spending_sentence

FLIPS = {"broke": 10, "fixed": 4, "both right": 80, "both wrong": 30, "held": 0}
METRIC = {"n": 124, "source": {"mean": 0.7}, "target": {"mean": 0.6}, "delta": -0.1, "flips": FLIPS}


def migration(**more: Any) -> dict[str, Any]:
    """Return the parts of a migration that sentences are made of."""
    nobody = {"source": 0, "target": 0}
    return {
        "dataset": {"path": "tickets.csv", "rows": 124, "rows_in_file": 144},
        "metrics": {"exact_match": {**METRIC, "interval": [-0.2, 0.0]}},
        "rows_below_bar": 0,
        "gates": [],
        "errors": nobody,
        "truncated": nobody,
        "refusals": nobody,
        **more,
    }


def test_a_metric_is_shown_in_per_cent_with_its_interval() -> None:
    """A metric that scores in [0, 1] is a share, and its change is in percentage points."""
    [figure] = metric_figures(migration())
    assert (figure.source, figure.target, figure.n) == ("70.0%", "60.0%", "124")
    assert figure.change_and_limits == "-10.0 pp [-20.0 pp, 0.0 pp]"


def test_a_metric_on_a_scale_of_its_own_keeps_it() -> None:
    """Stars from 1 to 5 are no shares."""
    stars = {**METRIC, "source": {"mean": 4.25}, "target": {"mean": 4.0}, "delta": -0.25, "interval": [-0.5, 0.1]}
    [figure] = metric_figures(migration(metrics={"stars": stars}, bounds={"stars": [1, 5]}))
    assert (figure.source, figure.target, figure.change_and_limits) == ("4.25", "4", "-0.25 [-0.5, +0.1]")


def test_a_metric_without_rows_is_unknown() -> None:
    """Where nothing was scored there is no zero."""
    nothing = {"n": 0, "source": {"mean": None}, "target": {"mean": None}, "delta": None, "interval": None}
    [figure] = metric_figures(migration(metrics={"m": nothing}))
    assert (figure.source, figure.change_and_limits, figure.limits) == ("unknown", "unknown", "unknown")


def test_quantities_are_shown_in_their_units_and_unknown_ones_named() -> None:
    """What no row has is left out of the figures and named."""
    tail = {"source": 1.24, "target": 0.84, "ratio": 0.677, "interval": [0.6, None]}
    counts = {"source": 60, "target": 60}
    found = migration(latency={"unit": "s", "n": 60, "known": counts, "statistics": {"p95": tail}}, cost=None)
    [figure] = quantity_figures(found)
    assert (figure.name, figure.source, figure.target) == ("latency p95", "1.24 s", "840 ms")
    assert figure.change_and_limits == "x0.68 [x0.60, no limit]"
    assert unknown_quantities(found) == "time to first token, tokens, input tokens, output tokens, cost"


def test_rows_are_counted_by_what_became_of_them() -> None:
    """The sentence names the file, flips, rows below their bar and each side's faults."""
    errors = {"source": 0, "target": 2, "kinds": {"target": {"throttled": 2}}}
    truncated = {"source": 0, "target": 3}
    assert rows_sentence(migration(rows_below_bar=1200, errors=errors, truncated=truncated)) == (
        "124 of 144 rows of tickets.csv; exact_match broke 10, fixed 4; 1,200 below their bar; "
        "target: 2 without an answer (throttled), 3 cut off"
    )


def test_gates_are_counted() -> None:
    """A migration without gates says so."""
    assert gates_sentence(migration(gates=[{"verdict": "GO"}, {"verdict": None}])) == "1 of 2 GO"
    assert gates_sentence(migration()) == "no gate"


@pytest.mark.parametrize(
    ("spending", "sentence"),
    [
        (None, "unknown"),
        ({"calls": 0, "usd": 0.0, "unpriced_calls": 0}, "no call was made"),
        ({"calls": 1, "usd": 0.0, "unpriced_calls": 1}, "1 call, price unknown"),
        ({"calls": 12, "usd": 0.0138, "unpriced_calls": 0}, "12 calls for $0.0138"),
        ({"calls": 12, "usd": 0.5, "unpriced_calls": 2}, "10 calls for $0.50, and 2 calls without a known price"),
    ],
)
def test_what_was_paid_is_never_zero_for_unknown(spending: dict[str, Any] | None, sentence: str) -> None:
    """Calls without a price are counted, not valued at nothing."""
    assert spending_sentence({"spending": spending}) == sentence


@pytest.mark.parametrize(
    ("forecast", "sentence"),
    [
        (None, ""),
        ({"calls": 9, "usd_expected": None, "usd_at_most": 1.0, "usd_error": None}, ""),
        ({"calls": 9, "usd_expected": 0.12, "usd_at_most": 1.0, "usd_error": None}, "forecast $0.12 for 9 calls"),
        (
            {"calls": 9, "usd_expected": 0.12, "usd_at_most": 1.0, "usd_error": 1 / 12},
            "forecast $0.12, spent $0.13 on answers (+8%)",
        ),
        (
            {"calls": 9, "usd_expected": 0.12, "usd_at_most": 1.0, "usd_error": -0.001},
            "forecast $0.12, spent $0.12 on answers (0%)",
        ),
    ],
)
def test_a_forecast_is_told_where_there_was_one(forecast: dict[str, Any] | None, sentence: str) -> None:
    """What was not foretold is not mentioned, and an error that is not known is none."""
    assert forecast_sentence({"spending": {"calls": 9, "forecast": forecast}}) == sentence


def test_settings_are_shown_as_they_were_sent() -> None:
    """No settings are the model's defaults."""
    assert settings_sentence({"inference": {"temperature": 0, "stop": ["\n"]}}) == "temperature 0, stop ['\\n']"
    both = {"inference": {"max_tokens": 5}, "options": {"service_tier": "flex", "cache": True}}
    assert settings_sentence(both) == "max_tokens 5, service_tier 'flex', cache True"
    assert settings_sentence({"inference": {}}) == settings_sentence(None) == "defaults"


def test_a_side_known_alone_is_shown_beside_an_unknown_ratio() -> None:
    """Where no row has a quantity on both sides, the known side has its figure over its own rows."""
    lone = {"source": None, "target": 0.002, "ratio": None, "interval": None}
    counts = {"source": 0, "target": 60}
    found = migration(cost={"unit": "USD", "n": 0, "known": counts, "statistics": {"mean": lone}})
    figure = quantity_figure(found, "cost", "mean")
    assert figure is not None
    assert (figure.n, figure.source, figure.target) == ("60", "unknown", "$0.002")
    assert figure.change_and_limits == "unknown"
    assert "cost" not in unknown_quantities(found).split(", ")
