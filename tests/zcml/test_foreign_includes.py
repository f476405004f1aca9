"""Files that the directives of other packages include: read once, ranked, told and listed as every other file."""

import importlib
import random
import re
import shutil
import sys
import tracemalloc
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import auto_includes
import foreign
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assetzcml import AssetRegistry, ConfigurationConflictError, ConfigurationError, Limits
from sizes import examples, size

# What overrides point to need not exist here.
pytestmark = pytest.mark.filterwarnings("ignore::assetzcml.errors.ConfigurationWarning")

HEAD = (
    '<configure xmlns="http://namespaces.assetzcml.org/assets" xmlns:auto="urn:auto" xmlns:f="urn:foreign">'
    + auto_includes.META
    + " ".join(foreign.META.split())
    + "\n"
)


def zcml(*statements):
    return HEAD + "\n".join(statements) + "\n</configure>\n"


def asset(target, source):
    return f'<asset to_override="{target}" override_with="{source}"/>'


def sources(registry):
    return [str(override.source) for override in registry.snapshot.overrides]


def names(registry):
    return [Path(file.path).name for load in registry.loads for file in load.files]


# Who wins


@pytest.mark.parametrize("how", ["include", "auto:include", "auto:includeEach", "auto:parse"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_file_beats_what_its_directive_has_read(site, how, before):
    statements = [f'<{how} file="inner.zcml"/>', asset("email:static/", "email:q/")]
    files = {"site.zcml": zcml(*(statements if before else statements[::-1]))}
    files["inner.zcml"] = zcml(asset("email:static/", "email:p/"))
    assert sources(site(files)) == ["email:q", "email:p"]


@pytest.mark.parametrize("how", ["includeOverrides", "auto:includeOverrides"])
def test_what_a_directive_overrides_with_stands_among_the_statements_of_its_file(site, how):
    statements = [asset("email:s/", "email:a/"), f'<{how} file="inner.zcml"/>', asset("email:s/", "email:z/")]
    files = {"site.zcml": zcml(*statements), "inner.zcml": zcml(asset("email:s/", "email:m/"))}
    assert sources(site(files)) == ["email:z", "email:m", "email:a"]


def test_of_several_files_that_one_directive_has_read_the_later_is_stronger(site):
    files = {f"{n}_t.zcml": zcml(asset("email:s/", f"email:{n}/")) for n in "abc"}
    assert sources(site({"site.zcml": zcml('<auto:includeEach file="*_t.zcml"/>'), **files})) == [
        "email:c",
        "email:b",
        "email:a",
    ]


def tree(seed):
    """Files that include each other, with overrides and views, as a mapping of number to statements."""
    chance = random.Random(seed)
    count = chance.randint(2, 7)
    files = {}
    for number in range(count):
        statements = []
        for _ in range(chance.randint(1, 5)):
            kind = chance.choice(["directory", "file", "view", "include", "include", "includeOverrides"])
            if kind in ("include", "includeOverrides"):
                if number + 1 < count:
                    statements.append((kind, chance.randint(number + 1, count - 1), chance.random() < 0.5))
            else:
                statements.append((kind, chance.randint(0, 5), False))
        files[number] = statements
    return files


def written(statements, automatic):
    for kind, argument, may_be_automatic in statements:
        prefix = "auto:" if automatic and may_be_automatic else ""
        if kind == "directory":
            yield asset("email:static/", f"email:s{argument}/")
        elif kind == "file":
            yield asset("email:static/a.txt", f"email:s{argument}/a.txt")
        elif kind == "view":
            yield f'<staticView name="v{argument % 2}" path="email:mime" cache_max_age="{argument}"/>'
        else:
            yield f'<{prefix}{kind} file="f{argument}.zcml"/>'


def outcome(directory, files, automatic):
    for number, statements in files.items():
        lines = zcml(*written(statements, automatic))
        Path(directory, f"f{number}.zcml").write_text(lines, encoding="utf-8")
    try:
        registry = AssetRegistry().load_zcml(str(Path(directory, "f0.zcml")))
    except ConfigurationError as error:
        return type(error), sorted(re.sub(r"\bauto:|:\d+:\d+", "", problem.headline) for problem in error.problems)
    views = {view.name: view.cache_max_age for view in registry.snapshot.views}
    losses = sorted((str(loss.winner.origin), loss.loser.origin.line) for loss in registry.snapshot.losses)
    return sources(registry), views, losses, names(registry)


@examples(120)
@given(st.integers(0, 1 << 32))
def test_exchanging_an_include_for_one_of_another_package_changes_nothing(seed):
    files = tree(seed)
    with TemporaryDirectory() as directory, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written_out, exchanged = (outcome(directory, files, automatic) for automatic in (False, True))
    assume("has been read before" not in str(written_out))  # an error of ours, a warning of theirs
    assert exchanged == written_out


def test_two_files_that_are_included_by_directives_and_override_the_same_file_are_a_conflict(site):
    files = {n: zcml(asset("email:s/a", f"email:{n}/a")) for n in ("a.zcml", "b.zcml")}
    error = site.error({"site.zcml": zcml(*(f'<auto:include file="{n}"/>' for n in files)), **files})
    assert isinstance(error, ConfigurationConflictError)
    (problem,) = error.problems
    assert [Path(origin.file).name for origin in (problem.origin, *(o for _, o in problem.also))] == [
        "b.zcml",
        "a.zcml",
    ]
    assert "included from" in str(problem)


def test_a_conflict_inside_what_a_directive_overrides_with_is_a_conflict_with_both_places(site):
    view = zcml('<staticView name="s" path="email:mime"/>')
    files = {"site.zcml": zcml('<auto:includeOverrides file="both.zcml"/>'), "v1.zcml": view, "v2.zcml": view}
    files["both.zcml"] = zcml(
        '<include file="v1.zcml"/><include file="v2.zcml"/>', '<staticView name="t" path="nowhere:x"/>'
    )
    error = site.error(files)
    assert isinstance(error, ConfigurationConflictError)
    assert [Path(problem.origin.file).name for problem in error.problems] == ["v2.zcml"]


@pytest.mark.parametrize("first", ["include", "auto:include"])
def test_an_override_of_a_file_that_was_read_before_is_an_error(site, first):
    files = {"site.zcml": zcml(f'<{first} file="a.zcml"/>', '<includeOverrides file="a.zcml"/>'), "a.zcml": zcml()}
    (problem,) = site.error(files).problems
    assert problem.message.endswith("a.zcml has been read before, so nothing in it overrides")
    assert problem.origin.line == 3


@pytest.mark.parametrize("first", ["include", "auto:include"])
def test_a_directive_that_overrides_with_what_it_finds_is_warned(site, first):
    """Plone's own overrides are found by plone.autoinclude where its file has included them."""
    files = {"site.zcml": zcml(f'<{first} file="a.zcml"/>', '<auto:includeOverrides file="a.zcml"/>'), "a.zcml": zcml()}
    (warning,) = site.warnings(files)
    assert "a.zcml has been read before, so nothing in it overrides" in warning


OVERRIDDEN_TWICE = {
    "by itself": '<{0} file="bar21.zcml"/>\n<{0} file="bar21.zcml"/>',
    "through what it read": '<{0} file="bar2.zcml"/>\n<{0} file="bar21.zcml"/>',
    "by one pattern": '<includeOverrides files="bar2*.zcml"/>',
}


@pytest.mark.parametrize("body", OVERRIDDEN_TWICE.values(), ids=OVERRIDDEN_TWICE)
@pytest.mark.parametrize("how", ["includeOverrides", "auto:includeOverrides"])
def test_what_a_file_overrides_with_it_may_override_with_again(site, body, how):
    files = {"site.zcml": zcml(body.format(how)), "bar2.zcml": zcml('<include file="bar21.zcml"/>')}
    files["bar21.zcml"] = zcml(asset("email:s/", "email:t/"))
    registry = site(files)
    assert sources(registry) == ["email:t"]
    assert [step.outcome for step in registry.loads[0].includes].count("read before") == 1


def test_what_another_file_has_overridden_with_is_an_error(site):
    files = {"site.zcml": zcml('<include file="inner.zcml"/>', '<includeOverrides file="a.zcml"/>'), "a.zcml": zcml()}
    files["inner.zcml"] = zcml('<includeOverrides file="a.zcml"/>')
    assert "has been read before" in site.error(files).problems[0].message


# What is wrong in them


def test_an_unknown_directive_is_told_where_it_stands(site, place):
    files = {"site.zcml": zcml('<auto:include file="in.zcml"/>', "<nothing/>"), "in.zcml": zcml("<f:nothing/>")}
    one, other = site.error(files).problems
    assert (place(one.origin), one.message) == (("in.zcml", 2, 1), "unknown directive 'nothing' of urn:foreign")
    assert [place(step) for step in one.origin.chain()] == [("site.zcml", 2, 1)]
    assert (place(other.origin), other.message.split(" of ")[0]) == (("site.zcml", 3, 1), "unknown directive 'nothing'")


@pytest.mark.parametrize("how", ["auto:include", "auto:parse"])
def test_an_error_of_xml_is_told_where_it_stands(site, how):
    files = {
        "site.zcml": zcml(f'<{how} file="in.zcml"/>'),
        "in.zcml": '<configure xmlns="urn:x">\n\n  <configure>\n</configure>',
    }
    (problem,) = site.error(files).problems
    assert Path(problem.origin.file).name == "in.zcml"
    assert problem.origin.line == 4
    assert problem.message.startswith("XML syntax error: ")


@pytest.mark.parametrize("how", ["auto:include", "auto:parse"])
def test_a_wrong_attribute_is_told_where_it_stands(site, how, place):
    files = {"site.zcml": zcml(f'<{how} file="in.zcml"/>'), "in.zcml": zcml('<staticView name="s"\n  pth="."/>')}
    problem = site.error(files).problems[-1]
    assert place(problem.origin) in [("in.zcml", 3, 3), ("in.zcml", 2, 1)]
    assert "staticView 's'" in problem.message


def test_in_a_text_that_is_no_file_the_parser_knows_the_place(site):
    text = "&lt;configure xmlns='urn:x'>&lt;y/>&lt;/configure>"
    (problem,) = site.error({"site.zcml": zcml(f'<auto:text text="{text}"/>')}).problems
    assert problem.headline.startswith("<made up>:1:26: unknown directive 'y' of urn:x")


def test_a_handler_that_raises_after_an_include_is_told_with_what_is_wrong_in_the_file(site, place):
    files = {"site.zcml": zcml('<auto:raises file="in.zcml"/>'), "in.zcml": zcml("<f:nothing/>")}
    problems = site.error(files).problems
    assert [place(problem.origin) for problem in problems] == [("in.zcml", 2, 1), ("site.zcml", 2, 1)]
    assert "LookupError: in.zcml" in problems[1].message


def test_a_missing_file_is_the_handlers_own_error(site):
    (problem,) = site.error({"site.zcml": zcml('<auto:include file="gone.zcml"/>')}).problems
    assert "FileNotFoundError" in problem.message
    assert problem.origin.line == 2


def test_a_directive_that_includes_its_own_file_is_a_cycle(site):
    (warning,) = site.warnings({"site.zcml": zcml('<auto:include file="site.zcml"/>')})
    assert "closes a cycle" in warning


def test_what_a_directive_excludes_is_left_out(site):
    files = {
        "site.zcml": zcml('<auto:exclude file="a.zcml"/>', '<auto:include file="a.zcml"/>', '<include file="a.zcml"/>')
    }
    registry = site({**files, "a.zcml": zcml('<f:note value="1"/>')})
    assert (foreign.done, names(registry)) == ([], ["site.zcml"])


@pytest.mark.parametrize(
    "limits, text, message",
    [
        ({"file_bytes": 2000}, zcml(" " * 3000), "larger than 2000 bytes"),
        ({"element_depth": 5}, zcml("<configure>" * 8 + "</configure>" * 8), "nested more than 5 deep"),
        ({"attributes": 9}, zcml("<f:any " + " ".join(f'a{n}="x"' for n in range(12)) + "/>"), "12 attributes"),
        ({"attribute_bytes": 600}, zcml(f'<f:note value="{"x" * 700}"/>'), "longer than 600 bytes"),
        ({"files": 3}, zcml('<auto:include file="b.zcml"/>', '<auto:include file="c.zcml"/>'), "more than 3 files"),
        ({"include_depth": 2}, zcml('<auto:include file="b.zcml"/>'), "nested more than 2 deep"),
    ],
)
@pytest.mark.parametrize("how", ["auto:include", "auto:parse"])
def test_the_limits_hold(site, limits, text, message, how):
    files = {"site.zcml": zcml(f'<{how} file="a.zcml"/>'), "a.zcml": text}
    files |= {"b.zcml": zcml('<auto:include file="c.zcml"/>'), "c.zcml": zcml()}
    if how == "auto:parse" and set(limits) & {"files", "include_depth"}:
        files["site.zcml"] = zcml('<auto:include file="a.zcml"/>')
    (problem,) = site.error(files, limits=Limits(**limits)).problems
    assert message in problem.message
    assert Path(problem.origin.file).name != "site.zcml"


# What they cost, and that they are known


def test_they_are_listed_with_how_they_came_in(site):
    files = {"site.zcml": zcml('<auto:include file="a.zcml"/>', '<auto:include file="a.zcml"/>')}
    registry = site({**files, "a.zcml": zcml('<staticView name="s" path="email:mime"/>')})
    (load,) = registry.loads
    assert names(registry) == ["site.zcml", "a.zcml"]
    assert [(Path(step.path).name, step.origin.line, step.outcome) for step in load.includes] == [
        ("a.zcml", 2, ""),
        ("a.zcml", 3, "read before"),
    ]


def notes(count):
    return zcml(*(f'<f:note key="k{n}" value="v"/>' for n in range(count)))


def test_they_are_opened_once_and_cost_what_a_plain_include_costs(site):
    costs = {}
    for how in ("include", "auto:include"):
        path = site.write({"site.zcml": zcml(f'<{how} file="a.zcml"/>'), "a.zcml": notes(2000)})
        AssetRegistry().load_zcml(path)
        tracemalloc.start()
        AssetRegistry().load_zcml(path)
        costs[how] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert costs["auto:include"] < costs["include"] * 1.2


def test_one_document_stands_for_all_elements_of_a_text_that_is_parsed_by_hand(site):
    site({"site.zcml": zcml('<auto:parse file="a.zcml"/>'), "a.zcml": notes(50)})
    assert len({id(info.document) for _, _, info in foreign.heard}) == 1
    assert [info.line for _, _, info in foreign.heard] == list(range(2, 52))


# What nobody should write


def test_a_handler_that_reads_its_own_file_by_hand_is_told_where_it_goes_round(site):
    problems = site.error({"site.zcml": zcml('<auto:parse file="site.zcml"/>')}).problems
    assert {Path(problem.origin.file).name for problem in problems} == {"site.zcml"}
    assert {problem.code for problem in problems} == {"A102"}  # as deep as the limit allows
    assert site(zcml('<staticView name="s" path="email:mime"/>')).static_path("email:mime/a.txt") == "/s/a.txt"


@pytest.mark.sized
def test_thousands_of_files_of_one_directive_are_read_and_one_too_many_is_told(site):
    count = size(10_000, 400)
    files = {f"each/{number:05}.zcml": "<configure/>" for number in range(count)}
    site.write({"site.zcml": zcml('<auto:includeEach file="each/*.zcml"/>'), **files})
    path = str(site.directory / "site.zcml")
    registry = AssetRegistry().load_zcml(path, limits=Limits(files=count + 1))
    assert len(registry.loads[0].files) == count + 1
    with pytest.raises(ConfigurationError) as caught:
        AssetRegistry().load_zcml(path, limits=Limits(files=count))
    assert f"more than {count} files are read" in caught.value.problems[0].message
    assert caught.value.problems[0].origin.line == 2


@pytest.mark.parametrize("how", ["include", "auto:include"])
def test_what_a_file_outside_of_any_package_says_is_relative_to_its_directory(site, tmp_path, how):
    (tmp_path / "elsewhere" / "static").mkdir(parents=True)
    (tmp_path / "elsewhere" / "site.zcml").write_text(zcml('<staticView name="s" path="static"/>'), encoding="utf-8")
    registry = site(zcml(f'<{how} file="{tmp_path}/elsewhere/site.zcml"/>'))
    assert [str(view.root) for view in registry.snapshot.views] == [str(tmp_path / "elsewhere" / "static")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, foreign.Mishap])
def test_a_handler_that_ends_half_way_through_an_include_changes_nothing(site, monkeypatch, error):
    def interrupted(context, **arguments):
        raise error("half-way")

    monkeypatch.setattr(foreign, "raises", interrupted)
    registry = site(zcml('<staticView name="s" path="email:mime"/>'))
    before = registry.snapshot
    inner = zcml('<staticView name="t" path="email:mime"/>', "<f:raises/>", '<staticView name="u" path="email:mime"/>')
    with pytest.raises((ConfigurationError, error)) as caught:
        site({"site.zcml": zcml('<auto:include file="in.zcml"/>'), "in.zcml": inner}, registry)
    if isinstance(caught.value, ConfigurationError):
        (problem,) = caught.value.problems
        assert (Path(problem.origin.file).name, problem.origin.line) == ("in.zcml", 3)
    assert registry.snapshot is before
    site(zcml('<staticView name="v" path="email:mime"/>'), registry)  # nothing is locked, nothing left over
    assert sorted(view.name for view in registry.snapshot.views) == ["s", "v"]


def test_directives_whose_schema_changes_between_two_loads_are_read_by_the_schema_of_each(package, site):
    text = (
        "from zope.interface import Interface\nfrom zope.schema import {0}\n"
        "class IThing(Interface):\n    {1} = {0}()\nseen = []\n"
        "def thing(context, {1}):\n    seen.append({1})\n"
    )
    name = package({"__init__.py": text.format("TextLine", "size")})
    meta = f'<directive namespace="urn:t" name="thing" schema="{name}.IThing" handler="{name}.thing"/>'
    site.write({"meta.zcml": f'<configure xmlns="http://namespaces.zope.org/meta">{meta}</configure>'})

    def load(attribute):
        site(zcml('<include file="meta.zcml"/>', f'<t:thing xmlns:t="urn:t" {attribute}="3"/>'), registry)
        return importlib.import_module(name).seen.pop()

    registry = AssetRegistry()
    assert load("size") == "3"
    Path(importlib.import_module(name).__file__).write_text(text.format("Int", "count"), encoding="utf-8")
    sys.modules.pop(name)
    importlib.invalidate_caches()
    shutil.rmtree(Path(package.directory, name, "__pycache__"), ignore_errors=True)
    assert load("count") == 3
    found = site.error(zcml('<include file="meta.zcml"/>', '<t:thing xmlns:t="urn:t" size="3"/>'), registry).problems
    assert any("unknown attribute 'size'" in problem.message for problem in found)
