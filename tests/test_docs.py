"""What README.txt and docs/ say is executed, and what they quote from the examples is there."""

import doctest
import itertools
import re
import shlex
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from assetzcml import ConfigurationError, load_zcml
from assetzcml.cli import main
from checking import check_site
from commands import start
from documents import NAMESPACE
from tables import over

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = [CHECKOUT / "README.txt", *sorted((CHECKOUT / "docs").rglob("*.rst"))]
NEEDS = {  # the libraries, extras, without which a page is not executed
    "pyramid": ["pyramid", "pyramid_jinja2"],
    "flask": ["flask"],
    "django": ["django"],
    "moving-from-django": ["django"],
    "moving-from-whitenoise": ["whitenoise"],
    "moving-from-webassets": ["webassets", "yaml", "jinja2"],
    "moving-from-pyramid": ["pyramid"],
    "starlette": ["starlette", "httpx2", "jinja2"],
    "templates": ["jinja2", "mako", "chameleon"],
    "any-framework": ["bottle", "cherrypy", "tornado", "litestar", "quart"],
}
# Whose commands go together: tests/test_scaffolds.py and tests/publishing/test_machines.py run them.
STORIES = [CHECKOUT / "docs" / name for name in ("starting.rst", "machines.rst")]
WIDTH = 90  # what a page has room for
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF

# ``examples/theme/overrides.zcml``::
#
#     the literal block, indented
QUOTATION = re.compile(r"^``((?:examples/)?[\w./-]+\.\w+)``::\n\n((?:(?: {2,}\S.*)?\n)+)", re.MULTILINE)


def name_of(page):
    return str(page.relative_to(CHECKOUT))


# .. code-block:: xml
#
#    the file, whole
XML = re.compile(r"^\.\. code-block:: xml\n\n((?:(?: {3}.*)?\n)+)", re.MULTILINE)
CODE = re.compile(r"^(?:>>> |\.\. code-block:: (?!xml)|.*::\n\n +\S)", re.MULTILINE)


def first_xml(page):
    return textwrap.dedent(XML.search(page.read_text(encoding="utf-8"))[1]).strip() + "\n"


# ::
#
#     $ assetzcml url configure.zcml shop:static/logo.png
#     the output, up to the next command or the end of the block; '...' stands for anything
SESSION = re.compile(r"^::\n\n((?: {4}\$ assetzcml .*\n)(?:(?: {4}.*)?\n)*)", re.MULTILINE)
COMMAND = re.compile(r"^\$ assetzcml (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_of_a_page_run_as_printed(page, tmp_path, monkeypatch):
    for library in NEEDS.get(page.stem, ()):
        pytest.importorskip(library)
    serial = itertools.count(1)

    def write(name, text):
        """Write a small file into a directory of its own and return its path."""
        path = tmp_path / str(next(serial)) / name
        path.parent.mkdir()
        path.write_text(textwrap.dedent(text), encoding="utf-8", newline="\n")
        return str(path)

    def shown():
        """Write the XML that the page begins with as site.zcml and return its path."""
        return write("site.zcml", first_xml(page))

    def refused(text):
        """Load directives that stand from line 2 on in a file, and print what is wrong with them."""
        path = write("site.zcml", f'<configure xmlns="{NAMESPACE}">\n{textwrap.dedent(text).strip()}\n</configure>\n')
        with pytest.raises(ConfigurationError) as error:
            load_zcml(path)
        # Each file that was written lies in a directory of its own; it is shown by its name.
        print(re.sub(f"{re.escape(str(tmp_path))}/[0-9]+/", "", str(error.value)))

    def checked(text, files=None):
        """Check directives that stand from line 2 on in a file beside others, and print the findings."""
        directory = tmp_path / str(next(serial))
        found = check_site(directory, textwrap.dedent(text).strip(), files)[1]
        print("\n".join(map(str, found)).replace(f"{directory}/", "").replace(f"{CHECKOUT}/", "") or "no findings")

    monkeypatch.chdir(CHECKOUT)
    monkeypatch.delenv("ASSETZCML_PREVENT_CACHEBUST", raising=False)
    test = doctest.DocTestParser().get_doctest(
        page.read_text(encoding="utf-8"),
        {"write": write, "shown": shown, "refused": refused, "checked": checked, "__name__": "__main__"},
        name_of(page),
        str(page),
        0,
    )
    report = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
    assert result.failed == 0, "".join(report)


@pytest.mark.parametrize("page", sorted((CHECKOUT / "docs" / "directives").glob("*.rst")), ids=name_of)
def test_a_directive_shows_first_a_whole_file_that_can_be_copied_and_is_loaded(page):
    text = page.read_text(encoding="utf-8")
    assert XML.search(text).start() < CODE.search(text).start(), "other code comes first"
    shown = first_xml(page)
    assert etree.fromstring(shown).tag == f"{{{NAMESPACE}}}configure"
    assert re.search(rf"<{page.stem}[ />]", shown)
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert "shown()" in text


def commands_of(page):
    blocks = [textwrap.dedent(block) for block in SESSION.findall(page.read_text(encoding="utf-8"))]
    return [command for block in blocks for command in COMMAND.findall(block)]


@pytest.mark.parametrize(
    "command, output",
    [pytest.param(*command, id=command[0]) for page in PAGES if page not in STORIES for command in commands_of(page)],
)
def test_a_command_prints_what_a_page_says(command, output, monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delenv("ASSETZCML_PREVENT_CACHEBUST", raising=False)
    arguments = shlex.split(command)
    if arguments[0] == "serve":
        with start(*arguments) as process:
            printed = process.stdout.readline().decode()
            process.terminate()
    else:
        printed = CliRunner().invoke(main, arguments).output
    assert doctest.OutputChecker().check_output(f"{output.rstrip()}\n", f"{printed.rstrip()}\n", FLAGS), printed


def test_every_command_that_a_page_shows_is_run():
    pages = [page for page in PAGES if page not in STORIES]
    shown = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines() if "$ assetzcml" in line]
    assert len(shown) == sum(len(commands_of(page)) for page in pages) > 0


@over("page", PAGES, ids=name_of)
def test_what_a_page_quotes_from_a_file_is_in_that_file(page):
    for path, block in QUOTATION.findall(page.read_text(encoding="utf-8")):
        quoted = textwrap.dedent(block).strip()
        # The quotation may leave out the <configure> around it: then the file has it indented.
        found = textwrap.dedent((CHECKOUT / path).read_text(encoding="utf-8"))
        assert quoted in found or textwrap.indent(quoted, "  ") in found, f"{path} does not say:\n{quoted}"


def test_the_readme_quotes_the_files_of_its_story():
    quoted = [path for path, _ in QUOTATION.findall((CHECKOUT / "README.txt").read_text(encoding="utf-8"))]
    assert quoted == [
        "examples/shop/configure.zcml",
        "examples/shop/static.zcml",
        "examples/shop/busters.zcml",
        "examples/shop/routes.zcml",
        "examples/shop/views.zcml",
        "examples/theme/configure.zcml",
        "examples/theme/pages.zcml",
        "examples/theme/views.zcml",
        "examples/theme/overrides.zcml",
    ]
