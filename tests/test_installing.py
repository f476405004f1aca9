"""docs/deploying.rst, "Installed in every way": the shop in its theme, installed so, is the same in each of them."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile

import pytest

from test_deploying import CHECKOUT, PAGE, assets_of, free_port, get, running

pytestmark = pytest.mark.slow  # environments of their own, filled from the package registry

PROBE = '''
"""The shop in its theme, asked in this process."""
import re
from webob import Request
from assetzcml import load_zcml


def main():
    registry = load_zcml("theme:configure.zcml")
    application = registry.make_app()
    page = Request.blank("/").get_response(application).text
    urls = re.findall(r'(?:href|src)="http://localhost(/static/[^"]+)"', page)
    answers = [Request.blank(url).get_response(application).status_int for url in urls]
    print(registry.resolve("shop:static/logo.png").source_spec, len(answers), set(answers))


if __name__ == "__main__":
    main()
'''
SAID = "theme:brand/logo.png 6 {200}\n"
DEPENDENCIES = ["click", "lxml>=6.1", "WebOb>=1.8.10", "zope.configuration>=7", "zope.interface", "zope.schema"]


def run(*command, cwd, **environ):
    """What a command prints; it sees nothing of the checkout."""
    environ = {**{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}, **environ}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environ, text=True, capture_output=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Workshop:
    """What the environments are made of: wheels, and one environment with dependencies and tools."""

    def __init__(self, top):
        self.top = top
        run(sys.executable, "-m", "venv", top / "tools", cwd=top)
        self.python = top / "tools" / "bin" / "python"
        self.get("build", "setuptools>=77", "uv", *DEPENDENCIES)
        self.wheels = [self._wheel(path) for path in self.sources("sources")]

    def get(self, *requirements):
        """Install tools."""
        run(self.python, "-m", "pip", "--disable-pip-version-check", "-q", "install", *requirements, cwd=self.top)

    def application(self, directory, *requirements):
        """The interpreter of a new environment with other projects' distributions and ours, from wheels."""
        run(sys.executable, "-m", "venv", directory, cwd=self.top)
        python = directory / "bin" / "python"
        pip = ["-m", "pip", "--disable-pip-version-check", "-q", "install"]
        run(python, *pip, *requirements, self.wheels[0], cwd=self.top)
        return python

    def sources(self, name):
        """A copy of the checkout's two distributions."""
        copy = self.top / name
        left_out = shutil.ignore_patterns(
            ".*", "*.egg-info", "build", "dist", "__pycache__", "tests", "benchmarks", "docs"
        )
        shutil.copytree(CHECKOUT, copy, ignore=left_out)
        return copy, copy / "examples"

    def _wheel(self, source):
        run(self.python, "-m", "build", "--no-isolation", "--wheel", "--outdir", source / "dist", ".", cwd=source)
        (wheel,) = (source / "dist").glob("*.whl")
        return wheel

    def environment(self, directory, *arguments):
        """The interpreter of a new environment, in which `uv pip install` with *arguments* was done."""
        run(sys.executable, "-m", "venv", "--without-pip", directory, cwd=self.top)
        (packages,) = directory.glob("lib/python*/site-packages")
        (dependencies,) = (self.top / "tools").glob("lib/python*/site-packages")
        (packages / "dependencies.pth").write_text(f"{dependencies}\n")
        python = directory / "bin" / "python"
        options = ["--offline", "--no-deps", "--no-build-isolation", "--cache-dir", self.top / "cache"]
        run(self.python, "-m", "uv", "pip", "install", "--python", python, *options, *arguments, cwd=self.top)
        return python

    def unpacked(self, directory):
        """The packages of both wheels in *directory*."""
        for wheel in self.wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(directory)
        return directory


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def installed(workshop, tmp_path):
    """The interpreter of an environment in which both wheels are installed."""
    return workshop.environment(tmp_path / "environment", *workshop.wheels)


@pytest.fixture
def probe(tmp_path):
    path = tmp_path / "probe.py"
    path.write_text(textwrap.dedent(PROBE).lstrip())
    return path


def linked(workshop, directory, probe):
    python = workshop.environment(directory, "--link-mode", "symlink", *workshop.wheels)
    (logo,) = directory.glob("lib/python*/site-packages/shop/static/logo.png")
    assert logo.is_symlink()
    return run(python, probe, cwd=directory)


def editable(mode):
    def install(workshop, directory, probe):
        sources = [part for path in workshop.sources(f"editable-{mode}") for part in ("-e", path)]
        python = workshop.environment(directory, "--config-setting", f"editable_mode={mode}", *sources)
        return run(python, probe, cwd=directory)

    return install


def wheel(workshop, directory, probe):
    return run(workshop.environment(directory, *workshop.wheels), probe, cwd=directory)


def archive(workshop, directory, probe):
    path = shutil.make_archive(str(directory / "packages"), "zip", workshop.unpacked(directory / "packages"))
    return run(workshop.python, probe, cwd=directory, PYTHONPATH=path)


def shiv(workshop, directory, probe):
    workshop.get("shiv")
    packages = workshop.unpacked(directory / "packages")
    shutil.copy(probe, packages)
    command = [
        "-m",
        "shiv",
        "--site-packages",
        packages,
        "-e",
        "probe:main",
        "-o",
        directory / "app.pyz",
        *DEPENDENCIES,
    ]
    run(workshop.python, *command, cwd=directory)
    return run(workshop.python, directory / "app.pyz", cwd=directory, SHIV_ROOT=str(directory / "unpacked"))


def pyinstaller(workshop, directory, probe):
    workshop.get("pyinstaller")
    python = workshop.environment(directory / "environment", *workshop.wheels)
    run(python, "-m", "PyInstaller", "--collect-all", "shop", "--collect-all", "theme", probe, cwd=directory)
    return run(directory / "dist" / "probe" / "probe", cwd=directory)


WAYS = {
    "a wheel": wheel,
    "``pip install -e``, lenient": editable("lenient"),
    "``pip install -e``, strict": editable("strict"),
    "``uv pip install --link-mode symlink``": linked,
    "a zip archive on ``sys.path``": archive,
    "shiv": shiv,
    "PyInstaller": pyinstaller,
}


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_installed_the_theme_is_served(way, workshop, probe, tmp_path):
    directory = tmp_path / "installed"
    directory.mkdir()
    assert WAYS[way](workshop, directory, probe) == SAID


def test_on_a_read_only_file_system_what_was_built_before_is_served(installed, tmp_path):
    environment = installed.parent.parent
    built = run(installed.parent / "assetzcml", "build", "shop:bundles.zcml", cwd=tmp_path)
    assert "shop.css: built" in built
    text = """
        import os
        from webob import Request
        from assetzcml import load_zcml

        registry = load_zcml("shop:bundles.zcml")
        (url,) = registry.environment["shop.css"].urls()
        print(Request.blank(url).get_response(registry.make_app()).status)
        try:
            open(os.path.join(os.path.dirname(__import__("shop").__file__), "written"), "w")
        except OSError as error:
            print(error.strerror)
    """
    mount = f"mount --bind {environment} {environment} && mount -o remount,ro,bind {environment}"
    (tmp_path / "probe.py").write_text(textwrap.dedent(text))
    command = ["unshare", "--mount", "sh", "-c", f"{mount} && exec {installed} probe.py"]
    if shutil.which("unshare") is None or subprocess.run([*command[:4], mount], capture_output=True).returncode:
        pytest.skip("this user cannot make a file system read-only")
    assert run(*command, cwd=tmp_path) == "200 OK\nRead-only file system\n"


SERVERS = {
    "gunicorn ``--preload``": "-m gunicorn --preload --workers 2 --bind 127.0.0.1:{port} shop.wsgi",
    "uWSGI": "-m pyuwsgi --http-socket 127.0.0.1:{port} --module shop.wsgi --master --processes 2 --die-on-term",
}


@pytest.mark.parametrize("server", SERVERS)
def test_servers_that_fork_after_they_have_loaded_serve(server, workshop, installed, tmp_path):
    port = free_port()
    workshop.get("gunicorn", "pyuwsgi")
    command = [str(installed), *SERVERS[server].format(port=port).split()]
    if command[2] == "pyuwsgi":  # which is no module to run
        command[1:3] = ["-c", "import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])"]
    with running(command, port, tmp_path, PYTHONPATH=""):
        page = get(port, "/")[1]
        paths = ["/static/" + url.partition("/static/")[2] for url in assets_of(page)]
        assert paths
        assert [get(port, path)[0].status for path in paths * 4] == [200] * len(paths) * 4


def test_the_page_has_a_row_for_each():
    section = PAGE.read_text(encoding="utf-8").partition("\nInstalled in every way\n")[2].partition("\n---")[0]
    rows = re.findall(r"^   \* - (.+)$", section, re.M)
    assert rows == ["How", *WAYS, "a read-only file system", *SERVERS]
