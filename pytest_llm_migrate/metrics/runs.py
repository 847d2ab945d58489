"""How many runs of characters two texts share, for every length at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    _Integers = NDArray[np.int64]

_BITS = 63


class Counted(NamedTuple):
    """Items of the ground truth, of the answer, and those in common; an item counts as often as both have it."""

    there: int
    told: int
    common: int


def counted(there: Sequence[object], told: Sequence[object]) -> Counted:
    """Count the items of two sequences."""
    return Counted(len(there), len(told), common_count(Counter(there), Counter(told)))


def common_count(one: Mapping[object, int], other: Mapping[object, int]) -> int:
    """Return how many items two counts share."""
    common = one.keys() & other.keys()
    return sum(map(min, map(one.__getitem__, common), map(other.__getitem__, common)))


def character_runs(there: str, told: str, longest: int) -> list[Counted]:
    """Count the runs of one character, of two, and so on to the longest.

    The runs of the longest order are packed into integers and sorted once: those of a lower order, their beginnings,
    are then sorted as well. That is several times quicker than counting each order by itself.
    """
    import numpy as np  # noqa: PLC0415 - a session without chrF does not pay for it

    codes = np.frombuffer((there + told).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    alphabet, symbols = np.unique(codes, return_inverse=True)
    bits = len(alphabet).bit_length()
    if bits * longest >= _BITS:
        return [counted(_runs(there, order), _runs(told, order)) for order in range(1, longest + 1)]
    numbered = symbols.astype(np.int64) + 1  # 0 stands for what follows the end
    packed = [_packed(part, bits, longest) << 1 | tag for tag, part in enumerate(np.split(numbered, [len(there)]))]
    joined = np.sort(np.concatenate(packed))
    return [
        Counted(
            max(len(there) - order + 1, 0),
            max(len(told) - order + 1, 0),
            _common(joined >> (1 + bits * (longest - order)), joined & 1, (1 << bits) - 1),
        )
        for order in range(1, longest + 1)
    ]


def _packed(symbols: _Integers, bits: int, longest: int) -> _Integers:
    """Return for each place the run that begins there, its first symbol in the highest bits."""
    import numpy as np  # noqa: PLC0415 - as above

    padded = np.concatenate([symbols, np.zeros(longest, dtype=np.int64)])
    runs = np.zeros(len(symbols), dtype=np.int64)
    for start in range(longest):
        runs = runs << bits | padded[start : start + len(symbols)]
    return runs


def _common(runs: _Integers, is_told: _Integers, last_symbol: int) -> int:
    """Return how many sorted runs both texts have; those that go beyond an end are none."""
    import numpy as np  # noqa: PLC0415 - as above

    starts = np.flatnonzero(np.concatenate([[True], runs[1:] != runs[:-1]]))
    told = np.add.reduceat(is_told, starts)
    there = np.diff(starts, append=len(runs)) - told
    return int(np.minimum(told, there)[runs[starts] & last_symbol != 0].sum())


def _runs(text: str, order: int) -> list[str]:
    return [text[start : start + order] for start in range(len(text) - order + 1)]
