"""Names for annotations: what servers hand in and take, and zope's classes, which have no types, as checkers see them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

__all__ = [
    "ASGIApplication",
    "Environ",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "SpecLike",
    "StartResponse",
    "WSGIApplication",
]

# A path object is the text that it stands for.
SpecLike: TypeAlias = "str | os.PathLike[str]"

# PEP 3333.
Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
WSGIApplication: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

# The ASGI specification, 3.0.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

if TYPE_CHECKING:

    class Interface:
        """As zope.interface's: called it adapts, indexed it gives one of its attributes."""

        def __new__(cls, *arguments: Any) -> Any: ...
        def __class_getitem__(cls, name: str) -> Any: ...
        @classmethod
        def providedBy(cls, object: object) -> bool: ...  # noqa: A002, N802
        @classmethod
        def implementedBy(cls, cls_: type) -> bool: ...  # noqa: N802

    class Components:
        """As `zope.interface.registry.Components`."""

        __name__: str
        __bases__: tuple[Components, ...]
        utilities: Any

        def __init__(self, name: str = "", bases: tuple[Components, ...] = ()) -> None: ...
        def _setBases(self, bases: tuple[Components, ...]) -> None: ...  # noqa: N802
        def registerUtility(  # noqa: N802
            self,
            component: Any = None,
            provided: Any = None,
            name: str = "",
            info: str = "",
            event: bool = True,
            factory: Any = None,
        ) -> None: ...
        def unregisterUtility(  # noqa: N802
            self, component: Any = None, provided: Any = None, name: str = "", factory: Any = None
        ) -> bool: ...
        def registeredUtilities(self) -> Iterator[Any]: ...  # noqa: N802
        def queryUtility(self, provided: Any, name: str = "", default: Any = None) -> Any: ...  # noqa: N802
        def getUtility(self, provided: Any, name: str = "") -> Any: ...  # noqa: N802
        def getUtilitiesFor(self, interface: Any) -> Iterator[tuple[str, Any]]: ...  # noqa: N802
        def getAllUtilitiesRegisteredFor(self, interface: Any) -> list[Any]: ...  # noqa: N802
        def registerAdapter(  # noqa: N802
            self,
            factory: Any,
            required: Any = None,
            provided: Any = None,
            name: str = "",
            info: str = "",
            event: bool = True,
        ) -> None: ...
        def unregisterAdapter(  # noqa: N802
            self, factory: Any = None, required: Any = None, provided: Any = None, name: str = ""
        ) -> bool: ...
        def registeredAdapters(self) -> Iterator[Any]: ...  # noqa: N802
        def queryAdapter(self, object: Any, interface: Any, name: str = "", default: Any = None) -> Any: ...  # noqa: A002, N802
        def getAdapter(self, object: Any, interface: Any, name: str = "") -> Any: ...  # noqa: A002, N802
        def queryMultiAdapter(self, objects: Any, interface: Any, name: str = "", default: Any = None) -> Any: ...  # noqa: N802
        def getMultiAdapter(self, objects: Any, interface: Any, name: str = "") -> Any: ...  # noqa: N802
        def getAdapters(self, objects: Any, provided: Any) -> Iterator[tuple[str, Any]]: ...  # noqa: N802
        def registerSubscriptionAdapter(  # noqa: N802
            self,
            factory: Any,
            required: Any = None,
            provided: Any = None,
            name: str = "",
            info: str = "",
            event: bool = True,
        ) -> None: ...
        def unregisterSubscriptionAdapter(  # noqa: N802
            self, factory: Any = None, required: Any = None, provided: Any = None, name: str = ""
        ) -> bool: ...
        def registeredSubscriptionAdapters(self) -> Iterator[Any]: ...  # noqa: N802
        def subscribers(self, objects: Any, provided: Any) -> list[Any]: ...
        def registerHandler(  # noqa: N802
            self, factory: Any, required: Any = None, name: str = "", info: str = "", event: bool = True
        ) -> None: ...
        def unregisterHandler(self, factory: Any = None, required: Any = None, name: str = "") -> bool: ...  # noqa: N802
        def registeredHandlers(self) -> Iterator[Any]: ...  # noqa: N802
        def handle(self, *objects: Any) -> None: ...
