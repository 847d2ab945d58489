"""Who ran a run and where its models were called, as far as that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.plugin.suite import golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite


def test_who_and_where_are_recorded(suite: Suite, serve: Serve) -> None:
    """The name that was given, both sides' region and what their calls met are in the record and the report."""
    serve()
    suite.rows(golden(5))
    suite.tests()
    suite.migrate("--migration-run-by", "Ada Lovelace")
    assert suite.results["run"]["by"] == "Ada Lovelace"
    assert [suite.migration[side]["region"] for side in ("source", "target")] == ["us-east-1"] * 2
    lanes = suite.results["spending"]["traffic"]
    assert [(lane["calls"], lane["answers"], lane["retries"]) for lane in lanes] == [(5, 5, 0)] * 2
    page = (suite.folder / "report.html").read_text("utf-8")
    assert "Ada Lovelace" in page
    assert "region us-east-1" in page


def test_nobody_is_guessed(suite: Suite) -> None:
    """Without a name there is none, and a model that was not called has no region."""
    suite.rows(golden())
    suite.tests()
    suite.judge()
    assert suite.results["run"]["by"] is None
    assert suite.migration["target"]["region"] is None
