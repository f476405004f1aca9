"""The remedy that is printed with a problem, followed to the letter: what was refused then loads, without a warning."""

import warnings
from typing import NamedTuple

import auto_includes
import foreign
import pytest

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning, Limits
from assetzcml.reports.catalogue import RULES

ASSETS = "http://namespaces.assetzcml.org/assets"
ZCML = 'xmlns:zcml="http://namespaces.zope.org/zcml"'
VIEW = '<staticView name="s" path="shop:static"/>'
LOGO = '<asset to_override="shop:static/logo.png" override_with="{}"/>'
POLICY = '<permissionPolicy policy="remedy.Policy"/>'


class Case(NamedTuple):
    code: str
    wrong: object  # the body of site.zcml, bytes that are all of it, or a mapping of names to these
    advice: str  # a part of what is printed
    right: object  # what comes of following it; the options of the load instead, where it is one of these
    options: dict = {}  # noqa: RUF012 (never changed)


CASES = [
    # A file that is not ZCML.
    Case("A101", '<staticView name="s" path="shop:static">', "write <staticView name=", VIEW),
    Case(
        "A101",
        "<configure>é</configure>".encode("latin-1"),
        "save the file so",
        "<configure><!-- é --></configure>".encode(),
    ),
    Case(
        "A101",
        b'<?xml version="1.0" encoding="latin-1"?><configure/>',
        "save it so and declare that",
        b'<?xml version="1.0" encoding="utf-8"?><configure/>',
    ),
    Case("A101", b"<!DOCTYPE configure><configure/>", "remove it", b"<configure/>"),
    Case("A101", b"", "write <configure xmlns=", b"<configure/>"),
    Case("A101", "<configure/>".encode("utf-16"), "ZCML is UTF-8 text: save it so", b"<configure/>"),
    Case("A101", b"\xef\xbb\xbf\xef\xbb\xbf<configure/>", "remove one", b"\xef\xbb\xbf<configure/>"),
    Case("A101", b"<configure>\0</configure>", "remove it", b"<configure></configure>"),
    # Limits.
    Case(
        "A102", VIEW, "raise Limits.file_bytes", {"limits": Limits(file_bytes=9999)}, {"limits": Limits(file_bytes=50)}
    ),
    Case(
        "A102",
        VIEW,
        "raise Limits.element_depth",
        {"limits": Limits(element_depth=2)},
        {"limits": Limits(element_depth=1)},
    ),
    Case("A102", VIEW, "raise Limits.attributes", {"limits": Limits(attributes=2)}, {"limits": Limits(attributes=1)}),
    Case(
        "A102",
        VIEW,
        "raise Limits.attribute_bytes",
        {"limits": Limits(attribute_bytes=99)},
        {"limits": Limits(attribute_bytes=9)},
    ),
    Case(
        "A102",
        {"site.zcml": '<include file="a.zcml"/>', "a.zcml": VIEW},
        "raise Limits.files",
        {"limits": Limits(files=2)},
        {"limits": Limits(files=1)},
    ),
    Case(
        "A102",
        {"site.zcml": '<include file="a.zcml"/>', "a.zcml": VIEW},
        "raise Limits.include_depth",
        {"limits": Limits(include_depth=1)},
        {"limits": Limits(include_depth=0)},
    ),
    # Directives.
    Case("A103", VIEW.replace("View", "Viw"), "did you mean 'staticView'?", VIEW),
    Case(
        "A103",
        f'<x:staticView xmlns:x="http://namespaces.zope.org/zope" {VIEW[12:]}',
        f"'staticView' is of {ASSETS}",
        f'<x:staticView xmlns:x="{ASSETS}" {VIEW[12:]}',
    ),
    Case(
        "A103",
        '<x:staticView xmlns:x="http://namespaces.assetzcml.org/asets" name="s" path="shop:static"/>',
        f"did you mean '{ASSETS}'?",
        VIEW,
    ),
    Case("A103", '<x:note xmlns:x="urn:foreing"/>', "did you mean 'urn:foreign'?", '<x:note xmlns:x="urn:foreign"/>'),
    Case(
        "A103",
        '<x:utility xmlns:x="http://namespaces.zope.org/zope" component="remedy.Policy" provides="zope.interface.Interface"/>',
        'write <include package="zope.component" file="meta.zcml"/>',
        '<include package="zope.component" file="meta.zcml"/>'
        '<x:utility xmlns:x="http://namespaces.zope.org/zope" component="remedy.Policy" provides="zope.interface.Interface"/>',
    ),
    Case(
        "A103",
        '<x:static xmlns:x="http://pylonshq.com/pyramid" name="s" path="shop:static"/>',
        '<include package="assetzcml" file="pyramid.zcml"/>',
        '<include package="assetzcml" file="pyramid.zcml"/>'
        '<x:static xmlns:x="http://pylonshq.com/pyramid" name="s" path="shop:static"/>',
    ),
    Case(
        "A104",
        VIEW.replace("/>", ">the views</staticView>"),
        "write <!-- the views -->",
        VIEW.replace("/>", "><!-- the views --></staticView>"),
    ),
    Case(
        "A104",
        VIEW.replace("/>", f">{VIEW}</staticView>"),
        "put it after </staticView>",
        VIEW.replace("/>", '><header name="X-A" value="1"/></staticView>'),
    ),
    Case(
        "A104",
        '<header name="X-A" value="1"/>',
        "it stands inside staticView or staticFile",
        VIEW.replace("/>", '><header name="X-A" value="1"/></staticView>'),
    ),
    # Attributes.
    Case(
        "A105",
        VIEW.replace("/>", ' cache_max_aeg="1"/>'),
        "did you mean 'cache_max_age'?",
        VIEW.replace("/>", ' cache_max_age="1"/>'),
    ),
    Case("A105", VIEW.replace("/>", ' color="red"/>'), "it has cache_max_age", VIEW),
    Case(
        "A105",
        VIEW.replace("/>", f' {ZCML} zcml:conditoin="have a"/>'),
        "did you mean 'condition'?",
        VIEW.replace("/>", f' {ZCML} zcml:condition="have a"/>'),
    ),
    Case(
        "A105",
        VIEW.replace("/>", ' xmlns:x="urn:x" x:index="i.html"/>'),
        "remove the prefix, or the attribute",
        VIEW.replace("/>", ' index="i.html"/>'),
    ),
    Case("A106", '<staticView name="s"/>', "write path=", VIEW),
    Case(
        "A107",
        VIEW.replace("/>", ' cache_max_age="1h"/>'),
        "seconds in decimal digits were expected",
        VIEW.replace("/>", ' cache_max_age="3600"/>'),
    ),
    Case("A107", VIEW.replace("/>", ' dotfiles="perhaps"/>'), "yes", VIEW.replace("/>", ' dotfiles="yes"/>')),
    Case("A107", '<staticView name="shop:static" path="s"/>', "exchanged", VIEW),
    Case(
        "A107",
        '<staticView name="s" path="https://cdn.example.com/"/>',
        'write name="https://cdn.example.com/"',
        '<staticView name="https://cdn.example.com/" path="shop:static"/>',
    ),
    Case(
        "A107",
        '<staticView name="s" path="C:/usr/share"/>',
        "write '/usr/share'",
        '<staticView name="s" path="/usr/share"/>',
    ),
    Case(
        "A107",
        LOGO.format("theme:brand\\logo.png"),
        "write 'theme:brand/logo.png'",
        LOGO.format("theme:brand/logo.png"),
    ),
    Case("A107", LOGO.format("brand/logo.png"), "write '", LOGO.format("theme:brand/logo.png")),
    Case(
        "A107",
        '<f:fields xmlns:f="urn:foreign" count="9"/>',
        "how many was expected: at least 1 and at most 5",
        '<f:fields xmlns:f="urn:foreign" count="5"/>',
    ),
    Case(
        "A107",
        '<f:fields xmlns:f="urn:foreign" color="blue"/>',
        "one of green, red",
        '<f:fields xmlns:f="urn:foreign" color="green"/>',
    ),
    # Names.
    Case(
        "A108",
        '<include package="shopp" file="static.zcml"/>',
        "did you mean 'shop",
        '<include package="shop" file="static.zcml"/>',
    ),
    Case(
        "A108",
        '<include package="email-mime" file="a.zcml"/>',
        "a package is named 'email_mime'",
        '<include package="shop" file="static.zcml"/>',
    ),
    Case("A108", VIEW.replace("shop", "shopp"), "did you mean 'shop", VIEW),
    Case(
        "A108",
        '<route name="r" pattern="/" view="shopp.views.home"/>',
        "did you mean 'shop",
        '<route name="r" pattern="/" view="shop.views.home"/>',
    ),
    # Conditions and settings.
    Case(
        "A110",
        VIEW.replace("/>", f' {ZCML} zcml:condition="has a"/>'),
        "write 'have a'",
        VIEW.replace("/>", f' {ZCML} zcml:condition="have a"/>'),
    ),
    Case(
        "A110",
        VIEW.replace("/>", f' {ZCML} zcml:condition=""/>'),
        "remove it, or write one such as",
        VIEW.replace("/>", f' {ZCML} zcml:condition="have a"/>'),
    ),
    Case("A111", VIEW.replace('"s"', '"${media}"'), "give settings={'media': ...}", {"settings": {"media": "m"}}),
    Case("A111", VIEW.replace('"s"', '"${media}"'), "write ${media:-default}", VIEW.replace('"s"', '"${media:-m}"')),
    Case(
        "A111",
        VIEW.replace('"s"', '"${meda}"'),
        "did you mean 'media'?",
        VIEW.replace('"s"', '"${media}"'),
        {"settings": {"media": "m"}},
    ),
    # Includes.
    Case(
        "A112",
        '<include package="shop" file="statics.zcml"/>',
        "did you mean 'static.zcml'?",
        '<include package="shop" file="static.zcml"/>',
    ),
    Case(
        "A112",
        '<include file="shop:static.zcml"/>',
        'write package="shop" file="static.zcml"',
        '<include package="shop" file="static.zcml"/>',
    ),
    Case(
        "A112",
        {"site.zcml": '<include file="a.xml"/>', "a.xml": VIEW},
        "not named *.zcml",
        {"site.zcml": '<include file="a.zcml"/>', "a.zcml": VIEW},
    ),
    Case(
        "A112",
        {"site.zcml": '<include file="a.zcml" files="*.zcml"/>', "a.zcml": VIEW},
        "keep one of them",
        {"site.zcml": '<include file="a.zcml"/>', "a.zcml": VIEW},
    ),
    Case(
        "A112",
        {"site.zcml": '<include files="/a/*.zcml"/>', "a/b.zcml": VIEW},
        "a relative pattern was expected",
        {"site.zcml": '<include files="a/*.zcml"/>', "a/b.zcml": VIEW},
    ),
    Case(
        "A113",
        {"site.zcml": '<include file="a.zcml"/><includeOverrides file="a.zcml"/>', "a.zcml": VIEW},
        "remove the include of line 2",
        {"site.zcml": '<includeOverrides file="a.zcml"/>', "a.zcml": VIEW},
    ),
    # Attributes that do not go together.
    Case(
        "A114",
        LOGO.format("theme:brand/"),
        "write 'theme:brand/logo.png'",
        LOGO.format("theme:brand/logo.png"),
    ),
    Case(
        "A114",
        '<cacheBuster path="shop:static"/>',
        "exactly one of tree, digest",
        '<cacheBuster path="shop:static" tree="sha256"/>',
    ),
    Case(
        "A114",
        '<cacheBuster path="shop:static" token="a" digest="sha256"/>',
        "exactly one of",
        '<cacheBuster path="shop:static" token="a"/>',
    ),
    Case(
        "A114",
        '<cacheBuster path="shop:static" digest="sha256" param="v"/>',
        "it belongs to token",
        '<cacheBuster path="shop:static" token="a" param="v"/>',
    ),
    Case(
        "A114",
        '<bundle name="b" contents="shop:static/app.css" merge="no"/>',
        "such as output='gen/%(name)s.%(version)s.js'",
        "<environment directory='shop:static' url='/s'/><bundle name='b' "
        "contents='shop:static/app.css' merge='no' output='gen/%(name)s.%(version)s.js'/>",
    ),
    Case(
        "A115", '<m:order xmlns:m="urn:remedy" by="first"/>', "a number was expected", '<m:order xmlns:m="urn:remedy"/>'
    ),
    # What all files together say.
    Case("A120", '<staticView name="s" path="shop:statc"/>', "did you mean 'shop:static'?", VIEW),
    Case(
        "A121",
        LOGO.replace("logo.png", "images").format("theme:brand"),
        "write 'shop:static/images/' if the whole directory is meant",
        LOGO.replace("logo.png", "images/").format("theme:brand/"),
    ),
    Case(
        "A121",
        LOGO.replace("logo.png", "logo.png/").format("theme:brand/"),
        "write 'shop:static/logo.png', without the slash",
        LOGO.format("theme:brand/logo.png"),
    ),
    Case(
        "A122",
        VIEW.replace("/>", ' permission="view"/>'),
        "declare one: <permissionPolicy policy=",
        VIEW.replace("/>", ' permission="view"/>') + POLICY,
    ),
    Case(
        "A122",
        '<route name="r" pattern="/" view="shop.views.home" permission="view"/>',
        "declare one: <permissionPolicy policy=",
        '<route name="r" pattern="/" view="shop.views.home" permission="view"/>' + POLICY,
    ),
    Case(
        "A123",
        '<cacheBuster path="shop:static" manifest="shop:static/m.json"/>',
        "does not exist",
        '<cacheBuster path="shop:static" digest="sha256"/>',
    ),
    Case(
        "A124",
        LOGO.format("theme:brand/logo.png")
        + '<asset to_override="theme:brand/logo.png" override_with="shop:static/logo.png"/>',
        "remove one of them",
        LOGO.format("theme:brand/logo.png"),
    ),
    Case(
        "A126",
        '<module name="@s/i" path="shop:static/images"/>',
        "write name='@s/i/' for all that is below it",
        VIEW + '<module name="@s/i/" path="shop:static/images"/>',
    ),
    Case(
        "A127",
        '<route name="r" pattern="/{item" view="shop.views.home"/>',
        "write {item}",
        '<route name="r" pattern="/{item}" view="shop.views.home"/>',
    ),
    Case(
        "A128",
        '<route name="home" pattern="/"/><view route_name="hom" view="shop.views.home"/>',
        "did you mean 'home'?",
        '<route name="home" pattern="/"/><view route_name="home" view="shop.views.home"/>',
    ),
    Case(
        "A128",
        '<route name="a" pattern="/"/><route name="b" pattern="/b" before="aa"/>',
        "did you mean 'a'?",
        '<route name="a" pattern="/"/><route name="b" pattern="/b" before="a"/>',
    ),
    Case(
        "A128",
        '<bundle name="all" contents="shop:static/app.css" output="a.css"/>'
        '<bundleContents bundle="al" contents="shop:static/reset.css"/>',
        "did you mean 'all'?",
        '<bundle name="all" contents="shop:static/app.css" output="a.css"/>'
        '<bundleContents bundle="all" contents="shop:static/reset.css"/>',
    ),
    Case(
        "A128",
        '<bundle name="all" contents="shop:static/app.css" output="a.css" filters="cssrewritee"/>',
        "did you mean 'cssrewrite'?",
        '<bundle name="all" contents="shop:static/app.css" output="a.css" filters="cssrewrite"/>',
    ),
    Case(
        "A129",
        '<route name="a" pattern="/a" before="b"/><route name="b" pattern="/b" before="a"/>',
        "leave out one of them",
        '<route name="a" pattern="/a" before="b"/><route name="b" pattern="/b"/>',
    ),
    Case(
        "A130",
        '<bundle name="a" contents="b" output="a.js"/><bundle name="b" contents="a" output="b.js"/>',
        "remove one of them",
        '<bundle name="a" contents="b" output="a.js"/><bundle name="b" contents="shop:static/app.js" output="b.js"/>',
    ),
    # Conflicts.
    Case("A002", VIEW + VIEW.replace("shop", "theme"), "keep one of them", VIEW),
    Case(
        "A002",
        {"site.zcml": '<include file="a.zcml"/><include file="b.zcml"/>', "a.zcml": VIEW, "b.zcml": VIEW},
        "declare it in the file that includes them",
        {"site.zcml": '<include file="a.zcml"/><include file="b.zcml"/>' + VIEW, "a.zcml": VIEW, "b.zcml": VIEW},
    ),
    Case(
        "A002",
        {"site.zcml": '<include file="a.zcml"/><include file="b.zcml"/>', "a.zcml": VIEW, "b.zcml": VIEW},
        "in a file that is loaded with includeOverrides",
        {
            "site.zcml": '<include file="a.zcml"/><include file="b.zcml"/><includeOverrides file="o.zcml"/>',
            "a.zcml": VIEW,
            "b.zcml": VIEW,
            "o.zcml": VIEW,
        },
    ),
    Case(
        "A002",
        {
            "site.zcml": '<includeOverrides file="a.zcml"/><includeOverrides file="b.zcml"/>',
            "a.zcml": VIEW,
            "b.zcml": VIEW,
        },
        "keep one of them",
        {"site.zcml": '<includeOverrides file="a.zcml"/>', "a.zcml": VIEW, "b.zcml": VIEW},
    ),
    Case(
        "A002",
        {
            "site.zcml": '<include file="mid.zcml"/>',
            "mid.zcml": '<includeOverrides file="a.zcml"/><includeOverrides file="b.zcml"/>',
            "a.zcml": VIEW,
            "b.zcml": VIEW,
        },
        "declare it in a file that includes",
        {
            "site.zcml": '<include file="mid.zcml"/>' + VIEW,
            "mid.zcml": '<includeOverrides file="a.zcml"/><includeOverrides file="b.zcml"/>',
            "a.zcml": VIEW,
            "b.zcml": VIEW,
        },
    ),
    Case(
        "A002",
        {
            "site.zcml": '<include file="a.zcml"/><include file="b.zcml"/>',
            "a.zcml": LOGO.format("theme:brand/logo.png"),
            "b.zcml": LOGO.format("skins:night/logo.png"),
        },
        "declare it in the file that includes them",
        {
            "site.zcml": '<include file="a.zcml"/><include file="b.zcml"/>' + LOGO.format("skins:night/logo.png"),
            "a.zcml": LOGO.format("theme:brand/logo.png"),
            "b.zcml": LOGO.format("skins:night/logo.png"),
        },
    ),
    Case(
        "A002",
        '<bundle name="a" contents="shop:static/app.css" output="x.css"/>'
        '<bundle name="b" contents="shop:static/app.css" output="x.css"/>',
        "give one of them another output",
        '<bundle name="a" contents="shop:static/app.css" output="x.css"/>'
        '<bundle name="b" contents="shop:static/app.css" output="y.css"/>',
    ),
    Case(
        "A002",
        {"site.zcml": '<includeOverrides files="each/*.zcml"/>', "each/a.zcml": VIEW, "each/b.zcml": VIEW},
        "keep one of them: nothing is stronger",
        {"site.zcml": '<includeOverrides files="each/*.zcml"/>', "each/a.zcml": VIEW},
    ),
    Case(
        "A002",
        {
            "site.zcml": '<includeOverrides files="each/*.zcml"/>',
            "each/a.zcml": LOGO.format("theme:brand/logo.png"),
            "each/b.zcml": LOGO.format("skins:night/logo.png"),
        },
        "keep one of them: nothing is stronger",
        {"site.zcml": '<includeOverrides files="each/*.zcml"/>', "each/a.zcml": LOGO.format("theme:brand/logo.png")},
    ),
    Case(
        "A002",
        {
            "site.zcml": '<includeOverrides file="both.zcml"/>',
            "both.zcml": '<include file="a.zcml"/><include file="b.zcml"/>',
            "a.zcml": VIEW,
            "b.zcml": VIEW,
        },
        "declare it in the file that includes them",
        {
            "site.zcml": '<includeOverrides file="both.zcml"/>',
            "both.zcml": '<include file="a.zcml"/><include file="b.zcml"/>' + VIEW,
            "a.zcml": VIEW,
            "b.zcml": VIEW,
        },
    ),
    # Warnings.
    Case("A004", f"views {VIEW}", "put it into a comment", f"<!-- views --> {VIEW}"),
    Case("A005", '<include files="nothing*.zcml"/>', "correct the pattern, or remove the include", VIEW),
    Case("A006", '<include file="site.zcml"/>', "remove it", VIEW),
    Case(
        "A007",
        {"site.zcml": '<include file="a.zcml"/><exclude file="a.zcml"/>', "a.zcml": VIEW},
        "put it before the include",
        {"site.zcml": '<exclude file="a.zcml"/><include file="a.zcml"/>', "a.zcml": VIEW},
    ),
    Case("A007", '<exclude file="a.zcml"/>', "name a file that is included, or remove it", VIEW),
    Case(
        "A015",
        {
            "site.zcml": '<include file="a.zcml"/><auto:includeOverrides xmlns:auto="urn:auto" file="a.zcml"/>',
            "a.zcml": VIEW,
        },
        "remove the include of line 2",
        {"site.zcml": '<auto:includeOverrides xmlns:auto="urn:auto" file="a.zcml"/>', "a.zcml": VIEW},
    ),
    Case(
        "A020",
        LOGO.format("theme:brand/logo.gif"),
        "did you mean 'theme:brand/logo.png'?",
        LOGO.format("theme:brand/logo.png"),
    ),
    Case("A030", '<staticView name="s" path="shop:"/>', "publish a directory in it", VIEW),
]


@pytest.fixture
def load(tmp_path, package):
    """A function that writes a site and loads it: returns the problems, those that are warnings too, with their advice."""
    package(
        {
            "__init__.py": "from zope.interface import Interface\nfrom zope.schema import TextLine\n"
            "class Policy:\n    def permits(self, *a): return True\n"
            "class IBy(Interface):\n    by = TextLine(required=False)\n"
            "def order(context, by=0): context.action(None, None, order=by)\n",
        },
        name="remedy",
    )
    meta = (
        '<meta:directive xmlns:meta="http://namespaces.zope.org/meta" namespace="urn:remedy" name="order"'
        ' schema="remedy.IBy" handler="remedy.order"/>'
    )
    head = " ".join((foreign.META + auto_includes.META + meta).split())

    def load(files, **options):
        files = files if isinstance(files, dict) else {"site.zcml": files}
        for path in tmp_path.glob("site/**/*.*"):
            path.unlink()
        for name, body in files.items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not isinstance(body, bytes):
                first = head if name == "site.zcml" and "limits" not in options else ""
                body = f'<configure xmlns="{ASSETS}">{first}\n{body}\n</configure>'.encode()
            path.write_bytes(body)
        registry = AssetRegistry()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConfigurationWarning)
            try:
                registry.load_zcml(str(tmp_path / "site" / "site.zcml"), **options)
            except ConfigurationError as error:
                return error.problems
        assert not [each for each in caught if each.category is not ConfigurationWarning]
        return registry.loads[-1].warnings

    return load


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.advice[:30]}")
def test_the_remedy_works_when_it_is_followed(load, case):
    found = load(case.wrong, **case.options)
    assert [problem.code or "A002" for problem in found][:1] == [case.code]
    advice = f"{found[0].message}; {found[0].hint or RULES[case.code].fix}"
    assert case.advice in advice
    if isinstance(case.right, dict) and not any(name.endswith(".zcml") for name in case.right):
        assert load(case.wrong, **case.right) == ()
    else:
        assert load(case.right, **case.options) == ()


def test_each_kind_of_problem_that_a_load_ends_with_has_a_remedy_that_was_followed():
    nothing_to_follow = {
        "A001",  # is what another package says
        "A109",  # is an error in somebody's code
        "A125",  # where a store may lie is a matter of the machine
        "A131",  # is what a filter or an option says
        "A132",  # is an error in the metadata of a distribution
        "A133",  # which release lies where is a matter of the machine
    }
    errors = {code for code in RULES if code[1] == "1" or code in ("A001", "A002")}
    assert errors - {case.code for case in CASES} == nothing_to_follow
