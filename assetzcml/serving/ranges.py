"""
Which bytes of a body a client is sent: one range or all of it (RFC 9110, 14.2).

A Range header is an offer to save work. Where honouring it would make work (many ranges, absurd numbers), it is
ignored, and reading it costs no more than its length.
"""

import re

# In digits; int() takes that many whatever sys.set_int_max_str_digits says (sys.int_info.str_digits_check_threshold).
# More would cost quadratic time or be refused, and no client means it.
_LONGEST = 640

# One range. The set of ranges is a list, and a list may have empty members (5.6.1.2): 'bytes=, 0-4' is one range too.
_RANGE = re.compile(f"[bB][yY][tT][eE][sS]=[ \t,]*([0-9]{{0,{_LONGEST}}})-([0-9]{{0,{_LONGEST}}})[ \t,]*").fullmatch


class UnsatisfiableRange(ValueError):
    """A well-formed range names no byte of the body; the answer is 416."""


def byte_range(header: str, size: int) -> range | None:
    """
    The bytes a Range header asks for, out of a body of *size* bytes.

    The header counts both its ends, the returned range leaves the end out:
    'bytes=0-0' is one byte (RFC 9110, 14.1.2). An end past the body is cut.

    Returns None when the header is to be ignored and the whole body sent:
    another unit, several ranges, or bad grammar (RFC 9110, 14.2); numbers of
    more than 640 digits; and the last bytes of an empty body, which could be
    had but not written as a Content-Range.
    Raises UnsatisfiableRange when it is well formed but names no byte.

    >>> byte_range("bytes=0-0", size=1000)
    range(0, 1)
    >>> byte_range("bytes=-100", size=1000)
    range(900, 1000)
    """
    match = _RANGE(header)
    if match is None:
        return None
    first, last = match.groups()
    if first:
        return _from_first(int(first), int(last) if last else None, size)
    return _suffix(int(last), size) if last else None


def content_range(part: range | None, size: int) -> str:
    """
    The value of Content-Range for *part* of a body of *size* bytes, or for a 416 when *part* is None (14.4).

    >>> content_range(range(0, 1), size=1000)
    'bytes 0-0/1000'
    >>> content_range(None, size=1000)
    'bytes */1000'
    """
    return f"bytes */{size}" if part is None else f"bytes {part.start}-{part.stop - 1}/{size}"


def _from_first(first: int, last: int | None, size: int) -> range | None:
    """'first-last', or 'first-' with None for the last."""
    if last is not None and last < first:
        return None  # not a range at all (14.1.1)
    if first >= size:
        raise UnsatisfiableRange(f"the range begins after the last of {size} bytes")
    return range(first, size if last is None else min(last + 1, size))


def _suffix(length: int, size: int) -> range | None:
    """'-length': the last bytes, all of them when there are not so many."""
    if not length:
        raise UnsatisfiableRange("the last 0 bytes are no byte")
    return range(max(size - length, 0), size) if size else None
