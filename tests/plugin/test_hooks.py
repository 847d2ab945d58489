"""What a conftest or a package may add by the plugin's hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import ROWS_AND_GATE, ROWS_ONLY, golden, paid

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

PROVIDER = """
from pytest_llm_migrate import Answer, CallFailedError, MigrateError

class Parrot:
    concurrency = 2
    def __init__(self, name):
        self.ref = f"parrot:{name}"
        self._name = name
    def answer(self, request):
        if self._name == "mute":
            raise CallFailedError("no_voice", "the parrot is mute")
        if self._name == "broken":
            raise ZeroDivisionError("a bug of the parrot")
        return Answer(text=self._name, input_tokens=1, output_tokens=2)

class Parrots:
    scheme = "parrot"
    def connect(self, name):
        if name == "dead":
            raise MigrateError("there is no such parrot any more")
        return Parrot(name)

def pytest_llm_migrate_models(config):
    return [Parrots()]
"""
PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])


@pytest.fixture
def parrots(suite: Suite) -> Suite:
    """A suite of five rows whose conftest brings models of its own."""
    suite.file("conftest.py", PROVIDER)
    suite.rows(golden(5))
    suite.tests(ROWS_ONLY)
    return suite


def parrot(name: str) -> tuple[str, ...]:
    """Return the options that migrate to a parrot."""
    return ("--target-model", f"parrot:{name}", "--prompt-strategy", "identity")


def test_a_scheme_of_a_plugin_names_models(parrots: Suite) -> None:
    """References of a registered scheme reach its provider; answers are kept and counted as all others."""
    parrots.run(*parrot("yes")).assert_outcomes(passed=5)
    assert parrots.migration["target"]["ref"] == "parrot:yes"
    assert parrots.lines[0]["target"]["output_tokens"] == 2
    assert paid(parrots) == (5, 0.0, 5)
    parrots.run(*parrot("yes"))
    assert parrots.results["spending"]["calls"] == 0


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("mute", "no_voice", "the parrot is mute"),
        ("broken", "client_error", "ZeroDivisionError: a bug of the parrot"),
    ],
)
def test_a_models_fault_is_its_rows_error(parrots: Suite, name: str, kind: str, message: str) -> None:
    """What a model of a plugin raises is named on each row, a bug of its own too."""
    parrots.run(*parrot(name)).assert_outcomes(errors=5)
    assert parrots.lines[0]["target"] == {"error": {"kind": kind, "message": message}}


def test_a_model_that_cannot_be_connected_is_one_line(parrots: Suite) -> None:
    """A provider that refuses a name ends the run before any call."""
    result = parrots.run(*parrot("dead"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == "ERROR: llm-migrate: there is no such parrot any more"


def test_metrics_of_a_plugin_are_known_by_name(suite: Suite) -> None:
    """A conftest registers metrics, plain functions too, and markers name them."""
    suite.file(
        "conftest.py",
        """
from pytest_llm_migrate import Score

def short(answer, row):
    return Score(float(len(answer.text) < 3), f"{len(answer.text)} characters")

def pytest_llm_migrate_metrics(config):
    return [short]
""",
    )
    suite.rows(golden(5, broken=[1]))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["short", "exact_match"])
        def test_row(case):
            assert case.target["short"] == 0
    """)
    suite.judge().assert_outcomes(passed=4, failed=1)
    assert suite.lines[1]["target"]["scores"] == {"short": 1.0, "exact_match": 0.0}
    assert suite.lines[1]["target"]["reasons"]["short"] == "2 characters"


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (
            "def exact_match(answer, row): return 1.0\ndef pytest_llm_migrate_metrics(config): return [exact_match]",
            "metric 'exact_match' is registered twice: by *.ExactMatch and by *. Rename one of them.",
        ),
        (
            "class Mine:\n    scheme = 'local'\ndef pytest_llm_migrate_models(config): return [Mine()]",
            "model scheme 'local' is registered twice: by *.LocalProvider and by conftest.Mine. Rename one of them.",
        ),
    ],
    ids=["metric", "scheme"],
)
def test_two_owners_of_a_name_are_both_named(suite: Suite, hook: str, said: str) -> None:
    """A name that is taken cannot be registered again."""
    suite.file("conftest.py", hook + "\n")
    suite.tests()
    result = suite.judge()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    pytest.LineMatcher(result.errlines[:1]).fnmatch_lines([f"ERROR: llm-migrate: {said}"])
    assert not (suite.path / ".llm-migrate").exists()


def test_prices_of_a_plugin_replace_the_bundled_ones(parrots: Suite) -> None:
    """A price list of a conftest prices every answer, and the record names it."""
    parrots.file(
        "conftest.py",
        PROVIDER
        + """
class Prices:
    source = "our contract"
    as_of = "2026-11-01"
    def cost(self, model, answer):
        return 0.5 * answer.output_tokens if answer.output_tokens else None
    def why_no_cost(self, model, answer):
        return None if answer.output_tokens else "unpriced: nothing written"

def pytest_llm_migrate_prices(config):
    return Prices()
""",
    )
    parrots.run(*parrot("yes"))
    assert parrots.lines[0]["target"]["cost"] == 1.0
    assert parrots.results["prices"] == {"source": "our contract", "as_of": "2026-11-01"}
    assert paid(parrots) == (5, 5.0, 0)


def test_prices_on_the_command_line_come_first(parrots: Suite) -> None:
    """``--migration-prices`` wins over a plugin's list."""
    conftest = PROVIDER + "\ndef pytest_llm_migrate_prices(config):\n    raise RuntimeError('not asked')\n"
    parrots.file("conftest.py", conftest)
    parrots.file("prices.csv", "model,input,output\nparrot:yes,0,1000000\n")
    parrots.run(*parrot("yes"), "--migration-prices", "prices.csv")
    assert parrots.lines[0]["target"]["cost"] == 2.0


@PROCESSES
def test_a_verdict_is_told_once(suite: Suite, processes: tuple[str, ...]) -> None:
    """The hook gets each judged migration's record once, in the process that reports, before reports are written."""
    suite.file(
        "conftest.py",
        """
def pytest_llm_migrate_verdict(config, migration):
    assert not list(config.rootpath.glob(".llm-migrate/runs/*/report.html"))
    with open("told.txt", "a") as file:
        file.write(f"{migration['name']} {migration['verdict']}\\n")
""",
    )
    suite.rows(golden())
    suite.tests(name="test_one.py")
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.01"), name="test_two.py")
    suite.judge(*processes)
    assert (suite.path / "told.txt").read_text() == "one GO\ntwo NOT ENOUGH EVIDENCE\n"


def test_sections_are_data_in_the_report(suite: Suite) -> None:
    """Sections of a plugin stand in the record and in the report, as text and never as markup."""
    suite.file(
        "conftest.py",
        """
def pytest_llm_migrate_report_sections(config, results):
    rows = [[migration["name"], migration["rows_below_bar"]] for migration in results["migrations"]]
    return [
        {"title": "Ours <b>bold</b>", "text": "Signed off by the owners."},
        {"title": "Counts", "columns": ["use case", "below"], "rows": rows},
    ]
""",
    )
    suite.rows(golden(20, broken=[3]))
    suite.tests()
    suite.judge()
    assert [section["title"] for section in suite.results["sections"]] == ["Ours <b>bold</b>", "Counts"]
    assert suite.results["sections"][1]["rows"] == [["triage", 1]]
    report = (suite.folder / "report.html").read_text("utf-8")
    assert "Signed off by the owners." in report
    assert "<b>bold</b>" not in report


def test_a_section_that_cannot_be_shown_is_a_warning(suite: Suite) -> None:
    """The run is over and paid for: its reports are written without the section, and say so."""
    suite.file("conftest.py", "def pytest_llm_migrate_report_sections():\n    return [{'title': 'T', 'html': '<b>'}]\n")
    suite.rows(golden())
    suite.tests()
    assert suite.judge().ret == pytest.ExitCode.OK
    assert suite.results["sections"] == []
    (warning,) = suite.results["warnings"]
    assert warning.startswith("report section 'T' cannot be shown: ")
