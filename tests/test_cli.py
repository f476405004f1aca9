"""The command line: what is printed where, and the exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetzcml.cli import main
from commands import start
from documents import document

CHECKOUT = Path(__file__).resolve().parent.parent
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


# url


def test_url_prints_the_url_of_each_spec(run):
    result = run("url", "theme:configure.zcml", "shop:static/logo.png", "theme:static/weave.svg")
    assert result.stdout == "/static/logo-3d62cbec58b5.png\n/theme/weave.svg\n"
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
        "'a\\\\b' is not an asset spec: it holds a backslash; segments are separated by '/'",
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

cache busters
  cacheBuster 'shop:static' digest="sha256"
    examples/theme/overrides.zcml:8:3
  cacheBuster 'shop:static' token="v1"
    examples/shop/busters.zcml:3:3
    lost: overridden by examples/theme/overrides.zcml:8:3

permission policies
  none
"""


def test_list_prints_what_is_declared_with_its_place_and_what_lost_against_what(run):
    assert run("list", "configure.zcml").stdout.replace(f"{CHECKOUT}{os.sep}", "") == LISTED


def test_list_prints_only_the_kinds_that_are_asked_for(run):
    lines = run("list", "configure.zcml", "busters", "files").stdout.splitlines()
    assert [line for line in lines if line and line[0] != " "] == ["static files", "cache busters"]


def test_list_answers_a_program_with_json(run):
    told = json.loads(run("list", "theme:configure.zcml", "busters", "overrides", "--format", "json").stdout)
    assert list(told) == ["overrides", "busters"]
    winner, loser = told["busters"]
    assert (winner["buster"], winner["lost"], winner["winner"]) == ('digest="sha256"', None, None)
    assert (loser["buster"], loser["lost"], loser["winner"]) == ('token="v1"', "overridden", winner["origin"])
    assert told["overrides"][0] == {
        "directive": "asset",
        "to_override": "shop:static/images/",
        "override_with": "theme:images/",
        "origin": {"file": str(EXAMPLES / "theme" / "overrides.zcml"), "line": 5, "column": 3},
        "lost": None,
        "winner": None,
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
    path = zcml.write('<staticView name="static" path="shop:statc"/>\n<staticView nam="x" path="shop:static"/>')
    result = run("list", path, status=1)
    assert result.stdout == ""
    assert result.stderr == (
        f"{path}:3:13: staticView: unknown attribute 'nam'; did you mean 'name'?\n"
        '    <staticView nam="x" path="shop:static"/>\n'
        "                ^\n"
    )


def test_warnings_are_told_with_their_place_on_stderr_and_are_errors_when_strict(run, zcml):
    path = zcml.write('<include files="*.nix.zcml"/>')
    result = run("list", path, "policies")
    assert result.stdout == "permission policies\n  none\n"
    assert result.stderr.startswith(f"warning: {path}:2:")
    assert run("list", path, "--strict", status=1).stderr.startswith(f"{path}:2:")


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
    ],
)
def test_wrong_usage_has_status_2_and_says_what_is_right(arguments, run):
    assert "Usage: " in run(*arguments, status=2).stderr


@pytest.mark.parametrize("command", ["", "serve", "url", "list", "explain"])
def test_help_tells_the_exit_statuses(command, run):
    text = " ".join(run(*filter(None, [command]), "--help").stdout.split())
    assert "Exit status: 0 good, 1 the configuration or the content is wrong" in text


def test_the_working_directory_is_importable(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "__init__.py").touch()
    (tmp_path / "here" / "configure.zcml").write_text("<configure xmlns='http://namespaces.zope.org/zope'/>")
    program = "import sys; sys.path[0] = '/nowhere'; from assetzcml.cli import main; main()"
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", program, "list", "here:configure.zcml", "views"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("static views\n  none\n", 0), done.stderr


def test_a_reader_that_stops_reading_is_no_error(tmp_path):
    site = tmp_path / "site.zcml"
    views = "\n".join(f'<staticView name="view{n}" path="shop:static"/>' for n in range(3000))
    site.write_text(document(views))
    with start("list", site) as process:
        assert process.stdout.readline() == b"static views\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_names_that_the_terminal_has_no_characters_for_are_printed_as_escapes(tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(document('<staticView name="café" path="shop:static"/>'), encoding="utf-8")
    process = start("list", site, "views", environ={"PYTHONIOENCODING": "iso8859-5"})
    stdout, stderr = process.communicate(timeout=30)
    assert stdout.splitlines()[1] == b"  staticView 'caf\\xe9' of 'shop:static'", stderr


# serve


@pytest.fixture
def served():
    """A function that serves a configuration on a free port; returns the address and the process."""
    processes = []

    def serve(*arguments):
        process = start("serve", *arguments, "--port", "0")
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


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_at_the_address_it_prints_and_stops_quietly(stop, served):
    address, process = served("theme:configure.zcml", "--app", "shop.app:make_app")
    status, headers, body = get(f"{address}static/logo-3d62cbec58b5.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert body == (EXAMPLES / "theme" / "brand" / "logo.png").read_bytes()
    assert b"<h1>The shop</h1>" in get(address)[2]
    process.send_signal(stop)
    assert process.wait(30) == 0
    assert process.stdout.read() == b""
    assert b"Traceback" not in process.stderr.read()


def test_serve_without_an_application_answers_404_for_all_other_paths(served):
    address, _ = served("shop:configure.zcml")
    assert get(address)[0] == 404


@pytest.mark.parametrize(
    "app, message",
    [
        ("nosuchmodule:make", "--app: the module 'nosuchmodule' cannot be imported: ModuleNotFoundError: No module "),
        ("shop.app:nix", "--app: the module 'shop.app' has no 'nix'"),
        ("shop.app:PAGES", "--app: shop.app:PAGES is not callable"),
    ],
)
def test_an_application_that_is_not_there_has_status_1(app, message, run):
    assert run("serve", "shop:configure.zcml", "--app", app, status=1).stderr.startswith(message)


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
