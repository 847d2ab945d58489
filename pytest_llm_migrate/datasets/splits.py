"""Dev and holdout: the rows that may tune a prompt, and those that alone may judge it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.datasets.selection import luck
from pytest_llm_migrate.errors import TooFewRowsToSplitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llm_migrate.domain import Dataset, Row

DEV, HOLDOUT = "dev", "holdout"
TUNING, JUDGING = (DEV, "train", "validation"), (HOLDOUT, "test")
"""What the column ``split`` says of dev rows, and of holdout rows."""
DEV_SHARE = 1 / 3
LEAST_DEV, LEAST_HOLDOUT = 5, 10
"""Fewer rows than these tune nothing, and judge nothing."""
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A dataset's rows, told apart.

    Attributes:
        dev: Rows that may tune a prompt.
        holdout: Rows that may judge it.
        is_declared: The column ``split`` says which is which; else they were drawn.
    """

    dev: Sequence[Row]
    holdout: Sequence[Row]
    is_declared: bool

    @property
    def dev_sha256(self) -> str:
        """Hash of the dev rows' ids, whatever their order."""
        return ids_sha256(row.sample_id for row in self.dev)


def split_of(
    dataset: Dataset, *, strata: Sequence[str] = (), cluster: str | None = None, judged: str | None = None
) -> Split:
    """Return a dataset's dev and holdout rows: by its column ``split`` where that names one of them, else drawn.

    ``dev``, ``train`` and ``validation`` name dev rows, ``holdout`` and ``test`` holdout rows. Case and blanks around
    the words do not matter; a row of another word is in neither. Where the column has none of these words and a run
    judges the rows of a word of its own alone, ``judged``, they are the holdout rows and all others the dev rows.
    A third of the rows is drawn for dev, alike in every group of the ``strata`` columns; rows of one ``cluster`` stay
    together. A row's luck depends on its ``sample_id`` (its cluster's label) alone: the same rows are drawn in every
    process, and new rows move few old ones. Raises `TooFewRowsToSplitError` where either part is too small.
    """
    dev_rows, holdout = ([row for row in dataset if _word(row) in words] for words in (TUNING, JUDGING))
    if dev_rows or holdout:  # drawing would let rows tune a prompt that are declared to judge it
        split = Split(dev=dev_rows, holdout=holdout, is_declared=True)
    elif judged is not None:
        holdout = [row for row in dataset if row.get("split") == judged]
        others = [row for row in dataset if row.get("split") != judged]
        split = Split(dev=others, holdout=holdout, is_declared=True)
    else:
        dev = _drawn(dataset.rows, strata, cluster)
        rows = dataset.rows
        split = Split(
            dev=[row for row in rows if row.sample_id in dev],
            holdout=[row for row in rows if row.sample_id not in dev],
            is_declared=False,
        )
    if len(split.dev) < LEAST_DEV or len(split.holdout) < LEAST_HOLDOUT:
        hint = words_said() if split.is_declared else ""
        raise TooFewRowsToSplitError(
            dataset.path, len(split.dev), len(split.holdout), LEAST_DEV, LEAST_HOLDOUT, hint=hint
        )
    return split


def words_said() -> str:
    """Return in a sentence what the words of the column ``split`` mean."""
    tuning, judging = (", ".join(map(repr, words)) for words in (TUNING, JUDGING))
    return f"In the column split {tuning} name dev rows, which tune, and {judging} holdout rows, which judge."


def unread_words(split: Split) -> list[str]:
    """Return what the column ``split`` says of rows that were drawn all the same: no word for dev or holdout."""
    return [] if split.is_declared else sorted({_word(row) for row in (*split.dev, *split.holdout)} - {""})


def ids_sha256(sample_ids: Iterable[str]) -> str:
    """Return the hash of some rows' ids, whatever their order."""
    text = "\n".join(sorted(map(repr, sample_ids)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _word(row: Row) -> str:
    return str(row.get("split") or "").strip().lower()


def _drawn(rows: Sequence[Row], strata: Sequence[str], cluster: str | None) -> frozenset[str]:
    """Return the ids of the dev rows: of every stratum the units that are luckiest, up to the share wanted."""
    units: dict[str, list[Row]] = {}
    for row in rows:
        label = row.get(cluster) if cluster else None
        units.setdefault(f"row {row.sample_id}" if label is None else f"cluster {label}", []).append(row)
    groups: dict[tuple[str, ...], list[str]] = {}
    for unit, members in units.items():
        # A cluster belongs to the stratum of its first row: it cannot be cut in pieces.
        groups.setdefault(tuple(str(members[0].get(column)) for column in strata), []).append(unit)
    chosen: set[str] = set()
    for stratum in groups.values():
        wanted = DEV_SHARE * sum(len(units[unit]) for unit in stratum)
        taken = 0
        for unit in sorted(stratum, key=lambda unit: luck(unit, _SEED)):
            if taken + len(units[unit]) / 2 > wanted:
                break
            taken += len(units[unit])
            chosen.update(row.sample_id for row in units[unit])
    return frozenset(chosen)
