"""How a migration was judged, for a statistician, and where its figures come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import ERROR_TOLERANCE, SIDES
from pytest_llm_migrate.report.ci import ci_address
from pytest_llm_migrate.report.money import spending_details, spending_sentence
from pytest_llm_migrate.report.moved import commit_sentence
from pytest_llm_migrate.report.numbers import UNKNOWN, count, counted, interval, is_known, percent, score
from pytest_llm_migrate.report.outcomes import REPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.report.figures import Record

_SOURCES = {
    "tango": "T. Tango, Statistics in Medicine 17 (1998) 891-908: score limits of a paired difference of shares",
    "mcnemar": "Q. McNemar, Psychometrika 12 (1947) 153-157, as an exact test",
    "bounded score": (
        "each limit is where a score test turns whose variance is that of the likeliest distribution within the "
        "metric's bounds that has the tested mean; of rows of -1, 0 and 1 it is Tango's interval, of 0 and 1 Wilson's"
    ),
    "wilson": "E. B. Wilson, JASA 22 (1927) 209-212",
    "bootstrap": "B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993)",
    "wilcoxon": "F. Wilcoxon, Biometrics Bulletin 1 (1945) 80-83",
    "newcombe": "R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890",
    "fieller": "E. C. Fieller, JRSS B 16 (1954) 175-185",
    "prediction-powered": "A. N. Angelopoulos et al., Science 382 (2023) 669-674",
}
"""Where methods are described, by a word of their names."""
_INTERSECTION = (
    "the migration is a GO only if every gate is: an intersection-union test, which keeps each gate's level without a "
    "correction"
)
_NO_ROOM = (
    "where the source's mean is shown to lie closer to the least score than the margin, any target would pass: such a "
    "gate cannot judge (assay sensitivity, ICH E10, 2000, section 1.5) unless the rows show a gain"
)
_UNJUDGED = ": of another split than the marker's, rows that tuned a prompt, or not drawn into a sample"
"""Why rows of the dataset's file are not among those that a run judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A subject of the appendix, with what there is to say of it."""

    title: str
    facts: list[tuple[str, str]]


def methods_of(results: Record, migration: Record) -> list[Method]:
    """Return the appendix of a migration; a subject that there is nothing to say of is left out."""
    found = [
        Method(title="Design", facts=list(_design(migration))),
        Method(title="Tests and intervals", facts=list(_tests(migration))),
        Method(title="Margins and their seal", facts=list(_margins(results, migration))),
        Method(title="Exclusions", facts=[*_exclusions(migration), *_missing(results)]),
        Method(title="Calls of this run", facts=list(_calls(results, migration))),
        Method(title="Judges and ground truth", facts=list(_judges(migration))),
        Method(title="Provenance", facts=list(_provenance(migration))),
    ]
    return [method for method in found if method.facts]


def run_provenance(results: Record) -> list[tuple[str, str]]:
    """Return where the figures of a run come from."""
    return list(_run_provenance(results))


def _design(record: Record) -> Iterator[tuple[str, str]]:
    cluster, weight = record.get("cluster"), record.get("weight")
    unit = f"a group of rows with the same {cluster}" if cluster else "a row of the dataset, answered by both sides"
    yield "unit of inference", unit
    yield "design", "paired: every row is its own control; the change is target minus source of the same row"
    if weight:
        yield "weights", f"rows count by their column {weight}"
    dataset = record["dataset"]
    yield "rows", f"{count(dataset['rows'])} judged of {count(dataset['rows_in_file'])} in {dataset['path']}"
    looks = [f"look {found['look']} of {found['of']}" for gate in record["gates"] if (found := gate.get("look"))]
    yield "looks at the data", "; ".join(looks) or "one, after the last row"


def _tests(record: Record) -> Iterator[tuple[str, str]]:
    methods = {f"{name}: {found['method']}" for name, found in record["metrics"].items() if found.get("method")}
    if methods:
        yield "intervals", f"two-sided, {_confidence(record)}; {'; '.join(sorted(methods))}"
    said = [statement for gate in record["gates"] for statement in gate["statements"]]
    for statement in said:
        yield statement["gate"], statement["detail"]
    names = " ".join([*methods, *(str(item["detail"]) for item in said), *_slice_tests(record)]).lower()
    for word, source in _SOURCES.items():
        if word in names:
            yield f"source of {word}", source
    yield "multiplicity", _INTERSECTION
    if record["slice_metrics"]:
        tested = any(_slice_tests(record))
        how = "their p-values are adjusted by Holm's method over all slices of a metric; " if tested else ""
        guard = (
            "under a gate on the scores of all rows a group that is NO-GO by itself, at a confidence adjusted by "
            "Holm's method over the groups that the gate looks at, makes the gate NO-GO"
        )
        yield "slices", f"{how}their intervals are shown unadjusted; {guard}"


def _slice_tests(record: Record) -> Iterator[str]:
    found = (item.get("p") for group in record["slice_metrics"] for item in group["metrics"].values())
    return ("mcnemar" for p in found if p is not None)


def _margins(results: Record, record: Record) -> Iterator[tuple[str, str]]:
    sealed = results["run"].get("sealed")
    yield "sealed", f"{sealed['at']}, sealed.json with sha256 {sealed['sha256']}" if sealed else "not sealed"
    if sealed and (options := sealed.get("options")):
        yield "options that decide", ", ".join(f"{name} {_known(value)}" for name, value in options.items())
    for gate in record["gates"]:
        asked = "; ".join(statement["gate"] for statement in gate["statements"]) or gate["outcome"]
        digest = f", sealed as {gate['sealed_sha256'][:12]}" if gate.get("sealed_sha256") else ""
        yield gate["nodeid"].rpartition("::")[2], f"{asked}{digest}"
    if any(said["figures"]["kind"] == "non_inferior" for gate in record["gates"] for said in gate["statements"]):
        yield "margins that cannot be lost", _NO_ROOM


def _exclusions(record: Record) -> Iterator[tuple[str, str]]:
    """Yield every reason why a row is in no mean, with how often: also where that is never."""
    dataset = record["dataset"]
    unjudged = dataset["rows_in_file"] - dataset["rows"]
    yield "rows of the file not judged", f"{count(unjudged)}{_UNJUDGED if unjudged else ''}"
    yield "rows without an answer", _sides(record["errors"])
    kinds = record["errors"].get("kinds") or {}
    if said := [f"{side} {name} {count(n)}" for side in SIDES for name, n in (kinds.get(side) or {}).items()]:
        yield "by fault", ", ".join(said)
    for name, found in record["metrics"].items():
        missing = record["dataset"]["rows"] - found["n"]
        yield (
            f"{name}: answers not scored",
            f"{_sides(found['failures'])}; {counted(missing, 'row')} without both scores",
        )
    yield "cut off, but judged", _sides(record["truncated"])
    yield "refused, but judged", _sides(record["refusals"])
    for gate in record["gates"]:
        for said in gate["statements"]:
            if said["figures"].get("missing"):
                yield said["gate"], f"{counted(said['figures']['missing'], 'row')} of what it asks about missing"
    tests = dict(record["row_tests"])
    if reported := tests.pop("reported", 0):
        tests |= {"xfailed": tests["xfailed"] - reported, REPORTED: reported}
    said = [f"{count(number)} {name.replace('_', ' ')}" for name, number in tests.items() if number]
    yield "row tests", ", ".join(said) or "none: no test looked at rows one by one"
    if found := record.get("latency_pass"):
        left_out = [
            f"{side} {count(n)} ({'the other side has none' if why == 'other_side' else why})"
            for side in SIDES
            for why, n in found["excluded"][side].items()
        ]
        yield "left out of the latency pass", ", ".join(left_out) or "none"


def _missing(results: Record) -> Iterator[tuple[str, str]]:
    """Yield what rows that lack what a gate judges by do to it."""
    options = (results["run"].get("sealed") or {}).get("options", {})
    tolerance = percent(options.get("error_tolerance", ERROR_TOLERANCE))
    rule = (
        f"a gate that lacks the values of more than {tolerance} of its rows cannot judge; with fewer, one on scores is "
        "ruled again with them at their worst and at their best, and is NOT ENOUGH EVIDENCE where either is otherwise"
    )
    yield "rows without values", rule


def _calls(results: Record, record: Record) -> Iterator[tuple[str, str]]:
    """Yield for each side what its calls met; the ledger knows models, which two sides may share."""
    traffic = (results.get("spending") or {}).get("traffic")
    for side in SIDES:
        ref = record[side]["ref"]
        met = [lane for lane in traffic or () if lane["model"] == ref and lane["purpose"] == "answer"]
        yield f"{side} calls", _met(met) if met else UNKNOWN if traffic is None else "none: no answer was called for"
    if record["source"]["ref"] == record["target"]["ref"]:
        yield "calls by side", "the same model on both sides: each figure is of both together"


def _met(lanes: list[Record]) -> str:
    calls, answers, retries, throttled = (
        sum(lane[name] for lane in lanes) for name in ("calls", "answers", "retries", "throttled")
    )
    tried = f"{count(retries)} of them retries, {count(throttled)} throttled"
    return f"{count(calls)} for {counted(answers, 'answer')}; {tried}"


def _judges(record: Record) -> Iterator[tuple[str, str]]:
    if record.get("judges"):
        yield "judges", ", ".join(record["judges"])
    for name, held in record.get("certificates", {}).items():
        for found in held:
            yield f"certificate of {name}", _certificate(found)
    for name, among in record.get("people", {}).items():
        yield f"people behind {name}", _agreement(among)
    if record.get("by_truth") or record.get("marked"):
        suspect = len((record.get("gold_audit") or {"rows": []})["rows"])
        yield "audit of the ground truth", f"{counted(suspect, 'suspect row')}; verdicts are those with all rows"


def _certificate(found: Record) -> str:
    held = f"held against {found['human']} on {counted(found['answers'], 'answer')} of {counted(found['rows'], 'row')}"
    agreement = [f"{key} {_estimate(found[key])}" for key in ("kappa", "spearman") if is_known(found[key]["value"])]
    share = f"both agree in {percent(found['observed'])}" if is_known(found["observed"]) else ""
    return "; ".join(filter(None, [held, *agreement, share, *_rates(found), found["caution"]]))


def _rates(found: Record) -> Iterator[str]:
    """Yield how much people and the judge call good, and how much of what people call so the judge does."""
    if is_known(found["good_by_people"]):
        yield f"people call {percent(found['good_by_people'])} good, the judge {percent(found['good_by_judge'])}"
    for word, name in (("good", "true_positive_rate"), ("bad", "true_negative_rate")):
        if is_known(found[name]["value"]):
            limits = interval(found[name]["interval"], percent)
            yield f"of what people call {word} it calls {percent(found[name]['value'])} {limits} so"


def _agreement(among: Record | None) -> str:
    """Return how far people agree, which one person alone cannot show."""
    if among is None:
        return "how far they agree among themselves is not known"
    alpha = f", alpha {_estimate(among['alpha'])}" if is_known(among["alpha"]["value"]) else ""
    return f"{counted(among['raters'], 'rater')}, {counted(among['answers'], 'answer')}{alpha}"


def _estimate(found: Record) -> str:
    return f"{score(found['value'])} {interval(found['interval'], score)}"


def _provenance(record: Record) -> Iterator[tuple[str, str]]:
    dataset = record["dataset"]
    yield "test file", record["nodeid"]
    yield "dataset", dataset["path"]
    yield "dataset sha256", dataset["sha256"]
    for side in SIDES:
        model = record[side].get("model")
        yield f"{side} model", f"{record[side]['ref']} ({model})" if model else record[side]["ref"]
        prompt = record[side].get("prompt")
        if prompt:
            yield f"{side} prompt sha256", prompt["sha256"]
    for name, digest in (record.get("metric_hashes") or {}).items():
        yield f"{name} sha256", digest


def _run_provenance(results: Record) -> Iterator[tuple[str, str]]:
    run, prices = results["run"], results["prices"]
    yield "command", run["command"]
    yield "run", f"{run['id']}, {run['started']} to {run['ended']}, exit status {run['exit_status']}"
    if run.get("by"):
        yield "run by", run["by"]
    if address := ci_address(run):
        yield "CI run", address
    yield "git commit", commit_sentence(run)
    yield "versions", ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    yield "prices", f"{prices['source']}, as of {prices.get('as_of') or 'unknown date'}"
    yield "paid for in this run", spending_sentence(results)
    yield from (("spending", detail) for detail in spending_details(results))
    failed = (results.get("spending") or {}).get("failed_calls") or {}
    if failed:
        yield "calls without an answer", ", ".join(f"{name} {count(n)}" for name, n in failed.items())


def _sides(found: Record) -> str:
    return f"{count(found['source'])} of the source, {count(found['target'])} of the target"


def _known(value: object) -> str:
    return "none" if value is None else str(value).replace("True", "yes").replace("False", "no")


def _confidence(record: Record) -> str:
    found = sorted({item["confidence"] for item in record["metrics"].values() if item.get("confidence")})
    return ", ".join(percent(value) for value in found) or "unknown confidence"
