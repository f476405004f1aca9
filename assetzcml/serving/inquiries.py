"""What the static views answer, and why: told without a server. Reads no body."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.readers import CODINGS
from assetzcml.registry import Registry
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import SearchPaths
from assetzcml.serving.entries import Entries
from assetzcml.serving.files import LinkRefused, Refused
from assetzcml.serving.paths import BadPath, path_key
from assetzcml.serving.publication import settled
from assetzcml.serving.responses import Asked, Header
from assetzcml.serving.sites import Site
from assetzcml.serving.statistics import Statistics
from assetzcml.serving.variants import Located, locate, look, variant_fault
from assetzcml.urls.versions import Versions

__all__ = ["Answers", "Routed", "Variant"]


class Routed(NamedTuple):
    """What a URL path leads to; see `Answers.route`."""

    view: StaticViewRecord
    spec: AssetSpec | None
    fault: str


class Variant(NamedTuple):
    """One coding of an asset that is there; see `Answers.variants`. *size* is in bytes."""

    coding: str
    path: str | None
    size: int | None
    fault: str


class Answers:
    """What the static views of one registry answer to somebody who is permitted everything. Each is looked for anew."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def route(self, path: str) -> Routed | None:
        """
        The `Routed` of a URL path, percent-encoded, without query; None when no static view has it.

        `view` is the record of the static view, `spec` the AssetSpec that the path names: without a digest, with the
        index of a directory, None where no asset can be named so. `fault` is what is wrong with the name, or ''.
        """
        found = self._site().meant(_path_info(path))
        if found is None:
            return None
        view, rest, version = found[0].record, found[1], found[2]
        if view.file:
            return Routed(view, view.root if rest is None else None, "" if rest is None else "nothing is below a file")
        try:
            key = path_key(b"" if rest is None else rest.encode("latin-1"), view.dotfiles)
        except BadPath as error:
            return Routed(view, None, str(error))
        if key is None:
            return Routed(view, None, "no public asset has such a name")
        spec = view.root.joined(key.parts)
        if key.directory and view.index and self._locate(view, spec.joined([view.index])) is not None:
            spec = spec.joined([view.index])
            return Routed(view, spec, self._outdated(spec, version))
        routed = self._version(view, spec, key.parts)
        return routed._replace(fault=self._outdated(spec, version)) if routed.spec == spec else routed

    def _outdated(self, spec: AssetSpec, version: str | None) -> str:
        """What is wrong with the version of a tree in a URL; '' for nothing."""
        if version is None:
            return ""
        judged = self.registry.part(Versions).judged(self.registry.snapshot, spec, version)
        fine = judged.digest is not None or judged.foreign
        return "" if fine else f"the version {version} is not that of the tree as it is now"

    def _version(self, view: StaticViewRecord, spec: AssetSpec, parts: tuple[str, ...]) -> Routed:
        """What the name stands for, when it is that of a version and no asset has it itself."""
        located = self._locate(view, spec)
        if located is not None and not located.directory:
            return Routed(view, spec, "")
        version = self.registry.part(Versions).version_of(self.registry.snapshot, view, parts)
        if version is None:
            return Routed(view, spec, "")
        fault = "" if version.current else f"the digest {version.digest} is not that of the asset as it is now"
        return Routed(view, version.spec, fault)

    def answer(self, path: str) -> tuple[str, list[Header]] | None:
        """(status, headers) of the answer to a GET of a URL path; None when no static view has it."""
        # HEAD: the headers of a GET (RFC 9110, 9.3.2), and nothing is opened for it.
        steps = self._site().steps(
            _path_info(path),
            Asked("HEAD", dict[str, str]().get),
            location=lambda: f"{path}/",
            entries=Entries(Statistics(self.registry)),
            has_fallback=True,
        )
        answer = None if steps is None else settled(steps)
        return None if answer is None else (answer.status, answer.headers)

    def variants(self, view: StaticViewRecord, spec: AssetSpec) -> Iterator[Variant]:
        """
        The codings of an asset that lie beside it, used or not.

        `coding`, `path` and `size` say what there is, `fault` why it is not served; '' when it is.
        """
        located = self._locate(view, spec)
        if located is None or located.directory:
            return
        try:
            follows = self.registry.snapshot.follows_links(view)
            used = {source.coding for source in look(located, view.content_encodings, follow_symlinks=follows).sources}
        except (OSError, Refused):
            return
        for coding, suffix in CODINGS.items():
            variant = _variant(located, coding, suffix)
            if variant is not None:
                yield variant if coding in used else variant._replace(fault=_fault(view, variant))

    def refusal(self, view: StaticViewRecord, spec: AssetSpec) -> str:
        """Why *view* does not serve an asset that exists; '' when it does."""
        raw = b"" if view.file else "/".join(spec.below(view.root)).encode("utf-8", "surrogateescape")
        if path_key(raw, view.dotfiles) is None:
            return "its name is not public: a dotfile, program source, or a name some system reads otherwise"
        located = self._locate(view, spec)
        if located is None:
            return ""
        if located.directory:
            return f"it is a directory, and has no {view.index}" if view.index else "it is a directory"
        try:
            self._site().publication(view).look(located)
        except LinkRefused as refused:
            return f'{refused} (to {_end(located)}); follow_symlinks="yes" would serve it'
        except Refused as refused:
            return f"it is {refused}" if str(refused).startswith("not ") else f"it cannot be read: {refused}"
        except OSError as error:
            return f"it cannot be opened: {error.strerror}"
        return ""

    def behind_link(self, view: StaticViewRecord, spec: AssetSpec) -> str:
        """Where the link leads that keeps *view* from serving an asset, and `follow_symlinks` would allow; '' for none."""
        located = self._locate(view, spec)
        if located is None or located.directory or located.location.member is not None:
            return ""
        try:
            self._site().publication(view).look(located)
        except LinkRefused:
            return _end(located)
        except (Refused, OSError):
            pass
        return ""

    def _site(self) -> Site:
        return self.registry.snapshot.derived(Site)

    def _locate(self, view: StaticViewRecord, spec: AssetSpec) -> Located | None:
        paths = self.registry.snapshot.derived(SearchPaths)
        return locate(paths.candidates(spec, None if view.file else view.root), Packages())


def _path_info(path: str) -> str:
    """A URL path as WSGI has it (PEP 3333): decoded to bytes, each as a character."""
    return unquote_to_bytes(path).decode("latin-1")


def _end(located: Located) -> str:
    """Where an asset really lies."""
    return repr(os.path.realpath(located.location.path))


def _variant(located: Located, coding: str, suffix: str) -> Variant | None:
    """The variant beside an asset; None when there is nothing. Its fault is what `stat` tells."""
    place = located.location.beside(suffix)
    if located.location.member is not None:
        return Variant(coding, None, None, "") if place.member is not None and place.member.is_file() else None
    try:
        status = os.stat(place.path)
    except (OSError, ValueError):
        return None
    size = status.st_size if stat.S_ISREG(status.st_mode) else None
    return Variant(coding, place.path, size, variant_fault(status, os.stat(located.location.path)))


def _fault(view: StaticViewRecord, variant: Variant) -> str:
    """Why a variant that is there is not used."""
    if variant.coding not in view.content_encodings:
        return f"{variant.coding} is not among the view's content_encodings"
    return variant.fault or "it cannot be read, or a link leaves the root"
