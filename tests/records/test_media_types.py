"""The Content-Type of an asset is decided by its name and by nothing else."""

import mimetypes
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.records.media_types import CONTENT_TYPES, DEFAULT, NAMED_CONTENT_TYPES, content_type
from tables import over


@over(
    "name, expected",
    [
        ("index.html", "text/html; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),  # RFC 9239
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.js.map", "application/json; charset=utf-8"),
        ("data.json", "application/json; charset=utf-8"),
        ("site.webmanifest", "application/manifest+json; charset=utf-8"),
        ("logo.svg", "image/svg+xml; charset=utf-8"),
        ("readme.md", "text/markdown; charset=utf-8"),
        ("list.csv", "text/csv; charset=utf-8"),
        ("feast.ics", "text/calendar; charset=utf-8"),
        ("film.vtt", "text/vtt; charset=utf-8"),
        ("page.xhtml", "application/xhtml+xml"),  # XML says its encoding itself
        ("feed.xml", "application/xml"),
        ("app.wasm", "application/wasm"),
        ("font.woff2", "font/woff2"),
        ("photo.avif", "image/avif"),
        ("photo.jpeg", "image/jpeg"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
        ("part.ts", "video/mp2t"),
        ("model.glb", "model/gltf-binary"),
        ("data.tar.gz", "application/gzip"),  # only the last extension counts
        ("app.js.gz", "application/gzip"),
        ("app.js.zst", "application/zstd"),
        ("app.js.br", DEFAULT),  # Brotli is a coding, and has no media type
        ("drawing.svgz", "application/gzip"),
        ("apple-app-site-association", "application/json; charset=utf-8"),
        ("crossdomain.xml", "text/x-cross-domain-policy; charset=utf-8"),
        ("LICENSE", "text/plain; charset=utf-8"),
        ("pyproject.toml", "application/toml"),
        ("shader.wgsl", "text/wgsl; charset=utf-8"),
        ("sky.fits", "image/fits"),
        ("sky.fit", "image/fits"),
        ("burst.heics", "image/heic-sequence"),
        ("burst.heifs", "image/heif-sequence"),
        ("data.ttl", "text/turtle; charset=utf-8"),
        ("data.n3", "text/n3; charset=utf-8"),
        ("data.nt", "application/n-triples"),
        ("data.nq", "application/n-quads"),
        ("data.trig", "application/trig"),
        ("film.lot", "video/lottie+json; charset=utf-8"),
        ("film.lottie", "application/zip+dotlottie"),
        ("view.jsx", "text/jsx; charset=utf-8"),
        ("page.mdx", "text/mdx; charset=utf-8"),
        ("view.tsx", DEFAULT),  # no name is in use
        ("settings.json5", "application/json5"),  # its bytes are no JSON
        ("program.exe", DEFAULT),
        ("unknown", DEFAULT),
        ("js", DEFAULT),  # a name, not an extension
        ("trailing.", DEFAULT),
        ("", DEFAULT),
        ("site.js/README.unknown", DEFAULT),
    ],
)
def test_the_name_of_an_asset_decides_its_media_type(name, expected):
    assert content_type(name) == expected
    assert content_type(name.upper()) == expected
    assert content_type(f"some.dir/{name}") == expected


def test_the_system_has_no_say(monkeypatch):
    monkeypatch.setattr(mimetypes, "types_map", {".js": "text/plain"})
    mimetypes.add_type("text/plain", ".js")
    assert content_type("app.js") == "text/javascript; charset=utf-8"


def test_every_entry_of_the_tables_can_be_found_and_is_a_header_value():
    tables = {**CONTENT_TYPES, **NAMED_CONTENT_TYPES}
    assert len(CONTENT_TYPES) > 150
    assert [key for key in tables if key != key.lower()] == []
    assert [key for key in CONTENT_TYPES if "." in key] == []
    grammar = re.compile(r"(application|audio|font|image|model|text|video)/[a-z0-9.+-]+(; charset=utf-8)?")
    assert [value for value in tables.values() if not grammar.fullmatch(value)] == []


def test_text_has_a_charset_and_xml_has_none():
    values = {value.partition(";")[0]: value.endswith("; charset=utf-8") for value in CONTENT_TYPES.values()}
    assert [name for name, charset in values.items() if name.startswith("text/") and not charset] == []
    xml = {name for name in values if name.endswith(("/xml", "+xml"))} - {"image/svg+xml"}
    assert {name: values[name] for name in xml} == dict.fromkeys(xml, False)


def test_the_tables_are_frozen():
    with pytest.raises(TypeError):
        CONTENT_TYPES["js"] = "text/plain"


@given(st.text(max_size=30))
def test_any_name_has_a_media_type(name):
    assert "/" in content_type(name)
