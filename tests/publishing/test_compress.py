"""Variants made beforehand: beside their assets, or in a directory by the digest of the plain bytes."""

import gzip
import importlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from webob import Request

from assetzcml import AssetRegistry, StaticApp
from assetzcml.cli import main
from assetzcml.publishing.compress import Unwritable, available, compress
from assetzcml.resolving import digests
from documents import NAMESPACE

TEXT = b"body { color: black }\n" * 200


@pytest.fixture
def shop(package):
    return package(
        {"static/app.css": TEXT, "static/tiny.css": b"a{}", "static/photo.jpg": TEXT, "static/deep/x.js": TEXT * 2}
    )


def directory_of(name):
    return Path(importlib.import_module(name).__path__[0])


def published(name, **settings):
    registry = AssetRegistry(settings=settings)
    registry.add_static_view("static", f"{name}:static", content_encodings=["br", "gzip"])
    return registry


def names(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def got(registry, path="/static/app.css", accepts="br, gzip"):
    answer = Request.blank(path, headers={"Accept-Encoding": accepts}).send(StaticApp(registry))
    return answer.headers.get("Content-Encoding"), len(answer.body)


def test_variants_are_beside_their_assets_where_they_are_smaller(shop):
    pytest.importorskip("brotli")
    made = list(compress(published(shop)))
    assert names(directory_of(shop) / "static") == [
        "app.css", "app.css.br", "app.css.gz", "deep/x.js", "deep/x.js.br", "deep/x.js.gz", "photo.jpg", "tiny.css",
    ]  # fmt: skip
    assert {each.written for each in made} == {True}
    assert gzip.decompress((directory_of(shop) / "static/app.css.gz").read_bytes()) == TEXT
    coding, size = got(published(shop))
    assert (coding, size < len(TEXT) / 4) == ("br", True)


def test_the_same_bytes_give_the_same_variants_and_a_second_run_writes_nothing(shop, tmp_path):
    registry = published(shop)
    list(compress(registry, output=str(tmp_path / "one"), codings=available()))
    again = list(compress(registry, output=str(tmp_path / "one"), codings=available()))
    assert {each.written for each in again} == {False}
    list(compress(registry, output=str(tmp_path / "two"), codings=available(), jobs=1))
    one, two = (
        {name: (tmp_path / each / name).read_bytes() for name in names(tmp_path / each)} for each in ("one", "two")
    )
    assert one == two
    assert len(one) == 2 * len(available())


def test_what_cannot_be_written_beside_is_served_from_a_directory(shop, tmp_path, monkeypatch):
    variants = str(tmp_path / "variants")
    registry = published(shop, variants=variants)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(Unwritable) as error:
        list(compress(registry))
    assert f"{shop}:static/app.css" in map(str, error.value.specs)
    list(compress(registry, output=variants, codings=["gzip"]))
    assert names(directory_of(shop) / "static") == ["app.css", "deep/x.js", "photo.jpg", "tiny.css"]
    coding, size = got(registry)
    assert (coding, size < len(TEXT) / 4) == ("gzip", True)


def test_an_asset_that_is_too_large_for_a_digest_is_read_for_one_only_where_a_variant_is_of_its_size(
    shop, tmp_path, monkeypatch
):
    variants = str(tmp_path / "variants")
    css, script = (directory_of(shop) / "static" / name for name in ("app.css", "deep/x.js"))
    for path in css, script:
        os.utime(path, ns=(1, 1))
    list(compress(published(shop), output=variants, codings=["gzip"]))
    registry = published(shop, variants=variants, etag_limit=100)
    read = []
    whole = digests.whole_digest
    monkeypatch.setattr("assetzcml.serving.variants.whole_digest", lambda stream: read.append(1) or whole(stream))
    monkeypatch.setattr("assetzcml.serving.variants.is_young", lambda version: False)
    assert [got(registry)[0] for _ in range(3)] == ["gzip"] * 3
    assert len(read) == 1
    css.write_bytes(TEXT.replace(b"black", b"white"))
    os.utime(css, ns=(2, 2))
    fresh = published(shop, variants=variants, etag_limit=100)
    assert got(fresh) == (None, len(TEXT))
    script.write_bytes(TEXT * 3)
    os.utime(script, ns=(2, 2))
    assert got(fresh, "/static/deep/x.js") == (None, 3 * len(TEXT))
    assert len(read) == 2  # of the one whose size some variant has


def test_neither_a_change_nor_an_override_is_given_anothers_variant(shop, tmp_path, package):
    variants = str(tmp_path / "variants")
    registry = published(shop, variants=variants, reload=True)
    list(compress(registry, output=variants, codings=["gzip"]))
    assert got(registry)[0] == "gzip"
    file = directory_of(shop) / "static/app.css"
    status = file.stat()
    file.write_bytes(TEXT.replace(b"black", b"green"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # nothing but the bytes tells
    assert got(registry) == (None, len(TEXT))
    file.write_bytes(TEXT)
    assert got(registry)[0] == "gzip"
    theme = package({"app.css": TEXT.replace(b"black", b"white")})
    registry.override_asset(f"{shop}:static/app.css", f"{theme}:app.css")
    assert got(registry) == (None, len(TEXT))
    list(compress(registry, output=variants, codings=["gzip"]))
    assert got(registry)[0] == "gzip"


def test_a_variant_beside_an_asset_that_has_changed_is_written_again_or_removed(shop):
    registry = published(shop)
    list(compress(registry, codings=["gzip"]))
    directory = directory_of(shop) / "static"
    (directory / "app.css").write_bytes(b"x")
    (directory / "deep/x.js").write_bytes(TEXT)
    for name in "app.css", "deep/x.js":
        os.utime(directory / name, (1, 1))
    made = list(compress(published(shop), codings=["gzip"]))
    assert [(str(each.spec), each.written) for each in made] == [(f"{shop}:static/deep/x.js", True)]
    assert names(directory) == ["app.css", "deep/x.js", "deep/x.js.gz", "photo.jpg", "tiny.css"]
    assert gzip.decompress((directory / "deep/x.js.gz").read_bytes()) == TEXT


def test_a_package_in_an_archive_has_variants_too(tmp_path, monkeypatch):
    archive = tmp_path / "zipped.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("zipped_c/__init__.py", "")
        wheel.writestr("zipped_c/static/app.css", TEXT)
    monkeypatch.syspath_prepend(archive)
    registry = published("zipped_c", variants=str(tmp_path / "v"))
    with pytest.raises(Unwritable):
        list(compress(registry, codings=["gzip"]))
    list(compress(registry, codings=["gzip"], output=str(tmp_path / "v")))
    assert got(registry)[0] == "gzip"


def test_only_winners_are_compressed(shop, package, tmp_path):
    theme = package({"app.css": TEXT.replace(b"black", b"white")})
    registry = published(shop)
    registry.override_asset(f"{shop}:static/app.css", f"{theme}:app.css")
    made = {str(each.spec) for each in compress(registry, output=str(tmp_path / "v"), codings=["gzip"])}
    assert made == {f"{theme}:app.css", f"{shop}:static/deep/x.js"}


def test_the_command_tells_what_it_has_written(shop, tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(
        f'<configure xmlns="{NAMESPACE}"><staticView name="static" path="{shop}:static" content_encodings="gzip"/></configure>'
    )

    def run(*arguments):
        done = CliRunner().invoke(main, ["compress", str(site), *arguments])
        return done.exit_code, done.output

    status, text = run("--output", str(tmp_path / "v"))
    assert (status, text.count("gzip"), "2 written, 0 up to date" in text) == (0, 2, True)
    assert run("--output", str(tmp_path / "v"))[1] == "0 written, 2 up to date\n"
    told = json.loads(run("--output", str(tmp_path / "v"), "--format", "json")[1])
    assert {each["written"] for each in told} == {False}
    site.write_text(f'<configure xmlns="{NAMESPACE}"><staticView name="static" path="{shop}:static"/></configure>')
    status, text = run()
    assert (status, "no static view declares content_encodings" in text) == (1, True)


@pytest.mark.parametrize("fault", ["empty", "a directory", "a link"])
def test_what_is_no_file_in_the_directory_of_variants_is_none(shop, tmp_path, fault):
    variants = tmp_path / "v"
    registry = published(shop, variants=str(variants))
    (made,) = [
        each for each in compress(registry, output=str(variants), codings=["gzip"]) if "app.css" in str(each.spec)
    ]
    path = Path(made.path)
    path.unlink()
    if fault == "empty":
        path.touch()
    elif fault == "a directory":
        path.mkdir()
    else:
        (tmp_path / "secret").write_bytes(gzip.compress(b"secret"))
        path.symlink_to(tmp_path / "secret")
    assert got(registry) == (None, len(TEXT))
