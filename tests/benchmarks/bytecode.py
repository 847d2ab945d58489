"""Processes that find modules compiled, as those of an installed package are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def compiled_in(folder: Path, environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Return the environment of processes that keep what they compile in a folder: the second one finds it there."""
    kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
