"""What a run paid and was expected to pay, as text: what the terminal, Markdown and HTML all show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.report.numbers import count, counted, interval, is_known, percent_change, usd, usd_change

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record


def spending_sentence(results: Record) -> str:
    """Return what the run paid for, and what of it has no known price."""
    spending = results.get("spending")
    if not spending or not spending["calls"]:
        return "no call was made" if spending else "unknown"
    unpriced = spending["unpriced_calls"]
    if unpriced == spending["calls"]:
        return f"{counted(unpriced, 'call')}, price unknown"
    rest = f", and {counted(unpriced, 'call')} without a known price" if unpriced else ""
    failed = sum(spending.get("failed_calls", {}).values())
    without = f"; {count(failed)} of them brought no answer" if failed else ""
    return f"{counted(spending['calls'] - unpriced, 'call')} for {usd(spending['usd'])}{rest}{without}"


def spending_details(results: Record) -> list[str]:
    """Return what stands below what was paid: scores' part of it, what stopping early saved, what was expected."""
    told = (scoring_sentence, stop_early_sentence, forecast_sentence, judge_forecast_sentence)
    return [said for sentence in told if (said := sentence(results))]


def stop_early_sentence(results: Record) -> str:
    """Return what gates that may stop early saved; empty where they may not."""
    found = results.get("stop_early")
    if not found:
        return ""
    rows = f"gates that may stop early used {count(found['rows_used'])} of {counted(found['rows_planned'], 'row')}"
    if not found["calls_saved"]:
        return f"{rows}: no call saved"
    money = f"about {usd(found['usd_saved'])}" if is_known(found["usd_saved"]) else "their cost is unknown"
    return f"{rows}: {counted(found['calls_saved'], 'call')} saved, {money}"


def forecast_sentence(results: Record) -> str:
    """Return what the run's answers were expected to cost and how far off that was, nothing where it was not known."""
    found = (results.get("spending") or {}).get("forecast")
    if not found or not is_known(found["usd_expected"]):
        return ""
    expected, error = found["usd_expected"], found["usd_error"]
    if not is_known(error):
        return f"forecast {usd(expected)} for {counted(found['calls'], 'call')}"
    return f"forecast {usd(expected)}, spent {usd(expected * (1 + error))} on answers ({percent_change(error)})"


_SCORING = {"judge": "judges", "embedding": "embeddings"}
"""What calls for scores are for, and how they are called."""


def judge_forecast_sentence(results: Record) -> str:
    """Return what each judge was expected to be asked and to cost, nothing where no verdict was missing."""
    found = (results.get("spending") or {}).get("judge_forecast")
    if not found:
        return ""
    each = (f"{plan['ref']} at most {counted(plan['calls'], 'call')}, {_expected(plan)}" for plan in found)
    return f"forecast of judges: {'; '.join(each)}"


def scoring_sentence(results: Record) -> str:
    """Return what judges and embeddings took of what was paid for, nothing where there were none."""
    spending = results.get("spending") or {}
    found = {name: spending.get("purposes", {}).get(purpose) for purpose, name in _SCORING.items()}
    shown = [f"{name} {counted(taken['calls'], 'call')}, {_paid(taken)}" for name, taken in found.items() if taken]
    return f"of these: {'; '.join(shown)}" if shown else ""


def _paid(taken: Record) -> str:
    if not taken.get("unpriced_calls"):
        return usd(taken["usd"])
    return f"{usd(taken['usd'])} or more" if taken["usd"] else "cost unknown"


def _expected(plan: Record) -> str:
    return f"about {usd(plan['usd_expected'])}" if is_known(plan["usd_expected"]) else "their cost is unknown"


def projection_sentence(migration: Record) -> str:
    """Return what a month's requests would cost on each side, nothing where that was not asked for."""
    found = migration.get("projection")
    if not found:
        return ""
    weighed = f", rows weighted by {found['weighted_by']}" if found["weighted_by"] else ""
    volume = f"{counted(found['requests'], 'request')} a month{weighed}"
    if not is_known(found["difference_usd"]):
        return f"{volume}: cost unknown, {_lacking(found)}"
    limits = f" {interval(found['interval'], usd_change)}" if found["interval"] else ", interval unknown"
    sides = f"{usd(found['source_usd'])} becomes {usd(found['target_usd'])}"
    return f"{volume}: {sides}, a change of {usd_change(found['difference_usd'])}{limits}"


def _lacking(projection: Record) -> str:
    rows = count(projection["rows"])
    sides = [f"{count(number)} of {rows} {side}" for side, number in projection["unknown_rows"].items() if number]
    return f"{' and '.join(sides)} answers have none" if sides else "no row has both answers"
