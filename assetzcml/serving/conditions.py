"""
Whether a client already has what it asks for, or must not get it: preconditions, and the dates they speak in.

The order of RFC 9110, 13.2.2, is the law here. A condition that cannot be read never brings a 304: to send the
body once too often harms nobody.
"""

import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from assetzcml.late import datetime

# What evaluate() answers: the status to go on with.
SEND = 200
NOT_MODIFIED = 304
PRECONDITION_FAILED = 412

# Dates are seconds since 1970, from its first to the last that four digits of a year can say.
FIRST_DATE = 0
LAST_DATE = 253402300799

_DAY = 86400
_EPOCH = 719_163  # the number of 1 January 1970 among days (`datetime.date.toordinal`)
_FIFTY_YEARS = 50 * 365.2425 * _DAY

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, start=1)}

# The three forms of a date (RFC 9110, 5.6.7), the one that all have written since 1995 first. They are case
# sensitive, in GMT always, and 60 is a leap second. Each has its groups in the order of the text.
_TIME = "([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)"
_MONTH = f"({'|'.join(_MONTHS)})"
_IMF_FIXDATE = re.compile(f"(?:{'|'.join(_WEEKDAYS)}), ([0-3][0-9]) {_MONTH} ([0-9]{{4}}) {_TIME} GMT").fullmatch
_RFC_850 = re.compile(
    f"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ([0-3][0-9])-{_MONTH}-([0-9]{{2}}) {_TIME} GMT"
).fullmatch
_ASCTIME = re.compile(f"(?:{'|'.join(_WEEKDAYS)}) {_MONTH} ([ 1-3][0-9]) {_TIME} ([0-9]{{4}})").fullmatch

# One entity tag and the commas before it (RFC 9110, 8.8.3): a quoted string without blanks, quotes or escapes.
_NEXT_TAG = re.compile('[ \t,]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|\\Z)').match

_READS = ("GET", "HEAD")


class Validators(NamedTuple):
    """
    What identifies the bytes that would be sent: the values of their ETag and Last-Modified headers.

    *modified* is *last_modified* in seconds since 1970. Each is None where there is no such header.
    """

    etag: str | None
    modified: int | None
    last_modified: str | None

    @classmethod
    def of(cls, etag: str, modified: float, now: float) -> "Validators":
        """
        The validators of bytes that were *modified* at a moment, sent out at *now* (seconds since 1970).

        A moment that is still to come becomes now (RFC 9110, 8.8.2.1), one that no date can say the nearest one
        that can.

        >>> Validators.of('"a1"', modified=4102444800, now=1704164645.5).last_modified
        'Tue, 02 Jan 2024 03:04:05 GMT'
        """
        seconds = _clamped(min(modified, now))
        return cls(etag, seconds, format_date(seconds))


def evaluate(
    method: str,
    validators: Validators,
    if_match: str | None = None,
    if_none_match: str | None = None,
    if_modified_since: str | None = None,
    if_unmodified_since: str | None = None,
) -> int:
    """
    What the preconditions of a request allow: SEND, NOT_MODIFIED or PRECONDITION_FAILED (RFC 9110, 13.2.2).

    The headers are as received, None where absent, repeated ones joined with commas. If-Match silences
    If-Unmodified-Since and If-None-Match silences If-Modified-Since, readable or not. A date that cannot be read,
    or met by bytes without a date, is ignored; a list of tags counts up to its first member that is no entity tag.
    To be asked only where the answer would be 200 without preconditions (13.2.1).

    >>> evaluate("GET", Validators.of('"a1"', 0, now=0), if_none_match='"a0", W/"a1"')
    304
    """
    if if_match is not None:
        if not _names(if_match, validators.etag, weak=False):
            return PRECONDITION_FAILED
    elif if_unmodified_since is not None and _unmodified(if_unmodified_since, validators) is False:
        return PRECONDITION_FAILED
    if if_none_match is not None:
        if _names(if_none_match, validators.etag, weak=True):
            return NOT_MODIFIED if method in _READS else PRECONDITION_FAILED
    elif if_modified_since is not None and method in _READS and _unmodified(if_modified_since, validators):
        return NOT_MODIFIED
    return SEND


def range_applies(if_range: str | None, validators: Validators) -> bool:
    """
    Whether the Range header of a request counts, given its If-Range (RFC 9110, 13.1.5); None where absent.

    It counts when the header is this very ETag, a strong one, or a date of exactly the Last-Modified: later ones
    are not good enough. A list, '*' or what cannot be read never is.

    >>> range_applies('"a0"', Validators.of('"a1"', 0, now=0))
    False
    """
    if if_range is None:
        return True
    validator = if_range.strip(" \t")
    if validator == validators.etag:
        return not validator.startswith("W/")
    return validator == validators.last_modified or (
        validators.modified is not None and parse_date(validator) == validators.modified
    )


def entity_tags(field: str) -> list[str]:
    """
    The entity tags of a list, in order, up to the first member that is none.

    >>> entity_tags('"a", W/"b", c, "d"')
    ['"a"', 'W/"b"']
    """
    tags = []
    match = _NEXT_TAG(field)
    while match:
        tags.append(match[1])
        match = _NEXT_TAG(field, match.end())
    return tags


def parse_date(text: str, now: float | None = None) -> int | None:
    """
    The seconds since 1970 of an HTTP date in any of its three forms; None when it is not one (RFC 9110, 5.6.7).

    A year of two digits that would lie more than fifty years after *now* (the clock's, when None) is of the
    century before. The name of the day must be one, not the right one.

    >>> parse_date("Sun, 06 Nov 1994 08:49:37 GMT")
    784111777
    >>> parse_date("Sun Nov  6 08:49:37 1994")
    784111777
    """
    if match := _IMF_FIXDATE(text):
        day, month, year, *clock = match.groups()
    elif match := _ASCTIME(text):
        month, day, *clock, year = match.groups()
    elif match := _RFC_850(text):
        return _of_two_digits(*match.groups(), now=time.time() if now is None else now)
    else:
        return None
    return _seconds(int(year), month, day, clock)


def format_date(seconds: float) -> str:
    """
    The HTTP date of a moment, in English whatever the locale (RFC 9110, 5.6.7); fractions are cut off.

    What is before FIRST_DATE or after LAST_DATE becomes that date.

    >>> format_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    year, month, day, hour, minute, second, weekday, _, _ = time.gmtime(_clamped(seconds))
    return f"{_WEEKDAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d} {hour:02d}:{minute:02d}:{second:02d} GMT"


def _names(field: str, etag: str | None, weak: bool) -> bool:
    """
    Whether If-Match or If-None-Match names the tag, or any ('*').

    Strong comparison wants two strong tags that are equal, *weak* only equal quoted parts (RFC 9110, 8.8.3.2).
    """
    if field == etag and (weak or not etag.startswith("W/")):
        return True
    if field.strip(" \t") == "*":
        return True
    # Most clients that send another tag send it alone: looking for the text spares reading the list.
    if etag is None or (opaque := etag.removeprefix("W/")) not in field:
        return False
    tags = entity_tags(field)
    if weak:
        return opaque in tags or f"W/{opaque}" in tags
    return etag == opaque and etag in tags


def _unmodified(field: str, validators: Validators) -> bool | None:
    """Whether nothing has changed after the date of a header; None when that cannot be said."""
    if validators.modified is None:
        return None
    if field == validators.last_modified:
        return True
    moment = parse_date(field.strip(" \t"))
    return None if moment is None else validators.modified <= moment


def _of_two_digits(day: str, month: str, year: str, *clock: str, now: float) -> int | None:
    """The seconds of an RFC 850 date, in the century that *now* is in or the one before."""
    century = time.gmtime(_clamped(now)).tm_year // 100 * 100
    moment = _seconds(century + int(year), month, day, clock)
    # 29 February exists in 2000 but not in 1900; of a day that only the century before has, that is the one.
    if moment is None or moment > now + _FIFTY_YEARS:
        return _seconds(century - 100 + int(year), month, day, clock)
    return moment


def _seconds(year: int, month: str, day: str, clock: Sequence[str]) -> int | None:
    """The seconds since 1970 of a date in the calendar; None when there is no such day."""
    hour, minute, second = clock
    try:
        days = datetime.date(year, _MONTH_NUMBERS[month], int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    return days * _DAY + int(hour) * 3600 + int(minute) * 60 + int(second)


def _clamped(seconds: float) -> int:
    return int(min(max(seconds, FIRST_DATE), LAST_DATE))
