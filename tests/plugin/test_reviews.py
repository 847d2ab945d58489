"""Judges held against people in a run: columns, review files, the gate and what is kept of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.domain.review import answer_hash
from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedCall
from tests.plugin.suite import collection_faults, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
REVIEWED = """
    import pytest
    from pytest_llm_migrate.metrics import review_scores

    pytestmark = pytest.mark.migration(
        "rows.csv", prompt="triage", metrics=["llm_judge_score", review_scores("reviews.csv")]
    )

    def test_judge(comparison):
        assert comparison.judge("llm_judge_score").agreement(at_least=0.6)

    def test_gate(comparison):
        assert comparison["llm_judge_score"].non_inferior(margin=0.3)
"""


def judged(rows: int, *, broken: int = 10) -> list[dict[str, Any]]:
    """Return rows with a judge's scores of both recorded answers: 1 for those that are right."""
    found = golden(rows, broken=range(broken))
    return [
        row | {"llm_judge_score_source_llm": 1, "llm_judge_score_target_llm": int(row["answer_target_llm"] == "yes")}
        for row in found
    ]


def review_file(suite: Suite, rows: list[dict[str, Any]], *, raters: int = 2, fair: bool = True) -> None:
    """Write what people gave: 5 of 5 to right answers and 1 to wrong ones, or the other way round."""
    best, worst = (5, 1) if fair else (1, 5)
    lines = [
        f"{row['sample_id']},{side},rater {rater},{best if row[f'answer_{side}_llm'] == 'yes' else worst}"
        for row in rows
        for side in ("source", "target")
        for rater in range(raters)
    ]
    suite.file("reviews.csv", "\n".join(["sample_id,side,rater,rating", *lines]) + "\n")


@PROCESSES
def test_a_judge_is_certified_by_a_review_file(suite: Suite, processes: tuple[str, ...]) -> None:
    """The gate passes, its figures are in the record, and other gates do not speak of the judge."""
    rows = judged(60, broken=20)
    suite.rows(rows)
    review_file(suite, rows)
    suite.tests(REVIEWED.replace("margin=0.3", "margin=0.6"))
    suite.judge(*processes).assert_outcomes(passed=2)
    validator("results").validate(suite.results)
    (found,) = suite.migration["certificates"]["llm_judge_score"]
    assert (found["answers"], found["rows"], found["kappa"]["value"]) == (120, 60, 1.0)
    assert found["among_people"]["raters"] == 2
    assert found["among_people"]["alpha"]["value"] == 1.0
    said = {gate["nodeid"].rpartition("::")[2]: gate["statement"] for gate in suite.migration["gates"]}
    assert "agrees with people by a kappa of 1.00 over 120 answers of 60 rows" in said["test_judge"]
    assert "judge behind it" not in said["test_gate"]
    ((corrected,),) = suite.migration["corrected"].values()
    assert (corrected["labelled"], round(corrected["value"], 3)) == (60, -0.333)


def test_a_judge_that_people_contradict_is_no_go(suite: Suite) -> None:
    """And every gate that stands on it says so."""
    rows = judged(60, broken=30)
    suite.rows(rows)
    review_file(suite, rows, raters=1, fair=False)
    suite.tests(REVIEWED.replace("margin=0.3", "margin=0.9"))
    suite.judge().assert_outcomes(passed=1, failed=1)
    said = {gate["verdict"]: gate["statement"] for gate in suite.migration["gates"]}
    assert "it is below 0.6" in said["NO-GO"]
    assert "The judge behind it is not shown to agree with people: kappa -" in said["GO"]


def test_without_people_a_judged_gate_says_so(suite: Suite) -> None:
    """The ruling is what it was."""
    suite.rows(judged(60))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["llm_judge_score"])
        def test_gate(comparison):
            assert comparison["llm_judge_score"].non_inferior(margin=0.3)
    """)
    suite.judge().assert_outcomes(passed=1)
    (gate,) = suite.migration["gates"]
    assert gate["statement"].endswith("The judge behind it was not held against people.")
    assert suite.migration["certificates"] == {"llm_judge_score": []}


def test_a_broken_review_file_is_a_collection_error(suite: Suite) -> None:
    """It names file, line and column, before anything is judged."""
    suite.rows(judged(4, broken=0))
    suite.file("reviews.csv", "sample_id,side,rating\nr00,left,5\n")
    suite.tests(REVIEWED)
    faults = "\n".join(collection_faults(suite.judge()))
    assert "reviews.csv:2, column 'side': 'left' is not 'source' or 'target'" in faults


EXPORTED = "sample_id,side,answer_sha256,rater,rating,thumbs,better,comment,label_wrong"
PREFERRED = """
    import pytest
    from pytest_llm_migrate.metrics import review_scores

    pytestmark = pytest.mark.migration(
        "rows.csv", prompt="triage", metrics=["exact_match", review_scores("reviews.csv")]
    )

    def test_gate(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.2)

    def test_people(comparison):
        assert comparison["human_score:better"].non_inferior(margin=0.9)
"""


def won(winner: str) -> Reply:
    """Return a well-formed comparison."""
    arguments = {"reasoning": "it is complete", "winner": winner}
    return Reply(text="", tool_calls=(ScriptedCall(name="verdict", arguments=arguments),))


def exported(suite: Suite, rows: list[dict[str, Any]], better: dict[str, str], wrong: dict[str, str]) -> None:
    """Write what the report's review exports of two raters, of whom Ann marks some rows with a comment."""
    lines = [EXPORTED]
    for row in rows:
        name = row["sample_id"]
        for side in ("source", "target"):
            read = f"{name},{side},{answer_hash(row[f'answer_{side}_llm'])}"
            lines.append(f"{read},ann,,,{better.get(name, '')},{wrong.get(name, '')},{str(name in wrong).lower()}")
            lines.append(f"{read},bob,,,{better.get(name, '')},,false")
    suite.file("reviews.csv", "\r\n".join(lines) + "\r\n")


def test_people_s_preferences_and_marks_are_used(suite: Suite) -> None:
    """Wins, ties and losses by people are shown everywhere, and rows that they mark are suspect, with who says so."""
    rows = golden(40, broken=range(4))
    better = {"r00": "source", "r01": "source", "r05": "tie"} | {f"r{number:02}": "target" for number in range(6, 20)}
    suite.rows(rows)
    exported(suite, rows, better, {"r01": "it is billing", "r02": "", "r03": ""})
    suite.tests(PREFERRED)
    result = suite.judge()
    result.assert_outcomes(failed=2)
    validator("results").validate(suite.results)
    found = suite.migration["pairwise"]["human_score:better"]
    assert (found["by"], found["wins"], found["ties"], found["losses"], found["missing"]) == ("people", 14, 1, 2, 23)
    assert (found["order_decides"], found["agreement"]) == (None, None)
    assert found["win_share"]["n"] == 16
    said = "human_score:better (people): target 14 wins, 1 ties, 2 losses"
    assert said in result.stdout.str()
    (folder,) = (suite.path / ".llm-migrate" / "runs").iterdir()
    for name in ("summary.md", "report.html"):
        assert said in (folder / name).read_text("utf-8").replace("\\_", "_"), name
    audit = suite.migration["gold_audit"]
    assert [(row["sample_id"], row["marked_by"]) for row in audit["rows"]] == [
        (name, ["ann"]) for name in ("r01", "r02", "r03")
    ]
    assert audit["rows"][0]["reason"] == "wrong by the word of ann ('it is billing')"
    gate = next(item for item in audit["verdicts"] if item["metric"] == "exact_match")
    assert (gate["with"], gate["without"]) == ("NOT ENOUGH EVIDENCE", "GO")


def test_thumbs_are_a_score_of_people_s(suite: Suite) -> None:
    """A gate may name them, a judge is held against them, and what nobody rated on a scale is not missed."""
    rows = judged(60, broken=20)
    suite.rows(rows)
    lines = [
        f"{row['sample_id']},{side},{answer_hash(answer)},{rater},,{'up' if answer == 'yes' else 'down'},,,false"
        for row in rows
        for side in ("source", "target")
        for answer in [row[f"answer_{side}_llm"]]
        for rater in ("ann", "bob")
    ]
    suite.file("reviews.csv", "\r\n".join([EXPORTED, *lines, "r99,source,,ann,,up,,,false"]) + "\r\n")
    suite.tests(
        REVIEWED.replace("at_least=0.6", 'at_least=0.6, human="human_score:thumbs"')
        .replace("margin=0.3", "margin=0.6")
        .replace('["llm_judge_score"].non', '["human_score:thumbs"].non')
    )
    suite.judge().assert_outcomes(passed=2)
    validator("results").validate(suite.results)
    thumbs = suite.migration["metrics"]["human_score:thumbs"]
    assert (thumbs["n"], thumbs["source"]["mean"], round(thumbs["target"]["mean"], 3)) == (60, 1.0, 0.667)
    found = {item["human"]: item for item in suite.migration["certificates"]["llm_judge_score"]}
    assert (found["human_score:thumbs"]["answers"], found["human_score:thumbs"]["kappa"]["value"]) == (120, 1.0)
    assert found["human_score:thumbs"]["among_people"]["alpha"]["value"] == 1.0
    said = {gate["nodeid"].rpartition("::")[2]: gate["statement"] for gate in suite.migration["gates"]}
    assert "agrees with people by a kappa of 1.00 over 120 answers of 60 rows" in said["test_judge"]
    assert "judge behind it" not in said["test_gate"]
    strays = [warning for warning in suite.migration["warnings"] if "lacks" in warning]
    assert strays == ["reviews.csv rates 1 row that rows.csv lacks, such as 'r99'. Did you mean 'r59'?"]


def test_a_pairwise_judge_is_held_against_people_s_preferences(suite: Suite, serve: Serve) -> None:
    """How far both prefer the same is in the record, the terminal and the judge's gates."""
    rows = golden(12, broken=range(12))
    suite.rows(rows)
    exported(suite, rows, {row["sample_id"]: "target" if place > 3 else "source" for place, row in enumerate(rows)}, {})
    suite.tests(
        PREFERRED.replace('"exact_match",', '"pairwise",').replace(
            '["exact_match"].non_inferior(margin=0.2)', '["pairwise"].non_inferior(margin=0.9)'
        )
    )
    judge = "anthropic.claude-sonnet-4-20250514-v1:0"
    first = Rule(model=judge, matches=r"answer A:\n```\nyes\n", reply=won("B"))
    serve(first, Rule(model=judge, reply=won("A")))
    result = suite.judge("--judge-model", judge)
    validator("results").validate(suite.results)
    (shared,) = suite.migration["pairwise"]["pairwise"]["agreement"]
    assert (shared["human"], shared["rows"], shared["observed"]) == ("human_score:better", 12, 8 / 12)
    assert "it agrees with human_score:better in 8 of 12 rows" in " ".join(result.stdout.str().split())
    said = {gate["nodeid"].rpartition("::")[2]: gate["statement"] for gate in suite.migration["gates"]}
    assert "The judge behind it is not shown to agree with people over 12 rows: the second rater" in said["test_gate"]
    assert "judge behind it" not in said["test_people"]


def test_a_judge_that_no_gate_asks_is_spoken_of(suite: Suite) -> None:
    """Its agreement with people is a line of the terminal, with the difference as people's scores correct it."""
    rows = judged(60, broken=20)
    suite.rows(rows)
    review_file(suite, rows)
    suite.tests("""
        import pytest
        from pytest_llm_migrate.metrics import review_scores

        @pytest.mark.migration(
            "rows.csv", prompt="triage", metrics=["exact_match", "llm_judge_score", review_scores("reviews.csv")]
        )
        def test_gate(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.6)
    """)
    shown = " ".join(suite.judge().stdout.str().split())
    assert "llm_judge_score, which no gate judges by: its judge and human_score agree by a kappa of 1 [" in shown
    assert "llm_judge_score: -0.333 by its judge, -0.333 [" in shown
    assert "as corrected by human_score of 60 rows" in shown
    page = " ".join((suite.folder / "report.html").read_text("utf-8").split())
    assert re.search(
        r"people call \d+\.\d% good, the judge \d+\.\d%; of what people call good it calls 100.0% \[", page
    )


def test_what_is_not_corrected_says_why(suite: Suite) -> None:
    """Rows of a cluster are not corrected as if each stood for itself."""
    rows = judged(60, broken=20)
    suite.rows([{**row, "thread": number // 2} for number, row in enumerate(rows)])
    review_file(suite, rows)
    suite.tests("""
        import pytest
        from pytest_llm_migrate.metrics import review_scores

        METRICS = ["llm_judge_score", review_scores("reviews.csv")]

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=METRICS, cluster="thread")
        def test_gate(comparison):
            assert comparison["llm_judge_score"].non_inferior(margin=0.9)
    """)
    shown = " ".join(suite.judge().stdout.str().split())
    assert "llm_judge_score: not corrected by human_score: rows that count unequally or belong together" in shown
    validator("results").validate(suite.results)


def test_reviews_of_rows_that_are_not_there_are_warned_of(suite: Suite) -> None:
    """A dataset whose ids have changed must not lose its people's scores without a word."""
    rows = judged(4)
    suite.rows(rows)
    review_file(suite, [*rows, {**rows[0], "sample_id": "r03x"}])
    suite.tests("""
        import pytest
        from pytest_llm_migrate.metrics import review_scores

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=[review_scores("reviews.csv")])
        def test_row(case):
            pass
    """)
    said = "reviews.csv rates 1 row that rows.csv lacks, such as 'r03x'. Did you mean 'r03'?"
    suite.judge("-k", "r00")
    assert said in suite.migration["warnings"]
    review_file(suite, rows)
    suite.judge("-k", "r00")
    assert not [warning for warning in suite.migration["warnings"] if "lacks" in warning]
