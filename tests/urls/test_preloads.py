"""What a page will ask for, told beforehand: which hints, in which words, and how many."""

import re

import pytest

from assetzcml import AssetRegistry, NotPublished, TreeCacheBuster
from serving.clients import Policy

FILES = {
    "static/app.css": "a{}",
    "static/app.js": "let a",
    "static/main.js": "import './one.js'",
    "static/one.js": "import './two.js'; import('./late.js')",
    "static/two.js": "export {}",
    "static/late.js": "",
    "static/inter.woff2": "font",
    "static/logo.png": "png",
    "static/notes.txt": "",
    **{f"static/many/{number}.css": "" for number in range(20)},
}


@pytest.fixture
def shop(package):
    return package(FILES)


def registry(shop, **options):
    made = AssetRegistry()
    if "permission" in options:
        made.add_permission_policy(Policy(True))
    made.add_static_view("static", f"{shop}:static", **options)
    made.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    return made


def hints(value):
    return [re.sub(r"/~[0-9a-f]{12}/", "/~/", re.sub(r'sha384-[^"]+', "sha384-", each)) for each in value.split(", ")]


def test_each_hint_says_what_the_element_says(shop):
    made = registry(shop)
    names = ("app.css", "app.js", "inter.woff2", "logo.png")
    value = made.preloads(*(f"{shop}:static/{name}" for name in names))
    assert hints(value) == [
        '</static/~/app.css>; rel=preload; as="style"; integrity="sha384-"',
        '</static/~/app.js>; rel=preload; as="script"; integrity="sha384-"',
        '</static/~/inter.woff2>; rel=preload; as="font"; integrity="sha384-"; crossorigin="anonymous"',
        '</static/~/logo.png>; rel=preload; as="image"',
    ]
    for name, hint in zip(names, value.split(", "), strict=True):
        tag = made.tag(f"{shop}:static/{name}")
        assert re.search(r"<([^>]+)>", hint)[1] in tag
        for attribute in ("integrity", "crossorigin"):
            said = re.search(rf'{attribute}="([^"]*)"', hint)
            assert (said and said[0]) == ((found := re.search(rf'{attribute}="([^"]*)"', tag)) and found[0])


def test_a_module_is_told_with_all_that_it_imports_statically(shop):
    value = registry(shop).preloads(f"{shop}:static/main.js")
    assert [hint.partition(";")[0] for hint in hints(value)] == [
        f"</static/~/{name}.js>" for name in ("main", "one", "two")
    ]
    assert all("rel=modulepreload" in hint and " as=" not in hint for hint in hints(value))


def test_what_is_too_much_is_left_out_from_the_end_and_counted(shop):
    made = registry(shop)
    specs = [f"{shop}:static/many/{number}.css" for number in range(20)]
    value = made.preloads(*specs)
    assert (len(hints(value)), value.left_out) == (8, 12)
    assert "/0.css" in hints(value)[0]
    short = made.preloads(*specs, size=300)
    assert (len(hints(short)), len(short) <= 300, short.left_out) == (2, True, 18)


def test_what_is_told_twice_is_told_once(shop):
    value = registry(shop).preloads(f"{shop}:static/one.js", f"{shop}:static/main.js", f"{shop}:static/one.js")
    assert len(hints(value)) == 3


def test_what_has_no_version_and_what_is_protected_is_left_out(shop):
    made = AssetRegistry()
    made.add_static_view("static", f"{shop}:static")
    assert made.preloads(f"{shop}:static/app.css") == ""
    assert registry(shop, permission="view").preloads(f"{shop}:static/app.css") == ""


def test_what_cannot_be_told_is_said(shop):
    made = registry(shop)
    with pytest.raises(ValueError, match="no element loads what has such a name"):
        made.preloads(f"{shop}:static/notes.txt")
    with pytest.raises(NotPublished):
        made.preloads(f"{shop}:elsewhere.css")


def test_the_elements_say_the_same_in_every_template(shop):
    made = registry(shop)
    tags = made.template_globals()["preloads"](f"{shop}:static/app.css", f"{shop}:static/main.js", nonce="n")
    assert tags.__html__() == tags
    lines = tags.splitlines()
    assert len(lines) == 4
    assert re.fullmatch(
        r'<link rel="preload" href="/static/~.{12}/app.css" as="style" integrity="sha384-.*" nonce="n">', lines[0]
    )
    assert lines[1].startswith('<link rel="modulepreload" href="/static/~')
