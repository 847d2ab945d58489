"""Scoring 10,000 rows with five metrics: ``python -m tests.benchmarks.scoring [ROWS]``.

Prints the seconds of each metric for one side, their sum, and the sum for two sides, on one processor. A row has an
answer of 60 words, a ground truth that differs in a fifth of them, and eight JSON fields.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Answer, Row
from pytest_llm_migrate.metrics import ChrF, ExactMatch, JsonFields, RougeL, TokenF1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Metric

    Pair = tuple[Answer, Row]

BAR, SEED, WORDS, FIELDS = 20.0, 20260101, 60, 8
VOCABULARY = [
    f"{a}{b}{c}" for a in ("de", "re", "in", "con") for b in ("li", "fun", "ter") for c in ("ver", "ded", "s")
]


def prose(rows: int, chance: random.Random) -> list[Pair]:
    """Return answers in prose, each with a ground truth that is close to it."""
    pairs = []
    for number in range(rows):
        words = chance.choices(VOCABULARY, k=WORDS)
        truth = [word if chance.random() < 0.8 else chance.choice(VOCABULARY) for word in words]
        pairs.append(_pair(number, " ".join(words), f"{' '.join(truth)}."))
    return pairs


def objects(rows: int, chance: random.Random) -> list[Pair]:
    """Return answers in JSON, each with a ground truth that is close to it."""
    pairs = []
    for number in range(rows):
        fields = {f"field_{place}": chance.choice(VOCABULARY) for place in range(FIELDS)}
        truth = fields | {"field_0": number, "items": [number, {"name": "x"}]}
        pairs.append(_pair(number, f"```json\n{json.dumps(fields)}\n```", json.dumps(truth)))
    return pairs


def seconds(metric: Metric, pairs: Sequence[Pair]) -> float:
    """Return what it takes to score all answers."""
    began = time.perf_counter()
    for answer, row in pairs:
        metric.score(answer, row)
    return time.perf_counter() - began


def main(rows: int) -> None:
    """Measure and print."""
    chance = random.Random(SEED)  # noqa: S311 - rows, not secrets
    texts, documents = prose(rows, chance), objects(rows, chance)
    taken = {metric.name: seconds(metric, texts) for metric in (ExactMatch(), TokenF1(), RougeL(), ChrF())}
    taken["json_fields"] = seconds(JsonFields(), documents)
    for name, spent in taken.items():
        print(f"{name:<12} {spent:6.2f} s")
    total = sum(taken.values())
    print(f"one side     {total:6.2f} s   both sides {2 * total:.2f} s   (bar {BAR:g} s for 10,000 rows)")


def _pair(number: int, text: str, truth: str) -> Pair:
    return Answer(text=text), Row(sample_id=str(number), values={"answer_ground_truth": truth})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
