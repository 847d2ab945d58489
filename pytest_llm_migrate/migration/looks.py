"""Looks at a migration's rows while they are answered: seeded blocks, balanced by slice, and how sure each look is."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.stats import look_confidences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Row, Verdict
    from pytest_llm_migrate.migration.migration import Terms

LOOKS = 5
SEED = 0
_BIASED = (
    "It stopped early, after {rows} of {planned}: an estimate that stops early lies further from the margin than the "
    "truth, on average."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One of several looks at the rows so far.

    Attributes:
        number: Which one, from 1.
        ends: How many rows each look sees, the last one all of them.
        rows: The rows so far, in the dataset's order.
    """

    number: int
    ends: tuple[int, ...]
    rows: tuple[Row, ...]

    @property
    def planned(self) -> int:
        """How many rows there are in all."""
        return self.ends[-1]

    @property
    def is_last(self) -> bool:
        """Whether it sees all rows."""
        return self.number == len(self.ends)

    def level(self, confidence: float) -> float:
        """Return the one-sided confidence of this look, such that all looks together keep what one is asked for."""
        if len(self.ends) == 1 or not 0.5 < confidence < 1:  # noqa: PLR2004 - a gate says what is wrong with others
            return confidence
        fractions = [end / self.planned for end in self.ends]
        return look_confidences(fractions, 1 - confidence)[self.number - 1]

    def shown(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Return a gate's verdicts with the look that they were found at, and what stopping early does to estimates.

        The latter is said by those that are no GO, and else by the last one alone, since they are read together.
        """
        return [self._shown(each, is_told=each.ruling is not Ruling.GO or each is verdicts[-1]) for each in verdicts]

    def _shown(self, verdict: Verdict, *, is_told: bool) -> Verdict:
        confidence = verdict.figures.get("confidence")
        sure = f", one-sided {100 * confidence:.4g}% at this look" if confidence else ""
        at = f"look {self.number} of {len(self.ends)} ({len(self.rows)} of {self.planned} rows){sure}"
        said = _BIASED.format(rows=len(self.rows), planned=counted(self.planned, "row"))
        shown = replace(verdict, detail=f"{verdict.detail}; {at}")
        return shown if self.is_last or not is_told else replace(shown, statement=_followed(verdict, said))

    def to_record(self) -> dict[str, Any]:
        """Return which look it is, and how many rows it sees, as JSON-ready builtins."""
        return {"look": self.number, "of": len(self.ends), "rows": len(self.rows), "planned": self.planned}


def _followed(verdict: Verdict, said: str) -> str:
    """Return a statement and another sentence; the conditions of its times stay at its end."""
    conditions = verdict.figures.get("conditions", "")
    return " ".join(filter(None, [verdict.statement.removesuffix(conditions).rstrip(), said, conditions]))


def looks_of(terms: Terms) -> list[Look]:
    """Return the looks at a migration's rows, each at a fifth of them more than the one before.

    Rows of a cluster come together. Every look has each combination of the slice columns' values in about the share
    that it has of all rows; which rows come first is drawn, the same in every run.
    """
    rows = terms.dataset.rows
    units = _balanced(_units(rows, terms.cluster), terms.slices)
    ends = _ends([len(unit) for unit in units])
    order = [row.sample_id for unit in units for row in unit]
    seen = [set(order[:end]) for end in ends]
    return [
        Look(number=number, ends=ends, rows=tuple(row for row in rows if row.sample_id in ids))
        for number, ids in enumerate(seen, start=1)
    ]


def _units(rows: Sequence[Row], cluster: str | None) -> list[list[Row]]:
    units: dict[str, list[Row]] = {}
    for row in rows:
        units.setdefault(str(row.get(cluster)) if cluster else row.sample_id, []).append(row)
    return list(units.values())


def _balanced(units: Sequence[list[Row]], slices: Sequence[str]) -> list[list[Row]]:
    """Return units in a drawn order, those of each stratum spread evenly over it."""
    draw = random.Random(SEED)  # noqa: S311 - no secret depends on it
    strata: dict[tuple[str, ...], list[list[Row]]] = {}
    for unit in units:
        strata.setdefault(tuple(str(unit[0].get(column)) for column in slices), []).append(unit)
    placed: list[tuple[float, list[Row]]] = []
    for members in strata.values():
        draw.shuffle(members)
        start = draw.random()
        placed += [((place + start) / len(members), unit) for place, unit in enumerate(members)]
    return [unit for _, unit in sorted(placed, key=itemgetter(0))]


def _ends(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return how many rows each look sees: whole units, at least a fifth of all rows more each."""
    ends = list(accumulate(sizes))
    wanted = [ends[-1] * number / LOOKS for number in range(1, LOOKS + 1)]
    return tuple(dict.fromkeys(next(end for end in ends if end >= least) for least in wanted))
