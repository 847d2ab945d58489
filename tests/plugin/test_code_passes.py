"""pass@k over the wire: code that is asked for several times a row, run and counted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Script, ScriptedEngine
from tests.plugin.suite import Bedrock, collection_faults, golden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.endpoint import Answer
    from pytest_llm_migrate.models.endpoint.engines import Converse
    from tests.plugin.suite import Suite

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="code of models runs on Linux only")
GATE = """
    import pytest
    from pytest_llm_migrate.metrics import CodePasses

    METRIC = CodePasses(allow_execution=True, k=2)

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=[METRIC])
    def test_gate(comparison):
        assert comparison["code_passes"].non_inferior(margin=0.9)
"""


class EveryThird(Bedrock):
    """An endpoint whose every third answer to a question passes its tests."""

    def __init__(self) -> None:
        super().__init__(default=Reply(text="```python\ndef double(n):\n    return n + 1\n```"))
        self._right = ScriptedEngine(Script(default=Reply(text="```python\ndef double(n):\n    return 2 * n\n```")))

    def converse(self, request: Converse) -> Answer:
        """Note a question and answer it, by how often it was asked before."""
        if self.asked.count((request.model, request.question)) % 3 == 2:
            self.asked.append((request.model, request.question))
            return self._right.converse(request)
        return super().converse(request)


@pytest.fixture
def coder(credentials: pytest.MonkeyPatch) -> Iterator[EveryThird]:
    """The endpoint, where boto3 looks for it."""
    bedrock = EveryThird()
    with bedrock.endpoint:
        credentials.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.endpoint.url)
        yield bedrock


@pytest.fixture
def coding(suite: Suite) -> Suite:
    """A suite of two rows whose answers are code."""
    suite.rows([row | {"tests": "assert double(4) == 8"} for row in golden(2)])
    suite.tests(GATE)
    return suite


@pytest.mark.parametrize(("repeats", "mean"), [(3, 2 / 3), (2, 0.0)])
def test_a_row_s_score_is_pass_at_k_of_its_repeats(coding: Suite, coder: EveryThird, repeats: int, mean: float) -> None:
    """Of three samples of which one passes, two drawn hold it in two of three draws; of two that fail none does."""
    coding.migrate("--migration-repeats", str(repeats))
    assert len(coder.asked) == 2 * 2 * repeats
    found = coding.migration["metrics"]["code_passes"]
    assert (found["n"], found["source"]["mean"], found["target"]["mean"]) == (
        2,
        pytest.approx(mean),
        pytest.approx(mean),
    )


def test_fewer_repeats_than_k_are_missed_before_any_call(coding: Suite, coder: EveryThird) -> None:
    """A row with one answer has no pass@2: that is known before its answers are paid for."""
    result = coding.migrate()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (said,) = collection_faults(result)
    assert said.startswith("metric 'code_passes' takes 2 answers of a row, and --migration-repeats is 1: no row would ")
    assert said.endswith("Give --migration-repeats 2 or more.")
    assert coder.asked == []
