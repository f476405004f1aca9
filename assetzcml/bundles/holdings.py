"""What is kept of an environment: its bundles by name and by output, and what was said to it and worked out."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assetzcml.bundles.build_records import BuildRecord, Delivered, Inputs
from assetzcml.bundles.bundle import Bundle
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.option_values import Config, Revision

__all__ = ["Holdings", "Owner"]

MADE = 16  # objects kept for one option: the environment's, and those of bundles that say another one


class Holdings:
    """
    The bundles of an environment: by name, groups by name, nameless ones, and by their outputs as they are compared.

    What happens inside `staged` happens as a whole: after an exception, everything is as it was.
    """

    def __init__(self) -> None:
        self.named: dict[str, Bundle] = {}
        self.groups: dict[str, Bundle] = {}
        self.anonymous: dict[int, Bundle] = {}
        self.outputs: dict[str, Bundle] = {}
        self.filtered: dict[int, tuple[Bundle, Bundle]] = {}  # a bundle that is written, and the first that has it so
        self._lock = threading.RLock()
        self._added: list[tuple[dict[Any, Any], Any]] | None = None

    @contextlib.contextmanager
    def staged(self) -> Iterator[None]:
        with self._lock:
            outer = self._added
            added: list[Any] = []
            self._added = added
            try:
                yield
            except BaseException:
                for table, key in added:
                    table.pop(key, None)
                raise
            else:
                if outer is not None:
                    outer += added
            finally:
                self._added = outer

    def put(self, table: dict[Any, Any], key: Any, bundle: Any) -> None:
        """Let *bundle* stand at *key*, where nothing stands, of one of the tables; inside `staged`."""
        assert self._added is not None
        table[key] = bundle
        self._added.append((table, key))

    def get(self, name: object) -> Bundle | None:
        """The bundle or group of that name."""
        return self.named.get(str(name), self.groups.get(str(name)))

    @property
    def bundles(self) -> list[Bundle]:
        return [*self.named.values(), *self.anonymous.values()]

    @property
    def names(self) -> list[str]:
        return [*self.named, *self.groups]


class Owner:
    """
    What was said to an environment: options, filters, bundles, and what was worked out from them.

    The environments that follow each other in a registry, one for each configuration, have the same owner.
    """

    def __init__(self, defaults: Callable[[], Mapping[str, Any]], convert: Callable[[str, Any], Any]):
        self.base: str = os.getcwd()
        self.meant: dict[str, str] = {}  # directories as they were said, and where they were then
        self.revision: Revision = Revision()
        self.config: Config = Config(defaults, convert, self.revision.raise_)
        self.filters: dict[str, Callable[[], Filter]] = {}
        self.holdings: Holdings = Holdings()
        self.known_inputs: Inputs = Inputs()
        self.compared: dict[tuple[str, str], tuple[BuildRecord, float]] = {}
        self.delivered: dict[str, Delivered] = {}
        self._made: dict[str, dict[Any, tuple[Any, Any]]] = {}

    def made(self, option: str, value: Any, make: Callable[[], Any]) -> Any:
        """The object that *make* makes of the *value* of an option: one as long as the value is the same."""
        of_option = self._made.setdefault(option, {})
        key = value if isinstance(value, str | bool | type | tuple) else id(value)
        known = of_option.get(key)
        if known is None:
            if len(of_option) >= MADE:
                of_option.clear()
            known = of_option.setdefault(key, (value, make()))
        return known[1]

    def forget(self, option: str | None = None) -> None:
        """What was made of the value of *option*, or of all, is not what it means any more."""
        if option is None:
            self._made.clear()
        else:
            self._made.pop(option, None)
