"""How many times faster: a peer and us in turn in one process, CPU time, the median of the ratios."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

ROUNDS = 21  # odd, so that the median is a ratio that was measured
SHARE = 0.02  # seconds of CPU a side gets in a round: more than two hundred ticks of a 10 kHz clock


def compare(
    name: str,
    peer: Callable[[], object],
    ours: Callable[[], object],
    aim: float | None,
    rounds: int = ROUNDS,
    calls: int = 1,
) -> float:
    """
    Print, and return, how many times as long *peer* takes as *ours*. One call of either does the same work,
    *calls* pieces of it (which only the printed times are divided by). Without an *aim* the ratio is only told.
    """
    peer(), ours()
    peer_repeats, our_repeats = _repeats(peer), _repeats(ours)
    ratios, peer_times, our_times = [], [], []
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            # Who goes first alternates: a clock that speeds up or slows down favours nobody.
            if number % 2:
                ours_took, peer_took = _time(ours, our_repeats), _time(peer, peer_repeats)
            else:
                peer_took, ours_took = _time(peer, peer_repeats), _time(ours, our_repeats)
            ratios.append(peer_took / ours_took)
            peer_times.append(peer_took / calls)
            our_times.append(ours_took / calls)
    finally:
        if collecting:
            gc.enable()
    ratio = statistics.median(ratios)
    peer_time, our_time = (statistics.median(times) * 1e6 for times in (peer_times, our_times))
    judged = "" if aim is None else f"   aim {aim:g} x   {'met' if ratio >= aim else 'NOT MET'}"
    print(f"{name:<44} peer {peer_time:10.3f} µs   ours {our_time:8.3f} µs   {ratio:8.1f} x{judged}", flush=True)
    return ratio


def _repeats(work: Callable[[], object]) -> int:
    """How often *work* fits into a side's share of a round."""
    repeats = 1
    while True:
        took = _time(work, repeats) * repeats
        if took >= SHARE / 4:
            return max(1, round(repeats * SHARE / took))
        repeats *= 4


def _time(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds that one call of *work* takes."""
    turns = range(repeats)
    start = time.process_time()
    for _ in turns:
        work()
    return (time.process_time() - start) / repeats
