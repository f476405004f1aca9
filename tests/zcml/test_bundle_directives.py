"""The directives of bundles: what they say, who wins, and what is wrong, each at its place."""

import warnings

import pytest

from assetzcml import AssetRegistry, ConfigurationConflictError, ConfigurationError, ConfigurationWarning, load_zcml
from assetzcml.bundles import RegisterError
from documents import NAMESPACE

SOURCES = {
    "static/reset.css": "r{}",
    "static/shop.css": "s{}",
    "static/a.js": "a",
    "css/extra.css": "e{}",
    "sub/__init__.py": "",
    "sub/x.css": "",
}


@pytest.fixture
def shop(package):
    """A package with sources, whose `configure.zcml` holds the given directives; loading it returns the registry."""
    name = package(SOURCES)

    def load(text, files=None, registry=None, **options):
        for file, content in {"configure.zcml": text, **(files or {})}.items():
            path = package.directory / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = (
                content if "<configure" in content else f'<configure xmlns="{NAMESPACE}">\n{content}\n</configure>\n'
            )
            path.write_text(whole)
        return load_zcml(f"{name}:configure.zcml", registry=registry, **options)

    def problems(text, files=None, **options):
        with pytest.raises(ConfigurationError) as caught:
            load(text, files, **options)
        return [_short(problem.headline) for problem in caught.value.problems]

    def warned(text, files=None, **options):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            load(text, files, **options)
        assert {warning.category for warning in caught} <= {ConfigurationWarning}
        return [_short(str(warning.message)) for warning in caught]

    def _short(text):
        return text.replace(f"{package.directory / name}/", "").replace(name, "shop")

    load.name, load.problems, load.warned, load.directory = name, problems, warned, package.directory / name
    return load


def tell(environment):
    return {bundle.name: [str(item) for item in bundle.contents] for bundle in environment}


BUNDLE = '<bundle name="app.css" contents="reset.css shop.css" output="gen/app.css"/>\n'


# What is said


@pytest.mark.parametrize(
    "attribute, name, value",
    [
        ('debug="merge"', "debug", "merge"),
        ('debug="true"', "debug", True),
        ('debug="0"', "debug", False),  # a text that says no is no (D-16)
        ('auto_build="false"', "auto_build", False),
        ('url_expire="auto"', "url_expire", None),
        ('url_expire="no"', "url_expire", False),
        ('versions="hash:4"', "versions", "hash"),
        ('versions="timestamp"', "versions", "timestamp"),
        ('versions="false"', "versions", None),
        ('manifest="json:m.json"', "manifest", "json"),
        ('manifest="false"', "manifest", None),
        ('updater="always"', "updater", "always"),
        ('cache="no"', "cache", None),
        ('cache_file_mode="0640"', "cache_file_mode", 0o640),
        ('allow_remote="true"', "allow_remote", True),
        ('debug_expire="yes"', "debug_expire", True),
        ('former_versions="3"', "former_versions", 3),
        ('former_versions="all"', "former_versions", None),
        ('source_maps="yes"', "source_maps", True),
        ('source_maps="auto"', "source_maps", None),
        ('url="https://cdn.test/x"', "url", "https://cdn.test/x"),
    ],
)
def test_an_option_is_what_the_environment_has(shop, attribute, name, value):
    environment = shop(f'<environment directory="static" {attribute}/>').environment
    assert getattr(environment, name) == value


def test_a_directory_is_relative_to_the_package_wherever_the_process_is(shop, monkeypatch, tmp_path):
    registry = shop('<environment directory="static"/>')
    monkeypatch.chdir(tmp_path)
    assert registry.environment.directory == str(shop.directory / "static")


def test_in_a_file_without_a_package_relative_means_relative_to_the_file(tmp_path):
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a{}")
    site = tmp_path / "site.zcml"
    site.write_text(
        f'<configure xmlns="{NAMESPACE}"><environment directory="out" url="/s"/>'
        '<bundle name="a" contents="css/a.css" output="a.css"/></configure>'
    )
    registry = load_zcml(str(site))
    assert registry.environment.directory == str(tmp_path / "out")
    assert registry.environment["a"].spec.absolute_path
    assert registry.resolve(str(tmp_path / "a.css")).read_bytes() == b"a{}"


def test_a_component_is_given_by_its_dotted_name(shop):
    (shop.directory / "parts.py").write_text(
        "from assetzcml.bundles.cache import MemoryCache\nkept = MemoryCache()\n"
        "class Build:\n    def determine_version(self, bundle, ctx, hunk=None):\n        return '17'\n"
    )
    environment = shop(
        '<environment directory="static" versions=".parts.Build" cache=".parts.kept" url="/s"/>' + BUNDLE
    )
    assert environment.environment["app.css"].urls() == ["/s/gen/app.css?17"]
    assert type(environment.environment.cache).__name__ == "MemoryCache"


def test_a_setting_stands_for_what_the_site_says(shop, tmp_path):
    registry = shop('<environment directory="${out:-static}"/>', settings={"out": str(tmp_path)})
    assert registry.environment.directory == str(tmp_path)
    assert shop('<environment directory="${out:-static}"/>').environment.directory == str(shop.directory / "static")


def test_load_paths_filter_options_and_mappings_stand_inside(shop):
    environment = shop(
        '<environment directory="static"><loadPath path="css" url="/css"/><urlMapping path="static" url="/st"/>'
        '<filterOption name="Sass_Bin" value="/opt/sass"/></environment>'
    ).environment
    assert list(environment.load_path) == [f"{shop.name}:css"]
    assert dict(environment.url_mapping) == {str(shop.directory / "css"): "/css", str(shop.directory / "static"): "/st"}
    assert environment.config["sass_bin"] == "/opt/sass"


def test_everything_that_a_bundle_says_arrives(shop):
    (shop.directory / "marks.py").write_text(
        "from assetzcml.bundles import Filter\n"
        "class Mark(Filter):\n    name = 'mark'\n    options = {'text': 'MARK_TEXT'}\n"
        "    def output(self, _in, out, **kw):\n        out.write(self.text.encode() + _in.read())\n"
    )
    registry = shop(
        '<environment directory="static"><filterOption name="mark_text" value="no"/></environment>'
        '<filter name="mark" factory=".marks.Mark"/>'
        '<bundle name="a" contents="reset.css" filters="mark" output="gen/a.css" depends="shop.css css/*.css"'
        ' debug="merge" extra="media=print rel=x=y"><filterOption name="mark_text" value="yes "/></bundle>'
    )
    bundle = registry.environment["a"]
    assert (bundle.output, bundle.depends, bundle.debug) == ("gen/a.css", ("shop.css", "css/*.css"), "merge")
    assert bundle.extra == {"media": "print", "rel": "x=y"}
    assert registry.resolve(f"{shop.name}:gen/a.css").read_bytes() == b"yes r{}"


def test_a_bundle_that_is_not_merged_is_a_group(shop):
    registry = shop(
        '<environment directory="static" url="/s"/><bundle name="js" contents="*.js" merge="false" output="gen/%(name)s.js"/>'
    )
    assert [url.partition("?")[0] for url in registry.environment["js"].urls()] == ["/s/gen/a.js"]


# Contents of others


@pytest.mark.parametrize(
    "more, expected",
    [
        ('contents="x.css y.css"', ["reset.css", "shop.css", "x.css", "y.css"]),
        ('contents="x.css" position="append"', ["reset.css", "shop.css", "x.css"]),
        ('contents="x.css y.css" position="prepend"', ["x.css", "y.css", "reset.css", "shop.css"]),
        ('contents="x.css y.css" position="before:shop.css"', ["reset.css", "x.css", "y.css", "shop.css"]),
        ('contents="x.css y.css" position="after:reset.css"', ["reset.css", "x.css", "y.css", "shop.css"]),
        ('contents="x.css" position="after:./shop.css"', ["reset.css", "shop.css", "x.css"]),
        ('contents=".sub:x.css"', ["reset.css", "shop.css", "shop.sub:x.css"]),
        ('contents="shop.css"', ["reset.css", "shop.css", "shop.css"]),  # and it is merged once
    ],
)
def test_contents_are_added_at_their_position(shop, more, expected):
    registry = shop(BUNDLE + f'<bundleContents bundle="app.css" {more}/>')
    assert [name.replace(shop.name, "shop") for name in tell(registry.environment)["app.css"]] == expected


def test_what_is_included_adds_its_contents_first_and_each_file_in_its_order(shop):
    def add(name, position="append"):
        return f'<bundleContents bundle="app.css" contents="{name}.css" position="{position}"/>'

    registry = shop(
        # the site's own stand before its includes in the file, and come after them all the same
        f'{add("site1")}{add("site2")}<include file="one.zcml"/><include file="two.zcml"/>'
        '<includeOverrides file="over.zcml"/>',
        {
            "one.zcml": BUNDLE + add("one") + add("first", "prepend"),
            "two.zcml": '<include file="deep.zcml"/>' + add("two"),
            "deep.zcml": add("deep"),
            "over.zcml": add("over") + add("foremost", "prepend"),
        },
    )
    assert tell(registry.environment)["app.css"] == [
        *("foremost.css", "first.css", "reset.css", "shop.css"),
        *("one.css", "deep.css", "two.css", "site1.css", "site2.css", "over.css"),
    ]


def test_a_position_may_be_that_of_contents_that_were_added_before(shop):
    registry = shop(
        '<include file="shop.zcml"/><bundleContents bundle="app.css" contents="b.css" position="before:a.css"/>',
        {"shop.zcml": BUNDLE + '<bundleContents bundle="app.css" contents="a.css"/>'},
    )
    assert tell(registry.environment)["app.css"] == ["reset.css", "shop.css", "b.css", "a.css"]


def test_the_same_contents_said_twice_are_added_once_at_the_stronger_place(shop):
    more = '<bundleContents bundle="app.css" contents="x.css"/>'
    registry = shop(f'<include file="one.zcml"/>{more}', {"one.zcml": BUNDLE + more + more.replace("x.", "y.")})
    assert tell(registry.environment)["app.css"] == ["reset.css", "shop.css", "y.css", "x.css"]


def test_a_later_load_adds_to_the_bundle_of_an_earlier_one(shop):
    registry = shop(BUNDLE)
    shop('<bundleContents bundle="app.css" contents="x.css" position="prepend"/>', registry=registry)
    assert tell(registry.environment)["app.css"] == ["x.css", "reset.css", "shop.css"]


# Who wins


def test_an_option_is_a_statement_of_its_own(shop):
    registry = shop(
        '<include file="base.zcml"/><environment debug="true"/>',
        {"base.zcml": '<environment directory="static" debug="false" url="/s"/>'},
    )
    environment = registry.environment
    assert (environment.debug, environment.url) == (True, "/s")
    (loss,) = registry.snapshot.losses
    assert (str(loss.loser), str(loss.winner)) == ("environment debug='false'", "environment debug='true'")


def test_a_bundle_is_replaced_by_the_file_above_with_all_that_others_add(shop):
    registry = shop(
        '<include file="base.zcml"/><includeOverrides file="over.zcml"/>',
        {
            "base.zcml": BUNDLE + '<bundleContents bundle="app.css" contents="x.css"/>',
            "over.zcml": '<bundle name="app.css" contents="mine.css" output="gen/mine.css"/>',
        },
    )
    assert tell(registry.environment) == {"app.css": ["mine.css", "x.css"]}
    assert [loss.reason for loss in registry.snapshot.losses] == ["overridden"]


def test_a_bundle_may_take_the_output_of_one_that_lost(shop):
    files = {"base.zcml": BUNDLE, "over.zcml": BUNDLE.replace("gen/app", "gen/other")}
    registry = shop(
        '<include file="base.zcml"/><includeOverrides file="over.zcml"/>' + BUNDLE.replace('"app.css"', '"new"'), files
    )
    assert {bundle.name: bundle.output for bundle in registry.environment} == {
        "app.css": "gen/other.css",
        "new": "gen/app.css",
    }


def test_load_paths_of_included_files_are_looked_in_first(shop):
    registry = shop(
        '<environment><loadPath path="b"/><loadPath path="c"/></environment><include file="one.zcml"/>',
        {"one.zcml": '<environment><loadPath path="a"/></environment>'},
    )
    assert [path.rpartition(":")[2] for path in registry.environment.load_path] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "one, other, line",
    [
        ('<environment debug="true"/>', '<environment debug="merge"/>', "environment 'debug' is declared 2 times"),
        (
            '<environment><loadPath path="js"/></environment>',
            '<environment><loadPath path="js" url="/js"/></environment>',
            "loadPath 'shop:js' is declared 2 times",
        ),
        (
            '<environment><urlMapping path="js" url="/a"/></environment>',
            '<environment><urlMapping path="js" url="/b"/></environment>',
            "urlMapping 'shop:js' is declared 2 times",
        ),
        (
            '<environment><filterOption name="x" value="1"/></environment>',
            '<environment><filterOption name="X" value="2"/></environment>',
            "filterOption 'x' is declared 2 times",
        ),
        (BUNDLE, BUNDLE.replace("gen", "other"), "bundle 'app.css' is declared 2 times"),
        (
            '<filter name="x" factory="assetzcml.bundles.Filter"/>',
            '<filter name="x" factory="assetzcml.bundles.Bundle"/>',
            "filter 'x' is declared 2 times",
        ),
    ],
)
def test_the_same_thing_said_by_two_files_of_equal_strength_is_a_conflict(shop, one, other, line):
    (problem,) = shop.problems(
        '<include file="one.zcml"/><include file="two.zcml"/>', {"one.zcml": one, "two.zcml": other}
    )
    assert line in problem


@pytest.mark.parametrize(
    "output, how",
    [
        ("gen/app.css", ""),
        ("gen/APP.css", " (there 'gen/app.css': they differ in case only)"),
        ("gen/app.%(version)s.css", " (there 'gen/app.css': without the version both are 'shop:gen/app.css')"),
    ],
)
def test_two_bundles_with_one_output_are_a_conflict_that_names_both_lines(shop, output, how):
    with pytest.raises(ConfigurationConflictError) as caught:
        shop(f'{BUNDLE}<bundle name="b" contents="a.js"\n  output="{output}"/>')
    (problem,) = caught.value.problems
    message = f"bundle 'b': its output '{output}' is that of bundle 'app.css' too{how}"
    assert problem.message.replace(shop.name, "shop") == message
    assert (problem.origin.line, problem.origin.column) == (4, 11)
    ((_, other),) = problem.also
    assert (other.line, other.column) == (2, 62)


def test_two_loads_must_not_write_one_output_either(shop):
    registry = shop(BUNDLE)
    with pytest.raises(ConfigurationConflictError, match=r"its output 'gen/app\.css' is that of"):
        shop(BUNDLE.replace('"app.css"', '"b"'), registry=registry)
    assert list(tell(registry.environment)) == ["app.css"]


# What is wrong


@pytest.mark.parametrize(
    "text, problem",
    [
        (
            '<environment debug="maybe"/>',
            "2:21: environment: debug='maybe': true, false or merge was expected: "
            "yes, no, true, false, y, n, t, f, on, off, 1 or 0",
        ),
        (
            '<environment auto_build="sometimes"/>',
            "2:26: environment: auto_build='sometimes': true or false was expected: "
            "yes, no, true, false, y, n, t, f, on, off, 1 or 0",
        ),
        (
            '<environment url_expire="never"/>',
            "2:26: environment: url_expire='never': auto, true or false was expected: "
            "yes, no, true, false, y, n, t, f, on, off, 1 or 0",
        ),
        (
            '<environment versions="md5"/>',
            "2:24: environment: versions='md5': hash, hash:N, timestamp, false or the dotted name of a component was expected",
        ),
        (
            '<environment versions="no.such.Thing"/>',
            "2:24: environment: versions='no.such.Thing': it cannot be resolved: no module named 'no.such'",
        ),
        (
            '<environment versions="assetzcml.bundles.Bundle"/>',
            "2:24: environment versions='assetzcml.bundles.Bundle': versions is "
            "<class 'assetzcml.bundles.bundle.Bundle'>, which has no method "
            "determine_version()",
        ),
        (
            '<environment manifest="yaml"/>',
            "2:24: environment: manifest='yaml': cache, json, json:PATH, false or the dotted name of a component was expected",
        ),
        (
            '<environment directory="static" manifest="cache" cache="false"/>',
            "2:43: environment manifest='cache': the manifest is 'cache', and the cache is turned off; "
            "set manifest='json', or leave the cache on",  # D-4
        ),
        (
            '<environment updater="mtime"/>',
            "2:23: environment: updater='mtime': timestamp, always, false or the dotted name of a component was expected",
        ),
        (
            '<environment cache_file_mode="rw"/>',
            "2:31: environment: cache_file_mode='rw': a mode in octal digits was expected, such as 0640",
        ),
        (
            '<environment url="/static?v=1"/>',
            "2:19: environment: url='/static?v=1': the prefix of URLs was expected, such as '/static' or "
            "'https://cdn.example.com/static'",
        ),
        (
            '<environment directroy="static"/>',
            "2:14: environment: unknown attribute 'directroy'; did you mean 'directory'?",  # D-15
        ),
        (
            '<environment directory="../static"/>',
            "2:25: environment: directory='../static': '../static' is not an asset spec: '..' is not followed; "
            "name the package that it leads into",
        ),
        (
            '<environment directory="zoo:static"/>',
            "2:25: environment directory='zoo:static': there is no package 'zoo'",
        ),
        (
            '<environment><loadPath path="zoo:x"/></environment>',
            "2:30: loadPath 'zoo:x': there is no package 'zoo'",
        ),
        (
            '<environment><loadPath url="/x"/></environment>',
            "2:14: loadPath: the attribute 'path' is missing; write path=\"package:static\"",
        ),
        (
            '<environment><header name="x" value="y"/></environment>',
            "2:14: header cannot stand inside environment; it holds filterOption, loadPath, urlMapping",
        ),
        (
            '<bundle name="a" contents="reset.css" output="../a.css"/>',
            "2:47: bundle 'a': output='../a.css': it leads out of the environment's directory: '..' is not followed",  # D-11
        ),
        (
            '<bundle name="a" contents="reset.css" output="/srv/a.css"/>',
            "2:47: bundle 'a': output='/srv/a.css': a path below the environment's directory was expected, without a leading '/'",
        ),
        (
            '<bundle name="a" contents="reset.css" output="gen/"/>',
            "2:47: bundle 'a': output='gen/': the name of a file was expected",
        ),
        (
            '<bundle name="a" contents="reset.css" output="a.%(versoin)s.css"/>',
            "2:47: bundle 'a': output='a.%(versoin)s.css': '%(versoin)s' means nothing in an output; only %(version)s does",
        ),
        (
            '<bundle name="a" contents="reset.css" output="%(name)s.css"/>',
            "2:47: bundle 'a': output='%(name)s.css': '%(name)s' means nothing in an output; only %(version)s does",
        ),
        (
            '<bundle name="a" contents="reset.css" merge="false"/>',
            "2:46: bundle 'a': with merge=false it needs an output; such as output='gen/%(name)s.%(version)s.js'",
        ),
        (
            '<environment versions="false"/>\n<bundle name="a" contents="reset.css" output="a.%(version)s.css"/>',
            "3:47: bundle 'a': its output has %(version)s, and versions are turned off; set versions, or leave %(version)s out",
        ),  # D-3
        (
            '<bundle name="a" contents="reset.css" filters="cssmni" output="a.css"/>',
            "2:48: bundle 'a': no filter has the name 'cssmni'; did you mean 'cssmin'?",
        ),
        (
            '<filter name="mine" factory="assetzcml.bundles.Filter"/>\n'
            '<bundle name="a" contents="reset.css" filters="cssrewrite,minne" output="a.css"/>',
            "3:48: bundle 'a': no filter has the name 'minne'; did you mean 'mine'?",
        ),
        (
            '<bundle name="a b" contents="reset.css"/>',
            "2:15: bundle: name='a b': a name without blank, comma and colon was expected",
        ),
        (
            '<bundle name="a" contents="..\\reset.css"/>',
            "2:28: bundle: contents='..\\\\reset.css': '..\\\\reset.css' is not an asset spec: it holds a backslash; "
            "write '../reset.css'",
        ),
        (
            '<bundle name="a" contents="reset.css" debug="maybe"/>',
            "2:46: bundle: debug='maybe': true, false or merge was expected: yes, no, true, false, y, n, t, f, on, off, 1 or 0",
        ),
        (
            '<bundle name="a" contents="reset.css" extra="print"/>',
            "2:46: bundle: extra='print': 'print' is not key=value",
        ),
        (
            '<bundle name="a" contents="venodr" output="a.css"/>\n<bundle name="vendor" contents="reset.css"/>',
            "2:28: bundle 'a': there is neither a bundle nor a file 'venodr'; did you mean 'vendor'?",
        ),
        (
            '<bundleContents bundle="ap.css" contents="x.css"/>\n<bundle name="app.css" contents="reset.css"/>',
            "2:25: bundleContents 'ap.css': the bundle is declared by nobody; did you mean 'app.css'?",
        ),
        (
            '<bundle name="a" contents="reset.css"/>\n<bundleContents bundle="a" contents="x" position="before:rest.css"/>',
            "3:51: bundleContents 'a': position='before:rest.css': the bundle has no content 'rest.css'; "
            "did you mean 'reset.css'?",
        ),
        (
            '<bundle name="a" contents="reset.css"/>\n<bundleContents bundle="a" contents="x" position="first"/>',
            "3:51: bundleContents: position='first': append, prepend, before:NAME or after:NAME was expected",
        ),
        (
            '<bundle name="a" contents="reset.css"/>\n<bundleContents bundle="a" contents=" "/>',
            "3:38: bundleContents 'a': contents is empty",
        ),
        (
            '<filter name="x" factory="os.sep"/>',
            "2:27: filter 'x': factory '/' is not callable",
        ),
        (
            '<filter name="x" factory="builtins.int"/>',
            "2:27: filter 'x': 0 is not a filter: a name, a Filter or a function of two binary streams was expected",
        ),
        (
            '<filter name="x" factory="os.unlink"/>',
            "2:27: filter 'x': factory raised TypeError: unlink() missing required argument 'path' (pos 1)",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_attribute_and_nothing_is_registered(shop, text, problem):
    registry = AssetRegistry()
    assert shop.problems(text, registry=registry) == [f"configure.zcml:{problem}"]
    assert (len(registry.environment), registry.snapshot.bundling) == (0, ())


def test_all_that_is_wrong_is_said_at_once(shop):
    assert [problem.partition(" ")[0] for problem in shop.problems(
        '<environment directory="zoo:x"/>\n'
        '<bundle name="a" contents="all" output="a.css"/>\n'
        '<bundle name="b" contents="reset.css" filters="nix" output="b.css"/>\n'
        '<bundle name="c" contents="reset.css" output="B.css"/>\n'
        '<bundleContents bundle="d" contents="x"/>'
    )] == [f"configure.zcml:{place}:" for place in ("2:25", "6:25", "5:47", "3:28", "4:48")]  # fmt: skip


def test_a_bundle_that_contains_itself_through_others_is_told_with_the_way_round(shop):
    with pytest.raises(ConfigurationError) as caught:
        shop(
            '<bundle name="a" contents="reset.css b"/>\n<bundle name="b" contents="c"/>\n'
            '<bundle name="c" contents="shop.css"/>\n<bundleContents bundle="c" contents="a"/>'
        )
    (problem,) = caught.value.problems
    assert problem.message == "bundle 'a' contains itself: a → b → c → a"
    assert (problem.origin.line, problem.origin.column) == (2, 28)
    assert [origin.line for _, origin in problem.also] == [3, 5]


def test_a_bundle_among_contents_is_named_like_a_file_and_goes_before_it(shop):
    registry = shop(
        '<environment directory="static" url="/s" url_expire="false"/>'
        '<bundle name="reset.css" contents="reset.css shop.css"/>'  # its own name is that of the file
        '<bundle name="all" contents="reset.css" output="gen/all.css"/>'
        '<bundle name="one" contents="./reset.css" output="gen/one.css"/>'
    )
    assert registry.resolve(f"{shop.name}:gen/all.css").read_bytes() == b"r{}\ns{}"
    assert registry.resolve(f"{shop.name}:gen/one.css").read_bytes() == b"r{}"


@pytest.mark.parametrize(
    "contents, warning",
    [
        (
            "rest.css",
            "bundle 'a': the source 'rest.css' cannot be found: it is not in 'shop:static', 'shop:'; did you mean 'reset.css'?",
        ),
        (
            "shop:static/rest.css",
            "bundle 'a': the source 'shop:static/rest.css' cannot be found: no layer has the asset "
            "'shop:static/rest.css'; did you mean 'shop:static/reset.css'?",
        ),
        (
            "shop:nix/zzz.css",
            "bundle 'a': the source 'shop:nix/zzz.css' cannot be found: no layer has the asset "
            "'shop:nix/zzz.css'; it has to be there when the bundle is built",
        ),
        ("nix/*.css", None),  # a glob may match later
        ("https://cdn.test/x.css", None),
        ("gen/b.css", None),  # what another bundle writes
    ],
)
def test_a_file_that_is_not_there_yet_is_a_warning(shop, contents, warning):
    contents = contents.replace("shop:", f"{shop.name}:")
    text = (
        f'<environment directory="static"/>\n<bundle name="a" contents="{contents}" output="a.css"/>'
        '<bundle name="b" contents="reset.css" output="gen/b.css"/>'
    )
    expected = [] if warning is None else [f"configure.zcml:3:28: {warning}"]
    assert shop.warned(text) == expected
    if warning is not None:
        assert shop.problems(text, strict=True) == expected


def test_a_literal_percent_sign_is_a_character_like_others(shop):
    registry = shop(
        '<environment directory="static" url="/s"/><bundle name="a" contents="reset.css" output="100%.css"/>'
    )
    assert registry.static_path(f"{shop.name}:100%.css").startswith("/s/100%25.css?")  # D-12


# Together with Python


def test_python_and_zcml_do_not_name_one_bundle(shop):
    registry = shop('<environment directory="static"/>' + BUNDLE)
    with pytest.raises(RegisterError, match=r"the bundle 'app\.css' is declared already"):
        registry.environment.register("app.css", "a.js", output="x")
    with pytest.raises(RegisterError, match=r"its output 'gen/app\.css' is that of the bundle 'app\.css' too"):
        registry.environment.register("other", "a.js", output="gen/app.css")
    fresh = AssetRegistry()
    fresh.environment.register("app.css", "x.css", output="gen/x.css")
    assert shop.problems(BUNDLE, registry=fresh) == [
        "configure.zcml:2:15: bundle 'app.css': Python has registered a bundle of this name"
    ]
    fresh.environment.register("y", "x.css", output="Gen/APP2.css")
    assert shop.problems(BUNDLE.replace('"app.css"', '"new"').replace("app.css", "app2.css"), registry=fresh) == [
        "configure.zcml:2:58: bundle 'new': its output 'gen/app2.css' is that of the bundle 'y' too, which Python registered"
    ]
