"""
How much of what grows with patience is tested: enough to find what it once found, or, in `make slow`, all of it.

A test that is sized runs in both.
"""

import os

import pytest
from hypothesis import settings

FULL = os.environ.get("ASSETZCML_TESTS") == "full"


def size(full, quick):
    """*full* in `make slow`, *quick* otherwise."""
    return full if FULL else quick


def examples(full):
    """So many examples of a property in `make slow`, a quarter of them otherwise."""

    def decorate(test):
        return pytest.mark.sized(settings(max_examples=size(full, max(25, full // 4)), deadline=None)(test))

    return decorate
