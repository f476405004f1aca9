"""
Threads and companions for an event loop, whichever it is. Nothing here knows HTTP.

anyio does it under every loop, where it is installed; asyncio does it itself.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from assetzcml.errors import MissingExtra

try:
    import anyio
    import anyio.lowlevel
    import anyio.to_thread
except ModuleNotFoundError as error:
    if error.name != "anyio":
        raise
    anyio = None  # type: ignore[assignment]

__all__ = ["Threads", "run_beside"]

T = TypeVar("T")


class Threads:
    """
    At most *most* threads that work for an event loop; who wants one more waits.

    What blocks for ever holds threads of these and no others.
    """

    def __init__(self, most: int):
        self.most = most
        self._executor: ThreadPoolExecutor | None = None
        self._limiter: Any = None if anyio is None else anyio.lowlevel.RunVar(f"assetzcml threads {id(self)}")

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """
        What *work* gives in a thread, with the context variables of the caller.

        Raises MissingExtra under a loop that is not asyncio's, without anyio.
        """
        if anyio is not None:
            result: T = await anyio.to_thread.run_sync(work, *arguments, limiter=self._of_this_loop())
            return result
        _needs_asyncio()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self.most, "assetzcml")
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._executor, context.run, work, *arguments)

    def _of_this_loop(self) -> Any:
        try:
            return self._limiter.get()
        except LookupError:
            limiter = anyio.CapacityLimiter(self.most)
            self._limiter.set(limiter)
            return limiter


def _is_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _needs_asyncio() -> None:
    if not _is_asyncio():
        name = "trio" if "trio" in sys.modules else "an event loop that is not asyncio's"
        raise MissingExtra(f'ASGI under {name} needs anyio, which is not installed; pip install "assetzcml[asgi]"')


@asynccontextmanager
async def run_beside(companion: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """
    Run *companion* beside what is in the `async with`, and end it with that.

    An error of either is raised as it is, not in a group.
    """
    if _is_asyncio():
        task = asyncio.ensure_future(companion())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        return
    _needs_anyio()
    failures: list[Exception] = []

    async def guarded() -> None:
        try:
            await companion()
        except Exception as failure:
            failures.append(failure)

    async with anyio.create_task_group() as group:
        group.start_soon(guarded)
        try:
            yield
        except Exception as failure:
            failures.insert(0, failure)
        finally:
            group.cancel_scope.cancel()
    if failures:
        raise failures[0]


def _needs_anyio() -> None:
    if anyio is None:
        _needs_asyncio()
