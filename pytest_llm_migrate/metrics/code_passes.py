"""Whether the code of an answer passes its tests."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import sandbox
from pytest_llm_migrate.metrics.reasons import shortened
from pytest_llm_migrate.metrics.reference import SettledMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Answer, Row

_BLOCK = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePasses(SettledMetric):
    """1 when the Python code of an answer runs, and the row's tests after it, without an exception; else 0.

    The code is what stands in the answer's code blocks, or the whole answer where it has none. It runs in a process
    of its own, with bounds on time, memory, files and processes, in an empty folder, with an empty environment and,
    where the system allows namespaces, without a network; on Linux only. **That is a fence, not a jail**: the process
    belongs to this user and may read what the user may read, and code made to cheat can pass. Run models that you do
    not trust inside a container. For that reason nothing runs unless ``allow_execution`` says so.

    Attributes:
        allow_execution: Whether code of models may be run on this machine.
        column: The column that holds each row's tests, Python source with ``assert``.
        seconds: The longest a program may take.
        memory: Bytes of address space that it may have.
        k: A row's score is pass@k of its repeats, of which it takes k or more (``--migration-repeats``).
    """

    kept: ClassVar[bool] = True

    name: str = "code_passes"
    allow_execution: bool = False
    column: str = "tests"
    seconds: float = 10.0
    memory: int = 2**30
    k: int = 1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise MetricDefinitionError(self.name, f"k={self.k!r} is no number of samples from 1 on")

    @property
    def version(self) -> str:
        """The revision, every setting, and the interpreter."""
        return f"{super(CodePasses, self).version}, python={sys.version_info.major}.{sys.version_info.minor}"

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when running is off, or the row has no tests."""
        if not self.allow_execution:
            return ScoreFailure(reason=f"{self.name} runs code of models only with CodePasses(allow_execution=True)")
        if not sys.platform.startswith("linux"):
            return ScoreFailure(reason=f"{self.name} cannot fence in a program on {sys.platform}")
        tests = row.get(self.column)
        if not isinstance(tests, str) or not tests.strip():
            return ScoreFailure(reason=f"the row has no tests in column {self.column!r}")
        bounds = sandbox.Bounds(seconds=self.seconds, memory=self.memory)
        fault = sandbox.run(code_of(answer.text), tests, bounds=bounds)
        return Score(1.0) if fault is None else Score(0.0, shortened(fault))

    def over_repeats(self, scores: Sequence[Score]) -> Score | ScoreFailure:
        """Return pass@k of a row's repeats."""
        if len(scores) < self.k:
            said = f"pass@{self.k} takes {self.k} answers of a row, this one has {len(scores)}"
            return ScoreFailure(reason=f"{said}: ask for more with --migration-repeats {self.k}")
        passed = sum(score > 0 for score in scores)
        reason = next((score.reason for score in scores if not score), "")
        return Score(pass_at_k(len(scores), passed, self.k), _told(passed, len(scores), reason))


def _told(passed: int, samples: int, reason: str) -> str:
    return reason if samples == 1 else "; ".join(filter(None, [f"{passed} of {samples} samples passed", reason]))


def code_of(text: str) -> str:
    """Return the code of an answer: its code blocks one after the other, or the whole of it where it has none."""
    blocks = _BLOCK.findall(text)
    return "\n".join(blocks) if blocks else text


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """Return the chance that one of ``k`` samples passes, without bias, from ``passed`` of ``samples`` that did.

    1 − C(n − c, k) / C(n, k), after Chen and others (2021).

    Raises:
        ValueError: ``k`` is not in 1 to ``samples``, or ``passed`` not in 0 to ``samples``.
    """
    if not (1 <= k <= samples and 0 <= passed <= samples):
        raise ValueError(f"pass@{k} of {samples} samples, {passed} passed, has no meaning")
    return 1 - math.comb(samples - passed, k) / math.comb(samples, k)
