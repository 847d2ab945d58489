"""The import table of the README, held against the code."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "pytest_llm_migrate"
NAME = PACKAGE.name

GROUND = {"errors", "domain"}
LEVEL = {"answers", "datasets", "metrics", "models", "pricing", "prompts", "report", "signoff", "stats", "strategies"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "domain": {"errors"},
    **dict.fromkeys(LEVEL, GROUND),
    "comparison": GROUND | {"stats"},
    "migration": GROUND | (LEVEL - {"report", "signoff"}) | {"comparison"},
    "plugin": GROUND | LEVEL | {"comparison", "migration"},
    "commands": GROUND | LEVEL,
    "__main__": {"errors", "models", "commands"},
    "__init__": GROUND | LEVEL | {"comparison"},
}
OWNERS: dict[str, tuple[str, ...]] = {
    "pytest": ("plugin",),
    "pluggy": ("plugin",),
    "cryptography": ("signoff",),
    "boto3": ("models", "strategies"),
    "botocore": ("models", "strategies"),
    "urllib3": ("models", "strategies"),
    "openai": ("models",),
    "httpx2": ("models",),
    "deepeval": ("metrics/deepeval.py", "metrics/deepeval_judge.py"),
    "pandas": ("datasets",),
    "pyarrow": ("datasets",),
    "openpyxl": ("datasets",),
    "jsonschema": ("metrics", "models/local"),
    "rapidfuzz": ("metrics",),
    "referencing": ("metrics", "models/local"),
    "regex": ("metrics",),
    "snowballstemmer": ("metrics",),
    "profanity_check": ("metrics/monitoring",),
    "numpy": ("stats", "metrics/runs.py", "metrics/bert_score.py", "models/local/minilm.py"),
    "onnxruntime": ("models/local",),
    "tokenizers": ("models/local",),
    "scipy": ("stats",),
    "jinja2": ("prompts", "report"),
    "yaml": ("prompts", "pricing", "models/endpoint"),
    "genai_prices": ("pricing",),
    "xllamacpp": ("models/local",),
    "dspy": ("strategies",),
}
"""Folders that alone may import a library."""
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room that a module belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of all that a module imports, inside functions and for annotations too."""
    package = [NAME, *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            yield from (".".join([*above, *filter(None, [node.module]), alias.name]) for alias in node.names)


def forbidden(path: Path, name: str) -> str:
    """Return why a module may not import a name, or nothing where it may."""
    room, place = room_of(path), path.relative_to(PACKAGE)
    first, _, rest = name.partition(".")
    wanted = rest.partition(".")[0]
    if first == NAME and wanted not in {"", room, *ROOMS[room]}:
        return f"{place} imports {name}: the room {room} may not import {wanted}"
    owners = OWNERS.get(first)
    if owners and not any(place.is_relative_to(owner) for owner in owners):
        return f"{place} imports {name}: only {' and '.join(owners)} may"
    return ""


def test_every_room_is_in_the_table() -> None:
    """A new room is given its place before it is built."""
    assert {room_of(path) for path in MODULES} <= set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_flow_one_way(path: Path) -> None:
    """A module imports only rooms below its own, and libraries only where they are owned."""
    assert list(filter(None, (forbidden(path, name) for name in imported(path)))) == []


@pytest.mark.parametrize(
    ("place", "name", "said"),
    [
        ("domain/row.py", f"{NAME}.models.retry.Retrying", "the room domain may not import models"),
        ("report/page.py", f"{NAME}.stats.power", "the room report may not import stats"),
        ("models/bedrock.py", "xllamacpp", "only models/local may"),
        ("migration/build.py", "pytest.fixture", "only plugin may"),
        ("errors/report.py", f"{NAME}.domain.Answer", "the room errors may not import domain"),
    ],
)
def test_what_the_table_forbids_is_named(place: str, name: str, said: str) -> None:
    """The message names the file, the import, and the room or the owner."""
    assert forbidden(PACKAGE / place, name) == f"{place} imports {name}: {said}"


@pytest.mark.parametrize("room", ["", *sorted(each.parent.name for each in PACKAGE.glob("*/__init__.py"))])
def test_what_a_room_offers_is_there(room: str) -> None:
    """Every name that a room says it has can be imported from it, also where it is loaded at first use."""
    module = import_module(f"{NAME}.{room}".rstrip("."))
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing_of_the_kind'"):
        _ = module.nothing_of_the_kind
