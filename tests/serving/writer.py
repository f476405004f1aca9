"""
Changes a file in place, over and over, and writes down when each change was under way: run by test_server_storms.

The system may stop a writer in the middle of its one call, for as long as it likes. The file is half of two versions then,
keeps its times, and nobody who reads it can tell. What was written down tells such a half from one that a server has made.
"""

import os
import select
import sys
import time
from bisect import bisect_left
from pathlib import Path
from typing import NamedTuple

from assetzcml.resolving.resolver import FRESH
from assetzcml.serving.files import QUIET

GROWN = b"grown" * 200
PAUSES = (0.002, 0.03, 0.005, 0.1)  # seconds between two changes: some find the one before young, some settled or kept


class Change(NamedTuple):
    """One step of the writer: the file *before* and *after* it, and how it gets from one to the other."""

    before: bytes
    after: bytes
    kind: str


def changes(size):
    """The steps, which are done in turn; the file begins as the second version of them."""
    first, second = b"a" * size, b"b" * size
    return [
        Change(second, first, "overwritten"),
        Change(first, second, "overwritten"),
        Change(second, second + GROWN, "longer"),
        Change(second + GROWN, second + GROWN, "overwritten"),
        Change(second + GROWN, second[: size // 2], "cut"),
        Change(second[: size // 2], second, "written anew"),
    ]


def apply(change, path):
    """In one call for the bytes."""
    descriptor = os.open(path, os.O_WRONLY | (os.O_TRUNC if change.kind == "written anew" else 0))
    try:
        if change.kind == "longer":
            os.pwrite(descriptor, change.after[len(change.before) :], len(change.before))
        elif change.kind == "cut":
            os.ftruncate(descriptor, len(change.after))
        else:
            os.pwrite(descriptor, change.after, 0)
    finally:
        os.close(descriptor)


class Call(NamedTuple):
    """A change that was made from *begun* to *ended*, moments of `time.monotonic`."""

    change: Change
    begun: float
    ended: float


def calls(log, size):
    """What a writer has written down."""
    steps = changes(size)
    for line in Path(log).read_text().splitlines():
        number, begun, ended = line.split()
        yield Call(steps[int(number) % len(steps)], float(begun), float(ended))


def is_whole(body, size):
    """Is it the file as it was between two changes, or after it was emptied?"""
    return body == b"" or any(body == change.after for change in changes(size))


def was_in_the_file(body, calls, since, until):
    """
    Has a writer left *body* in the file for so long that who asks from *since* to *until* may be sent it as a version?

    A file that grows has had each of its beginnings. One that is overwritten has been half of each version only while the
    writer rested in its call, for longer than the server watches a file that has just changed.
    """
    for change, begun, ended in calls:
        if begun <= until and ended >= since - FRESH:
            grows = change.kind in ("longer", "written anew") and change.after.startswith(body)
            rested = change.kind == "overwritten" and ended - begun >= QUIET and _is_half(body, change)
            if rested or (grows and (change.kind == "written anew" or len(body) >= len(change.before))):
                return True
    return False


def _is_half(body, change):
    """Are its first bytes those after the change, and all that follow those before it?"""
    if len(body) != len(change.before):
        return False
    ends = range(1, len(body) + 1)
    shared = bisect_left(ends, True, key=lambda end: body[:end] != change.after[:end])
    return body[shared:] == change.before[shared:]


def main(path, log, size):
    steps, lines, number = changes(size), [], 0
    while not select.select([sys.stdin], [], [], PAUSES[number % len(PAUSES)])[0]:  # until that is closed
        begun = time.monotonic()
        apply(steps[number % len(steps)], path)
        lines.append(f"{number} {begun!r} {time.monotonic()!r}\n")
        number += 1
    Path(log).write_text("".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
