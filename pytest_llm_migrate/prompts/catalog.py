"""The catalog: a folder with one folder per prompt, each with its source prompt and one prompt per target.

What each strategy wrote last is kept under ``variants/<strategy>``, so that strategies can be held against each other.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import (
    AmbiguousPromptError,
    NoStrategyPromptError,
    NoTargetPromptError,
    PromptFileError,
    PromptNameError,
    StalePromptError,
    UnknownNameError,
    masked,
)
from pytest_llm_migrate.prompts.files import SUFFIX, load_prompt

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.prompts.prompt import Prompt

SOURCE_FILE = f"source{SUFFIX}"
_VARIANTS = "variants"
_NO_FILE_NAME = re.compile(r"[^\w.,+-]+")

_SLUG_LENGTH = 120  # leaves room for a digest and the suffix in a file name of 255 bytes


@dataclass(frozen=True, slots=True)
class Catalog:
    """The prompts of a suite: ``<folder>/<name>/source.prompt.yaml``, and one file per target beside it."""

    folder: Path

    def names(self) -> list[str]:
        """Return the names of all prompts that have a source file, sorted."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{SOURCE_FILE}"))

    def source(self, name: str) -> Prompt:
        """Return the source prompt; raises `UnknownNameError` with the nearest name where there is none."""
        path = self.source_file(name)
        if not path.is_file():
            raise UnknownNameError("prompt", name, self.names(), where=str(path))
        return load_prompt(path)

    def source_file(self, name: str) -> Path:
        """Return the file of a source prompt, whether or not it is there; raises `PromptNameError`."""
        return self._home(name) / SOURCE_FILE

    def for_target(self, name: str, ref: str, strategy: str | None = None, *, stale: bool = False) -> Prompt:
        """Return the prompt filed for a target model: the one whose key ``model`` is the model's reference.

        With a ``strategy`` it is the one that this strategy wrote last, whichever is filed. Raises
        `NoTargetPromptError` where none is filed, `NoStrategyPromptError` where the strategy wrote none,
        `AmbiguousPromptError` where there are two, and `StalePromptError` where it was made from a source prompt that
        has changed since, unless it may be ``stale``.
        """
        source = self.source(name)
        filed = self._filed(self._home(name)) if strategy is None else self._filed(self._variants(name, strategy))
        matches = [prompt for prompt in filed if _is_for(prompt, ref)]
        if not matches and strategy is not None:
            writers = {found.provenance.strategy for found in self.variants(name, ref) if found.provenance}
            raise NoStrategyPromptError(name, ref, strategy, filter(None, writers))
        if not matches:
            models = [prompt.model for prompt in filed if prompt.model]
            raise NoTargetPromptError(name, ref, self._home(name), models)
        if len(matches) > 1:
            raise AmbiguousPromptError(ref, [prompt.place for prompt in matches])
        if not stale:
            _check_fresh(matches[0], source.sha256)
        return matches[0]

    def file_for(self, name: str, ref: str) -> Path:
        """Return the file to write a target's prompt to: the one already filed for it, else a new one.

        A new file is named after the reference, and never takes the name of another model's file.
        """
        return self._file_in(self._home(name), ref)

    def variant_file(self, name: str, ref: str, strategy: str) -> Path:
        """Return the file to keep what a strategy wrote for a target, beside what is filed."""
        return self._file_in(self._variants(name, strategy), ref)

    def variants(self, name: str, ref: str | None = None) -> list[Prompt]:
        """Return every prompt that a strategy wrote, filed or not; with a ``ref`` only those for this target."""
        folders = sorted(self._home(name).glob(f"{_VARIANTS}/*/"))
        found = [prompt for folder in folders for prompt in self._filed(folder)]
        return [prompt for prompt in found if ref is None or _is_for(prompt, ref)]

    def targets(self, name: str) -> list[Prompt]:
        """Return the prompts that are filed for targets."""
        return self._filed(self._home(name))

    def _file_in(self, folder: Path, ref: str) -> Path:
        filed = [prompt.path for prompt in self._filed(folder) if prompt.path and _is_for(prompt, ref)]
        if filed:
            return filed[0]
        slug = re.sub(r"[^A-Za-z0-9._-]+", "-", masked(ref))[:_SLUG_LENGTH].strip("-.") or "target"
        path = folder / f"{slug}{SUFFIX}"
        if slug.lower() == "source" or path.exists():
            digest = hashlib.sha256(ref.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            path = path.with_name(f"{slug}-{digest}{SUFFIX}")
        return path

    def _variants(self, name: str, strategy: str) -> Path:
        # A name such as best-of:few-shot,shorten has a sign that not every file system takes.
        return self._home(name) / _VARIANTS / _NO_FILE_NAME.sub("=", strategy)

    def _filed(self, folder: Path) -> list[Prompt]:
        paths = sorted(path for path in folder.glob(f"*{SUFFIX}") if path.name != SOURCE_FILE)
        filed = [load_prompt(path) for path in paths]
        for prompt in filed:
            if prompt.model is None:
                raise PromptFileError(prompt.place, "a target's prompt needs the key 'model': the model it is for")
        return filed

    def _home(self, name: str) -> Path:
        is_plain = name.isprintable() and not re.search(r"[/\\:]", name) and name.strip(". ")
        if not is_plain:
            raise PromptNameError(name, self.folder)
        return self.folder / name


def _is_for(prompt: Prompt, ref: str) -> bool:
    return masked(str(prompt.model)) == masked(ref)


def _check_fresh(prompt: Prompt, today: str) -> None:
    made_from = prompt.provenance.source_sha256 if prompt.provenance else None
    if made_from is not None and made_from != today:
        raise StalePromptError(prompt.place, made_from, today)
