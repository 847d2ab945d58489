"""Right/wrong rows: one side's share that is right, the paired difference of two, and whether it differs at all."""

from __future__ import annotations

import math

from pytest_llm_migrate.stats.estimate import Estimate, deviate, two_sided_confidence


def wilson(k: int, n: int, *, confidence: float) -> Estimate:
    """Estimate the share of right rows from ``k`` of ``n``, by Wilson's (1927) score interval.

    Raises ValueError when there is no row, or ``k`` is not one of 0 to ``n``.
    """
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"{k} right of {n} rows is no share")
    step = deviate(confidence) ** 2 / n
    return Estimate(
        value=k / n,
        low=_wilson_low(k / n, step),
        high=1 - _wilson_low((n - k) / n, step),
        confidence=confidence,
        n=n,
        method="wilson score",
    )


def _wilson_low(share: float, step: float) -> float:
    # The smaller root, from the product of both: subtracting would lose all digits near 0.
    root = math.sqrt(step * (step + 4 * share * (1 - share)))
    return 2 * share * share / (2 * share + step + root)


def tango(n: int, broke: int, fixed: int, *, confidence: float) -> Estimate:
    """Estimate target minus source share of right rows by Tango's (1998) score interval for pairs.

    Of ``n`` rows, ``broke`` were right on the source alone and ``fixed`` on the target alone. The limits lie in
    [-1, 1]; without any disagreement they are ±z²/(n + z²). Raises ValueError when the counts do not fit.
    """
    import numpy as np  # noqa: PLC0415 - numpy and scipy load with it

    from pytest_llm_migrate.stats.bounded import bounded_mean  # noqa: PLC0415 - likewise

    same = n - broke - fixed
    if min(broke, fixed, same) < 0 or n == 0:
        raise ValueError(f"{broke} broken and {fixed} fixed of {n} rows do not fit")
    return bounded_mean(
        np.array([-1.0, 0.0, 1.0]),
        np.array([broke, same, fixed], dtype=np.float64),
        lowest=-1.0,
        highest=1.0,
        confidence=confidence,
        method="tango score",
    )


def tango_lower_limit(n: int, broke: int, fixed: int, *, confidence: float) -> float:
    """Return the one-sided lower limit of target minus source; ``confidence`` lies between 0.5 and 1."""
    return tango(n, broke, fixed, confidence=two_sided_confidence(confidence)).low


def tango_upper_limit(n: int, broke: int, fixed: int, *, confidence: float) -> float:
    """Return the one-sided upper limit of target minus source; ``confidence`` lies between 0.5 and 1."""
    return tango(n, broke, fixed, confidence=two_sided_confidence(confidence)).high


def mcnemar_exact(broke: int, fixed: int) -> float:
    """Return the two-sided exact conditional p-value of "as many rows break as get fixed"; 1 without either."""
    from scipy.special import bdtr  # noqa: PLC0415 - scipy loads with it

    _refuse_negative(broke, fixed)
    return min(1.0, 2 * float(bdtr(min(broke, fixed), broke + fixed, 0.5)))


def mcnemar_midp(broke: int, fixed: int) -> float:
    """Return the two-sided mid-p value of "as many rows break as get fixed"; 1 without either.

    Less cautious than `mcnemar_exact`, and nearer to its nominal level (Fagerland, Lydersen, Laake 2013).
    """
    from scipy.special import betaln  # noqa: PLC0415 - scipy loads with it; scipy.stats would take a second

    exact, rows = mcnemar_exact(broke, fixed), broke + fixed
    seen = math.exp(-math.log(rows + 1) - float(betaln(broke + 1, fixed + 1)) - rows * math.log(2))
    if broke == fixed:
        return exact - seen / 2 if broke else 1.0
    # The smallest floats of the one are nothing to the other.
    return max(0.0, exact - seen)


def _refuse_negative(broke: int, fixed: int) -> None:
    if min(broke, fixed) < 0:
        raise ValueError(f"{broke} broken and {fixed} fixed rows cannot be")
