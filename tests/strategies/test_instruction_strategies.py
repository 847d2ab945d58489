"""``sme-rules`` and ``shorten``: instructions that are added, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.strategies.shorten import WORDING, Shorten
from pytest_llm_migrate.strategies.sme_rules import SmeRules
from tests.strategies.scripted import World, rows

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Request, Row


def style(_: Answer, row: Row) -> str:
    """Say which rules an answer broke: one in every row, the other in every third."""
    number = int(row.sample_id[1:])
    second = "; no slang" if number % 3 == 0 else ""
    return f"exact_match 0: expected '{row.sample_id}'; style_guide 0.5: broke: greet the customer{second}"


def polite(request: Request) -> str:
    """Answer right where greeting is asked for."""
    return "yes" if "greet the customer" in (request.system or "") + request.turns[-1].text else "no"


def test_broken_rules_become_instructions_the_most_frequent_first() -> None:
    """Every broken rule is said once; what a metric expected of single rows is not told."""
    rewrite = SmeRules().rewrite(World(answers=polite, dev=rows(6), reasons=style).task)
    assert rewrite.prompt.system == "Sort.\n\nKeep to these rules:\n- greet the customer\n- no slang\n"
    assert [trial.mean for trial in rewrite.trials] == [0.0, 1.0]
    assert rewrite.notes == ("2 rules added, score 0.000 -> 1.000 over 6 dev rows.",)


def test_a_rule_is_asked_for_by_its_instruction() -> None:
    """A metric's sentence stands in the prompt instead of the rule's name; a rule without one is named."""
    world = World(answers=polite, dev=rows(6), reasons=style, instructions={"no slang": "Write no slang."})
    rewrite = SmeRules().rewrite(world.task)
    assert rewrite.prompt.system == "Sort.\n\nKeep to these rules:\n- greet the customer\n- Write no slang.\n"


def test_rules_that_make_it_worse_are_not_kept() -> None:
    """A dev score that falls keeps the prompt as it was, and is said."""

    def confused(request: Request) -> str:
        is_odd = int(request.turns[-1].text[-2:]) % 2
        return "yes" if is_odd and "Keep to these rules" not in str(request.system) else "no"

    world = World(answers=confused, dev=rows(6), reasons=style)
    rewrite = SmeRules().rewrite(world.task)
    assert rewrite.prompt == world.prompt
    assert rewrite.notes == ("2 rules made the score fall (0.500 -> 0.000 over 6 dev rows): the prompt stays.",)


def test_a_fault_of_several_rows_is_a_rule_and_of_one_row_is_not() -> None:
    """The same words of several rows are no row's secret; words of a single row may be."""

    def reasons(_: Answer, row: Row) -> str:
        own = row.sample_id == "r00"
        return f"json_fields 0.25: the answer is no JSON object; token_f1 1e-05{': it is r00' if own else ''}"

    world = World(answers=lambda _: "no", dev=rows(4), reasons=reasons, prompt=Prompt(name="t", user="{{ ticket }}"))
    rewrite = SmeRules().rewrite(world.task)
    wanted = "Keep to these rules:\n- Avoid this fault: the answer is no JSON object\n\n{{ ticket }}"
    assert rewrite.prompt.user == wanted


@pytest.mark.parametrize("golden", ["billing", ["billing", "payment"], {"label": "billing", "n": [7]}])
def test_a_fault_that_tells_a_golden_answer_is_no_rule(golden: object) -> None:
    """Many rows share a label: what metrics expected of them would have the target say it always."""
    said = "exact_match 0: expected 'billing', got 'no'; token_f1 0: 0 of 1 words"
    world = World(answers=lambda _: "no", dev=rows(6, lambda _: golden), reasons=lambda *_: said)
    rewrite = SmeRules().rewrite(world.task)
    assert "Avoid this fault: 0 of 1 words" in str(rewrite.prompt.system)
    assert "billing" not in str(rewrite.prompt.system)


def test_a_rule_is_one_however_answers_break_it() -> None:
    """What a metric found in one answer is no part of the rule, and may tell its golden answer."""

    def reasons(_: Answer, row: Row) -> str:
        return f"style_guide 0.5: broke: numbers match (without '{row.sample_id}'); word count (1 of 30-150 words)"

    rewrite = SmeRules().rewrite(World(answers=lambda _: "no", dev=rows(4), reasons=reasons).task)
    assert str(rewrite.prompt.system).splitlines()[2:] == ["Keep to these rules:", "- numbers match", "- word count"]


def test_only_so_many_rules_are_added() -> None:
    """The setting ``rules`` keeps the most frequent."""
    strategy = SmeRules().configured({"rules": "1"})
    rewrite = strategy.rewrite(World(answers=polite, dev=rows(6), reasons=style).task)
    assert "no slang" not in str(rewrite.prompt.system)


def test_nothing_broken_changes_nothing() -> None:
    """Where answers break no rule the prompt stays, and nothing more is asked."""
    world = World(answers=lambda _: "yes", dev=rows(6))
    rewrite = SmeRules().rewrite(world.task)
    assert rewrite.prompt == world.prompt
    assert len(world.asked) == 6
    assert "the prompt stays" in rewrite.notes[0]


def test_rules_with_braces_are_text() -> None:
    """What a rule says is never run as a template."""
    world = World(
        answers=lambda _: "no", dev=rows(4), reasons=lambda *_: "style_guide 0: broke: write {% for %} {{ x }}"
    )
    rewrite = SmeRules().rewrite(world.task)
    assert "write {% for %} {{ x }}" in str(world.render(rewrite.prompt, world.dev[0]).system)


def test_shorter_answers_are_asked_for_and_measured() -> None:
    """The note says tokens, seconds and scores before and after."""
    world = World(answers=lambda request: "yes" if WORDING in str(request.system) else "yes if I may say so")
    rewrite = Shorten().rewrite(world.task)
    assert rewrite.prompt.system == f"Sort.\n\n{WORDING}\n"
    assert rewrite.notes == (
        "Tokens written a row 6.0 -> 1.0, seconds 0.50 -> 0.50, score 0.000 -> 1.000 over 20 rows.",
    )
    assert not Shorten().learns
    assert Shorten().takes(20).answers == len(world.asked) == 40
