"""Agreement of raters, such as a judge and people: kappa, alpha, rank correlation, and the rates of a yes/no rater.

Ratings are hashable labels or, where distances count, numbers. `None` is a rating that was not given.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from pytest_llm_migrate.stats.design import PLAIN, Design
from pytest_llm_migrate.stats.estimate import Estimate, deviate
from pytest_llm_migrate.stats.means import one_side
from pytest_llm_migrate.stats.ratios import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.stats.bounded import Floats

Rating = str | float
Weights = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]

LEAST_PAIRS = 4
"""Pairs below which a rank correlation has no interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undefined:
    """A figure that the ratings leave without a value, and why: "the first rater gave 'right' alone"."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far raters agree beyond chance.

    Attributes:
        coefficient: 1 - observed disagreement / disagreement by chance: 1 is perfect, 0 is chance. Its ``n`` counts
            units, each rated twice or more.
        observed: The share of ratings that agree, near ones in part where they are weighted.
        rates: How often each rater gave each category; one entry where raters are anyone, with base rates in common.
    """

    coefficient: Estimate | Undefined
    observed: float
    rates: tuple[Mapping[Rating, float], ...]

    @property
    def prevalence(self) -> dict[Rating, float]:
        """How common each category is over all raters; kappa falls where one is rare, however well they agree."""
        return {label: fmean(rates[label] for rates in self.rates) for label in self.rates[0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRates:
    """How often a yes/no rater is right, apart for both truths.

    Attributes:
        positive: The share of true rows that it says yes to (sensitivity).
        negative: The share of false rows that it says no to (specificity).
        prevalence: The share of rows that are true.
    """

    positive: Estimate | Undefined
    negative: Estimate | Undefined
    prevalence: float


def cohen_kappa(
    first: Sequence[Rating | None],
    second: Sequence[Rating | None],
    *,
    confidence: float,
    weights: Weights = "none",
    design: Design = PLAIN,
) -> Agreement:
    """Return Cohen's kappa of two raters of the same units, (p_o - p_e) / (1 - p_e).

    Plain (Cohen 1960), or with disagreements that weigh by their distance or its square (Cohen 1968; Fleiss, Levin
    and Paik 2003, 18.1), where ratings are numbers. Units with one rating are left out. The interval is
    `Disagreement.coefficient`'s, which needs no seed: in simulation at n = 20 to 200 its lower 97.5 % limit missed
    at most 2.3 % of the time, that of the asymptotic standard error up to 70 %. With clusters, such as both answers
    to one question, it is made for as many units as these are worth to their mean disagreement (`effective_rows`).

    Undefined where a rater gave one category alone. Raises ValueError for sides of different length, without a unit
    that both rated, and for ratings that are not finite.
    """
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    from pytest_llm_migrate.stats.disagreement import of_pairs  # noqa: PLC0415 - likewise

    if len(first) != len(second):
        raise ValueError(f"{len(first)} ratings do not pair with {len(second)}")
    both = [(one, other) for one, other in zip(first, second, strict=True) if one is not None and other is not None]
    pairs = Counter(both)
    labels = _labels([rating for pair in pairs for rating in pair])
    places = {label: place for place, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)))
    for (one, other), number in pairs.items():
        table[places[one], places[other]] = number
    distances = _distances(labels, weights)
    rates = tuple(_rates(labels, table.sum(axis=axis)) for axis in (1, 0))
    observed = 1 - float((table * distances).sum() / table.sum())
    for rater, shares in zip(("first", "second"), rates, strict=True):
        alone = [label for label, share in shares.items() if share == 1]
        if alone:
            reason = f"the {rater} rater gave {alone[0]!r} alone"
            return Agreement(coefficient=Undefined(reason=reason), observed=observed, rates=rates)
    name = "Cohen's kappa" if weights == "none" else f"Cohen's kappa ({weights} weights)"
    seen = np.array([distances[places[one], places[other]] for one, other in both])
    worth = _worth(seen, design, confidence)
    found = of_pairs(table * (worth or 1) / (len(both) if worth else 1), distances).coefficient(confidence, name)
    coefficient = replace(found, n=len(both), effective_n=worth)
    return Agreement(coefficient=coefficient, observed=observed, rates=rates)


def fleiss_kappa(units: Sequence[Sequence[Rating]], *, confidence: float) -> Agreement:
    """Return Fleiss' (1971) kappa of the ratings of each unit, as many for each, by whomever.

    Observed is the mean share of a unit's pairs of ratings that agree; chance draws two of all ratings, with
    replacement. The interval is made as `cohen_kappa`'s. Undefined where all ratings are the same; raises ValueError
    for units with unequal or fewer than two ratings, and for ratings that are not finite.
    """
    sizes = {len(unit) for unit in units}
    if len(sizes) > 1:
        raise ValueError(f"Fleiss' kappa needs as many ratings of each unit, got {min(sizes)} to {max(sizes)}")
    return _of_units(units, "nominal", "Fleiss' kappa", confidence, is_sample=False)


def krippendorff_alpha(
    units: Sequence[Sequence[Rating | None]], *, confidence: float, level: Level = "nominal"
) -> Agreement:
    """Return Krippendorff's (2011) alpha of the ratings of each unit, by any number of raters.

    1 - D_o / D_e, each the mean distance of two ratings: of one unit (a unit of m ratings weighs m), or of all.
    Nominal categories are one apart; interval ones by their squared difference; ordinal ones by the squared
    difference of their mean ranks, which is Krippendorff's own sum. Units with one rating are left out. The interval
    is made as `cohen_kappa`'s; ordinal ranks count as known. Undefined where all ratings are the same; raises
    ValueError without a unit of two ratings, and for ratings that are not finite, or not numbers above nominal level.
    """
    return _of_units(units, level, f"Krippendorff's alpha ({level})", confidence, is_sample=True)


def spearman(
    first: Sequence[float], second: Sequence[float], *, confidence: float, design: Design = PLAIN
) -> Estimate | Undefined:
    """Return Spearman's rank correlation, Pearson's of mean ranks, with Bonett and Wright's (2000) interval.

    The interval is tanh(artanh(r) ± z sqrt((1 + r²/2) / (n - 3))) (Psychometrika 65: 23). Perfect correlation,
    where it would have no width, gets the limit of a single swap of neighbours, r = 1 - 12 / (n³ - n). With clusters
    n in the interval is what the units are worth to the mean product of their centred ranks. Undefined
    for fewer than `LEAST_PAIRS` pairs and for ratings that never change; raises ValueError for sides of different
    length and for values that are not finite.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} ratings do not pair with {len(second)}")
    n = len(first)
    if n < LEAST_PAIRS:
        return Undefined(reason=f"a rank correlation needs {LEAST_PAIRS} pairs, and there are {n}")
    for rater, values in (("first", first), ("second", second)):
        if len(_labels(values)) == 1:
            return Undefined(reason=f"the {rater} rater gave {values[0]!r} alone")
    ranks, others = _mean_ranks(first), _mean_ranks(second)
    value = _correlation(ranks, others)
    worth = _worth((ranks - ranks.mean()) * (others - others.mean()), design, confidence)
    if worth is not None and worth < LEAST_PAIRS:
        return Undefined(reason=f"a rank correlation needs {LEAST_PAIRS} pairs, and clusters make these {worth:.1f}")
    most = 1 - 12 / (n**3 - n)
    near = min(max(value, -most), most)
    reach = deviate(confidence) * math.sqrt((1 + near * near / 2) / ((worth or n) - 3))
    return Estimate(
        value=value,
        low=min(value, math.tanh(math.atanh(near) - reach)),
        high=max(value, math.tanh(math.atanh(near) + reach)),
        confidence=confidence,
        n=n,
        method="Spearman's rho, Bonett and Wright",
        effective_n=worth,
    )


def true_rates(truth: Sequence[bool], said: Sequence[bool], *, confidence: float, design: Design = PLAIN) -> TrueRates:
    """Return how often a yes/no rater says yes to true rows and no to false ones, with Wilson's intervals.

    With clusters these are made for as many rows as they are worth. A rate is undefined without a row of its truth.
    Raises ValueError for sides of different length, without a row.
    """
    if len(truth) != len(said) or not truth:
        raise ValueError(f"{len(truth)} truths do not pair with {len(said)} ratings")
    labels = design.clusters if design.clusters is not None else range(len(truth))
    rows = list(zip(map(bool, truth), map(bool, said), labels, strict=True))
    rates = []
    for wanted, word in ((True, "true"), (False, "false")):
        right = [float(is_said == wanted) for is_true, is_said, _ in rows if is_true == wanted]
        clusters = [label for is_true, _, label in rows if is_true == wanted]
        own = PLAIN if design.is_plain else Design(clusters=clusters)
        found = one_side(right, confidence=confidence, design=own) if right else Undefined(reason=f"no row is {word}")
        rates.append(found)
    return TrueRates(positive=rates[0], negative=rates[1], prevalence=sum(map(bool, truth)) / len(truth))


def _worth(values: Floats, design: Design, confidence: float) -> float | None:
    """Return how many units that stand for themselves would say as much, ``None`` where all do."""
    if design.is_plain:
        return None
    from pytest_llm_migrate.stats.effective import effective_rows  # noqa: PLC0415 - numpy and scipy load with it

    return effective_rows(values, design, confidence=confidence)


def _of_units(
    units: Sequence[Sequence[Rating | None]], level: Level, name: str, confidence: float, *, is_sample: bool
) -> Agreement:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    from pytest_llm_migrate.stats.disagreement import of_units  # noqa: PLC0415 - likewise

    given = [Counter(rating for rating in unit if rating is not None) for unit in units]
    given = [unit for unit in given if unit.total() > 1]
    labels = _labels([rating for unit in given for rating in unit])
    # In order, so that the units' own order cannot reach the last digit.
    ratings = np.array(sorted([unit[label] for label in labels] for unit in given), dtype=np.float64)
    everything = ratings.sum(axis=0)
    rates = (_rates(labels, everything),)
    if len(labels) == 1:
        reason = Undefined(reason=f"all ratings are {labels[0]!r}")
        return Agreement(coefficient=reason, observed=1.0, rates=rates)
    found = of_units(ratings, _positions(labels, everything, level), is_sample=is_sample)
    return Agreement(coefficient=found.coefficient(confidence, name), observed=1 - found.observed, rates=rates)


def _labels(ratings: Iterable[Rating]) -> list[Rating]:
    """Return the categories in a steady order; raises ValueError for none, and for one that is not finite."""
    labels = sorted(set(ratings), key=lambda label: (isinstance(label, str), str(label)))
    if not labels:
        raise ValueError("no unit has two ratings")
    endless = [label for label in labels if not isinstance(label, str) and not abs(label) <= LARGEST]
    if endless:
        raise ValueError(f"a rating of {endless[0]!r} is no rating")
    return labels


def _rates(labels: Sequence[Rating], counts: Floats) -> dict[Rating, float]:
    return dict(zip(labels, (counts / counts.sum()).tolist(), strict=True))


def _distances(labels: Sequence[Rating], weights: Weights) -> Floats:
    """Return how much each two categories disagree, from 0 to 1."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    if weights == "none":
        return 1 - np.eye(len(labels))
    places = _unit_scale(_numbers(labels))
    apart: Floats = np.abs(np.subtract.outer(places, places))
    return apart if weights == "linear" else apart**2


def _positions(labels: Sequence[Rating], counts: Floats, level: Level) -> Floats:
    """Return the place of each category, a row each, the furthest of which are 1 apart."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    if level == "nominal":
        return np.eye(len(labels)) / math.sqrt(2)
    values = _numbers(labels)
    if level == "ordinal":
        order = np.argsort(values)
        values[order] = counts[order].cumsum() - counts[order] / 2
    return _unit_scale(values)[:, None]


def _numbers(labels: Sequence[Rating]) -> Floats:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    words = [label for label in labels if isinstance(label, str)]
    if words:
        raise ValueError(f"a rating of {words[0]!r} has no distance to others; give numbers")
    return np.array(labels, dtype=np.float64)


def _unit_scale(values: Floats) -> Floats:
    """Return values shifted and stretched to 0 to 1; a single one is 0."""
    span = float(values.max() - values.min())
    scaled: Floats = (values - values.min()) / (span or 1.0)
    return scaled


def _mean_ranks(values: Sequence[float]) -> Floats:
    """Return ranks, of which equal values share the mean."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    _, places, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    ranks: Floats = (counts.cumsum() - (counts - 1) / 2)[places]
    return ranks


def _correlation(first: Floats, second: Floats) -> float:
    """Return Pearson's correlation of two columns of ranks, at most 1 whatever rounding does."""
    before, after = first - first.mean(), second - second.mean()
    found = math.fsum(before * after) / math.sqrt(math.fsum(before**2) * math.fsum(after**2))
    return min(max(found, -1.0), 1.0)
