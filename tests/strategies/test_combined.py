"""Strategies in a row and against each other."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Rewrite, Takes
from pytest_llm_migrate.errors import MissingExtraError, NoOptimizerError, NoRewriteError, UnknownNameError
from pytest_llm_migrate.strategies import builtins
from pytest_llm_migrate.strategies.combined import BestOf, Chain, check_needs, configured, named
from pytest_llm_migrate.strategies.few_shot import FewShot
from tests.strategies.scripted import World

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import PromptTask, Request

KNOWN = {strategy.name: strategy for strategy in builtins()}


@dataclass(frozen=True)
class Saying:
    """Adds words to the system text, and may take rows as examples or give up."""

    words: str
    name: str = "saying"
    learns: bool = False
    tool: str = "saying 1"
    examples: tuple[str, ...] = ()
    gives_up: bool = False

    def takes(self, rows: int) -> Takes:
        """Return a text, and an answer a row."""
        return Takes(texts=1, answers=rows)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt with the words."""
        if self.gives_up:
            raise NoRewriteError(self.name, task.target, "nothing comes to mind", "Wait.")
        prompt = replace(task.prompt, system=f"{task.prompt.system} {self.words}")
        return Rewrite(prompt=prompt, notes=(f"{len(task.rows)} rows",), examples_from=self.examples)


def kind(request: Request) -> str:
    """Answer right where it is told to be kind."""
    return "yes" if "kind" in str(request.system) else "no"


def test_a_chain_hands_on_what_each_part_made() -> None:
    """The second part rewrites the first one's prompt, and does not see rows that stand in it as examples."""
    chain = Chain(parts=(Saying("Be kind.", "a", examples=("r01",)), Saying("Be brief.", "b", learns=True)))
    rewrite = chain.rewrite(World(answers=kind).task)
    assert rewrite.prompt.system == "Sort. Be kind. Be brief."
    assert rewrite.notes == ("a: 20 rows", "b: 19 rows")
    assert rewrite.examples_from == ("r01",)
    assert (chain.name, chain.learns, chain.takes(20)) == ("a+b", True, Takes(texts=2, answers=40))


@pytest.mark.parametrize("turned", [False, True])
def test_the_best_dev_score_wins_wherever_it_stands(*, turned: bool) -> None:
    """The winner is the best of all, not the last; its examples alone are declared, and nobody's judge."""
    parts = (Saying("Be kind.", "good", examples=("r01",)), Saying("Be quick.", "bad", examples=("r02",)))
    contest = BestOf(parts=parts[::-1] if turned else parts)
    rewrite = contest.rewrite(World(answers=kind).task)
    assert rewrite.prompt.system == "Sort. Be kind."
    assert rewrite.examples_from == ("r01",)
    assert {trial.rows for trial in rewrite.trials} == {18}
    assert "18 dev rows: good" in rewrite.notes[0]
    assert "bad 0.000" in rewrite.notes[0]
    assert contest.learns


def test_a_prompt_better_than_all_rewritings_stays() -> None:
    """The prompt as it is takes part in the contest."""
    world = World(answers=lambda request: "yes" if request.system == "Sort." else "no")
    rewrite = BestOf(parts=(Saying("Be quick."),)).rewrite(world.task)
    assert rewrite.prompt == world.prompt
    assert "the prompt as it is 1.000" in rewrite.notes[0]


def test_a_part_without_a_prompt_is_noted() -> None:
    """One strategy that gives up leaves the contest to the others; where all do, that is an error."""
    parts = (Saying("", "lost", gives_up=True), Saying("Be kind.", "good"))
    rewrite = BestOf(parts=parts).rewrite(World(answers=kind).task)
    assert rewrite.prompt.system == "Sort. Be kind."
    assert any("nothing comes to mind" in note for note in rewrite.notes)
    with pytest.raises(NoRewriteError, match="nothing comes to mind"):
        BestOf(parts=parts[:1]).rewrite(World(answers=kind).task)


@pytest.mark.parametrize(
    "name", ["few-shot", "metaprompt+few-shot", "best-of:few-shot,shorten", "best-of:gepa+mipro,shorten"]
)
def test_a_name_is_read_and_written_alike(name: str) -> None:
    """A strategy made of others has the name that it was asked for by."""
    assert named(name, KNOWN, where="here").name == name


@pytest.mark.parametrize(("name", "nearest"), [("few-shot+shortn", "shorten"), ("best-of:few-shoot", "few-shot")])
def test_an_unknown_part_is_named(name: str, nearest: str) -> None:
    """The sentence has the part that nobody knows, and the nearest name."""
    with pytest.raises(UnknownNameError, match=f"id you mean '{nearest}'"):
        named(name, KNOWN, where="here")


def test_settings_reach_every_part() -> None:
    """What the user set holds inside a chain and a contest; what a part does not know is not its business."""
    strategy = configured(named("best-of:shorten+few-shot,mipro", KNOWN, where="here"), {"trials": "3", "other": "x"})
    assert isinstance(strategy, BestOf)
    chain, mipro = strategy.parts
    assert isinstance(chain, Chain)
    assert chain.parts[1] == FewShot(trials=3)
    assert getattr(mipro, "trials", None) == 3


@pytest.mark.parametrize("name", ["shorten+metaprompt", "best-of:shorten,model-guidelines", "metaprompt"])
def test_a_part_without_its_model_is_told_first(name: str) -> None:
    """The strategy that has a model write is named, and none ahead of it has asked anything."""
    strategy = named(name, KNOWN, where="here")
    with pytest.raises(
        NoOptimizerError, match=r"(metaprompt|model-guidelines) has a model write .*--optimizer-model REF"
    ):
        check_needs(strategy, "target", {}, None)
    check_needs(strategy, "target", {}, "model")


def test_a_part_without_its_job_or_its_extra_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """``advpo`` without a place for its job, and ``mipro`` without DSPy, do not wait for the parts before them."""
    monkeypatch.setitem(sys.modules, "dspy", None)
    for name, error in (("shorten+advpo", NoRewriteError), ("shorten+mipro", MissingExtraError)):
        with pytest.raises(error):
            check_needs(named(name, KNOWN, where="here"), "target", {}, "model")
    check_needs(named("shorten+advpo", KNOWN, where="here"), "target", {"s3": "s3://bucket"}, None)


@pytest.mark.parametrize("name", ["best-of:", "few-shot+", "few-shot++shorten"])
def test_a_missing_part_shows_how_several_are_written(name: str) -> None:
    """An empty name is not called unknown alone."""
    with pytest.raises(UnknownNameError, match=r"Write several as 'a\+b' or 'best-of:a,b'\."):
        named(name, KNOWN, where="here")
