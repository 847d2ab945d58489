"""What the user is told while something takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MEGABYTE = 1_000_000


class DownloadProgress:
    """Says how far a download is, a line a quarter; safe to call at any rate."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._said: dict[str, int] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take the bytes downloaded so far and the bytes in all."""
        quarter = 4 * done // max(total, 1)
        if quarter > self._said.get(name, -1):
            self._said[name] = quarter
            self._tell(f"\nfetching the weights of {name}: {done // _MEGABYTE} of {total // _MEGABYTE} MB")
