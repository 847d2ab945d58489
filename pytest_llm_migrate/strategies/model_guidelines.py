"""``model-guidelines``: a model rewrites the prompt by what is known to work with the target's family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Takes
from pytest_llm_migrate.errors import NoRewriteError, StrategySettingError, masked
from pytest_llm_migrate.strategies.metaprompt import SYSTEM
from pytest_llm_migrate.strategies.writing import ASKED, check_optimizer, listed_variables, prompt_texts, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llm_migrate.domain import PromptTask, Rewrite

_FOLDER = Path(__file__).with_name("guidelines")
_SETTING = "guidelines"
_SAYS = "a folder of files such as NAME.md with a line 'models:', one or more 'source:', and notes below a blank line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidelines:
    """What is known to work with a family of models.

    Attributes:
        family: The file's name, without its ending.
        models: Parts of model references, one of which is in the reference of each model of the family.
        sources: Where the notes come from.
        notes: The advice.
    """

    family: str
    models: tuple[str, ...]
    sources: tuple[str, ...]
    notes: str

    def fit(self, reference: str) -> int:
        """Return the length of the longest part that a model's reference holds; 0 for a model of another family."""
        return max((len(part) for part in self.models if part in reference.lower()), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGuidelines:
    """Has any model rewrite the prompt by the best-practice notes on the target's family.

    It takes the settings ``guidelines``, a folder whose files come before those of this package, and ``max_tokens``.
    """

    name: str = "model-guidelines"
    learns: bool = False
    settings: frozenset[str] = frozenset({"guidelines", "max_tokens"})
    tool: str = "model-guidelines 1"

    def takes(self, rows: int) -> Takes:  # noqa: ARG002 - whatever their number
        """Return the texts that are asked for at most: a prompt that cannot be used is asked for again once."""
        return Takes(texts=ASKED, answers=0)

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:  # noqa: ARG002 - any target
        """Raise `NoOptimizerError` where no model writes, `StrategySettingError` for guidelines that are none."""
        check_optimizer(self.name, optimizer)
        _known(settings)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt; raises as `write` does, and where there are no notes on the target."""
        guidelines = _guidelines_for(task, self.name)
        task.say(f"rewriting by the notes on {guidelines.family}: {', '.join(guidelines.sources)}")
        return write(task, self.name, _question(task, guidelines))


def known_guidelines(folder: Path | None = None) -> dict[str, Guidelines]:
    """Return guidelines by family, those of a user's folder in place of the package's of the same name.

    Raises `StrategySettingError` for a folder without such files, or a file of another form.
    """
    found = {item.family: item for item in _read_all(_FOLDER)}
    if folder:
        own = {item.family: item for item in _read_all(folder)}
        if not own:
            raise StrategySettingError(_SETTING, _SAYS, str(folder))
        found |= own
    return found


def _known(settings: Mapping[str, Any]) -> dict[str, Guidelines]:
    folder = settings.get(_SETTING)
    return known_guidelines(Path(folder) if folder else None)


def _guidelines_for(task: PromptTask, strategy: str) -> Guidelines:
    known = _known(task.settings)
    best = max(known.values(), key=lambda item: item.fit(task.target))
    if not best.fit(task.target):
        families = ", ".join(sorted(known))
        way_out = f"There are notes on {families}; add your own with --strategy-option guidelines=FOLDER, or take "
        raise NoRewriteError(strategy, task.target, "there are no notes on its family", f"{way_out}metaprompt.")
    return best


def _question(task: PromptTask, guidelines: Guidelines) -> str:
    text = Path(__file__).with_name("model_guidelines.md").read_text("utf-8")
    return Template(text).substitute(
        SOURCE=masked(task.source),
        TARGET=masked(task.target),
        PROMPT=prompt_texts(task.prompt),
        VARIABLES=listed_variables(task),
        FAMILY=guidelines.family,
        NOTES=guidelines.notes,
        SYSTEM=SYSTEM.removeprefix("6. ") if task.prompt.system else "",
    )


def _read_all(folder: Path) -> Iterator[Guidelines]:
    for path in sorted(folder.glob("*.md")):
        try:
            yield _parsed(path.stem, path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise StrategySettingError(_SETTING, _SAYS, str(path)) from error


def _parsed(family: str, text: str) -> Guidelines:
    head, _, notes = text.partition("\n\n")
    fields = [line.partition(":") for line in head.splitlines()]
    models = [value.split(",") for name, _, value in fields if name.strip() == "models"]
    parts = tuple(part.strip().lower() for values in models for part in values if part.strip())
    if not parts or not notes.strip():
        raise ValueError(family)
    sources = tuple(value.strip() for name, _, value in fields if name.strip() == "source")
    return Guidelines(family=family, models=parts, sources=sources, notes=notes.strip())
