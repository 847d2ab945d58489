"""Margins and options of this run beside those of the last accepted one: a looser one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Ruling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LOOSER_ABOVE = {"non_inferior": "margin", "ratio_at_most": "bar", "at_most": "bar"}
_LOOSER_BELOW = {"superior": "margin", "at_least": "floor"}
Margins = dict[tuple[str, int], tuple[str, float, float | None]]
"""What each statement of a gate was held against, by what it judged and how often it had done so before.

Its kind, its margin, and the confidence that was asked for; ``None`` where looks before all rows are in raised that.
"""


def loosened(results: Mapping[str, Any], earlier: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each margin and option that is looser than in the last run that accepted the same gate.

    Args:
        results: The record of this run.
        earlier: Records of earlier runs, the newest first, read as far as is needed; damaged ones are passed over.
    """
    wanted = {gate["nodeid"]: _margins(gate) for migration in results["migrations"] for gate in migration["gates"]}
    wanted = {nodeid: margins for nodeid, margins in wanted.items() if margins}
    if not wanted:
        return
    for record in earlier:
        accepted = {nodeid: margins for nodeid, margins in _accepted(record).items() if nodeid in wanted}
        for nodeid, margins in accepted.items():
            yield from _sentences(nodeid, wanted.pop(nodeid), margins, str(record["run"]["id"]))
        if accepted:
            yield from _looser_options(results["run"], record["run"])
        if not wanted:
            return


def _accepted(record: Mapping[str, Any]) -> dict[str, Margins]:
    try:
        gates = [gate for found in record["migrations"] if found["verdict"] == Ruling.GO for gate in found["gates"]]
        named = record["run"]["id"] and {gate["nodeid"]: _margins(gate) for gate in gates if gate["verdict"]}
    except (KeyError, TypeError, AttributeError):
        return {}  # not a record that this program wrote, or not whole
    return named or {}


def _margins(gate: Mapping[str, Any]) -> Margins:
    margins: Margins = {}
    for said in gate["statements"]:
        figures = said["figures"]
        kind = str(figures["kind"])
        value = figures.get(_LOOSER_ABOVE.get(kind) or _LOOSER_BELOW.get(kind))
        if isinstance(value, (int, float)):
            # The gate's own text up to its numbers: the metric or quantity, its statistic, and what was asked of it.
            judged = str(said["gate"]).rpartition("(")[0]
            place = sum(name == judged for name, _ in margins)
            confidence = figures.get("confidence") if gate.get("look") is None else None
            margins[judged, place] = kind, value, confidence
    return margins


def _sentences(nodeid: str, now: Margins, accepted: Margins, run: str) -> Iterator[str]:
    for key, (kind, value, confidence) in now.items():
        _, was, sure = accepted.get(key, (kind, value, confidence))
        where, end = f"{nodeid}: the", f"in run {run}, which was accepted"
        if (value > was) if kind in _LOOSER_ABOVE else (value < was):
            name = (_LOOSER_ABOVE | _LOOSER_BELOW)[kind]
            yield f"{where} {name} of {key[0]} is {value:g}, looser than {was:g} {end}"
        if confidence is not None and sure is not None and confidence < sure:
            yield f"{where} confidence of {key[0]} is {confidence:g}, looser than {sure:g} {end}"


def _looser_options(now: Mapping[str, Any], accepted: Mapping[str, Any]) -> Iterator[str]:
    options, before = _options(now), _options(accepted)
    end = f"in run {accepted['id']}, which was accepted"
    tolerance, was = options.get("error_tolerance"), before.get("error_tolerance")
    if isinstance(tolerance, float) and isinstance(was, float) and tolerance > was:
        yield f"--migration-error-tolerance is {tolerance:g}, looser than {was:g} {end}"
    if options.get("undecided") == "warn" and before.get("undecided") == "fail":
        yield f"--migration-undecided is 'warn', looser than 'fail' {end}"


def _options(run: Mapping[str, Any]) -> Mapping[str, Any]:
    sealed = run.get("sealed")
    found = sealed.get("options") if isinstance(sealed, dict) else None
    return found if isinstance(found, dict) else {}
