"""``model-guidelines``: the notes on the target's family reach the model that writes, and users add their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import NoRewriteError, StrategySettingError
from pytest_llm_migrate.strategies.model_guidelines import ModelGuidelines, known_guidelines
from tests.strategies.conftest import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strategies.conftest import MakeTask

GOOD = "<Instructions>Name the topic. {{ticket}}</Instructions>"


@pytest.mark.parametrize(
    ("target", "family"),
    [
        ("us.amazon.nova-lite-v1:0", "nova"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-instruct-v1:0", "llama"),
        ("mistral.mistral-large-2407-v1:0", "mistral"),
        ("openai.gpt-oss-20b-1:0", "gpt_oss"),
        ("local:gemma3-270m", "gemma"),
        ("qwen.qwen3-32b-v1:0", "qwen"),
    ],
)
def test_the_notes_on_the_targets_family_are_given(
    make_task: MakeTask, said: list[str], target: str, family: str
) -> None:
    """The model that writes reads the notes of one family, and the user is told whose and where they come from."""
    writer = Writer([GOOD])
    rewrite = ModelGuidelines().rewrite(make_task(target=target, writer=writer))
    assert rewrite.prompt.user == "Name the topic. {{ ticket }}"
    notes = known_guidelines()[family]
    question = writer.asked[0].turns[0].text
    assert notes.notes in question
    assert "{{ticket}}" in question
    assert "123456789012" not in question
    assert said == [f"rewriting by the notes on {family}: {', '.join(notes.sources)}"]


def test_every_family_has_sources_and_short_notes() -> None:
    """The notes of the package say where they come from, and are a page at most."""
    for notes in known_guidelines().values():
        assert notes.sources, notes.family
        assert all(source.startswith("https://") for source in notes.sources)
        assert len(notes.notes) < 2500


def test_a_user_adds_a_family_and_replaces_another(make_task: MakeTask, tmp_path: Path) -> None:
    """A folder of notes comes before the package's."""
    (tmp_path / "nova.md").write_text("models: nova\n\n- House rule: $5 is not a field.\n", encoding="utf-8")
    (tmp_path / "granite.md").write_text("models: granite, ibm.\nsource: https://x.test\n\n- Short.", encoding="utf-8")
    settings = {"guidelines": str(tmp_path)}
    for target, note in (("us.amazon.nova-lite-v1:0", "$5 is not a field"), ("local:granite-4", "- Short.")):
        writer = Writer([GOOD])
        ModelGuidelines().rewrite(make_task(target=target, writer=writer, settings=settings))
        assert note in writer.asked[0].turns[0].text


def test_a_family_without_notes_is_said(make_task: MakeTask) -> None:
    """The sentence names the families there are, and how to add one."""
    with pytest.raises(NoRewriteError, match=r"notes on claude, gemma, .*guidelines=FOLDER, or take metaprompt"):
        ModelGuidelines().rewrite(make_task(target="cohere.command-r-v1:0", writer=Writer([GOOD])))


@pytest.mark.parametrize("text", [None, "just notes", "models: nova", "models: \n\n- A note."])
def test_a_folder_of_another_form_is_said(make_task: MakeTask, tmp_path: Path, text: str | None) -> None:
    """An empty folder, and a file without models or notes, are named with the form that is needed."""
    if text:
        (tmp_path / "nova.md").write_text(text, encoding="utf-8")
    with pytest.raises(StrategySettingError, match="must be a folder of files such as"):
        ModelGuidelines().rewrite(make_task(writer=Writer([GOOD]), settings={"guidelines": str(tmp_path)}))


def test_a_lost_variable_is_asked_for_again(make_task: MakeTask) -> None:
    """The text is held to the same rules as that of any model that writes; a system text is asked for."""
    writer = Writer(["<Instructions>Name it.</Instructions>", "<System>S</System>" + GOOD])
    rewrite = ModelGuidelines().rewrite(make_task(system="Be terse.", writer=writer))
    assert rewrite.prompt.system == "S"
    assert "lost the variable 'ticket'" in rewrite.notes[0]
    assert (ModelGuidelines().takes(3).texts, ModelGuidelines().takes(3).answers) == (2, 0)
