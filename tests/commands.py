"""The command `assetzcml` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLES = CHECKOUT / "examples"


def start(*arguments, **options):
    """`python -m assetzcml` as a process of its own."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(EXAMPLES)]), "PYTHONUNBUFFERED": ""}
    environ.update(options.pop("environ", {}))
    return subprocess.Popen(
        [sys.executable, "-m", "assetzcml", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        **options,
    )
