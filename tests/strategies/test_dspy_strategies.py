"""``mipro`` and ``gepa``: real DSPy runs on scripted models."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import (
    CallFailedError,
    MissingExtraError,
    MissingRecordingError,
    NoRewriteError,
    StrategySettingError,
)
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.strategies.gepa import Gepa
from pytest_llm_migrate.strategies.mipro import Mipro
from tests.strategies.scripted import World, examples_in, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.domain import Request

ZERO_SHOT = {"bootstrapped": "0", "labeled": "0"}


def numbered(*special: str) -> Callable[[Request], str]:
    """Return a writer that proposes a new instruction each time, special ones first of the proposals."""
    given: list[str] = []
    left = list(special)

    def write(request: Request) -> str:
        given.append("")
        is_proposal = "proposed_instruction" in str(request.system)
        return left.pop(0) if is_proposal and left else f"Sort in way {len(given)}."

    return write


def polite(request: Request) -> str:
    """Answer right where the instruction asks for it."""
    return "yes" if "POLITE" in str(request.system) else "no"


def after_examples(request: Request) -> str:
    """Answer right behind an example only."""
    return "yes" if examples_in(request) else "no"


def test_the_best_instruction_is_kept_not_the_last() -> None:
    """One proposal in the middle is right, those tried later are not: it is the one that stands in the prompt."""
    world = World(answers=polite, writes=numbered("Sort.", "Be POLITE.", "Sort on."))
    rewrite = Mipro().configured(ZERO_SHOT | {"trials": "12", "candidates": "4"}).rewrite(world.task)
    assert rewrite.prompt.system == "Be POLITE."
    assert [trial.mean for trial in rewrite.trials] == [0.0, 1.0]
    assert rewrite.examples_from == ()
    assert len({request.system for request in world.asked}) > 2


def test_demos_are_part_of_the_prompt() -> None:
    """The examples that made the program better stand in the prompt, declared, with what a row looks like in it."""
    world = World(answers=after_examples, writes=numbered(), prompt=Prompt(name="t", user="Sort: {{ ticket }}"))
    rewrite = Mipro().rewrite(world.task)
    assert rewrite.prompt.examples
    assert len(rewrite.examples_from) == len(rewrite.prompt.examples)
    shown = {f"r{example.input[-2:]}" for example in rewrite.prompt.examples}
    assert shown == set(rewrite.examples_from)
    assert {example.output for example in rewrite.prompt.examples} == {"yes"}
    judged = {name for trial in rewrite.trials for name in trial.scores}
    assert not judged & shown
    for example in rewrite.prompt.examples:
        assert example.input.startswith(rewrite.prompt.user.split("{{")[0])


def test_what_dspy_scores_is_what_is_filed() -> None:
    """The rendered prompt sends requests that the search has sent already, so that nothing is paid for twice."""
    world = World(
        answers=after_examples, writes=numbered(), prompt=Prompt(name="t", system="Sort.", user="T: {{ ticket }}")
    )
    rewrite = Mipro().rewrite(world.task)
    rendered = [world.render(rewrite.prompt, row) for row in world.dev if row.sample_id in rewrite.trials[-1].scores]
    searched = world.asked[: -2 * len(rendered)]
    assert all(request in searched for request in rendered)
    assert all("[[ ##" not in request.turns[-1].text for request in world.asked)


def test_a_search_that_finds_nothing_better_keeps_the_prompt() -> None:
    """Where no program is better as rendered, the prompt stays as it was, and the note says so."""
    world = World(answers=lambda _: "no", writes=numbered())
    rewrite = Mipro().rewrite(world.task)
    assert rewrite.prompt == world.prompt
    assert rewrite.examples_from == ()
    assert "stays" in rewrite.notes[-1]


def test_what_a_model_writes_is_text_in_the_prompt() -> None:
    """Braces and tags of a proposed instruction are never run; the variable behind it survives."""
    world = World(
        answers=lambda request: "yes" if "POLITE" in request.turns[-1].text else "no",
        writes=numbered("Sort.", "Be POLITE {% raw %} {{ 7 * 7 }} {# gone"),
        prompt=Prompt(name="t", user="Sort it.\n\n{{ ticket }}"),
    )
    rewrite = Mipro().configured(ZERO_SHOT | {"trials": "12"}).rewrite(world.task)
    sent = world.render(rewrite.prompt, world.dev[3]).turns[-1].text
    assert sent == "Be POLITE {% raw %} {{ 7 * 7 }} {# gone\n\nticket 03"


def test_without_an_optimizer_the_target_proposes() -> None:
    """No other model is at hand: the target writes its own instructions, and the note says so."""

    def answers(request: Request) -> str:
        return "Be POLITE." if "proposed_instruction" in str(request.system) else polite(request)

    rewrite = Mipro().configured(ZERO_SHOT | {"trials": "12"}).rewrite(World(answers=answers).task)
    assert rewrite.prompt.system == "Be POLITE."
    assert "itself proposed" in rewrite.notes[0]


def test_no_more_is_asked_than_a_plan_says() -> None:
    """Texts and answers stay below what is announced."""
    world = World(answers=after_examples, writes=numbered())
    strategy = Mipro()
    strategy.rewrite(world.task)
    takes = strategy.takes(len(world.dev))
    assert 0 < len(world.wrote) <= takes.texts
    assert 0 < len(world.asked) <= takes.answers


@pytest.mark.parametrize(
    "error",
    [CallFailedError("access_denied", "no access", fatal=True), MissingRecordingError("m", "r", missing=1, why="new")],
    ids=["fatal", "replay"],
)
@pytest.mark.parametrize("strategy", [Mipro(), Gepa()], ids=["mipro", "gepa"])
def test_what_fails_for_good_is_asked_once(error: Exception, strategy: Mipro | Gepa) -> None:
    """A model that no call reaches ends the search with its own error, not with a score of 0 for every row."""
    world = World(answers=lambda _: error, writes=numbered())
    with pytest.raises(type(error)):
        strategy.rewrite(world.task)
    assert len(world.asked) <= strategy.threads


def test_a_throttled_row_counts_zero_and_the_search_goes_on() -> None:
    """A call that fails after all waiting is a row without an answer."""
    throttled = CallFailedError("throttled", "slow down")

    def answers(request: Request) -> str | Exception:
        is_searched = not request.turns[-1].text.endswith("03")
        return after_examples(request) if is_searched else throttled

    world = World(answers=answers, writes=numbered(), dev=rows(20))
    world.try_out = lambda prompt, rows: World(answers=after_examples).try_out(prompt, rows)  # type: ignore[method-assign]
    assert Mipro().rewrite(world.task).prompt.examples


@pytest.mark.parametrize("kind", ["throttled", "server_error"])
@pytest.mark.parametrize("strategy", [Mipro(), Gepa()], ids=["mipro", "gepa"])
def test_a_model_that_never_writes_ends_the_search(kind: str, strategy: Mipro | Gepa) -> None:
    """After three texts in a row that no waiting brought, its error is told: nothing was searched."""

    def writes(_: Request) -> str:
        raise CallFailedError(kind, "not today")

    world = World(answers=polite, writes=writes)
    with pytest.raises(CallFailedError, match=f"{kind}: not today"):
        strategy.rewrite(world.task)
    assert len(world.wrote) == 3


def test_gepa_reads_an_instruction_that_is_not_in_json() -> None:
    """A small model that writes the instruction and nothing else is understood."""
    world = World(answers=polite, writes=lambda _: "Be POLITE.")
    assert Gepa(calls=40).rewrite(world.task).prompt.system == "Be POLITE."


def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No cache in the home folder, no output, no logger changed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    level = logging.getLogger("dspy").level
    Mipro().rewrite(World(answers=after_examples, writes=numbered()).task)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("dspy").level == level


def test_gepa_rewrites_by_what_metrics_found_wanting() -> None:
    """The model that reflects reads the metrics' own words, and its instruction stands in the prompt."""

    def writes(request: Request) -> str:
        text = f"{request.system}{request.turns[-1].text}"
        return json.dumps({"new_instruction": "Be POLITE." if "say please" in text else "Sort."})

    world = World(answers=polite, writes=writes, reasons=lambda *_: "style 0: say please")
    rewrite = Gepa(calls=60).rewrite(world.task)
    assert rewrite.prompt.system == "Be POLITE."
    assert rewrite.trials[-1].mean == 1.0


def test_gepa_that_returned_the_original_says_so() -> None:
    """Reflections that are no better, and any that break off, leave the instruction as it was, which is no success."""
    world = World(answers=polite, writes=lambda _: "I would rather not.")
    rewrite = Gepa(calls=40).rewrite(world.task)
    assert rewrite.prompt == world.prompt
    assert "DSPy returned the original prompt: it stays." in rewrite.notes


@pytest.mark.parametrize("strategy", [Mipro(), Gepa()], ids=["mipro", "gepa"])
def test_no_rows_are_an_error_not_a_run_of_nothing(strategy: Mipro | Gepa) -> None:
    """Without rows nothing is asked."""
    world = World(answers=polite, writes=numbered(), dev=())
    with pytest.raises(NoRewriteError, match="0 dev rows"):
        strategy.rewrite(world.task)
    assert world.asked == []


@pytest.mark.parametrize(
    ("strategy", "option", "value"),
    [(Mipro(), "trials", "0"), (Mipro(), "candidates", "1"), (Mipro(), "minibatch", "-1"), (Gepa(), "calls", "0")],
)
def test_a_setting_that_runs_nothing_is_refused(strategy: Mipro | Gepa, option: str, value: str) -> None:
    """The sentence names the setting and what it may be."""
    with pytest.raises(StrategySettingError, match=f"{option} must be a whole number from"):
        strategy.configured({option: value})


@pytest.mark.parametrize("library", ["dspy", "optuna"])
def test_a_missing_extra_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DSPy the sentence says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library}: pip install 'pytest-llm-migrate\[optimize\]'"):
        Mipro().rewrite(World(answers=polite).task)


def test_names_that_dspy_keeps_for_itself_are_variables_too() -> None:
    """A column called ``config`` or ``answer`` reaches the prompt all the same."""
    prompt = Prompt(name="t", system="Sort.", user="{{ ticket }} {{ config }} {{ answer }}")
    dev = [type(row)(sample_id=row.sample_id, values={**row.values, "config": ["c"], "answer": 4}) for row in rows(20)]
    world = World(answers=after_examples, writes=numbered(), prompt=prompt, dev=dev)
    rewrite = Mipro().rewrite(world.task)
    assert rewrite.prompt.examples[0].input.endswith(" c 4")
