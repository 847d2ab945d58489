"""The event loop of asynchronous metrics: one a process, in a thread of its own, so that clients stay usable."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

_STARTING = threading.Lock()


def finished(awaitables: Sequence[Awaitable[Any]]) -> list[Any]:
    """Return what several awaitables come to, waited for together; the exception in the place of one that raised."""
    with _STARTING:
        loop = _loop()
    return asyncio.run_coroutine_threadsafe(_together(awaitables), loop).result()


async def _together(awaitables: Sequence[Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*awaitables, return_exceptions=True)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="llm-migrate-metrics", daemon=True).start()
    return loop
