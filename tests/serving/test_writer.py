"""The writer of the storms tells a half that it has left itself from one that a server has made."""

import pytest

from assetzcml.resolving.resolver import FRESH
from assetzcml.serving.files import QUIET
from serving import writer

SIZE = 100
TO_FIRST, TO_SECOND, LONGER, _, CUT, ANEW = writer.changes(SIZE)
HALF = TO_SECOND.after[:40] + TO_SECOND.before[40:]


@pytest.mark.parametrize(
    "body, change, took, ended, excused",
    [
        (HALF, TO_SECOND, 2 * QUIET, 10.0, True),
        (HALF, TO_SECOND, QUIET / 2, 10.0, False),  # in so short a time a server has to notice
        (HALF, TO_FIRST, 2 * QUIET, 10.0, False),  # the other way round
        (HALF[::-1], TO_SECOND, 2 * QUIET, 10.0, False),
        (HALF, TO_SECOND, 2 * QUIET, 9.0 - 2 * FRESH, False),  # long ago
        (HALF, TO_SECOND, 2 * QUIET, 20.0, False),  # later
        (HALF + b"x", TO_SECOND, 2 * QUIET, 10.0, False),
        (b"b" * 30, ANEW, 0, 10.0, True),
        (b"b" * 30, CUT, 2 * QUIET, 10.0, False),
        (b"b" * SIZE + b"gro", LONGER, 0, 10.0, True),
        (b"b" * 30, LONGER, 0, 10.0, False),
        (b"secret", ANEW, 2 * QUIET, 10.0, False),
    ],
)
def test_only_what_the_writer_has_left_in_the_file_is_excused(body, change, took, ended, excused):
    call = writer.Call(change, ended - took, ended)
    assert writer.was_in_the_file(body, [call], since=9.0, until=11.0) is excused


def test_the_file_is_as_each_step_says(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(TO_FIRST.before)
    for change in [*writer.changes(SIZE), *writer.changes(SIZE)]:
        assert path.read_bytes() == change.before
        writer.apply(change, path)
        assert path.read_bytes() == change.after
        assert writer.is_whole(path.read_bytes(), SIZE)
    assert not writer.is_whole(HALF, SIZE)
