"""Prompt files: what is read, what is refused, and that what is written is read back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Attachment, Example, Provenance
from pytest_llm_migrate.errors import (
    InferenceSettingError,
    PromptFileError,
    PromptOptionError,
    TemplateFaultError,
    UnknownNameError,
)
from pytest_llm_migrate.prompts import Prompt, file_text, load_prompt, save_prompt

FULL = """\
name: Ticket triage
model: anthropic.claude-3-haiku-20240307-v1:0
system: |
  You sort tickets.

  Answer with one word.
user: |
  Classify: {{ ticket }}
examples:
  - input: "Refund {please}!"
    output: '{"queue": "billing"}'
inference:
  temperature: 0
  max_tokens: 20
  stop: "###"
  reasoning: {effort: low}
options:
  cache: 5m
  guardrail: {id: gr1, version: 2}
attachments:
  - image: photo
  - document: "{{ contract }}"
    format: pdf
provenance:
  strategy: manual
  at: 2026-01-31
"""


def written(folder: Path, text: str) -> Path:
    """Return a prompt file with that text."""
    path = folder / "triage" / "source.prompt.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    """A file gives a prompt with texts, examples, settings, options, attachments and provenance."""
    path = written(tmp_path, FULL)
    assert load_prompt(path) == Prompt(
        name="Ticket triage",
        model="anthropic.claude-3-haiku-20240307-v1:0",
        system="You sort tickets.\n\nAnswer with one word.",
        user="Classify: {{ ticket }}",
        examples=(Example(input="Refund {please}!", output='{"queue": "billing"}'),),
        inference={"temperature": 0, "max_tokens": 20, "stop": ["###"], "reasoning": {"effort": "low"}},
        options={"cache": "5m", "guardrail": {"id": "gr1", "version": "2"}},
        attachments=(
            Attachment(kind="image", path="photo"),
            Attachment(kind="document", path="{{ contract }}", format="pdf"),
        ),
        provenance=Provenance(strategy="manual", at="2026-01-31"),
    )


def test_a_user_text_is_enough_and_the_folder_gives_the_name(tmp_path: Path) -> None:
    """All keys but user may be left out, or left empty."""
    prompt = load_prompt(written(tmp_path, "user: Hi\nsystem:\nexamples:\ninference:\noptions:\nattachments:\n"))
    assert prompt == Prompt(name="triage", user="Hi")
    assert prompt.place.endswith("source.prompt.yaml")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("user: |\n  one\n  two\n", "one\ntwo"),
        ("user: |+\n  one\n\n", "one\n"),
        ("user: |-\n  one\n", "one"),
        ("user: >\n  one\n  two\n", "one two"),
        ('user: "one\\n"\n', "one\n"),
        ("user: one\n", "one"),
        ("user: |\r\n  one\r\n  two\r\n", "one\ntwo"),
        ("\ufeffuser: one\n", "one"),
    ],
)
def test_a_block_adds_no_newline_and_quotes_are_exact(tmp_path: Path, layout: str, text: str) -> None:
    """The newline that ends a YAML block belongs to the file's layout, not to the prompt."""
    assert load_prompt(written(tmp_path, layout)).user == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user: [1", ":2:1: not YAML: did not find expected ',' or ']'"),
        ("user: 'one\n", ":2:1: not YAML: found unexpected end of stream"),
        ("name: a\nuser: x\nname: b\n", ":3:1: not YAML: the key 'name' stands twice"),
        ("user: x\ninference: {seed: 1, seed: 2}", ":2:22: not YAML: the key 'seed' stands twice"),
        ("user: a\x07b", ": not YAML: unacceptable character #x0007: control characters are not allowed"),
        ("user: !!python/object/apply:os.getcwd []", ":1:7: not YAML: could not determine a constructor for the tag"),
        ("user: x\n? [a]\n: b", ":2:3: not YAML: found unhashable key"),
        ("user: !!map x", ":1:7: not YAML: expected a mapping node, but found scalar"),
        ("user: !!int x", ": not YAML: ValueError: invalid literal for int() with base 10: 'x'"),
        ("user: !!timestamp x", ": not YAML: AttributeError: "),
        ("", ": the file must be a mapping, not nothing"),
        ("- user", ": the file must be a mapping, not a list"),
        ("name: x", ": a prompt needs the key 'user': the text of the last user turn"),
        ("user: 12", ": a prompt needs the key 'user'"),
        ("user: ' '", ": a prompt needs the key 'user'"),
        ("user: x\nsystem: [a]", ": system must be text (put it in quotes), not a list"),
        ("user: x\nname: no", ": name must be text (put it in quotes), not true or false"),
        ("user: x\nmodel: 12", ": model must be text (put it in quotes), not a number"),
        ("user: x\nexamples: {input: a}", ": examples must be a list of input and output, not a mapping"),
        ("user: x\nexamples: [a]", ": examples[0] must be a mapping, not text"),
        ("user: x\nexamples: [{input: a}]", ": examples[0] needs the key 'output'"),
        ("user: x\nexamples: [{input: a, output: 5}]", ": examples[0].output must be text (put it in quotes)"),
        ("user: x\nprovenance: yes", ": provenance must be a mapping, not true or false"),
        ("user: x\nprovenance: {at: 5}", ": provenance.at must be text (put it in quotes), not a number"),
    ],
)
def test_what_is_no_prompt_file_is_said_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    """One line names the file, with line and column for YAML, and the key for what is in it."""
    path = written(tmp_path, content)
    with pytest.raises(PromptFileError) as caught:
        load_prompt(path)
    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user: x\nsytem: y", "the file: unknown key 'sytem'. Did you mean 'system'?"),
        ("user: x\nexamples: [{inpt: a, output: b}]", "examples[0]: unknown key 'inpt'. Did you mean 'input'?"),
        ("user: x\noptions: {servicetier: flex}", "unknown option 'servicetier'. Did you mean 'service_tier'?"),
        ("user: x\nattachments: [{picture: a}]", "attachments[0]: unknown key 'picture'."),
        ("user: x\nprovenance: {tools: a}", "provenance: unknown key 'tools'. Did you mean 'tool'?"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(tmp_path: Path, content: str, message: str) -> None:
    """A misspelt key is never ignored."""
    path = written(tmp_path, content)
    with pytest.raises(UnknownNameError) as caught:
        load_prompt(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_wrong_options_and_attachments_name_the_file(tmp_path: Path) -> None:
    """What Bedrock does not know is found when the file is read."""
    path = written(tmp_path, "user: x\noptions: {cache: 10m}")
    with pytest.raises(PromptOptionError) as caught:
        load_prompt(path)
    assert str(caught.value) == f"{path}: options.cache must be true, '5m' or '1h', not '10m'."
    path = written(tmp_path, "user: x\nattachments: photo")
    with pytest.raises(PromptOptionError) as caught:
        load_prompt(path)
    assert str(caught.value) == f"{path}: attachments must be a list of images and documents, not 'photo'."
    path = written(tmp_path, "user: x\nattachments: [{image: '{{ photo'}]")
    with pytest.raises(TemplateFaultError, match=r"yaml: attachments\[0\], line 1: unexpected end of template"):
        load_prompt(path)


def test_wrong_settings_name_the_file(tmp_path: Path) -> None:
    """A senseless setting is found when the file is read."""
    path = written(tmp_path, "user: x\ninference: {temperature: warm}")
    with pytest.raises(InferenceSettingError) as caught:
        load_prompt(path)
    assert str(caught.value) == f"{path}: inference.temperature must be a number of 0 or more, not 'warm'."


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("name: x\nuser: |\n  one\n  two\n  {{ three\n", 5),
        ("system: '{{ a'\nuser: x\n", 1),
        ("user: x\nsystem: >-\n  {% bad %}\n", 3),
    ],
)
def test_a_template_fault_names_the_line_of_the_file(tmp_path: Path, content: str, line: int) -> None:
    """Wrong Jinja2 is found when the file is read, at the line an editor can jump to."""
    path = written(tmp_path, content)
    with pytest.raises(TemplateFaultError) as caught:
        load_prompt(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_template_that_comes_in_by_a_merge_names_its_line(tmp_path: Path) -> None:
    """YAML's merge key brings texts in from elsewhere in the file, with their lines."""
    path = written(tmp_path, "<<: {user: '{{ a'}\n")
    with pytest.raises(TemplateFaultError, match=r"yaml:1: unexpected end of template"):
        load_prompt(path)


def test_a_missing_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    """A path that is slightly wrong shows the file that was meant."""
    written(tmp_path, FULL)
    with pytest.raises(UnknownNameError, match=r"unknown prompt file 'sourc\.prompt\.yaml'\. Did you mean 'source"):
        load_prompt(tmp_path / "triage" / "sourc.prompt.yaml")


def test_a_file_that_is_no_utf8_text_is_refused(tmp_path: Path) -> None:
    """The message says which byte is wrong."""
    path = tmp_path / "x.prompt.yaml"
    path.write_bytes(b"user: caf\xe9\n")
    with pytest.raises(PromptFileError, match=r"not UTF-8: .* at byte 9"):
        load_prompt(path)


def test_a_folder_is_no_prompt_file(tmp_path: Path) -> None:
    """A path to a folder is an error in one line."""
    with pytest.raises(PromptFileError, match="cannot be read"):
        load_prompt(tmp_path)


def test_a_file_is_written_in_the_order_and_style_of_a_hand() -> None:
    """Keys keep their order, long texts are blocks, and what is empty is left out."""
    prompt = Prompt(
        name="triage",
        model="us.amazon.nova-lite-v1:0",
        user="Classify:\n\t{{ ticket }}  \nin one wörd ✓\n",
        examples=(Example(input="a\nb", output="{}"),),
        inference={"stop": ["\n\n"], "temperature": 0.5},
        options={"service_tier": "flex", "cache": "1h"},
        attachments=(Attachment(kind="image", path="photo"),),
        provenance=Provenance(strategy="identity", at="2026-01-31"),
    )
    assert file_text(prompt) == (
        "name: triage\n"
        "model: us.amazon.nova-lite-v1:0\n"
        "user: |+\n"
        "  Classify:\n"
        "  \t{{ ticket }}  \n"
        "  in one wörd ✓\n"
        "\n"
        "examples:\n"
        "  - input: |\n"
        "      a\n"
        "      b\n"
        "    output: '{}'\n"
        "inference:\n"
        "  stop:\n"
        "    - |2+\n"
        "\n"
        "\n"
        "\n"
        "  temperature: 0.5\n"
        "options:\n"
        "  service_tier: flex\n"
        "  cache: 1h\n"
        "attachments:\n"
        "  - image: photo\n"
        "provenance:\n"
        "  strategy: identity\n"
        "  at: '2026-01-31'\n"
    )


TEXTS = st.text(st.characters(codec="utf-8")) | st.text(st.sampled_from(" \t\n\r\x85\u2028\ufeffa:#-'\"{}|>&*!%é😀"))
PLAIN = TEXTS.filter(lambda text: "{" not in text)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
PROMPTS = st.builds(
    Prompt,
    name=TEXTS.filter(bool),
    user=PLAIN.filter(str.strip),
    system=st.none() | PLAIN.filter(bool),
    model=st.none() | TEXTS.filter(bool),
    examples=st.lists(st.builds(Example, input=TEXTS, output=TEXTS), max_size=2).map(tuple),
    inference=st.fixed_dictionaries({}, optional={"temperature": st.floats(0, 2), "stop": st.lists(TEXTS.filter(bool))})
    | st.dictionaries(TEXTS.map(lambda name: f"x{name}"), JSON, max_size=3),
    options=st.fixed_dictionaries(
        {},
        optional={
            "cache": st.sampled_from([True, "5m"]),
            "guardrail": st.just({"id": "gr1", "version": "1"}),
            "tools": st.builds(lambda schema: [{"name": "t", "input_schema": schema}], st.dictionaries(TEXTS, JSON)),
        },
    ),
    attachments=st.lists(
        st.builds(Attachment, kind=st.just("image"), path=PLAIN.filter(str.strip), format=st.none() | st.just("png")),
        max_size=2,
    ).map(tuple),
    provenance=st.none() | st.builds(Provenance, strategy=TEXTS, at=st.none() | TEXTS),
)


@given(prompt=PROMPTS)
@example(prompt=Prompt(name="p", user="a\n   \nb\n  "))
@example(prompt=Prompt(name="p", user="\n\n  a\n\tb \n\n\n"))
@example(prompt=Prompt(name="p", user="a", system=" "))
@example(prompt=Prompt(name="p", user="a", system="\n"))
@example(prompt=Prompt(name="p", user="a", inference={"x": {"=": ["<<", "2026-01-01", "no", "1e3", " \n a"]}}))
def test_what_is_written_is_read_back(prompt: Prompt) -> None:
    """Any text survives its file: blanks at the end, tabs, control characters, every script."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "x.prompt.yaml"
        save_prompt(path, prompt)
        assert load_prompt(path) == prompt
        assert [item.name for item in path.parent.iterdir()] == ["x.prompt.yaml"]


@given(prompt=PROMPTS)
def test_any_yaml_reader_understands_what_is_written(prompt: Prompt) -> None:
    """A file read by another YAML library has the same texts, but for the newline that ends a block."""
    values: dict[str, Any] = yaml.safe_load(file_text(prompt))
    assert values["user"] in (prompt.user, f"{prompt.user}\n")
    assert values["name"] in (prompt.name, f"{prompt.name}\n")


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(name="p\ud800", user="u"),
        Prompt(name="p", user="a\ud800b"),
        Prompt(name="p", user="u", inference={"stop": ["\ud800"]}),
    ],
)
def test_half_of_a_surrogate_pair_is_refused(tmp_path: Path, prompt: Prompt) -> None:
    """What UTF-8 cannot hold is refused, and no file is left behind."""
    with pytest.raises(PromptFileError, match=r"holds '\\ud800', half of a surrogate pair"):
        save_prompt(tmp_path / "x.prompt.yaml", prompt)
    assert not any(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_keeps_its_old_content(tmp_path: Path) -> None:
    """A failed writing leaves neither half a file nor a file beside it."""
    path = tmp_path / "x.prompt.yaml"
    (path / "taken").mkdir(parents=True)
    with pytest.raises(PromptFileError, match=r"x\.prompt\.yaml: cannot be written"):
        save_prompt(path, Prompt(name="p", user="u"))
    assert [item.name for item in tmp_path.iterdir()] == ["x.prompt.yaml"]
