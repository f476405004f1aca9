"""Names, views and headers of every kind as nginx and Caddy read them: what is said for them is a text, and never a command."""

import os
import warnings
from urllib.parse import quote

import pytest
from test_exports import answer, ours, theirs

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning, DigestCacheBuster
from assetzcml.publishing.exports import exported
from assetzcml.publishing.freeze import freeze

ODD = [
    "a b.css", 'quo"te.css', "apo'strophe.css", "semi;colon.css", "brace{}.css", "dol$lar.css", "${uri}.css", "per%cent.css",
    "per%20cent.css", "hash#.css", "quest?ion.css", "star*.css", "pipe|.css", "plus+.css", "amp&.css", "at@.css", "equal=.css",
    "caret^.css", "tick`.css", "less<.css", "greater>.css", "comma,.css", "[x].css", "(x).css", "~tilde.css", "!x.css", "x~.css",
    "{path}.css", "{env.HOME}.css", "{$HOME}.css", "{{x}}.css", "$1.css", "#x.css", "=x.css", "@x.css", "*.css", "-x.css",
    "\u00fcmlaut.css", "\u65e5\u672c.js", "\U0001f600.svg", "e\u0301.css", "default", "include", "x" * 200 + ".css", "x.c$s",
    "x.{}", "back\\slash.css", "new\nline.css", "bell\a.css", ".dot.css",
]  # fmt: skip
FOLDERS = ["d ir", "d$ir", "d;ir", 'd"ir', "$uri", "\u00fc", "d'", "~d", ".d"]
PATTERNS = [
    "d?ir",
    "d#ir",
    "d%41ir",
    "*",
    "d*",
    "d[x]",
    "d{}ir",
    "d{path}",
    "{env.HOME}",
]  # what no path of a Caddyfile holds
HEADER = 'a"b;} $uri ${host} {path} {env.HOME} \\" #x'
SAID = {  # what is frozen for each
    "nginx": {"folders": FOLDERS + PATTERNS, "view": "st at;ic{}$x", "header": HEADER},
    "caddy": {
        "names": [name for name in ODD if name != "x.{}"],
        "folders": FOLDERS,
        "view": "st at;ic$x",
        "header": '{"a": "b; c", "d": {"e": 1}} $uri \\" #x \\',
    },
}


def frozen_site(package, directory, folders=(), view="static", names=ODD, header="1"):
    """A frozen site of odd names, as a registry that serves it, and the paths of requests for it."""
    files = {f"static/{name}": f"/* {number} */".encode() * 50 for number, name in enumerate(names)}
    files |= {f"static/{name}/index.html": name.encode() for name in folders}
    shop = package(files)
    registry = AssetRegistry()
    registry.add_static_view(view, f"{shop}:static", index="index.html", headers=[("X-Own", header)])
    registry.add_cache_buster(f"{shop}:static", DigestCacheBuster())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConfigurationWarning)
        freeze(registry, directory, plain=True)
    served = AssetRegistry(settings={"frozen": directory})
    base = f"/{quote(view)}"
    asked = [name for name in names if name.isprintable() and "\\" not in name and not name.startswith(".")]
    paths = [registry.static_path(f"{shop}:static/{name}") for name in asked]
    paths += [f"{base}/{quote(name)}" for name in names]
    paths += [f"{base}/{quote(name)}{end}" for name in folders for end in ("", "/", "/index.html", "/gone")]
    return served, paths


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_a_name_of_any_characters_is_answered_as_we_do(kind, package, tmp_path):
    registry, paths = frozen_site(package, tmp_path / "o", **SAID[kind])
    coding = "gzip" if kind == "nginx" else "br, zstd, gzip"
    different = []
    with ours(registry) as us, theirs(kind, tmp_path / "o", tmp_path) as them:
        for path in paths:
            for asked in ({}, {"Accept-Encoding": coding}):
                one, other = answer(us, path, **asked), answer(them, path, **asked)
                if one != other:
                    different.append((path, asked, one, other))
    assert different == []


@pytest.mark.parametrize(
    "said",
    [{"folders": [name]} for name in PATTERNS]
    + [{"view": view} for view in ("s{path}", "s*", "s`t")]
    + [{"header": header} for header in (HEADER, "{$HOME}", "{}", "a`b", "{host}")],
)
def test_what_a_caddyfile_cannot_say_is_an_error_and_no_command(said, package, tmp_path):
    frozen_site(package, tmp_path / "o", names=["a.css"], **said)
    with pytest.raises(ConfigurationError, match="a Caddyfile cannot say "):
        exported("caddy", str(tmp_path / "o"))


def test_what_no_static_view_answers_is_not_frozen_and_that_is_told(package, tmp_path):
    shop = package(
        {
            "static/a.css": "a{}",
            "static/new\nline.css": "a{}",
            "static/back\\slash/b.css": "a{}",
            "static/a:b.css": "a{}",
        }
    )
    with open(os.path.join(os.fsencode(package.directory / shop), b"static/\xff.css"), "wb") as stream:
        stream.write(b"a{}")
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    with pytest.warns(ConfigurationWarning) as told:
        assert freeze(registry, tmp_path / "o", plain=True).assets == 1
    (message,) = [str(each.message) for each in told]
    assert message.startswith("not frozen, since no static view answers such names: ")
    for name in (r"udcff.css", "a:b.css", r"back\\slash", "and 1 more"):
        assert name in message


def test_names_that_windows_does_not_hold_are_told_of(package, tmp_path):
    shop = package({"static/what?.css": "a{}", "static/a*b.css": "a{}", "static/c.css": "a{}"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    with pytest.warns(ConfigurationWarning, match=r"Windows does not hold.*: 'static/a\*b.css', 'static/what\?.css'"):
        assert freeze(registry, tmp_path / "o", plain=True).assets == 3
