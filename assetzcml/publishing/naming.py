"""
The names of what is frozen: each file under the digest of its final bytes, what it refers to renamed in it first. Pure.

A new logo is another name for the logo, so other bytes of the style sheet that shows it, so another name for that. Files
that refer to each other in a circle have no last one: these share a digest of all of them, with the names that they give
each other left plain. Where one begins makes no difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assetzcml.resolving.digests import DIGEST_LENGTH, with_digest

__all__ = ["Named", "UnnamedFile", "circles", "names_by_key"]

# Gives the bytes of a file with what it refers to renamed: a key to what is to stand for it, or None to leave it plain.
Rewrite = Callable[[Callable[[str], "str | None"]], bytes]


@dataclass(frozen=True)
class UnnamedFile:
    """
    One file before it has a name: *key* is the path that it has without a version, *refers* are the keys of what its bytes
    name. *digest* is that of its bytes, which *rewrite* makes anew; without one they stay. *name* is given already.
    """

    key: str
    digest: str
    refers: tuple[str, ...] = ()
    rewrite: Rewrite | None = None
    name: str | None = None


@dataclass(frozen=True)
class Named:
    """A file with its final *name*, and its *data* where they are others than they were."""

    key: str
    name: str
    data: bytes | None = None
    digest: str = field(default="")


def names_by_key(files: Mapping[str, UnnamedFile]) -> dict[str, Named]:
    """
    The names of *files*, by their keys.

    >>> plain = UnnamedFile("a.png", "3f2a9c81b7d0aaaa")
    >>> sheet = UnnamedFile("a.css", "0" * 64, ("a.png",), lambda name: f"url({name('a.png')})".encode())
    >>> {each.key: (each.name, each.data) for each in names_by_key({"a.png": plain, "a.css": sheet}).values()}
    {'a.png': ('a-3f2a9c81b7d0.png', None), 'a.css': ('a-378c6ed0026d.css', b'url(a-3f2a9c81b7d0.png)')}
    """
    done: dict[str, Named] = {key: Named(key, file.name) for key, file in files.items() if file.name is not None}
    edges = {
        key: [target for target in file.refers if target in files and files[target].name is None]
        for key, file in files.items()
        if file.name is None
    }
    for members in circles(edges):
        if len(members) == 1 and members[0] not in edges[members[0]]:
            _alone(files[members[0]], done)
        else:
            _together([files[key] for key in sorted(members)], done)
    for key, file in files.items():
        if file.name is not None and file.rewrite is not None:
            done[key] = _final(file, file.name, lambda target: _name(target, done))
    return done


def _name(key: str, done: Mapping[str, Named]) -> str | None:
    found = done.get(key)
    return None if found is None else found.name


def _alone(file: UnnamedFile, done: dict[str, Named]) -> None:
    if file.rewrite is None:
        done[file.key] = Named(file.key, _with(file.key, file.digest), None, file.digest)
        return
    data = file.rewrite(lambda target: _name(target, done))
    digest = hashlib.sha256(data).hexdigest()
    done[file.key] = Named(file.key, _with(file.key, digest), data, digest)


def _together(members: Sequence[UnnamedFile], done: dict[str, Named]) -> None:
    """The files of a circle, sorted by their keys."""
    circle = hashlib.sha256()
    for file in members:
        data = b"" if file.rewrite is None else file.rewrite(lambda target: _name(target, done))
        circle.update(b"%b\0%b\n" % (file.key.encode(), hashlib.sha256(data).hexdigest().encode()))
    names = dict(done)
    for file in members:
        digest = hashlib.sha256(b"%b\0%b" % (circle.digest(), file.key.encode())).hexdigest()
        names[file.key] = Named(file.key, _with(file.key, digest))
    for file in members:
        done[file.key] = _final(file, names[file.key].name, lambda target: _name(target, names))


def _final(file: UnnamedFile, name: str, rule: Callable[[str], str | None]) -> Named:
    if file.rewrite is None:
        return Named(file.key, name, None, file.digest)
    data = file.rewrite(rule)
    return Named(file.key, name, data, hashlib.sha256(data).hexdigest())


def _with(key: str, digest: str) -> str:
    directory, slash, name = key.rpartition("/")
    return f"{directory}{slash}{with_digest(name, digest[:DIGEST_LENGTH])}"


def circles(edges: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """
    The strongly connected components of a graph, each after all that it leads to. (R. Tarjan, 1972; without recursion.)

    >>> list(circles({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}))
    [['d'], ['c', 'b'], ['a']]
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for start in edges:
        if start in index:
            continue
        path: list[tuple[str, Iterator[str]]] = []

        def enter(node: str, path: list[tuple[str, Iterator[str]]] = path) -> None:
            index[node] = low[node] = len(index)
            stack.append(node)
            waiting.add(node)
            path.append((node, iter(edges[node])))

        enter(start)
        while path:
            node, targets = path[-1]
            target = next(targets, None)
            if target is not None:
                if target not in index:
                    enter(target)
                elif target in waiting:
                    low[node] = min(low[node], index[target])
                continue
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[node])
            if low[node] == index[node]:
                component: list[str] = []
                while not component or component[-1] != node:
                    component.append(stack.pop())
                    waiting.discard(component[-1])
                yield component
