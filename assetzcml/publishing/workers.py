"""
Much work of one kind on all processors: by processes that are copies of this one, where the system can make them safely.

A copy needs nothing sent but the answers, so that what costs fifty microseconds is worth it. Elsewhere, and for little work,
all of it is done here; the answers are the same, and in the same order.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, TypeVar

__all__ = ["spread"]

T = TypeVar("T")
R = TypeVar("R")

WORTH = 500  # tasks; fewer are done before a copy has begun
AT_ONCE = 64  # tasks whose answers are sent together
_PIPE = 1 << 20  # bytes that wait for who reads them


def spread(work: Callable[[T], R], tasks: Sequence[T], jobs: int) -> Iterator[R]:
    """
    What *work* answers to each of *tasks*, in their order. It may be called in copies of this process, of which nothing comes
    back but the answers, which can be pickled; what it raises is raised here.

    >>> list(spread(len, ["a", "bc"], jobs=2))
    [1, 2]
    """
    if jobs < 2 or len(tasks) < WORTH or not _may_copy():
        yield from map(work, tasks)
        return
    chunks = [tasks[at : at + AT_ONCE] for at in range(0, len(tasks), AT_ONCE)]
    workers: list[tuple[int, BinaryIO]] = []
    try:
        for number in range(min(jobs, len(chunks))):
            workers.append(_begun(work, chunks[number::jobs], workers))
        for number in range(len(chunks)):
            yield from _answers(workers[number % jobs][1])
    finally:
        for _, stream in workers:
            stream.close()  # who still works ends at the next answer
        for process, _ in workers:
            os.waitpid(process, 0)


def _may_copy() -> bool:
    """A copy has one thread: what another one holds, a lock for instance, is held in the copy for ever."""
    if sys.platform != "linux":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _begun(work: Callable[[Any], Any], chunks: list[Any], before: list[tuple[int, BinaryIO]]) -> tuple[int, BinaryIO]:
    """A copy of this process that works, and what it tells."""
    import fcntl  # there is none on Windows

    reading, writing = os.pipe()
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
    try:
        process = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if process == 0:
        os.close(reading)
        _work(work, chunks, writing)
    os.close(writing)
    return process, open(reading, "rb")


def _work(work: Callable[[Any], Any], chunks: list[Any], writing: int) -> None:
    """All that a copy does. Nothing of what this process would do at its end is done twice."""
    status = 1
    try:
        gc.disable()
        with open(writing, "wb") as stream:
            for chunk in chunks:
                try:
                    said: tuple[bool, Any] = (True, list(map(work, chunk)))
                except Exception as error:
                    said = (False, error)
                pickle.dump(said, stream, pickle.HIGHEST_PROTOCOL)
                stream.flush()
        status = 0
    finally:
        os._exit(status)


def _answers(stream: BinaryIO) -> list[Any]:
    try:
        fine, said = pickle.load(stream)
    except EOFError:
        raise ChildProcessError("a process that read assets has been ended") from None
    if not fine:
        raise said
    answers: list[Any] = said
    return answers
