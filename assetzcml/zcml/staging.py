"""The registry that is being made by a load: what handlers of any package have as `context.registry`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zope.interface.registry import UtilityRegistration

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.interfaces import IResolver, IURLGenerator
from assetzcml.records.kinds import Record
from assetzcml.registry import Loss, Registry
from assetzcml.resolving.resolver import Asset, Resolver
from assetzcml.urls.generator import URLGenerator

__all__ = ["StagedRegistry"]

DECLARE = "call assetzcml.declare(context, record) in the handler"


class StagedRegistry(Registry):
    """
    What a registry will be when the load is done, in front of what it is.

    Actions ask it (`resolve`, `static_path`, `static_url`) and register their own components with it; the registry
    itself gets all of it when no action has failed. While files are still read nobody knows which overrides there will
    be, so it does not answer then.
    """

    def __init__(self, registry: Registry, settings: Mapping[str, Any]):
        self._held: dict[tuple[Any, str], Record] = {}  # the records of the load; they are registered when it is done
        super().__init__(bases=(registry,), settings=settings)
        self.complete = False  # are all records of the load here?

    def _put(self, record: Record) -> Record | None:
        place = record.provided, record.key
        former: Record | None = self.queryUtility(*place)
        if former is not None and not record.says_the_same(former):
            self._ledger.losses.append(Loss(former, record, "replaced"))
        self._held[place] = record
        return former

    def _declared(self) -> Iterable[Record]:
        return [*super()._declared(), *self._held.values()]

    def getUtilitiesFor(self, interface: Any) -> Iterator[tuple[str, Any]]:  # noqa: N802
        """As `Components.getUtilitiesFor`, with what the load declares."""
        held = {name: record for (provided, name), record in self._held.items() if provided is interface}
        yield from held.items()
        yield from ((name, found) for name, found in super().getUtilitiesFor(interface) if name not in held)

    def registeredUtilities(self) -> Iterator[Any]:  # noqa: N802
        """As `Components.registeredUtilities`, with what the load declares."""
        yield from super().registeredUtilities()
        for (provided, name), record in self._held.items():
            yield UtilityRegistration(self, provided, name, record, "", None)

    def resolve(self, spec: Any) -> Asset:
        """The asset of *spec*, as it will be."""
        asset: Asset = self._asked(IResolver).resolve(spec)
        return asset

    def static_path(self, spec: Any, request: Any = None, **options: Any) -> str:
        """The URL of an asset without scheme and host, as it will be."""
        path: str = self._asked(IURLGenerator).static_path(spec, request, **options)
        return path

    def static_url(self, spec: Any, request: Any = None, **options: Any) -> str:
        """The URL of an asset, as it will be."""
        url: str = self._asked(IURLGenerator).static_url(spec, request, **options)
        return url

    def queryUtility(self, provided: Any, name: str = "", default: Any = None) -> Any:  # noqa: N802 (zope.interface's name)
        """As `Components.queryUtility`; the resolver and the URLs are those of the registry as it will be."""
        held = self._held.get((provided, name))
        if held is not None:
            return held
        if name or provided not in OWN or not self.complete:
            return super().queryUtility(provided, name, default)
        registered = self.utilities.lookup((), provided) if provided is IURLGenerator else None
        return registered if registered is not None else self.part(OWN[provided])

    def _asked(self, provided: Any) -> Any:
        if not self.complete:
            message = "the registry is asked while files are still read, when nobody knows what it will answer"
            raise ConfigurationError(
                Problem(None, message, "ask in an action: context.action(discriminator, function)", code="A109")
            )
        return self.getUtility(provided)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("add_") or name in ("override_asset", "load_zcml", "declaring", "reload"):

            def refuse(*arguments: Any, **options: Any) -> None:
                raise ConfigurationError(
                    Problem(None, f"{name}() is not for a load, which is a whole", DECLARE, code="A109")
                )

            return refuse
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


OWN: Mapping[Any, Any] = {IResolver: Resolver, IURLGenerator: URLGenerator}
