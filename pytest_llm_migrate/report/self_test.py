"""A self-test for people: how often each gate refused a model that was compared with itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.report.money import spending_sentence
from pytest_llm_migrate.report.terminal import Line
from pytest_llm_migrate.report.text import markdown, one_line, visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.report.figures import Record

_SHARES = {
    "passed": "GO",
    "undecided": "NOT ENOUGH EVIDENCE",
    "no_gain": "NO-GO on a gain, which no model has over itself",
    "cannot_judge": "CANNOT JUDGE",
    "error": "an error",
}
_COLUMNS = ["Gate", "Trials", "False alarms", "95% interval", "GO", "Undecided", "What speaks against it"]
_SCOPE = (
    "A false alarm is a gate that refuses a model that is the same. Intervals are over draws of these answers, not "
    "over other rows."
)
_WIDEST = 80


def self_test_lines(results: Record, *, report: str, folder: str) -> Iterator[Line]:
    """Yield the section for the end of a run, in lines of at most 80 columns, but for paths."""
    for tested in results["self_test"]["migrations"]:
        yield Line(one_line(_title(tested), _WIDEST), "bold")
        yield from _text(_drawn(tested), "  ")
        for gate in tested["gates"]:
            yield Line("")
            yield from _gate(gate)
        yield Line("")
    yield from _text(_SCOPE, "")
    for warning in results["warnings"]:
        yield from _text(f"warning: {warning}", "", "yellow")
    yield from _text(f"paid for in this run: {spending_sentence(results)}", "")
    yield from (Line(f"{name}: {visible(path)}") for name, path in (("report", report), ("run folder", folder)))


def self_test_markdown(results: Record) -> Iterator[str]:
    """Yield the lines of the summary in Markdown."""
    tests = results["self_test"]["migrations"]
    against = sum(bool(_against(gate)) for tested in tests for gate in tested["gates"])
    yield f"## {'⚠️' if against else '✅'} Self-test: {counted(against, 'gate')} with a warning"
    for tested in tests:
        yield from ("", f"**{markdown(_title(tested))}**: {markdown(_drawn(tested))}", "")
        yield f"| {' | '.join(_COLUMNS)} |"
        yield f"|{' --- |' * len(_COLUMNS)}"
        yield from (f"| {' | '.join(map(markdown, _cells(gate)))} |" for gate in tested["gates"])
    yield from ("", _SCOPE, "")
    yield from (f"- ⚠️ {markdown(warning)}" for warning in results["warnings"])
    paid = f"Paid for in this run: {spending_sentence(results)}."
    yield f"{markdown(paid)} Run {markdown(results['run']['id'])}."


def self_test_sections(results: Record) -> list[dict[str, Any]]:
    """Return the sections of the HTML report, one a migration."""
    return [
        {
            "title": f"Self-test: {_title(tested)}",
            "columns": _COLUMNS,
            "rows": [_cells(gate) for gate in tested["gates"]],
        }
        for tested in results["self_test"]["migrations"]
    ]


def _title(tested: Record) -> str:
    return f"{tested['name']}: {tested['model']} against itself"


def _drawn(tested: Record) -> str:
    drawn = tested["drawn"]
    if drawn is None:
        return "nothing was drawn: no gate got as far as its first trial"
    had = f"{counted(drawn['rows'], 'row')}, {drawn['repeats']} repeats each"
    if not drawn["rows_varied"]:
        return (
            f"{had}, all of them the same: there was no noise in what was said to test gates with, as at temperature 0"
        )
    return f"{had}; repeats differ in {counted(drawn['rows_varied'], 'row')}"


def _gate(gate: Record) -> Iterator[Line]:
    yield Line("  " + one_line(gate["nodeid"].rpartition("::")[2], _WIDEST - 2), "bold")
    yield from _text(gate["doc"], "    ")
    if gate["trials"] is None:
        yield from _text(f"{gate['outcome']}: {gate['message']}", "    ", "yellow")
        return
    yield from _text(_figures(gate["trials"]), "    ")
    for warning in gate["trials"]["warnings"]:
        yield from _text(f"warning: {warning}", "    ", "yellow")


def _figures(trials: Record) -> str:
    number, outcomes = trials["trials"], trials["outcomes"]
    alarms = f"false alarms {_percent(trials['false_alarm_rate'])} {_interval(trials)}"
    others = [
        f"{words} {_percent(outcomes.get(name, 0) / number)}"
        for name, words in _SHARES.items()
        if outcomes.get(name) or name in {"passed", "undecided"}
    ]
    return f"{alarms} in {counted(number, 'trial')}; {', '.join(others)}"


def _cells(gate: Record) -> list[str]:
    name, trials = gate["doc"] or gate["nodeid"].rpartition("::")[2], gate["trials"]
    if trials is None:
        return [name, "0", "", "", "", "", _against(gate)]
    shares = (_percent(trials["outcomes"][outcome] / trials["trials"]) for outcome in ("passed", "undecided"))
    rate = _percent(trials["false_alarm_rate"])
    return [name, f"{trials['trials']:,}", rate, _interval(trials), *shares, _against(gate)]


def _against(gate: Record) -> str:
    return f"{gate['outcome']}: {gate['message']}" if gate["trials"] is None else "; ".join(gate["trials"]["warnings"])


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _interval(trials: Record) -> str:
    low, high = trials["interval"]
    return f"[{_percent(low)}, {_percent(high)}]"


def _text(text: str, indent: str, style: str | None = None) -> Iterator[Line]:
    return (Line(indent + line, style) for line in wrapped(visible(text), _WIDEST - len(indent)) if line)
