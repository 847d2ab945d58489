"""``python -m pytest_llm_migrate prompts``: a catalog is looked at, and prompts come and go."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.__main__ import main
from pytest_llm_migrate.domain import Example, Provenance
from pytest_llm_migrate.prompts import Catalog, Prompt, load_prompt, save_prompt
from pytest_llm_migrate.prompts.formats import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TARGET = "us.amazon.nova-lite-v1:0"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command on the catalog ``prompts`` of a new folder; its output, or what it says where it fails."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        status = main(["prompts", *arguments])
        out, err = capsys.readouterr()
        assert bool(err) == bool(status)
        return out or err

    return call


def source(tmp_path: Path) -> Prompt:
    """Return the source prompt that was imported."""
    (path,) = (tmp_path / "prompts").glob("*/source.prompt.yaml")
    return load_prompt(path)


def file_source(tmp_path: Path, **more: Any) -> Prompt:
    """File a source prompt with a system text, an example and settings."""
    prompt = Prompt(
        name="triage",
        system="Be {{ tone }}.",
        user='As {"q": 1}: {{ ticket }}',
        examples=(Example(input="hi {x}", output='{"q": 2}'),),
        inference={"temperature": 0, "max_tokens": 9},
    )
    prompt = dataclasses.replace(prompt, **more)
    save_prompt(tmp_path / "prompts/triage/source.prompt.yaml", prompt)
    return prompt


def test_prompts_are_listed_with_their_state(tmp_path: Path, run: Callable[..., str]) -> None:
    """Each target has its strategy, its dev score, and whether it is stale, written or edited by hand."""
    prompt = file_source(tmp_path)
    catalog = Catalog(tmp_path / "prompts")
    for strategy, old, score in (("few-shot", prompt.sha256, 0.75), ("shorten", "0" * 64, None)):
        provenance = Provenance(strategy=strategy, source_sha256=old, dev_score=score, prompt_sha256="1" * 64)
        written = dataclasses.replace(prompt, model=TARGET, provenance=provenance)
        save_prompt(catalog.variant_file("triage", TARGET, strategy), written)
    save_prompt(catalog.file_for("triage", "other"), dataclasses.replace(prompt, model="other"))
    manual = dataclasses.replace(prompt, model="third", provenance=Provenance(strategy="manual"))
    save_prompt(catalog.file_for("triage", "third"), manual)
    said = run("list")
    assert said.splitlines()[0] == "triage: ticket, tone"
    assert "  other: written by hand\n    other.prompt.yaml\n" in said
    assert "  third: manual, written by hand\n    third.prompt.yaml\n" in said
    assert f"  {TARGET}: few-shot, dev score 0.750, edited by hand\n    variants/few-shot/" in said
    assert f"  {TARGET}: shorten, stale, edited by hand\n    variants/shorten/" in said


def test_a_list_fits_eighty_columns(tmp_path: Path, run: Callable[..., str]) -> None:
    """All that is known of a prompt wraps; its file stands on a line of its own."""
    prompt, name = file_source(tmp_path), "best-of:metaprompt+few-shot,model-guidelines+few-shot"
    provenance = Provenance(strategy=name, source_sha256="0" * 64, dev_sha256="1" * 64, prompt_sha256="2" * 64)
    path = Catalog(tmp_path / "prompts").file_for("triage", TARGET)
    save_prompt(path, dataclasses.replace(prompt, model=TARGET, provenance=provenance))
    first, *more = run("list").splitlines()[1:]
    assert max(map(len, [first, *more])) <= 80
    known = " ".join(line.strip() for line in [first, *more])
    assert known == f"{TARGET}: {name}, tuned by dev rows, stale, edited by hand {path.name}"


def test_a_strategy_that_wrote_nothing_is_said(tmp_path: Path, run: Callable[..., str]) -> None:
    """The nearest strategy that wrote a prompt for the target is named, with the way to one by the other."""
    prompt = file_source(tmp_path)
    path = Catalog(tmp_path / "prompts").variant_file("triage", TARGET, "few-shot")
    save_prompt(path, dataclasses.replace(prompt, model=TARGET, provenance=Provenance(strategy="few-shot")))
    for action in ("show", "diff"):
        said = run(action, "triage", "--for", TARGET, "--strategy", "fewshot")
        assert f"'fewshot' has written no prompt 'triage' for '{TARGET}'. Did you mean 'few-shot'?" in said


def test_no_prompts_are_said(run: Callable[..., str]) -> None:
    """An empty catalog is said to be one."""
    assert run("list") == "no prompt in prompts\n"


def test_a_prompt_is_shown_as_it_renders(tmp_path: Path, run: Callable[..., str]) -> None:
    """Turns have their roles, variables their values or names, and control characters are spelt out."""
    file_source(tmp_path, user="{{ ticket }} \x1b[31m")
    said = run("show", "triage", "--set", "tone=kind")
    assert said.startswith("[system]\nBe kind.\n\n[user]\nhi {x}\n\n[assistant]\n")
    assert "<ticket> \\x1b[31m\n" in said
    assert "temperature: 0\n" in said


def test_what_changed_for_a_target_is_shown(tmp_path: Path, run: Callable[..., str]) -> None:
    """The diff is between the source prompt and each filed one, without what tells only where it is from."""
    prompt = file_source(tmp_path)
    path = Catalog(tmp_path / "prompts").file_for("triage", TARGET)
    provenance = Provenance(strategy="x", source_sha256="0" * 64)  # stale prompts are shown, too
    save_prompt(path, dataclasses.replace(prompt, model=TARGET, system="Be brief.", provenance=provenance))
    for said in (run("diff", "triage"), run("diff", "triage", "--for", TARGET)):
        assert "-system: Be {{ tone }}." in said
        assert "+system: Be brief." in said
        assert "provenance" not in said


def test_human_and_assistant_become_turns(tmp_path: Path, run: Callable[..., str]) -> None:
    """What stands before is the system's, whole exchanges are examples, and the last question is the user's."""
    text = 'Be kind.\n\nHuman: hi {{"x"}}\n\nAssistant: hello\n\nHuman: {$TICKET}\n\nAssistant:'
    (tmp_path / "p.txt").write_text(text, encoding="utf-8")
    run("import", "p.txt", "--as", "triage", "--rename", "TICKET=ticket")
    prompt = source(tmp_path)
    assert (prompt.name, prompt.system, prompt.user) == ("triage", "Be kind.", "{{ ticket }}")
    assert prompt.examples == (Example(input='hi {"x"}', output="hello"),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Human: a\n\nAssistant: {", "the last turn must be the user's"),
        ("Human: {a}\n\nAssistant: x\n\nHuman: b", "an example holds the variable 'a'"),
        ("Human: a\n\nHuman: b", "must be pairs of user and assistant"),
        ("  \n", "the last user turn is empty"),
    ],
)
def test_what_cannot_be_taken_over_whole_is_said(tmp_path: Path, run: Callable[..., str], text: str, why: str) -> None:
    """Nothing of a prompt is left out silently, and nothing is filed."""
    (tmp_path / "p.txt").write_text(text, encoding="utf-8")
    assert why in run("import", "p.txt")
    assert not (tmp_path / "prompts").exists()


def test_a_table_of_prompts_is_imported(tmp_path: Path, run: Callable[..., str]) -> None:
    """Each row of ``prompt_id,prompt_text`` becomes a prompt, whatever the byte order mark in front."""
    (tmp_path / "p.csv").write_text('prompt_id,prompt_text\na,"do {x}\nnow"\nb,{{y}}\n', encoding="utf-8-sig")
    run("import", "p.csv")
    catalog = Catalog(tmp_path / "prompts")
    assert [catalog.source(name).user for name in catalog.names()] == ["do {{ x }}\nnow", "{{ y }}"]


def test_a_table_without_its_columns_is_said(tmp_path: Path, run: Callable[..., str]) -> None:
    """The missing column is named."""
    (tmp_path / "p.csv").write_text("id,prompt_text\na,b\n", encoding="utf-8")
    assert "there is no 'prompt_id'" in run("import", "p.csv")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("a,x\na,y\n", "p.csv:3: 'a': an earlier row has this prompt_id"),
        (" ,x\n", "p.csv:2: ' ': needs a prompt_id"),
        ("", "p.csv: holds no prompt"),
    ],
)
def test_a_table_that_would_lose_a_prompt_is_said(tmp_path: Path, run: Callable[..., str], rows: str, why: str) -> None:
    """A name that stands twice, one that is empty and a table of nothing are errors, and nothing is filed."""
    (tmp_path / "p.csv").write_text(f"prompt_id,prompt_text\n{rows}", encoding="utf-8")
    assert why in run("import", "p.csv")
    assert not (tmp_path / "prompts").exists()


@pytest.mark.parametrize("form", ["text", "csv", "nova", "github", "prompty"])
def test_what_is_exported_can_be_imported(tmp_path: Path, run: Callable[..., str], form: str) -> None:
    """A prompt comes back from each format as it went, as far as the format has words for it."""
    settings = {"temperature": 0.5} if form in {"github", "prompty"} else {}
    before = file_source(tmp_path, inference=settings)
    run("export", "triage", "--format", form, "--to", "out")
    place = "out" if form == "nova" else str(next((tmp_path / "out").iterdir()))
    braces = ["--braces", "double"] if form in {"text", "csv"} else []
    run("import", place, "--as", "triage", "--force", *braces)
    assert source(tmp_path).sha256 == before.sha256


def test_a_nova_bundle_is_imported(tmp_path: Path, run: Callable[..., str]) -> None:
    """System, user and few-shot examples of the optimizer's folder become one prompt for its target."""
    file_source(tmp_path)
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "system_prompt.txt").write_text("Be {{tone}}", encoding="utf-8")
    (folder / "user_prompt.txt").write_text("{{ticket}}", encoding="utf-8")
    shots = {"examples": [{"input": "a", "output": "b"}], "format": "converse"}
    (folder / "few_shot.json").write_text(json.dumps(shots), encoding="utf-8")
    run("import", "bundle", "--as", "triage", "--for", TARGET)
    prompt = Catalog(tmp_path / "prompts").for_target("triage", TARGET)
    assert (prompt.system, prompt.user) == ("Be {{ tone }}", "{{ ticket }}")
    assert prompt.examples == (Example(input="a", output="b"),)


def test_a_bundle_without_its_prompt_is_said(tmp_path: Path, run: Callable[..., str]) -> None:
    """The file that a folder of the optimizer has is named."""
    (tmp_path / "bundle").mkdir()
    assert "bundle: holds no user_prompt.txt" in run("import", "bundle")


@pytest.mark.parametrize("shots", ["{", "7", '[{"input": "a"}]', '{"examples": 3}'])
def test_a_broken_bundle_is_said(tmp_path: Path, run: Callable[..., str], shots: str) -> None:
    """Examples that are none name their file."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/user_prompt.txt").write_text("x", encoding="utf-8")
    (tmp_path / "bundle/few_shot.json").write_text(shots, encoding="utf-8")
    assert "few_shot.json" in run("import", "bundle")


def test_github_parameters_that_nobody_knows_are_said(tmp_path: Path, run: Callable[..., str]) -> None:
    """A setting that would be lost is an error with the nearest name."""
    text = "messages: [{role: user, content: x}]\nmodelParameters: {temprature: 1}\n"
    (tmp_path / "p.prompt.yml").write_text(text, encoding="utf-8")
    assert "Did you mean 'temperature'?" in run("import", "p.prompt.yml")


@pytest.mark.parametrize("text", ["messages: 3", "messages: [{role: tool, content: x}]", "- x", "messages: ["])
def test_other_yaml_is_no_prompt(tmp_path: Path, run: Callable[..., str], text: str) -> None:
    """YAML that is not GitHub's form names the file."""
    (tmp_path / "p.prompt.yml").write_text(text, encoding="utf-8")
    assert "p.prompt.yml" in run("import", "p.prompt.yml")


def test_nothing_is_written_over(tmp_path: Path, run: Callable[..., str]) -> None:
    """An import and an export leave what is there, unless they are told to write over it."""
    before = file_source(tmp_path)
    (tmp_path / "p.txt").write_text("new {{ ticket }}", encoding="utf-8")
    assert "exists and is not written over" in run("import", "p.txt", "--as", "triage")
    assert source(tmp_path).sha256 == before.sha256
    (tmp_path / "triage.prompt.yml").write_text("mine", encoding="utf-8")
    assert "--force" in run("export", "triage", "--format", "github")
    assert (tmp_path / "triage.prompt.yml").read_text("utf-8") == "mine"
    run("import", "p.txt", "--as", "triage", "--force")
    assert source(tmp_path).user == "new {{ ticket }}"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"user": "{% if x %}{{ ticket }}{% endif %}"}, "is more than a variable's name"),
        ({"options": {"effort": "low"}}, "it has options or attachments"),
        ({"inference": {"top_k": 3}}, "it has no parameter for 'top_k'"),
        ({"examples": (Example(input="{{ x }}", output="y"),)}, "an example holds braces"),
    ],
)
def test_what_another_format_cannot_say_is_said(
    tmp_path: Path, run: Callable[..., str], change: dict[str, Any], why: str
) -> None:
    """A prompt is exported whole or not at all."""
    file_source(tmp_path, **change)
    assert why in run("export", "triage", "--format", "github")
    assert not list(tmp_path.glob("*.yml"))


def test_an_unknown_name_is_said(tmp_path: Path, run: Callable[..., str]) -> None:
    """A name that no prompt has gets the nearest one, and one with slashes is none."""
    file_source(tmp_path)
    assert "Did you mean 'triage'?" in run("show", "traige")
    (tmp_path / "p.csv").write_text("prompt_id,prompt_text\n../x,y\n", encoding="utf-8")
    assert "'../x' is not a prompt's name" in run("import", "p.csv")


def test_a_variable_that_no_prompt_has_is_said(tmp_path: Path, run: Callable[..., str]) -> None:
    """A value or a new name for a variable that is not there gets the nearest one, and nothing is filed."""
    file_source(tmp_path)
    assert "--set: unknown variable 'tickt'. Did you mean 'ticket'?" in run("show", "triage", "--set", "tickt=x")
    (tmp_path / "p.txt").write_text("do {ticket}", encoding="utf-8")
    said = run("import", "p.txt", "--rename", "tickt=question")
    assert "--rename: unknown variable 'tickt'. Did you mean 'ticket'?" in said
    assert not (tmp_path / "prompts/p").exists()


@pytest.mark.parametrize(
    ("form", "said"), [("nova", "without max_tokens, temperature: nova has no place for settings"), ("github", "")]
)
def test_settings_that_are_left_behind_are_said(tmp_path: Path, run: Callable[..., str], form: str, said: str) -> None:
    """An export into a format of texts names the settings that stay; one that takes them says nothing."""
    file_source(tmp_path)
    out = run("export", "triage", "--format", form, "--to", "out")
    assert said in out
    assert ("without" in out) == bool(said)


@pytest.mark.parametrize("action", ["", "list", "show", "diff", "import", "export"])
def test_help_fits_a_narrow_terminal(
    action: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At eighty columns no line is longer, and every format is named in words."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["prompts", *filter(None, [action]), "--help"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    if action in {"import", "export"}:
        assert all(form in out for form in FORMS)


def test_variables_are_written_with_dollar_signs(tmp_path: Path, run: Callable[..., str]) -> None:
    """A text for tools with ``{$v}`` comes back as it went."""
    prompt = file_source(tmp_path, examples=(), inference={})
    run("export", "triage", "--format", "text", "--braces", "dollar", "--to", "out")
    text = (tmp_path / "out/triage.txt").read_text("utf-8")
    assert "{$tone}" in text
    assert "{$ticket}" in text
    assert prompt.user == 'As {"q": 1}: {{ ticket }}'
    run("import", "out/triage.txt", "--as", "back", "--braces", "single")
    back = load_prompt(tmp_path / "prompts/back/source.prompt.yaml")
    values = {"tone": "kind", "ticket": "T"}
    assert back.render(values) == prompt.render(values)


def test_a_diff_of_nothing_says_so(tmp_path: Path, run: Callable[..., str]) -> None:
    """Where no target has a prompt there is nothing to compare, which is no empty answer."""
    file_source(tmp_path)
    assert run("diff", "triage") == "no prompt for a target in prompts/triage\n"
