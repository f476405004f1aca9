"""What tells one version of a file from every other, by what `stat` says. The one place: all that keep something ask here."""

from __future__ import annotations

import os
import time

__all__ = ["RACY", "TICK", "Fingerprint", "fingerprint", "is_young", "may_change_unseen"]

RACY = 2_000_000_000  # nanoseconds; the coarsest clock of a file system (FAT), within which a second change keeps the same mtime

# Nanoseconds. The clock that stamps files may tick only a hundred times a second: what is written again in the tick in
# which it was read has the same times. Twice that, and nothing is concluded from the times of such a file.
TICK = 20_000_000

# Device, inode, size, and times of last change of bytes and of inode in nanoseconds: equal for one version of a file.
# A copy that keeps the time of change of the bytes changes that of the inode, which nobody can set.
Fingerprint = tuple[int, int, int, int, int]


def fingerprint(status: os.stat_result) -> Fingerprint:
    """The fingerprint of what *status* was said of."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_young(version: Fingerprint, ticks: int = 1) -> bool:
    """Was the file changed so recently, in the last TICK or *ticks* of them, that a further change may not show?"""
    return abs(time.time_ns() - version[4]) < TICK * ticks


def may_change_unseen(version: Fingerprint) -> bool:
    """Were its bytes changed so recently that a clock of any file system may give a further change the same time?"""
    return abs(time.time_ns() - version[3]) <= RACY or is_young(version)
