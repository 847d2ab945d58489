"""The YAML of a prompt file: text to plain values with their lines, and back with long texts as blocks."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader as FastLoader
    from yaml.emitter import ScalarAnalysis
else:
    FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BLOCK_STYLES = ("|", ">")
_PRINTABLE = re.compile(r"[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_TAG_FAULTS = (AttributeError, RecursionError, ValueError)  # of values that belie their tag, and of deep nesting
_TEXT_TAG = "tag:yaml.org,2002:str"
_TIME_TAG = "tag:yaml.org,2002:timestamp"


class ParsedYaml(NamedTuple):
    """The values of a YAML text, and for each key at the top the line on which its value begins, from 1."""

    values: Any
    lines: dict[str, int]


class YamlFaultError(Exception):
    """Raised for a text that is not YAML; ``spot`` is ``:line:column``, or nothing where that is unknown."""

    def __init__(self, spot: str, problem: str) -> None:
        self.spot, self.problem = spot, problem
        super().__init__(f"{spot}: {problem}")


def parse_yaml(text: str) -> ParsedYaml:
    """Return the values of one YAML document; raises `YamlFaultError`.

    A text written as a block (``|`` or ``>``) loses one trailing newline, which the block's own layout adds;
    a text in quotes is exact. Dates stay texts, and a key given twice is a fault.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        values = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _fault(error) from error
    except _TAG_FAULTS as error:
        raise YamlFaultError("", f"{type(error).__name__}: {error}") from error
    return ParsedYaml(values, dict(_lines(node)))


def write_yaml(values: dict[str, Any]) -> str:
    """Return YAML from which `parse_yaml` gives the same values; texts of several lines are blocks."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)


class _Loader(FastLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's signature
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        seen = set()
        for key in [key for key, _ in pairs if isinstance(key, yaml.ScalarNode)]:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    def analyze_scalar(self, scalar: str) -> ScalarAnalysis:
        # The library refuses blocks for tabs and trailing blanks, which a block keeps all the same.
        analysis = super().analyze_scalar(scalar)
        analysis.allow_block = analysis.allow_block or _fits_block(scalar)
        return analysis

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def _text_node(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    return text.removesuffix("\n") if node.style in _BLOCK_STYLES else text


def _text_as_block(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    if _fits_block(text):
        return dumper.represent_scalar(_TEXT_TAG, f"{text}\n", style="|")
    # Left to itself, the library writes some Unicode line breaks so that they are read back as blanks.
    return dumper.represent_scalar(_TEXT_TAG, text, style=None if _PRINTABLE.fullmatch(text) else '"')


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIME_TAG]
    for first, resolvers in FastLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(_TEXT_TAG, _text_node)
_Dumper.add_representer(str, _text_as_block)


def _fits_block(text: str) -> bool:
    starts_well = not text.startswith("\t")  # which some readers take for a wrong indentation
    return "\n" in text and starts_well and _PRINTABLE.fullmatch(text) is not None


def _lines(node: Any) -> list[tuple[str, int]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(key.value, _first_line(value)) for key, value in node.value]


def _first_line(node: yaml.Node) -> int:
    is_block = isinstance(node, yaml.ScalarNode) and node.style in _BLOCK_STYLES
    return int(node.start_mark.line) + (2 if is_block else 1)


def _fault(error: yaml.YAMLError) -> YamlFaultError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return YamlFaultError("", str(error).splitlines()[0])
    return YamlFaultError(f":{mark.line + 1}:{mark.column + 1}", getattr(error, "problem", None) or "not YAML")
