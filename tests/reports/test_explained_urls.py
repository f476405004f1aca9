"""What `static_path` gives, `explain` explains: the same URL, with the static view and the cache buster that made it."""

import json
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_explaining import part_of

from assetzcml import AssetRegistry, ConfigurationError, DigestCacheBuster, ManifestCacheBuster, load_zcml
from assetzcml import QueryStringConstantCacheBuster as Constant
from assetzcml.errors import NotPublished
from documents import write_tree

HEAD = '<configure xmlns="http://namespaces.assetzcml.org/assets">'


def test_the_cache_buster_of_an_overridden_bundle_is_told(package, tmp_path):
    package({"b.css": "b{}", "h6.zcml": f'''{HEAD}
  <environment directory="{tmp_path}/out" url="/out" manifest="json"/>
  <bundle name="all" contents="told_shop:b.css" output="all.css"/>
  <asset to_override="told_shop:all.css" override_with="told_theme:css/all.css"/>
  <staticView name="theme" path="told_theme:css"/>
  <cacheBuster path="told_theme:css" token="v1"/>
</configure>'''}, name="told_shop")  # fmt: skip
    package({"css/all.css": "t{}"}, name="told_theme")
    registry = load_zcml("told_shop:h6.zcml")
    told = registry.explain("told_shop:all.css")
    assert registry.static_path("told_shop:all.css") == told.url == "/theme/all.css?x=v1"
    assert told.view.name == "theme"
    assert told.busting.record.wording == 'token="v1"'
    assert part_of(told, "static view")[1].endswith("h6.zcml:5:3")
    assert part_of(told, "cache buster")[1].endswith("h6.zcml:6:3")
    assert told.problems == []


ASSETS = ["static/a.css", "static/css/b.css", "static/missing.css", "static", "gen/all.css", "skin/a.css"]
BUNDLES = ["", 'url="/out"', 'url_expire="true"', 'url_expire="false"']
PLACES = ["static", "static/css", "skin", "out", "static/a.css", "gen/all.css"]
BUSTERS = {
    "token": lambda name: Constant("v1"),
    "digest": lambda name: DigestCacheBuster(),
    "manifest": lambda name: ManifestCacheBuster(f"{name}:manifest.json"),
    "own": lambda name: lambda request, subpath, kw: (f"own/{subpath}", kw),
    "failing": lambda name: failing,
}


def failing(request, subpath, kw):
    raise LookupError("no version")


views = st.lists(
    st.tuples(st.sampled_from(["a", "b", "", "https://cdn.test/c"]), st.sampled_from(PLACES[:4])),
    unique_by=lambda view: view[0],
    min_size=1,
    max_size=4,
)
files = st.lists(st.sampled_from(["static/a.css", "skin/a.css"]), unique=True, max_size=1)
busters = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(sorted(BUSTERS)), st.booleans()),
    unique_by=lambda buster: (buster[0], buster[2]),
    max_size=4,
)
overrides = st.lists(
    st.sampled_from([("static/a.css", "skin/a.css"), ("static/", "skin/"), ("gen/all.css", "skin/a.css")]), max_size=2
)


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """A package whose bytes and manifest never change."""
    directory = tmp_path_factory.mktemp("explained")
    name = "explained_urls"
    files = {"static/a.css": "a", "static/css/b.css": "b", "skin/a.css": "a"}
    manifest = {"a.css": "a-1f.css", "css/b.css": "css/b-1f.css"}
    write_tree(directory / name, {"__init__.py": "", "manifest.json": json.dumps(manifest), "out/x": "", **files})
    sys.path.insert(0, str(directory))
    yield name
    sys.path.remove(str(directory))
    sys.modules.pop(name, None)


def registry_of(name, out, views, files, busters, overrides, bundle, prevented):
    registry = AssetRegistry(settings={"prevent_cachebust": prevented})
    if bundle:
        site = out / f"{BUNDLES.index(bundle)}.zcml"
        site.write_text(
            f'{HEAD}<environment directory="{name}:out" {bundle} manifest="false"/>'
            f'<bundle name="all" contents="{name}:static/a.css" output="gen/all.css"/></configure>'
        )
        registry.load_zcml(site)
    for target, source in overrides:
        registry.override_asset(f"{name}:{target}", f"{name}:{source}")
    for view, path in views:
        registry.add_static_view(view, f"{name}:{path}")
    for path in files:
        registry.add_static_file(os.path.basename(path), f"{name}:{path}")
    for path, kind, explicit in busters:
        registry.add_cache_buster(f"{name}:{path}", BUSTERS[kind](name), explicit)
    return registry


@given(
    views=views,
    files=files,
    busters=busters,
    overrides=overrides,
    bundle=st.sampled_from(BUNDLES),
    prevented=st.booleans(),
    asset=st.sampled_from(ASSETS),
)
def test_explain_has_the_url_of_static_path_and_what_made_it(
    explained, tmp_path_factory, views, files, busters, overrides, bundle, prevented, asset
):
    out = tmp_path_factory.getbasetemp()
    registry = registry_of(explained, out, views, files, busters, overrides, bundle, prevented)
    spec = f"{explained}:{asset}"
    try:
        url, error = registry.static_path(spec), None
    except (NotPublished, LookupError, ConfigurationError) as raised:
        url, error = None, raised
    told = registry.explain(spec)
    assert told.url == url
    if isinstance(error, LookupError) and not isinstance(error, ConfigurationError):
        assert told.busting.says == "raises LookupError: no version"
    if url is None:
        assert told.problems
        return
    assert url.startswith(told.view.name if told.view.external else f"/{told.view.name}")
    at_work = told.busting is not None and not told.busting.idle
    assert at_work or all(mark not in url for mark in ("x=v1", "own/", "-1f.css", "a-ca978112ca1b.css"))
    if at_work:
        assert not prevented
        assert told.busting.says == "changes nothing" or any(
            part.strip("?") in url
            for part in told.busting.says.replace(" \N{RIGHTWARDS ARROW} ", ", ").split(", ")[-1:]
        )
