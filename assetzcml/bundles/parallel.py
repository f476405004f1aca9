"""Many builds: one after the other, or several at a time where that pays."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from assetzcml.bundles.building import build_outputs
from assetzcml.bundles.bundle import Built, Bundle
from assetzcml.bundles.context import Context
from assetzcml.bundles.ledger import BuildLedger
from assetzcml.errors import ConfigurationError

__all__ = ["outcomes"]

LONG_WAIT = 0.05  # seconds: a program takes more, and a disk that syncs three files takes less


def outcomes(
    work: list[tuple[Bundle, Context]], ledger: BuildLedger, jobs: int | None, force: bool
) -> Iterator[tuple[Bundle, Built | ConfigurationError]]:
    """What becomes of each bundle, in order."""

    def outcome(task: tuple[Bundle, Context]) -> Built | ConfigurationError:
        return next(build_outputs([task], ledger, force))

    def waiting(work: list[tuple[Bundle, Context]]) -> Iterator[tuple[Bundle, Context]]:
        began, worked, synced = 0.0, 0.0, 0.0
        for task in work:
            if time.perf_counter() - began > LONG_WAIT / 2:  # not for each: to ask for the time worked costs a moment
                began, worked, synced = time.perf_counter(), time.thread_time(), ledger.synced
            taken.append(task)
            yield task
            # Threads gain what is spent waiting. On Python's own work they would only take turns, and lose by it.
            took = time.perf_counter() - began - (ledger.synced - synced)
            if took > LONG_WAIT and took - (time.thread_time() - worked) > LONG_WAIT:
                return

    taken: list[tuple[Bundle, Context]] = []
    if jobs is None or jobs == 1:  # one at a time needs no thread
        first = build_outputs(work if jobs == 1 else waiting(work), ledger, force)
        yield from zip((bundle for bundle, _ in work), first, strict=False)
    if jobs == 1:
        return
    rest = work[len(taken) :]
    with ThreadPoolExecutor(max(1, jobs or _processors()), thread_name_prefix="assetzcml-build") as pool:
        yield from zip((bundle for bundle, _ in rest), pool.map(outcome, rest), strict=True)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
