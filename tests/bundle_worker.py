"""A process that asks for the URLs of bundles and reads what is behind them, over and over.

python bundle_worker.py DIRECTORY SECONDS BUNDLES: prints how many outputs it read, or fails at the first torn one.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

from assetzcml.bundles import Environment, Filter, urls

LINES = 2000  # of a source: an output of some 60 kB, which is never written in one piece by chance


class Logging(Filter):
    """Writes down each build: the content it saw, in one write that nobody interrupts."""

    name = "logging"

    def output(self, _in, out, output="", **kw):
        content = _in.read()
        descriptor = os.open("builds.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{output} {content.split()[0].decode()}\n".encode())
        os.close(descriptor)
        out.write(content)


def source(tag):
    """A source in which each line says which it is."""
    return f"{tag}\n".encode() * LINES


def main(directory, seconds, bundles):
    os.chdir(directory)
    urls.FRESH = 0.0  # every question looks at the files
    environment = Environment("static", "/s", manifest="json:m.json", cache=False)
    for number in range(bundles):
        environment.register(f"b{number}", "source.js", filters=Logging(), output=f"gen/b{number}.%(version)s.js")
    environment.register("plain", "source.js", filters=Logging(), output="gen/plain.js")
    read = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for bundle in environment:
            path, _, _ = bundle.urls()[0].removeprefix("/s/").partition("?")
            content = Path("static", path).read_bytes()
            assert content == content.split(b"\n", 1)[0].join([b"", b"\n"]) * LINES, f"{path} is torn"
            if "plain" not in path:
                assert hashlib.md5(content).hexdigest()[:8] == path.split(".")[-2], f"{path} is not what it says"
            read += 1
    print(read)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
