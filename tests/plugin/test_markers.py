"""Where the marker may stand, and which tests share a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import ROWS_AND_GATE, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

ON_CLASS = """
    import pytest

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    class TestTriage:
        def test_row(self, case):
            assert case.target["exact_match"] == 1

        def test_gate(self, comparison):
            assert comparison["exact_match"].non_inferior(margin=0.3)
"""
ON_FUNCTIONS = """
    import pytest

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    def test_row(case):
        assert case.target["exact_match"] == 1

    class TestGates:
        @pytest.mark.migration(dataset="rows.csv", metrics=["exact_match"], prompt="triage")
        def test_gate(self, comparison):
            assert comparison["exact_match"].non_inferior(margin=0.3)
"""


@pytest.mark.parametrize("text", [ROWS_AND_GATE, ON_CLASS], ids=["module", "class"])
def test_rows_and_gates_share_one_migration(suite: Suite, text: str) -> None:
    """Wherever the marker stands, row tests and gates under it judge the same migration."""
    suite.rows(golden())
    suite.tests(text)
    suite.judge().assert_outcomes(passed=21)
    assert len(suite.migration["gates"]) == 1
    assert suite.migration["row_tests"]["passed"] == 20


def test_equal_arguments_make_one_migration(suite: Suite) -> None:
    """Markers on functions share a migration when their arguments mean the same, however they are written."""
    suite.rows(golden())
    suite.tests(ON_FUNCTIONS)
    suite.judge().assert_outcomes(passed=21)
    assert len(suite.migration["gates"]) == 1
    assert suite.migration["row_tests"]["passed"] == 20


def test_the_closest_marker_wins_whole(suite: Suite) -> None:
    """Nothing is merged: a marker on a function leaves nothing of the module's."""
    suite.rows(golden())
    suite.rows(golden(3), "few.csv")
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", metrics=["exact_match"], slices=["channel"])

        @pytest.mark.migration("few.csv")
        def test_few(case):
            assert not case.target.scores

        def test_all(case):
            assert case.target["exact_match"] == 1
    """)
    suite.judge().assert_outcomes(passed=23)
    found = {item["name"]: item for item in suite.results["migrations"]}
    assert {name: item["dataset"]["rows"] for name, item in found.items()} == {"triage": 3, "triage (2)": 20}
    assert (found["triage"]["metrics"], found["triage"]["slices"]) == ({}, [])


def test_a_marker_that_counts_for_no_test_is_not_read(suite: Suite) -> None:
    """Where every test of a class has a marker of its own, the class's dataset need not even be there."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest

        @pytest.mark.migration("missing.csv")
        class TestTriage:
            @pytest.mark.migration("rows.csv", metrics=["exact_match"])
            def test_row(self, case):
                assert case.target["exact_match"] == 1
    """)
    suite.judge().assert_outcomes(passed=3)
    assert suite.migration["name"] == "triage"


def test_different_arguments_in_one_file_are_different_migrations(suite: Suite) -> None:
    """Two datasets in one file have a verdict each."""
    suite.rows(golden())
    suite.rows(golden(broken=range(20)), "bad.csv")
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_good(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.3)

        @pytest.mark.migration("bad.csv", metrics=["exact_match"])
        def test_bad(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.3)
    """)
    suite.judge().assert_outcomes(passed=1, failed=1)
    assert [item["verdict"] for item in suite.results["migrations"]] == ["GO", "NO-GO"]


def test_files_that_share_a_dataset_are_apart(suite: Suite) -> None:
    """Two files on one dataset are two migrations, and every row has a line in each."""
    suite.rows(golden(3))
    for name in ("test_one.py", "test_two.py"):
        suite.tests(ROWS_AND_GATE.replace("0.3", "0.9"), name=name)
    suite.judge().assert_outcomes(passed=8)
    assert [item["name"] for item in suite.results["migrations"]] == ["one", "two"]
    assert [line["migration"].split("::")[0] for line in suite.lines] == ["test_one.py"] * 3 + ["test_two.py"] * 3


def test_a_file_in_a_folder_finds_what_lies_beside_it(suite: Suite) -> None:
    """Dataset and prompts are looked up from the test file's folder, not from where pytest was started."""
    suite.file("llm/prompts/triage/source.prompt.yaml", "name: triage\nuser: 'beside: {{ question }}'\n")
    suite.rows(golden(3)).rename(suite.path / "llm" / "rows.csv")
    suite.tests(name="llm/test_triage.py")
    suite.judge("-k", "row").assert_outcomes(passed=3, deselected=1)
    assert suite.migration["source"]["prompt"]["user"] == "beside: {{ question }}"
    assert suite.migration["nodeid"] == "llm/test_triage.py"


def test_a_test_may_have_parameters_of_its_own(suite: Suite) -> None:
    """Every row meets every parameter, and each of these tests is on the row's line."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        @pytest.mark.parametrize("floor", [0.5, 2.0])
        def test_row(case, floor):
            assert case.target["exact_match"] >= floor
    """)
    suite.judge().assert_outcomes(passed=3, failed=3)
    assert [[test["outcome"] for test in line["tests"]] for line in suite.lines] == [["passed", "failed"]] * 3
    assert suite.migration["rows_below_bar"] == 3


def test_a_row_that_fails_two_tests_is_one_row(suite: Suite) -> None:
    """Rows below their bar are counted as rows, however many of their tests failed."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", metrics=["exact_match"])

        def test_one(case):
            assert case.id != "r01"

        def test_two(case):
            assert case.id != "r01"
    """)
    suite.judge().assert_outcomes(passed=4, failed=2)
    assert suite.migration["rows_below_bar"] == 1


def test_several_targets_are_several_migrations(suite: Suite) -> None:
    """Each target has its own items, named after it, and its own verdict."""
    suite.file(
        "conftest.py",
        """
from pytest_llm_migrate import Answer

class Parrot:
    concurrency = 1
    def __init__(self, text):
        self.ref, self.text = f"parrot:{text}", text
    def answer(self, request):
        return Answer(text=self.text)

class Parrots:
    scheme = "parrot"
    def connect(self, name):
        return Parrot(name)

def pytest_llm_migrate_models(config):
    return [Parrots()]
""",
    )
    suite.rows(golden(20))
    suite.tests()
    several = ("--target-model", "parrot:yes", "--target-model", "parrot:no", "--prompt-strategy", "identity")
    result = suite.run(*several, "-v")
    result.assert_outcomes(passed=21, failed=21)
    result.stdout.fnmatch_lines(["test_triage.py::test_row?parrot:yes-r00? PASSED*"])
    verdicts = {item["target"]["ref"]: item["verdict"] for item in suite.results["migrations"]}
    assert verdicts == {"parrot:yes": "GO", "parrot:no": "NO-GO"}
    assert len(suite.lines) == 40


def test_the_same_target_twice_is_one(suite: Suite) -> None:
    """A target that is named twice is migrated to once, under plain test ids."""
    suite.rows(golden(3))
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.9"))
    suite.judge("--target-model", "recorded").assert_outcomes(passed=4)


def test_only_the_holdout_judges(suite: Suite) -> None:
    """With ``split`` only the rows of that split are tests and evidence; the record says how many there were."""
    suite.rows([row | {"split": "dev" if number < 5 else "holdout"} for number, row in enumerate(golden())])
    suite.tests(ROWS_AND_GATE.replace("slices", 'split="holdout", slices'))
    suite.judge().assert_outcomes(passed=16)
    assert (suite.migration["dataset"]["rows"], suite.migration["dataset"]["rows_in_file"]) == (15, 20)


def test_a_dataset_in_memory_will_do(suite: Suite) -> None:
    """The marker takes rows from memory as well."""
    suite.tests("""
        import pytest
        from pytest_llm_migrate import dataset_of

        rows = dataset_of([
            {"sample_id": name, "answer_ground_truth": "a", "answer_source_llm": "a", "answer_target_llm": "a"}
            for name in "abc"
        ])
        pytestmark = pytest.mark.migration(rows, metrics=["exact_match"])

        def test_row(case):
            assert case.target["exact_match"] == 1

        def test_gate(comparison):
            assert comparison["exact_match"].target.mean == 1
    """)
    suite.judge().assert_outcomes(passed=4)


def test_a_case_shows_its_row(suite: Suite) -> None:
    """A row test sees id, inputs, context, reference and both sides' answers."""
    suite.rows([row | {"content": "some context"} for row in golden(1)])
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_row(case):
            assert case.id == "r00"
            assert case.inputs == {"question": "question 00.", "channel": "chat", "content": "some context"}
            assert (case.context, case.reference, case.row["channel"]) == ("some context", "yes", "chat")
            assert (case.source.text, case.target.latency, case.target.cost) == ("yes", 0.5, None)
    """)
    suite.judge().assert_outcomes(passed=1)
