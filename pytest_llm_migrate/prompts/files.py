"""Prompt files: reading and writing ``*.prompt.yaml``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Example, Provenance
from pytest_llm_migrate.errors import PromptFileError, UnknownNameError
from pytest_llm_migrate.prompts.prompt import Prompt

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain import PromptText
    from pytest_llm_migrate.prompts.yaml_form import ParsedYaml

SUFFIX = ".prompt.yaml"

_MOST = sys.float_info.max
_KEYS = ("name", "model", "system", "user", "examples", "inference", "options", "attachments", "provenance")
_EXAMPLE_KEYS = tuple(item.name for item in fields(Example))
_SCORES = ("dev_score", "source_score", "service_score", "service_source_score")
_MEASURED = {**dict.fromkeys(_SCORES, 1.0), **dict.fromkeys(("input_tokens", "output_tokens", "usd"), _MOST)}
"""What a provenance says in numbers, and how large each can be."""
_PROVENANCE_KEYS = tuple(item.name for item in fields(Provenance))
_WORDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a mapping"}


def load_prompt(path: Path) -> Prompt:
    """Return the prompt that a file holds; its folder gives the name where the file has none.

    Of a text written as a YAML block (``|``) the last newline is the block's, not the prompt's. Raises
    `PromptFileError` for what is not a prompt file, `UnknownNameError` for a key that none has,
    `InferenceSettingError` for settings no model takes, `PromptOptionError` for options and attachments that
    Bedrock does not know, `TemplateFaultError` for a template's syntax.
    """
    parsed = _parsed(path)
    record = _mapping(parsed.values, path, "the file", _KEYS)
    if not isinstance(record.get("user"), str) or not record["user"].strip():
        raise PromptFileError(path, "a prompt needs the key 'user': the text of the last user turn")
    prompt = Prompt(
        name=_text(record, "name", path) or path.resolve().parent.name,
        model=_text(record, "model", path),
        system=_text(record, "system", path),
        user=record["user"],
        examples=_examples(record.get("examples"), path),
        inference=_given(record, "inference", {}),
        options=_given(record, "options", {}),
        attachments=_given(record, "attachments", ()),
        provenance=_provenance(record.get("provenance"), path),
        path=path,
    )
    _check_templates(prompt, path, parsed.lines)
    return prompt


def save_prompt(path: Path, prompt: PromptText) -> None:
    """Write a prompt file whole or not at all, with its folder; raises `PromptFileError`.

    `load_prompt` gives the same prompt back.
    """
    content = file_text(prompt).encode("utf-8")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise PromptFileError(path, f"cannot be written: {error.strerror or error}") from error


def file_text(prompt: PromptText) -> str:
    """Return what `save_prompt` writes, for a diff; raises `PromptFileError` for half of a surrogate pair."""
    from pytest_llm_migrate.prompts.yaml_form import write_yaml  # noqa: PLC0415 - yaml loads with it

    record = {key: value for key, value in _record(prompt).items() if value not in (None, [], {})}
    try:
        json.dumps(record, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        problem = f"holds {error.object[error.start]!r}, half of a surrogate pair, which no UTF-8 file can hold"
        raise PromptFileError(f"prompt {prompt.name!r}", problem) from error
    return write_yaml(record)


def _record(prompt: PromptText) -> dict[str, Any]:
    provenance = asdict(prompt.provenance) if prompt.provenance else {}
    return {
        "name": prompt.name,
        "model": prompt.model,
        "system": prompt.system,
        "user": prompt.user,
        "examples": [asdict(example) for example in prompt.examples],
        "inference": dict(prompt.inference),
        "options": dict(prompt.options),
        "attachments": [item.to_record() for item in prompt.attachments],
        "provenance": {key: value for key, value in provenance.items() if value is not None},
    }


def _parsed(path: Path) -> ParsedYaml:
    from pytest_llm_migrate.prompts.yaml_form import YamlFaultError, parse_yaml  # noqa: PLC0415 - yaml loads with it

    try:
        return parse_yaml(path.read_text(encoding="utf-8-sig"))
    except YamlFaultError as error:
        raise PromptFileError(f"{path}{error.spot}", f"not YAML: {error.problem}") from error
    except FileNotFoundError as error:
        known = [item.name for item in path.parent.glob(f"*{SUFFIX}")]
        raise UnknownNameError("prompt file", path.name, known, where=str(path.parent)) from error
    except UnicodeDecodeError as error:
        raise PromptFileError(path, f"not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise PromptFileError(path, f"cannot be read: {error.strerror or error}") from error


def _mapping(value: Any, path: Path, where: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong_type(path, where, "a mapping", value)
    for key in value:
        if key not in keys:
            raise UnknownNameError("key", str(key), keys, where=f"{path}: {where}")
    return value


def _given(record: Mapping[str, Any], key: str, default: Any) -> Any:
    value = record.get(key)
    return default if value is None else value


def _text(record: Mapping[str, Any], key: str, path: Path, where: str = "") -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise _wrong_type(path, f"{where}{key}", "text (put it in quotes)", value)
    return value


def _examples(value: Any, path: Path) -> tuple[Example, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong_type(path, "examples", "a list of input and output", value)
    return tuple(_example(item, path, f"examples[{index}]") for index, item in enumerate(value))


def _example(value: Any, path: Path, where: str) -> Example:
    record = _mapping(value, path, where, _EXAMPLE_KEYS)
    texts = {key: _text(record, key, path, f"{where}.") for key in _EXAMPLE_KEYS}
    for key, text in texts.items():
        if text is None:
            raise PromptFileError(path, f"{where} needs the key {key!r}")
    return Example(**{key: text or "" for key, text in texts.items()})


def _provenance(value: Any, path: Path) -> Provenance | None:
    if value is None:
        return None
    record = _mapping(value, path, "provenance", _PROVENANCE_KEYS)
    rows = record.get("dev_rows")
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 1):
        raise _wrong_type(path, "provenance.dev_rows", "a whole number of 1 or more", rows)
    known: dict[str, Any] = {key: _number(record.get(key), path, key) for key in _MEASURED}
    known |= {key: _text(record, key, path, "provenance.") for key in record if key not in {*known, "dev_rows"}}
    return Provenance(**known, dev_rows=rows)


def _number(value: Any, path: Path, key: str) -> float | None:
    if value is None:
        return None
    most = _MEASURED[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        wanted = "a number from 0 to 1" if most == 1 else "a number of 0 or more"
        raise _wrong_type(path, f"provenance.{key}", wanted, value)
    return float(value)


def _check_templates(prompt: Prompt, path: Path, lines: dict[str, int]) -> None:
    from pytest_llm_migrate.prompts.render import compiled  # noqa: PLC0415 - jinja2 loads with it

    for key, text in (("system", prompt.system), ("user", prompt.user)):
        if text is not None:
            compiled(text, str(path), lines[key])
    _ = prompt.variables  # attachments are templates, too


def _wrong_type(path: Path, where: str, wanted: str, value: Any) -> PromptFileError:
    given = "nothing" if value is None else _WORDS.get(type(value), type(value).__name__)
    return PromptFileError(path, f"{where} must be {wanted}, not {given}")
