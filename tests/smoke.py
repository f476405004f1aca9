"""
The wheel, as users get it: built, installed into a fresh environment, used away from the checkout.

Run by `make smoke`, with an interpreter that has `build`. Only the standard library is imported here, because
the second half runs in that fresh environment.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
SHIPPED = {"assetzcml/meta.zcml", "assetzcml/configure.zcml", "assetzcml/pyramid.zcml", "assetzcml/py.typed"}


def run(*command, cwd):
    """Run a command with nothing of the checkout on its path; its output is shown only when it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def build(directory):
    """The wheel, built from the source distribution and not from what lies around in the checkout."""
    output = run(sys.executable, "-m", "build", "--outdir", directory, CHECKOUT, cwd=directory)
    complaints = [line for line in output.splitlines() if "Deprecat" in line or "Warning" in line]
    assert not complaints, "\n".join(complaints)
    (wheel,) = directory.glob("*.whl")
    missing = SHIPPED - set(zipfile.ZipFile(wheel).namelist())
    assert not missing, f"{wheel.name} lacks {sorted(missing)}"
    return wheel


def install(wheel, directory):
    """A fresh environment with the wheel and its run-time dependencies; the directory of its programs."""
    run(sys.executable, "-m", "venv", directory, cwd=directory.parent)
    programs = directory / SCRIPTS
    run(programs / "python", "-m", "pip", "--disable-pip-version-check", "install", wheel, cwd=directory)
    return programs


def main():
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        (top / "dist").mkdir()
        wheel = build(top / "dist")
        programs = install(wheel, top / "environment")
        elsewhere = top / "elsewhere"
        elsewhere.mkdir()
        usage = run(programs / "assetzcml", "--help", cwd=elsewhere)
        assert "serve" in usage, usage
        script = elsewhere / "smoke.py"
        script.write_bytes(Path(__file__).read_bytes())
        # WebOb 1.8 imports cgi on Python before 3.13.
        strict = ("-W", "error", "-W", "ignore:'cgi' is deprecated:DeprecationWarning")
        run(programs / "python", *strict, script, "installed", cwd=elsewhere)
    print(f"{wheel.name} works when installed")


def use_installed():
    """One asset of a small package, from its ZCML to the bytes of a response."""
    package = Path("boutique")
    (package / "static").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "static" / "app.css").write_bytes(b"body { color: green }\n")
    (package / "configure.zcml").write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets">\n'
        '  <include package="assetzcml"/>\n'
        '  <staticView name="static" path="static"/>\n'
        "</configure>\n"
    )
    import assetzcml

    installed = Path(assetzcml.__file__).resolve()
    assert installed.is_relative_to(Path(sys.prefix).resolve()), installed
    registry = assetzcml.load_zcml("boutique:configure.zcml")
    url = registry.static_path("boutique:static/app.css")
    assert url == "/static/app.css", url
    status, headers, body = get(assetzcml.StaticApp(registry), url)
    assert status == "200 OK", status
    assert headers["Content-Type"] == "text/css; charset=utf-8", headers
    assert body == b"body { color: green }\n", body


def get(application, path):
    """GET by the letter of PEP 3333, without a server."""
    started = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": True,
    }
    chunks = application(environ, lambda status, headers, exc_info=None: started.append((status, headers)))
    try:
        body = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    ((status, headers),) = started
    return status, dict(headers), body


if __name__ == "__main__":
    if sys.argv[1:] == ["installed"]:
        use_installed()
    else:
        main()
