"""A load is all or nothing, in four phases, and says everything that is wrong with the phase it ends in."""

import gc
import importlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import foreign
import pytest

import assetzcml
from assetzcml import (
    AssetRegistry,
    ConfigurationConflictError,
    ConfigurationError,
    ConfigurationWarning,
    load_zcml,
)
from assetzcml.interfaces import IStaticView
from assetzcml.records.assets import StaticViewRecord, asset_spec
from assetzcml.zcml.load import Load

HEAD = '<configure xmlns="http://namespaces.assetzcml.org/assets" xmlns:f="urn:foreign">\n'


def ours(body):
    return f"{HEAD}{body}\n</configure>\n"


def state(registry):
    snapshot = registry.snapshot
    return (
        snapshot.views,
        snapshot.overrides,
        snapshot.bustings,
        snapshot.policy,
        snapshot.losses,
        dict(registry.settings),
        sorted((str(u.provided), u.name) for u in registry.registeredUtilities()),
    )


# Which file


def test_a_file_is_named_by_package_by_path_or_relative_to_something(package, tmp_path, monkeypatch):
    name = package({"configure.zcml": ours('<staticView name="a" path="x"/>'), "x/": "", "sub/s.zcml": ours("")})
    home = package.directory / name
    module = __import__(name)
    monkeypatch.chdir(home)
    for spec, options in (
        (f"{name}:configure.zcml", {}),
        (str(home / "configure.zcml"), {}),
        (home / "configure.zcml", {}),
        ("configure.zcml", {"package": name}),
        ("configure.zcml", {"package": module}),
        ("configure.zcml", {}),
        ("./sub/../configure.zcml", {}),
    ):
        assert [view.name for view in load_zcml(spec, **options).snapshot.views] == ["a"]
    assert load_zcml(package=name).snapshot.views
    assert load_zcml("sub/s.zcml", package=name).snapshot.views == ()
    assert tmp_path


@pytest.mark.parametrize(
    "spec, options, message",
    [
        ("nosuch:configure.zcml", {}, "there is no package 'nosuch'"),
        ("configure.zcml", {"package": "nosuch.deeper"}, "there is no package 'nosuch.deeper'"),
        ("os.path:configure.zcml", {}, "'os.path' is not a package; it has no 'configure.zcml'"),
        ("../x:configure.zcml", {}, "is not the name of a package"),
        (":configure.zcml", {}, "the package is empty"),
        ("email:../os.zcml", {}, "'..' is not followed"),
        ("email:nosuch.zcml", {}, "there is no file"),
        ("/nosuch/site.zcml", {}, "there is no file /nosuch/site.zcml"),
        ("/etc/passwd", {}, "/etc/passwd is not named *.zcml"),
        ("email:", {}, "is not named *.zcml"),
    ],
)
def test_a_file_that_cannot_be_found_is_a_configuration_error(spec, options, message):
    with pytest.raises(ConfigurationError) as caught:
        load_zcml(spec, **options)
    assert message in str(caught.value)


def test_a_package_that_fails_to_import_keeps_its_traceback(package):
    package({"__init__.py": "import nosuch_dependency"}, name="failing_l")
    with pytest.raises(ConfigurationError, match="the package 'failing_l' cannot be imported") as caught:
        load_zcml("failing_l:configure.zcml")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert caught.value.__cause__.name == "nosuch_dependency"


def test_the_directives_are_known_whether_a_file_asks_for_them_or_not(site):
    twice = '<include package="assetzcml"/><include package="assetzcml"/>'
    for asking in (twice, "", '<include package="assetzcml" file="meta.zcml"/>'):
        registry = site(ours(f'{asking}<staticView name="s" path="."/>'))
        assert [view.name for view in registry.snapshot.views] == ["s"]


@pytest.mark.whole
def test_an_installation_without_our_own_files_is_told_as_one_problem(site, tmp_path):
    own = Path(assetzcml.__file__).parent
    shutil.copytree(own, tmp_path / "assetzcml", ignore=shutil.ignore_patterns("meta.zcml", "__pycache__"))
    path = site.write(ours('<staticView name="s" path="."/>'))
    done = subprocess.run(
        [sys.executable, "-c", f"import assetzcml; assetzcml.load_zcml({path!r})"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    told = done.stderr[done.stderr.index("assetzcml.errors.") :]
    assert told == (
        f"assetzcml.errors.ConfigurationError: {tmp_path}/assetzcml/meta.zcml: assetzcml's own meta.zcml is missing; the "
        "installation is incomplete; install it again; PyInstaller: --collect-all assetzcml\n"
    )


def test_a_frozen_application_is_told_how_a_package_gets_into_it(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ConfigurationError) as caught:
        load_zcml("no_such_package:configure.zcml")
    assert [problem.hint for problem in caught.value.problems] == ["PyInstaller: --collect-all no_such_package"]


def test_a_directory_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "dir.zcml").mkdir()
    with pytest.raises(ConfigurationError, match=r".*dir\.zcml cannot be read"):
        load_zcml(tmp_path / "dir.zcml")


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_an_error_without_its_content(tmp_path):
    path = tmp_path / "secret.zcml"
    path.write_text(ours("<secret/>"))
    path.chmod(0)
    code = (
        "import sys, assetzcml, os, ctypes\n"
        # Root reads everything by a capability of Linux (capget(2)); without it, root is a user like others.
        "if os.getuid() == 0: ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522), (ctypes.c_uint32 * 6)())\n"
        "try: assetzcml.load_zcml(sys.argv[1])\n"
        "except assetzcml.ConfigurationError as error: print(error)\n"
    )
    arguments = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == f"{path} cannot be read: Permission denied\n"


# All or nothing

GOOD = '<staticView name="new" path="."/><f:note key="k" value="executed"/>'
FAILURES = {
    "reading": "<nosuch/>",
    "conflicts": '<staticView name="x" path="."/><staticView name="x" path="."/>',
    "validation": '<staticView name="x" path="nosuch"/>',
    "a factory": '<cacheBuster path="nosuch_package:x" factory="foreign.raises"/>',
    "a foreign action": "<f:fails/>",
    "a foreign handler": "<f:raises/>",
    "a broken include": '<include file="broken.zcml"/>',
    "a missing include": '<include file="missing.zcml"/>',
}


@pytest.mark.parametrize("body", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("loaded", [False, True], ids=["fresh", "loaded before"])
def test_a_load_that_fails_changes_nothing(site, body, loaded):
    registry = AssetRegistry(settings={"old": 1})
    if loaded:
        site(
            ours('<staticView name="old" path="."/><asset to_override="email:a" override_with="email:__init__.py"/>'),
            registry,
        )
    before = state(registry)
    files = {"site.zcml": foreign.document(f'<include file="ours.zcml"/>{body}'), "broken.zcml": b"<"}
    files["site.zcml"] = files["site.zcml"].replace(
        'xmlns="urn:foreign"', 'xmlns="http://namespaces.assetzcml.org/assets"'
    )
    files["ours.zcml"] = ours(GOOD)
    site.error(files, registry, settings={"new": 2})
    assert state(registry) == before
    assert foreign.done in ([], ["executed"])  # what a foreign action did elsewhere cannot be undone


def test_a_registry_is_still_usable_after_a_failure(site):
    registry = AssetRegistry()
    site.error(ours("<nosuch/>"), registry)
    site(ours('<staticView name="s" path="."/>'), registry)
    assert [view.name for view in registry.snapshot.views] == ["s"]


def test_each_phase_begins_when_the_one_before_found_nothing(site):
    conflict = '<staticView name="x" path="nosuch"/><staticView name="x" path="."/>'
    error = site.error(ours(f"<nosuch/>{conflict}"))
    assert [p.message for p in error.problems] == [
        "unknown directive 'nosuch' of http://namespaces.assetzcml.org/assets"
    ]
    error = site.error(ours(conflict))
    assert isinstance(error, ConfigurationConflictError)
    assert len(error.problems) == 1
    error = site.error(foreign.document('<a:staticView name="y" path="nosuch"/><fails/>'))
    assert len(error.problems) == 1
    assert foreign.done == []


def test_each_phase_reports_everything_that_is_wrong(site):
    reading = site.error(
        {"site.zcml": ours('<include file="b.zcml"/><x/>\n<y/><staticView/>'), "b.zcml": ours("<z/><staticView/>")}
    )
    assert len(reading.problems) == 7
    conflicts = site.error(
        ours(
            '<staticView name="x" path="."/><staticView name="x" path="."/>'
            '<cacheBuster path="email:" token="1"/><cacheBuster path="email:" token="1"/>'
        )
    )
    assert len(conflicts.problems) == 2
    validation = site.error(
        ours(
            '<staticView name="x" path="nosuch"/><staticView name="y" path="nosuch_package:z" permission="p"/>'
            '<asset to_override="nosuch_package:a" override_with="email:__init__.py"/>'
            '<cacheBuster path="nosuch_package:x" token="1"/>'
        )
    )
    assert len(validation.problems) == 5


def test_an_action_that_raises_ends_the_load_with_its_place(site, place):
    error = site.error("<note/>\n<fails/>")
    (problem,) = error.problems
    assert place(problem.origin) == ("site.zcml", 4, 1)
    assert problem.message == "an action of fails raised Mishap: while executing"
    assert isinstance(error.__cause__, foreign.Mishap)


def test_foreign_actions_reach_our_registry_through_the_staging_one(site):
    registry = site(
        '<meta:directive namespace="urn:foreign" name="register" schema="foreign.INote" handler="test_loader.register"/>'
        '<register key="k" value="v"/>'
    )
    assert registry.getUtility(IStaticView, "k").name == "k"


def register(_context, key=None, value="", order=0):
    record = StaticViewRecord(name=key, root=asset_spec("/tmp"))
    registry = _context.registry
    _context.action(("x", key), registry.registerUtility, (record, IStaticView, key))


def test_an_action_may_carry_whatever_its_package_wants(site):
    site(
        '<meta:directive namespace="urn:foreign" name="odd" schema="foreign.INote" handler="test_loader.odd"/><odd value="1"/>'
    )
    assert foreign.done == ["1"]


def odd(_context, key=None, value="", order=0):
    _context.action(("odd", value), foreign.done.append, (value,), record="of ours", load=1, introspectables=())
    _context.action(("nothing to call", value))


# Warnings

WARNED = ours('<include files="none*.zcml"/>\ntext\n<asset to_override="email:a" override_with="email:nosuch"/>')


def test_warnings_are_issued_at_the_zcml_line(site):
    found = site.warnings(WARNED)  # compares file and line with those in the text
    assert sorted(warning.split(" ", 1)[0] for warning in found) == ["site.zcml:1:1", "site.zcml:2:1", "site.zcml:4:45"]


def test_a_warning_shows_the_line_when_it_is_printed(site):
    site.write(WARNED)
    code = f"import assetzcml; assetzcml.load_zcml({str(site.directory / 'site.zcml')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert '<include files="none*.zcml"/>' in done.stderr
    assert done.stderr.count("ConfigurationWarning") == 3


def test_strict_turns_warnings_into_errors_of_their_phase(site):
    assert len(site.problems(WARNED, strict=True)) == 2  # those of reading
    only_late = ours('<asset to_override="email:a" override_with="email:nosuch"/>')
    assert len(site.problems(only_late, strict=True)) == 1
    site(ours('<staticView name="s" path="."/>'), strict=True)


def test_a_warning_that_is_an_exception_ends_the_load_and_changes_nothing(site):
    registry = AssetRegistry()
    before = state(registry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConfigurationWarning):
            site(
                ours('<asset to_override="email:a" override_with="email:nosuch"/><staticView name="s" path="."/>'),
                registry,
            )
    assert state(registry) == before


@pytest.mark.parametrize(
    "body, places",
    [
        ("<note/>text", ["1:1"]),
        ("<note>text</note>", ["3:1"]),
        ("<configure><note/>text</configure>", ["3:1"]),
        ("<note><!-- text --></note>", []),
        ("\n \t\n", []),
        ("<a:configure>text</a:configure>", ["3:1"]),
        ("<note/><!-- a -->text<!-- b -->more", ["1:1"]),
        ("<note><![CDATA[text]]></note>", ["3:1"]),
        ('<note zcml:condition="have x">text</note>', []),
    ],
)
def test_text_that_says_nothing_is_a_warning(site, body, places):
    assert [warning.split(" ")[0] for warning in site.warnings(body)] == [f"site.zcml:{place}" for place in places]


# Loads after loads


def test_a_later_load_replaces_what_an_earlier_one_declared(site):
    registry = site(ours('<staticView name="s" path="." cache_max_age="1"/><staticView name="kept" path="."/>'))
    site(ours('\n<staticView name="s" path="." cache_max_age="2"/>'), registry)
    assert [(v.name, v.cache_max_age) for v in registry.snapshot.views] == [("s", 2), ("kept", 3600)]
    ((loser, winner, reason),) = registry.snapshot.losses
    assert (loser.cache_max_age, loser.origin.line, winner.origin.line, reason) == (1, 2, 3, "replaced")


def test_the_same_load_again_replaces_nothing(site):
    text = ours(
        '<staticView name="s" path="."/><asset to_override="email:a" override_with="email:__init__.py"/>'
        '<cacheBuster path="email:" token="1"/>'
    )
    registry = site(text)
    site(text, registry)
    assert registry.snapshot.losses == ()
    assert len(registry.snapshot.overrides) == 1


def test_overrides_of_a_later_load_go_before_all_earlier_ones(site):
    override = '<asset to_override="email:a" override_with="email:{}.py"/>'
    registry = site(ours(override.format("header") + override.format("parser")))
    assert sources(registry) == ["parser", "header"]
    site(ours(override.format("header") + override.format("charset")), registry)
    assert sources(registry) == ["charset", "header", "parser"]
    registry.override_asset("email:a", "email:message.py")
    assert sources(registry) == ["message", "charset", "header", "parser"]


def sources(registry):
    return [override.source.name.removesuffix(".py") for override in registry.snapshot.overrides]


def test_conflicts_are_judged_within_one_load(site):
    registry = AssetRegistry()
    registry.add_static_view("s", str(site.directory))
    site(ours('<staticView name="s" path="."/>'), registry)
    site(ours('<staticView name="s" path="." cache_max_age="1"/>'), registry)
    assert [view.cache_max_age for view in registry.snapshot.views] == [1]


def test_among_equal_roots_the_later_load_stands_first_then_the_stronger_then_the_first(site):
    view = '<staticView name="{}" path="/tmp"/>'
    registry = site(
        {
            "site.zcml": ours('<include file="inner.zcml"/>' + view.format("b") + view.format("a")),
            "inner.zcml": ours(view.format("inner")),
        }
    )
    assert [v.name for v in registry.snapshot.views] == ["b", "a", "inner"]
    site(ours(view.format("late")), registry)
    assert [v.name for v in registry.snapshot.views] == ["late", "b", "a", "inner"]


def test_a_file_is_read_again_by_a_later_load(site):
    registry = site({"site.zcml": ours('<include file="x.zcml"/>'), "x.zcml": ours('<staticView name="a" path="."/>')})
    site({"site.zcml": ours('<include file="x.zcml"/>'), "x.zcml": ours('<staticView name="b" path="."/>')}, registry)
    assert {view.name for view in registry.snapshot.views} == {"a", "b"}


def test_a_load_says_one_line(site, caplog):
    with caplog.at_level(logging.DEBUG, "assetzcml"):
        site(
            {
                "site.zcml": ours('<include file="x.zcml"/><asset to_override="email" override_with="json"/>'),
                "x.zcml": ours('<staticView name="a" path="."/>'),
            }
        )
    ((name, level, text),) = caplog.record_tuples
    assert (name, level) == ("assetzcml", logging.INFO)
    assert text == f"loaded {site.directory}/site.zcml: 2 files, 1 static views, 1 overrides, 0 warnings"


# Threads, time and memory


def load_in_vain(registry, path):
    with pytest.raises(ConfigurationError):
        registry.load_zcml(path)


def test_loads_on_one_registry_are_serialised_and_readers_go_on(site, package):
    package({"slow.py": "import time, foreign\nforeign.entered.set(); foreign.gate.wait(9)\n"}, name="slow_l")
    foreign.gate, foreign.entered = threading.Event(), threading.Event()
    registry = site(ours('<staticView name="s" path="."/>'))
    late = StaticViewRecord(name="t", root=asset_spec(str(site.directory)))
    registry.registerUtility(late, IStaticView, "t")  # nobody has asked for the next snapshot yet
    path = site.write({"site.zcml": ours('<include package="slow_l.slow"/>')})
    loading = threading.Thread(target=load_in_vain, args=(registry, path))
    loading.start()
    foreign.entered.wait(5)
    names = []
    reading = threading.Thread(target=lambda: names.extend(sorted(v.name for v in registry.snapshot.views)))
    reading.start()
    reading.join(5)
    before = list(names)
    foreign.gate.set()
    loading.join()
    assert before == ["s", "t"]


def test_loading_leaves_nothing_behind_that_grows(site):
    path = site.write('<note value="1"/><a:staticView name="s" path="."/>')
    registry = AssetRegistry()
    for _ in range(3):
        registry.load_zcml(path)
    gc.collect()
    assert [thing for thing in gc.get_objects() if type(thing) is Load] == []


def test_twenty_thousand_nested_elements_are_refused(site):
    (problem,) = site.problems(HEAD + "<configure>" * 20_000 + "</configure>" * 20_000 + "</configure>")
    assert "elements are nested more than 64 deep" in problem


def test_thousands_of_problems_are_all_reported(site):
    assert len(site.problems(HEAD + "<nosuch/>\n" * 3000 + "</configure>")) == 3000


def test_the_examples_load_without_a_warning():
    top = Path(__file__).parents[2] / "configure.zcml"
    importlib.import_module("webob")  # which imports a deprecated module, and is imported by the views
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "'cgi' is deprecated")  # WebOb 1.8 imports it on Python before 3.13
        registry = load_zcml(top, strict=True)
    assert {"theme", "static"} <= {view.name for view in registry.snapshot.views}
