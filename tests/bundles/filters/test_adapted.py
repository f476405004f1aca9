"""Filters of an installed webassets, run on bytes."""

import io
import sys

import pytest
from filter_running import Context, run

from assetzcml.bundles import Environment
from assetzcml.bundles.filters import Filter, FilterError, UnknownFilter, get_filter, get_filters
from assetzcml.errors import MissingExtra


def test_without_webassets_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "webassets", None)
    with pytest.raises(MissingExtra, match=r"'webassets:rjsmin' needs webassets .*; pip install webassets"):
        get_filter("webassets:rjsmin")


@pytest.fixture
def webassets():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("webassets.filter", reason="webassets is not installed")
        import webassets.filter
    return webassets


def test_a_name_that_webassets_does_not_have_has_a_hint(webassets):
    with pytest.raises(UnknownFilter, match=r"webassets has no filter 'rjsmni'; did you mean 'rjsmin'\?"):
        get_filter("webassets:rjsmni")


@pytest.fixture
def theirs(webassets, monkeypatch):
    """A filter of webassets that uses everything the protocol has, registered as 'theirs'."""

    class Theirs(webassets.filter.Filter):
        name = "theirs"
        max_debug_level = None
        options = {"mark": "THEIRS_MARK", "words": webassets.filter.option("THEIRS_WORDS", type=list)}  # noqa: RUF012

        def setup(self):
            super().setup()
            if self.mark == "unset":
                raise OSError("mark is not set")

        def input(self, _in, out, source_path=None, **kw):
            text = _in.read()
            assert isinstance(text, str)
            if "boom" in text:
                raise ValueError("boom inside")
            out.write(f"{self.mark}{self.words or ''}{source_path}:{text}")

        def output(self, _in, out, **kw):
            out.write(self.ctx.directory + _in.read())

        def open(self, out, source_path, **kw):
            out.write(f"opened {source_path}")

        def concat(self, out, hunks, **kw):
            out.write("+".join(f"{info['source']}={hunk.data()}" for hunk, info in hunks))

        def unique(self):
            return self.mark

    monkeypatch.setitem(webassets.filter._FILTERS, "theirs", Theirs)
    return Theirs


def test_every_method_runs_on_text_and_the_bundle_gets_bytes(theirs):
    class Hunk:
        def __init__(self, content):
            self.content = content

        def data(self):
            return self.content

    bound = get_filter("webassets:theirs", mark="é").bind(Context("/d", THEIRS_WORDS="a,b"))
    written = {}
    for name, arguments in {
        "input": [io.BytesIO(b"\xef\xbb\xbfx\r\ny")], "output": [io.BytesIO(b"x")],
    }.items():  # fmt: skip
        out = io.BytesIO()
        getattr(bound, name)(*arguments, out, source_path="s")
        written[name] = out.getvalue()
    bound.open(out := io.BytesIO(), "/s/a", output="o")
    written["open"] = out.getvalue()
    bound.concat(out := io.BytesIO(), [(Hunk(b"1"), {"source": "a"}), (Hunk(b"2"), {"source": "b"})], output="o")
    written["concat"] = out.getvalue()
    assert written == {
        "input": "é['a', 'b']s:x\r\ny".encode(), "output": b"/dx", "open": b"opened /s/a", "concat": b"a=1+b=2",
    }  # fmt: skip
    assert bound.max_debug_level is None


def test_a_filter_has_the_methods_that_its_class_has(webassets):
    adapted = get_filter("webassets:rjsmin")
    assert [name for name in ("open", "input", "concat", "output") if getattr(adapted, name)] == ["output"]
    assert adapted.max_debug_level is False


def test_two_bundles_do_not_share_what_was_looked_up(theirs):
    declared = get_filter("webassets:theirs")
    one, other = declared.bind(Context("/d", THEIRS_MARK="1")), declared.bind(Context("/d", THEIRS_MARK="2"))
    assert (one.inner.mark, other.inner.mark, declared.inner.mark) == ("1", "2", None)
    assert one.id() != other.id()


def test_the_same_filter_counts_once(theirs):
    chain = get_filters(["webassets:theirs", get_filter("webassets:theirs"), get_filter("webassets:theirs", mark="a")])
    assert len(chain) == 2


@pytest.mark.parametrize("make", [lambda theirs: theirs, lambda theirs: theirs(mark="m")], ids=["class", "instance"])
def test_a_class_and_an_instance_of_webassets_are_adapted_as_well(make, theirs):
    adapted = get_filter(make(theirs))
    assert isinstance(adapted, Filter)
    assert adapted.name == "webassets:theirs"


def test_what_webassets_raises_is_a_filter_error_with_the_file(theirs):
    with pytest.raises(FilterError, match=r"\Aa.js: webassets:theirs: boom inside\Z") as raised:
        run("webassets:theirs", b"boom", source_path="a.js")
    assert isinstance(raised.value.__cause__, ValueError)
    with pytest.raises(FilterError, match="webassets:theirs: mark is not set"):
        get_filter("webassets:theirs", mark="unset").bind(Context("/d"))
    with pytest.raises(FilterError, match=r"a.js:1: webassets:theirs reads UTF-8, and byte offset 0 is 0xff"):
        run("webassets:theirs", b"\xff", source_path="a.js")


def test_cssrewrite_of_webassets_finds_the_urls(webassets):
    kw = {
        "source": "css/a.css", "source_path": "/d/css/a.css", "output": "out.css", "output_path": "/d/out.css",
        "source_url": "/s/css/a.css", "output_url": "/s/out.css",
    }  # fmt: skip
    assert run("webassets:cssrewrite", b"a{b:url(x.png)}", **kw) == b"a{b:url(css/x.png)}"


def test_a_setting_of_webassets_keeps_a_compiler_from_running_while_debugging(webassets, monkeypatch, tmp_path):
    class Compiler(webassets.filter.Filter):
        name = "compiler"
        max_debug_level = None

        def setup(self):
            super().setup()
            if self.get_config("RUN_IN_DEBUG", require=False) is False:
                self.max_debug_level = False

        def output(self, _in, out, **kw):
            out.write("compiled")

    monkeypatch.setitem(webassets.filter._FILTERS, "compiler", Compiler)
    (tmp_path / "a.js").write_text("source")
    written = []
    for setting in (None, False):
        environment = Environment(str(tmp_path), "/s", debug=True, cache=False)
        environment.config["RUN_IN_DEBUG"] = setting
        environment.register("x", "a.js", filters="webassets:compiler", output="out.js")
        written.append(environment["x"].build(force=True)[0].data())
    assert written == [b"compiled", b"source"]
