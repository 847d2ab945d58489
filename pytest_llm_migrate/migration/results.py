"""The record of a run: what every process saw and what became of every test, put together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import USE_CASE, Paid
from pytest_llm_migrate.comparison import Scale
from pytest_llm_migrate.comparison.error_groups import error_groups
from pytest_llm_migrate.comparison.pairwise import pairwise_records
from pytest_llm_migrate.domain import Ruling, is_monitor, worst
from pytest_llm_migrate.migration.attribution import attribution_record
from pytest_llm_migrate.migration.compared import comparison_of
from pytest_llm_migrate.migration.conditions import merged, stale_warnings, timing_of
from pytest_llm_migrate.migration.gold_audit import gold_audit
from pytest_llm_migrate.migration.kinship import kinship_warnings
from pytest_llm_migrate.migration.ranking import rankings
from pytest_llm_migrate.migration.run_level import run_level_warnings
from pytest_llm_migrate.migration.spool import changes_by_row
from pytest_llm_migrate.migration.tuning import tuning_record, tuning_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.answers import Spending
    from pytest_llm_migrate.comparison import Comparison

SCHEMA_VERSION = 1
SAMPLES_FILE = "latency.jsonl"
_GATE_RULINGS = {"passed": Ruling.GO, "xpassed": Ruling.GO}
_SHOWN_OF_TESTS = ("nodeid", "outcome", "message", "checks", "reported")
_ROW_OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "not_run")
Test = dict[str, Any]


class Seen:
    """What the processes of a run wrote down, merged: a row that several of them saw counts once, in dataset order."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self.migrations: dict[str, dict[str, Any]] = {}
        self.used: list[Mapping[str, Any]] = []
        self.is_cut_short = False
        self.seals: set[str] = set()
        self.forecast: dict[str, Any] | None = None
        self.judges: list[dict[str, Any]] = []
        self.exchanged: dict[str, dict[str, Any]] = {}
        self.run_level: dict[str, dict[str, Any]] = {}
        self._times: dict[str, list[dict[str, Any]]] = {}
        cases: dict[str, dict[int, dict[str, Any]]] = {}
        for record in records:
            self._take(dict(record), cases)
        self.cases = {name: [found[place] for place in sorted(found)] for name, found in cases.items()}

    def _take(self, record: dict[str, Any], cases: dict[str, dict[int, dict[str, Any]]]) -> None:
        kind = record.pop("type")
        if kind == "migration":
            self.migrations[record["id"]] = record
        elif kind == "used":
            self.used.append(record)
        elif kind == "seal":
            self.seals.add(record["sha256"])
        elif kind == "exchanged":
            self.exchanged.setdefault(record["migration"], {})[record["sample_id"]] = record["scores"]
        elif kind == "run_level":
            # Of processes that end one by one the last has seen the rows of all.
            known = self.run_level.get(record["migration"])
            if known is None or record["rows"] >= known["rows"]:
                self.run_level[record["migration"]] = record
        elif kind == "cut_short":
            self.is_cut_short = True
        elif kind in {"forecast", "judges"}:
            self._foresee(kind, record)
        elif kind == "times":
            self._times.setdefault(record.pop("migration"), []).append(record)
        else:
            cases.setdefault(record.pop("migration"), {})[record.pop("place")] = record

    def _foresee(self, kind: str, record: dict[str, Any]) -> None:
        # Each process reckons the same, but one that is late finds calls made by the others.
        if kind == "forecast":
            self.forecast = max(filter(None, [self.forecast, record]), key=lambda found: int(found["calls"]))
        else:
            self.judges = max(self.judges, record["plans"], key=lambda plans: sum(int(each["calls"]) for each in plans))

    def times(self, migration: str) -> dict[str, Any]:
        """Return under which conditions a migration's answers were timed, and its latency pass."""
        return merged(self._times.get(migration, []))

    def samples(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of ``latency.jsonl``: the samples of every migration's latency pass."""
        for name in self._times:
            found = self.times(name)["latency_pass"]
            yield from ({"migration": name, **sample} for sample in (found["samples"] if found else ()))


def migration_record(
    terms: dict[str, Any],
    cases: Sequence[Mapping[str, Any]],
    tests: Sequence[Test],
    monthly_requests: int | None = None,
    times: Mapping[str, Any] | None = None,
    exchanged: Mapping[str, Any] | None = None,
    *,
    run_level: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one judged migration: its terms, gates, row counts, and the comparison in figures.

    ``monthly_requests`` is the traffic that costs are projected to, ``None`` for no projection; ``times`` what
    `Seen.times` gives; ``exchanged`` what rows scored with exchanged prompts; ``run_level`` figures
    of all rows together, by metric.
    """
    timed = times or merged([])
    compared = comparison_of(terms, cases, timing=lambda: timing_of(timed))
    gates = [gate_record(test) for test in tests if test["gate"]]
    rows = Counter(test["outcome"] for test in tests if not test["gate"])
    tuning = tuning_record(terms, cases)
    ruling = worst(Ruling(gate["verdict"]) for gate in gates if gate["verdict"])
    unsaid = run_level_warnings(run_level or {})
    failing, below = _rows_of(tests, {"failed"}), _rows_of(tests, {"failed", "xfailed"})
    said = [*tuning_warnings(tuning), *_gate_warnings(gates)]
    figures = compared.to_record()
    for name, reads in terms.get("directions", {}).items():
        figures["metrics"][name]["direction"] = {"given": "lower is better", "reads": reads}
    return {
        **{name: term for name, term in terms.items() if name != "directions"},
        "verdict": ruling and str(ruling),
        "heading": heading(ruling, len(below), failing=len(failing)),
        "gates": gates,
        "row_tests": {outcome: rows[outcome] for outcome in _ROW_OUTCOMES}
        | {"reported": sum("reported" in test for test in tests)},
        "rows_below_bar": len(below),
        "prompt_tuning": tuning,
        "attribution": attribution_record(terms, cases, exchanged or {}),
        **figures,
        "error_groups": error_groups(compared, changes_by_row(cases)),
        "gold_audit": gold_audit(terms, cases, gates, compared),
        "run_level": dict(run_level or {}),
        "latency_pass": pass_figures(timed["latency_pass"], compared),
        "projection": compared.projection(monthly_requests).to_record() if monthly_requests else None,
        "pairwise": dict(pairwise_records(compared, terms.get("paired", ()))),
        "warnings": [*terms["warnings"], *kinship_warnings(terms), *compared.warnings(), *unsaid, *said],
    }


def pass_figures(found: Mapping[str, Any] | None, compared: Comparison) -> dict[str, Any] | None:
    """Return a latency pass with the figures that belong to it alone; its samples have a file of their own."""
    if found is None:
        return None
    return {
        **found,
        "samples": SAMPLES_FILE if found["samples"] else None,
        "client_latency": compared.client_latency.to_record(),
        "tokens_per_second": compared.tokens_per_second.to_record(),
    }


def gate_record(test: Test) -> dict[str, Any]:
    """Return a gate: GO if it passed, the worst it evaluated if it failed (NO-GO if none), none if it was skipped.

    An undecided gate that only warns, an expected failure, has its verdict like one that fails. One that broke cannot
    judge, unless it had found a NO-GO before.
    """
    said = test["statements"]
    ruling = _GATE_RULINGS.get(test["outcome"])
    found = worst(Ruling(item["verdict"]) for item in said if item["verdict"] != Ruling.GO)
    if test["outcome"] == "failed" or test.get("undecided"):
        ruling = found or Ruling.NO_GO
    elif test["outcome"] == "error":
        ruling = worst(filter(None, [Ruling.CANNOT_JUDGE, found]))
    deciding = next((item for item in said if item["verdict"] == ruling), None)
    statement = deciding["statement"] if deciding else test.get("message", "")
    if ruling is Ruling.GO and len(said) > 1:
        statement = _joined(said)
    return {
        "nodeid": test["nodeid"],
        "doc": test["doc"],
        "outcome": test["outcome"],
        "verdict": ruling and str(ruling),
        "statement": statement,
        "statements": said,
        "look": test.get("look"),
    }


def _joined(said: Sequence[Mapping[str, Any]]) -> str:
    """Return all statements of a gate as one, the conditions of their times once at the end."""
    notes = [item.get("figures", {}).get("conditions", "") for item in said]
    bare = [item["statement"].removesuffix(note).rstrip() for item, note in zip(said, notes, strict=True)]
    return " ".join([*bare, *dict.fromkeys(filter(None, notes))])


def heading(ruling: Ruling | None, below: int, *, failing: int) -> str:
    """Return the sentence over a migration: what its gates say, and what its rows say when that differs."""
    rows = f"{below} row{'s' if below != 1 else ''} below {'their' if below != 1 else 'its'} bar"
    if ruling is None:
        return f"No gate judged this migration; {rows}." if below else "No gate judged this migration."
    if not below:
        return f"{ruling} by its gates."
    verb, state = ("fails", "is") if (failing or below) == 1 else ("fail", "are")
    consequence = f"{verb} the run" if failing else f"{state} reported only"
    some = f", {failing} of which" if 0 < failing < below else ""
    return f"{ruling} by its gates; {rows}{some} {consequence}."


def row_records(
    migration: str, cases: Iterable[Mapping[str, Any]], tests: Sequence[Test], scales: Mapping[str, Scale]
) -> Iterator[dict[str, Any]]:
    """Yield the lines of ``rows.jsonl`` for one migration, in the order of the cases."""
    by_row: dict[str, list[Test]] = {}
    for test in tests:
        if test["sample_id"] is not None:
            shown: dict[str, Any] = {name: test[name] for name in _SHOWN_OF_TESTS if name in test}
            by_row.setdefault(test["sample_id"], []).append(shown)
    for record in cases:
        flips = flips_of(record, scales)
        yield {
            "schema_version": SCHEMA_VERSION,
            "migration": migration,
            "tests": by_row.get(record["sample_id"], []),
            **record,
            "flips": flips,
        }


def scales_of(migration: Mapping[str, Any]) -> dict[str, Scale]:
    """Return the scale of every metric in a migration's record."""
    bounds = {name: migration["bounds"].get(name, (0.0, 1.0)) for name in migration["metrics"]}
    return {
        name: Scale(low=bounds[name][0], high=bounds[name][1], is_graded=found["graded"])
        for name, found in migration["metrics"].items()
        if not is_monitor(name)
    }


def flips_of(record: Mapping[str, Any], scales: Mapping[str, Scale]) -> dict[str, str]:
    """Return what became of a row in each metric that scored both sides."""
    source, target = (record[side].get("scores", {}) for side in ("source", "target"))
    found = {name: scale.flip(source.get(name), target.get(name)) for name, scale in scales.items()}
    return {name: value for name, value in found.items() if value}


def run_record(
    run: Mapping[str, Any],
    seen: Seen,
    tests_of: Callable[[str], Sequence[Test]],
    prices: Mapping[str, Any],
    monthly_requests: int | None = None,
) -> dict[str, Any]:
    """Return ``results.json``: the run, its verdict, and every migration that was judged or looked at."""
    judged = [name for name in seen.migrations if tests_of(name) or name in seen.cases]
    migrations = [
        migration_record(
            seen.migrations[name],
            seen.cases.get(name, []),
            tests_of(name),
            monthly_requests,
            seen.times(name),
            seen.exchanged.get(name),
            run_level=seen.run_level.get(name, {}).get("figures"),
        )
        for name in judged
    ]
    for item in migrations:
        item["warnings"] += stale_warnings(seen.times(item["id"]), run)
    ruling = worst(Ruling(item["verdict"]) for item in migrations if item["verdict"])
    return {
        "schema_version": SCHEMA_VERSION,
        "run": dict(run),
        "verdict": ruling and str(ruling),
        "prices": dict(prices),
        "migrations": migrations,
        "rankings": rankings(migrations, seen.cases),
        "warnings": [],
        "sections": [],
    }


def spending_record(
    spent: Spending, forecast: Mapping[str, Any] | None, judges: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return what the run paid for, and what it had been expected to pay for answers and judges, as `Seen` has it.

    How far off the forecast was is known where all its calls were made and all of them have a price.
    """
    record = {**spent.to_record(), "judge_forecast": [dict(plan) for plan in judges]}
    if forecast is None:
        return {**record, "forecast": None}
    expected, answers = forecast["usd_expected"], spent.purposes.get(USE_CASE, Paid())
    is_known = expected and answers.calls >= forecast["calls"] and not answers.unpriced_calls
    return {**record, "forecast": {**forecast, "usd_error": answers.usd / expected - 1 if is_known else None}}


def _rows_of(tests: Sequence[Test], outcomes: set[str]) -> set[str]:
    return {test["sample_id"] for test in tests if not test["gate"] and test["outcome"] in outcomes}


def _gate_warnings(gates: Sequence[Mapping[str, Any]]) -> list[str]:
    idle = [gate for gate in gates if gate["verdict"] is None]
    warned = [gate for gate in gates if gate["verdict"] and gate["outcome"] == "xfailed"]
    return [
        *(f"gate {gate['nodeid']} gave no verdict: it was {gate['outcome']}" for gate in idle),
        *(f"gate {gate['nodeid']} is undecided: warned, not failed" for gate in warned),
    ]
