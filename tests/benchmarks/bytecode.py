"""Processes that find modules compiled, as those of an installed package are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def compiled_in(folder: Path) -> Mapping[str, str]:
    """Return an environment whose processes keep what they compile in a folder: from the second one on it is there."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
