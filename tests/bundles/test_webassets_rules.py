"""The rules of webassets that its own tests check, in our words (test_webassets_tests.py runs these themselves)."""

import pytest

from assetzcml.bundles import Bundle, Filter


class Appended(Filter):
    """Writes behind each source, and behind the whole, what it is given; two of one name count once."""

    name = "appended"

    def __init__(self, name, same=None):
        super().__init__()
        self.word = name
        self.same = same or name

    def unique(self):
        return self.same

    def input(self, _in, out, **kw):
        out.write(_in.read() + f":{self.word}".encode())

    def output(self, _in, out, **kw):
        out.write(_in.read() + f"({self.word})".encode())


class Compiler(Appended):
    max_debug_level = None


def nested(**options):
    """A file, and a bundle of another one with a filter."""
    return Bundle("a", Bundle("b", filters=Appended("child"), **options), filters=Appended("root"), output="out")


RULES = {
    "sources stand in their order, one below the other": (False, lambda: Bundle("b", "a", output="out"), {"out": "B\nA"}),
    "a bundle inside stands in its place": (False, lambda: Bundle("a", Bundle("b"), "c", output="out"), {"out": "A\nB\nC"}),
    "an empty bundle inside is nothing": (False, lambda: Bundle(Bundle(), "a", output="out"), {"out": "A"}),
    "a container writes each of its bundles": (
        False, lambda: Bundle(Bundle("a", output="x"), Bundle("b", output="y")), {"x": "A", "y": "B"},
    ),
    "the directory of an output is made": (False, lambda: Bundle("a", output="one/two/out"), {"one/two/out": "A"}),
    "a file that is named twice is taken once": (False, lambda: Bundle("b", "[ab]", output="out"), {"out": "B\nA"}),
    "or twice, where that is said": (
        False, lambda: Bundle("b", "[ab]", output="out", remove_duplicates=False), {"out": "B\nA\nB"},
    ),
    "a filter sees each source, then the whole": (
        False, lambda: Bundle("a", "b", filters=Appended("f"), output="out"), {"out": "A:f\nB:f(f)"},
    ),
    "filters run in their order": (
        False, lambda: Bundle("a", filters=[Appended("f"), Appended("g")], output="out"), {"out": "A:f:g(f)(g)"},
    ),
    "a bundle inside is filtered by itself, then by what is around": (
        False, nested, {"out": "A:root\nB:child:root(child)(root)"},
    ),
    "the same filter inside and around runs once on a source": (
        False,
        lambda: Bundle(Bundle("a", filters=Appended("child", "f")), filters=Appended("root", "f"), output="out"),
        {"out": "A:child(child)(root)"},
    ),
    "the filters of a container are those of each bundle in it": (
        False,
        lambda: Bundle(
            Bundle("a", output="x"), Bundle("b", output="y", filters=Appended("own", "f")), filters=Appended("all", "f")
        ),
        {"x": "A:all(all)", "y": "B:own(own)"},
    ),
    "at the level merge, no filter runs": ("merge", nested, {"out": "A\nB"}),
    "but inside of a bundle that lowers it": ("merge", lambda: nested(debug=False), {"out": "A\nB:child:root(child)"}),
    "and nothing inside raises it": (False, lambda: nested(debug="merge"), {"out": "A:root\nB:child:root(child)(root)"}),
    "a build while debugging is one of production": (True, nested, {"out": "A:root\nB:child:root(child)(root)"}),
    "unless the bundle says merge": (
        True, lambda: Bundle("a", filters=Appended("f"), output="out", debug="merge"), {"out": "A"},
    ),
    "a compiler runs at the level merge": ("merge", lambda: Bundle("a", filters=Compiler("f"), output="out"), {"out": "A:f(f)"}),
    "and leaves other filters out when debugging": (
        True, lambda: Bundle("a", filters=[Compiler("c"), Appended("f")], output="out"), {"out": "A:c(c)"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_what_is_written_is_what_webassets_writes(rule, site):
    level, make, expected = RULES[rule]
    for name in "abc":
        site.write(name, name.upper())
    environment = site.environment(debug=level, cache=False)
    environment.register("x", make())
    environment["x"].build()
    assert {name: site.read(name).decode() for name in expected} == expected


URLS = {  # of a bundle of a file and a nested bundle: at the levels False, "merge", True
    "with an output": (lambda: Bundle("a", Bundle("b", "c"), output="out"), ["/s/out"], ["/s/out"], ["/s/a", "/s/b", "/s/c"]),
    "without one": (lambda: Bundle("a", Bundle("b", output="in")), ["/s/a", "/s/in"], ["/s/a", "/s/in"], ["/s/a", "/s/b"]),
    "merged inside": (
        lambda: Bundle("a", Bundle("b", output="in", debug="merge"), output="out"), ["/s/out"], ["/s/out"], ["/s/a", "/s/in"],
    ),
    "merged": (lambda: Bundle("a", "b", output="out", debug="merge"), ["/s/out"], ["/s/out"], ["/s/out"]),
    "that wants to be debugged": (lambda: Bundle("a", output="out", debug=True), ["/s/out"], ["/s/out"], ["/s/a"]),
    "with a compiler": (lambda: Bundle("a", output="out", filters=Compiler("f")), ["/s/out"], ["/s/out"], ["/s/out"]),
    "a container": (
        lambda: Bundle(Bundle("a", output="x"), Bundle("b", output="y")), ["/s/x", "/s/y"], ["/s/x", "/s/y"], ["/s/a", "/s/b"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("number, level", [(0, False), (1, "merge"), (2, True)])
@pytest.mark.parametrize("kind", URLS)
def test_the_urls_of_a_bundle_are_those_of_webassets(kind, number, level, site):
    for name in "abc":
        site.write(name, name.upper())
    environment = site.environment(debug=level, url_expire=False)
    make, *expected = URLS[kind]
    environment.register("x", make())
    assert environment["x"].urls() == expected[number]
