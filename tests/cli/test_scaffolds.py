"""`assetzcml init`: what it writes installs, runs and passes its test at once."""

import contextlib
import doctest
import importlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from webob import Request

from assetzcml import AssetRegistry, load_zcml
from assetzcml.cli import main
from assetzcml.cli.bases import project_base
from assetzcml.cli.scaffolds import FRAMEWORKS, SERVED, app_files, checked_name, theme_files, write_project
from assetzcml.reports.findings import Checker
from documents import write_tree

pytestmark = pytest.mark.whole

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGE = CHECKOUT / "docs" / "starting.rst"
COMMAND = re.compile(r"^    \$ (.*)\n((?:(?!    \$ )    .*\n)*)", re.MULTILINE)
STORY = COMMAND.findall(PAGE.read_text(encoding="utf-8"))
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory of its own, from which what is written there can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delenv("ASSETZCML_PREVENT_CACHEBUST", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def install(project):
    """What `pip install --editable` does, as far as imports and entry points go."""
    command = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "egg_info"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sys.path.insert(0, str(project / "src"))
    importlib.invalidate_caches()


def run_tests(project):
    """The number of tests of a project, each of which has passed."""
    path = os.pathsep.join([*sys.path])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(project)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def check(name):
    registry = AssetRegistry()
    return [str(finding) for finding in registry.part(Checker).check(f"{name}:configure.zcml")]


@pytest.mark.whole
def test_the_commands_of_the_page_do_what_it_says(elsewhere):
    assert len(STORY) == 15
    for command, expected in STORY:
        program, *arguments = shlex.split(command)
        if arguments[0] == "serve":
            continue  # the same application, without a server, is in the tests that the page runs
        if program == "assetzcml":
            printed = CliRunner().invoke(main, arguments).output
        elif "--editable" in arguments:
            for project in arguments[4::2]:
                install(elsewhere / project.partition("[")[0])
            printed = ""
        elif "pip" in arguments:
            continue  # what is under test
        else:
            printed = run_tests(elsewhere / arguments[-1])
        assert as_said(expected, printed), printed


def themed_page(address):
    """The stylesheet that the page at an address asks for."""
    sheet = re.search(r'href="([^"]+style\.css)"', body_at(address))[1]
    return body_at(urllib.parse.urljoin(address, sheet))


FOUR = [command for command, _ in STORY[:4]]


def test_the_first_four_commands_of_the_page_and_the_readme_lead_to_a_page_in_its_theme(elsewhere):
    first, init, install_both, serve = FOUR
    assert first == 'python -m pip install "assetzcml[serve]"'
    assert "\nFour commands lead from nothing to a page in a theme." in PAGE.read_text(encoding="utf-8")
    readme = (CHECKOUT / "README.txt").read_text(encoding="utf-8")
    assert textwrap.indent("\n".join(FOUR), "    ") + "\n" in readme
    assert CliRunner().invoke(main, shlex.split(init)[1:]).exit_code == 0
    assert install_both == "python -m pip install --editable ./garden --editable ./summer"
    install(elsewhere / "garden")
    install(elsewhere / "summer")
    assert serve.split()[:2] == ["assetzcml", "serve"]
    application = load_zcml(serve.split()[2]).make_app()
    sheet = re.search(r'href="([^"]+style\.css)"', Request.blank("/").get_response(application).text)[1]
    seen = Request.blank(sheet).get_response(application).body
    assert seen == (elsewhere / "summer/src/summer/brand/style.css").read_bytes()
    assert seen != (elsewhere / "garden/src/garden/static/style.css").read_bytes(), "the theme is to be seen"


@pytest.mark.slow
def test_the_first_four_commands_work_as_typed_in_a_fresh_environment(newcomer, tmp_path):
    *typed, serve = FOUR
    for command in typed:
        newcomer.run(command.replace('"assetzcml[serve]"', shlex.quote(f"{CHECKOUT}[serve]")), tmp_path)
    with newcomer.serving(f"{serve} --port 0", tmp_path) as printed:
        sheet = themed_page(printed.split()[-1])
    assert sheet == (tmp_path / "summer/src/summer/brand/style.css").read_text(encoding="utf-8")


class Newcomer:
    """Somebody with an environment of their own, an empty home, and files that nobody else may read."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "home").mkdir()
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environ["PATH"] = f"{directory / 'environment' / 'bin'}{os.pathsep}{self.environ['PATH']}"
        self.environ["HOME"] = str(directory / "home")
        self.run(f"{shlex.quote(sys.executable)} -m venv environment", directory)

    def run(self, command, cwd):
        """What a command prints."""
        options = {"cwd": cwd, "env": self.environ, "umask": 0o077, "text": True}
        done = subprocess.run(command, shell=True, capture_output=True, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextlib.contextmanager
    def serving(self, command, cwd):
        """The first line that a server prints."""
        options = {"cwd": cwd, "env": self.environ, "umask": 0o077, "text": True}
        with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, **options) as process:
            try:
                yield process.stdout.readline()
            finally:
                process.terminate()

    @contextlib.contextmanager
    def group(self, command, cwd, environ):
        """A server and the processes that it starts."""
        options = {"cwd": cwd, "env": {**self.environ, **environ, "PYTHONUNBUFFERED": "1"}, "umask": 0o077}
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        with subprocess.Popen(command, shell=True, start_new_session=True, **options) as process:
            try:
                yield process
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.stdout.close()


@pytest.fixture
def newcomer(tmp_path):
    return Newcomer(tmp_path)


def body_at(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def as_said(expected, printed):
    expected = textwrap.dedent(expected)
    return doctest.OutputChecker().check_output(f"{expected.rstrip()}\n", f"{printed.rstrip()}\n", FLAGS)


@pytest.mark.slow
def test_the_commands_of_the_page_do_what_it_says_in_a_fresh_environment(newcomer, tmp_path):
    newcomer.run(f"python -m pip install -q {shlex.quote(f'{CHECKOUT}[serve]')}", tmp_path)
    for command, expected in STORY[1:]:
        if " serve " in command:
            with newcomer.serving(f"{command} --port 0", tmp_path) as printed:
                served = themed_page(printed.split()[-1])
            printed = re.sub(r":\d+/", ":8080/", printed)
        else:
            printed = newcomer.run(command, tmp_path)
            printed = printed.splitlines()[-1] if "pytest" in command else "" if "pip" in command else printed
        assert as_said(expected, printed), printed
    assert served == (tmp_path / "summer/src/summer/brand/style.css").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_of_the_readme_do_what_it_says_in_a_fresh_environment(newcomer, tmp_path):
    left_out = shutil.ignore_patterns(".*", "*.egg-info", "build", "_build", "__pycache__", "tests", "benchmarks")
    checkout = shutil.copytree(CHECKOUT, tmp_path / "checkout", ignore=left_out)
    readme = (checkout / "README.txt").read_text(encoding="utf-8")
    install, serve = re.search(r"Without make::\n\n {4}(.*)\n {4}(.*)\n", readme).groups()
    newcomer.run(f"python -m {install}", checkout)
    with newcomer.serving(serve.replace("8080", "0"), checkout) as printed:
        assert "/static/~" in body_at(printed.split()[-1]), "the page is that of the theme, with tree versions"
    commands = re.findall(r"^    \$ (.*)\n((?:(?!    \$ )(?: {4}.*)?\n)*)", readme, re.MULTILINE)
    assert commands
    for command, expected in commands:
        printed = newcomer.run(command, checkout)
        assert as_said(expected, printed), printed


@pytest.mark.parametrize(
    "extended, replaced",
    [
        ("shop", ["shop:static/app.css"]),
        ("theme", ["theme:static/weave.svg"]),  # what the theme of a theme replaces is the theme's
        ("shop.admin", ["shop.admin:static/admin.css"]),
    ],
)
def test_a_theme_of_a_package_replaces_a_file_that_the_package_publishes(extended, replaced, elsewhere):
    registry = load_zcml(f"{extended}:configure.zcml")
    write_project(".", "winter", theme_files("winter", registry, extended))
    install(elsewhere / "winter")
    themed = load_zcml("winter:configure.zcml")
    own = [str(o.target) for o in themed.snapshot.overrides if o.source.package == "winter"]
    assert own == replaced
    original, replaced = (each.resolve(own[0]).read_bytes() for each in (registry, themed))
    assert replaced.startswith(original.rstrip(b"\n"))
    assert (b"border-top" in replaced) is own[0].endswith(".css"), "a stylesheet's first change is seen"
    assert check("winter") == []


def test_a_theme_of_a_package_that_publishes_nothing_shows_how_to_override(package, elsewhere):
    plain = package({"configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets"/>'})
    write_project(".", "winter", theme_files("winter", load_zcml(f"{plain}:configure.zcml"), plain))
    install(elsewhere / "winter")
    assert load_zcml("winter:configure.zcml").static_path("winter:static/winter.css") == "/winter/winter.css"
    assert f'<!-- <asset to_override="{plain}:' in (elsewhere / "winter/src/winter/overrides.zcml").read_text()


def test_a_theme_takes_another_name_for_its_static_view_where_its_own_is_taken(package, elsewhere):
    zcml = '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="winter" path="s"/></configure>'
    plain = package({"configure.zcml": zcml, "s/a.css": ""})
    write_project(".", "winter", theme_files("winter", load_zcml(f"{plain}:configure.zcml"), plain))
    install(elsewhere / "winter")
    assert load_zcml("winter:configure.zcml").static_path("winter:static/winter.css") == "/winter-static/winter.css"


def test_nothing_is_overwritten_and_no_package_is_hidden(elsewhere):
    run = CliRunner().invoke
    (elsewhere / "garden").mkdir()
    for name, message in (
        ("garden", "garden exists already; nothing has been written\n"),
        (
            "shop",
            f"there is a package 'shop' already, {CHECKOUT}/examples/shop/__init__.py; nothing has been written\n",
        ),
    ):
        result = run(main, ["init", "app", name])
        assert (result.exit_code, result.stderr) == (1, message)
    assert [path.name for path in elsewhere.iterdir()] == ["garden"]
    assert list((elsewhere / "garden").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["Garden", "my-garden", "9th", "_x", "a__b", "a.b", "a/b", "..", "", "class", "match", "json", "tests", "é"]
)
def test_a_name_that_no_package_should_have_is_refused(name, elsewhere):
    with pytest.raises(ValueError):
        checked_name(name)
    result = CliRunner().invoke(main, ["init", "app", name])
    assert (result.exit_code, list(elsewhere.iterdir())) == (2, [])


def test_a_theme_needs_a_package_whose_configuration_loads(elsewhere):
    result = CliRunner().invoke(main, ["init", "theme", "winter", "--extends", "nosuch"])
    assert (result.exit_code, result.stderr) == (1, "nosuch:configure.zcml: there is no package 'nosuch'\n")
    assert list(elsewhere.iterdir()) == []


LIES_HERE = {  # how a project that is not installed is named, and from where
    "./garden": ".",
    "garden": ".",
    "garden/": ".",
    "./garden/src/garden": ".",
    "../garden": "elsewhere",
    ".": "garden",
}


@pytest.mark.parametrize("extends", LIES_HERE)
def test_a_theme_of_a_project_that_lies_here_and_is_not_installed(extends, elsewhere, monkeypatch):
    write_project(".", "garden", app_files("garden"))
    (elsewhere / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere / LIES_HERE[extends])
    result = CliRunner().invoke(main, ["init", "theme", "summer", "--extends", extends])
    assert result.exit_code == 0, result.output
    setup = Path("summer/setup.cfg").read_text()
    assert "install_requires =\n    assetzcml\n    garden\n" in setup
    assert "\ngarden.plugins =\n    summer = summer\n" in setup
    base = {"elsewhere": "../garden", "garden": "."}.get(LIES_HERE[extends], "./garden")
    # Installed alone it would have pip look for a stranger's garden.
    assert f'pip install --editable {base} --editable "./summer[test]"' in Path("summer/README.txt").read_text()
    sys.path.insert(0, str(elsewhere / "garden" / "src"))
    install(Path("summer").resolve())
    assert check("summer") == []


def test_a_theme_of_a_theme_that_is_not_installed_joins_the_group_of_its_base(elsewhere):
    write_project(".", "garden", app_files("garden"))
    install(elsewhere / "garden")
    for name, base in (("summer", "garden"), ("winter", "./summer")):
        result = CliRunner().invoke(main, ["init", "theme", name, "--extends", base])
        assert result.exit_code == 0, result.output
    assert "\ngarden.plugins =\n    winter = winter\n" in (elsewhere / "winter" / "setup.cfg").read_text()


@pytest.mark.parametrize(
    "files, extends, message",
    [
        ({}, "./garden", "there is no directory ./garden; --extends names a package, or the directory of its project"),
        ({"garden/setup.cfg": ""}, "./garden", "./garden holds no package with configure.zcml"),
        (
            {"many/a/configure.zcml": "", "many/src/b/configure.zcml": ""},
            "./many",
            "./many holds several packages with configure.zcml; name one of them: {here}/many/src/b, {here}/many/a",
        ),
    ],
)
def test_a_directory_that_is_no_project_of_one_package_is_told(files, extends, message, elsewhere):
    write_tree(elsewhere, files)
    result = CliRunner().invoke(main, ["init", "theme", "summer", "--extends", extends])
    assert (result.exit_code, result.stderr) == (1, message.format(here=elsewhere) + "\n")
    assert not (elsewhere / "summer").exists()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML since 3.11")
def test_a_project_that_says_all_in_pyproject_toml_is_known_by_it(elsewhere):
    toml = '[project]\nname = "Plum-Garden"\ndependencies = ["assetzcml[flask]>=0.1"]\n'
    toml += '[project.entry-points."orchard.plugins"]\nplums = "plum_garden"\n'
    zcml = '<configure xmlns="http://namespaces.assetzcml.org/assets"/>'
    files = {"pyproject.toml": toml, "src/plum_garden/configure.zcml": zcml, "src/other/configure.zcml": zcml}
    write_tree(elsewhere / "plum-garden", files)
    base = project_base("plum-garden")
    assert (base.package, base.distribution, base.plugin_group) == ("plum_garden", "Plum-Garden", "orchard.plugins")
    assert "flask" in base.required()


def test_an_application_and_its_theme_are_written_by_one_command_or_neither(elsewhere):
    (elsewhere / "summer").mkdir()
    run = CliRunner().invoke
    result = run(main, ["init", "app", "garden", "--theme", "summer"])
    assert (result.exit_code, result.stderr) == (1, "summer exists already; nothing has been written\n")
    assert run(main, ["init", "app", "garden", "--theme", "garden"]).exit_code == 2
    assert run(main, ["init", "app", "garden", "--theme", "json"]).exit_code == 2
    assert not (elsewhere / "garden").exists()


def test_where_the_framework_is_not_installed_the_theme_comes_after_it(elsewhere, monkeypatch):
    monkeypatch.setitem(sys.modules, "flask", None)
    result = CliRunner().invoke(main, ["init", "app", "garden", "--framework", "flask", "--theme", "summer"])
    assert (result.exit_code, (elsewhere / "garden").is_dir(), (elsewhere / "summer").exists()) == (1, True, False)
    assert result.stderr.startswith(
        "summer is not written, as garden cannot be loaded yet; python -m pip install --editable ./garden, "
        "then: assetzcml init theme summer --extends garden\n"
    )


@pytest.mark.parametrize("framework", sorted(FRAMEWORKS))
def test_the_readme_of_a_theme_says_how_the_framework_serves_it(framework, elsewhere):
    init_ordinary(framework)
    result = CliRunner().invoke(main, ["init", "theme", "winter", "--extends", "./garden"])
    assert result.exit_code == 0, result.output
    served = SERVED[framework].format(name="garden")
    assert f"\n    {served}\n" in (elsewhere / "winter" / "README.txt").read_text()
    assert f"\n    {served}\n" in (elsewhere / "garden" / "README.txt").read_text()
    assert "assetzcml serve" not in (elsewhere / "winter" / "README.txt").read_text()


NESTED = ("static/images/cup.svg", "static/v1.2/deep/x.css", "static/.well-known/security.txt", "fonts/a/b.woff2")


def files_below(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_every_file_of_a_package_is_installed_with_it_at_any_depth(elsewhere):
    for name, files in (
        ("garden", app_files("garden")),
        ("winter", theme_files("winter", load_zcml("shop:configure.zcml"), "shop")),
    ):
        write_project(".", name, files)
        source = elsewhere / name / "src" / name
        for path in NESTED:
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(path)
        (source / "__pycache__").mkdir()
        (source / "__pycache__" / "views.pyc").write_bytes(b"")
        # What a wheel is made of; a build in an isolated environment is in the slow test below.
        command = [
            sys.executable,
            "-c",
            "import setuptools; setuptools.setup()",
            "-q",
            "build_py",
            "--build-lib",
            "../built",
        ]
        done = subprocess.run(command, cwd=elsewhere / name, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        expected = {path for path in files_below(source) if not path.endswith(".pyc")}
        assert files_below(elsewhere / "built" / name) == expected > set(NESTED)


# What is imported, what its server is started with, and the files that make it that framework's ordinary project.
ORDINARY = {
    "flask": (("flask",), "python -m flask --app garden:create_app run --port {port}", {"__init__.py", "pages.py"}),
    "django": (
        ("django",),
        "python -m django runserver --noreload --nothreading --settings garden.settings 127.0.0.1:{port}",
        {"settings.py", "urls.py", "wsgi.py", "asgi.py", "pages/apps.py", "pages/static/pages/style.css"},
    ),
    "starlette": (("starlette", "jinja2"), "python -m uvicorn --port {port} garden.main:app", {"main.py"}),
    "pyramid": (
        ("pyramid", "pyramid_jinja2"),
        "pserve development.ini",
        {"routes.py", "templates/layout.jinja2"},
    ),
}


def init_ordinary(framework):
    """An installed project of a framework; its test is skipped where the framework is missing."""
    for module in ORDINARY[framework][0]:
        pytest.importorskip(module)
    result = CliRunner().invoke(main, ["init", "app", "garden", "--framework", framework])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


@pytest.mark.parametrize("framework", sorted(FRAMEWORKS))
def test_the_ordinary_project_of_a_framework_loads_silently_and_is_themed(framework, elsewhere):
    written = init_ordinary(framework)
    sources = {path.removeprefix("garden/src/garden/") for path in written}
    common = {"garden/.gitignore", "garden/README.txt", "garden/setup.cfg", "garden/tests/test_garden.py"}
    assert sources >= ORDINARY[framework][2] | common | {"site.zcml", "configure.zcml"}
    install(elsewhere / "garden")
    assert check("garden") == []
    assert load_zcml("garden:site.zcml").snapshot.views
    write_project(".", "winter", theme_files("winter", load_zcml("garden:configure.zcml"), "garden"))
    install(elsewhere / "winter")
    assert check("winter") == []
    (override,) = load_zcml("garden:site.zcml").snapshot.overrides
    assert override.source.package == "winter"


@pytest.mark.whole
@pytest.mark.parametrize("framework", sorted(FRAMEWORKS))
def test_the_ordinary_project_of_a_framework_answers_its_page_and_its_assets(framework, elsewhere):
    init_ordinary(framework)
    install(elsewhere / "garden")
    assert run_tests(elsewhere / "garden").startswith("1 passed")


def test_another_framework_is_answered_with_those_there_are_and_none_is_the_name_of_an_application(elsewhere):
    for arguments in (["garden", "--framework", "rails"], ["flask"]):
        result = CliRunner().invoke(main, ["init", "app", *arguments])
        assert (result.exit_code, list(elsewhere.iterdir())) == (2, [])
        if "rails" in arguments:
            assert all(f"'{framework}'" in result.stderr for framework in FRAMEWORKS)
        else:
            assert "'flask' is the name of a framework; did you mean 'flask_app'?" in result.stderr


@pytest.mark.slow
def test_the_wheels_of_an_application_and_of_its_theme_serve_every_file_in_a_fresh_environment(elsewhere):
    write_project(".", "garden", app_files("garden"))
    install(elsewhere / "garden")
    write_project(".", "winter", theme_files("winter", load_zcml("garden:configure.zcml"), "garden"))
    for path in NESTED[:3]:
        target = elsewhere / "garden/src/garden" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    python = elsewhere / "environment" / "bin" / "python"
    program = (
        "import sys; from webob import Request; from garden.wsgi import application\n"
        "for path in sys.argv[1:]: print(Request.blank('/' + path).get_response(application).text)\n"
        "from assetzcml import load_zcml; print(load_zcml('garden:site.zcml').resolve('garden:static/style.css').source_spec)"
    )
    for command in (
        [sys.executable, "-m", "venv", "environment"],
        [python, "-m", "pip", "install", "-q", f"{CHECKOUT}", "./garden", "./winter"],
        [python, "-c", program, *NESTED[:3]],
    ):
        done = subprocess.run(command, cwd=elsewhere, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == [*NESTED[:3], "winter:brand/style.css"]


@pytest.mark.slow
@pytest.mark.parametrize("framework", sorted(FRAMEWORKS))
def test_the_wheels_of_a_frameworks_project_and_its_theme_answer_through_its_server(framework, elsewhere):
    init_ordinary(framework)
    install(elsewhere / "garden")
    write_project(".", "winter", theme_files("winter", load_zcml("garden:configure.zcml"), "garden"))
    (themed,) = (elsewhere / "winter" / "src" / "winter" / "brand").rglob("style.css")
    themed.write_text("h1 { color: navy }")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ |= {"SECRET_KEY": "of the tests", "ALLOWED_HOSTS": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
    environ["PATH"] = f"{elsewhere / 'environment' / 'bin'}{os.pathsep}{environ['PATH']}"
    extras = {"flask": "[flask]", "django": "[django]", "starlette": "[asgi,jinja2,starlette]", "pyramid": "[pyramid]"}
    for command in (
        [sys.executable, "-m", "venv", "environment"],
        ["python", "-m", "pip", "install", "-q", f"{CHECKOUT}{extras[framework]}"],
        ["python", "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", "wheels", "./garden", "./winter"],
        ["python", "-m", "pip", "install", "-q", "--find-links", "wheels", "garden==0.1.0", "winter==0.1.0"],
    ):
        done = subprocess.run(command, cwd=elsewhere, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = shlex.split(ORDINARY[framework][1].format(port=port))
    if framework == "pyramid":  # the port stands in the file
        settings = (elsewhere / "garden" / "development.ini").read_text()
        (elsewhere / "development.ini").write_text(settings.replace(":6543", f":{port}"))
    with subprocess.Popen(
        command, cwd=elsewhere, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            page = answer(server, f"http://127.0.0.1:{port}/").decode()
            urls = re.findall(r'(?:href|src)="(?:http://127\.0\.0\.1:\d+)?(/[^"]+)"', page)
            assert [os.path.basename(url) for url in urls] == ["style.css", "logo.svg"]
            logo = next((elsewhere / "garden" / "src").rglob("logo.svg"))
            answers = [answer(server, f"http://127.0.0.1:{port}{url}") for url in urls]
            assert answers == [themed.read_bytes(), logo.read_bytes()]
        finally:
            server.terminate()


SERVERS = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:assetzcml serve|flask .* run|uvicorn|gunicorn|pserve|python \S+ runserver)\b"
)


def with_port(command, port):
    """The environment and the command by which the server of a README listens on *port*, whatever else is as it says."""
    address = f"127.0.0.1:{port}"
    environ = {"FLASK_RUN_PORT": str(port), "UVICORN_PORT": str(port), "GUNICORN_CMD_ARGS": f"--bind {address}"}
    by_argument = {"assetzcml serve": f" --port {port}", "runserver": f" {address}"}
    return environ, command + next((text for word, text in by_argument.items() if word in command), "")


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["none", *sorted(FRAMEWORKS)])
def test_every_command_of_a_projects_readme_works_as_written_in_a_fresh_environment(framework, newcomer, tmp_path):
    newcomer.run(f"python -m pip install -q {shlex.quote(f'{CHECKOUT}[serve]')}", tmp_path)
    option = f" --framework {framework}" if framework != "none" else ""
    newcomer.run(f"assetzcml init app garden{option}", tmp_path)
    readme = (tmp_path / "garden/README.txt").read_text()
    commands = re.findall(r"^    (\S.*)$", readme, re.MULTILINE)
    assert sum(bool(SERVERS.match(command)) for command in commands) == (3 if framework == "none" else 2)
    for command in commands:
        if not SERVERS.match(command):
            newcomer.run(command, tmp_path)
            continue
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environ, command = with_port(command, port)
        for ini in (tmp_path / "garden").glob("*.ini"):  # PasteDeploy's port stands in a file
            ini.write_text(re.sub(r"^(listen = .*:)\d+$", rf"\g<1>{port}", ini.read_text(), flags=re.MULTILINE))
        with newcomer.group(command, tmp_path, environ) as server:
            page = answer(server, f"http://127.0.0.1:{port}/").decode()
            sheet = urllib.parse.urljoin(f"http://127.0.0.1:{port}/", re.search(r'href="([^"]+style\.css)"', page)[1])
            assert (b"border-top" in answer(server, sheet)) is (tmp_path / "my_theme").is_dir()


def answer(server, url):
    """What a server answers, once it listens; a server that does not within two minutes has failed."""
    for _ in range(1200):
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return response.read()
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert server.poll() is None, server.stdout.read().decode()
            time.sleep(0.1)
    pytest.fail(f"nothing answers at {url}")


def test_a_theme_requires_what_it_extends_and_joins_the_group_of_its_base(elsewhere):
    files = theme_files("winter", load_zcml("shop:configure.zcml"), "shop")
    setup = files["setup.cfg"].decode()
    assert "install_requires =\n    assetzcml\n    assetzcml-examples\n" in setup
    assert "[options.entry_points]\nshop.plugins =\n    winter = winter\n" in setup


def test_a_theme_of_what_is_not_installed_requires_no_name_that_was_guessed(package, elsewhere):
    plain = package({"configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets"/>'})
    setup = theme_files("winter", load_zcml(f"{plain}:configure.zcml"), plain)["setup.cfg"].decode()
    assert f"install_requires =\n    assetzcml\n    # the distribution of {plain}, which is not installed\n" in setup
