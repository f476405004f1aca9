"""
Loads every case of the hostile corpus in a process of its own, and tells what happened: run by test_hostile_zcml.

usage: hostile_loads.py CORPUS. Prints a JSON object of file name to what was seen.
"""

import itertools
import json
import os
import resource
import socket
import sys
import warnings
from pathlib import Path

import assetzcml

corpus = Path(sys.argv[1])
sys.path.insert(0, str(corpus.parent))  # the package hostilepkg lies beside the corpus
OURS = [
    str(corpus),
    str(corpus.parent / "hostilepkg"),
    sys.prefix,
    sys.base_prefix,
    str(Path(assetzcml.__file__).parent),
]
TALKERS = ("socket", "subprocess", "urllib", "ftplib", "http")
STARTERS = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "pty.spawn")
seen = None  # what the hook writes to; None while nothing is being loaded


def watch(event, arguments):
    if seen is None:
        return
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path.endswith(".zcml"):
            seen["read"].append(os.path.getsize(path))
        if not any(path.startswith(directory) for directory in OURS):
            seen["opened"].append(path)
    elif event.split(".")[0] in TALKERS or event in STARTERS:
        seen["connected"].append(event)


def load(name):
    """What is seen while one file is loaded."""
    global seen
    registry = assetzcml.AssetRegistry()
    report = {"opened": [], "read": [], "connected": [], "result": "ok", "message": "", "places": [], "warnings": 0}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    calls = itertools.count()

    def count(frame, event, argument):
        if event in ("call", "c_call"):
            next(calls)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen = report
        sys.setprofile(count)
        try:
            registry.load_zcml(str(corpus / name))
        except assetzcml.ConfigurationError as error:
            report["result"] = "error"
            report["message"] = str(error)
            report["places"] = [[p.origin.file, p.origin.line, p.origin.column] for p in error.problems if p.origin]
        except Exception as error:
            report["result"] = f"{type(error).__name__}: {error}"
        finally:
            sys.setprofile(None)
            seen = None
    report["calls"] = next(calls)
    report["megabytes"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    report["warnings"] = len(caught)
    report["registered"] = len(registry.snapshot.views) + len(registry.snapshot.overrides)
    return report


if __name__ == "__main__":
    cases = json.loads((corpus / "index.json").read_text(encoding="utf-8"))["cases"]
    load("237-ok-minimal.zcml")  # what is imported at the first load is not the case's doing
    sys.addaudithook(watch)
    socket.setdefaulttimeout(0.1)
    json.dump({case["file"]: load(case["file"]) for case in cases}, sys.stdout)
