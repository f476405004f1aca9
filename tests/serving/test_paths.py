"""The names that a request path walks, and the paths that no asset has."""

import os.path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.serving.paths import MAX_PATH, BadPath, Key, decode_path, path_key, unquote
from tables import over


@pytest.mark.parametrize(
    "raw, parts, directory",
    [
        (b"", (), True),  # the root itself
        (b"app.js", ("app.js",), False),
        (b"css/main.css", ("css", "main.css"), False),
        (b"css/", ("css",), True),
        (b"a b.txt", ("a b.txt",), False),
        (b"\xc3\xbcn\xc3\xaf.txt", ("ünï.txt",), False),
        (b"u\xcc\x88ni\xcc\x88.txt", ("u\u0308ni\u0308.txt",), False),  # as spelt: nothing is composed
        (b"100%.txt", ("100%.txt",), False),  # decoded before, so a percent sign is one
        (b"a%2fb.txt", ("a%2fb.txt",), False),  # and is not decoded again
        (b"%2e%2e/secret.txt", ("%2e%2e", "secret.txt"), False),
        (b"semi;colon.txt", ("semi;colon.txt",), False),
        (b"plus+sign.txt", ("plus+sign.txt",), False),
        (b"q?mark.txt", ("q?mark.txt",), False),
        (b"hash#tag.txt", ("hash#tag.txt",), False),
        (b"dots..in..name.txt", ("dots..in..name.txt",), False),
        (b"UPPER.TXT", ("UPPER.TXT",), False),  # case is kept
        (b"~root", ("~root",), False),  # no home directories
        (b"$HOME/x", ("$HOME", "x"), False),  # no environment
        ("👩\u200d💻.png".encode(), ("👩\u200d💻.png",), False),  # a joiner inside a name is part of it
    ],
)
def test_a_path_is_the_names_it_walks(raw, parts, directory):
    assert path_key(raw) == Key(parts, directory)


@pytest.mark.parametrize("dotfiles", [False, True])
@over(
    "raw",
    [
        b"..",
        b".",
        b"../secret.txt",
        b"css/../app.js",  # although it leads back inside
        b"css/./main.css",
        b"app.js/..",
        b"...",
        b"..../x",
        b"/",
        b"/etc/passwd",
        b"//etc/passwd",
        b"css//main.css",
        b"css/main.css//",
    ],
)
def test_dot_segments_and_empty_segments_are_never_tidied(raw, dotfiles):
    assert path_key(raw, dotfiles) is None


@over("code", [*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, ord("\\"), ord(":")])
def test_controls_line_ends_backslashes_and_colons_are_in_no_name(code):
    answers = {
        path_key(name.encode()) for name in (f"{chr(code)}a", f"a{chr(code)}", f"a{chr(code)}b.js", f"d/{chr(code)}")
    }
    assert answers == {None}


@over(
    "name",
    [
        *["CON", "con", "nul.txt", "PRN", "aux.css", "COM0", "COM1", "com9.tar.gz", "LPT1", "LPT\u00b3", "COM\u00b9"],
        *["CONIN$", "conout$", "CLOCK$", "con.", "con .js", "CON . txt", "nul  "],
        *["C:", "C:secret.txt", "c:", "app.js::$DATA", "NUL:", "private:$I30:$INDEX_ALLOCATION"],
        *["\\\\.\\pipe", "\\??\\C:", "CONFIG~1.ZCM", "HTPASS~1", "git~1", "abcde~12.js"],
        *["app.js.", "app.js ", "private. ", "app.js. ."],  # Windows opens them without the tail
    ],
)
def test_names_that_windows_reads_differently_are_refused_everywhere(name):
    assert path_key(name.encode()) is None
    assert path_key(f"{name}/x.js".encode(), dotfiles=True) is None


@pytest.mark.parametrize(
    "name",
    [
        *["console.js", "nullable.txt", "com.js", "com10", "lpt", "auxiliary", "my-con.js", "prn1"],
        *["default~vendors~1.js", "a~1.chunk.js", "page~main.js", "~1.js", "img~2.jpeg"],
    ],
)
def test_names_that_only_resemble_those_of_windows_are_names(name):
    assert path_key(name.encode()) == Key((name,), False)


@pytest.mark.parametrize(
    "raw",
    [
        b".env",
        b".git/HEAD",
        b".git/",
        b"sub/.secret",
        b"...dots.txt",
        b".htpasswd",
        b"..;/secret.txt",
        b".Well-Known/x",
    ],
)
def test_a_dotfile_is_public_only_where_the_view_says_so(raw):
    assert path_key(raw) is None
    assert path_key(raw, dotfiles=True) == Key(tuple(raw.decode().rstrip("/").split("/")), raw.endswith(b"/"))


@pytest.mark.parametrize(
    "raw, parts",
    [
        (b".well-known/security.txt", (".well-known", "security.txt")),
        (b"site/.well-known/x", ("site", ".well-known", "x")),
        (b".well-known/.env", None),  # what lies below it obeys the rules
        (b".well-known/view.py", None),
        (b".well-known-too", None),
    ],
)
def test_well_known_is_public_always(raw, parts):
    assert path_key(raw) == (parts and Key(parts, False))


@over(
    "name",
    [
        *["view.py", "VIEW.PY", "app.pyc", "app.pyo", "app.pyi", "app.pyw", "app.pyd", "fast.pyx", "fast.pxd"],
        *["configure.zcml", "configure.zcml.in", "Configure.ZCML", "__pycache__", "__PyCache__"],
        *["view.cpython-312.pyc", "view.cpython-312.pyc.140234"],  # the second while it is being written
        *["view.py~", "view.py.bak", "#view.py#", "view.py.orig", "view.py.~1~", "view.py.2", "view.py.swp"],
        *["view.py.gz", "configure.zcml.br", "view.pyc.zst", "view.py.bak.gz"],
    ],
)
def test_source_bytecode_and_zcml_are_no_assets_and_neither_are_copies_of_them(name):
    assert path_key(name.encode()) is None
    assert path_key(f"{name}/x".encode(), dotfiles=True) is None


@pytest.mark.parametrize(
    "name",
    ["app.js~", "app.js.bak", "#app.js#", "example.py.txt", "lang.py.js", "py", "app.python", "zcml.html", "x.js.gz"],
)
def test_other_copies_are_files_like_any_other(name):
    assert path_key(name.encode()) == Key((name,), False)


@pytest.mark.parametrize("name", [".g\u200cit", "view.p\u200dy", "\ufeff..", ".\u200e.", "c\u2060on.", "con\u202e"])
def test_characters_that_macos_does_not_see_hide_nothing(name):
    assert path_key(f"{name}/x".encode()) is None


@pytest.mark.parametrize(
    "raw, at",
    [
        (b"\xc0\xae\xc0\xae/secret.txt", 0),  # overlong '.'
        (b"..\xc0\xafsecret.txt", 2),  # overlong '/'
        (b"app.js\xc0\x80", 6),  # overlong NUL, the "modified" UTF-8 of Java
        (b"\xe0\x80\xae", 0),
        (b"\xf0\x80\x80\xae", 0),
        (b"\xed\xb2\x80secret", 0),  # a surrogate
        (b"\xf4\x90\x80\x80", 0),  # beyond U+10FFFF
        (b"\xff", 0),
        (b"a\xc3", 1),  # cut off
        (b"a\xe2\x82", 1),
        (b"\xfcn\xef.txt", 0),  # Latin-1
    ],
)
def test_a_path_that_is_not_utf_8_is_a_bad_request(raw, at):
    with pytest.raises(BadPath, match=rf"byte 0x{raw[at]:02x} at {at}\Z"):
        path_key(raw)


def test_a_path_longer_than_any_system_opens_is_no_asset():
    assert path_key(b"a" * MAX_PATH) == Key(("a" * MAX_PATH,), False)
    assert path_key(b"a" * (MAX_PATH + 1)) is None
    with pytest.raises(BadPath):  # decoding comes first (400 before 404)
        path_key(b"\xff" * (MAX_PATH + 1))


@pytest.mark.parametrize(
    "raw_path, decoded",
    [
        (b"/app.js", b"/app.js"),
        (b"/a%20b.txt", b"/a b.txt"),
        (b"/%C3%BC%c3%bc", b"/\xc3\xbc\xc3\xbc"),
        (b"/%252e%252e", b"/%2e%2e"),  # once, and never again
        (b"/%2%65", b"/%2e"),
        (b"/100%.txt", b"/100%.txt"),  # an escape that is none stands for itself, as in WSGI servers
        (b"/%zz%u002e%", b"/%zz%u002e%"),
        (b"/a+b", b"/a+b"),
    ],
)
def test_a_raw_path_is_decoded_exactly_once(raw_path, decoded):
    assert unquote(raw_path) == decoded


@given(st.text(max_size=40))
def test_text_survives_the_way_through_its_bytes(text):
    assert decode_path(text.encode("utf-8", "ignore")) == text.encode("utf-8", "ignore").decode()


_HOSTILE = st.text(st.sampled_from("./\\ab:~ \x00%-$1é"), max_size=12)


@given(_HOSTILE | st.text(max_size=12), st.booleans())
def test_a_key_joined_below_a_root_stays_below_it(text, dotfiles):
    raw = text.encode("utf-8", "ignore")
    key = path_key(raw, dotfiles)
    if key is not None:
        joined = os.path.join("/root", *key.parts)
        assert joined == os.path.normpath(joined)
        assert "/".join(key.parts) + "/" * (key.directory and bool(key.parts)) == raw.decode()


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_are_a_key_or_none_or_a_bad_path(raw, dotfiles):
    try:
        assert path_key(raw, dotfiles) is None or path_key(raw, dotfiles).parts == path_key(raw).parts
    except BadPath:
        with pytest.raises(UnicodeDecodeError):
            raw.decode()
