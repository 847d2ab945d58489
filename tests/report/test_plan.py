"""A plan's words, from a record alone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.report import plan_lines, plan_markdown
from pytest_llm_migrate.report.text import columns
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = "\x1b[31m表意文字|`code`<b>\u202e" * 9
UNKNOWN: dict[str, Any] = {
    "is_least": False,
    "kept": 0,
    "input_tokens": None,
    "output_tokens": None,
    "usd_expected": None,
    "usd_at_most": None,
}


def side(**values: Any) -> dict[str, Any]:
    """Return one side of which little is known."""
    known = {
        "ref": "local:m",
        "repeats": 1,
        "calls": 20,
        **UNKNOWN,
        "seconds": None,
        "why_unknown": "until a first call",
    }
    return known | values


def gate(**values: Any) -> dict[str, Any]:
    """Return a gate that needs some rows."""
    known = {"nodeid": "test_a.py::test_gate", "kind": "non_inferior", "metric": "m", "value": 0.05, "slice": None}
    return known | {"rows": 100, "rows_needed": [248, 1301], "why_unknown": None} | values


def plan(name: str = "triage", **values: Any) -> dict[str, Any]:
    """Return the plan of one migration."""
    margins = [
        {"measure": "deviation", "value": 0.2, "assumed": "seen", "margin": 0.0501},
        {"measure": "deviation", "value": 0.3, "assumed": "upper", "margin": 0.06},
    ]
    source = {"mean": 0.5, "deviation": 0.1}
    metric = {"name": "m", "bounds": [0.0, 1.0], "basis": "pilot", "n": 20, "source": source, "margins": margins}
    migration = {
        "id": "a",
        "name": name,
        "rows": 100,
        "latency_calls": 0,
        "counted_by": [],
        "judges": [],
        "gates": [gate()],
    }
    sides = {"source": side(calls=0, kept=100), "target": side()}
    return {
        "schema_version": 1,
        "planned_at": "2026-11-21T08:12:03+00:00",
        "command": "pytest",
        "prices": {"source": "a list", "as_of": "2026-11-01"},
        "confidence": 0.95,
        "power": 0.8,
        "migrations": [migration | {"sides": sides, "metrics": [metric]} | values],
        "total": {"calls": 20, **UNKNOWN},
        "judges": {"calls": 0, "usd_expected": 0.0, "usd_with_answers": None},
    }


def test_a_plan_in_lines() -> None:
    """What is taken, what can be proven, and what is asked follow each other."""
    validator("plan").validate(plan())
    assert list(plan_lines(plan(latency_calls=100))) == [
        "triage: 100 rows",
        "  source local:m: no call, 100 kept",
        "  target local:m: 20 calls (cost unknown), 0 kept; time unknown until a first",
        "    call",
        "  latency, measured apart where a gate is judged: at most 100 calls more, both",
        "    sides",
        "  smallest provable margins (95% confidence, 80% power, an equal target):",
        "    m: 0.051 (0.060 to be cautious); from a pilot of 20 rows: differences",
        "      deviate by 0.200, at most 0.300",
        "  margins asked:",
        "    test_gate: a loss below 0.05 in m needs about 248 to 1,301 rows, has 100:",
        "      too few",
    ]


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (
            {"calls": 400, "input_tokens": 40_000, "output_tokens": 20_000, "usd_expected": 1.5},
            (
                "judge bedrock:judge: at most 400 calls (about $1.50, 40,000 in + 20,000 out tokens); a verdict that "
                "cannot be used is one more"
            ),
        ),
        (
            {"calls": 400, "input_tokens": None, "output_tokens": None, "usd_expected": None},
            (
                "judge bedrock:judge: at most 400 calls (cost unknown until a first verdict); a verdict that cannot be "
                "used is one more"
            ),
        ),
        (
            {"calls": 0, "input_tokens": None, "output_tokens": None, "usd_expected": None},
            "judge bedrock:judge: no call, every verdict is kept",
        ),
    ],
)
def test_a_judge_s_part_is_told(judge: dict[str, Any], said: str) -> None:
    """Its calls at most, and their money once its verdicts show how long they are."""
    record = plan(judges=[{"ref": "bedrock:judge", **judge}])
    validator("plan").validate(record)
    lines = list(plan_lines(record))
    assert said in " ".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= 80
    assert said.partition(": ")[2][:20] in plan_markdown(record)


@pytest.mark.parametrize(
    ("dollars", "said"),
    [
        ((1.5, 4.0), "judges: at most 400 calls, about $1.50; with the answers at most 420 calls, about $4.00"),
        ((1.5, None), "judges: at most 400 calls, about $1.50; with the answers at most 420 calls, cost unknown"),
        ((None, None), "judges: at most 400 calls, cost unknown; with the answers at most 420 calls, cost unknown"),
    ],
)
def test_judges_are_in_the_total(dollars: tuple[float | None, float | None], said: str) -> None:
    """Beside the answers, and with them; an unknown part makes an unknown sum."""
    record = plan() | {"judges": {"calls": 400, "usd_expected": dollars[0], "usd_with_answers": dollars[1]}}
    validator("plan").validate(record)
    assert " ".join(line.strip() for line in plan_lines(record)).endswith(said)
    assert said.replace("$", "").split()[-1] in plan_markdown(record).splitlines()[-1]


def test_a_plan_in_markdown() -> None:
    """The same three things are tables; what is unknown says so."""
    text = plan_markdown(plan())
    assert text.startswith(
        "## Plan: triage\n\nNo model was called. Prices: a list of 2026-11-01.\n\n| Migration | Side |"
    )
    unknown = " | ".join(["unknown"] * 4)
    assert f"| triage | target | local:m | 100 | 1 | 20 | 0 | {unknown} | unknown until a first call |\n" in text
    assert "**Smallest provable margins (95% confidence, 80% power, an equal target)**\n\n| Migration |" in text
    assert "| triage | test_gate | a loss below 0.05 in m | 248 to 1,301 | 100 | too few |\n" in text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rows": 1301}, "needs about 248 to 1,301 rows, has 1,301: enough"),
        ({"rows": 1300}, "needs about 248 to 1,301 rows, has 1,300: perhaps enough"),
        ({"rows": 247}, "has 247: too few"),
        ({"rows_needed": [1, 1]}, "needs about 1 row, has 100: enough"),
        ({"kind": None, "metric": None, "value": None, "rows": None, "rows_needed": [], "why_unknown": "no text"},
         "test_gate: what it asks; no text"),
        ({"slice": {"column": "kind", "value": "a b"}}, "a loss below 0.05 in m where kind is a b needs"),
    ],
)  # fmt: skip
def test_a_gate_says_whether_its_rows_do(values: dict[str, Any], said: str) -> None:
    """The rows that there are stand beside those that it takes."""
    record = plan(gates=[gate(**values)])
    validator("plan").validate(record)
    assert said in " ".join(line.strip() for line in plan_lines(record))


def test_text_of_others_stays_within_its_line_and_cell() -> None:
    """Names that carry controls, wide characters or markup break neither terminal nor table."""
    rows = {"column": HOSTILE, "value": HOSTILE}
    record = plan(HOSTILE, counted_by=[HOSTILE], gates=[gate(nodeid=HOSTILE, metric=HOSTILE, slice=rows)])
    assert all(columns(line) <= 80 for line in plan_lines(record))
    for text in ("\n".join(plan_lines(record)), plan_markdown(record)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<b>" not in plan_markdown(record)
    widths = {line.replace(r"\|", "").count("|") for line in plan_markdown(record).splitlines() if line[0:1] == "|"}
    assert widths == {13, 5, 7}


SPOILED: list[Callable[[dict[str, Any]], object]] = [
    lambda record: record.pop("total"),
    lambda record: record.update(extra=1),
    lambda record: record["migrations"][0]["sides"].pop("target"),
    lambda record: record["migrations"][0]["sides"]["source"].update(repeats=0),
    lambda record: record["migrations"][0]["metrics"][0].update(basis="guess"),
    lambda record: record["migrations"][0]["gates"][0].update(kind="ratio_at_most"),
    lambda record: record["migrations"][0]["gates"][0].update(rows_needed=[1.5]),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_spoiled_plan_does_not_fit(spoil: Callable[[dict[str, Any]], object]) -> None:
    """A missing, unknown or mistyped part of a plan is refused."""
    record = copy.deepcopy(plan())
    spoil(record)
    assert not validator("plan").is_valid(record)
