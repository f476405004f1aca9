"""`explain`: who decided, on which line. Whole texts are compared: what stands there is what an operator reads."""

import json
import os

import pytest

from assetzcml import AssetRegistry, DigestCacheBuster, ManifestCacheBuster, QueryStringConstantCacheBuster
from documents import write_tree

NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z, when every file of these tests was changed: headers are the same always


@pytest.fixture
def packages(package):
    """
    A function that makes several packages, their files by name, all of them changed at NEW_YEAR.

    None is called as a package of the examples, which other tests import.
    """

    def make(**packages):
        for name, files in packages.items():
            package(files, name=name)
        age(package.directory)
        return package.directory

    return make


def age(directory, when=NEW_YEAR):
    for path in directory.rglob("*"):
        os.utime(path, (when, when))


def text_of(explanation, directory):
    """The text; what lies in *directory* is named relative to it."""
    return f"{explanation}\n".replace(f"{directory}{os.sep}", "")


def part_of(explanation, label):
    """The lines of the text that stand beside *label*, or below it without a label of their own."""
    found, current = [], None
    for line in str(explanation).splitlines()[1:]:
        current = line[:14].strip() or (current if line else None)
        if current == label:
            found.append(line[14:])
    return found


SITE = """\
<include file="shop.zcml"/>
<include file="busters.zcml"/>
<staticView name="all" path="store:public"/>
<asset to_override="store:public/css/app.css" override_with="skin:brand/app.css"/>
<asset to_override="skin:brand/" override_with="client:css/"/>
<asset to_override="store:public/css/" override_with="skin:brand/"/>
<asset to_override="store:public/" override_with="skin:images/"/>
<cacheBuster path="store:public/css" digest="sha256"/>
<cacheBuster path="store:public" token="all"/>"""

EXPLAINED = """\
store:public/css/app.css

URL           /css/app-7ed0bc022e61.css
file          packages/client/css/app.css

static view   staticView 'css' of 'store:public/css'
              zcml/shop.zcml:2:1
  lost        staticView 'all' of 'store:public'
              zcml/site.zcml:4:1
              its root is shorter

search path   1. skin:images/css/app.css: missing
                 by asset 'store:public/' with 'skin:images/'
                    zcml/site.zcml:8:1
              2. client:css/app.css: chosen
                 by asset 'skin:brand/' with 'client:css/'
                    zcml/site.zcml:6:1
                    after asset 'store:public/css/', zcml/site.zcml:7:1
              3. skin:brand/app.css: exists
                 by asset 'store:public/css/' with 'skin:brand/'
                    zcml/site.zcml:7:1
              4. store:public/css/app.css: exists (the original)
              5. skin:brand/app.css: named above
                 by asset 'store:public/css/app.css' with 'skin:brand/app.css'
                    zcml/site.zcml:5:1

cache buster  cacheBuster 'store:public/css' digest="sha256"
              zcml/site.zcml:9:1
              app.css → app-7ed0bc022e61.css
  lost        cacheBuster 'store:public' token="all"
              zcml/site.zcml:10:1
              its path is shorter
  lost        cacheBuster 'store:public/css' token="v1"
              zcml/busters.zcml:2:1
              overridden by zcml/site.zcml:9:1

variants      br: not served: br is not among the view's content_encodings, 3 bytes
              packages/client/css/app.css.br
              gzip: served, 2 bytes
              packages/client/css/app.css.gz

answer        GET /css/app-7ed0bc022e61.css
              200 OK
              Content-Length: 3
              ETag: "7ed0bc022e61"
              Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT
              Content-Type: text/css; charset=utf-8
              Cache-Control: public, max-age=31536000, immutable
              Accept-Ranges: bytes
              X-Content-Type-Options: nosniff
              Vary: Accept-Encoding
"""


@pytest.fixture
def site(packages, zcml):
    packages(
        store={"public/css/app.css": "a{}", "public/css/app.css.gz": "1", "public/logo.png": "1"},
        skin={"brand/app.css": "b{}", "brand/app.css.gz": "22", "images/pot.png": "2"},
        client={"css/app.css": "c{}", "css/app.css.gz": "22", "css/app.css.br": "333"},
    )
    zcml.write('<staticView name="css" path="store:public/css" content_encodings="gzip"/>', "shop.zcml")
    zcml.write('<cacheBuster path="store:public/css" token="v1"/>', "busters.zcml")
    return zcml(SITE)


def test_an_explanation_names_all_that_decided_each_with_its_line(site, tmp_path):
    assert text_of(site.explain("store:public/css/app.css"), tmp_path) == EXPLAINED


def test_the_same_is_there_for_programs(site, tmp_path):
    told = json.loads(json.dumps(site.explain("store:public/css/app.css").as_dict()).replace(f"{tmp_path}/", ""))
    assert told["asked"] == told["spec"] == "store:public/css/app.css"
    assert told["problems"] == []
    assert (told["source_spec"], told["file"]) == ("client:css/app.css", "packages/client/css/app.css")
    assert told["url"] == told["answer"]["path"] == "/css/app-7ed0bc022e61.css"
    assert told["view"] == {
        "directive": "staticView",
        "name": "css",
        "path": "store:public/css",
        "cache_max_age": 3600,
        "permission": None,
        "content_encodings": ["gzip"],
        "index": "index.html",
        "reload": None,
        "follow_symlinks": None,
        "dotfiles": False,
        "immutable_names": [],
        "not_found": "",
        "single_page": "",
        "send": None,
        "headers": [],
        "origin": {"file": "zcml/shop.zcml", "line": 2, "column": 1},
    }
    assert [(other["name"], other["why"], other["winner"]) for other in told["other_views"]] == [
        ("all", "its root is shorter", None)
    ]
    assert [
        (step["spec"], step["state"], [via["origin"]["line"] for via in step["via"]]) for step in told["search_path"]
    ] == [
        ("skin:images/css/app.css", "missing", [8]),
        ("client:css/app.css", "chosen", [7, 6]),
        ("skin:brand/app.css", "exists", [7]),
        ("store:public/css/app.css", "exists", []),
        ("skin:brand/app.css", "named above", [5]),
    ]
    assert told["cache_buster"] == {
        "directive": "cacheBuster",
        "path": "store:public/css",
        "explicit": False,
        "buster": 'digest="sha256"',
        "origin": {"file": "zcml/site.zcml", "line": 9, "column": 1},
        "says": "app.css → app-7ed0bc022e61.css",
        "idle": "",
        "reads": None,
        "file": None,
    }
    assert [(each["buster"], each["why"]) for each in told["other_cache_busters"]] == [
        ('token="all"', "its path is shorter"),
        ('token="v1"', "overridden"),
    ]
    assert told["other_cache_busters"][1]["winner"] == told["cache_buster"]["origin"]
    assert [(each["coding"], each["size"], bool(each["fault"])) for each in told["variants"]] == [
        ("br", 3, True),
        ("gzip", 2, False),
    ]
    assert told["answer"]["status"] == "200 OK"
    assert ["Vary", "Accept-Encoding"] in told["answer"]["headers"]


@pytest.mark.parametrize(
    "asked",
    [
        "/css/app.css",
        "/css/app.css?x=1#top",
        "css/app.css",
        "/css/app-7ed0bc022e61.css",
        "/all/css/app.css",
        "http://localhost:8080/css/app.css",
        "store:public//css/./app.css",
    ],
)
def test_an_asset_may_be_asked_for_by_its_url_in_every_form_a_browser_sends(asked, site):
    explanation = site.explain(asked)
    assert (str(explanation.spec), str(explanation.source)) == ("store:public/css/app.css", "client:css/app.css")
    assert explanation.url == "/css/app-7ed0bc022e61.css"
    assert explanation.answer[0] == "200 OK"
    assert explanation.problems == []


def test_a_url_is_explained_by_the_view_that_answers_it_though_another_gives_the_asset_its_url(site, tmp_path):
    explanation = site.explain("/all/css/app.css")
    assert explanation.view.name == "all"
    assert [(passed.record.name, passed.why) for passed in explanation.other_views] == [
        ("css", "the asset's own URL is there")
    ]
    assert explanation.path == "/all/css/app.css"


@pytest.mark.parametrize(
    "asked, problem",
    [
        ("/css/app-000000000000.css", "the digest 000000000000 is not that of the asset as it is now"),
        ("/css/app.cs", "no layer has 'store:public/css/app.cs'; did you mean 'store:public/css/app.css'?"),
        ("/css/", "staticView 'css' does not serve it: it is a directory, and has no index.html"),
        ("/css/../x", "no public asset has such a name"),
        ("/css/%ff", "the path is not UTF-8: byte 0xff at 0"),
        ("/nowhere", "no static view answers this URL; there are 'all', 'css'"),
        ("https://elsewhere.example/css/app.css", "no static view answers this URL; there are 'all', 'css'"),
        ("http://[", "it is neither an asset spec nor a URL: Invalid IPv6 URL"),
        ("store:public/logo.pgn", "no layer has 'store:public/logo.pgn'; did you mean 'store:public/logo.png'?"),
        (
            "skin:brand/app.css",
            "no static view publishes 'skin:brand/app.css'; the nearest published roots are 'store:public/css/' "
            "(staticView 'css'), 'store:public/' (staticView 'all'); "
            'publish it: <staticView name="brand" path="skin:brand"/>',
        ),
        (
            "",
            "an asset spec is empty; 'package:path', '/absolute/path' or a relative path was expected",
        ),
        (
            "store:../x",
            "'store:../x' is not an asset spec: '..' is not followed; name the package that it leads into",
        ),
    ],
)
def test_what_nobody_can_be_served_is_explained_too(asked, problem, site):
    site.settings["application_url"] = "http://localhost"
    explanation = site.explain(asked)
    assert explanation.problems == [problem]
    assert str(explanation).startswith(f"{asked}\n\nproblem       {problem}")
    assert json.dumps(explanation.as_dict())


def test_an_asset_of_a_package_that_is_not_there_is_explained(site):
    assert site.explain("gone:logo.png").problems == [
        "no static view publishes 'gone:logo.png'; the nearest published roots are 'store:public/' (staticView 'all'), "
        "'store:public/css/' (staticView 'css')",
        "no layer has 'gone:logo.png': no such package (No module named 'gone')",
    ]


def test_an_explanation_never_raises_in_an_empty_registry():
    registry = AssetRegistry()
    assert registry.explain("/x").problems == ["no static view answers this URL: there is none"]
    assert registry.explain("os:x").problems[0] == "no static view publishes 'os:x'; nothing is published"


def test_who_mounts_the_application_asks_with_its_prefix(site):
    site.settings["application_url"] = "https://example.com/under"
    explanation = site.explain("https://EXAMPLE.com/under/css/app.css")
    assert explanation.url == "/under/css/app-7ed0bc022e61.css"
    assert (explanation.path, explanation.answer[0]) == ("/css/app.css", "200 OK")
    assert site.explain("store:public/css/app.css").answer[0] == "200 OK"


def test_an_asset_under_an_external_name_is_explained_and_its_answer_is_that_of_others(packages, zcml):
    packages(store={"images/cup 1.svg": "<svg/>"})
    registry = zcml('<staticView name="https://cdn.example.com/the store" path="store:images"/>')
    for asked in ("https://CDN.example.com/the%20store/cup%201.svg?v=2", "store:images/cup 1.svg"):
        explanation = registry.explain(asked)
        assert str(explanation.spec) == "store:images/cup 1.svg"
        assert explanation.url == "https://cdn.example.com/the%20store/cup%201.svg"
        assert part_of(explanation, "answer") == ["by others: the static view's name is external"]
    assert registry.explain("http://cdn.example.com/the%20store/cup%201.svg").view is None  # another scheme


def test_the_manifest_that_was_used_is_named(packages, tmp_path):
    packages(store={"static/app.css": "a{}", "static/app-1f.css": "a{}", "static/m.json": '{"app.css": "app-1f.css"}'})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_cache_buster("store:static", ManifestCacheBuster("store:static/m.json"))
    part = part_of(registry.explain("store:static/app.css"), "cache buster")
    assert part[0] == "cacheBuster 'store:static' manifest=\"store:static/m.json\""
    assert part[1].startswith(f"{__file__}:")
    assert part[2:] == ["app.css → app-1f.css", f"reads {tmp_path}/packages/store/static/m.json"]


def test_a_cache_buster_that_is_asked_in_vain_says_why(packages):
    packages(store={"static/app.css": "a{}", "static/favicon.ico": "1"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_static_file("favicon.ico", "store:static/favicon.ico")
    registry.add_cache_buster("store:static", DigestCacheBuster())
    assert part_of(registry.explain("/favicon.ico"), "cache buster")[-1] == "does nothing: a staticFile keeps its name"
    registry.settings["prevent_cachebust"] = "true"
    assert part_of(registry.explain("/static/app.css"), "cache buster")[-1] == (
        "does nothing: the setting 'prevent_cachebust' turns all cache busters off"
    )


def test_a_cache_buster_that_fails_is_a_problem_and_no_traceback(packages):
    packages(store={"static/app.css": "a{}"})

    def broken(request, subpath, kw):
        raise RuntimeError("no token today")

    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_cache_buster("store:static", broken)
    explanation = registry.explain("store:static/app.css")
    assert explanation.problems == ["it has no URL: RuntimeError: no token today"]
    assert part_of(explanation, "cache buster")[-1] == "raises RuntimeError: no token today"


def test_an_explicit_cache_buster_goes_before_the_most_specific_path(packages):
    packages(store={"static/css/app.css": "a{}"}, skin={"css/app.css": "b{}"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.override_asset("store:static/css/", "skin:css/")
    registry.add_cache_buster("skin:css", QueryStringConstantCacheBuster("skin"), explicit=True)
    registry.add_cache_buster("store:static/css", QueryStringConstantCacheBuster("store"))
    explanation = registry.explain("store:static/css/app.css")
    assert part_of(explanation, "cache buster")[0] == "cacheBuster 'skin:css' (explicit) token=\"skin\""
    assert [passed.why for passed in explanation.other_bustings] == ["an explicit one goes first"]


def test_what_a_later_call_replaced_is_named_with_its_line(packages):
    packages(store={"static/a.css": "1"}, skin={"static/a.css": "2"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_static_view("static", "skin:static")
    explanation = registry.explain("/static/a.css")
    assert str(explanation.spec) == "skin:static/a.css"
    (lost,) = explanation.other_views
    assert (str(lost.record.root), lost.why) == ("store:static", "replaced")
    assert (lost.winner.origin.file, lost.winner.origin.line) == (__file__, lost.record.origin.line + 1)


def test_of_two_views_with_one_root_the_earlier_call_says_that_it_is_the_earlier(packages):
    packages(store={"static/a.css": "1"})
    registry = AssetRegistry()
    registry.add_static_view("one", "store:static")
    registry.add_static_view("two", "store:static")
    explanation = registry.explain("store:static/a.css")
    assert explanation.url == "/two/a.css"
    assert [(passed.record.name, passed.why) for passed in explanation.other_views] == [
        ("one", "declared by an earlier load or call")
    ]


def test_a_url_that_a_view_with_a_longer_name_answers_is_a_problem(packages):
    packages(store={"static/images/cup.svg": "1"}, skin={"images/cup.svg": "2"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_static_view("static/images", "skin:images")
    assert registry.explain("store:static/images/cup.svg").problems == [
        "its URL is answered by staticView 'static/images', which has the longer name"
    ]


@pytest.mark.parametrize(
    "name, content, change, fault",
    [
        ("app.css.gz", "11", 0, ""),
        ("app.css.gz", "11", -2, ""),  # the clock of a FAT file system is as coarse
        ("app.css.gz", "11", -60, "it is 60.0 seconds older than its asset"),
        ("app.css.gz", "", 0, "it is empty"),
        ("app.css.gz/", "", 0, "it is no regular file"),
        ("app.css.zst", "11", 0, "zstd is not among the view's content_encodings"),
    ],
)
def test_a_variant_that_is_not_served_says_why(name, content, change, fault, packages):
    directory = packages(store={"static/app.css": "a{}", f"static/{name}": content})
    path = directory / "store" / "static" / name
    os.utime(path, (NEW_YEAR + change, NEW_YEAR + change))
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static", content_encodings=["gzip"])
    assert [variant.fault for variant in registry.explain("store:static/app.css").variants] == [fault]


@pytest.mark.parametrize(
    "path, refusal",
    [
        (".secret", "its name is not public: a dotfile, program source, or a name some system reads otherwise"),
        ("view.py", "its name is not public: a dotfile, program source, or a name some system reads otherwise"),
        ("link", "a link leaves the root (to '{outside}'); follow_symlinks=\"yes\" would serve it"),
        (
            "other",
            "a link leads into another static view (to '{root}/inner/a.css'); follow_symlinks=\"yes\" would serve it",
        ),
    ],
)
def test_a_file_that_exists_and_is_not_served_says_why(path, refusal, packages, tmp_path):
    directory = packages(store={"static/.secret": "1", "static/view.py": "1"})
    (tmp_path / "outside").write_text("1")
    root = directory / "store" / "static"
    (root / "link").symlink_to(tmp_path / "outside")
    write_tree(root, {"inner/a.css": "x", "other": "-> inner/a.css"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_static_view("inner", "store:static/inner")
    refusal = refusal.format(outside=tmp_path / "outside", root=root)
    explanation = registry.explain(f"store:static/{path}")
    assert explanation.problems == [f"staticView 'static' does not serve it: {refusal}"]
    assert explanation.answer[0] == "404 Not Found"


def test_a_permission_is_named_with_its_policy_and_the_answer_is_that_to_who_has_it(packages):
    class Nobody:
        def permits(self, request, context, permission):
            return False

    packages(store={"static/app.css": "a{}"})
    registry = AssetRegistry()
    registry.add_permission_policy(Nobody)
    registry.add_static_view("static", "store:static", permission="manage")
    explanation = registry.explain("store:static/app.css")
    part = part_of(explanation, "permission")
    assert part[0] == "'manage'; the answer below is that to somebody who has it"
    assert part[1].startswith("permissionPolicy ")
    assert part[1].endswith(".Nobody")
    assert explanation.answer[0] == "200 OK"
    assert ("Cache-Control", "private, max-age=3600") in explanation.answer[1]


def test_the_url_of_a_directory_explains_its_index(packages):
    packages(store={"static/docs/index.html": "<p>"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    explanation = registry.explain("/static/docs/")
    assert (str(explanation.spec), explanation.answer[0]) == ("store:static/docs/index.html", "200 OK")
    assert explanation.problems == []


def test_the_root_view_leaves_to_the_application_what_it_does_not_have(packages):
    packages(store={"static/robots.txt": "x"})
    registry = AssetRegistry()
    registry.add_static_view("", "store:static")
    assert registry.explain("/robots.txt").problems == []
    assert registry.explain("/cart").problems == [
        "no layer has 'store:static/cart'",
        "the static view '/' leaves it to the application",
    ]


def test_an_absolute_path_below_a_published_one_is_a_spec(tmp_path):
    (tmp_path / "a.css").write_text("a{}")
    registry = AssetRegistry()
    registry.add_static_view("media", str(tmp_path))
    explanation = registry.explain(f"{tmp_path}/a.css")
    assert (explanation.url, explanation.file) == ("/media/a.css", f"{tmp_path}/a.css")


def test_nothing_a_terminal_acts_on_is_printed(packages):
    assert "\x1b" not in str(AssetRegistry().explain("/\x1b[31mred"))


# Pages.


def page(request):
    return "page"


def passed(explanation):
    return [(str(each.record), each.why) for each in explanation.other_pages]


def test_a_page_says_which_view_and_route_answer_it_and_what_was_matched():
    registry = AssetRegistry(settings={"application_url": "https://example.com/shop"})
    registry.add_route("item", "/item/{id:[0-9]+}/*rest", view=page)
    registry.add_view(page, route_name="item", request_method="POST")
    explanation = registry.explain("https://example.com/shop/item/7/caf%C3%A9/x?from=mail")
    assert part_of(explanation, "view")[0] == f"view of route 'item' {__name__}.page"
    assert part_of(explanation, "route")[0] == "route 'item' of '/item/{id:[0-9]+}/*rest'"
    assert part_of(explanation, "route")[2:] == ["id = '7'", "rest = ('caf\N{LATIN SMALL LETTER E WITH ACUTE}', 'x')"]
    assert passed(explanation) == [("view of route 'item' POST", "it is for POST")]
    assert explanation.problems == []
    assert json.loads(json.dumps(explanation.as_dict()))["page"]["matchdict"] == {
        "id": "7",
        "rest": ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "x"],
    }
    assert registry.explain("item/7/").page is explanation.page


def test_a_page_names_what_it_replaced_also_when_python_did():
    registry = AssetRegistry()
    registry.add_view(page, "about")
    registry.add_route("item", "/item", view=page)
    registry.add_route("item", "/item/{id}")
    registry.add_view(len, "about")
    assert passed(registry.explain("/about")) == [("view 'about'", "replaced")]
    assert passed(registry.explain("/item/7")) == [("route 'item'", "replaced")]
    assert registry.explain("/item").problems[0].startswith("no static view answers this URL: there is none; no route")


def test_a_protected_page_names_the_permission_and_the_policy():
    class Nobody:
        def permits(self, request, context, permission):
            return False

    registry = AssetRegistry()
    registry.add_permission_policy(Nobody)
    registry.add_view(page, "office", permission="manage")
    part = part_of(registry.explain("/office"), "permission")
    assert part[0] == "'manage'"
    assert part[1].endswith(".Nobody")


def test_a_page_that_nobody_can_get_says_what_it_takes():
    registry = AssetRegistry()
    registry.add_route("order", "/order", view=page, request_method="POST")
    explanation = registry.explain("/order")
    assert explanation.problems == ["it is no page to GET: it takes POST"]
    assert passed(explanation) == [("route 'order'", "it takes only POST")]


def test_an_asset_behind_a_route_says_so_from_both_sides(packages):
    packages(store={"static/app.css": "a{}"})
    registry = AssetRegistry()
    registry.add_static_view("static", "store:static")
    registry.add_route("page", "/*path", view=page)
    told = "its URL is answered by route 'page': routes and views go before static views"
    assert registry.explain("store:static/app.css").problems == [told]
    explanation = registry.explain("/static/app.css")
    assert str(explanation.page) == "view of route 'page'"
    assert passed(explanation) == [("staticView 'static'", "routes and views go before static views")]
    assert passed(registry.explain("/static/none.css")) == []


def test_a_misspelt_page_says_what_may_be_meant():
    registry = AssetRegistry()
    registry.add_view(page, "about")
    assert registry.explain("/abuot").problems == [
        "no static view answers this URL: there is none; no route or view does, either; did you mean '/about'?"
    ]
