"""
Values that grow by difference: one more entry costs hardly more among many than among few, and nothing changes.

What is derived from a snapshot is made of these, so that declaring one thing more does not cost a look at all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from assetzcml.records.assets import AssetSpec

__all__ = ["Growing", "SpecTree"]

K = TypeVar("K")
V = TypeVar("V")


class Growing(Mapping[K, V]):
    """
    A mapping that never changes. `plus` gives another with one entry more, or another value for a key.

    It is two dictionaries, one large and shared by many, one small and copied each time. When the small one holds
    more than the square root of the large, both become a new large one.

    >>> few = Growing({"a": 1})
    >>> more = few.plus("b", 2)
    >>> sorted(more.items()), sorted(few)
    ([('a', 1), ('b', 2)], ['a'])
    """

    __slots__ = ("_large", "_small", "get")

    get: Callable[..., Any]  # that of a dictionary where one is enough: it is asked at every URL

    def __init__(self, large: dict[K, V] | None = None, small: dict[K, V] | None = None):
        self._large: dict[K, V] = {} if large is None else large
        self._small: dict[K, V] = {} if small is None else small
        self.get = self._either if self._small else self._large.get

    def plus(self, key: K, value: V) -> Growing[K, V]:
        """The same, with *value* for *key*."""
        small = {**self._small, key: value}
        if len(small) ** 2 <= len(self._large):
            return Growing(self._large, small)
        return Growing({**self._large, **small})

    def _either(self, key: Any, default: Any = None) -> Any:
        found = self._small.get(key, self)
        return self._large.get(key, default) if found is self else found

    def __getitem__(self, key: K) -> V:
        found = self.get(key, self)
        if found is self:
            raise KeyError(key)
        return found  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[K]:
        yield from self._large
        for key in self._small:
            if key not in self._large:
                yield key

    def __len__(self) -> int:
        return len(self._large) + sum(key not in self._large for key in self._small)

    def __bool__(self) -> bool:
        return bool(self._large or self._small)


class SpecTree(Generic[V]):
    """
    Values by spec, which knows what is above a spec and what is below it. It never changes, as `Growing`.

    >>> tree = SpecTree([(AssetSpec("shop", ("static", "css")), "a"), (AssetSpec("shop"), "b")])
    >>> list(tree.above(AssetSpec("shop", ("static",)))), list(tree.below(AssetSpec("shop", ("static",))))
    (['b'], ['a'])
    """

    __slots__ = ("_names", "get", "values")

    def __init__(self, entries: Iterable[tuple[AssetSpec, V]] = ()):
        values: dict[AssetSpec, V] = {}
        names: dict[AssetSpec, dict[str, None]] = {}
        for spec, value in entries:
            values[spec] = value
            for depth, name in enumerate(spec.parts):
                names.setdefault(AssetSpec(spec.package, spec.parts[:depth]), {})[name] = None
        self._set(Growing(values), Growing({spec: Growing(below) for spec, below in names.items()}))

    def _set(self, values: Growing[AssetSpec, V], names: Growing[AssetSpec, Growing[str, None]]) -> None:
        self.values = values
        self.get = values.get
        self._names = names

    def plus(self, spec: AssetSpec, value: V) -> SpecTree[V]:
        """The same, with *value* for *spec*."""
        names = self._names
        if spec not in self.values:
            for depth, name in enumerate(spec.parts):
                directory = AssetSpec(spec.package, spec.parts[:depth])
                below = names.get(directory)
                if below is None or name not in below:
                    names = names.plus(directory, (Growing() if below is None else below).plus(name, None))
        tree: SpecTree[V] = SpecTree.__new__(SpecTree)
        tree._set(self.values.plus(spec, value), names)
        return tree

    def __bool__(self) -> bool:
        return bool(self.values)

    def names(self, spec: AssetSpec) -> Iterable[str]:
        """The names in the directory *spec* that lead to a value."""
        return self._names.get(spec, ())  # type: ignore[no-any-return]

    def above(self, spec: AssetSpec) -> Iterator[V]:
        """The values at *spec* and at the directories above it, the nearest first."""
        for depth in range(len(spec.parts), -1, -1):
            value = self.get(AssetSpec(spec.package, spec.parts[:depth]))
            if value is not None:
                yield value

    def below(self, spec: AssetSpec) -> Iterator[V]:
        """The values below *spec*."""
        waiting = [spec.joined([name]) for name in self.names(spec)]
        while waiting:
            at = waiting.pop()
            value = self.get(at)
            if value is not None:
                yield value
            waiting.extend(at.joined([name]) for name in self.names(at))

    def touches(self, spec: AssetSpec) -> bool:
        """Is there a value at, above or below *spec*?"""
        return bool(self.names(spec)) or next(self.above(spec), None) is not None
