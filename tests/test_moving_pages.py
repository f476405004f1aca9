"""The pages about moving name each setting of the system that one moves from, as installed here, and each row is true."""

import importlib.util
import inspect
import re
import warnings
from pathlib import Path

import pytest
from webob import Request, Response

from assetzcml import StaticApp, load_zcml
from assetzcml.publishing.compress import compress
from documents import document, write_tree

DOCS = Path(__file__).parents[1] / "docs"


def left(page):
    """The first columns of the tables of a page: what is moved from."""
    width, item, found = 0, False, []
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        rule = re.fullmatch(r"(=+)  =+", line)
        if rule:
            width = len(rule[1])
        elif not line.strip():
            width = 0
        item = line.startswith("   * - ") or (item and line.startswith("       "))
        if (width and not rule) or item:
            found.append(line if item else line[:width])
    return " ".join(found)


def named(word, text):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", text) is not None


def missing(page, words):
    text = left(page)
    assert len(words) > 2
    return sorted(word for word in words if not named(word, text))


def test_every_setting_and_argument_of_whitenoise_has_a_row():
    base = pytest.importorskip("whitenoise.base")
    pytest.importorskip("django")
    text = left("moving-from-whitenoise.rst")
    arguments = [*inspect.signature(base.WhiteNoise).parameters][1:]
    settings = set()
    for module in "middleware", "storage":
        source = Path(importlib.util.find_spec(f"whitenoise.{module}").origin).read_text(encoding="utf-8")
        settings.update(re.findall(r"\bWHITENOISE_[A-Z_]+\b", source))
    assert len(settings) > 10
    assert [each for each in arguments if not named(each, text) and f"WHITENOISE_{each.upper()}" not in settings] == []
    assert missing("moving-from-whitenoise.rst", settings) == []


def test_every_setting_of_staticfiles_has_a_row():
    settings = dir(pytest.importorskip("django.conf.global_settings"))
    assert missing("moving-from-django.rst", [each for each in settings if each.startswith("STATIC")]) == []


def test_every_option_of_an_environment_of_webassets_has_a_row():
    with warnings.catch_warnings():  # of its modules, which only its authors could heed
        warnings.simplefilter("ignore")
        environment = pytest.importorskip("webassets").Environment("directory", "url")
    assert missing("moving-from-webassets.rst", {*environment.config._dict, "directory", "url"}) == []


def test_every_argument_of_pyramids_three_calls_has_a_row():
    configurator = pytest.importorskip("pyramid.config").Configurator
    arguments = {"cache_max_age", "permission", "content_encodings"}  # of add_static_view, which takes any keyword
    for name in "add_static_view", "override_asset", "add_cache_buster":
        parameters = inspect.signature(getattr(configurator, name)).parameters.values()
        arguments.update(p.name for p in parameters if p.kind is not p.VAR_KEYWORD and not p.name.startswith("_"))
    assert missing("moving-from-pyramid.rst", arguments - {"self"}) == []


# What stands in the rows of the page about WhiteNoise: both sides are asked the same.

WHITENOISE = [  # the row; WhiteNoise's arguments; the directives, of a directory D; a path; what has to be the same
    ("root, prefix", {}, '<staticView name="static" path="D"/>', "/static/css/app.css", ["type"]),
    ("WHITENOISE_ROOT", {"prefix": ""}, '<staticView name="/" path="D"/>', "/notes.txt", []),
    ("WHITENOISE_STATIC_PREFIX", {"prefix": "assets/"}, '<staticView name="assets" path="D"/>', "/assets/notes.txt", []),
    ("WHITENOISE_MAX_AGE", {"max_age": 77}, '<staticView name="static" path="D" cache_max_age="77"/>',
     "/static/notes.txt", ["cache-control"]),
    ("WHITENOISE_AUTOREFRESH", {"autorefresh": True}, '<staticView name="static" path="D" reload="yes"/>',
     "/static/notes.txt", []),
    ("WHITENOISE_INDEX_FILE", {"index_file": True}, '<staticView name="static" path="D"/>', "/static/docs/", ["type"]),
    ("WHITENOISE_IMMUTABLE_FILE_TEST", {"immutable_file_test": r"^.+\.v[0-9]+\..+$"},
     '<staticView name="static" path="D" immutable_names="*.v*.*"/>', "/static/old.v2.js", ["immutable"]),
    ("WHITENOISE_ADD_HEADERS_FUNCTION", {"add_headers_function": lambda headers, path, url: headers.add_header(
        "X-Font", "yes") if path.endswith(".woff2") else None},
     '<staticView name="static" path="D"><header name="X-Font" value="yes" match="*.woff2"/></staticView>',
     "/static/inter.woff2", ["x-font", "type"]),
    ("WHITENOISE_CHARSET", {"charset": "latin-1"}, '<staticView name="static" path="D"/>'
     '<mediaType extension="txt" type="text/plain; charset=latin-1"/>', "/static/notes.txt", ["type"]),
    ("WHITENOISE_MIMETYPES", {"mimetypes": {".riv": "application/x-rive"}}, '<staticView name="static" path="D"/>'
     '<mediaType extension="riv" type="application/x-rive"/>', "/static/boat.riv", ["type"]),
    ("WHITENOISE_ALLOW_ALL_ORIGINS", {}, '<staticView name="static" path="D">'
     '<header name="Access-Control-Allow-Origin" value="*"/></staticView>', "/static/notes.txt",
     ["access-control-allow-origin"]),
    ("WHITENOISE_ALLOW_ALL_ORIGINS, off", {"allow_all_origins": False}, '<staticView name="static" path="D"/>',
     "/static/notes.txt", ["access-control-allow-origin"]),
]  # fmt: skip

FILES = {
    "css/app.css": "h1 { color: green }\n" * 40,
    "notes.txt": "notes",
    "old.v2.js": "2",
    "inter.woff2": "font",
    "boat.riv": "boat",
    "docs/index.html": "index",
}


def said(answer, what):
    """One thing that an answer says, in the words of either side."""
    if what == "type":
        return answer.headers["Content-Type"].replace('"', "")
    if what == "cache-control":
        return set(answer.headers["Cache-Control"].split(", "))
    if what == "immutable":
        return "immutable" in answer.headers["Cache-Control"]
    return answer.headers.get(what)


@pytest.fixture
def files(tmp_path):
    write_tree(tmp_path / "static", FILES)
    return str(tmp_path / "static")


def moved(directives, files, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(document(directives.replace("D", files)))
    return load_zcml(str(path))


@pytest.mark.parametrize("row, arguments, directives, path, same", WHITENOISE, ids=[case[0] for case in WHITENOISE])
def test_an_application_with_this_setting_of_whitenoise_answers_the_same_as_its_row_says(
    row, arguments, directives, path, same, files, tmp_path
):
    whitenoise = pytest.importorskip("whitenoise")
    page = Response("page")
    before = whitenoise.WhiteNoise(page, root=files, **{"prefix": "static/", **arguments})
    after = StaticApp(moved(directives, files, tmp_path), fallback=page)
    for url in (path, "/elsewhere"):
        one, other = (Request.blank(url).send(application) for application in (before, after))
        assert (one.status_int, one.body) == (other.status_int, other.body)
    one, other = (Request.blank(path).send(application) for application in (before, after))
    assert one.body != b"page"
    assert [said(one, what) for what in same] == [said(other, what) for what in same]
    assert all(named(word, left("moving-from-whitenoise.rst")) for word in row.partition(", off")[0].split(", "))


def test_add_files_is_another_static_view(files, tmp_path):
    whitenoise = pytest.importorskip("whitenoise")
    write_tree(tmp_path / "more", {"more.css": "more"})
    before = whitenoise.WhiteNoise(Response("page"), root=files, prefix="static/")
    before.add_files(str(tmp_path / "more"), prefix="more/")
    directives = f'<staticView name="static" path="{files}"/><staticView name="more" path="{tmp_path}/more"/>'
    after = StaticApp(moved(directives, files, tmp_path), fallback=Response("page"))
    for url in ("/static/notes.txt", "/more/more.css", "/page"):
        assert Request.blank(url).send(before).body == Request.blank(url).send(after).body


def test_whitenoises_command_and_ours_compress_the_same_files_and_either_sides_variants_are_sent_by_the_other(
    files, tmp_path
):
    command = pytest.importorskip("whitenoise.compress")
    whitenoise = pytest.importorskip("whitenoise")
    write_tree(tmp_path / "again", FILES)
    assert command.main(["--quiet", "--no-brotli", files]) == 0
    directives = '<staticView name="static" path="D" content_encodings="gzip"/>'
    ours = moved(directives, f"{tmp_path}/again", tmp_path)
    assert [made.path for made in compress(ours, codings=["gzip"])]
    theirs = sorted(path.relative_to(files) for path in Path(files).rglob("*.gz"))
    assert theirs == sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*.gz")) != []
    crossed = [
        whitenoise.WhiteNoise(Response("page"), root=f"{tmp_path}/again", prefix="static/"),
        StaticApp(moved(directives, files, tmp_path)),
    ]
    for application in crossed:
        found = Request.blank("/static/css/app.css", headers={"Accept-Encoding": "gzip"}).send(application)
        assert found.content_encoding == "gzip"
        found.decode_content()
        assert found.text == FILES["css/app.css"]
