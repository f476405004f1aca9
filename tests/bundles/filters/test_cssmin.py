"""cssmin: which engine, what it may change, what is said when another had to do it."""

import os
import sys
import warnings
from pathlib import Path

import pytest
from filter_running import Context, run

from assetzcml.bundles.filters import FilterError, FilterWarning, get_filter
from assetzcml.bundles.filters.cssmin import same_rules
from tables import over

try:
    import lightningcss
except ImportError:
    lightningcss = None
try:
    import rcssmin
except ImportError:
    rcssmin = None
needs_lightningcss = pytest.mark.skipif(lightningcss is None, reason="lightningcss is not installed")
needs_rcssmin = pytest.mark.skipif(rcssmin is None, reason="rcssmin is not installed")

CSS = b"a { color : red ; }\n\n/* two */ b > c { margin : 0px }\n"


@needs_lightningcss
@pytest.mark.parametrize("source, written", [
    (CSS, b"a{color:red}b>c{margin:0}"),
    (b"a { & b { c: d } }", b"a{& b{c:d}}"),  # nesting stays
    (b"/*! MIT */\na { b: c }", b"/*! MIT */\na{b:c}"),
    (b'@charset "utf-8";\n/*! MIT */ a { b: c } /*! two */', b"/*! MIT */\n/*! two */\na{b:c}"),
    (b"", b""), (b"/* only */", b""),
])  # fmt: skip
def test_lightningcss_minifies_and_keeps_licenses(source, written):
    assert run("cssmin", source) == written


@needs_lightningcss
def test_browsers_make_it_write_older_syntax():
    source = b"a { & b { c: d } }"
    assert run(get_filter("cssmin", browsers=["chrome 80"]), source) == b"a b{c:d}"
    assert run("cssmin", source, Context("/d", CSSMIN_BROWSERS="chrome 80, safari 13")) == b"a b{c:d}"


@needs_lightningcss
@needs_rcssmin
@pytest.mark.parametrize("source, written, place, reason", [
    (b"\na { *zoom : 1 ; }", b"a{*zoom:1}", "a.css:2:15", "Unexpected token Semicolon"),
    (b"a{b:c} @import 'x' ;", b"a{b:c}@import 'x'", "a.css:1:", "@import rules must precede all rules"),
    (b"a { b : c } }", b"a{b:c}}", "a.css:1:", ""),
])  # fmt: skip
def test_what_lightningcss_cannot_read_rcssmin_minifies_with_a_warning_at_the_place(source, written, place, reason):
    with pytest.warns(FilterWarning) as caught:
        assert run("cssmin", source, output="a.css") == written
    (message,) = [str(one.message) for one in caught]
    assert message.startswith(place)
    assert f"cssmin: minified by rcssmin, since lightningcss cannot read it ({reason}" in message


@needs_rcssmin
def test_without_lightningcss_rcssmin_minifies_with_a_warning(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightningcss", None)
    with pytest.warns(FilterWarning, match=r"a.css: cssmin: minified by rcssmin, since lightningcss is not installed"):
        assert run("cssmin", CSS, output_path="a.css") == b"a{color:red}b > c{margin:0px}".replace(b" > ", b">")


def test_without_both_the_original_stays_with_a_warning(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightningcss", None)
    monkeypatch.setitem(sys.modules, "rcssmin", None)
    message = r"a.css: cssmin: left as it is, since lightningcss is not installed and rcssmin is not installed"
    with pytest.warns(FilterWarning, match=message):
        assert run("cssmin", CSS, output_path="a.css") == CSS


@needs_rcssmin
def test_an_engine_that_is_asked_for_does_it_without_a_warning():
    assert run(get_filter("cssmin", engine="rcssmin"), CSS) == b"a{color:red}b>c{margin:0px}"


def test_an_engine_that_is_asked_for_and_missing_or_unknown_is_an_error(monkeypatch):
    from assetzcml.bundles.filters import cssmin

    monkeypatch.setitem(sys.modules, "rcssmin", None)
    monkeypatch.setattr(cssmin, "_version", lambda name: None)
    with pytest.raises(FilterError, match=r"rcssmin is not installed; pip install 'assetzcml\[bundles\]'"):
        run(get_filter("cssmin", engine="rcssmin"), CSS)
    with pytest.raises(FilterError, match="one of lightningcss, rcssmin was expected"):
        run("cssmin", CSS, Context("/d", CSSMIN_ENGINE="yui"))


def test_a_minifier_that_changes_more_than_blanks_is_not_believed(monkeypatch):
    class Careless:
        @staticmethod
        def cssmin(text, keep_bang_comments):
            return text.replace(" ", "")

    monkeypatch.setitem(sys.modules, "lightningcss", None)
    monkeypatch.setitem(sys.modules, "rcssmin", Careless)
    with pytest.warns(FilterWarning, match="left as it is, .* and rcssmin changes more than blanks"):
        assert run("cssmin", b"a .b { c: d }") == b"a .b { c: d }"


@over("before, after, same", [
    ("a { b : c ; }", "a{b:c}", True),
    ("a , b > c + d ~ e { }", "a,b>c+d~e{}", True),
    ("a{;;b:c;;}", "a{b:c}", True), ("a{};b{}", "a{}b{}", False),  # there it is part of the next selector
    ("@media (min-width : 1px) and (x) { }", "@media (min-width:1px) and (x){}", True),
    ("a{b: url( x )}", "a{b:url(x)}", True),
    ("a{*b : c}", "a{*b:c}", True),
    ("a{--b : c}", "a{--b:c}", True),
    ("a{ b : c !important }", "a{b:c!important}", True),
    ("a :hover{}", "a:hover{}", False),
    ("x{a :hover{}}", "x{a:hover{}}", False),
    ("a .b{}", "a.b{}", False), ("a #b{}", "a#b{}", False), ("a [b]{}", "a[b]{}", False), ("a *{}", "a*{}", False),
    ("a{b:calc(1px + 2px)}", "a{b:calc(1px+2px)}", False),
    ("a{b:calc(1px - 2px)}", "a{b:calc(1px -2px)}", False),
    ("@media x and (y){}", "@media x and(y){}", False),
    ("a{b:c d}", "a{b:cd}", False),
    ("a{b:'c  d'}", "a{b:'c d'}", False),
    ("a{b:url(c d)}", "a{b:url(cd)}", False),
    ("a{b:0px}", "a{b:0}", False),
    ("a{b:c}", "a{}", False), ("a{b:c}", "a{b:c;d:e}", False), ("a{b:c;d:e}", "a{b:c d:e}", False),
    ("a{b:c}", "a { b: c }", False),  # nothing is added
])  # fmt: skip
def test_blanks_that_mean_something_are_told_from_those_that_do_not(before, after, same):
    assert same_rules(before, after) is same


@needs_rcssmin
@needs_lightningcss
def test_the_id_names_the_versions_of_the_engines():
    assert [one.split()[0] for one in get_filter("cssmin").bind(Context("/d")).tool_versions()] == [
        "lightningcss",
        "rcssmin",
    ]


@needs_lightningcss
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_lightningcss_starts_no_thread_and_works_in_a_child_of_a_process_that_used_it():
    source = CSS * 500
    before = os.listdir("/proc/self/task")
    expected = run("cssmin", source)
    assert os.listdir("/proc/self/task") == before
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork under threads, which pytest may have
        child = os.fork()
    if not child:
        os._exit(run("cssmin", source) != expected)
    assert os.waitpid(child, 0)[1] == 0
