"""The directive `frozen`: the rules of the setting, told at the load, with the place."""

import gc
import itertools
import os
import shutil
import sys

import pytest

from assetzcml import AssetRegistry, ConfigurationError, DigestCacheBuster, NotPublished
from assetzcml.publishing.freeze import freeze
from assetzcml.reports.listing import listed_data
from checking import check_site
from documents import write_tree
from serving import clients


@pytest.fixture(autouse=True)
def closed():
    """A map holds a descriptor as long as its registry lives; other tests count descriptors."""
    yield
    gc.collect()


class Policy:
    def permits(self, request, context, permission):
        return request.headers.get("X-User") == "me"


SHOP = "frozenshop"
FILES = {"static/a.css": "a{}" * 300, "static/i/index.html": "<p>", "secret/b.css": "b{}"}


def site():
    registry = AssetRegistry()
    registry.add_permission_policy(Policy())
    registry.add_static_view("static", f"{SHOP}:static", headers={"X-Own": "1"})
    registry.add_static_view("secret", f"{SHOP}:secret", permission="view")
    registry.add_cache_buster(f"{SHOP}:static", DigestCacheBuster())
    return registry


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Made once, of sources that are gone: a release has nothing of the place where it was made."""
    home = tmp_path_factory.mktemp("release")
    write_tree(home / SHOP, {"__init__.py": "", **FILES})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(home)
        freeze(site(), home / "build", plain=True, codings=["gzip"])
        sys.modules.pop(SHOP, None)
    shutil.rmtree(home / SHOP)
    return home / "build"


@pytest.fixture
def shop(package):
    return package(FILES, name=SHOP)


@pytest.fixture
def sources(shop):
    return site()


@pytest.fixture
def build(release, shop, tmp_path):
    return shutil.copytree(release, tmp_path / "build", symlinks=True)


def problems(call, *arguments, **options):
    with pytest.raises(ConfigurationError) as error:
        call(*arguments, **options)
    return [(problem.code, problem.headline, problem.hint) for problem in error.value.problems]


@pytest.fixture
def served(zcml, build):
    registry = zcml(f'<frozen manifest="{build}"/>')
    registry.add_permission_policy(Policy())
    return registry


PATHS = [
    "/static/a.css",
    "/static/i",
    "/static/i/",
    "/static/gone",
    "/static/%ff",
    "/static/..%2fa",
    "/secret/b.css",
    "/",
]
ASKED = [
    {}, {"Range": "bytes=1-3"}, {"Range": "bytes=9999-"}, {"If-None-Match": "*"}, {"If-Match": '"x"'}, {"X-User": "me"},
    {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity;q=0"},
]  # fmt: skip


def said(answer):
    """What an answer says, but for what only a file has, a time, and for its coding, of which the sources have none."""
    names = ("last-modified", "vary", "etag", "content-length", "content-encoding")
    headers = sorted((name.lower(), value) for name, value in answer.headers if name.lower() not in names)
    return answer.status, headers


@pytest.mark.parametrize("path", PATHS)
def test_the_sources_and_the_release_answer_alike_under_wsgi_and_asgi(path, served, sources):
    url = path
    for method, headers in itertools.product(["GET", "HEAD", "POST"], ASKED):
        answers = [
            getattr(clients, f"ask_{interface}")(registry, url, method, headers)
            for registry in (served, sources)
            for interface in ("wsgi", "asgi")
        ]
        frozen, frozen_asgi, source, _ = answers
        lower = sorted((name.lower(), value) for name, value in frozen.headers)
        assert (frozen.status, lower, frozen.body) == (
            frozen_asgi.status,
            sorted(frozen_asgi.headers),
            frozen_asgi.body,
        )
        if "Accept-Encoding" not in headers:
            assert (frozen.status, frozen.body) == (source.status, source.body), (method, headers)
        assert said(frozen) == said(source), (method, headers)


def test_urls_come_from_the_manifest_with_the_sources_gone(served, sources, shop, package):
    url = sources.static_path(f"{shop}:static/a.css")
    shutil.rmtree(package.directory / shop)
    assert served.static_path(f"{shop}:static/a.css") == url
    assert clients.ask_wsgi(served, url).status == clients.ask_asgi(served, url).status == 200
    assert served.integrity(f"{shop}:static/a.css").startswith("sha384-")
    with pytest.raises(NotPublished, match="the frozen release"):
        served.static_path(f"{shop}:static/gone.css")


def test_python_says_the_same_and_what_was_answered_before_is_forgotten(build, sources, shop, package):
    sources.static_path(f"{shop}:static/a.css")
    assert clients.ask_wsgi(sources, "/static/a.css").status == 200
    sources.add_frozen(build)
    shutil.rmtree(package.directory / shop)
    assert clients.ask_wsgi(sources, "/static/a.css").status == 200
    assert sources.static_path(f"{shop}:static/a.css").startswith("/static/a-")


def test_a_manifest_names_one_release_whatever_the_directory_serves(zcml, build, sources, shop, package):
    release = os.path.basename(os.readlink(build / "current"))
    (package.directory / shop / "static/a.css").write_text("other")
    freeze(sources, build, plain=True)
    registry = zcml(f'<frozen manifest="{build}/generations/{release}.json"/>')
    assert clients.ask_wsgi(registry, "/static/a.css").body == b"a{}" * 300


@pytest.mark.parametrize("harm", ["index", "json", "cut"])
def test_a_release_that_is_lost_or_damaged_is_an_error_of_the_load_with_its_place(harm, zcml, build):
    (release,) = (path.stem for path in (build / "generations").glob("*.json"))
    path = build / f"generations/{release}.{'index' if harm == 'cut' else harm}"
    if harm == "cut":
        os.truncate(path, 40)
    else:
        path.unlink()
    ((code, headline, _),) = problems(zcml, f'<frozen manifest="{build}"/>')
    assert code == "A133"
    assert "site.zcml:2:19: frozen: " in headline
    assert str(path) in headline
    assert "freeze again" in headline


def test_a_load_that_fails_leaves_the_registry_as_it_was(zcml, sources, shop):
    path = zcml.write('<frozen manifest="/nowhere"/>', name="two.zcml")
    before = sources.snapshot
    assert problems(sources.load_zcml, path)[0][0] == "A133"
    assert sources.snapshot is before
    assert clients.ask_wsgi(sources, "/static/a.css").status == 200


def test_two_in_one_file_are_a_conflict_and_who_includes_another_decides(zcml, build):
    with pytest.raises(ConfigurationError) as error:
        zcml(f'<frozen manifest="{build}"/><frozen manifest="{build}/generations"/>')
    assert "frozen" in str(error.value)
    zcml.write('<frozen manifest="/nowhere"/>', name="base.zcml")
    registry = zcml(f'<include file="base.zcml"/><frozen manifest="{build}"/>')
    assert clients.ask_wsgi(registry, "/static/a.css").status == 200


def test_another_release_in_the_setting_is_an_error_and_the_same_is_none(zcml, build, tmp_path):
    shutil.copytree(build, tmp_path / "other", symlinks=True)
    ((code, headline, hint),) = problems(
        zcml, f'<frozen manifest="{build}"/>', settings={"frozen": str(tmp_path / "other")}
    )
    assert (code, hint) == ("A133", "leave one of them out")
    assert f"the setting 'frozen' is '{tmp_path / 'other'}', and both cannot be served" in headline
    registry = zcml(f'<frozen manifest="{build}"/>', settings={"frozen": str(build)})
    assert clients.ask_wsgi(registry, "/static/a.css").status == 200


@pytest.mark.parametrize("manifest", ["build", "", "./x/generations/a.json"])
def test_a_relative_path_is_refused_in_zcml_and_python(manifest, zcml):
    ((_, headline, _),) = problems(zcml, f'<frozen manifest="{manifest}"/>')
    assert f"'{manifest}' is not the absolute path of a manifest" in headline
    ((_, headline, _),) = problems(AssetRegistry().add_frozen, manifest)
    assert f"'{manifest}' is not the absolute path of a manifest" in headline


def test_it_is_listed_explained_and_checked(served, build, shop, tmp_path):
    assert [each["manifest"] for each in listed_data(served, ["releases"])["releases"]] == [str(build)]
    url = served.static_path(f"{shop}:static/a.css")
    release = os.path.basename(os.readlink(build / "current"))
    for asked in (url, "/static/a.css", f"{shop}:static/a.css", f"http://localhost{url}?x=1"):
        told = str(served.explain(asked))
        assert f"frozen        release {release[:12]}, {build}/generations/{release}.json" in told
        assert f"source        {shop}:static/a.css\ndecided by    " in told
        assert "headers       Content-Type: text/css; charset=utf-8\n" in told
        assert "900 bytes, gzip " in told
    assert "immutable" in str(served.explain(url))
    assert "immutable" not in str(served.explain("/static/a.css"))
    for asked in ("/static/gone", "/", f"{shop}:static/gone.css"):
        assert f"problem       the frozen release {release[:12]} has nothing there" in str(served.explain(asked))
    assert served.explain(url).as_dict()["frozen"]["asset"]["object"]
    text = f'<frozen manifest="{build}"/>'
    assert check_site(tmp_path / "site", text)[1] == []
    assert [finding.code for finding in check_site(tmp_path / "site", '<frozen manifest="/nowhere"/>')[1]] == ["A133"]
