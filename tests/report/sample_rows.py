"""Row records of a believable run, and the figures over them, made from a seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

TICKETS = (
    ("My parcel says delivered but there is nothing at my door. Where is it?", "shipping"),
    ("I was charged twice for order {n}, please send one of the payments back.", "billing"),
    ("The coffee machine shows error E{n} after descaling and will not start.", "technical"),
    ("I cannot sign in any more, the code by text message never arrives.", "account"),
    ("You raised my plan to £{n} without telling me. I want the old price.", "billing"),
    ("Washing machine door stays locked, programme stands at minute {n}.", "technical"),
)
QUESTIONS = (
    ("How long may a guest parking permit be used?", "{n} days"),
    ("Who has to approve travel above the limit?", "the head of department"),
    ("By when must receipts be handed in?", "within {n} days of the journey"),
)
POLICY = (
    (
        "Guest permits are valid for {n} days from the day they are collected and may be extended once at the desk. "
        "Permits that are not returned are charged to the host."
    ),
    (
        "Receipts are handed in within {n} days of the journey. Travel above the limit needs consent from the head of "
        "department, given in writing before anything is booked; consent given afterwards is not accepted."
    ),
)
QUEUES = ("billing", "shipping", "account", "technical")


def prompt(name: str, target: str, strategy: str | None, system: str, user: str) -> dict[str, Any]:
    """Return a prompt's record."""
    return {
        "name": name,
        "path": f"prompts/{name}/{target}.prompt.yaml",
        "sha256": hashlib.sha256((name + target).encode()).hexdigest(),
        "strategy": strategy,
        "system": system,
        "user": user,
        "examples": [["I was charged £9.99 for gift wrap that I never ticked.", "billing"]],
        "inference": {"temperature": 0, "max_tokens": 8 if "triage" in name else 200},
    }


def answer(random_: random.Random, text: str, *, slow: float, price: float | None, cached: bool) -> dict[str, Any]:
    """Return an answer's record without scores."""
    tokens = random_.randint(60, 240), max(1, len(text) // 4)
    latency = slow * random_.lognormvariate(0, 0.35)
    made = {
        "text": text,
        "stop_reason": "end_turn",
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "latency": round(latency, 4),
        "ttft": round(latency * 0.4, 4),
        "cached": cached,
        "scores": {},
        "reasons": {},
        "failures": {},
    }
    return made if price is None else made | {"cost": round((tokens[0] + 4 * tokens[1]) * price, 9)}


def triage_row(number: int, random_: random.Random) -> dict[str, Any]:
    """Return one row of the ticket migration; the target breaks about one in ten."""
    ticket, expected = TICKETS[number % len(TICKETS)]
    right = random_.random() < 0.92, random_.random() < 0.68
    texts = [expected if ok else random_.choice([queue for queue in QUEUES if queue != expected]) for ok in right]
    row: dict[str, Any] = {
        "schema_version": 1,
        "migration": "triage",
        "sample_id": f"T-{number:03d}",
        "inputs": {
            "channel": ("email", "chat", "phone")[number % 3],
            "ticket": ticket.format(n=random_.randint(10, 90)),
        },
        "reference": expected,
        "source": answer(random_, texts[0], slow=0.62, price=3e-7, cached=True),
        "target": answer(random_, texts[1], slow=0.4, price=9e-8, cached=number % 2 == 0),
    }
    for side, ok, text in zip(("source", "target"), right, texts, strict=True):
        row[side]["scores"] = {"exact_match": float(ok)}
        row[side]["reasons"] = {} if ok else {"exact_match": f"expected {expected!r}, got {text!r}"}
    return with_tests(row, "exact_match", "tests/llm/test_ticket_triage.py::test_ticket_is_routed")


def policy_row(number: int, random_: random.Random) -> dict[str, Any]:
    """Return one row of the policy migration: graded scores, a list as context, some failures."""
    question, expected = QUESTIONS[number % len(QUESTIONS)]
    days = random_.randint(5, 30)
    said = expected.format(n=days)
    row: dict[str, Any] = {
        "schema_version": 1,
        "migration": "policy",
        "sample_id": f"Q-{number:02d}",
        "inputs": {
            "kind": ("number", "fact")[number % 2],
            "question": question,
            "content": [p.format(n=days) for p in POLICY],
        },
        "reference": said,
        "source": answer(random_, f"It is {said}.", slow=1.1, price=3e-7, cached=False),
        "target": answer(
            random_,
            f"According to the policy, the answer is {said}. Please note that other rules may apply.",
            slow=1.3,
            price=9e-8,
            cached=False,
        ),
    }
    for side, base in (("source", 0.92), ("target", 0.9)):
        value = round(min(1.0, max(0.0, random_.gauss(base, 0.12))), 3)
        row[side]["scores"] = {"grounded": value, "token_f1": round(value * 0.8, 3)}
        row[side]["reasons"] = {
            "grounded": "every claim stands in the context" if value > 0.8 else "one claim has no source"
        }
    if number % 29 == 7:
        row["target"] = {
            "error": {"kind": "throttled", "message": "Too many requests, please wait before trying again."}
        }
    elif number % 23 == 5:
        del row["target"]["scores"]["grounded"]
        row["target"]["failures"] = {"grounded": "the judge's answer has no score"}
    elif number % 31 == 3:
        row["target"] |= {"stop_reason": "max_tokens", "text": row["target"]["text"][:30]}
    return with_tests(row, "grounded", "tests/llm/test_policy_answers.py::test_answer_is_grounded")


def summary_row(number: int, random_: random.Random) -> dict[str, Any]:
    """Return one row of the summary migration: few rows, prices unknown."""
    call = " ".join(POLICY).format(n=random_.randint(5, 30)) * 3
    row: dict[str, Any] = {
        "schema_version": 1,
        "migration": "summary",
        "sample_id": f"call/{number}",
        "inputs": {"transcript": call},
        "reference": "The customer asks for the rules on receipts and is told the time limit.",
        "source": answer(
            random_, "The customer asks about receipts and learns the limit.", slow=2.2, price=None, cached=True
        ),
        "target": answer(
            random_, "Customer asked about receipts; the agent named the limit.", slow=2.1, price=None, cached=True
        ),
    }
    for side in ("source", "target"):
        row[side]["scores"] = {"rouge_l": round(random_.uniform(0.45, 0.8), 3)}
    return with_tests(row, "rouge_l", "tests/llm/test_call_summaries.py::test_summary_is_close")


def with_tests(row: dict[str, Any], metric: str, nodeid: str) -> dict[str, Any]:
    """Return the row with what its one test checked, and its flips."""
    sides = [row[side].get("scores", {}) for side in ("source", "target")]
    both = {name: [side[name] for side in sides] for name in sides[0] if name in sides[1]}
    flips = {name: flip(*values) for name, values in both.items()}
    test: dict[str, Any] = {"nodeid": f"{nodeid}[{row['sample_id']}]", "outcome": "error", "message": "", "checks": []}
    if "error" in row["target"]:
        test["message"] = "no target answer: throttled"
    elif metric not in both:
        test["message"] = f"{metric} could not score the target answer"
    else:
        was, now = both[metric]
        check = {"side": "target", "metric": metric, "value": now, "operator": ">=", "bar": was}
        test["checks"] = [check | {"against": f"source {metric}", "passed": now >= was}]
        test["outcome"] = "passed" if now >= was else "failed"
        test["message"] = "" if now >= was else f"assert {now:g} >= {was:g}"
    return row | {"tests": [test], "flips": flips}


def flip(was: float, now: float) -> str:
    """Return what became of a pair of scores."""
    if abs(now - was) > 0.5:
        return "broke" if now < was else "fixed"
    return {0.0: "both wrong", 1.0: "both right"}.get(now, "held")


def metric(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return a metric's record over rows, its interval roughly that of a mean of differences."""
    sides = [(row["source"].get("scores", {}).get(name), row["target"].get("scores", {}).get(name)) for row in rows]
    pairs = [(was, now) for was, now in sides if was is not None and now is not None]
    n = len(pairs)
    means = [sum(pair[side] for pair in pairs) / n for side in (0, 1)]
    delta = means[1] - means[0]
    spread = 1.96 * (sum((now - was - delta) ** 2 for was, now in pairs) / n / n) ** 0.5
    flips = [row["flips"].get(name) for row in rows]
    return {
        "n": n,
        "source": {"mean": means[0]},
        "target": {"mean": means[1]},
        "delta": delta,
        "interval": [delta - spread, delta + spread],
        "confidence": 0.95,
        "method": "tango score" if name == "exact_match" else "bounded score",
        "graded": name != "exact_match",
        "flips": {kind: flips.count(kind) for kind in ("broke", "fixed", "both right", "both wrong", "held")},
        "failures": {side: sum(name in row[side].get("failures", {}) for row in rows) for side in ("source", "target")},
    }


def measured(rows: list[dict[str, Any]], field: str, unit: str) -> dict[str, Any] | None:
    """Return a quantity's record over rows."""
    pairs = [(row["source"].get(field), row["target"].get(field)) for row in rows]
    known = [(was, now) for was, now in pairs if was is not None and now is not None]
    if not known:
        return None
    sides = [sorted(side) for side in zip(*known, strict=True)]
    found = {"mean": [sum(side) / len(side) for side in sides]}
    found |= {f"p{share}": [side[int(len(side) * share / 100)] for side in sides] for share in (50, 90, 95, 99)}
    few = {"p95": 60, "p99": 300}
    statistics = {}
    for name, (source, target) in found.items():
        interval = [target / source * 0.88, target / source * 1.15] if len(known) >= few.get(name, 5) else None
        statistics[name] = {"source": source, "target": target, "ratio": target / source, "interval": interval}
    counts = {"source": len(known), "target": len(known)}
    return {"unit": unit, "n": len(known), "known": counts, "statistics": statistics}


def gate(nodeid: str, doc: str, outcome: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """Return a gate's record; its verdict is the last statement's."""
    last = statements[-1] if statements else None
    return {
        "nodeid": nodeid,
        "doc": doc,
        "outcome": outcome,
        "verdict": last["verdict"] if last else None,
        "statement": last["statement"] if last else "skipped: no price list",
        "statements": list(statements),
    }


def statement(verdict: str, name: str, text: str, kind: str, numbers: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    """Return what one evaluated gate said; ``numbers`` are estimate, low, high and n."""
    estimate, low, high, n = numbers
    figures = {"kind": kind, "estimate": estimate, "low": low, "high": high, "n": n, "confidence": 0.95}
    limits = f"[{low:+.4f}, {'inf' if high is None else f'{high:+.4f}'}]"
    return {
        "verdict": verdict,
        "gate": name,
        "statement": text,
        "detail": f"n={n}; estimate {estimate:+.4f}, one-sided 95% limits {limits}; tango score",
        "figures": {**figures, "method": "tango score", "missing": 0, **more},
    }
