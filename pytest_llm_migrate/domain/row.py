"""A row of the golden dataset, and the dataset that holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SideName = Literal["source", "target"]
SIDES: tuple[SideName, SideName] = ("source", "target")

SIDE_COLUMNS = (
    "answer",
    "latency",
    "ttft",
    "input_token",
    "output_token",
    "cost",
    "stop_reason",
    "model",
    "llm_judge_score",
    "human_score",
    "human_score_reasoning",
)
"""Canonical columns that exist once a side, as ``<name>_source_llm`` and ``<name>_target_llm``."""

ROW_COLUMNS = (
    "sample_id",
    "question",
    "content",
    "prompt_source_llm",
    "answer_ground_truth",
    "split",
    "config_source_llm",
)
"""Canonical columns of the row itself."""


def side_column(name: str, side: SideName) -> str:
    """Return the canonical column that holds one side's value: ``answer``, ``source`` → ``answer_source_llm``."""
    return f"{name}_{side}_llm"


CANONICAL_COLUMNS = frozenset(ROW_COLUMNS) | {side_column(name, side) for name in SIDE_COLUMNS for side in SIDES}
NOT_INPUTS = CANONICAL_COLUMNS - {"question", "content"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record of the golden dataset, under canonical column names.

    Attributes:
        sample_id: The row's identity, unique in its dataset.
        values: Every column's value; ``None`` where the file holds nothing, ``""`` where it holds an empty text.
        place: Where the row stands, as ``file:line`` or ``file, row N``, for messages.
    """

    sample_id: str
    values: Mapping[str, Any] = field(repr=False)
    place: str = ""

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def get(self, column: str, default: Any = None) -> Any:
        """Return a column's value, or the default where the dataset has no such column."""
        return self.values.get(column, default)

    @property
    def inputs(self) -> dict[str, Any]:
        """What a prompt may use: every column but ids, ground truth and either side's results."""
        return {name: value for name, value in self.values.items() if name not in NOT_INPUTS}

    @property
    def context(self) -> Any:
        """The column ``content``: one text, a list of texts, or nothing."""
        return self.values.get("content")

    @property
    def reference(self) -> Any:
        """The column ``answer_ground_truth``."""
        return self.values.get("answer_ground_truth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The golden dataset: rows in file order, the canonical columns they share, and the file's identity.

    Attributes:
        path: The file as the user named it; a short name where the rows came from memory.
        sha256: Hash of the file's bytes, or of the rows where there is no file.
        columns: Canonical names of the columns present, in file order.
        warnings: What a reader had to assume, one sentence each.
    """

    path: str
    sha256: str
    rows: Sequence[Row] = field(repr=False)
    columns: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)
