"""Bundles against webassets: URLs with auto_build on and off (CPU time), and a build of 200 files (wall time).

Both have what they have by default: hash versions, a manifest, a cache. Ours are on the disk when the build returns, theirs
are not: with TMPDIR=/dev/shm the two do the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import rcssmin
import webassets
import webassets.filter
from ratio import compare

from assetzcml.bundles import Bundle, Environment, Filter

FILES = 200
IN_A_BUNDLE = 10
LISTED = 50  # files of the bundle whose URLs are asked for
RULES = 40  # of a file: 2.5 kB, the median of the style sheets of a Bootstrap theme's parts
ROUNDS = 9


class Minified(Filter):
    """The same work for both: rcssmin on each file."""

    name = "minified"

    def input(self, _in, out, **kw):
        out.write(rcssmin.cssmin(_in.read()))


class PeerMinified(webassets.filter.Filter):
    name = "minified"

    def input(self, _in, out, **kw):
        out.write(rcssmin.cssmin(_in.read()))


def write_sources(directory: str) -> list[str]:
    names = []
    for number in range(FILES):
        rules = (
            f".part{number} .item-{rule} {{\n  margin: 0 {rule}px;\n  color: #{rule:06x};\n}}\n"
            for rule in range(RULES)
        )
        Path(directory, f"part{number}.css").write_text("".join(rules))
        os.utime(Path(directory, f"part{number}.css"), (1700000000, 1700000000))
        names.append(f"part{number}.css")
    return names


def urls(directory: str, names: list[str]) -> None:
    for auto_build, aim in ((True, 10), (False, 50)):
        environments = []
        for kind, bundle, minified in (
            (webassets.Environment, webassets.Bundle, PeerMinified),
            (Environment, Bundle, Minified),
        ):
            output = f"{kind.__module__}/{auto_build}.css"
            environment = kind(directory, "/static", auto_build=auto_build)
            environment.register("all", bundle(*names[:LISTED], filters=minified(), output=output))
            environment["all"].build()
            environments.append(environment["all"].urls)
        word = "on" if auto_build else "off"
        compare(f"urls() of a bundle of {LISTED} files, auto_build {word}", *environments, aim)


def build(directory: str, names: list[str], filtered: bool, aim: float | None) -> None:
    """From nothing: every round has a new output directory."""

    def peer(output: str) -> None:
        environment = webassets.Environment(output, "/static", load_path=[directory])
        for number, group in enumerate(groups(names)):
            filters = PeerMinified() if filtered else None
            environment.register(f"b{number}", *group, filters=filters, output=f"gen/b{number}.css")
        for bundle in environment:
            bundle.build()

    def ours(output: str) -> None:
        environment = Environment(output, "/static", load_path=[directory])
        for number, group in enumerate(groups(names)):
            filters = Minified() if filtered else None
            environment.register(f"b{number}", *group, filters=filters, output=f"gen/b{number}.css")
        environment.build()

    ratios = []
    times = []
    for number in range(ROUNDS):
        order = (peer, ours) if number % 2 else (ours, peer)
        took = {side: wall(side) for side in order}
        ratios.append(took[peer] / took[ours])
        times.append((took[peer], took[ours]))
    ratio = statistics.median(ratios)
    peer_time, our_time = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
    name = f"build of {FILES} files, {'rcssmin' if filtered else 'merged'}"
    judged = "" if aim is None else f"   aim {aim:g} x   {'met' if ratio >= aim else 'NOT MET'}"
    print(f"{name:<44} peer {peer_time:10.3f} ms   ours {our_time:8.3f} ms   {ratio:8.1f} x{judged}", flush=True)


def groups(names: list[str]) -> list[list[str]]:
    return [names[start : start + IN_A_BUNDLE] for start in range(0, len(names), IN_A_BUNDLE)]


def wall(side) -> float:
    with temporary() as output:
        os.sync()  # what the other side left unwritten is not to be waited for by the one that syncs
        start = time.perf_counter()
        side(output)
        return time.perf_counter() - start


@contextlib.contextmanager
def temporary():
    directory = tempfile.mkdtemp()
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    with temporary() as sources:
        names = write_sources(sources)
        urls(sources, names)
        build(sources, names, filtered=True, aim=3)
        build(sources, names, filtered=False, aim=1.5)
