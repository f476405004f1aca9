"""`includePlugins` and `includePluginsOverrides`: the ZCML of each distribution that names itself for a group.

The order is that of the distributions' normalised names (PEP 503), then of the entry points' names: the same on every
machine that has the same distributions.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from zope.configuration.config import GroupingContextDecorator
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.fields import Tokens
from zope.interface import Interface, taggedValue
from zope.schema import TextLine

from assetzcml.errors import Problem, did_you_mean, near_words
from assetzcml.resolving.importing import import_failure
from assetzcml.resolving.meant import names_in_package, object_meant
from assetzcml.zcml.attributes import Problems, reason
from assetzcml.zcml.conflicts import BY_INCLUDE, BY_INCLUDE_OVERRIDES
from assetzcml.zcml.included_paths import is_there, path_in
from assetzcml.zcml.includes import include_file, overriding_inside
from assetzcml.zcml.load import load_of
from assetzcml.zcml.positions import Tag

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["IIncludePlugins", "include_plugins", "include_plugins_overrides"]

NEARLY = 0.85  # likeness: 'override.zcml' is nearly 'overrides.zcml' (0.96), 'configure.zcml' is not (0.5)


class IIncludePlugins(Interface):
    """Both directives: include a file of each distribution that names itself for a group."""

    taggedValue("examples", {"group": "package.plugins"})

    group = TextLine(
        title="Entry point group",
        description="What a distribution says: [options.entry_points] with 'GROUP = NAME = PACKAGE'.",
        min_length=1,
    )
    file = TextLine(
        title="Name of the file in each package",
        description="configure.zcml when left out; for includePluginsOverrides overrides.zcml, where there is one.",
        required=False,
    )
    exclude = Tokens(
        title="Plugins that are left out",
        description="Names of entry points or of distributions.",
        value_type=TextLine(),
        required=False,
    )


class Plugin(NamedTuple):
    """One entry point of a group."""

    distribution: str
    name: str
    entry_point: EntryPoint

    def __str__(self) -> str:
        return f"plugin {self.name!r} of the distribution {self.distribution!r}"

    def named(self, word: str) -> bool:
        """Is *word* its name, or that of its distribution?"""
        return word == self.name or normalised(word) == normalised(self.distribution)


class PluginTag(Tag):
    """The start tag that had a plugin's file read; says which plugin where it is named in an include chain."""

    __slots__ = ("plugin",)

    def __init__(self, tag: Tag, plugin: Plugin):
        super().__init__(tag.document, tag.ordinal, tag.directive, tag.text)
        self.plugin = plugin

    def __str__(self) -> str:
        return f"{super().__str__()} for the {self.plugin}"


def include_plugins(context: Any, group: str, file: str | None = None, exclude: Any = ()) -> None:
    """`includePlugins`."""
    _include(context, group, file or "configure.zcml", exclude, BY_INCLUDE)


def include_plugins_overrides(context: Any, group: str, file: str | None = None, exclude: Any = ()) -> None:
    """`includePluginsOverrides`. A plugin need not override anything: the file may be missing unless it is named."""
    with overriding_inside(context):
        _include(context, group, file or "overrides.zcml", exclude, BY_INCLUDE_OVERRIDES, optional=file is None)


def _include(context: Any, group: str, file: str, exclude: Any, kind: int, optional: bool = False) -> None:
    plugins = _plugins(group)
    if not plugins:
        _warn_of_another_word(context, group)
    _check_exclude(context, plugins, exclude)
    wanted = [plugin for plugin in plugins if not any(map(plugin.named, exclude))]
    problems: list[Problem] = []
    for number, plugin in enumerate(wanted):
        inner = GroupingContextDecorator(context)
        inner.info = PluginTag(context.info, plugin)
        try:
            package = _package(context, plugin)
            path = path_in(inner, package, file)
            if optional and not is_there(path, package):
                _warn_of_misspelling(context, plugin, path)
                continue
            include_file(inner, path, package, kind, number)
        except Problems as error:
            where = context.info.attribute("group")
            problems += [
                Problem(where, f"{context.info.directive}: {plugin}: {_bare(problem.message)}",
                        problem.hint, exception=problem.exception, also=problem.also, code=problem.code)
                for problem in error.problems
            ]  # fmt: skip
    if problems:
        raise Problems(*problems)


def _plugins(group: str) -> list[Plugin]:
    """The entry points of a group, in their order; one that is found twice is one."""
    from importlib.metadata import entry_points  # 50 ms, for those who use it

    found = {
        Plugin(entry_point.dist.name if entry_point.dist is not None else "", entry_point.name, entry_point)
        for entry_point in entry_points(group=group)
    }
    return sorted(found, key=lambda plugin: (normalised(plugin.distribution), plugin.name, plugin.entry_point.value))


def _check_exclude(context: Any, plugins: list[Plugin], exclude: Any) -> None:
    """A name that excludes nothing is probably misspelt."""
    for word in exclude:
        if not any(plugin.named(word) for plugin in plugins):
            known = [name for plugin in plugins for name in (plugin.name, plugin.distribution)]
            hint = did_you_mean(word, known) or "remove it"
            message = f"{context.info.directive}: no plugin of the group is named {word!r}"
            load_of(context).warn(context.info.attribute("exclude"), message, hint, "A007")


def _warn_of_another_word(context: Any, group: str) -> None:
    """A group may be empty; one that is spelt as another but for a mark or an s, or as a package, is hardly meant."""
    from importlib.metadata import entry_points

    near = [other for other in entry_points().groups if _spoken(other) == _spoken(group)]
    hint = f"did you mean {min(near)!r}?" if near else package_named(group)
    if hint:
        message = f"{context.info.directive}: no distribution names itself for the group {group!r}"
        load_of(context).warn(context.info.attribute("group"), message, hint, "A005")


def _spoken(group: str) -> str:
    return re.sub(r"[-_.]", "", group).lower().removesuffix("s")


def package_named(word: str) -> str:
    """What to write where a package is named, and no group; '' where there is no such package with ZCML in it."""
    files = names_in_package(word) if word.isidentifier() else None
    return f'write <include package="{word}"/>' if files and "configure.zcml" in files else ""


def _package(context: Any, plugin: Plugin) -> Any:
    """The package that an entry point names. Raises Problems."""
    value = plugin.entry_point.value
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", value.strip()):
        hint = f"write {value.partition(':')[0].strip()!r}, the name of a package, and install it again"
        raise Problems(Problem(None, f"its entry point is {value!r}", hint, code="A132"))
    try:
        return context.resolve(value.strip())
    except ZopeConfigurationError as error:
        near = object_meant(value.strip())
        hint = f"{near} Correct its entry point, and install it again" if near else ""
        raise Problems(Problem(None, f"{reason(error)}, which its entry point names", hint, code="A132")) from None
    except Exception as error:
        message = f"{value!r} cannot be imported: {import_failure(error)}"
        raise Problems(Problem(None, message, exception=error, code="A109")) from error


def _warn_of_misspelling(context: Any, plugin: Plugin, path: str) -> None:
    """A plugin need not have the file, but one that is nearly named so is hardly meant to be passed over."""
    try:
        names = [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".zcml")]
    except OSError:
        return
    near = near_words(os.path.basename(path), names, NEARLY)
    if near:
        message = f"{context.info.directive}: the {plugin} has {near[0]}, and no {os.path.basename(path)}"
        load_of(context).warn(context.info.attribute("group"), message, "rename it if it is meant", "A017")


def _bare(message: str) -> str:
    """A message of the include, without the directive's name, which is put before it again."""
    return re.sub(r"^include\w+: ", "", message)


def normalised(name: str) -> str:
    """The name of a distribution as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
