"""What the files beside the package say is true of it and of each other."""

import configparser
import re
from pathlib import Path

import pytest

import typed_program
from assetzcml import load_zcml
from tables import over

CHECKOUT = Path(__file__).resolve().parent.parent


def read(name):
    return (CHECKOUT / name).read_text(encoding="utf-8")


def setup():
    parser = configparser.ConfigParser()
    parser.read_string(read("setup.cfg"))
    return parser


def requirements(extra):
    return [line for line in setup()["options.extras_require"][extra].splitlines() if line]


@over("line", requirements("test") + requirements("docs"))
def test_what_the_gate_installs_is_bounded_above(line):
    assert re.search(r"(<|==)\d", line.partition(";")[0]), "an upstream release could break the gate"


def test_the_linter_before_a_commit_is_that_of_the_gate():
    (version,) = re.findall(r"ruff-pre-commit\n +rev: v(\S+)", read(".pre-commit-config.yaml"))
    (bounds,) = [line for line in requirements("test") if line.startswith("ruff")]
    low, high = re.fullmatch(r"ruff>=([\d.]+),<([\d.]+)", bounds).groups()
    numbers = [tuple(map(int, text.split("."))) for text in (low, version, high)]
    assert numbers == sorted(numbers)


def test_the_gate_runs_the_tests_the_stories_the_types_and_the_pages():
    assert re.findall(r"^make (\w+)$", read(".ci/run"), re.MULTILINE) == ["test", "stories", "types", "docs"]
    assert {"test", "stories", "types", "docs", "lint", "smoke", "slow"} <= set(
        re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE)
    )


def test_no_two_modules_of_tests_have_one_name():
    """pytest imports each by its name alone."""
    names = [path.name for path in (CHECKOUT / "tests").rglob("test_*.py")]
    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []


@pytest.mark.parametrize("program", ["caddy", "chromium", "nginx", "strace"])
def test_a_program_that_tests_need_is_installed_by_the_gate_where_it_can_be(program):
    (listed,) = re.findall(r"for program in (.*); do", read(".ci/run"))
    assert program in listed.split()


def test_the_classifier_promises_only_the_systems_that_the_tests_run_on():
    systems = [line for line in setup()["metadata"]["classifiers"].splitlines() if line.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX"]


@pytest.mark.parametrize("name", ["CONTRIBUTING.rst", "SECURITY.rst", "CHANGES.txt", "README.txt"])
def test_a_page_of_the_project_is_in_the_source_distribution(name):
    assert (CHECKOUT / name).is_file()
    assert name in read("MANIFEST.in")


def test_each_command_of_the_contributors_page_is_a_target():
    targets = set(re.findall(r"^([\w$()/.]+):", read("Makefile"), re.MULTILINE)) | {".venv/test.stamp"}
    commands = re.findall(r"^    make (\S+)", read("CONTRIBUTING.rst"), re.MULTILINE)
    assert commands
    assert set(commands) <= targets


def test_the_option_that_repeats_an_order_is_one(pytestconfig):
    if not pytestconfig.pluginmanager.hasplugin("randomly"):
        pytest.skip("the tests do not run in random order")
    option = re.search("run in it again with ``(--[a-z-]+)=", read("CONTRIBUTING.rst"))[1]
    assert pytestconfig.getoption(option) is not None


def test_the_program_of_a_user_that_is_checked_runs_as_well(tmp_path):
    registry = typed_program.configured()
    assert typed_program.urls(registry)[1].endswith("#top")
    assert typed_program.in_templates(registry) == registry.static_path("shop:static/app.css")
    assert typed_program.asset(registry)[:2] == ("shop:static/logo.png", True)
    assert typed_program.explained(registry)[1][0] == "theme:brand/logo.png"
    assert typed_program.answered(registry) == "text/css"
    assert "no static view publishes" in typed_program.missing(registry)
    for name in ("site/robots.txt", "site/manifest.json", "site/shop/logo.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("{}")
    robots = str(tmp_path / "site/robots.txt")
    told = typed_program.paths(registry, tmp_path / "site")
    assert (told[0], told[2:]) == ("/robots.txt", [robots, f"<StaticView {tmp_path / 'site'}>"])
    assert robots in told[1]
    assert registry.resolve("shop:static/logo.png").abspath() == str(tmp_path / "site/shop/logo.png")
    assert len(typed_program.applications(registry, None, None)) == 3
    wrong = tmp_path / "wrong.zcml"
    wrong.write_text("<configure>\n  <nosuch/></configure>")
    ((message, origin),) = typed_program.problems(wrong)
    assert "nosuch" in message
    assert origin.line == 2
    load_zcml("shop:configure.zcml")


DEFINITION = re.compile(r"^(?=(?:async )?(?:def|class) \w)", re.MULTILINE)


def test_each_test_can_fail_for_another_reason_than_an_exception():
    """It asserts, or it calls a helper of the tests that does; directly or not."""
    asserting, waiting = set(), []
    for path in (CHECKOUT / "tests").rglob("*.py"):
        if "applications" in path.parts:
            continue  # sites of others, run as programs
        for source in DEFINITION.split(path.read_text(encoding="utf-8"))[1:]:
            name, body = re.match(r"(?:async )?(?:def|class) (\w+)(.*)", source, re.DOTALL).groups()
            if re.search(r"^ +assert |\b(?:raises|warns)\(", body, re.MULTILINE):
                asserting.add(name)
            else:
                waiting.append((path.name, name, set(re.findall(r"(\w+)\(", body))))
    while more := {name for _, name, calls in waiting if calls & asserting} - asserting:
        asserting |= more
    assert [(file, name) for file, name, calls in waiting if name.startswith("test_") and not calls & asserting] == []
