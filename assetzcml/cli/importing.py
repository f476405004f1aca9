"""Where the working directory stands on `sys.path`: modules in it are importable, and hide none of Python's own."""

import os
import sys

__all__ = ["behind_the_standard_library", "make_way"]


def behind_the_standard_library() -> int:
    """
    Where on `sys.path` a directory hides no module of the standard library, and goes before what is installed.

    A project may have a module `email` or `json` where the command is called; whatever the command itself imports later
    has to be Python's.
    """
    library = os.path.dirname(os.__file__)
    parts = (library, os.path.join(library, "lib-dynload"))
    return max((position for position, entry in enumerate(sys.path, 1) if entry in parts), default=0)


def make_way() -> None:
    """Move the working directory, which `python -m` puts in front of everything."""
    try:
        directory = os.getcwd()
    except OSError:
        return  # it is no longer there
    if sys.path[:1] in ([directory], [""]) and not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
        sys.path.insert(behind_the_standard_library(), directory)
