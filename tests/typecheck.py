"""
What type checkers say: of the package (mypy), of its public door (pyright), of a program that uses it (mypy).

Run by `make types`. A ceiling only falls: who makes it higher than it has to be, or passes it, fails.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
MYPY = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context"]
ERRORS = 0  # that mypy may find in the package
PROGRAM = CHECKOUT / "tests" / "typed_program.py"

# What `assetzcml` offers, and where it is: the names that pyright gives to it and to what it has.
DOOR = (
    "assetzcml.assembly.AssetRegistry",
    "assetzcml.assembly.load_zcml",
    "assetzcml.declaring.calls.Declarations",
    "assetzcml.errors.",
    "assetzcml.interfaces.ICacheBuster",
    "assetzcml.registry.Registry",
    "assetzcml.serving.view.StaticView",
    "assetzcml.serving.wsgi.StaticApp",
    "assetzcml.serving.asgi.StaticApp",
    "assetzcml.urls.cachebusters.DigestCacheBuster",
    "assetzcml.urls.cachebusters.ManifestCacheBuster",
    "assetzcml.urls.cachebusters.QueryString",
    "assetzcml.urls.generator.URLMethods",
)
UNKNOWN = 0  # names of the door whose type pyright may not know


def run(*command):
    """What a checker prints; it may find errors, but it must run."""
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def held(what, found, ceiling):
    """Say what was found; is it what the ceiling says?"""
    if len(found) > ceiling:
        print(*found, sep="\n")
    print(f"{what}: {len(found)}; {ceiling} may be")
    if len(found) < ceiling:
        print(f"    fewer than may be: lower the ceiling in {Path(__file__).name}")
    return len(found) == ceiling


def package():
    """The errors of mypy, strict, in the package."""
    return [line for line in run(*MYPY).splitlines() if ": error:" in line]


def program():
    """The errors of mypy, strict, in a program of a user."""
    lines = run(*MYPY, "--strict", "--follow-imports=silent", str(PROGRAM)).splitlines()
    return [line for line in lines if ": error:" in line]


def door():
    """The public names whose type pyright does not know, or knows only in part."""
    told = run(
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--verifytypes",
        "assetzcml",
        "--ignoreexternal",
        "--pythonpath",
        sys.executable,
    )
    symbols = json.loads(told)["typeCompleteness"]["symbols"]
    return sorted(
        f"{symbol['name']}: {' '.join(each['message'] for each in symbol['diagnostics'][:1])}".replace("\n", " ")
        for symbol in symbols
        if not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"])
        and (symbol["name"].count(".") == 1 or symbol["name"].startswith(DOOR))
    )


def main():
    # A list, so that all are asked.
    good = [
        held("errors of mypy in the package", package(), ERRORS),
        held("errors of mypy in a user's program", program(), 0),
        held("public names of a type that pyright does not know", door(), UNKNOWN),
    ]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
