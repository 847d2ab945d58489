"""An A/B test on live traffic: each unit gets one of several prompts, and always the same one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_llm_migrate.datasets.selection import luck
from pytest_llm_migrate.errors import AssignmentError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 8


def assign(unit: str, variants: Mapping[str, float] | Iterable[str], *, seed: int = 0) -> str:
    """Return the variant that a unit of traffic gets: a customer, a conversation, whatever has to stay with one.

    It depends on the unit's name, the seed and the variants, in any order, alone: every process and every day gives
    the same one. ``variants`` are names with equal shares, or a share for each, of whatever sum. Another seed deals
    anew, as a second experiment needs it. Rows of a dataset need no such draw: ``--migration-against`` sends both
    prompts for each of them, which proves more with fewer.

    Raises:
        AssignmentError: There is no variant, one stands twice, or a share is no number from 0.
    """
    shares = _shares(variants)
    borders = list(accumulate(shares.values()))
    place = int.from_bytes(luck(f"assign {unit}", seed)[:_BYTES], "big") / 256**_BYTES * borders[-1]
    open_to = (name for (name, share), border in zip(shares.items(), borders, strict=True) if share and place < border)
    # The highest place rounds to the last border itself.
    return next(open_to, [name for name, share in shares.items() if share][-1])


def _shares(variants: Mapping[str, float] | Iterable[str]) -> Mapping[str, float]:
    if not isinstance(variants, Mapping):
        names = list(variants)
        if len(set(names)) < len(names):
            raise AssignmentError(names, "each may stand there once")
        variants = dict.fromkeys(names, 1.0)
    if not all(math.isfinite(share) and share >= 0 for share in variants.values()) or not any(variants.values()):
        raise AssignmentError(variants, "it takes one or more, with shares from 0 that are not all 0")
    return dict(sorted(variants.items()))
