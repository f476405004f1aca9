"""Who wins when several say something about one thing: zope.configuration's rule, and the skipped includes it forgets."""

import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import auto_includes
import foreign
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from zope.configuration import xmlconfig
from zope.configuration.config import ConfigurationConflictError as ZopeConflictError

from assetzcml import AssetRegistry, ConfigurationConflictError, ConfigurationError
from assetzcml.zcml.conflicts import FileGraph, describe, resolve
from sizes import examples

KEYS = ["k1", "k2", None]


# Random trees of files


def tree(seed):
    """
    Files that include each other, as a mapping of name to statements: (directive, argument, value, order).

    An include leads to a file with a greater number, so there is no cycle; a file that was read before is skipped, as
    in any two packages that need a third. `includeOverrides` of such a file is an error of its own, and left out.
    """
    chance = random.Random(seed)
    count = chance.randint(2, 6)
    files, read = {}, set()

    def fill(number):
        read.add(number)
        # To say a thing twice in one file is seldom what makes a conflict interesting.
        kinds = [key for key in KEYS if chance.random() < 0.5] + ["k1"] * (chance.random() < 0.05)
        kinds += chance.choices(["include", "include", "include", "includeOverrides"], k=chance.randint(0, 4))
        chance.shuffle(kinds)
        statements = []
        for position, kind in enumerate(kinds):
            if kind in KEYS:
                statements.append(("note", kind, f"{number}.{position}", chance.choice([0, 0, 0, 7, -7])))
            elif number + 1 < count:
                other = chance.randint(number + 1, count - 1)
                if kind == "includeOverrides" and other in read:
                    continue
                statements.append((kind, other, None, 0))
                if other not in read:
                    fill(other)
        files[number] = statements

    fill(0)
    return files


def write(files, directory, automatic=None):
    """*automatic* decides for each include whether another package's directive includes the file."""
    for number, statements in files.items():
        lines = []
        for kind, argument, value, order in statements:
            if kind == "note":
                key = f' key="{argument}"' if argument else ""
                lines.append(f'<note{key} value="{value}" order="{order}"/>')
            else:
                auto = automatic is not None and automatic()
                kind = f'auto:{kind} xmlns:auto="{auto_includes.URI}"' if auto else kind
                lines.append(f'<{kind} file="f{argument}.zcml"/>')
        text = foreign.document("\n".join(lines), meta=foreign.META + auto_includes.META if number == 0 else "")
        (directory / f"f{number}.zcml").write_text(text, encoding="utf-8")
    return str(directory / "f0.zcml")


def by_zope_configuration(path):
    """What is executed, in order; None for a conflict."""
    foreign.done.clear()
    try:
        xmlconfig.file(path)
    except ZopeConflictError:
        return None
    return list(foreign.done)


def by_us(path):
    foreign.done.clear()
    try:
        AssetRegistry().load_zcml(path)
    except ConfigurationConflictError:
        return None
    return list(foreign.done)


def by_the_rule(files):
    """The rule of docs/zcml.rst, word for word: what is executed, in order; None for a conflict."""
    above = {n: {a for kind, a, *_ in statements if kind != "note"} for n, statements in files.items()}
    for _ in files:
        above = {n: below.union(*(above[b] for b in below)) for n, below in above.items()}
    read, conflict = set(), False

    def strongest(actions):
        """The actions that are left: (key, file that it counts for, order, value)."""
        nonlocal conflict
        left = []
        for action in actions:
            rivals = [other for other in actions if other[0] == action[0] and other is not action]
            if action[0] is None or all(other[1] in above[action[1]] for other in rivals):
                left.append(action)
            elif not any(winner[1] in above and beats(winner, [action, *rivals], above) for winner in rivals):
                conflict = True
        return sorted(left, key=lambda action: action[2])

    def run(number):
        read.add(number)
        actions = []
        for kind, argument, value, order in files[number]:
            if kind == "note":
                actions.append((argument, number, order, value))
            elif argument not in read:
                found = run(argument)
                if kind == "includeOverrides":
                    found = [(key, number, order, value) for key, _, order, value in strongest(found)]
                actions += found
        return actions

    executed = strongest(run(0))
    return None if conflict else [value for *_, value in executed]


def beats(winner, all_of_them, above):
    return all(other is winner or other[1] in above[winner[1]] for other in all_of_them)


@examples(200)
@given(st.integers(0, 1 << 32))
def test_wherever_zope_configuration_resolves_the_result_is_its_own(seed):
    files = tree(seed)
    with TemporaryDirectory() as directory:
        path = write(files, Path(directory))
        theirs, ours = by_zope_configuration(path), by_us(path)
    if theirs is not None:
        assert ours == theirs
    assert ours == by_the_rule(files)


def with_detours(files, chance):
    """*files*, some of which include another that was made before: where that is being read, it is a cycle."""
    found = {}
    for number, statements in files.items():
        above = [other for other in files if other <= number]
        back = [("include", chance.choice(above), None, 0)] if chance.random() < 0.3 else []
        found[number] = [*statements, *back]
    return found


@examples(120)
@given(st.integers(0, 1 << 32))
@pytest.mark.filterwarnings("ignore::assetzcml.errors.ConfigurationWarning")
def test_it_is_its_own_where_directives_of_others_include_files_and_cycles_are_closed(seed):
    chance = random.Random(seed)
    files = with_detours(tree(seed), chance)
    with TemporaryDirectory() as directory:
        path = write(files, Path(directory), automatic=lambda: chance.random() < 0.5)
        try:
            theirs, ours = by_zope_configuration(path), by_us(path)
        except ConfigurationError as error:
            assume("has been read before" not in str(error))  # an override that comes too late is an error of ours
            raise
    if theirs is not None:
        assert ours == theirs


# Stories


def notes(*entries):
    return foreign.document("\n".join(entries), meta="")


SHOP = '<note key="k" value="shop"/>'
THEME = '<note key="k" value="theme"/>'


@pytest.mark.parametrize(
    "files, done",
    [
        # the including file is stronger than what it includes, wherever the include stands
        ({"site": '<include file="shop.zcml"/>' + THEME, "shop": SHOP}, ["theme"]),
        ({"site": THEME + '<include file="shop.zcml"/>', "shop": SHOP}, ["theme"]),
        # also where the include was skipped because the file had been read: zope.configuration calls it a conflict
        (
            {
                "site": '<include file="shop.zcml"/><include file="theme.zcml"/>',
                "theme": '<include file="shop.zcml"/>' + THEME,
                "shop": SHOP,
            },
            ["theme"],
        ),
        # and through others
        (
            {
                "site": '<include file="shop.zcml"/><include file="theme.zcml"/>',
                "theme": '<include file="middle.zcml"/>' + THEME,
                "middle": '<include file="shop.zcml"/>',
                "shop": SHOP,
            },
            ["theme"],
        ),
        # an overriding file counts as the file it overrides for
        ({"site": '<include file="shop.zcml"/><includeOverrides file="theme.zcml"/>', "shop": SHOP, "theme": THEME}, ["theme"]),
        (
            {
                "site": '<include file="shop.zcml"/><include file="theme.zcml"/>',
                "theme": '<include file="shop.zcml"/><includeOverrides file="over.zcml"/>',
                "over": THEME,
                "shop": SHOP,
            },
            ["theme"],
        ),
        # the site decides between two themes
        (
            {
                "site": '<include file="a.zcml"/><include file="b.zcml"/><note key="k" value="site"/>',
                "a": '<note key="k" value="a"/>',
                "b": '<note key="k" value="b"/>',
            },
            ["site"],
        ),
        # a file that is not above another says nothing about it
        (
            {
                "site": '<include file="a.zcml"/><include file="b.zcml"/>',
                "a": '<note key="k" value="a"/>',
                "b": '<note key="other" value="b"/>',
            },
            ["a", "b"],
        ),
    ],
)  # fmt: skip
def test_the_action_of_the_file_above_all_the_others_wins(site, files, done):
    site({f"{name}.zcml": notes(text) if name != "site" else text for name, text in files.items()})
    assert foreign.done == done


@pytest.mark.parametrize(
    "files, places",
    [
        ({"site": '<note key="k"/>\n<note key="k"/>'}, [("site.zcml", 4), ("site.zcml", 3)]),
        (
            {
                "site": '<include file="a.zcml"/>\n<include file="b.zcml"/>',
                "a": '<note key="k"/>',
                "b": '<note key="k"/>',
            },
            [("b.zcml", 3), ("a.zcml", 3)],
        ),
        # an overriding file says it twice together with its includer
        (
            {"site": '<note key="k"/>\n<includeOverrides file="a.zcml"/>', "a": '<note key="k"/>'},
            [("a.zcml", 3), ("site.zcml", 3)],
        ),
        # conflicts inside an overriding file are resolved before it counts as anything, so the includer is too late
        (
            {"site": '<includeOverrides file="a.zcml"/>', "a": '<note key="k"/>\n<note key="k"/>'},
            [("a.zcml", 4), ("a.zcml", 3)],
        ),
        # two of three are comparable: nobody is above all
        (
            {
                "site": '<include file="a.zcml"/>\n<include file="b.zcml"/>',
                "a": '<note key="k"/><include file="c.zcml"/>',
                "b": '<note key="k"/>',
                "c": '<note key="k"/>',
            },
            [("b.zcml", 3), ("a.zcml", 3), ("c.zcml", 3)],
        ),
    ],
)
def test_a_conflict_names_every_place_with_its_includes_and_the_remedy(site, place, files, places):
    error = site.error({f"{name}.zcml": notes(text) if name != "site" else text for name, text in files.items()})
    assert isinstance(error, ConfigurationConflictError)
    (problem,) = error.problems
    found = [problem.origin, *(origin for _, origin in problem.also)]
    assert [place(origin)[:2] for origin in found] == places
    assert problem.message == (
        f"note 'k' is declared {len(places)} times, and none of the declarations is stronger than the others"
    )
    assert problem.hint == ABOVE or re.fullmatch(
        r"keep one of them, or declare it in a file that includes \S+", problem.hint
    )
    for origin in found:
        for step in origin.chain():
            assert f"included from {step}" in str(problem)


def test_all_conflicts_are_reported_at_once_and_nothing_is_done(site):
    error = site.error('<note key="a"/><note key="a"/><note key="b"/><note key="b"/><note key="b"/><note value="c"/>')
    assert [problem.message.split(",")[0] for problem in error.problems] == [
        "note 'a' is declared 2 times",
        "note 'b' is declared 3 times",
    ]
    assert foreign.done == []


def action(discriminator, path, order=0, **extra):
    return {"discriminator": discriminator, "includepath": path, "order": order, "info": "", **extra}


def test_discriminators_need_not_be_sortable(site):
    same = [("view", None), ("view", 1), ("view", "1"), 5, "x", ("view", None, object)]
    actions = [action(d, ("a",), n=n) for n, d in enumerate(same)] + [action(same[0], ("a", "b"), n=9)]
    resolution = resolve(actions, FileGraph())
    assert ([a["n"] for a in resolution.winners], resolution.problems) == ([0, 1, 2, 3, 4, 5], [])
    conflicting = resolve([action(d, ("a",)) for d in same * 2], FileGraph())
    assert len(conflicting.problems) == 6


ABOVE = "declare it in the file that includes them, or in a file that is loaded with includeOverrides"
SITE = "keep one of them, or declare it in a file that includes {}/site.zcml"
NOTE = '<note key="k" value="{}"/>'.format
CLASHES = {
    "two files": ({"site.zcml": '<include file="a.zcml"/><include file="b.zcml"/>'}, ABOVE),
    "two overriding files": ({"site.zcml": '<includeOverrides file="a.zcml"/><includeOverrides file="b.zcml"/>'}, SITE),
    "an overriding file and its own": ({"site.zcml": NOTE("own") + '<includeOverrides file="a.zcml"/>'}, SITE),
    "one file": ({"site.zcml": NOTE("one") + NOTE("two")}, SITE),
}


@pytest.mark.parametrize("files, remedy", CLASHES.values(), ids=CLASHES)
def test_the_remedy_of_a_conflict_is_one_when_it_is_followed(site, files, remedy):
    files = {**files, "a.zcml": NOTE("a"), "b.zcml": NOTE("b"), "over.zcml": NOTE("decided")}
    (problem,) = site.error(files).problems
    assert problem.hint == remedy.format(site.directory)
    text = files["site.zcml"]
    if remedy is SITE:
        followed = [{"site.zcml": '<include file="former.zcml"/>' + NOTE("decided"), "former.zcml": text}]
        followed += [{"site.zcml": NOTE("decided")}]  # keep one
    else:
        followed = [{"site.zcml": text + NOTE("decided")}, {"site.zcml": text + '<includeOverrides file="over.zcml"/>'}]
    for change in followed:
        foreign.done.clear()
        site({**files, **change})
        assert foreign.done == ["decided"]


# Discriminators and orders of other packages, as odd as can be


class Odd:
    """A discriminator that raises where *kind* says."""

    def __init__(self, kind):
        self.kind = kind

    def __hash__(self):
        return 1 if self.kind != "hash" else 1 // 0

    def __eq__(self, other):
        return True if self.kind != "eq" else 1 // 0

    def __repr__(self):
        return "Odd" if self.kind != "repr" else 1 // 0


def odd(kind):
    def handler(context):
        for _ in range(2):
            context.action(Odd(kind), print)

    return handler


odd_hash, odd_eq, odd_repr = odd("hash"), odd("eq"), odd("repr")


def odd_order(context):
    context.action(("a",), print, order="first")
    context.action(("b",), print, order=1)


def odd_tuple(context):
    """An action as those were that zope.configuration still takes."""
    context.actions.append((None, foreign.done.append, ("a tuple",)))


@pytest.mark.parametrize(
    "kind, message",
    [
        (
            "hash",
            "the discriminator 'Odd' of odd cannot be used: ZeroDivisionError: integer division or modulo by zero",
        ),
        ("eq", "the discriminator 'Odd' of odd cannot be used: ZeroDivisionError: integer division or modulo by zero"),
        ("repr", "'<Odd>' is declared 2 times"),
        ("order", "the order of an action of odd is 'first'"),
    ],
)
def test_an_odd_action_is_a_problem_with_its_place_among_the_others(site, place, kind, message):
    directive = f'<meta:directive namespace="urn:foreign" name="odd" schema="foreign.IAny" handler="test_conflicts.odd_{kind}"/>'
    files = {"site.zcml": f'{directive}\n<odd/><include file="a.zcml"/><include file="b.zcml"/>'}
    error = site.error({**files, "a.zcml": NOTE("a"), "b.zcml": NOTE("b")})
    told = {problem.message: place(problem.origin)[:2] for problem in error.problems}
    assert [where for text, where in told.items() if message.strip("'") in text.replace("'a Odd'", "a Odd")] == [
        ("site.zcml", 4)
    ]
    assert any(text.startswith("note 'k' is declared 2 times") for text in told)


def test_an_action_that_is_a_tuple_is_one(site):
    directive = (
        '<meta:directive namespace="urn:foreign" name="odd" schema="foreign.IAny" handler="test_conflicts.odd_tuple"/>'
    )
    site(f"{directive}<odd/>")
    assert foreign.done == ["a tuple"]


def test_a_discriminator_that_is_not_hashable_is_a_problem_and_no_crash():
    resolution = resolve([action(["a"], ()), action(("b", {}), ())], FileGraph())
    assert [problem.message for problem in resolution.problems] == [
        "the discriminator \"['a']\" is not hashable",
        "the discriminator \"('b', {})\" is not hashable",
    ]


def test_losers_are_kept_with_what_they_lost_against():
    winner, loser, other = action("k", ("a",)), action("k", ("a", "b")), action(None, ("a", "b"))
    resolution = resolve([loser, winner, other], FileGraph())
    assert (resolution.winners, resolution.losers) == ([winner, other], [(loser, winner)])


@pytest.mark.parametrize(
    "discriminator, text",
    [
        (("staticView", "static"), "staticView 'static'"),
        (("staticView", ""), "staticView ''"),
        (("cacheBuster", "shop:static", False), "cacheBuster 'shop:static'"),
        (("cacheBuster", "shop:static", True), "cacheBuster 'shop:static' (explicit)"),
        (("permissionPolicy",), "permissionPolicy"),
        ("plain", "\"'plain'\""),
        (("view", None, 3), "view None 3"),
    ],
)
def test_a_discriminator_is_described_in_the_words_of_its_directive(discriminator, text):
    assert describe(discriminator) == text


def test_ranks_put_a_file_before_those_below_it_in_the_order_of_reading():
    graph = FileGraph()
    for above, below in (("site", "shop"), ("site", "theme"), ("theme", "shop"), ("theme", "brand")):
        graph.add(above, below)
    ranks = graph.ranks(["site", "shop", "theme", "brand"])
    assert sorted(ranks, key=ranks.get) == ["site", "theme", "shop", "brand"]


def test_above_is_found_in_a_graph_of_thousands_in_time():
    graph = FileGraph()
    for n in range(5000):
        for step in (1, 2, 3):
            graph.add(f"f{n}", f"f{n + step}")
    assert graph.above("f0", "f5000") is True
    assert graph.above("f5000", "f0") is False
    assert len(graph.ranks([f"f{n}" for n in range(5000)])) == 5000
