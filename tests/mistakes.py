"""
The table of mistakes, `mistakes.txt`: how it is read, made and played. `python tests/mistakes.py` says every message anew.

An entry is a title, the mistake, the answer (indented, behind '|') and what is typed next::

    ## a package that is misspelt
    <staticView name="static" path="apricto:static"/>
    | site.zcml:2:33: A108 error: ...
    apricto => apricot
    GET /static/a.css: 200

The mistake is what stands in `site.zcml`, files named by a line that ends in a colon, and commands behind '$'; without a command
it is `assetzcml check site.zcml`. What is typed next stands in the answer, letter for letter but for the quotes around it:

`A => B`
    B in the place of A, which is no part of a longer word. `A =>` takes A out, because the answer says so.
`add B`, `insert B after A`, `move A before B`, `move A after B`, `move A inside B`
    B at the head of the file, behind A; A elsewhere.
`fill P with B`
    A placeholder of what was typed is the author's to fill.
`install NAME`, `$ COMMAND`
    The library that the answer's `pip install` brings is there; what the shell gets.

After that nothing is wrong any more: `no findings` of any kind, or a GET that is answered. `run COMMAND` is asked in the place of
the check. `nothing to type: REASON` and `not yet: REASON` are for what nobody but the author knows.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import waitress.server
from waitress.adjustments import Adjustments

import assetzcml.cli.server
from documents import forget, look_again

TABLE = Path(__file__).with_suffix(".txt")
SITE = "site.zcml"
NAMESPACE = "http://namespaces.assetzcml.org/assets"
TAKEN_OUT = re.compile(r"\b(remove|leave|left out|keep one|exclude each other|no meaning|not followed|put it)\b")

WORLD = {
    "apricot/__init__.py": "",
    "apricot/configure.zcml": f'<configure xmlns="{NAMESPACE}">\n  <staticView name="static" path="static"/>\n</configure>\n',
    "apricot/static/a.css": "a { color: red }\n",
    "apricot/static/a.js": "var a = 1\n",
    "apricot/static/images/cup.svg": "<svg/>\n",
    "apricot/static/manifest.json": '{"a.css": "a.123.css"}\n',
    "apricot/templates/page.html": "<p>page</p>\n",
    "apricot/views.py": "from webob import Response\n\n\ndef home(request):\n    return Response('home')\n",
    "apricot/policy.py": "class Members:\n    def permits(self, request, context, permission):\n        return True\n",
    "apricot/broken.py": "import os\nimport there_is_no_such_module\n",
    "apricot/registries.py": "from assetzcml import load_zcml\n\nregistry = load_zcml('apricot:configure.zcml')\n",
    "apricot/app.py": "def make(registry):\n    return lambda environ, start: start('404 Not Found', []) or [b'']\n",
    "plum/__init__.py": "",
    "plum/configure.zcml": f'<configure xmlns="{NAMESPACE}">\n  <include package="apricot"/>\n</configure>\n',
    "plum/brand/a.css": "a { color: plum }\n",
    "plum/images/cup.svg": "<svg id='plum'/>\n",
}
INCLUDED = '<include package="apricot"/>'
PACKAGES = {"apricot", "plum", "medlar", "email_theme", "garden", "summer"}


@dataclass
class Mistake:
    """One entry of the table."""

    title: str
    files: dict[str, list[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    line: int = 0

    @property
    def remedies(self) -> list[str]:
        """What is typed next."""
        return [line for line in self.typed if STEP.match(line)]

    @property
    def outcomes(self) -> list[str]:
        """What holds then."""
        return [line for line in self.typed if not STEP.match(line)]

    @property
    def open(self) -> bool:
        """Does something remain that no message can know?"""
        return any(line.startswith(("nothing to type:", "not yet:")) for line in self.typed)

    def demands(self) -> list[str]:
        """What has to stand in the answer, letter for letter, for the remedies to be those that it tells."""
        demanded = []
        for line in self.remedies:
            found = STEP.match(line)
            if found["right"] is not None:
                demanded.append(found["right"].strip().replace("\\n", "\n").strip('<"/='))
            elif found["insert"] or found["add"] or found["command"]:
                demanded.append(found["insert"] or found["add"] or found["command"])
            elif found["moved"]:
                demanded.append(
                    f"{found['where']} {found['mark'].lstrip('<') if found['where'] == 'inside' else found['mark']}"
                )
        return demanded


STEP = re.compile(
    r"(?P<wrong>.*?\S.*?) =>(?P<right>.*)$"
    r"|add (?P<add>.+)|insert (?P<insert>.+) after (?P<place>.+)|move (?P<moved>.+) (?P<where>before|after|inside) (?P<mark>.+)"
    r"|fill (?P<blank>.+?) with (?P<filled>.+)|\$ (?P<command>.+)|install (?P<library>\S+)"
)


def table() -> list[Mistake]:
    """The entries of `mistakes.txt`."""
    found: list[Mistake] = []
    name = SITE
    for number, line in enumerate(TABLE.read_text("utf-8").splitlines(), 1):
        if line.startswith("## "):
            found.append(Mistake(line[3:], line=number))
            name = SITE
        elif not found or not line.strip() or line.startswith("# ---"):
            continue
        elif line == "|" or line.startswith("| "):
            found[-1].answer.append(line[2:])
        elif found[-1].answer:
            found[-1].typed.append(line)
        elif line.startswith("$ "):
            found[-1].commands.append(line[2:])
        elif re.fullmatch(r"[\w./-]+:", line):
            name = line[:-1]
            found[-1].files[name] = []
        else:
            found[-1].files.setdefault(name, []).append(line)
    return found


def remade(text: str, answers: dict[str, list[str]]) -> str:
    """The table's text with other answers: each entry's by its title."""
    lines: list[str] = []
    title, told = "", True
    for line in text.splitlines():
        if line.startswith("## "):
            title, told = line[3:], False
        if line == "|" or line.startswith("| "):
            if not told:
                lines += [f"| {each}".rstrip() for each in answers[title]]
                told = True
            continue
        lines.append(line)
    return "\n".join(lines) + "\n"


class Desk:
    """Where a mistake is made: a directory with two packages, and the command."""

    def __init__(self, directory: Path):
        self.directory = directory

    def lay_out(self, files: dict[str, list[str]]) -> None:
        """The packages, and the files of a mistake."""
        for path, text in WORLD.items():
            self._write(path, text)
        for path, lines in files.items():
            text = "\n".join(lines)
            whole = not path.endswith(".zcml") or text.startswith(("<configure", "<?xml", "<!DOCTYPE", "<assets", "("))
            text = text.replace("(nothing)", "").replace("(blank)", "")
            self._write(path, text + "\n" if whole else f'<configure xmlns="{NAMESPACE}">\n{text}\n</configure>\n')
        if SITE not in files:
            self._write(SITE, f'<configure xmlns="{NAMESPACE}">\n{INCLUDED}\n</configure>\n')

    def _write(self, path: str, text: str) -> None:
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8").replace(b"(latin1)", "\xe4".encode("latin-1")))

    def run(self, command: str) -> tuple[int, list[str]]:
        """The exit status of a command, and what it prints."""
        from assetzcml.cli import main

        name, *arguments = shlex.split(command)
        assert name == "assetzcml", command
        output = io.StringIO()
        status = 0
        with self.standing(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                main.main(arguments, prog_name="assetzcml")
            except SystemExit as ended:
                status = int(ended.code or 0)
        place = os.path.realpath(self.directory)
        usage = re.compile(r"Usage: .*?\nTry '[^\n]*\n\n", re.DOTALL)  # that of click, about which the mistake is not
        lines = usage.sub("", output.getvalue()).replace(f"{place}/", "").replace(place, ".").rstrip().splitlines()
        return status, lines

    def ask(self, path: str) -> int:
        """The status of an answer to a GET."""
        from webob import Request

        from assetzcml import load_zcml

        with self.standing():
            return Request.blank(path).get_response(load_zcml(SITE).make_app()).status_int

    @contextlib.contextmanager
    def standing(self):
        """Inside of the directory, whose packages are importable, and forgotten afterwards."""
        former, path = os.getcwd(), list(sys.path)
        os.chdir(self.directory)
        sys.path.insert(0, os.path.realpath(self.directory))
        look_again(Path(self.directory))
        server = mock.Mock(effective_host="127.0.0.1", effective_port=8080, effective_listen=[])
        try:
            with (
                warnings.catch_warnings(),
                mock.patch.object(waitress.server, "create_server", _created(server)),
                mock.patch.object(assetzcml.cli.server, "supervise", return_value=0),
                mock.patch.object(assetzcml.cli.server, "Drained"),  # which would wait for requests
            ):
                yield
        finally:
            os.chdir(former)
            sys.path[:] = path
            forget(PACKAGES)


def _created(server):
    def create(application, **options):
        options.pop("map", None)  # is of the loop, and no adjustment
        Adjustments(**options)  # as waitress reads them: it looks up the name of the host
        return server

    return create


def answered(desk: Desk, mistake: Mistake, files: dict[str, list[str]], commands: list[str]) -> tuple[int, list[str]]:
    """What is printed about files and commands."""
    desk.lay_out(files)
    status, lines = 0, []
    for command in commands or [f"assetzcml check {SITE}"]:
        status, told = desk.run(command)
        lines += told
    return status, lines


@contextlib.contextmanager
def missing(names: list[str]):
    """These libraries are not installed."""
    former = {module: sys.modules.pop(module) for module in list(sys.modules) if module.partition(".")[0] in names}
    sys.modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(former)


def put_right(mistake: Mistake) -> tuple[dict[str, str], list[str]]:
    """The files and commands of a mistake, after what is typed next."""
    texts = {path: "\n".join(lines) for path, lines in mistake.files.items()}
    texts |= {f"$ {number}": command for number, command in enumerate(mistake.commands)}
    for line in mistake.remedies:
        found = STEP.match(line)
        if found["right"] is not None:
            texts = _replaced(texts, found["wrong"], found["right"].strip())
        elif found["add"]:
            texts[SITE] = f"{found['add']}\n{texts.get(SITE, INCLUDED)}"
        elif found["insert"]:
            texts = _replaced(texts, found["place"], f"{found['place']} {found['insert']}", once=True)
        elif found["moved"]:
            texts = _replaced(texts, found["moved"], "", once=True)
            mark, moved = found["mark"], found["moved"]
            texts = _moved(texts, moved, found["where"], mark)
        elif found["blank"]:
            texts = _replaced(texts, found["blank"], found["filled"])
    files = {path: text.splitlines() for path, text in texts.items() if not path.startswith("$ ")}
    commands = [text for path, text in texts.items() if path.startswith("$ ")]
    asked = [line[4:] for line in mistake.outcomes if line.startswith("run ")]
    return files, asked or commands


def _replaced(texts: dict[str, str], wrong: str, right: str, once: bool = False) -> dict[str, str]:
    """*right* in the place of *wrong*, which is no part of a longer word."""
    wrong, right = wrong.replace("\\n", "\n"), right.replace("\\n", "\n")
    word = re.escape(wrong)
    word = (r"(?<![\w.:])" if wrong[0].isalnum() else "") + word + (r"(?!\w)" if wrong[-1].isalnum() else "")
    assert any(re.search(word, text) for text in texts.values()), f"{wrong!r} is not in the mistake"
    return {path: re.sub(word, lambda _: right, text, count=1 if once else 0) for path, text in texts.items()}


def _moved(texts: dict[str, str], moved: str, where: str, mark: str) -> dict[str, str]:
    if where != "inside":
        return _replaced(texts, mark, f"{moved}{mark}" if where == "before" else f"{mark}{moved}", once=True)
    name = mark[1:].rstrip(">")
    opened = re.compile(rf"<{name}( [^>]*?)/>")
    return {path: opened.sub(rf"<{name}\1>{moved}</{name}>", text, count=1) for path, text in texts.items()}


def libraries(mistake: Mistake) -> list[str]:
    """The libraries that are not there when the mistake is made."""
    return [line.split()[1] for line in mistake.typed if line.startswith("install ")]


def main() -> None:
    answers = {}
    chosen = sys.argv[1:]
    for mistake in table():
        if chosen and not any(word in mistake.title for word in chosen):
            answers[mistake.title] = mistake.answer
            continue
        with tempfile.TemporaryDirectory() as directory, missing(libraries(mistake)):
            status, lines = answered(Desk(Path(directory)), mistake, mistake.files, mistake.commands)
        answers[mistake.title] = [*lines, f"(status {status})"] if mistake.commands else lines
    TABLE.write_text(remade(TABLE.read_text("utf-8"), answers), "utf-8")


if __name__ == "__main__":
    main()
