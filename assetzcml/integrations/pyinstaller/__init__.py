"""PyInstaller: what a frozen application needs of this package is found through the entry point `pyinstaller40`."""

from __future__ import annotations

import os

__all__ = ["get_hook_dirs"]


def get_hook_dirs() -> list[str]:
    """Where PyInstaller finds the hook."""
    return [os.path.dirname(os.path.abspath(__file__))]
