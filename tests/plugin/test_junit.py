"""What a JUnit file says of gates and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.plugin.suite import ROWS_AND_GATE, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite


def properties(suite: Suite) -> dict[str, dict[str, str]]:
    """Return the properties of every test case of the JUnit file, by its name."""
    return {
        case.attrib["name"]: {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        for case in ET.parse(suite.path / "junit.xml").iter("testcase")  # noqa: S314 - a file of our own
    }


@pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
@pytest.mark.parametrize(("broken", "verdict"), [((), "GO"), (range(15), "NO-GO")])
def test_gates_carry_their_verdict(suite: Suite, broken: range, verdict: str, processes: tuple[str, ...]) -> None:
    """A gate's verdict and sentence are those of the report, a row has its name, once each."""
    suite.rows(golden(broken=broken))
    suite.tests()
    suite.judge("--junitxml", "junit.xml", *processes)
    found, [gate] = properties(suite), suite.migration["gates"]
    assert found["test_row[r00]"] == {"llm_migrate_sample_id": "r00"}
    assert found["test_gate"]["llm_migrate_verdict"] == gate["verdict"] == verdict
    assert found["test_gate"]["llm_migrate_statement"] == gate["statement"]


PLAIN = """
    import pytest

    @pytest.mark.migration("rows.csv", metrics=["exact_match"])
    def test_gate(comparison):
        assert comparison["exact_match"].target.mean {bar}
"""


@pytest.mark.parametrize("redacted", [(), ("--migration-redact",)], ids=["whole", "redacted"])
def test_a_plain_assertion_has_its_message_for_a_statement(suite: Suite, redacted: tuple[str, ...]) -> None:
    """One that holds has no empty statement, and where texts are left out one that fails has none either."""
    suite.rows(golden())
    suite.tests(PLAIN.format(bar="> 0.5"))
    suite.judge("--junitxml", "junit.xml", *redacted)
    assert properties(suite)["test_gate"] == {"llm_migrate_verdict": "GO"}
    suite.tests(PLAIN.format(bar="> 1.5"))
    suite.judge("--junitxml", "junit.xml", *redacted)
    found = properties(suite)["test_gate"]
    assert found.pop("llm_migrate_verdict") == "NO-GO"
    assert [said.splitlines()[0] for said in found.values()] == ([] if redacted else ["assert 1.0 > 1.5"])


def test_a_gate_that_breaks_in_its_teardown_cannot_judge(suite: Suite) -> None:
    """A verdict that an error overrules is not left behind."""
    fixture = "@pytest.fixture\n    def breaks():\n        yield\n        raise OSError\n\n    def test_gate(breaks, "
    suite.tests(ROWS_AND_GATE.replace("def test_gate(", fixture))
    suite.rows(golden())
    suite.judge("--junitxml", "junit.xml")
    [gate] = suite.migration["gates"]
    assert properties(suite)["test_gate"]["llm_migrate_verdict"] == gate["verdict"] == "CANNOT JUDGE"
