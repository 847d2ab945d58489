"""The catalog: finding a prompt by name, and the one filed for a target."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Provenance
from pytest_llm_migrate.errors import (
    AmbiguousPromptError,
    NoTargetPromptError,
    PromptFileError,
    PromptNameError,
    StalePromptError,
    UnknownNameError,
)
from pytest_llm_migrate.prompts import Catalog, Prompt, save_prompt

LITE = "us.amazon.nova-lite-v1:0"
PRO = "us.amazon.nova-pro-v1:0"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Return a catalog with the source prompts of two use cases."""
    for name in ("triage", "summary"):
        save_prompt(tmp_path / name / "source.prompt.yaml", Prompt(name=name, user="Do {{ ticket }}"))
    return Catalog(tmp_path)


def file(catalog: Catalog, ref: str, *, source_sha256: str | None = None, name: str | None = None) -> Path:
    """File a prompt of the use case triage for a model."""
    path = catalog.folder / "triage" / name if name else catalog.file_for("triage", ref)
    provenance = Provenance(strategy="manual", source_sha256=source_sha256)
    save_prompt(path, Prompt(name="triage", model=ref, user="Please do {{ ticket }}", provenance=provenance))
    return path


def test_names_are_the_folders_that_hold_a_source_prompt(catalog: Catalog) -> None:
    """A folder without a source prompt is no prompt."""
    (catalog.folder / "drafts").mkdir()
    assert catalog.names() == ["summary", "triage"]
    assert Catalog(catalog.folder / "nowhere").names() == []


def test_a_source_prompt_is_found_by_name(catalog: Catalog) -> None:
    """The prompt knows the file it came from."""
    prompt = catalog.source("triage")
    assert prompt.user == "Do {{ ticket }}"
    assert prompt.path == catalog.folder / "triage" / "source.prompt.yaml"


def test_a_missing_name_shows_the_path_and_the_nearest_name(catalog: Catalog) -> None:
    """A misspelt name is explained with where it was looked for."""
    with pytest.raises(UnknownNameError) as caught:
        catalog.source("triag")
    path = catalog.folder / "triag" / "source.prompt.yaml"
    assert str(caught.value) == (f"{path}: unknown prompt 'triag'. Did you mean 'triage'? Known: summary, triage.")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "...", "../triage", "triage/../summary", "/etc", "a\\b", "C:x", "a\0b", " ", "triage/"]
)
def test_a_name_cannot_leave_the_catalog(catalog: Catalog, name: str) -> None:
    """A name is one plain folder name; everything else is refused before a file is touched."""
    for use in (catalog.source, lambda bad: catalog.for_target(bad, LITE), lambda bad: catalog.file_for(bad, LITE)):
        with pytest.raises(PromptNameError, match="is not a prompt's name"):
            use(name)


def test_the_prompt_filed_for_a_target_is_found_by_its_model(catalog: Catalog) -> None:
    """The key model decides, whatever the file is called."""
    file(catalog, LITE, name="zebra.prompt.yaml")
    file(catalog, PRO)
    prompt = catalog.for_target("triage", LITE)
    assert prompt.model == LITE
    assert prompt.place.endswith("zebra.prompt.yaml")


def test_a_target_without_prompt_is_told_the_ways_out(catalog: Catalog) -> None:
    """The message names what is filed, the nearest model, and both ways on."""
    file(catalog, PRO)
    with pytest.raises(NoTargetPromptError) as caught:
        catalog.for_target("triage", LITE)
    assert str(caught.value) == (
        f"no prompt 'triage' for '{LITE}' in '{catalog.folder / 'triage'}'. Did you mean '{PRO}'? "
        f"Prompts there are for: {PRO}. "
        "Write one with --migrate-prompts, or send the source prompt with --prompt-strategy identity."
    )


def test_the_source_prompt_is_no_targets_prompt(catalog: Catalog) -> None:
    """A source prompt that names its model is not taken for a migrated one."""
    save_prompt(catalog.folder / "triage" / "source.prompt.yaml", Prompt(name="triage", model=LITE, user="x"))
    with pytest.raises(NoTargetPromptError, match="Prompts there are for: no target"):
        catalog.for_target("triage", LITE)


def test_a_prompt_made_from_todays_source_is_fresh(catalog: Catalog) -> None:
    """A hash that matches, or none at all, is fine."""
    file(catalog, LITE, source_sha256=catalog.source("triage").sha256)
    assert catalog.for_target("triage", LITE).user == "Please do {{ ticket }}"


def test_a_prompt_made_from_another_source_is_stale(catalog: Catalog) -> None:
    """Both hashes are shown short, with the ways out."""
    source = catalog.source("triage")
    path = file(catalog, LITE, source_sha256=source.sha256)
    changed = dataclasses.replace(source, user="Do it: {{ ticket }}")
    save_prompt(catalog.folder / "triage" / "source.prompt.yaml", changed)
    with pytest.raises(StalePromptError) as caught:
        catalog.for_target("triage", LITE)
    assert str(caught.value) == (
        f"{path} is stale: it was made from source prompt {source.sha256[:8]}, which is {changed.sha256[:8]} today. "
        "Write it anew with --migrate-prompts, or send the source prompt with --prompt-strategy identity."
    )


def test_two_prompts_for_one_model_are_refused(catalog: Catalog) -> None:
    """Neither of two files wins by its name."""
    file(catalog, LITE, name="a.prompt.yaml")
    file(catalog, LITE, name="b.prompt.yaml")
    with pytest.raises(AmbiguousPromptError, match=r"a\.prompt\.yaml and .*b\.prompt\.yaml are both for model"):
        catalog.for_target("triage", LITE)


def test_a_targets_prompt_must_name_its_model(catalog: Catalog) -> None:
    """A file that could never be chosen is an error, not a silent leftover."""
    save_prompt(catalog.folder / "triage" / "lost.prompt.yaml", Prompt(name="triage", user="x"))
    with pytest.raises(PromptFileError, match=r"lost\.prompt\.yaml: a target's prompt needs the key 'model'"):
        catalog.for_target("triage", LITE)


def test_a_new_file_is_named_after_the_model(catalog: Catalog) -> None:
    """The name is the reference with nothing a file system dislikes."""
    assert catalog.file_for("triage", LITE) == catalog.folder / "triage" / "us.amazon.nova-lite-v1-0.prompt.yaml"


def test_a_filed_prompt_is_written_to_its_own_file(catalog: Catalog) -> None:
    """Migrating again replaces the file there is, even one with a name of its own."""
    path = file(catalog, LITE, name="mine.prompt.yaml")
    assert catalog.file_for("triage", LITE) == path


def test_models_with_like_names_get_files_of_their_own(catalog: Catalog) -> None:
    """Two references that give the same file name do not overwrite each other."""
    paths = {file(catalog, ref) for ref in ("local:a-b", "local:a:b", "local-a-b", "source", "SOURCE")}
    assert len(paths) == 5
    assert catalog.source("triage").model is None
    assert catalog.for_target("triage", "local:a:b").model == "local:a:b"


@given(ref=st.text(st.characters(codec="utf-8")) | st.text(st.sampled_from("./\\:aS")))
def test_a_file_for_any_reference_stays_in_the_prompts_folder(ref: str) -> None:
    """No reference leads out of the folder, hides the file or names the source's."""
    path = Catalog(Path("prompts")).file_for("triage", ref)
    assert path.parent == Path("prompts/triage")
    assert path.name.isascii()
    assert len(path.name) <= 255
    assert not path.name.startswith((".", "source.prompt"))
