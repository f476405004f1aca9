"""Options as they were given: mappings whose keys have no case, and one count of all their changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

__all__ = ["REVISION", "Config", "Revision"]


class Revision:
    """
    Counts what changes in any environment or bundle, so that what was worked out from them is known to be stale.

    It is one for the process, since a bundle may be part of others, in several environments; it carries no data.
    """

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def raise_(self) -> None:
        # Two threads that raise it at once may count one change: it is another number for both all the same.
        self.number += 1


REVISION = Revision()


class Config(MutableMapping[str, Any]):
    """
    Options by name; case does not matter. Any name may stand here: filters look up their own.

    Deleting one brings back its default. *convert* is given each key and value before it is kept.

    >>> config = Config()
    >>> config["Sass_Bin"] = "/opt/sass"
    >>> config["SASS_BIN"]
    '/opt/sass'
    """

    def __init__(
        self,
        defaults: Mapping[str, Any] | None = None,
        convert: Callable[[str, Any], Any] = lambda key, value: value,
    ):
        self._values: dict[str, Any] = {}
        self._defaults = dict(defaults or {})
        self._convert = convert

    def said(self, key: str) -> bool:
        """Was a value given, or is it the default?"""
        return key.lower() in self._values

    def __getitem__(self, key: str) -> Any:
        key = key.lower()
        return self._values[key] if key in self._values else self._defaults[key]

    def get(self, key: str, default: Any = None) -> Any:
        key = key.lower()
        return self._values[key] if key in self._values else self._defaults.get(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        key = key.lower()
        self._values[key] = self._convert(key, value)
        REVISION.raise_()

    def __delitem__(self, key: str) -> None:
        del self._values[key.lower()]
        REVISION.raise_()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key.lower() in self._values or key.lower() in self._defaults)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._defaults, **self._values})

    def __len__(self) -> int:
        return len({**self._defaults, **self._values})

    def __repr__(self) -> str:
        return f"<Config {dict(self)!r}>"
