"""Review files."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.datasets.reviews import read_reviews
from pytest_llm_migrate.domain.review import REVIEW_COLUMNS, Review, answer_hash
from pytest_llm_migrate.errors import MigrateError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ",".join(REVIEW_COLUMNS)
WHOLE = "r1,Source,abc,ann,4,Up,target,too long,yes"


def written(folder: Path, *lines: str, name: str = "reviews.csv") -> Path:
    """Write a file."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_every_column_is_read(tmp_path: Path) -> None:
    """From CSV as from JSON, where a rating may be missing."""
    review = Review(
        sample_id="r1",
        side="source",
        answer_sha256="abc",
        rater="ann",
        rating=4.0,
        thumbs="up",
        better="target",
        comment="too long",
        label_wrong=True,
    )
    blank = Review(sample_id="r1", side="target", rating=None)
    assert read_reviews(written(tmp_path, HEADER, WHOLE, "r1,target,,,,,,,")) == (review, blank)
    records = [dict(zip(REVIEW_COLUMNS, WHOLE.split(","), strict=True)) | {"rating": 4}]
    assert read_reviews(written(tmp_path, json.dumps(records), name="reviews.json")) == (review,)


def test_a_whole_hash_is_as_good_as_its_head(tmp_path: Path) -> None:
    """Who makes a review file may write all digits of an answer's SHA-256, in either case."""
    whole = hashlib.sha256(b"yes").hexdigest().upper()
    (review,) = read_reviews(written(tmp_path, HEADER, f"r1,source,{whole},ann,4,,,,"))
    assert review.answer_sha256 == answer_hash("yes")


def test_other_columns_are_passed_over(tmp_path: Path) -> None:
    """Three columns make a review file, in any order."""
    (review,) = read_reviews(written(tmp_path, "rating,note,side,sample_id", "0.5,x,target,7"))
    assert review == Review(sample_id="7", side="target", rating=0.5)


def test_thumbs_alone_make_a_review_file(tmp_path: Path) -> None:
    """Who gave no rating on a scale need not have a column for it."""
    (review,) = read_reviews(written(tmp_path, "sample_id,side,thumbs", "r1,target,down"))
    assert review == Review(sample_id="r1", side="target", thumbs="down")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["sample_id,side", "r1,source"], "reviews.csv: there is no column"),
        ([HEADER, "r1,A,,ann,4,,,,"], "reviews.csv:2, column 'side': 'a' is not 'source' or 'target'"),
        ([HEADER, "r1,source,,ann,good,,,,"], "reviews.csv:2, column 'rating': 'good' is not a number"),
        ([HEADER, "r1,source,,ann,4,,both,,"], "column 'better': 'both' is not 'source' or 'target' or 'tie'"),
        ([HEADER, "r1,source,,ann,4,,,,maybe"], "column 'label_wrong': 'maybe' is neither 'true' nor 'false'"),
        ([HEADER, "r1,source,,ann,,sideways,,,"], "column 'thumbs': 'sideways' is not 'up' or 'down'"),
        ([HEADER, ",source,,ann,4,,,,"], "column 'sample_id': the id is"),
        ([HEADER, WHOLE, WHOLE], "rater 'ann' reviews the source answer of row 'r1' twice"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path: Path, lines: list[str], said: str) -> None:
    """File, line and column."""
    with pytest.raises(MigrateError) as caught:
        read_reviews(written(tmp_path, *lines), shown="reviews.csv")
    if "there is no column" in said:
        assert "'rating' or 'thumbs'" in str(caught.value)
    else:
        assert said in str(caught.value)


def test_what_an_export_guards_is_read_as_it_was(tmp_path: Path) -> None:
    """An apostrophe that keeps a spreadsheet from reckoning is no part of an id, a name or a comment."""
    (review,) = read_reviews(written(tmp_path, HEADER, "'-1,source,,'@ann,4,,,'=it's 1,"))
    assert (review.sample_id, review.rater, review.comment) == ("-1", "@ann", "=it's 1")
    (review,) = read_reviews(written(tmp_path, HEADER, "'tis,source,,ann,4,,,,"))
    assert review.sample_id == "'tis"
