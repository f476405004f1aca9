"""What must hold once all is known: kinds, cycles, roots, permissions. The same rules for ZCML and for Python."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer

from assetzcml.declaring.validation import findings, override_cycle
from assetzcml.errors import Origin
from assetzcml.interfaces import IBindable
from assetzcml.records.assets import AssetSpec, Busting, Override, StaticViewRecord, asset_spec
from assetzcml.records.site import PermissionPolicy
from assetzcml.registry import Registry
from assetzcml.resolving.search import SearchPaths
from sizes import examples


class Line(Origin):
    """An origin whose attributes have places of their own: the column is the attribute's name's length."""

    def attribute(self, name):
        return Origin(self.file, self.line, len(name))


HERE = Line("site.zcml", 1)


def override(target, source, place=0):
    directory = target.endswith(("/", ":")) or ":" not in target
    return Override(
        target=asset_spec(target, whole=True),
        source=asset_spec(source, whole=True),
        file=not directory,
        origin=HERE,
        rank=((0, place, 0),),
    )


def view(root, name="static", **options):
    return StaticViewRecord(name=name, root=asset_spec(root), origin=HERE, **options)


def found(*records, **options):
    """Whether each finding is a warning, and what it says."""
    registry = Registry()
    for record in records:
        registry.add(record)
    return [
        ("warning" if finding.warning else "error", finding.problem.headline)
        for finding in findings(registry, records, **options)
    ]


@pytest.fixture
def shop(package):
    package({"static/logo.png": "", "static/app.css": "", "favicon.ico": ""}, name="shop_v")
    package({"logo.png": "", "static/app.css": "", "dummy/x.css": ""}, name="theme_v")
    return package


@pytest.mark.parametrize(
    "target, source",
    [
        ("shop_v:static/logo.png", "theme_v:logo.png"),
        ("shop_v:static/", "theme_v:static/"),
        ("shop_v", "theme_v"),
        ("shop_v:", "theme_v:static/"),
        ("shop_v:none.css", "theme_v:logo.png"),  # a target need not exist; its package must
        ("shop_v:none/", "theme_v:static/"),
    ],
)
def test_an_override_of_one_kind_by_the_same_kind_holds(shop, target, source):
    assert found(override(target, source)) == []


@pytest.mark.parametrize(
    "target, source, problem",
    [
        (
            "shop_v:static",
            "theme_v:logo.png",
            "asset 'shop_v:static': to_override: 'shop_v:static' is a directory; "
            "write 'shop_v:static/' if the whole directory is meant",
        ),
        (
            "shop_v:static/logo.png",
            "theme_v:static",
            "asset 'shop_v:static/logo.png': override_with: 'theme_v:static' is a directory; "
            "write 'theme_v:static/' if the whole directory is meant",
        ),
        (
            "shop_v:static/logo.png/",
            "theme_v:static/",
            "asset 'shop_v:static/logo.png/': to_override: 'shop_v:static/logo.png/' is a file; "
            "write 'shop_v:static/logo.png', without the slash",
        ),
        (
            "shop_v:static/",
            "theme_v:logo.png/",
            "asset 'shop_v:static/': override_with: 'theme_v:logo.png/' is a file; "
            "write 'theme_v:logo.png', without the slash",
        ),
        (
            "nosuch_v:static/",
            "theme_v:static/",
            "asset 'nosuch_v:static/': to_override: there is no package 'nosuch_v'",
        ),
        ("shop_v", "nosuch_v", "asset 'shop_v:': override_with: there is no package 'nosuch_v'"),
        ("shop_v", "shop_v.gone", "asset 'shop_v:': override_with: there is no package 'shop_v.gone'"),
        (
            "os.path:x",
            "theme_v:logo.png",
            "asset 'os.path:x': to_override: 'os.path' is a module, not a package; it has no assets; did you mean 'os:x'?",
        ),
        (
            "shop_v:static/logo.png",
            "/nosuch/logo.png",
            "asset 'shop_v:static/logo.png': override_with: '/nosuch/logo.png' does not exist",
        ),
    ],
)
def test_an_override_that_cannot_be_meant_is_an_error_at_the_side_at_fault(shop, target, source, problem):
    column = len("to_override" if ": to_override" in problem else "override_with")
    assert found(override(target, source)) == [("error", f"site.zcml:1:{column}: {problem}")]


@pytest.mark.parametrize(
    "source, hint",
    [
        ("theme_v:logo.pgn", "did you mean 'theme_v:logo.png'?"),
        ("theme_v:static/ap.css", "did you mean 'theme_v:static/app.css'?"),
        ("theme_v:zzz", "the search goes on without it"),
        ("theme_v:gone/zzz", "the search goes on without it"),
    ],
)
def test_a_missing_source_in_a_package_is_a_warning_with_a_suggestion(shop, source, hint):
    text = f"site.zcml:1:13: asset 'shop_v:static/logo.png': override_with: {source!r} does not exist; {hint}"
    assert found(override("shop_v:static/logo.png", source)) == [("warning", text)]


def test_a_package_whose_own_code_fails_keeps_the_exception(package):
    # The packages above a subpackage are imported when it is looked for.
    package({"__init__.py": "import nosuch_dependency_v", "sub/__init__.py": ""}, name="broken_v")
    package({"__init__.py": "1/0", "sub/__init__.py": ""}, name="worse_v")
    registry = Registry()
    problems = [
        f.problem
        for f in findings(
            registry, [override("broken_v.sub:x", "worse_v.sub:x"), view("broken_v.sub:x"), busting("worse_v.sub:x")]
        )
    ]
    assert [problem.message.partition(": ")[2].partition(" (/")[0] for problem in problems] == [
        "to_override: the package 'broken_v.sub' cannot be imported: "
        "ModuleNotFoundError: No module named 'nosuch_dependency_v'",
        "override_with: the package 'worse_v.sub' cannot be imported: ZeroDivisionError: division by zero",
        "the package 'broken_v.sub' cannot be imported: ModuleNotFoundError: No module named 'nosuch_dependency_v'",
        "the package 'worse_v.sub' cannot be imported: ZeroDivisionError: division by zero",
    ]
    assert all(problem.message.endswith("_v/__init__.py:1)") for problem in problems)
    assert [type(problem.exception) for problem in problems] == [ModuleNotFoundError, ZeroDivisionError] * 2
    assert all("__init__.py" in str(last_file(problem.exception)) for problem in problems)


def last_file(exception):
    step = exception.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return step.tb_frame.f_code.co_filename


def busting(path, buster=len, **options):
    return Busting(path=asset_spec(path), buster=buster, origin=HERE, **options)


# Roots


@pytest.mark.parametrize(
    "records",
    [
        [view("shop_v:static")],
        [view("shop_v:favicon.ico", file=True)],
        [view("shop_v:dummy"), override("shop_v:dummy/", "theme_v:dummy/")],  # the documented dummy directory
        [view("shop_v:new.ico", file=True), override("shop_v:new.ico", "theme_v:logo.png")],
        [view("nosuch_v:static", "https://cdn.example.com")],  # its files may live on the CDN only
        [view("/tmp")],
    ],
)
def test_a_root_that_some_layer_has_holds(shop, records):
    assert found(*records) == []


@pytest.mark.parametrize(
    "record, problem",
    [
        (view("shop_v:statc"), "staticView 'static': no layer of 'shop_v:statc' exists; did you mean 'shop_v:static'?"),
        (view("shop_v:zzz/x"), "staticView 'static': no layer of 'shop_v:zzz/x' exists"),
        (view("nosuch_v:x", ""), "staticView '/': there is no package 'nosuch_v'"),
        (
            view("shop_v:favicon.ico"),
            "staticView 'static': 'shop_v:favicon.ico' is a file; publish it with staticFile",
        ),
        (
            view("shop_v:static", file=True),
            "staticFile 'static': 'shop_v:static' is a directory; publish it with staticView",
        ),
        (
            view("shop_v:favicon.ic", file=True),
            "staticFile 'static': no layer of 'shop_v:favicon.ic' exists; did you mean 'shop_v:favicon.ico'?",
        ),
        (view("/nosuch_v/x"), "staticView 'static': no layer of '/nosuch_v/x' exists"),
    ],
)
def test_a_root_that_no_layer_has_is_an_error_at_the_path(shop, record, problem):
    assert found(record) == [("error", f"site.zcml:1:4: {problem}")]


def test_a_root_that_is_a_whole_package_is_a_warning(shop):
    text = "site.zcml:1:4: staticView 'static': the root 'shop_v:' is a whole package; publish a directory in it: 'shop_v:static'"
    assert found(view("shop_v:")) == [("warning", text)]


def test_a_file_cannot_be_a_whole_package(shop):
    assert [kind for kind, _ in found(view("shop_v:", file=True))] == ["error"]


def test_a_python_call_does_not_look_at_the_root_since_an_override_may_come_later(shop):
    assert found(view("shop_v:later"), roots=False) == []
    assert found(view("nosuch_v:later"), roots=False) == [
        ("error", "site.zcml:1:4: staticView 'static': there is no package 'nosuch_v'")
    ]


def test_a_root_that_only_an_override_of_a_file_supplies_is_one(shop):
    supplied = override("shop_v:later/deep/a.css", "shop_v:static/app.css")
    assert found(view("shop_v:later"), supplied) == []
    assert len(found(view("shop_v:lat"), supplied)) == 1
    assert len(found(view("shop_v:later/deep/a.css"), override("shop_v:other/a.css", "shop_v:static/app.css"))) == 1


def test_a_permission_without_a_policy_is_an_error(shop):
    protected = view("shop_v:static", permission="view")
    text = "staticView 'static': the permission 'view' cannot be asked for: there is no permission policy"
    remedy = 'declare one: <permissionPolicy policy="package.module.Class"/>'
    assert found(protected) == [("error", f"site.zcml:1:10: {text}; {remedy}")]
    assert found(protected, PermissionPolicy(policy=object())) == []


def test_a_cache_buster_says_itself_what_would_fail(shop):
    @implementer(IBindable)
    class Buster:
        def problems(self, registry, busting):
            yield f"no manifest for {busting.path}"
            yield "and worse"

    assert found(busting("shop_v:static", Buster())) == [
        ("error", "site.zcml:1:8: cacheBuster 'shop_v:static': no manifest for shop_v:static"),
        ("error", "site.zcml:1:8: cacheBuster 'shop_v:static': and worse"),
    ]
    assert found(busting("shop_v:static", len)) == []


# Cycles


@pytest.mark.parametrize(
    "pairs, chain",
    [
        ([("s:a", "t:a"), ("t:a", "s:a")], "s:a → t:a → s:a"),
        ([("s:a/", "t:a/"), ("t:a/", "s:a/")], "s:a → t:a → s:a"),
        ([("s:", "t:"), ("t:", "s:")], "s: → t: → s:"),
        ([("s:a", "t:a"), ("t:a", "b:a"), ("b:a", "s:a")], "s:a → t:a → b:a → s:a"),
        ([("s:", "s:alt/")], "s: → s:alt"),  # feeds itself: s:x, s:alt/x, s:alt/alt/x, ...
        ([("s:a/", "s:a/b/")], "s:a → s:a/b"),
        ([("s:a/", "t:"), ("t:", "s:a/b/")], "s:a → t: → s:a/b"),
        ([("s:", "t:"), ("t:x/", "s:x/")], "s: → t:x → s:x"),  # only below x
        ([("s:a/", "t:"), ("t:logo.png", "s:a/logo.png")], "s:a → t:logo.png → s:a/logo.png"),
    ],
)
def test_a_cycle_is_found_and_printed(pairs, chain):
    overrides = [override(target, source, n) for n, (target, source) in enumerate(pairs)]
    cycle = override_cycle(overrides)
    printed = [*(str(o.target) for o in cycle), str(cycle[-1].source)]
    expected = chain.split(" → ")
    rotations = [[*(expected[n:-1]), *expected[:n], expected[n]] for n in range(1, len(expected) - 1)]
    assert printed in [expected, *rotations] or set(printed) == set(expected)


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("s:a", "t:a"), ("t:a", "b:a"), ("s:a", "b:a")],
        [("s:a/b/", "s:a/")],  # takes a shorter path each time
        [("s:", "t:"), ("t:x/", "s:")],
        [("s:a/", "s:ab/"), ("s:ab/", "s:abc/")],  # segments, not characters
        [("s:a/x", "s:b/x"), ("s:b/", "s:a/y/")],
        [("s:a/", "t:"), ("t:other.png", "s:a/logo.png")],
        [("s:a", "s:a/b")],  # a file, and one below a directory of its name
    ],
)
def test_what_comes_to_an_end_is_no_cycle(pairs):
    assert override_cycle([override(target, source, n) for n, (target, source) in enumerate(pairs)]) is None


def test_a_cycle_is_an_error_that_names_every_place(shop):
    pairs = [("shop_v:a", "theme_v:a"), ("theme_v:a", "shop_v:a"), ("shop_v:b", "theme_v:b"), ("theme_v:b", "shop_v:b")]
    registry = Registry()
    records = [override(target, source, n) for n, (target, source) in enumerate(pairs)]
    for record in records:
        registry.add(record)
    problems = [finding.problem for finding in findings(registry, [*records, view("shop_v:a")])]
    circles = [problem.message.partition(": ")[2].split(" → ") for problem in problems]
    assert all(first == last for first, _, last in circles)
    assert {frozenset(circle) for circle in circles} == {
        frozenset({"shop_v:a", "theme_v:a"}),
        frozenset({"shop_v:b", "theme_v:b"}),
    }
    assert [len(problem.also) for problem in problems] == [1, 1]


def test_a_cycle_ends_the_checks_that_would_follow_it_for_ever(shop):
    kinds = found(override("shop_v", "shop_v:static/"), view("shop_v:static"))
    assert [kind for kind, _ in kinds] == ["error"]


def test_chains_of_thousands_come_to_an_end():
    chain = [override(f"s:c{n}", f"s:c{n + 1}", n) for n in range(5000)]
    assert override_cycle(chain) is None
    assert override_cycle(chain[::-1]) is None
    cycle = override_cycle([*chain[:1000], override("s:c1000", "s:c0", 1000)])
    assert len(cycle) == 1001


PATHS = st.lists(st.sampled_from("ab"), max_size=3).map(tuple)
OVERRIDES = st.builds(
    lambda packages, target, source, file: Override(
        target=AssetSpec(packages[0], target),
        source=AssetSpec(packages[1], source),
        file=file and bool(target and source),
    ),
    st.tuples(st.sampled_from("st"), st.sampled_from("st")),
    PATHS,
    PATHS,
    st.booleans(),
)
DEEPER = 12  # segments: what has grown so far below three-segment sources never ends


def never_ends(overrides):
    """Does some asset, sent on by every override that covers it, come back or grow for ever? Tried out."""
    starts = {o.target for o in overrides} | {
        o.target.joined(p) for o in overrides for p in ("a", "b", "ab", "ba", "aa")
    }
    starts |= {start.joined(p) for start in starts for p in ("aa", "ab", "ba", "bb")}

    def wander(spec, taken):
        if len(spec.parts) > DEEPER or spec in taken:
            return True
        return any(
            wander(spec.moved(o.target, o.source), taken | {spec}) for o in overrides if o.covers(spec)
        )  # fmt: skip

    return any(wander(start, frozenset()) for start in starts)


@examples(300)
@given(st.lists(OVERRIDES.filter(lambda o: o.target != o.source), min_size=1, max_size=3))
def test_a_cycle_is_reported_exactly_when_some_asset_never_arrives(overrides):
    assert (override_cycle(overrides) is not None) == never_ends(overrides)


@examples(100)
@given(st.lists(OVERRIDES.filter(lambda o: o.target != o.source), max_size=4), PATHS)
def test_without_a_cycle_every_search_path_ends(overrides, parts):
    if override_cycle(overrides) is not None:
        return
    registry = Registry()
    for record in overrides:
        registry.add(record)
    paths = SearchPaths(registry.snapshot)
    candidates = list(islice(paths.candidates(AssetSpec("s", parts)), 1000))
    assert len(candidates) < 1000
