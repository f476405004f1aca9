"""Why an asset is the one being served: everything that decided is asked. Nothing here decides."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from assetzcml.errors import ConfigurationError, InvalidSpec, NotPublished, did_you_mean, few, nearest
from assetzcml.pages.application import Pages
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord, asset_spec
from assetzcml.records.pages import Route, View
from assetzcml.records.site import PermissionPolicy
from assetzcml.registry import Registry, Snapshot
from assetzcml.reports.descriptions import strength
from assetzcml.reports.explanation import Explanation, Passed, SearchStep
from assetzcml.reports.frozen import frozen_asset
from assetzcml.reports.include_tree import excluded_files
from assetzcml.reports.references import said_by, said_of
from assetzcml.reports.survey import Survey
from assetzcml.resolving.neighbours import nearest_beside
from assetzcml.resolving.packages import Found, Packages
from assetzcml.resolving.resolver import Resolver, chosen
from assetzcml.resolving.search import Candidate, SearchPaths
from assetzcml.serving.inquiries import Answers
from assetzcml.typing import SpecLike
from assetzcml.urls.generator import Decision, URLGenerator
from assetzcml.urls.inquiries import use_of
from assetzcml.urls.lookup import Lookup
from assetzcml.urls.versions import Versions

__all__ = ["Explainer"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
NAMES_SHOWN = 8  # static views named in one line when none fits


class Explainer:
    """Explains the assets of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def explain(self, spec_or_url: SpecLike) -> Explanation:
        """
        The explanation of a spec, or of a URL or its path as a browser sends it; a query and a fragment are left aside.

        Never raises for what is asked: what is wrong with it is among the `problems`.
        """
        asked = os.fspath(spec_or_url) if isinstance(spec_or_url, os.PathLike) else str(spec_or_url)
        return _Inquiry(self.registry, asked.strip()).explanation


class _Inquiry:
    """One question, while it is being answered."""

    def __init__(self, registry: Registry, asked: str):
        self.registry = registry
        self.snapshot: Snapshot = registry.snapshot
        self.packages = Packages()
        self.resolver = registry.part(Resolver)
        self.urls = registry.part(URLGenerator)
        self.answers = registry.part(Answers)
        self.pages = registry.part(Pages)
        self.found = Explanation(registry, asked)
        try:
            if self.snapshot.frozen is not None and not self._is_page(asked):
                self._ask_frozen(asked)
            elif self._is_url(asked):
                self._ask_url(asked)
            else:
                self._ask_spec(asked)
                self._explain_references()
        except ValueError as error:  # of urlsplit: 'http://[', or a character that no URL can have
            self.found.problems.append(f"it is neither an asset spec nor a URL: {error}")
        if self.found.spec is not None:
            packages = {self.found.spec.package, *(step.spec.package for step in self.found.search_path)} - {""}
            self.found.excluded = list(excluded_files(registry, packages))
        elif self.found.problems:
            self.found.excluded = list(excluded_files(registry))

    @property
    def explanation(self) -> Explanation:
        return self.found

    def _is_url(self, asked: str) -> bool:
        if _SCHEME.match(asked) or asked.startswith("//"):
            return True
        if asked.startswith("/"):
            spec = _spec_or_none(asked)
            return spec is None or not any(spec.under(view.root) for view in self.snapshot.views)
        if ":" in asked:
            return False
        path = f"/{_path_of(asked)}"
        return self._lead(path).view is not None or self.answers.route(path) is not None

    def _is_page(self, asked: str) -> bool:
        path = self._local_path(asked) if self._is_url(asked) else None
        return path is not None and self._lead(path).view is not None

    # From what was asked to an asset.

    def _ask_frozen(self, asked: str) -> None:
        try:
            frozen = self.found.frozen = frozen_asset(self.snapshot, asked)
        except ConfigurationError as error:
            self.found.problems.append(str(error))
            return
        self.found.url = frozen.url
        if frozen.asset is None:
            self.found.problems.append(f"the frozen release {frozen.release[:12]} has nothing there")
        elif ":" in frozen.asset.spec:
            self.found.spec = asset_spec(frozen.asset.spec)

    def _ask_spec(self, asked: str) -> None:
        try:
            self.found.spec = asset_spec(asked)
        except InvalidSpec as error:
            self.found.problems.append(str(error))
            return
        unpublished = ""
        try:
            self.found.view = self.urls.decide(asked, ask=False).view
            self.found.spec = self.snapshot.derived(Lookup).publication(self.found.spec)[1]
        except NotPublished as error:
            unpublished = str(error)
        except ConfigurationError:  # a bundle that cannot be built, which is told of where its URL is asked for
            pass
        self._explain_asset(asked)
        if unpublished and not (self.found.bundle is not None and self.found.url is not None):
            self.found.problems.insert(0, unpublished)
        url = self.found.url
        if url is not None and self.found.view is not None and not self.found.view.external:
            path = self._local_path(url) or ""
            routed = self.answers.route(path)
            if routed is not None and routed.view != self.found.view:
                self.found.problems.append(f"its URL is answered by {routed.view}, which has the longer name")
            page = self._lead(path)
            if page.view is not None:
                told = f"its URL is answered by {page.route or page.view}: routes and views go before static views"
                self.found.problems.append(told)
            self._explain_answer(path)

    def _explain_references(self) -> None:
        """What the asset refers to, and what refers to it, as far as that can be read while somebody waits."""
        view, spec = self.found.view, self.found.spec
        if view is None or spec is None or view.external or self.found.directory:
            return
        site = Survey(self.registry)
        self.found.refers = [] if view.file else list(said_by(site, view, spec))
        self.found.referred, self.found.unread = said_of(site, view, spec)

    def _ask_url(self, asked: str) -> None:
        external = self._external(asked)
        if external is not None:
            self.found.view, self.found.spec = external
            self._explain_asset(str(self.found.spec))
            return
        path = self._local_path(asked)
        routed = None if path is None else self.answers.route(path)
        led = None if path is None else self._lead(path)
        if led is not None:
            self._explain_pages(led, path or "")
            if led.view is not None:
                if routed is not None and self._has(routed.spec):
                    self.found.other_pages.append(Passed(routed.view, "routes and views go before static views"))
                return
        if path is None or routed is None:
            if led is not None and led.allowed:
                self.found.problems.append(f"it is no page to GET: it takes {', '.join(led.allowed)}")
            else:
                self.found.problems.append(self._nobody(path))
            return
        self.found.view, self.found.spec = routed.view, routed.spec
        if routed.fault:
            self.found.problems.append(routed.fault)
        if routed.spec is not None:
            self._explain_asset(str(routed.spec))
        self._explain_answer(path)

    def _external(self, asked: str) -> tuple[StaticViewRecord, AssetSpec] | None:
        """The external view whose base URL *asked* begins with, the longest first, and the asset below it."""
        scheme, _, rest = asked.partition("//")
        url = urlsplit(f"//{rest}")
        segments = [_host(url.netloc), *(unquote(part) for part in url.path.split("/") if part)]
        for view in sorted(self.snapshot.views, key=lambda view: -len(view.name)):
            own_scheme, _, own = view.name.partition("//")
            host, *path = own.split("/")
            base = [_host(host), *path]
            if not view.external or own_scheme not in ("", scheme.lower()) or segments[: len(base)] != base:
                continue
            below = tuple(segments[len(base) :])
            version = self.registry.part(Versions).version_of(self.snapshot, view, below)
            return view, version.spec if version is not None else view.root.joined(below)
        return None

    def _local_path(self, asked: str) -> str | None:
        """The path below the application, when the URL can be one of it."""
        own = urlsplit(self.registry.settings.get("application_url") or "")
        url = urlsplit(asked) if _SCHEME.match(asked) or asked.startswith("//") else None
        if url is not None and own.netloc and url.netloc.lower() != own.netloc.lower():
            return None
        path = _path_of(asked)
        path = path if path.startswith("/") else f"/{path}"
        prefix = own.path.rstrip("/")
        return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path

    def _has(self, spec: AssetSpec | None) -> bool:
        try:
            return spec is not None and self.resolver.resolve(spec).isfile()
        except (OSError, ImportError):
            return False

    def _lead(self, path: str) -> Any:
        """What a URL path leads to among routes and views."""
        return self.pages.lead(unquote(path))

    def _explain_pages(self, led: Any, path: str) -> None:
        found = self.found
        found.page, found.route, found.matchdict = led.view, led.route, led.values
        missed = self.pages.missed(unquote(path))
        found.other_pages = [Passed(each.record, each.why) for each in missed]
        having = [led.view, led.route, *(each.record for each in missed)]
        subjects = {record.discriminator[:2] for record in having if record is not None}
        subjects |= {("view of route", record.name) for record in having if isinstance(record, Route)}
        for loss in self.snapshot.losses:
            if isinstance(loss.loser, Route | View) and loss.loser.discriminator[:2] in subjects:
                found.other_pages.append(Passed(loss.loser, loss.reason, loss.winner))
        if led.view is not None:
            self._explain_policy(led.view)

    def _nobody(self, path: str | None) -> str:
        snapshot = self.snapshot
        if not (snapshot.routes or snapshot.pages):
            return self._no_static_view(path)
        known = [f"/{view.name}" for view in snapshot.pages if view.route_name is None]
        hint = did_you_mean(path or "", [*known, *(route.pattern for route in snapshot.routes)])
        told = self._no_static_view("" if hint else path)
        return f"{told}; no route or view does, either{f'; {hint}' if hint else ''}"

    def _no_static_view(self, path: str | None) -> str:
        names = [repr(view.name or "/") for view in self.snapshot.views]
        if not names:
            return "no static view answers this URL: there is none"
        first, _, rest = (path or "").lstrip("/").partition("/")
        near = nearest(first, [view.name for view in self.snapshot.views]) if first else ""
        hint = f"did you mean {f'/{near}/{rest}'!r}?" if near and near != first else ""
        there = f"there are {few(names, NAMES_SHOWN)}"
        return f"no static view answers this URL; {hint or there}"

    # From the asset to what decides about it.

    def _explain_asset(self, text: str) -> None:
        found, spec = self.found, self.found.spec
        assert spec is not None
        self.found.others = [record for record in self.snapshot.others if record.concerns(spec)]
        self._search(spec)
        self._explain_bundle(spec)
        found.other_views = list(self._other_views(spec))
        if found.view is None and found.bundle is None:
            return
        self._explain_url(text)
        if found.view is None:
            return
        self._explain_policy(found.view)
        if found.source is None:
            return
        refusal = "" if found.view.external else self.answers.refusal(found.view, spec)
        if refusal:
            found.problems.append(f"{found.view} does not serve it: {refusal}")
        found.variants = list(self.answers.variants(found.view, spec))

    def _search(self, spec: AssetSpec) -> None:
        self.found.others = [record for record in self.snapshot.others if record.concerns(spec)]
        paths = self.snapshot.derived(SearchPaths)
        candidates = list(paths.candidates(spec))
        standing = [self._standing(candidate) for candidate in candidates]
        taken = chosen(there for there in standing if isinstance(there, Found))
        for candidate, there in zip(candidates, standing, strict=True):
            state = "chosen" if there is not None and there is taken else _state(there)
            path = there.path if isinstance(there, Found) else None
            self.found.search_path.append(SearchStep(candidate.spec, state, candidate.via, path))
        self.found.search_path += _repeated(paths.places(spec), paths)
        if taken is not None:
            self.found.source, self.found.file, self.found.directory = taken.spec, taken.path, taken.directory
        else:
            self.found.problems.append(f"no layer has {str(spec)!r}{self._nearest(spec, standing[-1])}")

    def _explain_bundle(self, spec: AssetSpec) -> None:
        """The bundle that *spec* is the address of, or the place of its output."""
        bundles = self.registry.above.bundles()
        if not self.snapshot.derived(SearchPaths).bundles:
            return
        bundle = spec if bundles.name_of(self.snapshot, spec) else bundles.bundle_of(self.snapshot, spec)
        if bundle is not None:
            self.found.bundle = bundles.state(bundles.name_of(self.snapshot, bundle))
            fault = bundles.fault(self.snapshot, bundle)
            told = [] if not isinstance(fault, ConfigurationError) else [problem.headline for problem in fault.problems]
            self.found.problems += told or ([str(fault)] if fault is not None else self.found.bundle.problems)

    def _standing(self, candidate: Candidate) -> Found | str | None:
        """What stands at a place: a file before a directory; why its package has nothing, as a text."""
        try:
            found = list(self.packages.find(candidate.spec))
        except ImportError as error:
            return f"no such package ({error})"
        return chosen(found)

    def _nearest(self, spec: AssetSpec, original: Found | str | None) -> str:
        if isinstance(original, str):
            return f": {original}"
        hint = nearest_beside(self.resolver, spec)
        return f"; {hint}" if hint else ""

    def _other_views(self, spec: AssetSpec) -> Iterator[Passed]:
        view, publishing = self.found.view, self._publishing(spec)
        for other in self.snapshot.views:
            if other is not view and (spec == other.root if other.file else spec.under(other.root)):
                if view is not publishing:
                    yield Passed(other, "the asset's own URL is there" if other is publishing else "not asked for")
                else:
                    yield Passed(other, _view_passed(publishing, other))
        for loss in self.snapshot.losses:
            loser = loss.loser
            if isinstance(loser, StaticViewRecord) and (
                spec.under(loser.root) or (view is not None and loser.name == view.name)
            ):
                if loss.winner.discriminator == loser.discriminator and loss.winner.origin == loser.origin:
                    continue  # the same statement, whose root was merged with others
                yield Passed(loser, loss.reason, loss.winner)

    def _publishing(self, spec: AssetSpec) -> StaticViewRecord | None:
        """The view that gives the asset its URL, which may be another than the one that was asked."""
        try:
            return self.urls.decide(spec, ask=False).view
        except (NotPublished, ConfigurationError):  # the latter: a bundle that cannot be built
            return None

    def _explain_url(self, text: str) -> None:
        found = self.found
        decision: Decision | None = None
        try:
            decision = self.urls.decide(text, ask=False, anew=True)
            found.busting = use_of(decision)
            decision = self.urls.decide(text)
            found.busting = use_of(decision)
            found.url = self._policys_url(text)
        except NotPublished:
            pass
        except Exception as error:  # a cache buster and a URL policy may be the code of others
            if found.bundle is not None and isinstance(error, ConfigurationError):
                return  # it cannot be built, which is told of
            found.problems.append(f"it has no URL: {type(error).__name__}: {error}")
            found.busting = None if decision is None else use_of(decision, error)
        found.other_bustings = list(self._other_bustings(decision))
        if found.busting is not None and found.busting.file is not None:
            manifest = self.resolver.resolve(found.busting.file)
            found.busting_file = manifest.abspath()

    def _policys_url(self, text: str) -> str:
        """The URL that pages get, of the URL policy in force."""
        policy = self.snapshot.urls
        if policy is not self.urls:
            self.found.url_policy = policy
        url: str = policy.static_path(text)
        return url

    def _other_bustings(self, decision: Decision | None) -> Iterator[Passed]:
        found = self.found
        used = found.busting.record if found.busting is not None else None
        for other in self.snapshot.bustings:
            if other is not used and self._covers(other):
                yield Passed(other, _busting_passed(used, other))
        for loss in self.snapshot.losses:
            if isinstance(loss.loser, Busting) and self._covers(loss.loser):
                yield Passed(loss.loser, loss.reason, loss.winner)

    def _covers(self, busting: Busting) -> bool:
        spec = (self.found.source or self.found.spec) if busting.explicit else self.found.spec
        if spec is None:
            return False
        known = (spec,) if busting.explicit else self.snapshot.derived(Lookup).addresses(spec)
        return any(each.under(busting.path) for each in known)

    def _explain_policy(self, view: StaticViewRecord | View) -> None:
        if view.protected:
            self.found.policy = self.snapshot.policy
            lost = [loss for loss in self.snapshot.losses if isinstance(loss.loser, PermissionPolicy)]
            self.found.other_policies = [Passed(loss.loser, loss.reason, loss.winner) for loss in lost]

    def _explain_answer(self, path: str) -> None:
        self.found.path = path
        self.found.answer = self.answers.answer(path)
        if self.found.answer is None:
            self.found.problems.append("the static view '/' leaves it to the application")


def _host(authority: str) -> str:
    """The authority of a URL as it is sent: lower case, an international name in its ASCII form."""
    try:
        return authority.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return authority.lower()


def _spec_or_none(text: str) -> AssetSpec | None:
    try:
        return asset_spec(text)
    except InvalidSpec:
        return None


def _path_of(url: str) -> str:
    """The path of a URL, or of the path of one, without query and fragment."""
    return urlsplit(url).path if _SCHEME.match(url) or url.startswith("//") else re.split("[?#]", url, maxsplit=1)[0]


def _state(there: Found | str | None) -> str:
    if isinstance(there, str):
        return there
    return "missing" if there is None else "a directory" if there.directory else "exists"


def _repeated(candidates: list[Candidate], paths: SearchPaths) -> Iterator[SearchStep]:
    """The overrides that cover the asset and lead only to where another has led already."""
    led = {(candidate.spec, candidate.via[-1]) for candidate in candidates if candidate.via}
    for candidate in candidates:
        for override in paths.covering(candidate.spec):
            place = candidate.spec.moved(override.target, override.source)
            if (place, override) not in led:
                led.add((place, override))
                yield SearchStep(place, "named above", (*candidate.via, override))


def _view_passed(view: StaticViewRecord | None, other: StaticViewRecord) -> str:
    """Why *view* gives the asset its URL and *other*, whose root holds it too, does not."""
    if view is None:
        return "not asked for"
    if len(other.root.parts) < len(view.root.parts):
        return "its root is shorter"
    return strength(view, other)


def _busting_passed(used: Busting | None, other: Busting) -> str:
    if used is None:
        return "does not apply"
    if used.explicit and not other.explicit:
        return "an explicit one goes first"
    if not used.explicit and not used.path.under(other.path):
        return "it is of another part of what was merged into the root"
    return "its path is shorter"
