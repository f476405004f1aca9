"""The other story of the README: pages. The theme changes the shop's pages without touching it, and a browser sees it."""

import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from webtest import TestApp

from assetzcml import load_zcml
from chromium import CHROMIUM, document_at
from shop.app import plain, render


@pytest.fixture(scope="module")
def shop():
    return TestApp(load_zcml("shop:configure.zcml").make_app())


@pytest.fixture(scope="module")
def theme():
    return TestApp(load_zcml("theme:configure.zcml").make_app())


def heading(page):
    return re.search("<h1>(.*?)</h1>", page.text)[1]


def footer(page):
    return re.sub("<[^>]+>|·", "", re.search("<footer>(.*?)</footer>", page.text, re.S)[1]).split()


@pytest.mark.parametrize(
    "what, path, alone, themed",
    [
        ("what the theme does not speak of is the shop's", "/", "The shop", "The shop"),
        ("one view is replaced", "/about", "About the shop", "About us"),
        ("one route is inserted before another, which has its path, too", "/items/best", None, "What most people take"),
        ("the other route is still there", "/items/cup", "A cup", "A cup"),
        ("the views of the shop decide what there is", "/items/spoon", None, None),
        ("one file is left out", "/offers", "Offers", None),
        ("one page is added", "/imprint", None, "Imprint"),
        ("the back office has its own", "/admin/", "Back office", "Back office"),
    ],
)
def test_the_theme_changes_what_it_names_and_nothing_else(what, path, alone, themed, shop, theme):
    for client, expected in ((shop, alone), (theme, themed)):
        if expected is None:
            client.get(path, status=404)
        else:
            assert heading(client.get(path, status=200)) == expected


@pytest.mark.parametrize("path", ["/", "/about", "/items/cup"])
def test_one_block_of_every_template_is_the_themes(path, shop, theme):
    assert footer(shop.get(path)) == ["The", "shop,", "1", "Market", "Street"]
    links = ["What", "most", "people", "take", "Imprint"]
    assert footer(theme.get(path)) == [
        *["Green,", "and", "still", "the", "shop", "at", "1", "Market", "Street"],
        *links,
    ]


def test_the_pages_of_the_theme_show_assets_through_the_same_overrides(theme):
    for path in ("/about", "/items/best", "/items/cup", "/imprint"):
        page = theme.get(path)
        assert re.search(r'src="http://localhost/static/~[0-9a-f]{12}/logo.png"', page.text)
        for url in re.findall(r'(?:href|src)="(http://localhost/[^"]*)"', page.text):
            assert theme.get(url).status_code == 200


def test_a_value_in_a_template_is_escaped():
    registry = load_zcml("shop:configure.zcml")
    registry.add_view(lambda request: render(request, "shop:templates/text.html", title="<b>", text="&"), "raw")
    page = TestApp(registry.make_app()).get("/raw")
    assert (heading(page), "<p>&amp;</p>" in page.text) == ("&lt;b&gt;", True)


def rows(page):
    return [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr>(<td>.*?)</tr>", page.text)]


def test_a_page_says_of_each_asset_which_file_it_is_and_which_line_decided_so(shop, theme):
    assert ["shop:static/logo.png", "shop:static/logo.png", "shop/static.zcml, line 3"] in rows(shop.get("/"))
    decided = rows(theme.get("/"))
    assert ["shop:static/logo.png", "theme:brand/logo.png", "theme/overrides.zcml, line 3"] in decided
    assert ["shop:static/images/pot.svg", "shop:static/images/pot.svg", "shop/static.zcml, line 3"] in decided
    assert [row[0] for row in decided] == list(dict.fromkeys(row[0] for row in decided))


def test_the_demo_shows_each_page_with_and_without_the_theme_and_every_link_of_it_leads_somewhere():
    registry = load_zcml("theme:configure.zcml")
    demo = TestApp(registry.make_app(plain(registry)))
    seen, waiting = set(), {"/"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        page = demo.get(path)
        while page.status_code in (301, 302):
            page = page.follow()
        assert page.status_code == 200, path
        found = (
            re.findall(r'(?:href|src)="(?:http://localhost)?(/[^"]*)"', page.text)
            if "html" in page.content_type
            else []
        )
        waiting |= {url.partition("?")[0] for url in found} - seen
    assert {"/about", "/plain/about", "/items/best", "/imprint", "/admin/", "/plain/admin/", "/plain/items/cup"} <= seen
    assert footer(demo.get("/plain/about")) == ["The", "shop,", "1", "Market", "Street"]
    assert demo.get("/plain/imprint").location == "http://localhost/plain/"  # a page that only the theme has
    demo.get("/nothing", status=404)
    assert demo.get("/admin").location == "http://localhost/admin/"


def test_the_shop_is_as_its_authors_left_it(checkout):
    told = "\n".join(path.read_text(encoding="utf-8") for path in (checkout / "examples/shop").rglob("*.zcml"))
    assert "theme:" not in told
    assert 'package="theme"' not in told


# In a browser.


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(application):
    """The address of *application*, served on a free port."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


MEASURE = """<script>addEventListener("load", () => {
  const logo = document.querySelector("img.logo");
  document.title = [logo.naturalWidth > 0, getComputedStyle(document.body).color].join(" ");
});</script>"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A mapping from paths to documents: those of the theme, as Chromium has them once their scripts have run."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on the path")
    profiles = tmp_path_factory.mktemp("profiles")

    def dom(url):
        profile = profiles / re.sub("[^a-z]+", "-", url)  # a new one for each: two browsers do not share it
        return document_at(url, profile)

    registry = load_zcml("theme:configure.zcml")
    registry.add_view(lambda request: render(request, "shop:templates/page.html") + MEASURE, "measured")
    paths = ["/", "/about", "/items/best", "/imprint", "/offers", "/measured"]
    with serving(registry.make_app()) as address, ThreadPoolExecutor(3) as pool:
        return dict(zip(paths, pool.map(dom, [address + path for path in paths]), strict=True))


@pytest.mark.whole
def test_a_browser_runs_the_script_that_the_home_page_has_asked_for(browser):
    assert "<h1>The shop</h1>" in browser["/"]
    assert re.search(r'title="/static/~[0-9a-f]{12}/logo.png"', browser["/"])


@pytest.mark.whole
def test_a_browser_follows_the_theme_from_page_to_page(browser):
    assert "<h1>About us</h1>" in browser["/about"]
    assert "<h1>What most people take</h1>" in browser["/items/best"]
    assert "<h1>Imprint</h1>" in browser["/imprint"]
    assert "404 Not Found" in browser["/offers"]
    assert all("Green, and still the shop" in browser[path] for path in ("/", "/about", "/items/best", "/imprint"))


@pytest.mark.whole
def test_a_browser_draws_the_logo_and_the_colours_of_the_theme(browser):
    assert "<title>true rgb(20, 83, 45)</title>" in browser["/measured"]
