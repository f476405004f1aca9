"""
What every record is, of ours and of other packages: who said it, how strong it is, and how `list` and `explain` tell it.

A kind of records is a class. All that is told of it generally it says itself, so that a new kind is nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from zope.interface import implementer

from assetzcml.errors import Origin, shorten
from assetzcml.interfaces import IRecord

if TYPE_CHECKING:
    from zope.interface import Interface

__all__ = [
    "BUNDLES",
    "BUSTERS",
    "BY_FILE",
    "BY_STATEMENT",
    "ENVIRONMENT",
    "FILES",
    "KINDS",
    "MODULES",
    "OTHERS",
    "OVERRIDES",
    "PAGES",
    "POLICIES",
    "RELEASES",
    "ROUTES",
    "STORES",
    "TYPES",
    "UNRANKED",
    "VIEWS",
    "YOUNGEST",
    "ComponentRecord",
    "Kind",
    "Record",
    "dotted",
]


class Kind(NamedTuple):
    """What `assetzcml list` calls records: the *word* that asks for them, and the *heading* above them."""

    word: str
    heading: str


VIEWS = Kind("views", "static views")
FILES = Kind("files", "static files")
OVERRIDES = Kind("overrides", "overrides, in the order of search")
BUSTERS = Kind("busters", "cache busters")
TYPES = Kind("types", "media types")
MODULES = Kind("modules", "modules")
RELEASES = Kind("releases", "frozen releases that are served")
STORES = Kind("stores", "stores of contents")
POLICIES = Kind("policies", "permission policies")
ROUTES = Kind("routes", "routes, in the order in which they are tried")
PAGES = Kind("pages", "views of routes and of paths")
ENVIRONMENT = Kind("environment", "environment of bundles")
BUNDLES = Kind("bundles", "bundles")
OTHERS = Kind("others", "what other packages declare")
#: Ours, in the order of `list`.
KINDS = (
    VIEWS,
    FILES,
    OVERRIDES,
    BUSTERS,
    TYPES,
    MODULES,
    STORES,
    RELEASES,
    POLICIES,
    ROUTES,
    PAGES,
    ENVIRONMENT,
    BUNDLES,
)

YOUNGEST: tuple[Any, ...] = ()  # the rank of what Python calls declare: before every statement of a file

# How a load ranks the records of one kind.
UNRANKED = ""  # there is one for each key, and no order between them
BY_FILE = "file"  # by the order of the files that the configuration is made of
BY_STATEMENT = "statement"  # by the order of the statements, as overrides


@implementer(IRecord)
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    What one statement declares. A package that has directives of its own may have records of its own: subclasses.

    A subclass is a frozen dataclass with the attributes of its directive, and has to say its `discriminator`: two
    records with the same one conflict. All else here may be left as it is: *listed_as*, what `list` calls it;
    `attributes` and `detail`, what is told of it; `concerns`, of which assets `explain` names it.

    *origin*, *generation* (the number of the load or call) and *rank* (the least is the strongest of a load) are told
    to it when it is declared.
    """

    provided: ClassVar[type[Interface]] = IRecord
    listed_as: ClassVar[Kind] = OTHERS
    ranked: ClassVar[str] = BY_STATEMENT
    stacks: ClassVar[bool] = False  # do several for one thing not conflict?
    follows: ClassVar[bool] = False  # may one call make several, of one generation?

    origin: Origin | None = field(default=None, compare=False)
    generation: int = field(default=0, compare=False)
    rank: tuple[Any, ...] = field(default=YOUNGEST, compare=False)

    @property
    def discriminator(self) -> tuple[Any, ...]:
        """The word of the directive, and what tells two of its statements apart."""
        raise NotImplementedError(f"{type(self).__name__} has no discriminator")

    @property
    def key(self) -> str:
        """The name of the utility: the same for records with the same discriminator, and only for them."""
        return " ".join(map(str, self.discriminator))

    @property
    def directive(self) -> str:
        """The word of its directive."""
        return str(self.discriminator[0])

    def __str__(self) -> str:
        return " ".join([self.directive, *(shorten(str(each)) for each in self.discriminator[1:2])])

    def attributes(self) -> dict[str, Any]:
        """What is said, by the names of attributes: texts, numbers, lists and mappings, which can be written as JSON."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self) if each.name not in _COMMON}

    def detail(self) -> str:
        """What follows its name in its line: here the attributes that say something."""
        told = {str(each) for each in self.discriminator}
        said = ((name, value) for name, value in self.attributes().items() if value not in (None, "", [], {}))
        return " ".join(f"{name}={value!r}" for name, value in said if str(value) not in told)

    @property
    def stated(self) -> bool:
        """Has somebody written it, in a file or a call? Else a framework has, by what its application says elsewhere."""
        return self.origin is None or self.origin.line > 0

    @property
    def line(self) -> str:
        """What it says, in one line, without its origin."""
        return f"{self} {self.detail()}".rstrip()

    def concerns(self, spec: Any) -> bool:
        """Does `explain` name it when it is asked for *spec*, an AssetSpec? For records of other packages."""
        return False

    def prefixed(self, prefix: str) -> Mapping[str, Any]:
        """The attributes that change when local names begin with *prefix*."""
        return {}

    def says_the_same(self, former: Record) -> bool:
        """Is nothing lost when it takes the place of *former*?"""
        return self == former


_COMMON = {each.name for each in fields(Record)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRecord(Record):
    """
    One that declares a *component*: the attribute of that name, an object that a directive may have made.

    *wording* is how ZCML says which: 'token="v1"'; '' where Python does.
    """

    component: ClassVar[str]

    wording: str = field(default="", compare=False)

    def told(self) -> str:
        """Which component it is about, as ZCML says it, or by the component's name where Python said it."""
        return self.wording or _wording_of(getattr(self, self.component))

    def says_the_same(self, former: Record) -> bool:
        """Are they equal, or said in the same words? What these make is another object each time."""
        if type(former) is type(self) and self.wording:
            return self.wording == former.wording
        return self == former


def dotted(component: Any) -> str:
    """The name of a component, or of its class, with its module."""
    named = component if hasattr(component, "__qualname__") else type(component)
    return f"{named.__module__}.{named.__qualname__}"


def _wording_of(component: Any) -> str:
    """A component as it is written in ZCML, where its class says so; a subclass may be something else."""
    words = vars(type(component)).get("wording")
    return dotted(component) if words is None else str(words(component))


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list, set, frozenset, Iterator)):
        return [_plain(each) for each in value]
    return dotted(value) if callable(value) else str(value)
