"""Every link of docs/ leads somewhere, every page stands in a table of contents, and each says what to read next."""

import posixpath
import re
from pathlib import Path

from tables import over

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
PAGES = {path.relative_to(DOCS).with_suffix("").as_posix(): path.read_text("utf-8") for path in DOCS.rglob("*.rst")}

ROLE = re.compile(r":(doc|ref|download|term|pep|rfc):`(?:[^`<]*<([^`>]+)>|([^`]+))`")
FILE = re.compile(r"^\.\. (?:literalinclude|include|image|figure):: +(\S+)", re.MULTILINE)
HYPERLINK = re.compile(r"(?<![`:\w])`([^`]+)`_(?!_|\w)")
EXTERNAL = re.compile(r"(?:https://|mailto:)\S+\Z")
LABEL = re.compile(r"^\.\. _`?([^`:]+)`?:", re.MULTILINE)
TITLE = re.compile(r"^(\S.*)\n([=\-~^\"'])\2+$", re.MULTILINE)
BORDER = re.compile(r"=+(?: +=+)+")
TERM = re.compile(r"^   (\S.*)$", re.MULTILINE)
TOCTREE = re.compile(r"^\.\. toctree::\n(?: +:.*\n)*\n((?:(?: +\S.*)?\n)+)", re.MULTILINE)
NEXT = re.compile(r"Next: :doc:`[^`]+`:? \S.*\.")
MENTION = re.compile(r"\bdocs/[\w/-]+\.rst\b")
LABELS = {label.lower() for text in PAGES.values() for label in LABEL.findall(text)}


def prose(text):
    """The page without its literal blocks, in which nothing is a link."""
    return re.sub(r"``.+?``", "", re.sub(r"(?m)^(?:>>> |\.\.\. ).*$", "", text), flags=re.DOTALL)


def target(page, name):
    """The path below docs/ that a page means."""
    return name[1:] if name.startswith("/") else posixpath.normpath(posixpath.join(posixpath.dirname(page), name))


def in_tables():
    """Each page that a table of contents names, as often as it is named."""
    return [
        target(page, name) for page, text in PAGES.items() for block in TOCTREE.findall(text) for name in block.split()
    ]


def astray(page, text):
    """The links of a page that lead nowhere."""
    titles = {title.lower() for title, _ in TITLE.findall(text)}
    for role, given, bare in ROLE.findall(prose(text)):
        name = given or bare
        leads = {
            "doc": lambda name=name: target(page, name) in PAGES,
            "ref": lambda name=name: name.lower() in LABELS,
            "download": lambda name=name: (DOCS / target(page, name)).is_file(),
            "term": lambda name=name: name in TERM.findall(PAGES["glossary"]),
        }.get(role, name.isdecimal)
        if not leads():
            yield f":{role}:`{name}`"
    for name in FILE.findall(text):
        if not (DOCS / posixpath.dirname(page) / name).is_file():
            yield name
    for name in HYPERLINK.findall(prose(text)):
        url = re.fullmatch(r"[^<]*<([^>]+)>", name)
        anchor = " ".join(name.split()).lower()
        if not (EXTERNAL.match(url[1]) if url else anchor in titles or anchor in LABELS):
            yield f"`{name}`_"


@over("page", sorted(PAGES))
def test_every_link_of_a_page_leads_somewhere(page):
    assert list(astray(page, PAGES[page])) == []


def test_a_link_that_leads_nowhere_is_found():
    text = (
        "A title\n-------\n\n:doc:`nowhere`, :doc:`this <zcml>`, :ref:`gone`, :download:`no.conf`, :term:`no such word`,\n"
        "`A title`_, `Another`_, `a site <https://example.com>`_, `b <page.html>`_, ``:doc:`literal```\n\n"
        ".. literalinclude:: gone.txt\n"
    )
    assert sorted(astray("index", text)) == sorted(
        [
            ":doc:`nowhere`",
            ":ref:`gone`",
            ":download:`no.conf`",
            ":term:`no such word`",
            "`Another`_",
            "`b <page.html>`_",
            "gone.txt",
        ]
    )


def test_every_page_stands_in_one_table_of_contents_once():
    assert sorted([*in_tables(), "index"]) == sorted(PAGES)


@over("page", sorted(PAGES))
def test_every_page_ends_with_one_next_step(page):
    steps = [line for line in PAGES[page].splitlines() if line.startswith("Next:")]
    assert steps == [PAGES[page].rstrip().splitlines()[-1]]
    assert NEXT.fullmatch(steps[0])
    assert ROLE.search(steps[0])[3] not in (page, posixpath.basename(page)), "a page does not lead to itself"


def test_every_page_that_another_file_names_is_there():
    files = [CHECKOUT / "README.txt", CHECKOUT / "CHANGES.txt", *CHECKOUT.glob("*.rst"), *DOCS.rglob("*.rst")]
    files += [path for top in ("assetzcml", "examples", "tests") for path in (CHECKOUT / top).rglob("*.py")]
    named = {name for path in files for name in MENTION.findall(path.read_text(encoding="utf-8"))}
    assert named
    assert sorted(name for name in named if not (CHECKOUT / name).is_file()) == []


@over("page", sorted(PAGES))
def test_the_borders_of_a_table_are_of_one_length(page):
    for table in re.findall(r"(?m)^\n(=+(?: +=+)+\n(?:.+\n)+)", PAGES[page]):
        assert len({len(line) for line in table.splitlines() if BORDER.fullmatch(line)}) == 1, table
