"""From sources to files: names, references, codings, and the manifest that tells of them."""

import gc
import gzip
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from frozen_site import PIXEL, manifest, names, read, site, tree_digest

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning, DigestCacheBuster, load_zcml
from assetzcml.bundles.filters.csstokens import string_value
from assetzcml.cli import main
from assetzcml.publishing import reading
from assetzcml.publishing.coding import Codings
from assetzcml.publishing.following import Following
from assetzcml.publishing.freeze import Budget, freeze
from assetzcml.publishing.names import Names
from assetzcml.publishing.verification import verified
from assetzcml.resolving.frozen import FrozenRelease
from documents import NAMESPACE
from serving import clients

TEXT = b"body { color: black }\n" * 200


def faults(registry, directory, **options):
    with pytest.raises(ConfigurationError) as error:
        freeze(registry, directory, **options)
    return [problem.headline for problem in error.value.problems]


def test_each_asset_is_there_under_the_digest_of_its_bytes_and_a_style_sheet_says_these_names(package, tmp_path):
    shop = package(
        {"static/css/a.css": 'a{background:url("../i/bg.png?1#x")} /* url(no.png) */', "static/i/bg.png": PIXEL}
    )
    freeze(site(shop), tmp_path / "o")
    assert [re.sub("[0-9a-f]{12}", "#", name) for name in names(tmp_path / "o")] == [
        "static/css/a-#.css", "static/i/bg-#.png",
    ]  # fmt: skip
    (image,) = [name for name in names(tmp_path / "o") if name.endswith(".png")]
    sheet = read(tmp_path / "o", "static/css/a-*.css").decode()
    assert sheet == f'a{{background:url("../{image.removeprefix("static/")}?1#x")}} /* url(no.png) */'


def test_another_image_is_another_name_for_the_sheet_that_shows_it_and_for_no_other(package, tmp_path):
    files = {
        "static/a.css": "@import 'b.css';",
        "static/b.css": "b{c:url(d.png)}",
        "static/d.png": PIXEL,
        "static/e.css": "e{}",
    }
    shop = package(files)
    freeze(site(shop), tmp_path / "one")
    (package.directory / shop / "static/d.png").write_bytes(b"another")
    freeze(site(shop), tmp_path / "two")
    one, two = ({name: said["url"] for name, said in manifest(tmp_path / each).items()} for each in ("one", "two"))
    assert {name for name in one if one[name] != two[name]} == {"static/a.css", "static/b.css", "static/d.png"}


def test_sheets_that_import_each_other_have_names_that_change_with_any_of_them(package, tmp_path):
    shop = package({"static/a.css": "@import 'b.css'; a{}", "static/b.css": "@import 'a.css'; b{}"})
    freeze(site(shop), tmp_path / "one")
    one = {name: said["url"] for name, said in manifest(tmp_path / "one").items()}
    assert one["static/b.css"].removeprefix("static/") in read(tmp_path / "one", "static/a-*.css").decode()
    (package.directory / shop / "static/a.css").write_text("@import 'b.css'; a{color:red}")
    freeze(site(shop), tmp_path / "two")
    two = {name: said["url"] for name, said in manifest(tmp_path / "two").items()}
    assert all(one[name] != two[name] for name in one)


def test_a_tree_is_frozen_under_its_version_and_not_a_byte_of_it_is_changed(package, tmp_path):
    shop = package({"static/a.css": "a{b:url(i/c.png)}", "static/i/c.png": PIXEL})
    registry = site(shop, tree=True)
    freeze(registry, tmp_path / "o")
    url = registry.static_path(f"{shop}:static/a.css").lstrip("/")
    assert names(tmp_path / "o") == [url, url.replace("a.css", "i/c.png")]
    assert (tmp_path / "o/names" / url).read_text() == "a{b:url(i/c.png)}"


def test_what_is_overridden_is_frozen_as_it_is_served_with_the_line_that_says_so(package, tmp_path):
    theme = package({"configure.zcml": "", "brand/bg.png": b"theme"})
    shop = package(
        {
            "static/a.css": "a{b:url(bg.png)}",
            "static/bg.png": PIXEL,
            "configure.zcml": f'<configure xmlns="{NAMESPACE}">\n<staticView name="static" path="static"/>\n'
            f'<asset to_override="overridden:static/bg.png" override_with="{theme}:brand/bg.png"/>\n</configure>',
        },
        name="overridden",
    )
    freeze(load_zcml(f"{shop}:configure.zcml"), tmp_path / "o")
    said = manifest(tmp_path / "o")["static/bg.png"]
    assert (said["spec"], said["source"], said["origin"]) == (
        f"{shop}:static/bg.png", f"{theme}:brand/bg.png", f"{shop}:configure.zcml:3",
    )  # fmt: skip
    assert read(tmp_path / "o", "static/bg-*.png") == b"theme"


@pytest.mark.parametrize(
    "sheet, place",
    [
        ("a{b:url(gone.png)}", "1:5"),
        ("/* url(no) */\n  a{b:url( 'x/../gone.png?1' )}", "2:12"),
        ("@import url(gone.css) layer(x);", "1:9"),
        ("a{b:image-set('gone.png' 1x)}", "1:15"),
        ("a{b:url(/static/gone.png)}", "1:5"),
    ],
)
def test_a_reference_to_nothing_is_an_error_with_its_place(package, tmp_path, sheet, place):
    shop = package({"static/a.css": sheet})
    (told,) = faults(site(shop), tmp_path / "o")
    assert told.startswith(f"{package.directory / shop}/static/a.css:{place}: '{shop}:static/a.css' refers to ")
    assert not (tmp_path / "o/current").exists()


def test_what_leads_to_no_file_of_ours_is_left_alone(package, tmp_path):
    sheet = "a{b:url(data:image/png,x) url(#f) url() url(//h/x) url(https://h/x) url(/elsewhere/x)} /* url(x) */"
    shop = package({"static/a.css": sheet})
    freeze(site(shop), tmp_path / "o")
    assert read(tmp_path / "o", "static/a-*.css").decode() == sheet


def test_a_source_map_that_is_missing_is_a_warning_and_one_that_is_there_is_renamed(package, tmp_path):
    shop = package({"static/a.css": "a{} /*# sourceMappingURL=a.css.map */", "static/a.css.map": "{}"})
    freeze(site(shop), tmp_path / "o")
    (name,) = [name for name in names(tmp_path / "o") if name.endswith(".map")]
    assert (
        read(tmp_path / "o", "static/a-*.css").decode()
        == f"a{{}} /*# sourceMappingURL={name.removeprefix('static/')} */"
    )
    (package.directory / shop / "static/a.css.map").unlink()
    with pytest.warns(ConfigurationWarning, match=r"a\.css:1:\d+: .* nothing is published as '/static/a\.css\.map'"):
        freeze(site(shop), tmp_path / "o")


def test_a_module_is_not_rewritten_and_an_edit_of_it_changes_one_url(package, tmp_path):
    files = {"static/main.js": "import './util.js'", "static/util.js": "import './main.js'; export let a = 1"}
    shop = package(files)
    freeze(site(shop), tmp_path / "one")
    assert read(tmp_path / "one", "static/main-*.js").decode() == files["static/main.js"]
    (package.directory / shop / "static/util.js").write_text("export let a = 2")
    freeze(site(shop), tmp_path / "two")
    one, two = ({name: said["url"] for name, said in manifest(tmp_path / each).items()} for each in ("one", "two"))
    assert {name for name in one if one[name] != two[name]} == {"static/util.js"}


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><image href="bg.png"/><a href="page"/></svg>'),
        ("a.webmanifest", '{"icons":[{"src":"bg.png"}],"name":"bg.png"}'),
        ("a.html", '<img src="bg.png"><a href="page.html">bg.png</a>'),
    ],
)
def test_svg_web_manifests_and_pages_say_the_new_names(package, tmp_path, name, text):
    shop = package({f"static/{name}": text, "static/bg.png": PIXEL})
    freeze(site(shop), tmp_path / "o")
    (image,) = [name for name in names(tmp_path / "o") if name.endswith(".png")]
    image = image.removeprefix("static/")
    stem, _, extension = name.partition(".")
    page = extension == "html"
    place = f"static/{stem}.html" if page else f"static/{stem}-*.{extension}"
    found = read(tmp_path / "o", place, "current" if page else "names")
    assert found.decode() == text.replace('"bg.png"', f'"{image}"', 1)


WORKING = {
    "static/main.js": "import './state.js'; new Worker(new URL('./work.js', import.meta.url), {type: 'module'})",
    "static/work.js": "import './state.js'; import './lib/help.js'",
    "static/lib/help.js": "export {}",
    "static/state.js": "export let state = {}",
    "static/other.js": "import './state.js'",
}


def test_what_a_script_reaches_by_its_own_url_lies_under_one_version_with_it(package, tmp_path):
    shop = package(WORKING)
    freeze(site(shop), tmp_path / "o")
    found = [re.sub("[0-9a-f]{12}", "#", name) for name in names(tmp_path / "o")]
    assert found == [
        "static/lib/help-#.js", "static/other-#.js", "static/state-#.js", "static/work-#.js",
        "static/~#/lib/help.js", "static/~#/main.js", "static/~#/state.js", "static/~#/work.js",
    ]  # fmt: skip
    before = manifest(tmp_path / "o")
    (package.directory / shop / "static/other.js").write_text("export {}")
    freeze(site(shop), tmp_path / "o")
    after = manifest(tmp_path / "o")
    assert {name for name in after if before[name]["url"] != after[name]["url"]} == {"static/other.js"}
    (package.directory / shop / "static/lib/help.js").write_text("export let x")
    freeze(site(shop), tmp_path / "o")
    again = manifest(tmp_path / "o")
    assert {name for name in after if again[name]["url"] != after[name]["url"]} == {
        "static/main.js",
        "static/lib/help.js",
    }


def test_the_import_map_of_a_frozen_site_has_one_instance_of_each_module(package, tmp_path):
    shop = package(WORKING)
    registry = site(shop)
    registry.add_module("@shop/state", f"{shop}:static/state.js")
    freeze(registry, tmp_path / "o")
    data = AssetRegistry(settings={"frozen": tmp_path / "o"}).import_map({"SCRIPT_NAME": "/app"}).data
    urls = {name: f"/app/{said['url']}" for name, said in manifest(tmp_path / "o").items()}
    main = urls["static/main.js"]
    assert data["imports"] == {
        "@shop/state": urls["static/state.js"],
        "/app/static/main.js": main,
        "/app/static/state.js": urls["static/state.js"],
        main.replace("main.js", "state.js"): urls["static/state.js"],
        "/app/static/work.js": urls["static/work.js"],
        "/app/static/lib/help.js": urls["static/lib/help.js"],
        "/app/static/other.js": urls["static/other.js"],
    }
    assert set(data["integrity"]) == set(urls.values())


def test_a_worker_in_another_static_view_is_an_error_with_its_place(package, tmp_path):
    shop = package({"static/main.js": "new Worker(new URL('../other/w.js', import.meta.url))", "other/w.js": "1"})
    registry = site(shop)
    registry.add_static_view("other", f"{shop}:other")
    (told,) = faults(registry, tmp_path / "o")
    assert "main.js:1:" in told
    assert "is not in the static view 'static'" in told


def test_variants_are_there_where_they_are_smaller_and_decode_to_the_asset(package, tmp_path):
    shop = package({"static/app.css": TEXT, "static/tiny.css": b"a{}", "static/photo.jpg": TEXT})
    freeze(site(shop), tmp_path / "o", codings=["gzip"])
    compressed = sorted(path.name for path in (tmp_path / "o/names").rglob("*.gz"))
    assert [re.sub("[0-9a-f]{12}", "#", name) for name in compressed] == ["app-#.css.gz"]
    assert gzip.decompress(read(tmp_path / "o", "static/app-*.css.gz")) == TEXT


def test_a_second_run_writes_nothing_and_one_more_file_is_all_that_is_made(package, tmp_path):
    shop = package({"static/app.css": TEXT, "static/b.css": TEXT * 2})
    first = freeze(site(shop), tmp_path / "o", codings=["gzip"])
    assert (first.changed, first.made) == (True, 4)
    again = freeze(site(shop), tmp_path / "o", codings=["gzip"])
    assert (again.changed, again.made, again.release) == (False, 0, first.release)
    (package.directory / shop / "static/c.css").write_bytes(TEXT * 3)
    assert freeze(site(shop), tmp_path / "o", codings=["gzip"]).made == 2


def test_two_places_jobs_and_times_give_the_same_bytes(package, tmp_path):
    files = {f"static/{number}.css": f"a{{b:url({(number + 1) % 9}.css)}}" for number in range(9)}
    one = package(dict(files), name="equal")
    freeze(site(one), tmp_path / "one", jobs=1)
    for path in (package.directory / one / "static").iterdir():
        os.utime(path, (1, 1))
    freeze(site(one), tmp_path / "deeper/two", jobs=8)
    assert tree_digest(tmp_path / "one") == tree_digest(tmp_path / "deeper/two")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert str(tmp_path).encode() not in everything


@pytest.mark.whole
def test_sixteen_environments_give_one_tree(tmp_path):
    static = tmp_path / "site/static"
    static.mkdir(parents=True)
    for number in range(20):
        (static / f"é{number}.css").write_text(f"@import '%c3%a9{(number + 1) % 20}.css'; a{{b:c}}")
    document = f'<configure xmlns="{NAMESPACE}"><staticView name="static" path="static"/></configure>'
    (tmp_path / "site/site.zcml").write_text(document)
    found = set()
    choices = itertools.product(["UTC", "Asia/Tokyo"], ["C.UTF-8", "C"], [0o022, 0o077], ["0", "4711"])
    for number, (zone, locale, mask, seed) in enumerate(choices):
        directory = tmp_path / f"o{number}"
        command = [sys.executable, "-m", "assetzcml", "freeze", str(tmp_path / "site/site.zcml"), str(directory)]
        environ = {
            **os.environ,
            "TZ": zone,
            "LC_ALL": locale,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        subprocess.run(
            [*command, "--jobs", str(number % 3 + 1)], env=environ, check=True, umask=mask, stdout=subprocess.DEVNULL
        )
        found.add(tree_digest(directory))
    assert len(found) == 1


def test_a_site_beside_its_file_has_no_path_of_the_machine_in_its_manifest(tmp_path):
    (tmp_path / "site/static").mkdir(parents=True)
    (tmp_path / "site/static/a.css").write_text("a{}")
    document = f'<configure xmlns="{NAMESPACE}">\n<staticView name="static" path="static"/></configure>'
    (tmp_path / "site/site.zcml").write_text(document)
    freeze(load_zcml(str(tmp_path / "site/site.zcml")), tmp_path / "o")
    said = manifest(tmp_path / "o")["static/a.css"]
    assert (said["spec"], said["source"], said["origin"]) == ("./static/a.css", "./static/a.css", "site.zcml:2")


def test_plain_names_are_there_by_option_and_always_for_files_and_pages(package, tmp_path):
    shop = package({"static/a.css": "a{}", "static/index.html": "<p>", "static/favicon.ico": PIXEL})
    registry = site(shop)
    registry.add_static_file("favicon.ico", f"{shop}:static/favicon.ico")
    freeze(registry, tmp_path / "o")
    assert names(tmp_path / "o", "current") == ["favicon.ico", "static/index.html"]
    freeze(registry, tmp_path / "o", plain=True)
    assert names(tmp_path / "o", "current") == [
        "favicon.ico",
        "static/a.css",
        "static/favicon.ico",
        "static/index.html",
    ]


def test_what_nobody_rewrites_keeps_the_plain_name_that_it_says(package, tmp_path):
    shop = package({"static/a.css": "a{b:url(/static/bg.png)}", "static/bg.png": PIXEL})
    freeze(site(shop, tree=True), tmp_path / "o")
    assert names(tmp_path / "o", "current") == ["static/bg.png"]


def test_what_needs_a_permission_lies_where_no_server_publishes_it(package, tmp_path):
    shop = package({"static/a.css": "a{}"})

    class Nobody:
        def permits(self, request, context, permission):
            return False

    registry = AssetRegistry()
    registry.add_permission_policy(Nobody())
    registry.add_static_view("static", f"{shop}:static", permission="view")
    freeze(registry, tmp_path / "o")
    assert names(tmp_path / "o") == []
    assert [re.sub("[0-9a-f]{12}", "#", name) for name in names(tmp_path / "o", "private")] == ["static/a-#.css"]


def test_a_name_that_a_view_does_not_serve_is_not_frozen(package, tmp_path):
    shop = package({"static/a.css": "a{}", "static/.secret": "x", "static/view.py": "x", "static/a.css.gz": "x"})
    (package.directory / shop / "outside").write_text("x")
    (package.directory / shop / "static/link").symlink_to("../outside")
    freeze(site(shop), tmp_path / "o")
    assert sorted(manifest(tmp_path / "o")) == ["static/a.css"]


def test_the_more_specific_view_has_what_two_publish(package, tmp_path):
    shop = package({"static/a/x.css": "outer{}", "inner/x.css": "inner{}"})
    registry = site(shop)
    registry.add_static_view("static/a", f"{shop}:inner")
    freeze(registry, tmp_path / "o")
    assert read(tmp_path / "o", "static/a/x-*.css") == b"inner{}"


def test_an_asset_in_an_archive_is_frozen_too(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "zipped.whl", "w") as archive:
        for name, text in {"zippedshop/__init__.py": "", "zippedshop/static/a.css": "a{b:url(c.png)}"}.items():
            archive.writestr(name, text)
        archive.writestr("zippedshop/static/c.png", PIXEL)
    monkeypatch.syspath_prepend(str(tmp_path / "zipped.whl"))
    freeze(site("zippedshop"), tmp_path / "o")
    assert read(tmp_path / "o", "static/c-*.png") == PIXEL


def test_names_that_differ_only_in_case_are_warned_of(package, tmp_path):
    shop = package({"static/a.css": "a{}", "static/A.css": "a{}"})
    with pytest.warns(ConfigurationWarning, match="names that differ only in case: static/"):
        freeze(site(shop), tmp_path / "o")


def test_an_asset_and_a_directory_of_one_name_is_an_error(package, tmp_path):
    shop, theme = package({"static/x/y.css": "a{}"}), package({"brand/x": "a file"})
    registry = site(shop)
    registry.override_asset(f"{shop}:static/", f"{theme}:brand/")
    (told,) = faults(registry, tmp_path / "o", plain=True)
    assert "is an asset and a directory of others" in told


@pytest.mark.parametrize("step", [(Following, "follow"), (Names, "give"), (Codings, "compress")])
def test_a_file_that_changes_while_it_is_frozen_is_an_error_and_the_former_release_stays(
    step, package, tmp_path, monkeypatch
):
    shop = package({"static/a.css": "a{}", "static/b.css": "b{}"})
    freeze(site(shop), tmp_path / "o")
    before = os.readlink(tmp_path / "o/current")
    path = package.directory / shop / "static/a.css"
    next_step = getattr(*step)

    def changing(*arguments):
        path.write_text("b{color:red}")
        return next_step(*arguments)

    monkeypatch.setattr(*step, changing)
    (told,) = faults(site(shop), tmp_path / "o")
    assert told == f"{path}: '{shop}:static/a.css' changed while it was frozen; freeze again"
    assert os.readlink(tmp_path / "o/current") == before
    assert [path.name for path in (tmp_path / "o/tmp").iterdir()] == []


def test_a_file_of_more_than_is_held_in_memory_is_copied_piece_by_piece(package, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "READ_WHOLE", 1000)
    shop = package({"static/film.bin": TEXT})
    freeze(site(shop), tmp_path / "o")
    assert read(tmp_path / "o", "static/film-*.bin") == TEXT
    assert list(verified(tmp_path / "o")) == []


def test_former_releases_stay_by_count_and_age(package, tmp_path):
    shop = package({"static/a.css": "a{}"})
    for text in "bcd":
        (package.directory / shop / "static/a.css").write_text(f"{text}{{}}")
        last = freeze(site(shop), tmp_path / "o", keep=2, younger=0)
    assert len(last.removed) == 1
    assert len(list((tmp_path / "o/generations").glob("*.json"))) == 2
    assert len(names(tmp_path / "o")) == 2
    assert list(verified(tmp_path / "o")) == []


def test_a_budget_is_for_what_its_pattern_matches(package, tmp_path):
    from assetzcml.records.patterns import Pattern

    shop = package({"static/a.css": TEXT, "static/b.js": os.urandom(2000).hex()})
    freeze(site(shop), tmp_path / "o", budgets=[Budget(1000, Pattern("*.css"))])
    with pytest.raises(ConfigurationError, match=r"b\.js' has [0-9,]+ bytes compressed; the budget is 500"):
        freeze(site(shop), tmp_path / "o", budgets=[Budget(500, Pattern("*.js"))])


def test_a_bundle_is_built_and_frozen(package, tmp_path):
    shop = package(
        {
            "static/a.css": "a{}",
            "static/b.css": "b{}",
            "configure.zcml": f'<configure xmlns="{NAMESPACE}"><staticView name="static" path="static"/>'
            '<environment directory="static" url="/static"/>'
            '<bundle name="all" contents="static/a.css static/b.css" output="gen/all.css"/></configure>',
        }
    )
    freeze(load_zcml(f"{shop}:configure.zcml"), tmp_path / "o")
    assert read(tmp_path / "o", "static/gen/all-*.css") == b"a{}\nb{}"


def test_the_command_freezes_and_verifies(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = f'<configure xmlns="{NAMESPACE}"><staticView name="s" path="static"/></configure>'
    package({"static/a.css": TEXT, "configure.zcml": document}, name="commanded")
    run = CliRunner().invoke(main, ["freeze", "commanded:configure.zcml", "o", "--coding", "gzip"])
    assert re.fullmatch(r"release [0-9a-f]{12} frozen: 1 assets, .* compressed\n", run.output)
    assert (run.exit_code, CliRunner().invoke(main, ["verify", "o"]).output) == (0, "everything is as it was frozen\n")
    run = CliRunner().invoke(main, ["freeze", "commanded:configure.zcml", "o", "--format", "json"])
    assert json.loads(run.output)["assets"] == 1
    run = CliRunner().invoke(main, ["freeze", "commanded:configure.zcml", "o", "--budget", "*.css=10"])
    assert (run.exit_code, "the budget is 10" in run.stderr) == (1, True)


def damages(directory):
    """What may become of a frozen directory, each with a word of what is told of it."""
    (sheet,) = Path(directory, "names").rglob("*.css")
    (image,) = Path(directory, "names").rglob("*.png")
    (variant,) = Path(directory, "names").rglob("*.css.gz")
    (index,) = Path(directory, "generations").glob("*.index")
    return {
        "missing name": (lambda: sheet.unlink(), "names/static/a-"),
        "changed bytes": (lambda: (image.chmod(0o644), image.write_bytes(b"other")), "has another digest"),
        "changed variant": (lambda: (variant.chmod(0o644), variant.write_bytes(b"other")), "gzip variant is missing"),
        "lost release": (lambda: os.unlink(f"{directory}/current"), "current: it leads to no release"),
        "broken manifest": (
            lambda: (
                next(Path(directory, "generations").glob("*.json")).chmod(0o644)
                or next(Path(directory, "generations").glob("*.json")).write_bytes(b"{}")
            ),
            "it does not have the digest that is its name",
        ),
        "another index": (lambda: index.write_bytes(index.read_bytes()[:-1] + b"x"), ".index: it is not that of"),
        "lost index": (lambda: index.unlink(), ".index: it is not that of"),
    }


@pytest.mark.parametrize(
    "damage",
    [
        "missing name",
        "changed bytes",
        "changed variant",
        "lost release",
        "broken manifest",
        "another index",
        "lost index",
    ],
)
def test_verify_finds_what_has_been_damaged(package, tmp_path, damage):
    shop = package({"static/a.css": TEXT, "static/b.png": PIXEL})
    freeze(site(shop), tmp_path / "o", codings=["gzip"])
    assert list(verified(tmp_path / "o")) == []
    spoil, told = damages(tmp_path / "o")[damage]
    spoil()
    assert any(told in fault for fault in verified(tmp_path / "o"))
    run = CliRunner().invoke(main, ["verify", str(tmp_path / "o")])
    assert (run.exit_code, told in run.stderr) == (1, True)


def test_a_host_of_an_external_name_is_no_part_of_the_path(package, tmp_path):
    shop = package({"static/a.css": "a{b:url(c.png)}", "static/c.png": PIXEL})
    registry = AssetRegistry()
    registry.add_static_view("https://cdn.example.com/shop", f"{shop}:static")
    registry.add_cache_buster(f"{shop}:static", DigestCacheBuster())
    freeze(registry, tmp_path / "o")
    assert [re.sub("[0-9a-f]{12}", "#", name) for name in names(tmp_path / "o")] == ["shop/a-#.css", "shop/c-#.png"]
    assert manifest(tmp_path / "o")["https://cdn.example.com/shop/a.css"]["host"] == "https://cdn.example.com"


@pytest.mark.parametrize("harm", ["newer", "damaged"])
def test_beside_a_manifest_that_cannot_be_read_nothing_is_removed(harm, package, tmp_path):
    shop = package({"static/a.css": "a{}"})
    freeze(site(shop), tmp_path / "o")
    content = b'{"schema":99,"entries":[\n]}\n'
    digest = hashlib.sha256(content).hexdigest() if harm == "newer" else "0" * 64
    (tmp_path / f"o/generations/{digest}.json").write_bytes(content)
    (package.directory / shop / "static/a.css").write_text("b{}")
    before = {path for path in (tmp_path / "o/objects").rglob("*") if path.is_file()}
    freeze(site(shop), tmp_path / "o", keep=2, younger=0)
    assert before < {path for path in (tmp_path / "o/objects").rglob("*") if path.is_file()}
    assert len(names(tmp_path / "o")) == 2


def test_a_second_run_replaces_no_file(package, tmp_path):
    shop = package(
        {f"static/{number}.css": f"a{{b:url({number - 1}.css)}}" for number in range(1, 20)} | {"static/0.css": ""}
    )
    freeze(site(shop), tmp_path / "o", codings=["gzip"], plain=True)
    before = stamps(tmp_path / "o")
    assert freeze(site(shop), tmp_path / "o", codings=["gzip"], plain=True).made == 0
    assert stamps(tmp_path / "o") == before


def stamps(directory):
    """What changes of each file when it is written again."""
    return {str(path): (path.stat().st_ino, path.stat().st_size) for path in Path(directory).rglob("*")}


HOSTILE = "<!DOCTYPE svg [" + '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
) + ']><svg xmlns="http://www.w3.org/2000/svg"><text>&a11;</text><image href="i.png"/></svg>'  # fmt: skip


@pytest.mark.parametrize("text", [
    HOSTILE,
    '<!DOCTYPE svg SYSTEM "http://127.0.0.1:9/x.dtd"><svg><image href="i.png"/></svg>',
    '<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg><text>&e;</text><image href="i.png"/></svg>',
    '<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="i.png"/><use href="#a"/></svg>',
    "<svg><style>a { fill: url(#g); background: url(i.png) }</style></svg>",
    '<svg><g style="background: url(i.png); fill: url(#g)"/></svg>',
])  # fmt: skip
def test_an_svg_is_read_for_its_references_and_never_expanded(text, package, tmp_path):
    shop = package({"static/a.svg": text, "static/i.png": PIXEL})
    freeze(site(shop), tmp_path / "o")
    (picture,) = (tmp_path / "o/names/static").glob("i-*.png")
    assert read(tmp_path / "o", "static/a-*.svg").decode() == text.replace("i.png", picture.name)


@pytest.mark.parametrize("sheet, rewritten", [
    ("a{b:url(i\\.png)}", True),
    ("a{b:\\75 rl(i.png)}", True),
    ("a{b:url(/**/i.png)}", False),  # no comment stands in a url(): it leads to '/**/i.png', somebody else's path
    ("@import/**/'b.css' layer(x) supports(display:grid) print;", True),
    ("@import url(b.css) layer(x);", True),
    ("a{b:image-set('i.png' 1x, url(i.png) 2x type('image/png'))}", True),
    ("a{b:src('i.png')}", True),
    ("a{b:url('i.png' crossorigin(anonymous))}", True),
    (":root{--x: url(i.png)}", True),
    ("@namespace x url(gone.css);", False),
    ("@namespace 'gone.css';", False),
    ("@document url(gone.html) { a{} }", False),
    ("a{b:url(data:image/png;base64,AAAA)} c{d:url(#x)} e{f:url(//host/y)} g{h:url(https://host/y)} i{j:url('')}", False),
    ("a{content:'url(gone.png)'} /* url(gone.png) */", False),
])  # fmt: skip
def test_what_css_calls_a_reference_is_rewritten_and_nothing_else(sheet, rewritten, package, tmp_path):
    shop = package({"static/a.css": sheet, "static/b.css": "b{}", "static/i.png": PIXEL})
    freeze(site(shop), tmp_path / "o")
    made = read(tmp_path / "o", "static/a-*.css").decode()
    assert (made != sheet) == rewritten
    assert len(re.findall("[bi]-[0-9a-f]{12}", made)) == len(re.findall(r"\b[bi]\\?\.(?:css|png)", sheet)) * rewritten


@pytest.mark.parametrize(
    "name", ["a b.css", "q'.css", "d$1.css", "{x}.css", "ä.css", "50%25.css", "#h.css", "+.css", "(.css"]
)
def test_odd_names_are_frozen_referred_to_and_found_again(name, package, tmp_path):
    from urllib.parse import quote

    shop = package({f"static/{name}": "b{}", "static/a.css": f"@import '{quote(name)}';"})
    freeze(site(shop), tmp_path / "o", plain=True)
    assert list(verified(tmp_path / "o")) == []
    registry = AssetRegistry(settings={"frozen": tmp_path / "o"})
    url = registry.static_path(f"{shop}:static/{name}")
    assert clients.ask_wsgi(registry, url).body == b"b{}"
    imported = string_value(re.search("'.*'", read(tmp_path / "o", "static/a-*.css").decode())[0])
    assert clients.ask_wsgi(registry, f"/static/{imported}").body == b"b{}"
    gc.collect()


@pytest.mark.slow
def test_two_hundred_megabytes_and_ten_thousand_files_are_frozen_within_bounds(package, tmp_path):
    import tracemalloc

    shop = package({"static/film.bin": "", **{f"static/{number}.js": str(number) for number in range(10_000)}})
    with open(package.directory / shop / "static/film.bin", "wb") as stream:
        for number in range(200):
            stream.write(bytes([number]) * (1 << 20))
    tracemalloc.start()
    done = freeze(site(shop), tmp_path / "o")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.assets, peak < 200 << 20) == (10_001, True)
    assert list(verified(tmp_path / "o")) == []


def test_who_takes_every_coding_gets_the_first_that_is_offered(package, tmp_path):
    shop = package({"static/a.css": TEXT})
    freeze(site(shop), tmp_path / "o", codings=["br", "zstd", "gzip"])
    (name,) = [path.name for path in (tmp_path / "o/names/static").glob("a-*.css")]
    at = FrozenRelease(tmp_path / "o").at(f"static/{name}")
    assert [coding for coding, *_ in at.variants] == ["br", "zstd", "gzip"]
