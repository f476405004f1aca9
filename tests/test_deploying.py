"""docs/deploying.rst: its commands start servers, its files are what nginx, Caddy and systemd take, and URLs come out right."""

import contextlib
import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "deploying.rst"
FILES = CHECKOUT / "docs" / "deploying"
COMMANDS = dict(re.findall(r"^   \* - (\w+)\n     - ``([^`]+8000[^`]+)``$", PAGE.read_text(encoding="utf-8"), re.M))
PROXIED = {"Host": "shop.example.com", "X-Forwarded-Host": "shop.example.com", "X-Forwarded-Proto": "https"}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def program(name):
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(
        name, path=f"{os.defpath}:/usr/sbin"
    )
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextlib.contextmanager
def running(command, port, directory, **environ):
    """A program that is waited for until it accepts connections, and ended."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "examples")]), **environ}
    with open(directory / "output", "w+b") as output:
        process = subprocess.Popen(command, cwd=directory, env=environ, stdout=output, stderr=output)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert process.poll() is None, (output.seek(0), output.read().decode())
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(30)


def get(port, path, **headers):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode(errors="replace")


def nginx(text, directory):
    """The command that runs nginx with *text* as what its `http` has."""
    temporary = "".join(
        f"{part}_temp_path {directory}/{part};\n" for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off; pid {directory}/pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
    if os.getuid() == 0:
        whole = "user root;\n" + whole
    (directory / "file").write_text(whole)
    return [program("nginx"), "-p", str(directory), "-c", str(directory / "file")]


def served(name, directory):
    port = free_port()
    first, *rest = shlex.split(COMMANDS[name].replace("8000", str(port)))
    return port, running([program(first), *rest], port, directory)


def assets_of(page):
    return re.findall(r'(?:href|src)="([^"]+/static/[^"]+)"', page)


@pytest.mark.whole
@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_of_a_server_serves_the_shop(name, tmp_path):
    port, server = served(name, tmp_path)
    with server:
        response, page = get(port, "/items/cup", **PROXIED)
        assert response.status == 200
        scheme = "http" if name == "granian" else "https"  # which leaves it to a wrapper, as the page says
        assert assets_of(page)
        assert {url.partition("/static/")[0] for url in assets_of(page)} == {f"{scheme}://shop.example.com"}
        path = "/static/" + assets_of(page)[0].partition("/static/")[2]
        assert get(port, path)[0].status == 200


def test_four_servers_are_named():
    assert list(COMMANDS) == ["gunicorn", "waitress", "uvicorn", "granian"]


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_a_front_server_with_the_file_of_the_page_gives_browsers_the_urls_that_they_can_use(kind, tmp_path):
    front, port = free_port(), free_port()
    behind = running(
        [
            sys.executable,
            "-m",
            "assetzcml",
            "serve",
            "shop:configure.zcml",
            "--port",
            str(port),
            "--trusted-proxy",
            "127.0.0.1",
        ],
        port,
        tmp_path,
    )
    if kind == "nginx":
        text = (FILES / "nginx.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{front};")
        text = text.replace("/var/cache/nginx/shop", str(tmp_path / "cache")).replace(":8000", f":{port}")
        command = nginx(text, tmp_path)
    else:
        text = (FILES / "Caddyfile").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        whole = "{\n\tadmin off\n}\n" + text.replace("shop.example.com {", f"http://shop.example.com:{front} {{")
        (tmp_path / "file").write_text(whole)
        command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(tmp_path / "file")]
    with behind, running(command, front, tmp_path, HOME=str(tmp_path)):
        forged = {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "gopher", "X-Forwarded-For": "6.6.6.6"}
        response, page = get(front, "/items/cup", Host="shop.example.com", **forged)
        assert (response.status, "evil.test" in page) == (200, False)
        urls = assets_of(page)
        assert urls
        assert {url.partition("/static/")[0] for url in urls} == {"http://shop.example.com"}
        path = "/static/" + urls[0].partition("/static/")[2]
        answers = [get(front, path, Host="shop.example.com")[0] for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        if kind == "nginx":
            assert [answer.headers["X-Cache-Status"] for answer in answers] == ["MISS", "HIT"]


PREFIXED = {  # in the columns of the page: stripped, passed on
    "``assetzcml serve``": (
        "python -m assetzcml serve shop:configure.zcml --port {port} --trusted-proxy 127.0.0.1",
        {},
        ("yes", "no"),
    ),
    "waitress": (
        "waitress-serve --listen 127.0.0.1:{port} --url-prefix /shop shop.wsgi:application",
        {},
        ("yes", "yes"),
    ),
    "gunicorn": ("gunicorn --bind 127.0.0.1:{port} shop.wsgi", {"SCRIPT_NAME": "/shop"}, ("no", "yes")),
    "uvicorn": ("uvicorn --port {port} --root-path /shop shop.asgi:application", {}, ("yes", "no")),
}


def test_the_page_says_of_each_server_which_prefixes_it_takes():
    section = PAGE.read_text(encoding="utf-8").partition("\nBelow a prefix\n")[2].partition("\n---")[0]
    rows = re.findall(r"^   \* - (.+)\n     - .+\n     - (.+)\n     - (.+)$", section, re.M)
    assert {name: tuple(answers) for name, *answers in rows} == {
        "Server": ("Stripped", "Passed on"),
        **{name: answers for name, (*_, answers) in PREFIXED.items()},
    }


@pytest.mark.whole
@pytest.mark.parametrize(
    "name, column", [(name, column) for name in PREFIXED for column in (0, 1) if PREFIXED[name][2][column] == "yes"]
)
def test_behind_nginx_an_application_below_a_prefix_has_urls_that_are_answered(name, column, tmp_path):
    front, port = free_port(), free_port()
    command, environ, _ = PREFIXED[name]
    first, *rest = shlex.split(command.format(port=port))
    location = f"""
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Prefix /shop;
        proxy_pass http://127.0.0.1:{port}{"/" if column == 0 else ""};
    """
    text = f"server {{ listen 127.0.0.1:{front}; location /shop/ {{ {location} }} }}\n"
    with running([program(first), *rest], port, tmp_path, **environ), running(nginx(text, tmp_path), front, tmp_path):
        response, page = get(front, "/shop/")
        assert response.status == 200
        urls = assets_of(page)
        assert {url.partition("/static/")[0] for url in urls} == {f"http://127.0.0.1:{front}/shop"}
        assert {get(front, "/shop/static/" + url.partition("/static/")[2])[0].status for url in urls} == {200}


def test_systemd_takes_the_unit(tmp_path):
    verify = program("systemd-analyze")
    unit = tmp_path / "shop.service"
    unit.write_text((FILES / "shop.service").read_text().replace("/srv/shop/environment/bin/gunicorn", sys.executable))
    done = subprocess.run([verify, "verify", str(unit)], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "shop.service" in line]
    assert (done.returncode, told) == (0, [])


def test_the_page_includes_every_file_beside_it():
    included = set(re.findall(r"literalinclude:: deploying/(\S+)", PAGE.read_text(encoding="utf-8")))
    assert {path.name for path in FILES.iterdir()} == included
