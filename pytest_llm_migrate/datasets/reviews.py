"""Reading review files: what people said of answers, as CSV, JSON or any other format that datasets have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.datasets.cells import identity, number, text
from pytest_llm_migrate.datasets.files import check
from pytest_llm_migrate.datasets.loading import read_table
from pytest_llm_migrate.datasets.values import UnfitError
from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.domain.review import GIVEN_COLUMNS, HASH_DIGITS, REVIEW_COLUMNS, Review
from pytest_llm_migrate.errors import CellError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NEEDED = ("sample_id", "side")
"""Columns without which a file is no review file, beside one of those that say how good an answer is."""

_GUARDED = re.compile(r"\A'(?=[=+\-@\t\r])")
"""What an export puts before a cell that a spreadsheet would take for a formula."""
_YES, _NO = frozenset({"1", "true", "yes", "x"}), frozenset({"", "0", "false", "no"})


def read_reviews(path: Path, shown: str | None = None) -> tuple[Review, ...]:
    """Return the reviews of a file with the columns `REVIEW_COLUMNS`, in its order; other columns are passed over.

    Raises a `MigrateError` that names file, line or row, and column of what cannot be read.
    """
    name = shown or str(path)
    check(path, name)
    table = read_table(path, name)
    header = [label.strip().lower() for label in table.header]
    for columns in (*((column,) for column in NEEDED), GIVEN_COLUMNS):
        if not set(columns) & set(header):
            present = f"Columns present: {', '.join(table.header)}."
            lacking = " or ".join(map(repr, columns))
            raise DatasetError(name, f"there is no column {lacking}, which a review file has", present)
    places = {column: header.index(column) for column in REVIEW_COLUMNS if column in header}
    reviews = []
    for line, cells in zip(table.numbers, table.cells, strict=True):
        record = {column: cells[place] for column, place in places.items()}
        reviews.append(_review(record, table.origin.at(line)))
    _refuse_twice(reviews, name)
    return tuple(reviews)


def _review(record: Mapping[str, Any], place: str) -> Review:
    found: dict[str, Any] = {}
    for column, value in record.items():
        try:
            found[column] = _READERS[column](value)
        except UnfitError as error:
            raise CellError(place, column, str(error)) from error
    return Review(**found)


def _refuse_twice(reviews: list[Review], name: str) -> None:
    seen: set[tuple[str, str, str, str]] = set()
    for review in reviews:
        key = (review.sample_id, review.side, review.answer_sha256, review.rater)
        if key in seen:
            who = f"rater {review.rater!r}" if review.rater else "the same nameless rater"
            raise DatasetError(name, f"{who} reviews the {review.side} answer of row {review.sample_id!r} twice")
        seen.add(key)


def _words(value: Any) -> str:
    return _GUARDED.sub("", (text(value) or "").strip(), count=1)


def _identity(value: Any) -> str:
    return _GUARDED.sub("", identity(value), count=1)


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        found = _words(value).lower()
        if found not in words:
            raise UnfitError(f"{found!r} is not {' or '.join(map(repr, filter(None, words)))}")
        return found

    return read


def _flag(value: Any) -> bool:
    found = _words(value).lower()
    if found not in _YES | _NO:
        raise UnfitError(f"{found!r} is neither 'true' nor 'false'")
    return found in _YES


def _hash(value: Any) -> str:
    # A file of somebody's own may have all digits of it.
    return _words(value).lower()[:HASH_DIGITS]


_READERS: dict[str, Callable[[Any], Any]] = {
    "sample_id": _identity,
    "side": _one_of(*SIDES),
    "answer_sha256": _hash,
    "rater": _words,
    "rating": number,
    "thumbs": _one_of("", "up", "down"),
    "better": _one_of("", *SIDES, "tie"),
    "comment": _words,
    "label_wrong": _flag,
}
