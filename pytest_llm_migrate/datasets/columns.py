"""Which column of a file is which canonical column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain.row import CANONICAL_COLUMNS, NOT_INPUTS
from pytest_llm_migrate.errors import (
    ColumnClaimError,
    DatasetError,
    MissingColumnError,
    RepeatedColumnError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SYNONYMS: dict[str, tuple[str, ...]] = {
    "sample_id": ("id", "case_id", "row_id", "record_id", "example_id", "item_id", "test_id", "uid", "uuid"),
    "question": ("query", "prompt", "input", "user_query", "user_question", "user_input", "user_prompt"),
    "content": (
        *("context", "contexts", "retrieved_context", "retrieved_contexts", "retrieval_context"),
        *("document", "documents", "passage", "passages"),
    ),
    "prompt_source_llm": ("source_prompt", "prompt_source"),
    "answer_ground_truth": (
        *("ground_truth", "ground_truths", "reference", "label", "ideal", "correct_answer"),
        *("reference_answer", "reference_output", "reference_response"),
        *("expected", "expected_answer", "expected_output", "expected_response"),
        *("gold", "golden", "gold_answer", "golden_answer"),
    ),
    "answer_source_llm": (
        *("source_answer", "source_output", "source_response", "answer_source", "output_source", "response_source"),
        *("model_answer", "model_output", "model_response", "llm_answer", "llm_output", "llm_response"),
        "actual_output",
    ),
    "input_token_source_llm": ("input_tokens_source_llm",),
    "input_token_target_llm": ("input_tokens_target_llm",),
    "output_token_source_llm": ("output_tokens_source_llm",),
    "output_token_target_llm": ("output_tokens_target_llm",),
}
"""Names that one column may have instead of the canonical one."""

BARE_ANSWERS = ("answer", "response", "output", "completion")
"""Recorded answers where a question and a ground truth stand beside them; elsewhere perhaps an input."""


def _fold(name: str) -> str:
    return "_".join(name.casefold().replace("_", " ").split())


def _squeeze(name: str) -> str:
    return _fold(name).replace("_", "")


def _milliseconds() -> Iterator[tuple[str, str]]:
    for name in CANONICAL_COLUMNS:
        kind, _, rest = name.partition("_")
        if kind in {"latency", "ttft"}:
            yield f"{kind}_ms_{rest}", name
            yield f"{name}_ms", name


_IN_MILLISECONDS = {_squeeze(spelling): name for spelling, name in _milliseconds()}
_EXACT = {_squeeze(name): name for name in CANONICAL_COLUMNS} | _IN_MILLISECONDS
_SYNONYM_OF = {_squeeze(synonym): name for name, synonyms in SYNONYMS.items() for synonym in synonyms}
_BARE_ANSWERS = frozenset(_squeeze(name) for name in BARE_ANSWERS)


def _says_milliseconds(label: str) -> bool:
    return _squeeze(label) in _IN_MILLISECONDS or _fold(label).endswith("_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the file.

    Attributes:
        position: Where it stands in the file, from 0.
        label: Its name in the file.
        name: Its canonical name, or its label where it has none.
        in_milliseconds: Its times are milliseconds.
    """

    position: int
    label: str
    name: str
    in_milliseconds: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What the column's values are found under: an input keeps the file's own name as well."""
        is_own = self.label != self.name and _EXACT.get(_squeeze(self.label), self.name) == self.name
        return (self.name, self.label) if is_own and self.name not in NOT_INPUTS else (self.name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns in file order, nameless ones left out, and what had to be assumed."""

    columns: tuple[Column, ...]
    warnings: tuple[str, ...]


def identify(header: Sequence[str], chosen: Mapping[str, str] | None, path: str) -> Columns:
    """Find the canonical columns; ``chosen`` names the file's column for a canonical one, and wins.

    Raises a `MigrateError` where two columns claim a name, none is the id, or ``chosen`` names what is not there.
    """
    labels = {position: label.strip() for position, label in enumerate(header) if label.strip()}
    _refuse_repeated(labels, path)
    claims = _Claims(labels, path)
    for name, label in (chosen or {}).items():
        claims.choose(name, label)
    claims.take_exact()
    claims.take_synonyms()
    claims.take_bare_answer()
    return claims.settled()


def _refuse_repeated(labels: Mapping[int, str], path: str) -> None:
    seen: dict[str, str] = {}
    for label in labels.values():
        if _fold(label) in seen:
            raise RepeatedColumnError(path, [seen[_fold(label)], label])
        seen[_fold(label)] = label


class _Claims:
    """Who holds which canonical name so far; each ``take`` gives out names that the one before left."""

    def __init__(self, labels: Mapping[int, str], path: str) -> None:
        self._labels = labels
        self._path = path
        self._holders: dict[str, Column] = {}
        self._left_out: set[int] = set()
        self._warnings: list[str] = []

    def choose(self, name: str, label: str) -> None:
        """Give a canonical name to the column that the user says."""
        canonical = _EXACT.get(_squeeze(name))
        if canonical is None:
            raise UnknownNameError("canonical column", name, CANONICAL_COLUMNS, where=f"{self._path}, columns=")
        position = self._position(label)
        if canonical in self._holders:
            raise ColumnClaimError(self._path, canonical, [self._holders[canonical].label, self._labels[position]])
        if position not in self._free():
            raise DatasetError(self._path, f"columns= gives the column {label!r} two names")
        self._give(canonical, position, in_milliseconds=_squeeze(name) in _IN_MILLISECONDS)

    def take_exact(self) -> None:
        """Give canonical names to the columns that have them."""
        chosen = set(self._holders)
        for name, positions in self._claimants(_EXACT).items():
            if name in chosen:
                self._leave_out(name, positions)
            else:
                self._settle(name, positions)

    def take_synonyms(self) -> None:
        """Give canonical names to columns with another name for them."""
        for name, positions in self._claimants(_SYNONYM_OF).items():
            if name not in self._holders:
                self._settle(name, positions)

    def take_bare_answer(self) -> None:
        """Take a column such as ``response`` for the source's recorded answers where it can be nothing else."""
        name = "answer_source_llm"
        positions = [at for at in self._free() if _squeeze(self._labels[at]) in _BARE_ANSWERS]
        if not positions or name in self._holders or "question" not in self._holders:
            return
        label = self._labels[positions[0]]
        if "answer_ground_truth" in self._holders:
            self._settle(name, positions)
            self._warnings.append(f"{self._path}: the column {label!r} is read as {name!r}")
        else:
            self._warnings.append(
                f"{self._path}: the column {label!r} is kept as an input, because it could be 'answer_ground_truth' "
                f"or {name!r}. Say which: columns={{'answer_ground_truth': {label!r}}}."
            )

    def settled(self) -> Columns:
        """Return every column with the name it has got."""
        if "sample_id" not in self._holders:
            raise MissingColumnError(self._path, "sample_id", self._labels.values())
        held = {column.position: column for column in self._holders.values()}
        columns = [
            held.get(position) or Column(position=position, label=label, name=label)
            for position, label in self._labels.items()
            if position not in self._left_out
        ]
        return Columns(columns=tuple(columns), warnings=tuple(self._warnings))

    def _position(self, label: str) -> int:
        for position, present in self._labels.items():
            if _fold(present) == _fold(label):
                return position
        raise UnknownNameError("column", label, self._labels.values(), where=f"{self._path}, columns=")

    def _free(self) -> list[int]:
        taken = {column.position for column in self._holders.values()} | self._left_out
        return [position for position in self._labels if position not in taken]

    def _claimants(self, names: Mapping[str, str]) -> dict[str, list[int]]:
        claimants: dict[str, list[int]] = {}
        for position in self._free():
            name = names.get(_squeeze(self._labels[position]))
            if name is not None:
                claimants.setdefault(name, []).append(position)
        return claimants

    def _settle(self, name: str, positions: Sequence[int]) -> None:
        if len(positions) > 1:
            raise ColumnClaimError(self._path, name, [self._labels[position] for position in positions])
        self._give(name, positions[0])

    def _give(self, name: str, position: int, *, in_milliseconds: bool = False) -> None:
        label = self._labels[position]
        self._holders[name] = Column(
            position=position,
            label=label,
            name=name,
            in_milliseconds=in_milliseconds or (name in _IN_MILLISECONDS.values() and _says_milliseconds(label)),
        )

    def _leave_out(self, name: str, positions: Sequence[int]) -> None:
        self._left_out.update(positions)
        for position in positions:
            label = self._labels[position]
            self._warnings.append(
                f"{self._path}: the column {label!r} is left out, because columns= gives {name!r} to another"
            )
