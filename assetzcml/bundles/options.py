"""The options of an environment: their defaults, what may be given for them, and what is made of that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from assetzcml.bundles.cache import BaseCache, FilesystemCache
from assetzcml.bundles.errors import BundleError, UnsetOption
from assetzcml.bundles.roles import Home
from assetzcml.bundles.updaters import AlwaysUpdater, BaseUpdater, TimestampUpdater
from assetzcml.bundles.version_manifests import CacheManifest, FileManifest, JsonManifest, Manifest
from assetzcml.bundles.versioners import HashVersion, TimestampVersion, Version
from assetzcml.records.bundles import debug_level, former_versions
from assetzcml.records.readers import boolean, boolean_word
from assetzcml.records.rules import described
from assetzcml.resolving.importing import import_failure, imported_object

__all__ = ["CACHE_NAME", "DEFAULTS", "Options", "checked", "level_of", "truth_of"]

CACHE_NAME = ".webassets-cache"

# What an environment starts with. `directory` and `url` have no default; a list or mapping is a new one each time.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "debug": False,
        "cache": True,
        "auto_build": True,
        "url_expire": None,
        "versions": "hash",
        "manifest": "cache",
        "updater": "timestamp",
        "load_path": (),
        "url_mapping": MappingProxyType({}),
        "cache_file_mode": None,
        "allow_remote": False,
        "debug_expire": False,
        "former_versions": None,
        "source_maps": None,
    }
)

_WORDS: dict[str, dict[str, Any]] = {
    "versions": {"hash": HashVersion, "timestamp": TimestampVersion},
    "manifest": {"cache": CacheManifest, "file": FileManifest, "json": JsonManifest},
    "updater": {"timestamp": TimestampUpdater, "always": AlwaysUpdater},
}
_METHODS = {"versions": "determine_version", "manifest": "query", "updater": "needs_rebuild", "cache": "get"}
_BASES = {"versions": Version, "manifest": Manifest, "updater": BaseUpdater, "cache": BaseCache}


class Options:
    """
    The options by name, read when they matter. A text means what it says: `debug="false"` is false.

    What has them says where they are looked up, and how the objects made from them are kept.
    """

    environment: Home

    def get(self, name: str, default: Any = None) -> Any:
        """What was given for *name*, as it was given; case does not matter."""
        raise NotImplementedError

    @property
    def directory(self) -> str:
        """The absolute path outputs are written below. UnsetOption, an EnvironmentError, when nobody said it."""
        value = self.get("directory")
        if value is None:
            raise self.environment.without_directory()
        return self.environment.absolute(value)

    @property
    def url(self) -> str:
        """The prefix of the URLs of what is in the directory. UnsetOption when nobody said it."""
        value = self.get("url")
        if value is None:
            raise UnsetOption("the environment has no url", hint="set environment.url")
        return str(value)

    @property
    def debug(self) -> bool | str:
        """False, "merge" or True. Raises BundleError for anything else."""
        return level_of(self.get("debug"))

    @property
    def auto_build(self) -> bool:
        """Do URLs build what is out of date? Never where there are no versions: their absence turns it off."""
        return truth_of(self.get("auto_build"), "auto_build") and self.versions is not None

    @property
    def url_expire(self) -> bool | None:
        """Does the URL of an output carry its version as a query? None: only where its name does not."""
        return _flag_or_auto(self.get("url_expire"), "url_expire")

    @property
    def allow_remote(self) -> bool:
        """May a build download the URLs among the contents?"""
        return truth_of(self.get("allow_remote"), "allow_remote")

    @property
    def debug_expire(self) -> bool:
        """Do the URLs of sources carry a version too?"""
        return truth_of(self.get("debug_expire"), "debug_expire")

    @property
    def former_versions(self) -> int | None:
        """How many former versions of an output stay when it is built; None: all. Raises BundleError for no number."""
        return _number_kept(self.get("former_versions"))

    @property
    def source_maps(self) -> bool | None:
        """Do outputs hold a map to those sources that no filter has changed? None: those that are only merged."""
        return _flag_or_auto(self.get("source_maps"), "source_maps")

    @property
    def load_path(self) -> list[str]:
        """The directories sources are looked for in; where there is none, `directory` is."""
        found: list[str] = self.get("load_path")
        return found

    @property
    def url_mapping(self) -> dict[str, str]:
        """URLs of directories, besides `directory` and `url`."""
        found: dict[str, str] = self.get("url_mapping")
        return found

    @property
    def cache_file_mode(self) -> int | None:
        """The mode of new files in the cache."""
        value = self.get("cache_file_mode")
        return int(value, 8) if isinstance(value, str) else value

    @property
    def versions(self) -> Any:
        """The versioner; None when there are no versions. Raises ValueError for what is none."""
        return self._made("versions")

    @property
    def manifest(self) -> Any:
        """The manifest; None when there is none. Raises ValueError for what is none."""
        if self.get("manifest") == "cache" and self.cache is None:
            if self.environment.given("manifest"):
                message = "the manifest is 'cache', and the cache is turned off"
                raise BundleError(message, hint="set manifest='json', or leave the cache on")
            return None
        return self._made("manifest")

    @property
    def updater(self) -> Any:
        """What says whether a bundle has to be built; None: it always has. Raises ValueError for what is none."""
        return self._made("updater")

    @property
    def cache(self) -> Any:
        """The cache; None when it is off. The default directory is made when something is kept."""
        value = self.get("cache")
        if isinstance(value, str) and boolean_word(value) is not None:
            value = boolean_word(value)
        if value is True:
            return self._kept("cache", True, lambda: _default_cache(self))
        if isinstance(value, str | os.PathLike):
            path = self.environment.absolute(value)
            return self._kept("cache", path, lambda: FilesystemCache(path, self.cache_file_mode))
        return self._made("cache")

    def _made(self, option: str) -> Any:
        value = self.get(option)
        if not value or (isinstance(value, str) and _says_nothing(value)):
            return None
        return self._kept(option, value, lambda: _object(option, value, self))

    def _kept(self, option: str, value: Any, make: Callable[[], Any]) -> Any:
        return self.environment.component(option, value, make)


def checked(option: str, value: Any) -> Any:
    """
    The *value* that somebody gives for an option, of any name. Raises BundleError for what it could never mean.

    What is an object, or stands for one, is looked at when it is needed: a dotted name is not imported before.
    """
    check = _CHECKS.get(option)
    if check is not None:
        check(value, option)
    return value


def _number_kept(value: Any, option: str = "former_versions") -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    try:
        if isinstance(value, str):
            return former_versions(value)
        raise ValueError("how many stay, 0 or more, or None for all, was expected")
    except ValueError as error:
        raise BundleError(f"{option} is {described(value)}; {error}") from None


def _flag_or_auto(value: Any, option: str) -> bool | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in ("auto", "none", "")):
        return None
    return truth_of(value, option)


def _path(value: Any, option: str) -> None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise BundleError(f"{option} is {described(value)}; the path of a directory was expected")


def _prefix(value: Any, option: str) -> None:
    if value is not None and not isinstance(value, str):
        raise BundleError(f"{option} is {described(value)}; a text such as '/static' was expected")


def _paths(value: Any, option: str) -> None:
    if not isinstance(value, str | Iterable | os.PathLike | None):
        raise BundleError(f"{option} is {described(value)}; paths of directories were expected")
    for each in value if isinstance(value, list | tuple) else ():
        if not isinstance(each, str | os.PathLike):
            raise BundleError(f"{option} holds {described(each)}; paths of directories were expected")


def _places(value: Any, option: str) -> None:
    if not isinstance(value, Mapping):
        raise BundleError(f"{option} is {described(value)}; a mapping of directories to URLs was expected")


def _mode(value: Any, option: str) -> None:
    octal = isinstance(value, str) and value.isascii() and value.strip("01234567") == "" and value
    if not (value is None or octal or (isinstance(value, int) and not isinstance(value, bool))):
        raise BundleError(f"{option} is {described(value)}; a mode in octal digits such as '640' was expected")


_CHECKS: Mapping[str, Callable[[Any, str], Any]] = MappingProxyType(
    {
        "directory": _path,
        "url": _prefix,
        "debug": lambda value, option: level_of(value),
        **dict.fromkeys(("auto_build", "allow_remote", "debug_expire"), lambda value, option: truth_of(value, option)),
        **dict.fromkeys(("url_expire", "source_maps"), _flag_or_auto),
        "load_path": _paths,
        "url_mapping": _places,
        "cache_file_mode": _mode,
        "former_versions": _number_kept,
    }
)


def _default_cache(ctx: Options) -> FilesystemCache:
    directory = os.path.join(ctx.directory, CACHE_NAME)
    return FilesystemCache(directory, ctx.cache_file_mode, make=True)


def _object(option: str, value: Any, ctx: Options) -> Any:
    """The object that *value* stands for: a word, a dotted name, a class, or the object itself."""
    argument: tuple[str, ...] = ()
    if isinstance(value, str):
        word, colon, rest = value.partition(":")
        known = _WORDS.get(option, {})
        if word in known:
            value, argument = known[word], (rest,) if colon else ()
        elif "." in word:
            value = _imported(option, value)
        else:
            words = ", ".join(map(repr, known))
            raise ValueError(f"{option} is {value!r}; {words}, a dotted name, a class or an object was expected")
    if not isinstance(value, _BASES[option]) and not hasattr(value, _METHODS[option]):
        raise ValueError(f"{option} is {value!r}, which has no method {_METHODS[option]}()")
    return _instance(option, value, ctx, argument) if isinstance(value, type) else value


def _instance(option: str, kind: type, ctx: Options, argument: tuple[str, ...]) -> Any:
    make = getattr(kind, "make", None)
    if make is None:
        return kind(*argument)
    # webassets gives the environment to the makers of manifests only.
    return make(ctx, *argument) if option == "manifest" else make(*argument)


def _imported(option: str, name: str) -> Any:
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    try:
        return imported_object(module, attribute)
    except Exception as error:  # whatever its code raises
        raise ValueError(f"{option} is {name!r}, which cannot be imported: {import_failure(error)}") from error


def truth_of(value: Any, option: str) -> bool:
    """
    True or false, or a text that says so. Raises BundleError.

    >>> truth_of("false", "auto_build"), truth_of(1, "auto_build")
    (False, True)
    """
    if isinstance(value, str):
        try:
            return boolean(value)
        except ValueError as error:
            raise BundleError(f"{option} is {value!r}; {error}") from None
    if value is None or value in (True, False):
        return bool(value)
    raise BundleError(f"{option} is {described(value)}; true or false was expected")


def level_of(value: Any) -> bool | str:
    """
    A debug level: False, "merge" or True. Raises BundleError.

    >>> level_of("merge"), level_of("1"), level_of(False)
    ('merge', True, False)
    """
    if isinstance(value, str):
        try:
            return debug_level(value)
        except ValueError as error:
            raise BundleError(f"debug is {value!r}; {error}") from None
    if value in (True, False):
        return bool(value)
    raise BundleError(f"debug is {described(value)}; true, false or 'merge' was expected")


def _says_nothing(text: str) -> bool:
    """Does a text say that there is no such thing?"""
    return text.strip().lower() in ("", "none") or boolean_word(text) is False
