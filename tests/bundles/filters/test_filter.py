"""The protocol: options, identity, chains, names."""

import functools
import io
import subprocess
import sys

import pytest
from filter_running import Context, run

from assetzcml.bundles.filters import (
    Filter,
    FilterError,
    MissingOption,
    TextFilter,
    UnknownFilter,
    get_filter,
    get_filters,
    option,
    register_filter,
)
from assetzcml.bundles.filters import names as names_module
from assetzcml.bundles.filters.base import split_list, stable_text
from assetzcml.errors import ConfigurationError


class Wrap(Filter):
    name = "wrap"
    options = {  # noqa: RUF012
        "before": "WRAP_BEFORE",
        "words": option("WRAP_WORDS", type=list),
        "count": option("times", "WRAP_COUNT", int, 3),
        "loud": option("loud", "WRAP_LOUD", bool, False),
    }

    def output(self, _in, out, **kw):
        out.write(self.before.encode() + _in.read())


class Upper(TextFilter):
    name = "upper"
    method = "input"

    def transform_text(self, text, **kw):
        return text.upper()


def module_level(_in, out):
    out.write(_in.read())


@pytest.mark.parametrize("given, configured, in_os, expected", [
    ({"before": "instance"}, "configured", "os", "instance"),
    ({}, "configured", "os", "configured"),
    ({}, None, "os", "os"),
    ({}, None, None, None),
])  # fmt: skip
def test_an_option_is_the_instances_then_the_configurations_then_that_of_os_environ(
    given, configured, in_os, expected, monkeypatch
):
    if in_os:
        monkeypatch.setenv("WRAP_BEFORE", in_os)
    context = Context("/d", **({"wrap_before": configured} if configured else {}))
    assert Wrap(**given).bind(context).before == expected


@pytest.mark.parametrize("setting, text, attribute, expected", [
    ("WRAP_WORDS", "a, b\tc", "words", ["a", "b", "c"]),
    ("WRAP_WORDS", r"C:\\x a\ b", "words", [r"C:\x", "a b"]),
    ("WRAP_WORDS", "", "words", []),
    ("WRAP_COUNT", "7", "count", 7),
    ("WRAP_LOUD", "Yes", "loud", True),
    ("WRAP_LOUD", "off", "loud", False),
])  # fmt: skip
def test_the_text_of_an_option_is_read_as_its_type_wherever_it_was_written(
    setting, text, attribute, expected, monkeypatch
):
    assert getattr(Wrap().bind(Context("/d", **{setting: text})), attribute) == expected
    monkeypatch.setenv(setting, text)
    assert getattr(Wrap().bind(Context("/d")), attribute) == expected


def test_an_option_nobody_gave_has_its_default_and_one_with_a_name_of_its_own_is_given_by_it():
    assert Wrap().bind(Context("/d")).count == 3
    assert Wrap(times=0).bind(Context("/d")).count == 0


@pytest.mark.parametrize("setting, text", [("WRAP_COUNT", "many"), ("WRAP_LOUD", "maybe"), ("WRAP_WORDS", "a\\")])
def test_a_text_that_is_not_of_the_options_type_is_an_error_that_names_both(setting, text):
    with pytest.raises(FilterError, match=r"wrap: .* is '" + text.replace("\\", r"\\\\")):
        Wrap().bind(Context("/d", **{setting: text}))


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="'befour'"):
        Wrap(befour="x")


def test_a_required_option_that_nobody_gave_is_an_environment_error_that_says_where_to_give_it():
    with pytest.raises(
        EnvironmentError, match=r"set the setting 'X_BIN' or the environment variable 'X_BIN'"
    ) as raised:
        Wrap().bind(Context("/d")).get_config("X_BIN", what="the X binary")
    assert isinstance(raised.value, MissingOption | ConfigurationError)
    assert isinstance(raised.value, ValueError)
    assert "the X binary" in str(raised.value)


def test_binding_leaves_the_declared_filter_as_it_was():
    declared = Wrap()
    one, other = declared.bind(Context("/d", WRAP_BEFORE="1")), declared.bind(Context("/d", WRAP_BEFORE="2"))
    assert (declared.before, one.before, other.before) == (None, "1", "2")


@pytest.mark.parametrize("one, other, same", [
    (Wrap(), Wrap(), True),
    (Wrap(before="a"), Wrap(before="a"), True),
    (Wrap(before="a"), Wrap(before="b"), False),
    (Wrap(words=["a"]), Wrap(words=["a"]), True),
    (Wrap(), Upper(), False),
    (get_filter(module_level), get_filter(module_level), True),
    (get_filter("cssrewrite"), get_filter("cssrewrite", replace={"a": "/b"}), False),
    (get_filter("scss"), get_filter("sass"), False),
    (get_filter("sass"), get_filter("sass", timeout=5), True),  # waits less, writes the same
])  # fmt: skip
def test_filters_are_the_same_when_class_and_given_options_are(one, other, same):
    assert (one == other) is same
    if same:
        assert hash(one) == hash(other)


def test_a_filter_that_is_named_twice_counts_once_at_its_first_place():
    chain = get_filters(["cssmin, cssrewrite", "cssmin", Wrap(before="a"), Wrap(before="b"), Wrap(before="a")])
    assert [one.name for one in chain] == ["cssmin", "cssrewrite", "wrap", "wrap"]


@pytest.mark.parametrize("what, expected", [(None, []), ("", []), ("cssrewrite", ["cssrewrite"]), (Wrap, ["wrap"])])
def test_a_chain_may_be_said_in_several_ways(what, expected):
    assert [one.name for one in get_filters(what)] == expected


@pytest.mark.parametrize("name, hint", [
    ("cssmni", "did you mean 'cssmin'?"),
    ("xyzzy", "the filters are cssmin, cssrewrite, esbuild, esbuild-bundle, jsmin, sass, scss and webassets:NAME"),
])  # fmt: skip
def test_an_unknown_name_is_a_value_error_with_a_hint(name, hint):
    with pytest.raises(ValueError, match="no filter has the name") as raised:
        get_filter(name)
    assert isinstance(raised.value, UnknownFilter)
    assert hint in str(raised.value)


def test_what_is_no_filter_is_an_error_and_options_go_to_names_and_classes_only():
    with pytest.raises(FilterError, match="42 is not a filter"):
        get_filter(42)
    with pytest.raises(TypeError, match="takes no options"):
        get_filter(Wrap(), before="x")


def test_a_registered_filter_is_found_by_its_name_and_the_name_is_taken_once(monkeypatch):
    monkeypatch.setattr(names_module, "_registered", {})
    register_filter(Wrap)
    register_filter(Wrap)
    register_filter(functools.partial(Wrap, before="x"), "x-wrap")
    assert get_filter("wrap", before="y").before == "y"
    assert get_filter("x-wrap").before == "x"
    with pytest.raises(FilterError, match="'wrap' is taken by"):
        register_filter(Upper, "wrap")
    with pytest.raises(FilterError, match="needs a name"):
        register_filter(Upper, "a b")


IDENTITIES = {
    "a": Wrap(), "another class": Upper(), "given": Wrap(before="a"), "other text": Wrap(before="b"),
    "other type": Wrap(before=1), "list": Wrap(words=["a", "b"]), "joined list": Wrap(words=["a,b"]),
    "function": get_filter(module_level),
}  # fmt: skip


def test_no_two_different_filters_share_an_id():
    ids = {name: one.bind(Context("/d")).id() for name, one in IDENTITIES.items()}
    assert None not in ids.values()
    assert len(set(ids.values())) == len(IDENTITIES)


def test_an_option_from_the_environment_is_part_of_the_id():
    assert Wrap().bind(Context("/d", WRAP_BEFORE="a")).id() != Wrap().bind(Context("/d", WRAP_BEFORE="b")).id()


@pytest.mark.parametrize("function", [
    lambda _in, out: None, functools.partial(module_level), io.BytesIO().write,
], ids=["lambda", "partial", "method"])  # fmt: skip
def test_a_function_that_cannot_be_named_for_ever_is_never_cached_but_has_a_definition(function):
    assert get_filter(function).bind(Context("/d")).id() is None
    assert get_filter(function).definition()


def test_the_definitions_of_two_lambdas_differ_with_their_code():
    assert get_filter(lambda i, o: o.write(b"a")).definition() != get_filter(lambda i, o: o.write(b"b")).definition()


@pytest.mark.whole
def test_an_id_and_a_definition_are_the_same_in_every_process():
    code = (
        "from assetzcml.bundles.filters import get_filter; from filter_running import Context;"
        "f = get_filter('cssrewrite', replace={'a': '/b', 'c': '/d'});"
        "print(f.bind(Context('/d')).id(), f.definition())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in "12"
    }  # fmt: skip
    assert len(said) == 1
    assert "None" not in said.pop()


@pytest.mark.parametrize("one, other", [
    ([1], ["1"]), (["a", "b"], ["a,b"]), ({"a": 1}, ["a", 1]), (b"a", "a"), (True, 1), (None, "None"),
    ([[], []], [[[]]]),
])  # fmt: skip
def test_the_text_of_a_value_tells_values_apart(one, other):
    assert stable_text(one) != stable_text(other)


@pytest.mark.parametrize("text, words", [
    ("", []), (" , ", []), ("a b", ["a", "b"]), (r"a\,b", ["a,b"]), (r"a\\ b", ["a\\", "b"]), ("é,ü", ["é", "ü"]),
])  # fmt: skip
def test_commas_and_blanks_part_words_unless_escaped(text, words):
    assert split_list(text) == words


@pytest.mark.parametrize("content, result", [
    (b"", b""),
    (b"a\r\nb\rc\n", b"A\r\nB\rC\n"),  # newlines stay
    (b"\xef\xbb\xbfa", b"A"),  # a byte order mark goes
    ("é\u2028".encode(), "É\u2028".encode()),
])  # fmt: skip
def test_a_text_filter_gets_utf8_with_the_newlines_of_the_file(content, result):
    assert run(Upper(), content, source_path="a.txt") == result


@pytest.mark.parametrize("content, place, offset, byte", [
    (b"\xff", "a.css:1", 0, "0xff"),
    (b"a\nb\n\xe9 c", "a.css:3", 4, "0xe9"),
    (b"\xef\xbb\xbfa\xe9", "a.css:1", 4, "0xe9"),  # counted from the beginning of the file
    ("é".encode("latin-1"), "a.css:1", 0, "0xe9"),
    (b"ok \xc3", "a.css:1", 3, "0xc3"),  # cut in half
    ("a".encode("utf-16"), "a.css:1", 0, "0xff"),
])  # fmt: skip
def test_content_that_is_not_utf8_is_an_error_with_file_line_and_byte_offset(content, place, offset, byte):
    with pytest.raises(FilterError) as raised:
        run(Upper(), content, source_path="a.css")
    assert str(raised.value).startswith(f"{place}: upper reads UTF-8, and byte offset {offset} is {byte}, ")


def test_a_filter_has_only_the_methods_its_class_says():
    bound = get_filter("cssrewrite")
    assert [name for name in ("open", "input", "concat", "output") if getattr(bound, name)] == ["input"]


@pytest.mark.parametrize("name, level", [("cssmin", False), ("jsmin", False), ("esbuild", False),
                                         ("cssrewrite", "merge"), ("sass", None), ("scss", None)])  # fmt: skip
def test_the_highest_debug_level_of_the_filters(name, level):
    assert get_filter(name).max_debug_level is level or get_filter(name).max_debug_level == level
