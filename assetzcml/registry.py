"""The components of one application, and the immutable snapshot that requests read. Nothing here looks at a disk."""

from __future__ import annotations

import importlib
import os
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from zope.interface import implementedBy, providedBy
from zope.interface.interfaces import ComponentLookupError

from assetzcml.errors import ConfigurationWarning, shorten
from assetzcml.interfaces import (
    IBundling,
    IBusting,
    IContentStore,
    IFrozen,
    IMediaType,
    IModule,
    IOverride,
    IPermissionPolicy,
    IRecord,
    IResolver,
    IRoute,
    IStaticView,
    IURLGenerator,
    IView,
)
from assetzcml.records.kinds import BUNDLES, Record
from assetzcml.records.readers import BOOLEAN_WORDS_TEXT, boolean_word
from assetzcml.records.rules import settings_mapping

if TYPE_CHECKING:
    from assetzcml.records.assets import Busting, Override, StaticViewRecord
    from assetzcml.records.bundles import BundleRecord, BundlingRecord
    from assetzcml.records.loads import LoadEvent, LoadReport
    from assetzcml.records.pages import Route, View
    from assetzcml.records.site import ContentStore, MediaType, Module
    from assetzcml.typing import Components, Interface
else:
    from zope.interface import Interface
    from zope.interface.registry import Components

__all__ = [
    "Above",
    "Change",
    "Current",
    "Ledger",
    "Loss",
    "Part",
    "Registration",
    "Registry",
    "Snapshot",
    "Switches",
    "adopt",
    "become",
    "configure",
    "declared_in",
    "ledger",
    "next_generation",
    "registrations",
]

T = TypeVar("T")


class Loss(NamedTuple):
    """A record that lost against another, and why: 'overridden' within a load, 'replaced' by a later one."""

    loser: Record
    winner: Record
    reason: str


SHOWN = 3  # loads that `repr` names

# The settings that are true or false.
PREVENTED = "ASSETZCML_PREVENT_CACHEBUST"  # the variable of the environment that turns cache busters off
SWITCHES = ("follow_symlinks", "prevent_cachebust", "reload")


class Switches:
    """
    Settings that are true or false, in the words of `readers.boolean`.

    A text that is no such word counts as false, and is warned of once for each name; an empty one just so.
    """

    def __init__(self) -> None:
        self._told: dict[str, object] = {}

    def read(self, name: str, value: Any) -> bool:
        """
        What *value*, the setting *name*, says; None is false.

        >>> Switches().read("reload", "On"), Switches().read("reload", None)
        (True, False)
        """
        if not isinstance(value, str):
            return bool(value)
        said = boolean_word(value)
        if said is None and value.strip():  # an empty one says nothing
            mine = object()
            if self._told.setdefault(name, mine) is mine:
                message = (
                    f"the setting {name!r} is {shorten(value)}, and counts as false: {BOOLEAN_WORDS_TEXT} was expected"
                )
                warnings.warn(message, ConfigurationWarning, stacklevel=3)
        return bool(said)


class Change(NamedTuple):
    """One record that was declared, and the one that it took the place of."""

    record: Record
    replaced: Record | None


class _Log(NamedTuple):
    """The changes since a snapshot that was made from the start, the latest first."""

    change: Change
    before: _Log | None
    length: int


def _since(log: _Log | None, known: _Log | None) -> list[Change]:
    """The changes in *log* that *known*, an earlier state of it, has not; in their order."""
    found: list[Change] = []
    while log is not known:
        assert log is not None
        found.append(log.change)
        log = log.before
    return found[::-1]


class Snapshot:
    """
    Everything that decides about a request, as it was at one moment. It never changes.

    A part of the package that needs another shape of it (an index) asks for `derived(make)`, which makes it once. When
    *make* has `grown(former, snapshot, changes)`, that of an earlier snapshot is taken on: what is declared one by one
    costs one by one. It returns None when the changes are more than it can take. One that is `of_records` knows records
    and nothing of the registry.
    """

    def __init__(self, registry: Registry):
        self._begin(registry)
        self.policy: Any = registry.queryUtility(IPermissionPolicy)
        self.urls: Any = registry.queryUtility(IURLGenerator)
        self._tuples: dict[type[Interface], tuple[tuple[Any, ...], _Log | None]] = {}
        self._log: _Log | None = None
        for provided, order in _ORDERS.items():
            records = [record for _, record in registry.getUtilitiesFor(provided)]
            self._tuples[provided] = tuple(sorted(records, key=order)), None
        self.generation = max(
            (record.generation for records, _ in self._tuples.values() for record in records),
            default=ledger(registry).generation,
        )
        self._former: dict[Any, tuple[Any, _Log | None]] = {}

    def _begin(self, registry: Registry) -> None:
        self.registry: Registry = registry
        self.settings: dict[str, Any] = registry.settings
        self._switches = ledger(registry).switches
        self._losses = ledger(registry).losses
        self._lost = len(ledger(registry).losses)
        # The table that the URL policy in force, `urls`, lets `static_path` read: a look-up and nothing else. It
        # is the policy's own; that of a policy which is not the one we ship stays empty, so that it is always asked.
        # A path, and until when it holds (`time.monotonic`); None: whatever `prevent_cachebust` says.
        self.paths: Mapping[Any, tuple[str, float | None]] = {}
        self._derived: dict[Any, Any] = {}
        self._before: Snapshot | None = None
        self._began: _Log | None = None

    # From one snapshot to the next.

    def takes(self, records: Sequence[Record]) -> bool:
        """Can the next snapshot be made by difference: is each of *records* later than all that is there by then?"""
        latest = self.generation
        for record in records:
            if record.generation < latest + (not record.follows) or record.provided is IFrozen:
                return False  # what is frozen has another URL policy
            latest = record.generation
        return True

    def after(self, changes: Sequence[Change], registry: Any = None) -> Snapshot:
        """
        The snapshot after *changes*, whose records it `takes`.

        With *registry* it is only for looking at: what would be, were that the registry.
        """
        later: Snapshot = Snapshot.__new__(Snapshot)
        later._begin(self.registry if registry is None else registry)
        if self._log is not None and self._log.length > MANY_CHANGES:
            for make in list(self._former):
                self.derived(make)
            later._tuples = {provided: (self._records(provided), None) for provided in _ORDERS}
            later._log, later._former = None, {}
        else:
            later._tuples, later._log, later._former = self._tuples.copy(), self._log, self._former.copy()
        began = later._log
        later._former.update(
            (make, (value, began)) for make, value in list(self._derived.items()) if hasattr(make, "grown")
        )
        later._began = began
        later._state_of(self, changes)
        later._before = self
        return later if registry is not None else later.settled(self.registry)

    def settled(self, registry: Registry) -> Snapshot:
        """The snapshot that was only looked at, taken by *registry*. What is known of records alone is kept."""
        before, self._before = self._before, None
        if before is not None:
            before._former = {}  # else each snapshot would keep the one before it
        self.registry, self._losses, self._lost = registry, ledger(registry).losses, len(ledger(registry).losses)
        self.settings, self._switches = registry.settings, ledger(registry).switches
        self._derived = {make: value for make, value in self._derived.items() if getattr(make, "of_records", False)}
        if self._records(IFrozen):  # by which the URLs are another's
            self.urls = registry.queryUtility(IURLGenerator)
        return self

    def _state_of(self, before: Snapshot, changes: Sequence[Change]) -> None:
        self.policy, self.urls, self.generation = before.policy, before.urls, before.generation
        for change in changes:
            self._log = _Log(change, self._log, self._log.length + 1 if self._log is not None else 1)
            self.generation = change.record.generation
            if change.record.provided is IPermissionPolicy:
                self.policy = change.record

    def _records(self, provided: type[Interface]) -> tuple[Any, ...]:
        records, known = self._tuples[provided]
        if known is not self._log:
            changes = [change for change in _since(self._log, known) if change.record.provided is provided]
            gone = {id(change.replaced) for change in changes if change.replaced is not None}
            new = [change.record for change in changes[::-1] if id(change.record) not in gone]
            if gone:
                records = tuple(record for record in records if id(record) not in gone)
            records = (*new, *records)  # what is new is the strongest of all
            if provided in (IRoute, IView, IModule):
                records = tuple(sorted(records, key=_ORDERS[provided]))
            self._tuples[provided] = records, self._log
        return records

    # What there is, the strongest first.

    @property
    def views(self) -> tuple[StaticViewRecord, ...]:
        return self._records(IStaticView)

    @property
    def overrides(self) -> tuple[Override, ...]:
        return self._records(IOverride)

    @property
    def bustings(self) -> tuple[Busting, ...]:
        return self._records(IBusting)

    @property
    def types(self) -> tuple[MediaType, ...]:
        return self._records(IMediaType)

    @property
    def media_types(self) -> Mapping[str, str]:
        """The media types that are declared, by extension."""
        return self.derived(_media_types)

    @property
    def modules(self) -> tuple[Module, ...]:
        return self._records(IModule)

    @property
    def store(self) -> ContentStore | None:
        """Where the contents of releases are kept, if anywhere."""
        return next(iter(self._records(IContentStore)), None)

    @property
    def frozen(self) -> str | None:
        """Where the frozen release is that is served in the place of the sources; None where these are."""
        said = self.settings.get("frozen")
        declared = next(iter(self._records(IFrozen)), None)
        return os.fspath(said) if said else None if declared is None else declared.manifest

    @property
    def bundling(self) -> tuple[BundlingRecord, ...]:
        """The weakest first: what is included, then what includes it, and each file in its own order."""
        return self._records(IBundling)[::-1]

    @property
    def bundles(self) -> Iterator[BundleRecord]:
        """Of these the bundles themselves."""
        return (record for record in self.bundling if record.listed_as is BUNDLES)  # type: ignore[misc]

    @property
    def routes(self) -> tuple[Route, ...]:
        return self._records(IRoute)

    @property
    def pages(self) -> tuple[View, ...]:
        return self._records(IView)

    @property
    def others(self) -> tuple[Record, ...]:
        """Records of kinds that other packages have."""
        return self._records(IRecord)

    def everything(self) -> Iterator[Record]:
        """All records that are in force, kind by kind."""
        for provided in _ORDERS:
            yield from self.bundling if provided is IBundling else self._records(provided)
        if isinstance(self.policy, Record):
            yield self.policy

    @property
    def losses(self) -> tuple[Loss, ...]:
        return tuple(self._losses[: self._lost])

    def is_on(self, name: str) -> bool:
        """Is the setting *name* true, now?"""
        return self._switches.read(name, self.settings.get(name))

    def follows_links(self, view: StaticViewRecord) -> bool:
        """Does a static view serve what links lead to outside of its root, now? The setting is the default of all."""
        return self.is_on("follow_symlinks") if view.follow_symlinks is None else view.follow_symlinks

    def derived(self, make: Callable[[Snapshot], T]) -> T:
        """What *make* makes of this snapshot; made at the first call, the same for every later one."""
        try:
            known: T = self._derived[make]
            return known
        except KeyError:
            pass
        value = None
        former = self._former.pop(make, None)
        if self._before is not None and hasattr(make, "grown"):  # which keeps what it makes
            former = self._before.derived(make), self._began
        if former is not None:
            value = make.grown(former[0], self, _since(self._log, former[1]))  # type: ignore[attr-defined]
        made: T = self._derived.setdefault(make, make(self) if value is None else value)
        return made


MANY_CHANGES = (
    1_000  # after so many the log is written into the tuples: a few hundred records are kept too long at most
)


def _media_types(snapshot: Snapshot) -> Mapping[str, str]:
    return {record.extension: record.type for record in snapshot.types}


def _by_strength(record: Any) -> tuple[Any, ...]:
    """The latest load or call first, then by strength in it."""
    return -record.generation, record.rank


_ORDERS: Mapping[type[Interface], Callable[[Any], Any]] = {
    IStaticView: _by_strength,
    IOverride: _by_strength,
    IBusting: lambda record: -record.generation,
    IMediaType: lambda record: -record.generation,
    IModule: lambda record: record.key,
    IContentStore: lambda record: -record.generation,
    IFrozen: lambda record: -record.generation,
    IBundling: _by_strength,
    IRecord: _by_strength,
    IRoute: lambda record: record.order,
    IView: lambda record: record.discriminator,
}


class Above(NamedTuple):
    """
    What rooms below need of rooms above, each made when it is asked for. Handed in at assembly.

    *bundles* are the `Bundles`, whose outputs are places of assets; *explain* says why a URL is answered as it is; *begins*
    is called by who begins to serve a snapshot: what the release needs to have been written is written then; *hints* are
    those of a page, by its path, the method and the request. A registry that holds records and no more has none of them.
    """

    bundles: Callable[[], Any] = lambda: None
    explain: Callable[[str], str] = lambda path: ""
    begins: Callable[[], Any] = lambda: None
    hints: Callable[[str, str, Any], str] = lambda path, method, request: ""


class Part(NamedTuple):
    """Where a class or a function is that is opened with the first call which needs it."""

    module: str
    name: str

    def find(self) -> Any:
        """The class, or the function; its module is imported now."""
        return getattr(importlib.import_module(self.module), self.name)


class Current:
    """
    Where a registry puts its snapshot; None until the next reader makes the next one.

    For code that is asked so often that it binds things of a snapshot: it keeps this object and compares.
    """

    __slots__ = ("snapshot",)

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None


def _nothing(registry: Any) -> Mapping[Any, Any]:
    return {}


class Registry(Components):
    """
    Components with settings and a snapshot. `registerUtility` and its like make the next snapshot.

    Two registries never see each other. Reading is safe from every thread; changes are serialised by a lock.
    """

    # Slots, because `static_path` reads these two at every URL, and has 0.15 µs; all else is in the dict.
    if not TYPE_CHECKING:  # which takes slots for all there is
        __slots__ = ("_current", "settings")

    def __init__(
        self,
        name: str = "",
        bases: tuple[Components, ...] = (),
        settings: Mapping[str, Any] | None = None,
        owner: Registry | None = None,
    ):
        # What works for this registry, and what is found by an interface that nobody has registered anything for.
        self.above: Above = Above()
        self._parts: dict[Callable[[Any], Any], Any] = {}
        self._shipped: Callable[[Registry], Mapping[type[Interface], Callable[[], Callable[[Any], Any]]]] = _nothing
        # The registry that this one is being made for, over which it is or whose place it is to take; else itself.
        self.owner: Registry = owner or next((base.owner for base in bases if isinstance(base, Registry)), self)
        self._ledger: Ledger = Ledger(None if self.owner is self else self.owner._ledger.switches)
        self._current: Current = self._ledger.current
        prevented = self._ledger.switches.read(PREVENTED, os.environ.get(PREVENTED))
        self.settings: dict[str, Any] = {"prevent_cachebust": prevented}
        configure(self, settings)
        super().__init__(name, bases)

    def __repr__(self) -> str:
        # Without the lock: who looks at a registry while another thread declares must not wait for it.
        named = f" {self.__name__!r}" if self.__name__ else ""
        counts = [
            f"{count} {noun}{'' if count == 1 else 's'}"
            for noun, provided in (("static view", IStaticView), ("override", IOverride))
            for count in [sum(1 for _ in self.getUtilitiesFor(provided))]
        ]
        loaded = [load.spec for load in self._ledger.loads]
        shown = ", ".join(loaded[-SHOWN:]) + (f" and {len(loaded) - SHOWN} before" if len(loaded) > SHOWN else "")
        return (
            f"<{type(self).__name__}{named}: {', '.join(counts)}; {f'loaded {shown}' if loaded else 'nothing loaded'}>"
        )

    @property
    def loads(self) -> tuple[LoadReport, ...]:
        """What was read, load by load, of the loads in force."""
        return self._ledger.loads

    @property
    def snapshot(self) -> Snapshot:
        """What requests read. Take it once, then use what you took."""
        current = self._current.snapshot
        if current is None:
            with self._ledger.lock:
                current = self._current.snapshot
                if current is None:
                    current = self._current.snapshot = Snapshot(self)
        return current

    def part(self, make: Callable[[Registry], T]) -> T:
        """What *make* makes for this registry; made at the first call, the same for every later one."""
        try:
            found: T = self._parts[make]
        except KeyError:
            found = self._parts.setdefault(make, make(self))
        return found

    def add(self, *records: Record, proposed: Snapshot | None = None) -> None:
        """
        Put each of *records* in the place of the one with its discriminator, which is kept for `explain`.

        *proposed* is the snapshot that was made to look whether they hold.
        """
        with self._ledger.lock:
            before = self._current.snapshot
            try:
                changes = [Change(record, self._put(record)) for record in records]
            except BaseException:
                self._current.snapshot = None
                raise
            self._ledger.declared.extend(records)
            by_difference = before is not None and before is self._current.snapshot and before.takes(records)
            if before is None or not by_difference:
                self._current.snapshot = None
            else:
                self._current.snapshot = before.after(changes) if proposed is None else proposed.settled(self)

    def _adopt(self, staged: Registry, load: LoadReport) -> None:
        known = self._ledger
        with known.lock:
            known.loads = (*known.loads, load)
            brought = _remember(self, staged)
            for registration in brought:
                registration.put(self)
            for record in staged._declared():
                self._put(record)
            # What was replaced has just been noticed again, by putting it here.
            known.losses.extend(loss for loss in staged._ledger.losses if loss.reason != "replaced")
            self._current.snapshot = Snapshot(self) if brought else staged.snapshot.settled(self)

    def _declared(self) -> Iterable[Record]:
        """The records that are registered here, and not in a base."""
        return [each.component for each in registrations(self) if isinstance(each.component, Record)]

    def _put(self, record: Record) -> Record | None:
        """Register *record*; returns the one that it takes the place of."""
        provided, name = record.provided, record.key
        former = self.queryUtility(provided, name)
        if former is not None and not record.says_the_same(former):
            self._ledger.losses.append(Loss(former, record, "replaced"))
        if former == record:
            # Components would keep the former, which is equal and has an earlier generation and another origin.
            super().unregisterUtility(former, provided, name)
        super().registerUtility(record, provided, name)
        return former  # type: ignore[no-any-return]

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A change of the components, after which the next reader makes the next snapshot."""
        with self._ledger.lock:
            try:
                yield
            finally:
                self._current.snapshot = None

    def queryUtility(self, provided: Any, name: str = "", default: Any = None) -> Any:  # noqa: N802 (zope.interface's name)
        """As `Components.queryUtility`. What ships is found where nobody has registered another."""
        found = super().queryUtility(provided, name)
        if found is None and not name:
            shipped = self.owner._shipped(self).get(provided)
            found = None if shipped is None else self.owner.part(shipped())
        return default if found is None else found

    def getUtility(self, provided: Any, name: str = "") -> Any:  # noqa: N802
        """The same; ComponentLookupError where there is none."""
        found = self.queryUtility(provided, name)
        if found is None:
            raise ComponentLookupError(provided, name)
        return found

    def registerUtility(self, *arguments: Any, **options: Any) -> None:  # noqa: N802
        """
        As `Components.registerUtility`; requests see the change at once.

        A resolver is not taken, with a ConfigurationWarning: where an asset comes from is said by overrides alone, so
        that what is resolved, what is served and what a URL promises are the same file.
        """
        if _is_resolver(*arguments, **options):
            message = (
                "registering an IResolver has no effect: overrides alone say where an asset comes from; "
                "use the directive asset, or override_asset()"
            )
            warnings.warn(message, ConfigurationWarning, stacklevel=2)
            return
        with self._changing():
            super().registerUtility(*arguments, **options)

    def unregisterUtility(self, *arguments: Any, **options: Any) -> bool:  # noqa: N802
        """As `Components.unregisterUtility`; requests see the change at once."""
        with self._changing():
            return super().unregisterUtility(*arguments, **options)

    def registerAdapter(self, *arguments: Any, **options: Any) -> None:  # noqa: N802
        """As `Components.registerAdapter`; requests see the change at once."""
        with self._changing():
            super().registerAdapter(*arguments, **options)

    def unregisterAdapter(self, *arguments: Any, **options: Any) -> bool:  # noqa: N802
        """As `Components.unregisterAdapter`; requests see the change at once."""
        with self._changing():
            return super().unregisterAdapter(*arguments, **options)


class Ledger:
    """What the rooms of this package know of a registry, and its users need not: `ledger(registry)`."""

    def __init__(self, switches: Switches | None = None):
        self.lock: AbstractContextManager[Any] = threading.RLock()
        self.current: Current = Current()
        self.switches: Switches = Switches() if switches is None else switches
        self.losses: list[Loss] = []
        self.generation = 0
        self.loads: tuple[LoadReport, ...] = ()  # those in force, in their order
        self.subscribers: tuple[Callable[[LoadEvent], Any], ...] = ()
        # When the registry was last reloaded, and when a later reload has failed (`time.time`).
        self.reloaded: float | None = None
        self.reload_failed: float | None = None
        # What a reload needs to know: what Python calls declared, what loads registered that is not ours, and what that
        # took the place of.
        self.declared: list[Record] = []
        self.brought: list[Registration] = []
        self.displaced: dict[tuple[Any, ...], Registration] = {}


def ledger(registry: Registry) -> Ledger:
    """What is known of *registry* beside its components."""
    return registry._ledger


def next_generation(registry: Registry) -> int:
    """The number of the load or call that begins now; the greater is the later."""
    known = registry._ledger
    with known.lock:
        known.generation = max(known.generation, registry.snapshot.generation) + 1
        return known.generation


def configure(registry: Registry, settings: Mapping[str, Any] | None) -> None:
    """Let *registry* take *settings* over. Raises ConfigurationError, a ValueError, for what is no mapping."""
    given = settings_mapping(settings)
    registry.settings.update(given)
    for name in SWITCHES:
        if name in given:
            registry._ledger.switches.read(name, given[name])


# From one registry to another.


class Registration(NamedTuple):
    """
    One thing that Components hold, of any kind, as it is given to others. Two of one *identity* say the same.

    *component* is that of a utility; None for adapters, subscription adapters and handlers.
    """

    kind: str
    arguments: tuple[Any, ...]
    identity: tuple[Any, ...]
    component: Any = None

    @property
    def key(self) -> tuple[Any, ...]:
        """Of a utility: what only one stands at."""
        return self.arguments[1:3]

    def put(self, registry: Registry) -> None:
        """Register it there."""
        getattr(Components, f"register{self.kind}")(registry, *self.arguments)

    def take_out(self, registry: Registry) -> None:
        """Unregister it there; one that is there twice is gone for good."""
        getattr(Components, f"unregister{self.kind}")(registry, *self.arguments[:-1])


def registrations(registry: Registry) -> list[Registration]:
    """Everything that is registered: utilities, adapters, subscription adapters, handlers."""
    found = [
        Registration(
            "Utility", (u.component, u.provided, u.name, u.info), (u.provided, u.name, id(u.component)), u.component
        )
        for u in Components.registeredUtilities(registry)
    ]
    for kind, several in (
        ("Adapter", registry.registeredAdapters()),
        ("SubscriptionAdapter", registry.registeredSubscriptionAdapters()),
        ("Handler", registry.registeredHandlers()),
    ):
        for each in several:
            provided = () if kind == "Handler" else (each.provided,)
            arguments = (each.factory, each.required, *provided, each.name, each.info)
            identity = (kind, each.required, *provided, each.name, id(each.factory))
            found.append(Registration(kind, arguments, identity))
    return found


def declared_in(registry: Registry) -> Iterable[Record]:
    """The records that are declared in *registry* itself, also while it is being made by a load."""
    return registry._declared()


def adopt(registry: Registry, staged: Registry, load: LoadReport) -> None:
    """Let *registry* take over all that was registered in *staged*, by *load*; requests see all of it or nothing."""
    registry._adopt(staged, load)


def become(registry: Registry, ground: Registry) -> None:
    """Let *registry* have what *ground* has, and nothing else. Readers keep the former snapshot until all is there."""
    wanted = Counter(each.identity for each in registrations(ground))
    present = Counter(each.identity for each in registrations(registry))
    for each in registrations(registry):
        if wanted[each.identity] != present[each.identity]:
            each.take_out(registry)
    for each in registrations(ground):
        if wanted[each.identity] != present[each.identity]:
            each.put(registry)
    known, theirs = registry._ledger, ground._ledger
    known.losses = list(theirs.losses)  # a snapshot keeps the list that it began with
    known.loads, known.declared = theirs.loads, list(theirs.declared)
    known.brought, known.displaced = list(theirs.brought), theirs.displaced
    registry._current.snapshot = Snapshot(registry)


def _remember(registry: Registry, staged: Registry) -> list[Registration]:
    """What a load brings beside our records. It is kept, and what a Python call had put in its place."""
    known = registry._ledger
    brought = [each for each in registrations(staged) if not isinstance(each.component, Record)]
    loaded = {each.identity for each in known.brought}
    former = (
        {u.key: u for u in registrations(registry) if u.kind == "Utility" and u.identity not in loaded}
        if brought
        else {}
    )
    for each in brought:
        if each.kind == "Utility" and each.key in former:
            known.displaced.setdefault(each.key, former[each.key])
    known.brought += brought
    return brought


def _is_resolver(
    component: Any = None, provided: Any = None, name: str = "", info: str = "", event: bool = True, factory: Any = None
) -> bool:
    """Do these arguments of `registerUtility` register an IResolver?"""
    if provided is not None or name:
        return provided is IResolver and not name
    given = list(providedBy(component) if factory is None else implementedBy(factory))
    return given == [IResolver]
