"""`assetzcml check`: what is a finding, what is none, and what a comment silences. Each rule's example is in docs/checks.rst."""

import ast
import json
import os
import re
import sys
import time
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

import assetzcml
from assetzcml import AssetRegistry, Origin, Problem
from assetzcml.cli import main
from assetzcml.interfaces import ICheckRule
from assetzcml.reports.catalogue import RULES
from assetzcml.reports.findings import ERROR, INFO, WARNING, Checker
from checking import check_site
from tables import over

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGE = (CHECKOUT / "docs" / "checks.rst").read_text(encoding="utf-8")
POLICY = "class Policy:\n    def permits(self, request, context, permission):\n        return True\n"


@pytest.fixture
def codes(tmp_path):
    """A function that checks a small site, as `check_site` does, and tells the codes of the findings."""
    return lambda text, files=None, **arguments: [
        f.code for f in check_site(tmp_path / "site", text, files, **arguments)[1]
    ]


# The table.


def test_every_rule_has_a_title_a_remedy_and_a_severity_and_its_own_code():
    assert list(RULES) == sorted(RULES)
    for code, rule in RULES.items():
        assert re.fullmatch("A[0-9]{3}", code)
        assert code == rule.code
        assert rule.severity in (ERROR, WARNING, INFO)
        assert rule.title
        assert rule.fix or code in ("A001", "A003") or code.startswith("A1")  # each problem says what to do about it


def test_every_code_has_a_section_with_an_example_that_triggers_it():
    sections = re.split(r"^(A[0-9]{3}): (.*)\n~+\n", PAGE, flags=re.MULTILINE)[1:]
    documented = {code: (title, text) for code, title, text in zip(*[iter(sections)] * 3, strict=True)}
    assert list(documented) == list(RULES)
    for code, (title, text) in documented.items():
        rule = RULES[code]
        assert title == rule.title
        assert text.strip().startswith(f"*{rule.severity}* · ")
        assert re.search(rf">>> checked\(.*^\S*: {code} {rule.severity}: ", text, re.DOTALL | re.MULTILINE)


def test_every_warning_of_a_load_that_names_a_code_names_one_of_the_table():
    sources = [path.read_text(encoding="utf-8") for path in Path(assetzcml.__file__).parent.rglob("*.py")]
    named = {code for text in sources for code in re.findall(r'"(A[0-9]{3})"', text)}
    assert named <= set(RULES)


def test_what_ends_a_load_has_a_code_of_its_kind():
    """A001 is for what other packages say in sentences of their own, A002 for conflicts."""
    home = Path(assetzcml.__file__).parent
    paths = [*home.glob("zcml/*.py"), home / "declaring/validation.py", *home.glob("*/validation.py")]
    without = {
        f"{path.relative_to(home)}: {ast.unparse(call)}"
        for path in paths
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Problem"
        and not {"code", "conflict"} & {keyword.arg for keyword in call.keywords}
    }  # fmt: skip
    assert without == set()


# No false alarms.


@pytest.mark.parametrize(
    "config",
    [
        "configure.zcml",
        "meta.zcml",
        "shop:configure.zcml",
        "theme:configure.zcml",
        "shop.admin:configure.zcml",
        "shop:bundles.zcml",
        "theme:bundles.zcml",
    ],
)
def test_the_examples_have_no_findings(config, monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    assert [str(finding) for finding in AssetRegistry().part(Checker).check(config)] == []


@pytest.mark.parametrize(
    "what_is_fine, text, files",
    [
        (
            "a directory that is published and that only an override supplies",
            '<staticView name="static" path="mine:dummy"/><asset to_override="mine:dummy/" override_with="mine:real/"/>',
            {"mine/real/a.css": "x"},
        ),
        (
            "a published file that only an override supplies",
            '<staticFile name="robots.txt" path="mine:robots.txt"/>'
            '<asset to_override="mine:robots.txt" override_with="mine:real.txt"/>',
            {"mine/real.txt": "x"},
        ),
        (
            "a longer name for the directory that would be there anyway",
            '<staticView name="static" path="shop:static"/><staticView name="static/images" path="shop:static/images"/>',
            None,
        ),
        (
            "a longer name under which the other static view has nothing",
            '<staticView name="static" path="shop:static"/><staticView name="static/theme" path="theme:static"/>',
            None,
        ),
        (
            "a public directory in a protected one",
            '<permissionPolicy policy="mine.Policy"/><staticView name="all" path="shop:static" permission="view"/>'
            '<staticView name="images" path="shop:static/images"/>',
            {"mine/__init__.py": POLICY},
        ),
        (
            "a route for one method before a route for another",
            '<route name="show" pattern="/x" view="shop.views.about" request_method="GET"/>'
            '<route name="send" pattern="/x" view="shop.views.about" request_method="POST"/>',
            None,
        ),
        (
            "a view for all request methods that the route takes",
            '<route name="show" pattern="/x" request_method="GET"/><view route_name="show" view="shop.views.about"/>',
            None,
        ),
        (
            "an inserted route whose path the other one has, too",
            '<include package="shop"/><route name="best" pattern="/items/best" view="shop.views.about" before="item"/>',
            None,
        ),
        (
            "a page beside the files below the same name",
            '<include package="shop"/><view name="static" view="shop.views.about"/>',
            None,
        ),
        (
            "a buster for a whole package",
            '<include package="shop"/><cacheBuster path="shop:" token="v2"/>',
            None,
        ),
        (
            "a buster for a directory in a published one",
            '<include package="shop"/><cacheBuster path="shop:static/images" token="v2"/>',
            None,
        ),
        (
            "an explicit buster for the place that an override leads to",
            '<include package="theme"/><cacheBuster path="theme:brand" token="v2" explicit="true"/>',
            None,
        ),
        (
            "a manifest with a file for every entry, and an entry for every file but the variants and itself",
            '<staticView name="static" path="mine:static" content_encodings="gzip"/>'
            '<cacheBuster path="mine:static" manifest="mine:static/manifest.json"/>',
            {
                "mine/static/manifest.json": '{"app.css": "app-1f.css"}',
                "mine/static/app.css": "body {}",
                "mine/static/app-1f.css": "body {}",
                "mine/static/app-1f.css.gz": "gzip",
                "mine/static/.hidden": "",
            },
        ),
        (
            "a file without an entry that another, more specific buster works on",
            '<staticView name="static" path="mine:static"/><cacheBuster path="mine:static/plain" token="v1"/>'
            '<cacheBuster path="mine:static" manifest="mine:manifest.json"/>',
            {"mine/manifest.json": "{}", "mine/static/plain/print.css": "x"},
        ),
        (
            "an override of a bundle, a static view in which there is only a bundle, before it is built",
            '<include package="mine"/><staticView name="gen" path="mine:gen"/>'
            '<asset to_override="mine:gen/all.css" override_with="mine:all.css"/>',
            {
                "mine/all.css": "x",
                "mine/gen/": "",
                "mine/configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets">'
                '<bundle name="all" contents="theme:brand/app.css" output="gen/all.css"/></configure>',
            },
        ),
        (
            "a file that two files include",
            '<include package="theme"/><include package="shop"/>',
            None,
        ),
        (
            "a folder that is not a package",
            '<include package="shop"/><asset to_override="shop:templates/page.html" override_with="mine:page.html"/>',
            {"mine/page.html": "x"},
        ),
        (
            "a package addressed as it is published",
            '<include package="shop"/><asset to_override="shop.admin:static/" override_with="mine:admin/"/>',
            {"mine/admin/admin.css": "x"},
        ),
        (
            "a prefix that only an attribute uses, and one that only a directive that is left out uses",
            '<include xmlns:zcml="http://namespaces.zope.org/zcml" package="shop" zcml:condition="not-have x"/>'
            '<group xmlns="urn:y" xmlns:zcml="http://namespaces.zope.org/zcml" xmlns:x="urn:x" zcml:condition="have x">'
            "<x:y/></group>",
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value and "<" not in value else "",
)  # fmt: skip
def test_nothing_is_said_of(what_is_fine, text, files, codes):
    assert codes(text, files) == []


def test_the_second_step_of_a_chain_overrides_what_the_first_one_lacks(codes):
    text = """<include package="shop"/>
<asset to_override="shop:static/images/" override_with="mine:a/"/>
<asset to_override="mine:a/" override_with="mine:b/"/>"""
    assert codes(text, {"mine/b/cup.svg": "x"}) == ["A020"]  # of mine:a/, as the load warns; not A021 of the second


# Rules with several cases.


@pytest.mark.parametrize(
    "text, expected",
    [
        ('<asset to_override="shop:sttic/" override_with="theme:images/"/>', ["A021"]),
        ('<asset to_override="shop:static/new.css" override_with="theme:brand/app.css"/>', ["A021"]),
        ('<asset to_override="shop" override_with="theme"/>', ["A023"]),  # a whole package is always there
        ('<asset to_override="shop:static/images/" override_with="theme:brand/"/>', ["A023"]),
        ('<asset to_override="shop:admin/templates/page.html" override_with="theme:brand/app.css"/>', ["A026"]),
        ('<cacheBuster path="shop:admin/static" token="v2"/>', ["A026", "A042"]),
        ('<staticView name="back" path="shop:admin/static"/>', ["A026", "A026"]),  # both static views are told of
        ('<asset to_override="shop:static/cup.svg" override_with="theme:images/cup.svg"/>', ["A021"]),
        ('<cacheBuster path="theme:brand" token="v2"/>', ["A042"]),  # what is published is called shop:…
        ('<cacheBuster path="theme:static" token="v2" explicit="true"/>', ["A042"]),
        ('<staticFile name="static/logo.png" path="theme:brand/logo.png"/>', ["A031"]),
        ('<staticView name="/" path="shop:templates"/>', []),
        ('<staticView name="/" path="shop:templates" not_found="none.html"/>', ["A048", "A049"]),
        ('<staticView name="s" path="shop:templates" single_page="none.html"/>', ["A048"]),
        ('<staticView name="s" path="shop:templates" not_found=".html"/>', ["A048"]),
        ('<staticView name="s" path="shop:templates" immutable_names="*-????????.* page.*"/>', ["A047"]),
        ('<staticView name="s" path="shop:templates"><header name="X-A" value="1" match="*.woff2"/></staticView>', ["A047"]),
        ('<staticView name="s" path="shop:templates"><header name="X-A" value="1" match="*.html"/></staticView>', []),
        ('<staticView name="https://cdn.example.com" path="shop:static"/>', []),
    ],
)  # fmt: skip
def test_a_site_that_includes_the_shop_has_these_findings(text, expected, codes):
    # The site's directives are stronger than the shop's.
    assert codes(f'<include package="shop"/>\n{text}') == expected


@pytest.mark.parametrize(
    "first, second, expected",
    [
        ("static", "assets", ["A032"]),
        ("https://one.example.com", "https://two.example.com", ["A032"]),
        ("static", "https://cdn.example.com", ["A032"]),  # the one that comes first is in URLs, so the CDN is in none
        ("https://cdn.example.com", "static", []),
    ],
)
def test_of_two_names_of_one_root_the_one_in_no_url_is_told_of_unless_a_cdn_may_fetch_from_it(
    first, second, expected, codes
):
    views = [f'<staticView name="{name}" path="shop:static"/>' for name in (first, second)]
    assert codes("".join(views)) == expected


@pytest.mark.parametrize(
    "seconds, content, expected",
    [
        (0, "gzip", []),
        (-2, "gzip", []),  # copying a tree may round as much
        (-60, "gzip", ["A060"]),
        (60, "", ["A060"]),
    ],
)
def test_a_variant_that_is_too_old_or_empty_is_a_finding(seconds, content, expected, tmp_path):
    view = '<staticView name="static" path="mine:static" content_encodings="gzip"/>'
    files = {"mine/static/app.css": "body {}", "mine/static/app.css.gz": content}
    check_site(tmp_path / "site", view, files)
    now = time.time()
    os.utime(tmp_path / "site/mine/static/app.css", (now, now))
    os.utime(tmp_path / "site/mine/static/app.css.gz", (now + seconds, now + seconds))
    found = check_site(tmp_path / "site", view, {"mine/other.txt": "x"})[1]
    assert [finding.code for finding in found] == expected


def test_a_variant_that_is_a_directory_is_a_finding(codes):
    view = '<staticView name="static" path="mine:static" content_encodings="br"/>'
    assert codes(view, {"mine/static/app.css": "body {}", "mine/static/app.css.br/": ""}) == ["A060"]


def test_what_many_files_have_in_common_is_one_finding(tmp_path):
    names = [f"{number}.css" for number in range(9)]
    files = {f"mine/static/{name}": "" for name in names} | {"mine/manifest.json": "{}"}
    text = (
        '<staticView name="static" path="mine:static"/><cacheBuster path="mine:static" manifest="mine:manifest.json"/>'
    )
    (finding,) = check_site(tmp_path / "site", text, files)[1]
    assert finding.message.endswith("has no entry for '0.css', '1.css', '2.css' and 6 more")


def test_a_deprecated_module_is_told_of_at_the_directive_and_other_warnings_are_passed_on(tmp_path):
    module = (
        "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)\nwarnings.warn('other', UserWarning)\n"
    )
    files = {"mine/old.py": module + POLICY}
    text = (
        '<permissionPolicy\n    policy="mine.old.Policy"/>\n<staticView name="s" path="shop:static" permission="view"/>'
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (finding,) = check_site(tmp_path / "site", text, files)[1]
    assert (finding.code, finding.origin.line, finding.origin.column) == ("A009", 2, 1)
    assert [(warning.category, str(warning.message)) for warning in caught] == [(UserWarning, "other")]


def test_what_python_declared_is_checked_too():
    registry = AssetRegistry()
    registry.add_cache_buster("theme:brand", lambda request, subpath, kw: (subpath, kw))
    found = registry.part(Checker).check("shop:configure.zcml")
    assert [(finding.code, finding.origin.file) for finding in found] == [("A042", __file__)]


def test_a_configuration_that_does_not_load_has_the_findings_of_its_load_and_nothing_is_raised(tmp_path):
    text = '<staticViw name="x" path="shop:static"/>\n<staticView name="x" path="shop:static" cache_max_age="-1"/>'
    registry, found = check_site(tmp_path / "site", text)
    assert [(finding.code, finding.origin.line) for finding in found] == [("A103", 2), ("A107", 3)]
    assert found[0].fix == "did you mean 'staticView'?"
    assert registry.loads == ()


# Rules of other packages.


class Odd:
    """A rule of another package, which raises what it is told to, or finds what it is told to."""

    title, fix = "Odd", "make it even"

    def __init__(self, found=(), severity="warning"):
        self.found = found
        self.severity = severity

    def __call__(self, registry):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def asked(**rules):
    registry = AssetRegistry()
    for code, rule in rules.items():
        registry.registerUtility(rule, ICheckRule, code)
    return registry.part(Checker).findings()


def test_a_rule_of_another_package_says_what_it_found_under_its_code():
    problems = [Problem(Origin("a.zcml", 3, 1), "it is odd", also=[("beside", Origin("b.zcml", 1, 1))])]
    (finding,) = asked(ODD1=Odd(problems))
    assert finding.as_dict() == {
        "code": "ODD1", "severity": "warning", "title": "Odd", "message": "it is odd", "fix": "make it even",
        "origin": {"file": "a.zcml", "line": 3, "column": 1},
        "also": [{"part": "beside", "origin": {"file": "b.zcml", "line": 1, "column": 1}}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "code, rule, said",
    [
        ("ODD1", Odd(ZeroDivisionError("by zero")), "cannot be asked: ZeroDivisionError: by zero"),
        ("ODD1", Odd([None]), "cannot be asked: AttributeError"),
        ("ODD1", Odd(severity="fatal"), "its severity is 'fatal'; error, warning or info was expected"),
        ("ODD1", object(), "cannot be asked: AttributeError"),
        ("A021", Odd(), "none of A and digits"),
        ("odd one", Odd(), "a code of capital letters and digits was expected"),
        ("", Odd(), "a code of capital letters and digits was expected"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_a_finding_and_the_others_are_asked(code, rule, said):
    found = asked(**{code: rule, "EVEN": Odd([Problem(None, "found all the same")])})
    assert sorted(finding.code for finding in found) == ["A016", "EVEN"]
    assert said in next(finding.message for finding in found if finding.code == "A016")


# Comments.

OLD = '<asset to_override="shop:static/{}.css" override_with="theme:brand/app.css"/>'


@pytest.mark.parametrize(
    "text, expected",
    [
        ("<!-- assetzcml: ignore A021 -->\n" + OLD, []),
        ("<!--assetzcml:ignore A021-->\n" + OLD, []),
        ("<!-- assetzcml: ignore A021, A020 -->\n" + OLD, ["A011"]),
        ("<!-- assetzcml: ignore A021 A020 -->\n" + OLD, ["A011"]),
        ("<!-- assetzcml: ignore A021 -->\n<!-- why -->\n" + OLD, []),  # comments may follow
        ("<!-- assetzcml: ignore A020 -->\n<!-- assetzcml: ignore A021 -->\n" + OLD, ["A011"]),
        ("<!-- assetzcml: ignore A021 -->\n" + OLD.replace(" ", "\n  "), []),  # the tag may have many lines
        ("<!-- assetzcml: ignore A020 -->\n" + OLD, ["A011", "A021"]),
        ("<!-- assetzcml: ignore a021 -->\n" + OLD, ["A010", "A021"]),  # a code is written as it is told
        ("<!-- assetzcml: ignore A021x -->\n" + OLD, ["A010", "A021"]),
        ("<!-- assetzcml: ignore -->\n" + OLD, ["A010", "A021"]),
        ("<!-- assetzcml: ignore A001 -->\n" + OLD, ["A010", "A021"]),
        ("<!-- assetzcml ignore A021 -->\n" + OLD, ["A021"]),  # a comment like any other
        (OLD + "\n<!-- assetzcml: ignore A021 -->", ["A021", "A011"]),  # it stands after the tag
        ("<!-- assetzcml: ignore A021 -->\n" + OLD + "\n" + OLD.format("other"), ["A021"]),  # of the second
    ],
)  # fmt: skip
def test_a_comment_before_the_tag_silences_what_it_names(text, expected, codes):
    assert codes('<include package="shop"/>\n' + text.replace("{}", "new")) == expected


def test_a_comment_silences_a_finding_in_the_file_it_stands_in(codes):
    files = {
        "mine/configure.zcml": f'<configure xmlns="http://namespaces.assetzcml.org/assets">{OLD.format("new")}</configure>'
    }
    text = '<include package="shop"/>\n<!-- assetzcml: ignore A021 -->\n<include package="mine"/>'
    assert codes(text, files) == ["A011", "A021"]


@pytest.mark.parametrize("start", ["", "\N{BYTE ORDER MARK}", '<?xml version="1.0" encoding="utf-8"?>\n<!-- é -->\n'])
def test_places_are_right_whatever_the_file_begins_with(start, tmp_path):
    text = '<configure xmlns="http://namespaces.assetzcml.org/assets"\n    xmlns:ü="urn:x"/>\n'
    site = tmp_path / "site.zcml"
    site.write_text(start + text, encoding="utf-8")
    (finding,) = AssetRegistry().part(Checker).check(str(site))
    assert (finding.code, finding.origin.line, finding.origin.column) == ("A012", start.count("\n") + 2, 5)


# The command.


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(CHECKOUT)
    return lambda *arguments: CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.mark.parametrize(
    "text, options, status",
    [
        ("", [], 0),
        ('<include package="shop"/><include package="shop"/>', [], 0),
        ('<include package="shop"/><include package="shop"/>', ["--strict"], 1),
        ('<configure xmlns="urn:x" xmlns:y="urn:y"/>', ["--strict"], 0),  # an info is never a failure
        ('<include package="nosuch"/>', [], 1),
    ],
)
def test_the_exit_status_tells_whether_there_is_an_error_and_with_strict_whether_there_is_a_warning(
    text, options, status, zcml, run
):
    result = run(zcml.write(text), *options)
    assert (result.exit_code, result.stderr) == (status, "")


def test_the_findings_are_printed_in_the_order_of_the_files_with_their_number(zcml, run):
    text = (
        '\n<include package="shop"/>\n<include package="shop"/>\n<asset to_override="shop:x" override_with="theme:y"/>'
    )
    result = run(zcml.write(text))
    heads = re.findall(r"^\S*site.zcml:(\d+):\d+: (A\d+)", result.stdout, re.MULTILINE)
    assert heads == [("4", "A008"), ("5", "A021"), ("5", "A020")]
    assert result.stdout.splitlines()[-1] == "3 warnings"


def test_a_program_gets_the_findings_as_json(zcml, run):
    path = zcml.write('<include package="shop"/>\n<include package="shop"/>')
    (told,) = json.loads(run(path, "--format", "json").stdout)
    assert told == {
        "code": "A008",
        "severity": "warning",
        "title": "A file that one file includes twice",
        "origin": {"file": path, "line": 3, "column": 1},
        "message": f"{CHECKOUT}/examples/shop/configure.zcml is included again by the same file",
        "fix": "remove the second include",
        "also": [{"part": "first included at", "origin": {"file": path, "line": 2, "column": 1}}],
    }


def test_features_and_settings_reach_the_load(zcml, run):
    path = zcml.write("""\
<configure xmlns="http://namespaces.assetzcml.org/assets" xmlns:zcml="http://namespaces.zope.org/zcml">
  <staticView name="${media}" path="shop:static"/>
  <include package="nosuch" zcml:condition="have devel"/>
</configure>
""")
    assert run(path, "--setting", "media=m").stdout == "no findings\n"
    assert "no module named 'nosuch'" in run(path, "--setting", "media=m", "--feature", "devel").stdout


@over("code", [code for code, rule in RULES.items() if any(map(callable, rule))])
def test_the_docstring_of_a_rule_is_its_title(code):
    rule = RULES[code]
    (look,) = filter(callable, rule)
    assert look.__doc__ == f"{rule.title}."


@pytest.mark.parametrize("target, source, said", [
    ("static/app.css", "brand.css", True),
    ("static/", "brands/", True),
    ("published/app.css", "brand.css", False),
    ("templates/page.txt", "brand.css", False),
    ("static/page.jinja2", "brand.css", False),
    ("pages/", "pages/", False),                    # nothing but templates
])  # fmt: skip
def test_an_override_of_what_nobody_publishes_is_said_unless_it_is_a_template(package, target, source, said):
    name = package({
        "static/app.css": "x", "static/page.jinja2": "", "published/app.css": "x", "templates/page.txt": "x", "pages/a.html": "x",
    })  # fmt: skip
    theme = package({"brand.css": "x", "brands/app.css": "x", "pages/a.html": "x"})
    registry = AssetRegistry()
    registry.add_static_view("p", f"{name}:published")
    registry.override_asset(f"{name}:{target}", f"{theme}:{source}")
    found = [each for each in registry.part(Checker).findings() if each.code == "A029"]
    assert [f"{name}:{target}" in each.message for each in found] == [True] * said


@pytest.mark.parametrize(
    "links, attributes, expected",
    [
        ({"out.css": "-> ../../outside.css"}, "", ["A046"]),
        ({"out.css": "-> ../../outside.css"}, 'follow_symlinks="yes"', []),
        ({"in.css": "-> app.css"}, "", []),
        ({"deep": "-> ../.."}, "", ["A046"]),
        ({"gone.css": "-> ../nothing.css"}, "", []),
    ],
)
def test_assets_behind_links_that_are_not_followed_are_counted(links, attributes, expected, codes):
    files = {
        "mine/static/app.css": "x",
        "outside.css": "x",
        **{f"mine/static/{name}": link for name, link in links.items()},
    }
    assert codes(f'<staticView name="static" path="mine:static" {attributes}/>', files) == expected


def test_a_setting_that_follows_links_leaves_nothing_to_tell(tmp_path):
    files = {"mine/static/out.css": "-> ../../outside.css", "outside.css": "x"}
    view = '<staticView name="static" path="mine:static"/>'
    assert check_site(tmp_path, view, files, settings={"follow_symlinks": "yes"})[1] == []
