"""What `assetzcml check` says of bundles; the example of each rule is in docs/checks.rst. Nothing is built for it."""

import pytest

from checking import check_site

SHOP = '<environment directory="shop:static" url="/static"/>'
NO_SOURCES = '<environment directory="shop:static" url="/static" auto_build="false"/>'
ADDED = '<bundleContents bundle="a" contents="{}"/>'
BUNDLE = '<bundle name="a" contents="reset.css" output="gen/a.css"/>'
UNPUBLISHED = (
    '<environment directory="mine:out"/><bundle name="a" contents="shop:static/reset.css" output="gen/a.css"/>'
)


@pytest.fixture
def findings(tmp_path):
    """A function that checks a small site: code and column of the place of each finding."""

    def found(text, files=None):
        return [(f.code, f.origin.column) for f in check_site(tmp_path / "site", text, files)[1]]

    return found


@pytest.fixture
def codes(findings):
    return lambda text, files=None: [code for code, _ in findings(text, files)]


@pytest.mark.parametrize(
    "text, expected",
    [
        (SHOP + BUNDLE, []),
        (SHOP + BUNDLE.replace("reset.css", "shop:static/x.css"), ["A050"]),
        (SHOP + BUNDLE.replace("reset.css", "x.css"), ["A050"]),
        (SHOP + BUNDLE + ADDED.format("x.css"), ["A050"]),  # somebody else's
        (NO_SOURCES + BUNDLE.replace("reset.css", "x.css"), []),  # nothing is built here
        (SHOP + BUNDLE.replace("reset.css", "*.css"), []),
        (SHOP + BUNDLE.replace("reset.css", "x*.css"), ["A052"]),
        (SHOP + BUNDLE.replace("reset.css", "app.css *pp.css"), []),  # what was there already is matched all the same
        (SHOP + BUNDLE + ADDED.format("shop:static/x/*.css"), ["A052"]),
        (NO_SOURCES + BUNDLE.replace("reset.css", "x*.css"), []),
        (SHOP + BUNDLE + '<bundle name="b" contents="gen/*.css" output="b.css"/>', []),  # what another one writes
        (BUNDLE.replace("reset.css", "x*.css"), ["A057"]),  # nobody says where sources and outputs are
        (SHOP + '<bundle name="a" output="gen/a.css"/>', ["A053"]),
        (SHOP + '<bundle name="a"/>', ["A053"]),
        (SHOP + '<bundle name="a" output="gen/a.css"/>' + ADDED.format("reset.css"), []),  # a place to add to
        (SHOP + '<bundle name="a" contents="reset.css"/>', []),  # it has the URLs of its sources
        (SHOP + '<bundle name="a" contents="reset.css" filters="cssrewrite"/>', ["A054"]),
        (SHOP + '<bundle name="a" filters="cssrewrite"/>' + ADDED.format("reset.css"), ["A054"]),
        (
            SHOP + '<bundle name="a" contents="reset.css" filters="cssrewrite"/>'
            '<bundle name="all" contents="a" output="gen/all.css"/>',
            [],
        ),
        (
            SHOP + BUNDLE + '<bundle name="all" contents="a" filters="cssrewrite"/>',
            ["A002"],
        ),  # two contents of one output
        (UNPUBLISHED, ["A055"]),
        ('<environment directory="mine:out"/>', []),  # nothing is written there
        (UNPUBLISHED + '<staticView name="s" path="mine:out"/>', []),
        (UNPUBLISHED + '<staticView name="s" path="mine:out/gen"/>', []),
        (UNPUBLISHED + '<staticView name="s" path="mine:out/img"/>', ["A055", "A033"]),
        (UNPUBLISHED + '<staticView name="https://cdn.test/" path="mine:out"/>', []),
        (UNPUBLISHED.replace("<bundle ", '<environment url="/x"/><bundle '), []),
    ],
)
def test_a_bundle_has_these_findings(text, expected, codes):
    assert codes(text, {"mine/out/gen/": "", "mine/out/img/": ""}) == expected


OVERRIDDEN = '<asset to_override="shop:gen/shop.css" override_with="mine:shop.css"/>'


@pytest.mark.parametrize(
    "text, files, expected",
    [
        ('<include package="theme" file="bundles.zcml"/>' + OVERRIDDEN, {"mine/shop.css": "x"}, ["A056"]),
        ('<include package="shop" file="bundles.zcml"/>' + OVERRIDDEN, {"mine/shop.css": "x"}, []),  # as it is meant
        # The override supplies nothing, so the bundle is in force.
        ('<include package="theme" file="bundles.zcml"/>' + OVERRIDDEN, {"mine/x.css": "x"}, ["A020"]),
    ],
)
def test_what_is_added_to_a_bundle_that_an_override_replaces_is_a_finding(text, files, expected, codes):
    assert codes(text, files) == expected


def test_a_finding_stands_at_the_attribute(findings):
    text = SHOP + '\n<bundle name="a" contents="x*.css" output="gen/a.css"/>\n<bundle name="b"/>'
    assert findings(text) == [("A052", 28), ("A053", 15)]


def test_a_missing_source_with_the_name_of_its_bundle_is_not_said_to_be_meant_instead(tmp_path):
    text = SHOP + '<bundle name="gone.css" contents="gone.css" output="gen/gone.css"/>'
    (finding,) = check_site(tmp_path / "site", text)[1]
    assert (finding.code, finding.fix) == ("A050", "it has to be there when the bundle is built")


@pytest.mark.parametrize("code", ["A050", "A051", "A052", "A053", "A054", "A055"])
def test_a_comment_silences_it(code, codes):
    texts = {
        "A050": SHOP + "{}" + BUNDLE.replace("reset.css", "x.css"),
        "A051": '{}<environment directory="mine.zipped:static" url="/static"/>',
        "A052": SHOP + "{}" + BUNDLE.replace("reset.css", "x*.css"),
        "A053": SHOP + '{}<bundle name="a"/>',
        "A054": SHOP + '{}<bundle name="a" contents="reset.css" filters="cssrewrite"/>',
        "A055": "{}" + UNPUBLISHED,
    }
    zipped = (
        "import zipfile\n__path__.append(__path__[0] + '/mine.zip')\n"
        "with zipfile.ZipFile(__path__[1], 'w') as archive:\n    archive.writestr('zipped/__init__.py', '')\n"
    )
    files = {"mine/__init__.py": zipped, "mine/out/": ""}
    assert codes(texts[code].replace("{}", ""), files) == [code]
    assert codes(texts[code].replace("{}", f"\n<!-- assetzcml: ignore {code} -->\n"), files) == []


def test_a_check_builds_nothing(tmp_path):
    inside = """\
<configure xmlns="http://namespaces.assetzcml.org/assets">
  <environment directory="."/>
  <bundle name="a" contents="x/a.css" output="x/gen/a.css"/>
  <bundleContents bundle="a" contents="x/b*.css"/>
  <staticView name="s" path="." content_encodings="gzip"/>
  <staticView name="s/x" path="x" content_encodings="gzip"/>
  <staticFile name="a.css" path="x/gen/a.css" content_encodings="gzip"/>
  <staticFile name="b.css" path="x/gen/a.css"/>
  <cacheBuster path="." token="v2"/>
  <asset to_override="x/" override_with="y/"/>
</configure>
"""
    files = {"mine/configure.zcml": inside, "mine/x/a.css": "a{}", "mine/x/gen/a.css": "old", "mine/y/b.css": "b{}"}
    check_site(tmp_path / "site", '<include package="mine"/>', files)
    left = {
        str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*") if path.suffix != ".pyc"
    }
    assert (tmp_path / "site/mine/x/gen/a.css").read_text() == "old"
    assert {path for path in left if "__pycache__" not in path} == {
        "site.zcml", "mine", "mine/__init__.py", "mine/x", "mine/x/gen", "mine/y", *files,
    }  # fmt: skip
