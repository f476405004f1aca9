"""Tests that judge each row of a large table: one test a table, and every row that fails is told by its name."""

import functools
import inspect
import random

import pytest

ASKED = []  # what `pytest --row` has named


def over(names, rows, ids=None):
    """
    Like `pytest.mark.parametrize`, for tables of many cheap rows: one test judges them all, in any order.

    A row costs what its judgement costs; hundreds of tests cost seconds before they judge anything. The rows share the
    fixtures of the test, so each leaves them as it found them. No row hides another: all that fail are told, each
    under its id, which is what the row says where *ids* are not given. ``pytest --row ID`` runs the rows of that id.
    """
    arguments = [name.strip() for name in names.split(",")]
    values = [tuple(row) if len(arguments) > 1 else (row,) for row in rows]
    known = [ids(row) for row in rows] if callable(ids) else ids or [_named(row) for row in values]
    table = list(zip(known, values, strict=True))
    assert table, "a table without rows proves nothing"

    def decorate(test):
        @functools.wraps(test)
        def judge(**fixtures):
            asked = [row for row in table if not ASKED or row[0] in ASKED]
            failures = []
            for name, row in random.sample(asked, len(asked)):
                try:
                    test(**dict(zip(arguments, row, strict=True)), **fixtures)
                except Exception as error:
                    failures.append(f"{name}: {type(error).__name__}: {error}")
            if failures:
                pytest.fail("\n\n".join([f"{len(failures)} of {len(asked)} rows", *failures]), pytrace=False)

        signature = inspect.signature(test)
        kept = [each for each in signature.parameters.values() if each.name not in arguments]
        judge.__signature__ = signature.replace(parameters=kept)
        return judge

    return decorate


def _named(row):
    return "-".join(value if isinstance(value, str) else repr(value) for value in row)
