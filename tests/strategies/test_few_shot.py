"""``few-shot``: which rows become examples, and which rows judge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Example
from pytest_llm_migrate.domain.attachment import Attachment
from pytest_llm_migrate.errors import NoRewriteError, StrategySettingError
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.strategies.dev_rows import example_output
from pytest_llm_migrate.strategies.few_shot import FewShot
from tests.strategies.scripted import World, examples_in, rows

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Request


def right_after_examples(request: Request) -> str:
    """Answer right where there is an example."""
    return "yes" if examples_in(request) else "no"


def test_the_best_set_of_examples_is_kept_not_the_last() -> None:
    """One set holds the example that helps; later sets do not, and the prompt has the one that scored best."""
    helpful: list[str] = []

    def answers(request: Request) -> str:
        shown = examples_in(request)
        if shown and not helpful:
            helpful.extend(shown)
        return "yes" if shown == helpful and shown else "no"

    world = World(answers=answers)
    rewrite = FewShot(trials=5).rewrite(world.task)
    assert [trial.mean for trial in rewrite.trials] == [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert [example.input for example in rewrite.prompt.examples] == helpful
    assert {example.output for example in rewrite.prompt.examples} == {"yes"}


def test_a_row_never_judges_a_prompt_that_holds_its_answer() -> None:
    """Every set is tried out on the same rows, and none of these stands in any set."""
    world = World(answers=right_after_examples)
    rewrite = FewShot().rewrite(world.task)
    judged = {name for trial in rewrite.trials for name in trial.scores}
    shown = {text.replace("ticket ", "r") for request in world.asked for text in examples_in(request)}
    assert all(trial.scores.keys() == judged for trial in rewrite.trials)
    assert len(judged) == 10
    assert not judged & shown
    assert set(rewrite.examples_from) <= shown
    assert len(rewrite.examples_from) == 4


def test_a_prompt_that_no_examples_help_stays() -> None:
    """Examples that change nothing only cost tokens: the prompt stays, and the note says so."""
    world = World(answers=lambda _: "no")
    rewrite = FewShot().rewrite(world.task)
    assert rewrite.prompt == world.prompt
    assert rewrite.examples_from == ()
    assert "it stays" in rewrite.notes[0]


def test_own_examples_are_kept_and_replaced_in_turn() -> None:
    """A prompt that has examples is tried with more behind them, and with others in their place."""
    own = Example(input="own", output="yes")
    prompt = Prompt(name="triage", user="{{ ticket }}", examples=(own,))
    world = World(answers=lambda _: "no", prompt=prompt)
    FewShot(examples=2, trials=2).rewrite(world.task)
    assert {len(examples_in(request)) for request in world.asked} == {1, 3, 2}
    assert {examples_in(request)[0] == "own" for request in world.asked if len(examples_in(request)) == 2} == {False}


def test_every_label_has_an_example_before_one_has_two() -> None:
    """Of rows with few labels a set has each label, as far as it goes."""
    labels = ("billing", "shipping", "account")
    world = World(answers=lambda _: "no", dev=rows(24, lambda number: labels[0 if number < 18 else number % 2 + 1]))
    rewrite = FewShot(examples=3, trials=9).rewrite(world.task)
    drawn = [trial.prompt.examples for trial in rewrite.trials[2:]]
    assert [{example.output for example in examples} for examples in drawn] == [set(labels)] * 8


def test_the_same_seed_chooses_the_same_rows() -> None:
    """A run can be repeated; another seed draws other rows."""
    chosen = [FewShot(seed=seed).rewrite(World(answers=right_after_examples).task).examples_from for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_small_pool_is_not_tried_twice() -> None:
    """Where there are fewer sets than trials, each is tried once."""
    world = World(answers=lambda _: "no", dev=rows(5))
    rewrite = FewShot(examples=2, trials=50).rewrite(world.task)
    sets = [trial.prompt.examples for trial in rewrite.trials]
    assert len(set(sets)) == len(sets) < 6


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_are_an_error_not_a_run_of_nothing(count: int) -> None:
    """No rows to learn from, or to judge by: the sentence counts them, and nothing is asked."""
    world = World(answers=right_after_examples, dev=rows(count))
    with pytest.raises(NoRewriteError, match=f"{count} dev row"):
        FewShot().rewrite(world.task)
    assert world.asked == []


def test_rows_without_a_golden_answer_are_no_examples() -> None:
    """An example needs an answer to show, and half of those that have one judge."""
    world = World(answers=right_after_examples, dev=rows(20, lambda number: "yes" if number < 4 else ""))
    rewrite = FewShot().rewrite(world.task)
    assert len(rewrite.examples_from) == 2
    assert set(rewrite.examples_from) < {"r00", "r01", "r02", "r03"}


def test_files_cannot_be_shown_as_examples() -> None:
    """A prompt with files is refused: an example would lack what its answer is about."""
    attached = Attachment(kind="image", path="scan")
    prompt = Prompt(name="triage", user="{{ ticket }}", attachments=(attached,))
    with pytest.raises(NoRewriteError, match="files"):
        FewShot().rewrite(World(answers=right_after_examples, prompt=prompt).task)


@pytest.mark.parametrize(("option", "value"), [("trials", "0"), ("trials", "-1"), ("examples", "four"), ("seed", "x")])
def test_a_setting_that_would_run_nothing_is_refused(option: str, value: str) -> None:
    """No number of trials means zero of them, or all of them, in secret."""
    with pytest.raises(StrategySettingError, match=f"--strategy-option {option} must be a whole number"):
        FewShot().configured({option: value})


def test_settings_change_what_a_plan_reckons_with() -> None:
    """The answers that are announced are those of the trials that were asked for, and no more are taken."""
    world = World(answers=right_after_examples)
    strategy = FewShot().configured({"trials": "3", "examples": "2", "seed": "5"})
    rewrite = strategy.rewrite(world.task)
    assert len(rewrite.trials) == 4
    assert len(rewrite.examples_from) == 2
    assert len(world.asked) <= strategy.takes(20).answers == 80


@pytest.mark.parametrize(
    ("golden", "shown"),
    [(["a", "b"], "a"), ([], ""), (None, ""), (" a ", "a"), ({"item": "é", "n": 2}, '{"item": "é", "n": 2}'), (7, "7")],
)
def test_a_golden_answer_is_shown_as_a_model_should_write_it(golden: object, shown: str) -> None:
    """Of several golden answers the first is shown, an object as JSON."""
    assert example_output(rows(1, lambda _: golden)[0]) == shown
