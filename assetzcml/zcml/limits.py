"""How large ZCML may be, and what is said of what is larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from assetzcml.errors import Origin, Problem, shorten
from assetzcml.zcml.attributes import Problems
from assetzcml.zcml.positions import Document, Spot, Tag

__all__ = ["Limits", "check_attributes", "check_depth", "check_size", "depth_problem"]

# The highest values that can be kept: libxml2 reads 2,048 elements within elements, and 100 includes within includes
# fit into Python's usual recursion limit of 1,000 calls, of which each takes eight, where 200 are in use already.
HIGHEST = {"element_depth": 2_048, "include_depth": 100}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    How large ZCML may be. What passes a limit is an error with its place; a limit is raised by passing another
    `Limits` to `load_zcml`. Raises ValueError for a limit that nothing could keep.
    """

    file_bytes: int = 4 * 1024 * 1024  # of one file: a hundred times the largest known
    element_depth: int = 64  # of one file, at most 2,048: people nest four or five deep
    attributes: int = 64  # of one element: the largest known directive has 30
    attribute_bytes: int = 16 * 1024  # of one value, in UTF-8: a long list of tokens is a few hundred
    files: int = 10_000  # of one load: the largest known application includes about 2,000
    include_depth: int = 32  # of one load, at most 100: each level costs stack, and people need six

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"Limits.{field.name} is {value!r}; a whole number was expected, 0 or more")
            highest = HIGHEST.get(field.name)
            if highest is not None and value > highest:
                raise ValueError(f"Limits.{field.name} is {value}; {highest} is the highest that can be kept")


def check_size(document: Document, limits: Limits) -> None:
    """Raise Problems for a document that is larger than a file may be."""
    if len(document.data) > limits.file_bytes:
        message = f"the file is larger than {limits.file_bytes} bytes"
        raise Problems(Problem(Spot(document, 0), message, "raise Limits.file_bytes", code="A102"))


def check_depth(depth: int, place: Origin, limits: Limits) -> None:
    """Raise Problems for an element that stands *depth* deep."""
    if depth > limits.element_depth:
        raise Problems(depth_problem(place, limits))


def check_attributes(attributes: Sequence[tuple[str, str]], info: Tag, limits: Limits) -> None:
    """Raise Problems for too many attributes, or one whose value is too long."""
    if len(attributes) > limits.attributes:
        message = f"{info.directive} has {len(attributes)} attributes, more than {limits.attributes}"
        raise Problems(Problem(info, message, "raise Limits.attributes if this is meant", code="A102"))
    for name, value in attributes:
        # A character is at most four bytes: only a value that may pass the limit is encoded to see.
        if len(value) * 4 > limits.attribute_bytes and len(value.encode()) > limits.attribute_bytes:
            message = f"{info.directive}: {name} is longer than {limits.attribute_bytes} bytes: {shorten(value, 20)}"
            raise Problems(
                Problem(info.attribute(name), message, "raise Limits.attribute_bytes if this is meant", code="A102")
            )


def depth_problem(place: Origin, limits: Limits) -> Problem:
    """Elements are nested deeper than the limit allows."""
    message = f"elements are nested more than {limits.element_depth} deep"
    return Problem(place, message, "raise Limits.element_depth if this is meant", code="A102")
