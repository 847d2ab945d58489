"""The import table of the README, held against the code."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "pytest_llm_migrate"
NAME = PACKAGE.name

GROUND = {"errors", "domain"}
LEVEL = {"answers", "datasets", "metrics", "models", "pricing", "prompts", "report", "stats"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "domain": {"errors"},
    **dict.fromkeys(LEVEL, GROUND),
    "comparison": GROUND | {"stats"},
    "migration": GROUND | (LEVEL - {"report"}) | {"comparison"},
    "plugin": GROUND | LEVEL | {"comparison", "migration"},
    "__main__": {"errors", "models"},
    "__init__": GROUND | LEVEL | {"comparison"},
}
OWNERS: dict[str, tuple[str, ...]] = {
    "pytest": ("plugin",),
    "pluggy": ("plugin",),
    "boto3": ("models",),
    "botocore": ("models",),
    "urllib3": ("models",),
    "pandas": ("datasets",),
    "pyarrow": ("datasets",),
    "openpyxl": ("datasets",),
    "numpy": ("stats",),
    "scipy": ("stats",),
    "jinja2": ("prompts", "report"),
    "yaml": ("prompts", "pricing", "models"),
    "genai_prices": ("pricing",),
    "xllamacpp": ("models",),
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room that a module belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_in_the_table() -> None:
    """A new room is given its place before it is built."""
    assert {room_of(path) for path in MODULES} <= set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_flow_one_way(path: Path) -> None:
    """A module imports only rooms below its own, and third parties only where they are owned."""
    room = room_of(path)
    for name in imported(path):
        first, *rest = name.split(".")
        if first == NAME and rest:
            assert rest[0] == room or rest[0] in ROOMS[room], f"{room} may not import {rest[0]} ({name})"
        assert room in OWNERS.get(first, (room,)), f"{room} may not import {first}: it belongs to {OWNERS[first]}"
