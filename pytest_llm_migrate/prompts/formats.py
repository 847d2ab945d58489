"""Prompts in the files of other tools: read into prompts of the catalog, and written from them."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Example
from pytest_llm_migrate.errors import PromptExportError, PromptImportError, UnknownNameError
from pytest_llm_migrate.prompts.braces import to_template
from pytest_llm_migrate.prompts.turns import plain_text, prompt_of_turns, turns_of_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_llm_migrate.prompts.braces import Braces
    from pytest_llm_migrate.prompts.prompt import Prompt
    from pytest_llm_migrate.prompts.turns import Reading

TEXT, CSV, NOVA, GITHUB, PROMPTY = "text", "csv", "nova", "github", "prompty"
FORMS = (TEXT, CSV, NOVA, GITHUB, PROMPTY)
"""A text; a table of ``prompt_id`` and ``prompt_text``; the folder of Nova's optimizer; GitHub's ``.prompt.yml``; a
``.prompty`` file."""

_SYSTEM, _USER, _SHOTS = "system_prompt.txt", "user_prompt.txt", "few_shot.json"
_COLUMNS = ("prompt_id", "prompt_text")
_PARAMETERS = {"temperature": "temperature", "topP": "top_p", "maxTokens": "max_tokens"}
_ENDING = re.compile(r"(\.prompt)?\.\w+$")


def form_of(path: Path) -> str:
    """Return the format that a path looks like."""
    if path.is_dir():
        return NOVA
    return {".csv": CSV, ".yml": GITHUB, ".yaml": GITHUB, ".prompty": PROMPTY}.get(path.suffix.lower(), TEXT)


def read_prompts(path: Path, form: str, reading: Reading) -> list[Prompt]:
    """Return the prompts of a file or folder, each named by itself, else by the file.

    Raises:
        PromptImportError: It cannot be read, or says what no prompt of the catalog can.
        MigrateError: Variables cannot be told, settings make no sense.
    """
    readers: dict[str, Callable[[Path, Reading], list[Prompt]]] = {
        TEXT: _from_text,
        CSV: _from_table,
        NOVA: _from_nova,
        GITHUB: _from_github,
        PROMPTY: _from_prompty,
    }
    try:
        return readers[form](path, reading)
    except (OSError, UnicodeDecodeError) as error:
        raise PromptImportError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def written(prompt: Prompt, form: str, braces: Braces) -> dict[str, str]:
    """Return the files that a prompt is in another format, by their names; variables get the braces of that format.

    ``braces`` says which a text has: double unless they are ``single`` or ``dollar``. Raises `PromptExportError` for
    what the format cannot say.
    """
    if prompt.options or prompt.attachments:
        raise PromptExportError(prompt.place, form, "it has options or attachments")
    writers: dict[str, Callable[[Prompt, Braces], dict[str, str]]] = {
        TEXT: _to_text,
        CSV: _to_table,
        NOVA: _to_nova,
        GITHUB: _to_github,
        PROMPTY: _to_prompty,
    }
    return writers[form](prompt, braces)


def left_out(prompt: Prompt, form: str) -> list[str]:
    """Return the names of the inference settings that a format has no place for."""
    return [] if form in (GITHUB, PROMPTY) else sorted(prompt.inference)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def _from_text(path: Path, reading: Reading) -> list[Prompt]:
    return [prompt_of_turns(_ENDING.sub("", path.name), turns_of_text(_read(path)), reading, str(path))]


def _from_table(path: Path, reading: Reading) -> list[Prompt]:
    table = csv.DictReader(io.StringIO(_read(path), newline=""), strict=True)
    missing = set(_COLUMNS) - set(table.fieldnames or ())
    if missing:
        raise PromptImportError(path, f"needs the columns {' and '.join(_COLUMNS)}; there is no {min(missing)!r}")
    prompts: dict[str, Prompt] = {}
    try:
        for record in table:
            name, text = (record[column] or "" for column in _COLUMNS)
            place = f"{path}:{table.line_num}: {name!r}"
            name = name.strip()
            if not name or name in prompts:
                raise PromptImportError(place, "an earlier row has this prompt_id" if name else "needs a prompt_id")
            prompts[name] = prompt_of_turns(name, turns_of_text(text), reading, place)
    except csv.Error as error:
        raise PromptImportError(f"{path}:{table.line_num}", str(error)) from error
    if not prompts:
        raise PromptImportError(path, "holds no prompt below the names of its columns")
    return list(prompts.values())


def _from_nova(path: Path, reading: Reading) -> list[Prompt]:
    if path.is_dir() and not (path / _USER).is_file():
        raise PromptImportError(path, f"holds no {_USER}, as the folder of Nova's optimizer does")
    turns = [("user", _read(path / _USER))]
    if (path / _SYSTEM).is_file() and (system := _read(path / _SYSTEM)).strip():
        turns.insert(0, ("system", system))
    shots: Any = []
    if (path / _SHOTS).is_file():
        try:
            shots = json.loads(_read(path / _SHOTS))
        except ValueError as error:
            raise PromptImportError(path / _SHOTS, f"is not JSON: {error}") from error
    examples = _shots(shots, reading.doubled, str(path / _SHOTS))
    return [prompt_of_turns(path.resolve().name, turns, reading.doubled, str(path), examples=examples)]


def _shots(found: Any, reading: Reading, place: str) -> tuple[Example, ...]:
    items = found.get("examples", []) if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise PromptImportError(place, "must be a list of input and output")
    for item in items:
        if not isinstance(item, dict) or not {"input", "output"} <= item.keys():
            raise PromptImportError(place, f"must be a list of input and output, not of {item!r}")
    return tuple(Example(**{key: plain_text(str(item[key]), reading, place) for key in _SHOT_KEYS}) for item in items)


_SHOT_KEYS = ("input", "output")


def _from_github(path: Path, reading: Reading) -> list[Prompt]:
    from pytest_llm_migrate.prompts.yaml_form import YamlFaultError, parse_yaml  # noqa: PLC0415 - yaml loads with it

    try:
        record = parse_yaml(_read(path)).values
    except YamlFaultError as error:
        raise PromptImportError(f"{path}{error.spot}", f"not YAML: {error.problem}") from error
    messages = record.get("messages") if isinstance(record, dict) else None
    if not isinstance(messages, list) or not all(map(_is_message, messages)):
        raise PromptImportError(path, "needs the key 'messages': a list of role (system, user, assistant) and content")
    settings = record.get("modelParameters") or {}
    for name in settings:
        if name not in _PARAMETERS:
            raise UnknownNameError("key", str(name), _PARAMETERS, where=f"{path}: modelParameters")
    return [
        prompt_of_turns(
            str(record.get("name") or _ENDING.sub("", path.name)),
            [(item["role"], item["content"]) for item in messages],
            reading.doubled,
            str(path),
            inference={_PARAMETERS[name]: value for name, value in settings.items()},
        )
    ]


def _from_prompty(path: Path, reading: Reading) -> list[Prompt]:
    from pytest_llm_migrate.prompts.prompty import prompty_prompt  # noqa: PLC0415 - yaml loads with it

    return [prompty_prompt(_read(path), path, reading.doubled)]


def _is_message(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("role") in ("system", "user", "assistant")
        and isinstance(item.get("content"), str)
    )


def _templates(prompt: Prompt, form: str, braces: Braces) -> tuple[str | None, str]:
    system, user = (text and to_template(text, prompt.place, form, braces) for text in (prompt.system, prompt.user))
    return system, user or ""


def _turns(prompt: Prompt, form: str, braces: Braces) -> list[tuple[str, str]]:
    """Return the prompt's turns with examples as templates, so that their braces are read back as text."""
    system, user = _templates(prompt, form, braces)
    pairs = [
        (role, _as_text(text, prompt, form, braces))
        for example in prompt.examples
        for role, text in (("user", example.input), ("assistant", example.output))
    ]
    return [*([("system", system)] if system else []), *pairs, ("user", user)]


def _as_text(text: str, prompt: Prompt, form: str, braces: Braces) -> str:
    if "{{" in text or (braces != "double" and re.search(r"[{}]", text)):
        raise PromptExportError(prompt.place, form, "an example holds braces that would be read as a variable's")
    return text


def _to_text(prompt: Prompt, braces: Braces) -> dict[str, str]:
    turns = _turns(prompt, TEXT, braces)
    if len(turns) == 1:
        return {f"{prompt.name}.txt": turns[0][1]}
    names = {"user": "Human: ", "assistant": "Assistant: ", "system": ""}
    text = "\n\n".join(f"{names[role]}{said}" for role, said in turns)
    if turns_of_text(text) != turns:
        raise PromptExportError(prompt.place, TEXT, "its texts begin or end with blanks, or hold roles of their own")
    return {f"{prompt.name}.txt": text + "\n\nAssistant:"}


def _to_table(prompt: Prompt, braces: Braces) -> dict[str, str]:
    (text,) = _to_text(prompt, braces).values()
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_COLUMNS, (prompt.name, text)])
    return {f"{prompt.name}.csv": out.getvalue()}


def _to_nova(prompt: Prompt, _: Braces) -> dict[str, str]:
    system, user = _templates(prompt, NOVA, "double")
    texts = [_as_text(text, prompt, NOVA, "double") for item in prompt.examples for text in (item.input, item.output)]
    shots = [{"input": asked, "output": said} for asked, said in zip(texts[::2], texts[1::2], strict=True)]
    return {_SYSTEM: system or "", _USER: user, _SHOTS: json.dumps(shots, indent=2, ensure_ascii=False) + "\n"}


def _to_github(prompt: Prompt, _: Braces) -> dict[str, str]:
    from pytest_llm_migrate.prompts.yaml_form import write_yaml  # noqa: PLC0415 - yaml loads with it

    known: Mapping[str, str] = {ours: theirs for theirs, ours in _PARAMETERS.items()}
    unknown = prompt.inference.keys() - known
    if unknown:
        raise PromptExportError(prompt.place, GITHUB, f"it has no parameter for {min(unknown)!r}")
    record = {
        "name": prompt.name,
        "model": prompt.model,
        "modelParameters": {known[name]: value for name, value in prompt.inference.items()},
        "messages": [{"role": role, "content": said} for role, said in _turns(prompt, GITHUB, "double")],
    }
    return {f"{prompt.name}.prompt.yml": write_yaml({key: value for key, value in record.items() if value})}


def _to_prompty(prompt: Prompt, _: Braces) -> dict[str, str]:
    from pytest_llm_migrate.prompts.prompty import prompty_text  # noqa: PLC0415 - yaml loads with it

    return {f"{prompt.name}.prompty": prompty_text(prompt, _turns(prompt, PROMPTY, "double"), PROMPTY)}
