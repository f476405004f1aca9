"""
`assetzcml check`: the table of all rules, and who applies them.

A configuration that does not load has the findings of its load; one that loads has all others.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from assetzcml.errors import (
    ConfigurationError,
    ConfigurationWarning,
    Origin,
    Problem,
    did_you_mean,
    excerpt,
    near_words,
    printable,
)
from assetzcml.interfaces import ICheckRule
from assetzcml.records.kinds import dotted
from assetzcml.records.loads import ASKED
from assetzcml.registry import Registry
from assetzcml.reports import outcomes, references, rules
from assetzcml.reports.descriptions import origin_data
from assetzcml.reports.rules import Looked, Remark
from assetzcml.reports.survey import Site
from assetzcml.zcml.loader import ZCMLLoader
from assetzcml.zcml.strictness import Strictness

__all__ = ["ERROR", "INFO", "RULES", "WARNING", "Checker", "Finding", "Rule", "load_to_ask", "serious"]

ERROR, WARNING, INFO = "error", "warning", "info"

_CODE, _OURS = re.compile("[A-Z][A-Z0-9]*"), re.compile("A[0-9]+")  # of rules; those that are ours


class Rule(NamedTuple):
    """A kind of finding. *look* finds them in a registry; None where the load itself, or reading a file again, does."""

    code: str
    severity: str
    title: str
    fix: str
    look: Looked | None = None


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        # Loading.
        Rule("A001", ERROR, "The configuration does not load", ""),
        Rule("A002", ERROR, "Two declarations of equal strength", "keep one, or make one stronger"),
        Rule("A003", WARNING, "The load warns", ""),
        Rule("A004", WARNING, "Text that is ignored", "put it into a comment"),
        Rule("A005", WARNING, "A pattern that no file matches", "correct the pattern, or remove the include"),
        Rule("A006", WARNING, "An include that closes a cycle", "remove the include"),
        Rule(
            "A007",
            WARNING,
            "An exclude without effect",
            "put it before the include, name a file that is included, or remove it",
        ),
        Rule(
            "A008",
            WARNING,
            "A file that one file includes twice",
            "remove the second include",
            rules.same_include_twice,
        ),
        Rule("A009", WARNING, "A deprecated name", "use the name that the warning recommends"),
        # Files.
        Rule(
            "A010",
            WARNING,
            "A comment that ignores what is no finding",
            "name a code of docs/checks.rst, or remove the comment",
        ),
        Rule("A011", INFO, "A comment that ignores nothing", "remove the code from the comment"),
        Rule("A012", INFO, "A namespace that is declared and not used", "remove the declaration"),
        Rule("A013", WARNING, "A namespace that is nearly another", "correct the namespace"),
        Rule(
            "A014", WARNING, "A conflict that a stronger declaration hides", "keep one of them", rules.hidden_conflict
        ),
        Rule("A015", WARNING, "An override of a file that was read before", "include the file in one place only"),
        Rule("A016", ERROR, "A rule of another package that cannot be asked", "correct the rule, or its package"),
        Rule("A017", WARNING, "A plugin whose file has another name", "rename it if it is meant"),
        # Overrides.
        Rule("A020", WARNING, "An override whose source does not exist", "correct override_with, or make the file"),
        Rule(
            "A021",
            WARNING,
            "An override of what does not exist",
            "correct to_override; ignore it if a file is to be added",
            rules.overrides_nothing,
        ),
        Rule(
            "A022",
            WARNING,
            "An override whose source is empty",
            "put files into it, or remove the override",
            rules.covers_nothing,
        ),
        Rule(
            "A023",
            INFO,
            "An override that only adds",
            "give the files the names of those they are to replace",
            rules.replaces_nothing,
        ),
        Rule(
            "A024",
            WARNING,
            "An override that is never chosen",
            "remove it, or put it behind the stronger one",
            rules.never_chosen,
        ),
        Rule(
            "A025",
            INFO,
            "Packages that stack on one file",
            "look whether the right one is used; order the includes by it",
            rules.stacked,
        ),
        Rule("A026", WARNING, "A root addressed by its other spelling", "use one address", rules.other_spelling),
        Rule("A027", WARNING, "An override that is said twice", "remove one of them", rules.said_twice),
        Rule(
            "A028",
            WARNING,
            "An override of a directory that is spelt as a package",
            "write the package, a colon, and the path in it",
            outcomes.lookalikes,
        ),
        Rule(
            "A029",
            INFO,
            "An override of what nobody publishes",
            "publish its directory, or ask the application: --registry, --paste, manage.py assets, flask assets",
            rules.unpublished,
        ),
        # Static views.
        Rule("A030", WARNING, "A static view of a whole package", "publish a directory of it"),
        Rule("A031", WARNING, "A static view that is shadowed", "rename one of them", rules.shadowed),
        Rule(
            "A032",
            WARNING,
            "A static view that no URL is made with",
            "remove it, or give it a root of its own",
            rules.same_root,
        ),
        Rule(
            "A033",
            WARNING,
            "A static view without files",
            "put files into the root, or remove the static view",
            rules.publishes_nothing,
        ),
        Rule(
            "A034",
            WARNING,
            "A permission that nobody asks for",
            "remove it, and let those who serve the files protect them",
            rules.permission_never_asked,
        ),
        Rule(
            "A035",
            INFO,
            "A permission policy that is never asked",
            "remove it, or declare a permission",
            rules.policy_never_asked,
        ),
        Rule(
            "A036",
            WARNING,
            "A protected root that is published unprotected",
            "give both the permission, or move the files",
            rules.also_unprotected,
        ),
        Rule(
            "A037",
            WARNING,
            "A name with a dollar sign",
            "write the key of a setting in braces: ${key}",
            outcomes.bare_dollars,
        ),
        Rule(
            "A038",
            ERROR,
            "A static file that is program source",
            "remove it, or publish a file that is no source code, bytecode or ZCML",
            outcomes.program_files,
        ),
        Rule(
            "A039",
            WARNING,
            "A permission policy that only ASGI can wait for",
            "write permits() without async, or serve with assetzcml.asgi.StaticApp only",
            rules.policy_is_asynchronous,
        ),
        # Cache busters.
        Rule(
            "A040",
            WARNING,
            "Entries of a manifest without files",
            "build the files and the manifest together",
            rules.entries_without_files,
        ),
        Rule(
            "A041",
            WARNING,
            "Files without an entry in the manifest",
            "let the build tool list them, or move them elsewhere",
            rules.files_without_entries,
        ),
        Rule(
            "A042",
            WARNING,
            "A cache buster of what nobody publishes",
            "correct the path, or remove it",
            rules.busts_nothing,
        ),
        Rule(
            "A043",
            WARNING,
            "A path that nobody takes apart again",
            "give the cache buster a method strip(subpath)",
            references.not_taken_off,
        ),
        Rule(
            "A044",
            WARNING,
            "A reference that carries no version",
            'declare tree="sha256" in place of digest, under which references keep the version',
            references.without_version,
        ),
        Rule(
            "A045",
            WARNING,
            "A reference to nothing",
            "correct the reference, or publish what it names",
            references.nothing_there,
        ),
        # What static views leave out.
        Rule(
            "A046",
            WARNING,
            "Assets behind links that are not followed",
            'write follow_symlinks="yes", or set it for all views in the settings, if they are to be public',
            rules.links_out,
        ),
        Rule(
            "A047",
            WARNING,
            "A pattern of names that no asset has",
            "correct the pattern, or remove it",
            rules.unmatched_names,
        ),
        Rule(
            "A048",
            WARNING,
            "A page of a static view that nobody will see",
            "make the file, or remove the attribute",
            rules.missing_pages,
        ),
        Rule(
            "A049",
            WARNING,
            "A page for what is missing, where something else answers for it",
            "declare a route for all paths, last of all, whose view is a StaticView with that page",
            rules.pages_of_the_top,
        ),
        # Bundles.
        Rule("A050", WARNING, "A source that does not exist", "correct contents, or make the file"),
        Rule("A051", WARNING, "Outputs in an archive", "let the site say another directory"),
        Rule(
            "A052",
            WARNING,
            "Contents that match no file",
            "correct the pattern, or remove it",
            rules.unmatched_contents,
        ),
        Rule("A053", WARNING, "A bundle without contents", "name contents, or remove the bundle", rules.empty_bundles),
        Rule(
            "A054",
            WARNING,
            "Filters without an output",
            "give it an output, or name it in a bundle that has one",
            rules.filtered_into_nothing,
        ),
        Rule(
            "A055",
            WARNING,
            "Outputs that nobody publishes",
            "publish the directory with a staticView, or say the url",
            rules.unpublished_outputs,
        ),
        Rule(
            "A056",
            INFO,
            "Contents of a bundle that an override replaces",
            "add to what the override names, or override the single source",
            rules.replaced_contents,
        ),
        Rule(
            "A057",
            ERROR,
            "A bundle without an environment",
            'declare <environment directory="..."/>, which the site may do for all packages',
            outcomes.without_environment,
        ),
        Rule(
            "A058",
            ERROR,
            "A filter that cannot run",
            "install what it needs, or take the filter out",
            outcomes.unusable_filters,
        ),
        Rule(
            "A059",
            WARNING,
            "A loadPath that does not exist",
            "correct the path, or remove it",
            outcomes.missing_load_paths,
        ),
        # Variants.
        Rule(
            "A060",
            WARNING,
            "A variant that is not served",
            "make it again from the asset as it is now",
            rules.faulty_variants,
        ),
        Rule(
            "A061",
            INFO,
            "Variants of a coding that is not declared",
            "declare the coding, or remove the files",
            rules.undeclared_variants,
        ),
        # What was delivered.
        # What assets say of each other, once more.
        Rule(
            "A062",
            WARNING,
            "A reference that leaves its version",
            "make it relative, to what is below the same root",
            references.leaving,
        ),
        Rule(
            "A064",
            WARNING,
            "A module under two names",
            "import it by a bare name that module declares, or keep both below one version",
            references.two_names,
        ),
        Rule("A065", WARNING, "A file named like a version", "rename it"),
        Rule(
            "A068",
            WARNING,
            "A delivered output of another configuration",
            "run 'assetzcml build' with this configuration",
            rules.outdated_outputs,
        ),
        Rule(
            "A069",
            ERROR,
            "A reference to a host where nothing is published",
            "publish the static view of the file under a name with that host too, or set application_url",
            rules.unreachable_references,
        ),
        # Routes and views.
        Rule(
            "A070",
            WARNING,
            "A route that is never tried",
            "put it before the other with before, or remove it",
            rules.never_reached,
        ),
        Rule(
            "A071",
            WARNING,
            "A view that is never called",
            "correct its name, route or request_method, or remove it",
            rules.never_called,
        ),
        Rule(
            "A072",
            INFO,
            "A route without a view",
            "declare a view for it; ignore it if the route only makes URLs",
            rules.without_view,
        ),
        Rule(
            "A073",
            WARNING,
            "A static view behind a route",
            "rename one of them, or narrow the pattern",
            rules.behind_a_route,
        ),
        Rule("A074", WARNING, "A pattern that no path matches", "write the character itself"),
        Rule(
            "A075",
            WARNING,
            "A pattern of another router",
            "write the name of a part in braces: {id}",
            outcomes.other_routers,
        ),
        # Options of filters.
        Rule(
            "A080",
            WARNING,
            "A filterOption that no filter asks for",
            "correct the name, or remove it",
            outcomes.idle_options,
        ),
        # What does not load, by its kind.
        Rule("A101", ERROR, "A file that is not ZCML", ""),
        Rule("A102", ERROR, "More than a limit allows", "raise the limit if this is meant"),
        Rule("A103", ERROR, "A directive that nobody knows", ""),
        Rule("A104", ERROR, "A directive, or text, in the wrong place", "move it"),
        Rule("A105", ERROR, "An attribute that a directive does not have", "remove it, or correct its name"),
        Rule("A106", ERROR, "An attribute that is missing", ""),
        Rule("A107", ERROR, "A value that an attribute cannot have", ""),
        Rule("A108", ERROR, "A name that leads nowhere", ""),
        Rule(
            "A109",
            ERROR,
            "Code of another package raised an error",
            "see the error; its traceback is the cause of the exception",
        ),
        Rule("A110", ERROR, "A condition that is none", ""),
        Rule("A111", ERROR, "A setting without a value", "give it a value, or a default"),
        Rule("A112", ERROR, "An include that cannot be followed", ""),
        Rule("A113", ERROR, "An override that comes too late", "include the file in one place only"),
        Rule("A114", ERROR, "Attributes that do not go together", ""),
        Rule("A115", ERROR, "An action of another package that cannot be compared", "correct it in that package"),
        Rule("A120", ERROR, "A root that does not exist", "correct the path, or create what it names"),
        Rule("A121", ERROR, "An override of another kind", "a directory overrides a directory, a file a file"),
        Rule("A122", WARNING, "A permission that nobody can be asked for", "declare a permissionPolicy"),
        Rule("A123", ERROR, "A cache buster that cannot work", ""),
        Rule("A124", ERROR, "Overrides that go round in a circle", "remove one of them"),
        Rule("A125", ERROR, "A store of contents that is published", "keep it where no static view leads"),
        Rule("A126", ERROR, "A module that no import could load", "name a script, or a directory with a slash"),
        Rule("A127", ERROR, "A pattern that no route can have", "correct it at this character"),
        Rule("A128", ERROR, "A declaration that there is none of", "declare it, or correct the name"),
        Rule("A129", ERROR, "Routes that stand in a circle", "leave out one of them"),
        Rule("A130", ERROR, "A bundle that contains itself", "remove one of them"),
        Rule("A131", ERROR, "A bundle, or its environment, that cannot work", "correct the attribute"),
        Rule("A132", ERROR, "A plugin that names no package", "correct its entry point, or exclude it"),
    )
}

# The namespaces in which a directive or an attribute means something to every load.
NAMESPACES = (
    "http://namespaces.assetzcml.org/assets",
    "http://namespaces.zope.org/meta",
    "http://namespaces.zope.org/zcml",
)
ONE_CHARACTER = 0.965  # the similarity of two of them that differ in one: that of the shortest is 60/62, of two 58/62

WITHOUT_PARDON = frozenset(
    {"A001", "A002", *(code for code in RULES if code[1] == "1")}
)  # what does not load does not work, whatever a comment says


class Finding(NamedTuple):
    """One thing found: the code of its rule, where, one sentence, how to fix it, and other places that take part."""

    code: str
    severity: str
    origin: Origin | None
    message: str
    fix: str
    also: tuple[tuple[str, Origin], ...] = ()
    title: str = ""

    @property
    def headline(self) -> str:
        """Place, code, severity and sentence in one line."""
        where = f"{self.origin}: " if self.origin is not None else ""
        return f"{where}{self.code} {self.severity}: {self.message}"

    def __str__(self) -> str:
        lines = [printable(self.headline)]
        if self.origin is not None:
            lines += excerpt(self.origin)
            if self.severity == ERROR:
                lines += [printable(f"    included from {step}") for step in self.origin.chain()]
        lines += [printable(f"    {word} {origin}") for word, origin in self.also]
        if self.fix:
            lines.append(printable(f"    fix: {self.fix}"))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The finding in texts, numbers, lists and mappings: it can be written as JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "title": self.title,
            "origin": origin_data(self.origin),
            "message": self.message,
            "fix": self.fix,
            "also": [{"part": word, "origin": origin_data(origin)} for word, origin in self.also],
        }


def findings_of(error: ConfigurationError) -> list[Finding]:
    """The problems that end a load, as findings."""
    return [_of_problem(problem, problem.code) for problem in error.problems]


def _finding(code: str, remark: Remark | Problem) -> Finding:
    return _found(RULES[code], remark)


def _found(rule: Rule, remark: Remark | Problem) -> Finding:
    fix, also = remark.hint or rule.fix, tuple(remark.also)
    return Finding(rule.code, rule.severity, remark.origin, remark.message, fix, also, rule.title)


def serious(found: Iterable[Finding], strict: bool | Iterable[str]) -> Iterator[bool]:
    """Of each finding, is it an error? A warning is one as `strict` says, see `load_zcml`."""
    counts = Strictness(strict)
    for finding in found:
        yield finding.severity == ERROR or (finding.severity == WARNING and counts(finding.origin))


def load_to_ask(registry: Registry, spec: str, **arguments: Any) -> None:
    """Load *spec* into a registry that answers questions and no requests. Raises ConfigurationError."""
    registry.part(ZCMLLoader).load(spec, framework=ASKED, **arguments)


class Checker:
    """Checks one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._known: dict[int, Any] = {}

    def check(self, spec: str, **arguments: Any) -> list[Finding]:
        """
        Load *spec*, with the arguments of `ZCMLLoader.load`; what is to be said about all that is loaded then.

        In the order of the files and lines. Nothing is raised for what is wrong with the configuration.
        """
        self._known.clear()
        before = len(self.registry.loads)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                load_to_ask(self.registry, spec, **{**arguments, "strict": False})
            except ConfigurationError as error:
                return findings_of(error)
        return self._in_order(self._pardoned([*self._deprecated(caught, before), *self._findings()]))

    def findings(self) -> list[Finding]:
        """What is to be said about all that is loaded, in the order of the files and lines."""
        self._known.clear()
        return self._in_order(self._pardoned([*self._findings()]))

    def _findings(self) -> Iterator[Finding]:
        for load in self.registry.loads:
            for problem in load.warnings:
                yield _of_problem(problem, problem.code or "A003")
            for file in load.files:
                for uri, origin in self._remarks(file).namespaces:
                    near = _nearly(uri)
                    if near:
                        yield _finding("A013", Remark(origin, f"no directive is in {uri!r}", f"did you mean {near!r}?"))
                for prefix, origin in self._remarks(file).unused:
                    name = f"the prefix {prefix!r}" if prefix else "the default namespace"
                    yield _finding("A012", Remark(origin, f"{name} is declared and not used"))
        site = Site(self.registry)
        for rule in RULES.values():
            if rule.look is not None:
                yield from (_finding(rule.code, remark) for remark in rule.look(site))
        for code, look in sorted(self.registry.getUtilitiesFor(ICheckRule)):
            yield from self._by_another(code, look)

    def _by_another(self, code: str, look: Any) -> Iterator[Finding]:
        """What the rule of another package finds. One that fails is a finding itself, and the others are asked."""
        try:
            if not _CODE.fullmatch(code) or _OURS.fullmatch(code):
                raise ValueError("a code of capital letters and digits was expected as its name, none of A and digits")
            if look.severity not in (ERROR, WARNING, INFO):
                raise ValueError(f"its severity is {look.severity!r}; {ERROR}, {WARNING} or {INFO} was expected")
            rule = Rule(code, look.severity, str(look.title), str(look.fix))
            found = [_found(rule, problem) for problem in look(self.registry)]
        except Exception as error:
            said = " ".join(str(error).split())
            message = f"the rule {code!r}, {dotted(look)}, cannot be asked: {type(error).__name__}: {said}"
            found = [_finding("A016", Remark(_line_of(look), message))]
        yield from found

    def _deprecated(self, caught: list[warnings.WarningMessage], before: int) -> Iterator[Finding]:
        """What Python warned of at a line of ZCML, where a name was looked for. All else is passed on."""
        files = {file.path: file for load in self.registry.loads[before:] for file in load.files}
        for warning in caught:
            file = files.get(warning.filename)
            if file is not None and issubclass(warning.category, (DeprecationWarning, PendingDeprecationWarning)):
                origin = self._remarks(file).tags.get(warning.lineno) or Origin(file.path, warning.lineno)
                yield _finding("A009", Remark(origin, f"{warning.category.__name__}: {warning.message}"))
            elif not issubclass(warning.category, ConfigurationWarning):
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)

    def _pardoned(self, found: list[Finding]) -> Iterator[Finding]:
        """The findings without those that a comment ignores, and what is to be said about the comments."""
        files = [file for load in self.registry.loads for file in load.files]
        pardons = [ignore for file in files for ignore in self._remarks(file).ignores]
        used: set[tuple[int, str]] = set()
        for finding in found:
            covering = [ignore for ignore in pardons if _covers(ignore, finding)]
            used.update((id(ignore), finding.code) for ignore in covering)
            if not covering:
                yield finding
        known = {*RULES, *(code for code, _ in self.registry.getUtilitiesFor(ICheckRule))}
        for ignore in pardons:
            yield from _about(ignore, {code for of, code in used if of == id(ignore)}, known)

    def _remarks(self, file: Any) -> Any:
        """What a file says to the checker; asked for once in a check, while the file is kept."""
        key = id(file.document)
        if key not in self._known:
            self._known[key] = self.registry.part(ZCMLLoader).remarks(file)
        return self._known[key]

    def _in_order(self, found: Iterator[Finding]) -> list[Finding]:
        paths = [file.path for load in self.registry.loads for file in load.files]
        order = {path: number for number, path in reversed(list(enumerate(paths)))}

        def key(finding: Finding) -> Any:
            origin = finding.origin or Origin("")
            return order.get(origin.file, len(order)), origin.file, origin.line, origin.column, finding.code

        return sorted(found, key=key)


def _nearly(uri: str) -> str:
    """The namespace that *uri* is but for one character; '' when there is none."""
    near = near_words(uri, NAMESPACES, ONE_CHARACTER)
    return near[0] if near and uri not in NAMESPACES else ""


def _line_of(rule: Any) -> Origin | None:
    """Where the code of a rule begins; None where it is no Python."""
    called = inspect.getattr_static(type(rule), "__call__", None)
    code = getattr(called, "__code__", None) or getattr(rule, "__code__", None)
    return Origin(code.co_filename, code.co_firstlineno) if code is not None else None


def _of_problem(problem: Problem, code: str = "") -> Finding:
    code = code or ("A002" if problem.conflict else "A001")
    return _finding(code, problem)


def _covers(ignore: Any, finding: Finding) -> bool:
    """Does the comment stand before the tag that the finding is about?"""
    origin = finding.origin
    return (
        origin is not None
        and finding.code in ignore.codes
        and origin.file == ignore.origin.file
        and origin.line in ignore.lines
    )


def _about(ignore: Any, used: set[str], known: Iterable[str]) -> Iterator[Finding]:
    if not ignore.codes:
        yield _finding("A010", Remark(ignore.origin, "the comment names no code"))
    for code in ignore.codes:
        if code not in known:
            yield _finding(
                "A010", Remark(ignore.origin, f"there is no finding {code!r}", did_you_mean(code.upper(), known))
            )
        elif code in WITHOUT_PARDON:
            yield _finding("A010", Remark(ignore.origin, f"{code} cannot be ignored: what does not load does not work"))
        elif code not in used:
            place = "" if ignore.lines else ": it stands before no tag"
            yield _finding("A011", Remark(ignore.origin, f"there is no {code} to ignore{place}"))
