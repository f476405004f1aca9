"""What the contents and the output of a bundle may say, and which files that means."""

import pytest

from assetzcml import ConfigurationConflictError, ConfigurationError, ConfigurationWarning, load_zcml
from assetzcml.bundles import BuildError, Bundle, RegisterError, sources
from bundle_site import Marked, Upper

A = 'xmlns="http://namespaces.assetzcml.org/assets"'


def zcml(text):
    return f'<configure {A}>\n  <staticView name="static" path="static"/>\n{text}\n</configure>'


@pytest.fixture
def loaded(package):
    """A function that loads directives in a package with two scripts, and returns its environment."""

    def load(text, **files):
        name = package({"configure.zcml": zcml(text), "static/a.js": "var a;\n", "static/b.js": "var b;\n", **files})
        return load_zcml(f"{name}:configure.zcml").environment

    return load


def test_one_output_with_two_contents_is_a_conflict_that_names_both_lines(loaded):
    with pytest.raises(ConfigurationConflictError) as raised:
        loaded(
            '  <environment directory="static"/>\n'
            '  <bundle name="all" contents="child" filters="jsmin"/>\n'
            '  <bundle name="child" contents="a.js" output="gen/child.js"/>'
        )
    told = str(raised.value)
    assert "configure.zcml:4:3: bundle 'all': its filters would make another content of 'gen/child.js'" in told
    assert "the other is declared at" in told
    assert "configure.zcml:5:3" in told


@pytest.mark.parametrize(
    "directives",
    [
        '<bundle name="child" contents="a.js" filters="jsmin" output="gen/child.js"/>'
        '<bundle name="all" contents="child" filters="jsmin"/>',
        '<bundle name="child" contents="a.js" output="gen/child.js"/>'
        '<bundle name="all" contents="child" filters="jsmin" output="gen/all.js"/>',
        '<bundle name="child" contents="a.js" output="gen/child.js"/><bundle name="all" contents="child"/>',
    ],
    ids=["the same filters", "a container with an output", "a container without filters"],
)
def test_what_makes_one_content_is_no_conflict_and_is_built_once(loaded, directives):
    environment = loaded(f'  <environment directory="static"/>{directives}')
    environment.build()
    integrity = [environment[name].urls(calculate_sri=True) for name in ("child", "all", "child", "all")]
    assert integrity[0] == integrity[2]
    assert integrity[1] == integrity[3]
    assert [built.changed for built in environment.build()] == [False] * len(environment.build())


def test_in_python_too_whichever_is_registered_first(site):
    for order in ("alone first", "container first", "two containers"):
        environment = site.environment()
        child = Bundle("a.js", output="gen/child.js")
        bundles = {
            "alone": child,
            "container": Bundle(child, filters=Upper()),
            "other": Bundle(child, filters=Marked()),
        }
        first, second = {
            "alone first": ("alone", "container"),
            "container first": ("container", "alone"),
            "two containers": ("container", "other"),
        }[order]
        environment.register(first, bundles[first])
        with pytest.raises(RegisterError, match=r"another content of 'gen/child\.js'"):
            environment.register(second, bundles[second])
        assert environment.names() == [first]


@pytest.mark.parametrize("output", ["spec:static/gen/o.js", "shop.admin:o.js"])
def test_a_spec_as_output_is_refused_with_the_words_to_write(loaded, site, output):
    words = {
        "spec:static/gen/o.js": "write output='gen/o.js', and <environment directory='spec:static'/>",
        "shop.admin:o.js": "write output='o.js', and <environment directory='shop.admin:'/>",
    }[output]
    with pytest.raises(ConfigurationError) as raised:
        loaded(f'  <environment directory="static"/>\n  <bundle name="x" contents="a.js" output="{output}"/>')
    assert words in str(raised.value)
    assert "configure.zcml:4:44" in str(raised.value)  # the value of output
    with pytest.raises(RegisterError) as raised:
        site.environment().register("x", "a.js", output=output)
    assert words in str(raised.value)


def test_a_plain_name_on_a_glob_of_load_paths_is_each_file_of_the_name(site):
    for name, text in (("l1/n.js", "1"), ("l2/n.js", "2"), ("m/n.js", "3")):
        site.write(name, text)
    globbed = site.environment(load_path=[str(site.directory / "l*"), str(site.directory / "m")])
    assert (
        globbed.register("x", "n.js", output="x.js").build()[0].data() == b"1\n;\n2"
    )  # a statement ends with its file
    plain = site.environment(load_path=[str(site.directory / "m"), str(site.directory / "l*")])
    assert plain.register("x", "n.js", output="x.js").build()[0].data() == b"3"


@pytest.mark.parametrize("name", ["[br].js", "a*.js", "what?.js"])
def test_the_name_of_a_file_that_is_there_is_no_glob(site, name):
    site.write("b.js", "glob")
    site.write("abc.js", "glob")
    site.write(name, "literal")
    assert site.bundle(name, output="gen/x.js").build()[0].data() == b"literal"
    assert site.bundle(str(site.directory / name), output="gen/x.js").build(force=True)[0].data() == b"literal"


@pytest.mark.parametrize("files, contents, filters", [
    ({"é.css": "a{}"}, "*.css", None),
    ({"a.css": "a{}", "b.css": "@import 'é/c.css';", "é/c.css": ""}, "*.css", None),
    ({"a.css": "a{b:url(é.svg)}", "é.svg": "<svg/>"}, "a.css", "cssrewrite"),
])  # fmt: skip
def test_a_name_that_this_process_reads_otherwise_than_others_is_an_error(
    loaded, files, contents, filters, monkeypatch
):
    """Python reads other characters in it, where names of files have another encoding: other bytes would be built."""
    monkeypatch.setattr(sources, "NAMES_ARE_UTF8", False)
    chain = f' filters="{filters}"' if filters else ""
    bundle = f'<bundle name="x" contents="{contents}"{chain} output="gen/x.css"/>'
    inside = {f"static/{name}": text for name, text in files.items()}
    environment = loaded(f'<environment directory="static"/>{bundle}', **inside)
    with pytest.raises(BuildError, match=r"the name '[^']*é[^']*' cannot be read .* PYTHONUTF8=1"):
        environment.build()


def test_such_a_name_is_told_of_at_load_where_it_is_written(loaded, monkeypatch):
    monkeypatch.setattr(sources, "NAMES_ARE_UTF8", False)
    bundle = '<environment directory="static"/><bundle name="x" contents="é.js" output="gen/x.js"/>'
    with pytest.warns(ConfigurationWarning, match="é.js' cannot be read by .*; run it with PYTHONUTF8=1"):
        loaded(bundle, **{"static/é.js": ""})


def test_the_name_of_an_asset_that_is_there_is_no_glob(loaded):
    environment = loaded(
        '  <environment directory="static"/>\n  <bundle name="x" contents="[ab].js" output="gen/x.js"/>',
        **{"static/[ab].js": "literal"},
    )
    assert environment.build()[0].data() == b"literal"


EXCLUDED = {
    ("*.js", "!b.js"): b"var a;\n\nvar c;\n",
    ("*.js", "!*.js", "b.js"): b"var b;\n",
    ("a.js", "!b.js", "b.js"): b"var a;\n\nvar b;\n",
    ("*.js", "!nope.js", "!nope/*.js"): b"var a;\n\nvar b;\n\nvar c;\n",
    ("a.js", "b.js", "!a.js"): b"var b;\n",
}


@pytest.mark.parametrize("contents", EXCLUDED)
def test_what_begins_with_an_exclamation_mark_takes_out_of_what_stands_before_it(site, contents):
    site.write("c.js", "var c;\n")
    assert site.bundle(*contents, output="gen/x.js").build()[0].data() == EXCLUDED[contents]


def test_another_package_takes_a_source_out_of_a_glob(package):
    app = package(
        {
            "configure.zcml": zcml(
                '<environment directory="static"/><bundle name="x" contents="*.js" output="gen/x.js"/>'
            ),
            "static/a.js": "var a;\n",
            "static/b.js": "var b;\n",
        }
    )
    theme = package(
        {
            "configure.zcml": f'<configure {A}><include package="{app}"/>'
            f'<bundleContents bundle="x" contents="!{app}:static/b.js"/></configure>'
        }
    )
    assert load_zcml(f"{theme}:configure.zcml").environment.build()[0].data() == b"var a;\n"


@pytest.mark.parametrize("miss", [False, None, b""])
def test_a_cache_may_say_a_miss_as_it_likes(site, miss):
    class Miss:
        def get(self, key):
            return miss

        def set(self, key, value):
            pass

    bundle = site.bundle("a.js", filters=Marked(), output="gen/m.%(version)s.js", env_cache=Miss())
    assert bundle.build()[0].data() == b"[a.js]var a;\n"
    assert bundle.urls() == bundle.urls()
