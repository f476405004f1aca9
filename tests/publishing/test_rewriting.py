"""What files refer to, and where references lead."""

import pytest

from assetzcml.publishing.rewriting import led_to, links_to_ours, relative, rewritten_links
from tables import over


@pytest.mark.parametrize(
    "sheet, found",
    [
        ("a{b:url(x.png)}", "a{b:url(N)}"),
        ("a{b:URL( 'x.png' )}", "a{b:URL( 'N' )}"),
        ("@import 'x.css' layer(a) supports(b: url(no));", "@import 'N' layer(a) supports(b: url(N));"),
        ("a{b:image-set('x.png' 1x, url(y.png) 2x)}", "a{b:image-set('N' 1x, url(N) 2x)}"),
        ("a{content:'url(x.png)'}", "a{content:'url(x.png)'}"),
        ("/* url(x.png) */", "/* url(x.png) */"),
        ("@namespace url(x);", "@namespace url(x);"),
        ("a{b:url(data:x) url(#x) url()}", "a{b:url(data:x) url(#x) url()}"),
        ("a{}/*# sourceMappingURL=x.map */", "a{}/*# sourceMappingURL=N */"),
        ("/*# sourceMappingURL=old.map */a{}/*# sourceMappingURL=x.map */",
         "/*# sourceMappingURL=old.map */a{}/*# sourceMappingURL=N */"),
    ],
)  # fmt: skip
def test_a_sheet_says_new_names_where_its_grammar_has_a_url(sheet, found):
    assert rewritten_links("a.css", sheet, lambda url: "N") == found


def test_a_script_is_never_changed():
    assert rewritten_links("a.js", "import './b.js'", lambda url: "N") == "import './b.js'"


def test_places_are_counted_in_characters_from_one():
    found = links_to_ours("a.css", "é\n é url(x)/*# sourceMappingURL=m */")
    assert [(each.url, each.line, each.column, each.kind) for each in found] == [
        ("x", 2, 4, "file"),
        ("m", 2, 31, "map"),
    ]


@pytest.mark.parametrize(
    "url, base, led",
    [
        ("b.png", "static/a.css", ("static/b.png", "")),
        ("../../../b.png", "static/a.css", ("b.png", "")),
        ("%2e%2e/b.png", "static/x/a.css", ("static/b.png", "")),
        (" b.png\n", "a.css", ("b.png", "")),
        ("i\\b.png", "a.css", ("i/b.png", "")),
        ("b.eot?#iefix", "a.css", ("b.eot", "?#iefix")),
        ("./", "static/a.css", ("static/", "")),
        ("?x", "a.css", None),
    ],
)
def test_a_reference_leads_where_a_browser_goes(url, base, led):
    assert led_to(url, base) == led


@pytest.mark.parametrize("base", ["c", "d/c", "d/e/c"])
@over("target", ["a", "d/a", "d/e/a b", "x/y", "d/~3f2a9c81b7d0/é", "d/a:b", "d/%41"])
def test_a_relative_reference_leads_back_to_its_target(target, base):
    assert led_to(relative(target, base), base) == (target, "")
