"""The command line: what is printed where, and the exit status."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import types
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from assetzcml.cli import main
from assetzcml.cli.commands import COMMANDS
from commands import start
from documents import document

CHECKOUT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = CHECKOUT / "examples"


@pytest.fixture
def run(monkeypatch):
    """A function that runs `assetzcml` with some arguments in this process; the result has stdout and stderr."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(CHECKOUT)

    def run(*arguments, status=0):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run


# The whole


@pytest.mark.whole
@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_open_nothing_but_click(arguments):
    code = f"import sys, runpy; sys.argv[1:] = {arguments}\n"
    code += "try: runpy.run_module('assetzcml', run_name='__main__')\n"
    code += "except SystemExit as end: print(end.code, *sys.modules)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    status, *opened = done.stdout.splitlines()[-1].split()
    assert status == "0"
    assert {name for name in opened if name.startswith("assetzcml.")} <= {
        "assetzcml.__main__",
        "assetzcml.cli",
        "assetzcml.cli.commands",
        "assetzcml.cli.importing",
        "assetzcml.cli.statuses",
    }
    assert {"zope.interface", "lxml", "webob", "asyncio"} & set(opened) == set()


def test_the_help_of_the_whole_says_of_each_command_what_its_own_help_begins_with():
    context = click.Context(main)
    said = {name: main.get_command(context, name).help for name in main.list_commands(context)}
    assert {name: " ".join(text.partition("\n\n")[0].split()) for name, text in said.items()} == {
        name: place.help for name, place in COMMANDS.items()
    }


def test_a_command_that_is_not_there_is_wrong_usage(run):
    assert "No such command 'sevre'" in run("sevre", status=2).stderr


# url


def test_url_prints_the_url_of_each_spec(run):
    result = run("url", "theme:configure.zcml", "shop:static/logo.png", "theme:static/weave.svg")
    assert re.fullmatch("/static/~[0-9a-f]{12}/logo.png\n/theme/weave.svg\n", result.stdout)
    assert result.stderr == ""


def test_url_prints_whole_urls_when_it_is_told_where_the_application_is(run):
    result = run(
        "url",
        "theme:configure.zcml",
        "theme:static/weave.svg",
        "--setting",
        "application_url=https://example.com/under",
    )
    assert result.stdout == "https://example.com/under/theme/weave.svg\n"


def test_url_tells_of_every_spec_that_has_none_and_prints_the_others(run):
    result = run("url", "shop:configure.zcml", "theme:x", "shop:static/app.css", "a\\b", "../x", status=1)
    assert result.stdout == "/static/app.css?x=v1\n"
    errors = result.stderr.splitlines()
    assert errors[0].startswith("no static view publishes 'theme:x'; the nearest published roots are ")
    assert errors[1:] == [
        "'a\\\\b' is not an asset spec: it holds a backslash; write 'a/b'",
        "'../x' is a relative path, and there is nothing it is relative to; 'package:../x' was expected",
    ]


def test_url_answers_a_program_with_json(run):
    result = run("url", "shop:configure.zcml", "shop:static/app.css", "theme:x", "--format", "json", status=1)
    known, unknown = json.loads(result.stdout)
    assert known == {"spec": "shop:static/app.css", "url": "/static/app.css?x=v1", "error": None}
    assert (unknown["spec"], unknown["url"]) == ("theme:x", None)
    assert unknown["error"] + "\n" == result.stderr


# list

LISTED = """\
static views
  staticView 'theme' of 'theme:static'
    examples/theme/overrides.zcml:7:3
  staticView 'static' of 'shop:static'
    examples/shop/static.zcml:3:3
  staticView 'admin/static' of 'shop.admin:static'
    examples/shop/admin/configure.zcml:3:3

static files
  staticFile 'favicon.ico' of 'shop:static/favicon.ico'
    examples/shop/static.zcml:4:3

overrides, in the order of search
  asset 'shop:static/images/' with 'theme:images/'
    examples/theme/overrides.zcml:5:3
  asset 'shop:static/app.css' with 'theme:brand/app.css'
    examples/theme/overrides.zcml:4:3
  asset 'shop:static/logo.png' with 'theme:brand/logo.png'
    examples/theme/overrides.zcml:3:3
  asset 'shop:templates/blocks/footer.html' with 'theme:brand/footer.html'
    examples/theme/views.zcml:4:3

cache busters
  cacheBuster 'shop:static' tree="sha256"
    examples/theme/overrides.zcml:8:3
  cacheBuster 'shop:static' token="v1"
    examples/shop/busters.zcml:3:3
    lost: overridden by examples/theme/overrides.zcml:8:3

media types
  none

modules
  none

stores of contents
  none

frozen releases that are served
  none

permission policies
  none

routes, in the order in which they are tried
  route 'admin' of '/admin/'
    examples/shop/admin/routes.zcml:3:3
  route 'home' of '/'
    examples/shop/routes.zcml:3:3
  route 'best' of '/items/best' before 'item'
    examples/theme/pages.zcml:3:3
  route 'item' of '/items/{id}'
    examples/shop/routes.zcml:4:3

views of routes and of paths
  view of route 'admin' shop.admin.views.index
    examples/shop/admin/routes.zcml:3:3
  view of route 'home' shop.views.home
    examples/shop/views.zcml:3:3
  view of route 'best' theme.views.best
    examples/theme/pages.zcml:3:3
  view of route 'item' shop.views.item
    examples/shop/views.zcml:4:3
  view 'about' theme.views.about
    examples/theme/views.zcml:3:3
  view 'admin' shop.admin.views.enter
    examples/shop/admin/routes.zcml:4:3
  view 'imprint' theme.views.imprint
    examples/theme/pages.zcml:4:3
  view 'about' shop.views.about
    examples/shop/views.zcml:5:3
    lost: overridden by examples/theme/views.zcml:3:3

environment of bundles
  none

bundles
  none
"""


def test_list_prints_what_is_declared_with_its_place_and_what_lost_against_what(run):
    assert run("list", "configure.zcml").stdout.replace(f"{CHECKOUT}{os.sep}", "") == LISTED


def test_list_prints_only_the_kinds_that_are_asked_for(run):
    lines = run("list", "configure.zcml", "busters", "files").stdout.splitlines()
    assert [line for line in lines if line and line[0] != " "] == ["static files", "cache busters"]


def test_list_prints_the_assets_that_are_asked_for_and_refuses_to_narrow_anything_else(run):
    lines = run("list", "configure.zcml", "assets", "--package", "theme").stdout.splitlines()
    assert lines[:3] == ["assets", "  asset 'theme:static/weave.svg', 174 bytes", "    /theme/weave.svg"]
    assert "are for the kind 'assets'" in run("list", "configure.zcml", "views", "--overridden", status=2).stderr


def test_list_answers_a_program_with_json(run):
    told = json.loads(run("list", "theme:configure.zcml", "busters", "overrides", "--format", "json").stdout)
    assert list(told) == ["overrides", "busters"]
    winner, loser = told["busters"]
    assert (winner["buster"], winner["lost"], winner["winner"]) == ('tree="sha256"', None, None)
    assert (loser["buster"], loser["lost"], loser["winner"]) == ('token="v1"', "overridden", winner["origin"])
    assert told["overrides"][0] == {
        "directive": "asset",
        "to_override": "shop:static/images/",
        "override_with": "theme:images/",
        "origin": {"file": str(EXAMPLES / "theme" / "overrides.zcml"), "line": 5, "column": 3},
        "lost": None,
        "winner": None,
    }


def test_list_answers_a_program_with_routes_in_their_order_and_with_pages(run):
    told = json.loads(run("list", "theme:configure.zcml", "routes", "pages", "--format", "json").stdout)
    assert [(route["name"], route["before"]) for route in told["routes"]] == [
        ("admin", None),
        ("home", None),
        ("best", "item"),
        ("item", None),
    ]
    assert told["pages"][-1] == {
        "directive": "view",
        "name": "about",
        "route_name": None,
        "view": "shop.views.about",
        "request_method": None,
        "permission": None,
        "preload": [],
        "origin": {"file": str(EXAMPLES / "shop" / "views.zcml"), "line": 5, "column": 3},
        "lost": "overridden",
        "winner": {"file": str(EXAMPLES / "theme" / "views.zcml"), "line": 3, "column": 3},
    }


# explain


def test_explain_prints_the_explanation_of_a_spec_or_of_a_url(run):
    from assetzcml import load_zcml

    for asked in ("shop:static/logo.png", "/static/logo.png"):
        result = run("explain", "theme:configure.zcml", asked)
        assert result.stdout == f"{load_zcml('theme:configure.zcml').explain(asked)}\n"
        assert result.stderr == ""
    told = json.loads(run("explain", "theme:configure.zcml", "shop:static/logo.png", "--format", "json").stdout)
    assert told == load_zcml("theme:configure.zcml").explain("shop:static/logo.png").as_dict()


def test_explain_of_what_nobody_serves_prints_what_is_known_and_has_status_1(run):
    result = run("explain", "theme:configure.zcml", "/nowhere", status=1)
    assert result.stdout.splitlines()[2].startswith("problem       no static view answers this URL")


@pytest.mark.parametrize("path, view, route, lost", [
    ("/about", ("views.zcml", 3), None, [("view", "overridden")]),
    ("/items/best", ("pages.zcml", 3), ("pages.zcml", 3), [("route", "it is tried later")]),
    ("https://example.com/items/best?a=b", ("pages.zcml", 3), ("pages.zcml", 3), [("route", "it is tried later")]),
])  # fmt: skip
def test_explain_of_a_page_names_the_view_the_route_and_what_lost(path, view, route, lost, run):
    told = json.loads(run("explain", "theme:configure.zcml", path, "--format", "json").stdout)
    page = told["page"]

    def place(record):
        return record and (Path(record["origin"]["file"]).name, record["origin"]["line"])

    assert (place(page["view"]), place(page["route"])) == (view, route)
    assert [(each["directive"], each["why"]) for each in page["others"]] == lost
    assert (told["problems"], told["view"], told["answer"]) == ([], None, None)


# schema


def test_schema_prints_that_of_our_namespace_or_of_another(run):
    ours = run("schema", "configure.zcml").stdout
    assert 'targetNamespace="http://namespaces.assetzcml.org/assets"' in ours
    assert '<xs:element name="staticView">' in ours
    other = run("schema", "configure.zcml", "--namespace", "http://namespaces.zope.org/zope").stdout
    assert '<xs:element name="exclude">' in other
    assert "staticView" not in other


def test_schema_writes_all_of_them_with_a_catalog_and_they_validate_what_loads(run, tmp_path):
    from lxml import etree

    directory = tmp_path / "new" / "schemas"
    written = run("schema", "theme:configure.zcml", "--output", directory).stdout.splitlines()
    assert written == [str(path) for path in sorted(directory.iterdir())]
    assert {"catalog.xml", "zcml.xsd"} < {path.name for path in directory.iterdir()}
    schema = etree.XMLSchema(etree.parse(str(directory / "zcml.xsd")))
    for path in sorted(EXAMPLES.glob("[st]h*/*.zcml")):
        assert schema.validate(etree.parse(str(path))), (path, schema.error_log)


def test_schema_of_what_does_not_load_is_made_all_the_same_with_status_1(run, zcml, tmp_path):
    path = zcml.write('<staticView name="static" path="shop:statc"/>')
    result = run("schema", path, status=1)
    assert '<xs:element name="staticView">' in result.stdout
    assert result.stderr.startswith(f"{path}:2:")
    run("schema", path, "--output", tmp_path / "schemas", status=1)
    assert (tmp_path / "schemas" / "zcml.xsd").exists()


@pytest.mark.parametrize("arguments, message", [
    (["configure.zcml", "--namespace", "urn:x"], "no directive is in the namespace 'urn:x'; there are 'http://"),
    (["nosuchpackage:x.zcml"], "nosuchpackage:x.zcml: there is no package 'nosuchpackage'"),
    (["configure.zcml", "--output", "/dev/null/x"], "cannot write /dev/null/x: "),
])  # fmt: skip
def test_a_schema_that_cannot_be_made_or_written_has_status_1(arguments, message, run):
    result = run("schema", *arguments, status=1)
    assert result.stderr.startswith(message)
    assert result.stdout == ""


# What all commands have.


def test_features_and_settings_reach_the_load(run, zcml):
    path = zcml.write("""\
<configure xmlns="http://namespaces.assetzcml.org/assets" xmlns:zcml="http://namespaces.zope.org/zcml">
  <staticView name="${media:-static}" path="shop:static"/>
  <staticView name="drafts" path="shop:templates" zcml:condition="have devel"/>
</configure>
""")
    assert run("url", path, "shop:static/app.js").stdout == "/static/app.js\n"
    assert run("url", path, "shop:static/app.js", "--setting", "media=a=b").stdout == "/a=b/app.js\n"
    assert run("url", path, "shop:templates/page.html", "--feature", "devel").stdout == "/drafts/page.html\n"
    run("url", path, "shop:templates/page.html", status=1)


def test_a_wrong_configuration_is_told_with_its_place_on_stderr_and_has_status_1(run, zcml):
    path = zcml.write(
        '<staticView name="static" path="shop:statc"/>\n<staticView name="x" path="shop:static" nam="y"/>'
    )
    result = run("list", path, status=1)
    assert result.stdout == ""
    assert result.stderr == (
        f"{path}:3:41: staticView 'x': unknown attribute 'nam'; did you mean 'name'?\n"
        '    <staticView name="x" path="shop:static" nam="y"/>\n'
        "                                            ^\n"
    )


def test_warnings_are_told_with_their_place_on_stderr_and_are_errors_when_strict(run, zcml):
    path = zcml.write('<include files="*.nix.zcml"/>')
    result = run("list", path, "policies")
    assert result.stdout == "permission policies\n  none\n"
    assert result.stderr.startswith(f"warning: {path}:2:")
    assert run("list", path, "--strict", status=1).stderr.startswith(f"{path}:2:")


@pytest.fixture
def warned(package, zcml):
    """A site of the package 'own' whose dependency 'dep' is warned of: what nobody who owns the site can edit."""
    package({"configure.zcml": '<configure><include files="*.nix.zcml"/></configure>'}, name="dep_of_strict")
    package({"configure.zcml": '<configure><include package="dep_of_strict"/></configure>'}, name="own_of_strict")
    return "own_of_strict:configure.zcml"


@pytest.mark.parametrize(
    "options, status",
    [
        ([], 0),
        (["--strict"], 1),
        (["--strict-in", "own_of_strict"], 0),
        (["--strict-in", "dep_of_strict"], 1),
        (["--strict-in", "own_of_strict", "--strict-in", "dep_of_strict"], 1),
    ],
)
@pytest.mark.parametrize("command", ["check", "list", "schema"])
def test_strict_in_makes_errors_of_the_warnings_in_files_of_these_packages(run, warned, command, options, status):
    result = run(command, warned, *options, status=status)
    assert "no file matches '*.nix.zcml'" in result.output + result.stderr


def test_strict_tells_of_the_other_form_and_strict_in_of_a_package_that_is_none(run, warned):
    assert (
        "--strict-in PACKAGE counts those in files of your own packages only"
        in run("list", warned, "--strict", status=1).stderr
    )
    assert (
        "strict names 'no_such_package', which cannot be imported"
        in run("list", warned, "--strict-in", "no_such_package", status=1).stderr
    )


def test_other_warnings_are_left_to_python(run, package, zcml):
    name = package({"__init__.py": "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)"})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run("list", zcml.write(f'<include package="{name}" file="nix.zcml"/>'), status=1)
    assert "old" in [str(warning.message) for warning in caught]


def test_an_error_in_a_package_names_the_zcml_line_and_the_line_of_python(run, package, zcml):
    name = package({"__init__.py": "\nimport nosuchthing"})
    stderr = run("list", zcml.write(f'<include package="{name}"/>'), status=1).stderr
    assert "site.zcml:2:" in stderr
    assert "No module named 'nosuchthing'" in stderr
    assert f"{name}/__init__.py:2\n" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("config", ["nowhere.zcml", "nosuchpackage:configure.zcml", "shop:nowhere.zcml", "examples"])
def test_a_configuration_that_cannot_be_read_has_status_1_and_names_it(config, run):
    stderr = run("list", config, status=1).stderr
    assert config.partition(":")[0] in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuchcommand"],
        ["url", "configure.zcml"],
        ["list", "configure.zcml", "nosuchkind"],
        ["list", "configure.zcml", "--format", "yaml"],
        ["list", "configure.zcml", "--setting", "novalue"],
        ["serve", "configure.zcml", "--port", "70000"],
        ["serve", "configure.zcml", "--app", "shop.app"],
        ["explain", "configure.zcml"],
        ["schema", "configure.zcml", "--namespace", "urn:x", "--output", "schemas"],
    ],
)
def test_wrong_usage_has_status_2_and_says_what_is_right(arguments, run):
    assert "Usage: " in run(*arguments, status=2).stderr


@pytest.mark.parametrize("command", ["", "serve", "url", "list", "explain", "check", "schema", "init"])
def test_help_tells_the_exit_statuses(command, run):
    text = " ".join(run(*filter(None, [command]), "--help").stdout.split())
    assert "Exit status: 0 good, 1 the configuration or the content is wrong" in text


@pytest.mark.whole
def test_the_working_directory_is_importable(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "__init__.py").touch()
    (tmp_path / "here" / "configure.zcml").write_text("<configure xmlns='http://namespaces.zope.org/zope'/>")
    program = "import sys; sys.path[0] = '/nowhere'; from assetzcml.cli import main; main()"
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", program, "list", "here:configure.zcml", "views"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("static views\n  none\n", 0), done.stderr


@pytest.mark.whole
def test_a_reader_that_stops_reading_is_no_error(tmp_path):
    site = tmp_path / "site.zcml"
    views = "\n".join(f'<staticView name="view{n}" path="shop:static"/>' for n in range(3000))
    site.write_text(document(views))
    with start("list", site) as process:
        assert process.stdout.readline() == b"static views\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.whole
def test_names_that_the_terminal_has_no_characters_for_are_printed_as_escapes(tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(document('<staticView name="café" path="shop:static"/>'), encoding="utf-8")
    process = start("list", site, "views", environ={"PYTHONIOENCODING": "iso8859-5"})
    stdout, stderr = process.communicate(timeout=30)
    assert stdout.splitlines()[1] == b"  staticView 'caf\\xe9' of 'shop:static'", stderr


# build, and list of bundles


@pytest.fixture
def bundled(package):
    """A package with bundles; returns its name. `bundled.write(file, text)` writes into it."""
    name = package(
        {
            "static/a.css": "a { b: c }\n",
            "static/b.css": "b{}",
            "static/c.js": "c",
            "marks.py": "from assetzcml.bundles.filters import FilterError, Filter\n"
            "from assetzcml.errors import Origin, Problem\n"
            "class Broken(Filter):\n    name = 'broken'\n    def input(self, _in, out, source_path=None, **kw):\n"
            "        raise FilterError(Problem(Origin(source_path, 1, 1), 'broken: no such property'))\n",
            "configure.zcml": document(
                '<staticView name="st" path="static"/>\n<environment directory="static"/>\n'
                '<bundle name="app.css" contents="a.css b.css" output="gen/app.%(version)s.css"/>\n'
                '<bundle name="app.js" contents="c.js" output="gen/app.js"/>'
            ),
            "broken.zcml": document(
                '<include file="configure.zcml"/>\n<filter name="broken" factory=".marks.Broken"/>\n'
                '<bundle name="bad.css" contents="a.css" filters="broken" output="bad.css"/>'
            ),
        }
    )

    class Bundled(str):
        directory = package.directory / name

        def shown(self, text):
            return text.replace(f"{self.directory}{os.sep}", "").replace(self, "pkg")

    return Bundled(name)


CSS = hashlib.md5(b"a { b: c }\n\nb{}").hexdigest()[:8]


def test_build_prints_a_line_for_each_output_and_says_what_is_up_to_date(run, bundled):
    config = f"{bundled}:configure.zcml"
    assert bundled.shown(run("build", config).stdout) == (
        f"app.css: built, 15 bytes (107 % of 14 bytes), static/gen/app.{CSS}.css\n"
        "app.js: built, 1 byte (100 % of 1 byte), static/gen/app.js\n"
    )
    assert bundled.shown(run("build", config).stdout) == (
        f"app.css: up to date, 15 bytes, static/gen/app.{CSS}.css\napp.js: up to date, 1 byte, static/gen/app.js\n"
    )
    forced = run("build", config, "--force", "--jobs", "2", "--bundle", "app.js").stdout
    assert bundled.shown(forced) == "app.js: built, 1 byte (100 % of 1 byte), static/gen/app.js\n"


def test_build_tells_of_a_failure_with_the_line_of_the_bundle_and_that_of_the_source_and_builds_the_rest(run, bundled):
    result = run("build", f"{bundled}:broken.zcml", status=1)
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == ["app.css", "app.js"]
    assert bundled.shown(result.stderr).splitlines()[:2] == [
        "static/a.css:1:1: broken: no such property",
        "  in the bundle declared at broken.zcml:4:1",
    ]


def test_build_answers_a_program_with_json(run, bundled):
    told = json.loads(run("build", f"{bundled}:broken.zcml", "--format", "json", status=1).stdout)
    css, js, bad = sorted(told, key=lambda each: each["bundle"] == "bad.css")
    assert css == {
        "bundle": "app.css",
        "file": str(bundled.directory / "static" / "gen" / f"app.{CSS}.css"),
        "version": CSS,
        "size": 15,
        "source_size": 14,
        "changed": True,
        "problems": [],
    }
    assert (js["bundle"], js["version"], js["changed"]) == ("app.js", hashlib.md5(b"c").hexdigest()[:8], True)
    (problem,) = bad["problems"]
    assert (bad["file"], problem["message"], problem["origin"]["line"]) == (None, "broken: no such property", 1)
    (also,) = problem["also"]
    assert (os.path.basename(also["origin"]["file"]), also["origin"]["line"]) == ("broken.zcml", 4)


def test_a_bundle_that_nobody_declares_has_status_1(run, bundled):
    result = run("build", f"{bundled}:configure.zcml", "--bundle", "app.cs", status=1)
    assert (result.stdout, result.stderr) == ("", "no bundle has the name 'app.cs'; did you mean 'app.css'?\n")


@pytest.fixture
def building(bundled):
    """`build --watch` of the bundles of the package, which has built them once; it is gone afterwards."""
    environ = {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(bundled.directory.parent)])}
    process = start("build", f"{bundled}:configure.zcml", "--watch", environ=environ)
    assert [process.stdout.readline().partition(b",")[0] for _ in range(2)] == [b"app.css: built", b"app.js: built"]
    yield process
    process.kill()
    process.communicate()


def exchange(path, text):
    """Write a file at once: who watches never sees a part of it."""
    written = path.with_name(f"{path.name}.new")
    written.write_text(text)
    written.replace(path)


@pytest.mark.whole
def test_watching_builds_again_what_changes_and_ends_quietly(bundled, building):
    exchange(bundled.directory / "static" / "c.js", "changed")
    assert building.stdout.readline().startswith(b"app.js: built, 7 bytes")
    building.send_signal(signal.SIGTERM)
    assert building.communicate(timeout=30) == (b"", b"")
    assert building.returncode == 0


@pytest.mark.whole
def test_watching_takes_changed_zcml_over_and_keeps_the_former_while_it_is_broken(bundled, building):
    path = bundled.directory / "configure.zcml"
    (bundled.directory / "static" / "more.js").write_text("more")
    more = '<bundleContents bundle="app.js" contents="more.js"/></configure>'
    exchange(path, path.read_text().replace("</configure>", more))
    assert building.stdout.readline() == b"configuration reloaded\n"
    assert building.stdout.readline().startswith(b"app.js: built")
    exchange(path, "<configure")
    told = [building.stderr.readline() for _ in range(2)]
    while b"the former one goes on" not in told[-1]:
        told.append(building.stderr.readline())
    assert b"configure.zcml" in b"".join(told)
    exchange(bundled.directory / "static" / "more.js", "more and more")
    assert building.stdout.readline().startswith(b"app.js: built")
    building.send_signal(signal.SIGTERM)
    assert building.communicate(timeout=30) == (b"", b"")


def test_pruning_removes_former_versions_of_outputs(run, package):
    name = package(
        {
            "configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets">'
            '<staticView name="static" path="static"/><environment directory="static"/>'
            '<bundle name="x" contents="a.js" output="gen/x.%(version)s.js"/></configure>',
            "static/a.js": "1",
        }
    )
    source = package.directory / name / "static/a.js"
    for text in "1234":
        source.write_text(text)
        run("build", f"{name}:configure.zcml")
    result = run("build", f"{name}:configure.zcml", "--prune", "--keep", "1", "--younger", "0")
    assert [line.partition(" ")[0] for line in result.stdout.splitlines()] == ["x:", "removed", "removed"]
    assert len(list((source.parent / "gen").iterdir())) == 2


def test_a_signal_ends_a_command_only_while_it_runs(run, monkeypatch):
    server = types.SimpleNamespace(effective_listen=[("127.0.0.1", 1)])
    told = []

    def run_until_told(goes_on):
        assert goes_on()
        os.kill(os.getpid(), signal.SIGINT)
        told.append(goes_on())

    running = types.SimpleNamespace(run=run_until_told, wake=lambda: None)
    monkeypatch.setattr("assetzcml.cli.server.Drained", lambda *_: running)
    monkeypatch.setattr(
        "assetzcml.cli.server._waitress", lambda: types.SimpleNamespace(create_server=lambda *_, **__: server)
    )
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert run("serve", "shop:static.zcml").stdout == "Serving on http://127.0.0.1:1/\n"
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert told == [False]


@pytest.mark.whole
def test_on_a_terminal_there_is_a_summary(bundled):
    reader, writer = os.openpty()
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(bundled.directory.parent)])}
    command = [sys.executable, "-m", "assetzcml", "build", f"{bundled}:configure.zcml"]
    process = subprocess.Popen(command, stdout=writer, stderr=writer, env=environ)
    os.close(writer)
    process.wait(30)
    printed = b""
    try:
        while piece := os.read(reader, 65536):
            printed += piece
    except OSError:  # the end of a terminal
        pass
    os.close(reader)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed.decode()).split("\r\n")
    assert re.fullmatch(r"2 built, 0 up to date, 16 bytes \(107 % of 15 bytes\), [0-9.]+ s", lines[2])
    assert b"\x1b[32mapp.css: built" in printed


def test_list_says_what_bundles_are_made_of_and_whether_they_are_built(run, bundled):
    config = f"{bundled}:configure.zcml"
    run("build", config, "--bundle", "app.css")
    assert (
        bundled.shown(run("list", config, "bundles", "environment").stdout)
        == f"""\
environment of bundles
  environment directory='pkg:static'
    configure.zcml:3:1

bundles
  bundle 'app.css' of 'pkg:gen/app.css': built, 15 bytes of 14 bytes
    configure.zcml:4:1
    output static/gen/app.{CSS}.css, version {CSS}
    1. pkg:static/a.css, 11 bytes
    2. pkg:static/b.css, 3 bytes
  bundle 'app.js' of 'pkg:gen/app.js': not built
    configure.zcml:5:1
    output gen/app.js
    1. pkg:static/c.js, 1 byte
"""
    )
    (bundled.directory / "static" / "b.css").write_text("longer {}")
    (css, js) = json.loads(run("list", config, "bundles", "--format", "json").stdout)["bundles"]
    assert (css["state"], css["size"], css["source_size"]) == ("out of date", 15, 20)
    assert (js["state"], js["size"], js["spec"]) == ("not built", None, f"{bundled}:gen/app.js")


def test_list_names_the_bundle_that_lost(run, zcml):
    zcml.write('<bundle name="a" output="a"/>', "shop.zcml")
    path = zcml.write('<include file="shop.zcml"/><bundle name="a" output="b"/>')
    lines = run("list", path, "bundles").stdout.replace(f"{os.path.dirname(path)}{os.sep}", "").splitlines()
    assert lines[-3:] == [
        "  bundle 'a' of 'a'",
        "    shop.zcml:2:1",
        "    lost: overridden by site.zcml:2:28",
    ]


# serve


@pytest.fixture
def served():
    """A function that serves a configuration on a free port; returns the address and the process."""
    processes = []

    def serve(*arguments, **options):
        process = start("serve", *arguments, "--port", "0", **options)
        processes.append(process)
        line = process.stdout.readline().decode()
        found = re.fullmatch(r"Serving on (http://127\.0\.0\.1:[0-9]+/)\n", line)
        assert found, line + process.stderr.read().decode()
        return found[1], process

    yield serve
    for process in processes:
        process.kill()
        process.wait(30)
        process.stdout.close()
        process.stderr.close()


def get(url):
    """Status, headers and bytes of the answer to a GET."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.mark.whole
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_at_the_address_it_prints_and_stops_quietly(stop, served):
    address, process = served("theme:configure.zcml")
    status, headers, body = get(f"{address}static/~000000000000/logo.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert body == (EXAMPLES / "theme" / "brand" / "logo.png").read_bytes()
    assert b"<h1>The shop</h1>" in get(address)[2]
    process.send_signal(stop)
    assert process.wait(30) == 0
    assert process.stdout.read() == b""
    assert b"Traceback" not in process.stderr.read()


@pytest.mark.whole
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_quietly_when_a_shell_has_started_it_in_the_background(stop, served):
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as 'assetzcml serve &' in a script does
    try:
        _, process = served("shop:static.zcml")
    finally:
        signal.signal(signal.SIGINT, former)
    process.send_signal(stop)
    assert process.wait(30) == 0
    assert process.stdout.read() == b""
    assert process.stderr.read() == b""


@pytest.mark.whole
def test_serve_loads_again_at_sighup_and_keeps_what_was_in_force_when_that_fails(served, tmp_path):
    site = tmp_path / "site.zcml"
    text = '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="{}" path="shop:static"/></configure>'
    site.write_text(text.format("first"))
    address, process = served(site, start_new_session=True)  # a service has no terminal
    assert get(f"{address}first/app.css")[0] == 200
    for written, word, status in (
        (text.format("second"), b"The configuration has been reloaded.\n", 200),
        ("<configure", b"The configuration before this edit stays in force.\n", 200),
    ):
        site.write_text(written)
        process.send_signal(signal.SIGHUP)
        for line in process.stderr:
            if line == word:
                break
        assert get(f"{address}second/app.css")[0] == status


@pytest.mark.whole
def test_serve_without_an_application_answers_404_for_all_other_paths(served):
    address, _ = served("shop:static.zcml")
    assert get(address)[0] == 404


@pytest.mark.whole
def test_serve_asks_the_application_for_what_no_route_view_or_static_view_has(served, tmp_path):
    program = "def make(registry):\n    def app(environ, start):\n        start('200 OK', [])\n"
    (tmp_path / "rest.py").write_text(program + "        return [environ['PATH_INFO'].encode()]\n    return app\n")
    path = os.pathsep.join([str(tmp_path), str(CHECKOUT), str(EXAMPLES)])
    address, _ = served("shop:configure.zcml", "--app", "rest:make", environ={"PYTHONPATH": path})
    assert get(f"{address}about")[2].count(b"About the shop") == 2
    assert get(f"{address}nowhere")[2] == b"/nowhere"


@pytest.mark.whole
def test_serve_takes_the_application_of_the_shop(served):
    address, _ = served("theme:configure.zcml", "--app", "shop.app:make_app")
    assert b"<h1>The shop</h1>" in get(address)[2]


@pytest.mark.parametrize(
    "app, message",
    [
        ("nosuchmodule:make", "--app: the module 'nosuchmodule' cannot be imported: ModuleNotFoundError: No module "),
        ("shop.app:nix", "--app: the module 'shop.app' has no 'nix'"),
        ("shop.views:GOODS", "--app: shop.views:GOODS is not callable"),
    ],
)
def test_an_application_that_is_not_there_has_status_1(app, message, run):
    assert run("serve", "shop:configure.zcml", "--app", app, status=1).stderr.startswith(message)


@pytest.mark.whole
def test_an_address_in_use_has_status_1(served):
    address, _ = served("shop:configure.zcml")
    port = address.rstrip("/").rpartition(":")[2]
    # In a process of its own: waitress leaves the socket it could not bind open.
    process = start("serve", "shop:configure.zcml", "--port", port)
    stdout, stderr = process.communicate(timeout=30)
    assert (stdout, process.returncode) == (b"", 1)
    assert stderr.decode() == f"cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_serve_without_waitress_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    assert run("serve", "shop:configure.zcml", status=1).stderr == (
        'serve needs waitress, which is not installed; pip install "assetzcml[serve]"\n'
    )


def shell(command, directory):
    """What `assetzcml` does at the end of a shell's command line, as a process of its own."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "examples")])}
    command = command.replace("assetzcml", f"{sys.executable} -m assetzcml", 1)
    return subprocess.run(["sh", "-c", command], cwd=directory, env=environ, capture_output=True, text=True)


@pytest.mark.whole
@pytest.mark.parametrize(
    "command, status, message",
    [
        ("assetzcml list shop:configure.zcml >/dev/full", 1, "the output cannot be written: No space left on device\n"),
        ("assetzcml check shop:configure.zcml >&-", 0, ""),
        (
            "mkdir gone && cd gone && rmdir ../gone && assetzcml check shop:configure.zcml",
            1,
            "the working directory is no longer there; change to one that is\n",
        ),
    ],
)
def test_what_the_system_refuses_is_one_line(command, status, message, tmp_path):
    done = shell(command, tmp_path)
    assert (done.returncode, done.stderr) == (status, message)


def test_a_host_that_is_not_known_is_wrong_usage(run):
    result = run("serve", "configure.zcml", "--host", "nobody.invalid", status=2)
    assert result.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--host': the host 'nobody.invalid' is not known; "
        "127.0.0.1 is this machine, and 0.0.0.0 every address that it has"
    )


def test_the_url_of_what_is_not_there_is_printed_with_a_warning_that_names_what_is(run):
    result = run("url", "configure.zcml", "shop:static/app.cs")
    assert result.stdout == "/static/app.cs\n"
    assert result.stderr == "warning: no layer has 'shop:static/app.cs'; did you mean 'shop:static/app.css'?\n"


def test_list_says_the_media_types_that_are_declared_and_those_that_lost(run, zcml, package):
    weaker = zcml.write('<mediaType extension="riv" type="text/plain"/>', "weaker.zcml")
    path = zcml.write(f'<include file="{weaker}"/><mediaType extension="riv" type="application/x-rive"/>')
    lines = run("list", path, "types").stdout.splitlines()
    assert [line.strip() for line in lines if "mediaType" in line] == [
        "mediaType 'riv' application/x-rive",
        "mediaType 'riv' text/plain; charset=utf-8",
    ]
