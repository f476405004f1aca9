"""Options as they were given: mappings whose keys have no case, and one count of all their changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

__all__ = ["Config", "Revision"]

_NUMBERS = itertools.count(1)  # for all environments: a number that was remembered belongs to one state of one of them


class Revision:
    """
    The number of the state of one environment: what was worked out under another number is stale.

    A bundle raises it in every environment that it is in. No number comes twice in a process.
    """

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number: int = next(_NUMBERS)

    def raise_(self) -> None:
        self.number = next(_NUMBERS)


class Config(MutableMapping[str, Any]):
    """
    Options by name; case does not matter. Any name may stand here: filters look up their own.

    Deleting one brings back its default: *defaults* are asked for each time, since they may be declared somewhere.
    *convert* is given each key and value before it is kept; *changed* is called after each change.

    >>> config = Config()
    >>> config["Sass_Bin"] = "/opt/sass"
    >>> config["SASS_BIN"]
    '/opt/sass'
    """

    def __init__(
        self,
        defaults: Callable[[], Mapping[str, Any]] = dict,
        convert: Callable[[str, Any], Any] = lambda key, value: value,
        changed: Callable[[], None] = lambda: None,
    ):
        self._values: dict[str, Any] = {}
        self._defaults = defaults
        self._convert = convert
        self._changed = changed

    def said(self, key: str) -> bool:
        """Was a value given, or is it the default?"""
        return key.lower() in self._values

    @property
    def given(self) -> bool:
        """Was any value given?"""
        return bool(self._values)

    def __getitem__(self, key: str) -> Any:
        key = key.lower()
        return self._values[key] if key in self._values else self._defaults()[key]

    def get(self, key: str, default: Any = None) -> Any:
        key = key.lower()
        return self._values[key] if key in self._values else self._defaults().get(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        key = key.lower()
        self._values[key] = self._convert(key, value)
        self._changed()

    def __delitem__(self, key: str) -> None:
        del self._values[key.lower()]
        self._changed()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key.lower() in self._values or key.lower() in self._defaults())

    def __iter__(self) -> Iterator[str]:
        return iter({**self._defaults(), **self._values})

    def __len__(self) -> int:
        return len({**self._defaults(), **self._values})

    def __repr__(self) -> str:
        return f"<Config {dict(self)!r}>"
