"""What was built in one place and is served from another: the record beside the outputs, and who heeds it."""

import errno
import json
import logging
import os
import re
import shutil
import sys

import pytest
from webob import Request

from assetzcml import StaticApp, load_zcml
from assetzcml.bundles import BuildError, Environment
from assetzcml.bundles.build_records import Delivered
from assetzcml.reports.findings import Checker
from bundle_site import OLD
from documents import forget

A = 'xmlns="http://namespaces.assetzcml.org/assets"'
APP = f"""<configure {A}>
  <staticView name="static" path="static"/>
  <environment directory="static" %s/>
  <bundle name="x" contents="a.css" output="gen/x.%%(version)s.css" filters="cssrewrite"/>
</configure>"""
OVERRIDE = f"""<configure {A}><include package="app"/>
  <asset to_override="app:static/a.css" override_with="theme:b.css"/></configure>"""
ADDITION = f'<configure {A}><include package="app"/><bundleContents bundle="x" contents="more.css"/></configure>'
OPTION = f"""<configure {A}><include package="app"/>
  <environment><filterOption name="CSSREWRITE_REPLACE" value="x"/></environment></configure>"""
RECORD = "assetzcml-build.json"


class Delivery:
    """An application that is built, and a theme of it, in a directory that is moved and closed."""

    def __init__(self, home, monkeypatch):
        self.home = home
        self._patch = monkeypatch
        self._move_to(home)

    def write(self, files, options='manifest="json"'):
        files = {"app/configure.zcml": APP % options, **files}
        for name, text in files.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text)
        # One checkout, an earlier installation, SOURCE_DATE_EPOCH: times tell nothing.
        for path in self.home.rglob("*.*"):
            os.utime(path, (OLD, OLD))

    def load(self, spec="app:configure.zcml"):
        forget({"app", "theme"})
        return load_zcml(spec)

    def build(self, spec="app:configure.zcml"):
        return self.load(spec).environment.build()

    def deliver(self):
        """As wheels and images hold it: without what is hidden."""
        for hidden in (".assetzcml", ".webassets-cache", ".webassets-manifest"):
            path = self.home / "app/static" / hidden
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def move(self, name):
        """To another directory of the machine."""
        os.rename(self.home, self.home.parent / name)
        self._move_to(self.home.parent / name)

    def _move_to(self, home):
        self._patch.setattr(sys, "path", [str(home), *(path for path in sys.path if path != str(self.home))])
        self.home = home

    def close(self):
        """Nothing can be written from now on."""
        original, makedirs = os.open, os.makedirs
        refused = OSError(errno.EROFS, os.strerror(errno.EROFS))

        def opened(path, flags, *arguments, **options):
            if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and str(path).startswith(str(self.home)):
                raise refused
            return original(path, flags, *arguments, **options)

        def made(path, *arguments, **options):
            if str(path).startswith(str(self.home)) and not os.path.isdir(path):
                raise refused
            makedirs(path, *arguments, **options)

        self._patch.setattr(os, "open", opened)
        self._patch.setattr(os, "makedirs", made)


@pytest.fixture
def delivery(tmp_path, monkeypatch):
    made = Delivery(tmp_path / "first", monkeypatch)
    made.home.mkdir()
    made.write(
        {
            "app/static/a.css": "a{color:red}\n",
            "theme/b.css": "a{color:blue}\n",
            "theme/more.css": "b{color:green}\n",
            "theme/override.zcml": OVERRIDE,
            "theme/adds.zcml": ADDITION,
        }
    )
    yield made
    forget({"app", "theme"})


def served(registry, url):
    return Request.blank(url).get_response(StaticApp(registry)).body


THEMED = {
    "theme:override.zcml": b"a{color:blue}\n",
    "theme:adds.zcml": b"a{color:red}\n\nb{color:green}\n",
}


@pytest.mark.parametrize("recorded", [True, False], ids=["with its record", "without"])
@pytest.mark.parametrize("theme", THEMED)
def test_a_theme_of_what_was_delivered_gets_its_own_bytes_from_a_build(delivery, theme, recorded):
    delivery.build()
    delivery.deliver()
    if not recorded:
        os.unlink(delivery.home / "app/static" / RECORD)
    (built,) = delivery.build(theme)
    assert (built.changed, built.data()) == (True, THEMED[theme])


@pytest.mark.parametrize("recorded", [True, False], ids=["with its record", "without"])
@pytest.mark.parametrize("theme", THEMED)
def test_a_theme_of_what_was_delivered_gets_its_own_bytes_at_a_request(delivery, theme, recorded):
    delivery.build()
    delivery.deliver()
    if not recorded:
        os.unlink(delivery.home / "app/static" / RECORD)
    registry = delivery.load(theme)
    (url,) = registry.environment["x"].urls()
    assert served(registry, url) == THEMED[theme]
    assert registry.resolve("app:gen/x.css").read_bytes() == THEMED[theme]


SAYS = {
    "theme:override.zcml": r"'app:static/a\.css' is taken from 'theme:b\.css'(.|\n)*override\.zcml:2:3",
    "theme:adds.zcml": r"'theme:more\.css' is among its sources(.|\n)*adds\.zcml:1:\d+",
}


@pytest.mark.parametrize("closed", [True, False], ids=["nothing can be written", "auto_build is off"])
@pytest.mark.parametrize("theme", THEMED)
def test_where_nothing_is_built_a_theme_of_what_was_delivered_is_an_error_that_says_what_differs(
    delivery, theme, closed
):
    delivery.write({}, 'manifest="json"' if closed else 'manifest="json" auto_build="false"')
    delivery.build()
    delivery.deliver()
    delivery.close() if closed else None
    registry = delivery.load(theme)
    with pytest.raises(BuildError, match=SAYS[theme]) as raised:
        registry.environment["x"].urls()
    assert "bundle 'x'" in str(raised.value)
    assert "build" in raised.value.problems[0].hint
    with pytest.raises(BuildError, match=SAYS[theme]):
        registry.static_path("app:gen/x.css")
    assert not registry.resolve("app:gen/x.css").exists()


def findings(delivery, spec):
    """What `check` says about outputs that were delivered."""
    return [each for each in Checker(delivery.load(spec)).findings() if each.code == "A068"]


@pytest.mark.parametrize("theme", THEMED)
def test_check_says_before_what_a_page_would_be_an_error_for(delivery, theme):
    delivery.write({}, 'manifest="json" auto_build="false"')
    delivery.build()
    delivery.deliver()
    assert findings(delivery, "app:configure.zcml") == []
    (found,) = findings(delivery, theme)
    assert re.search(SAYS[theme].partition("(")[0], str(found))
    delivery.build(theme)
    assert findings(delivery, theme) == []


@pytest.mark.parametrize("options", ['manifest="json"', "", 'cache="false"', 'manifest="json" auto_build="false"'])
@pytest.mark.parametrize("closed", [True, False], ids=["read-only", "writable"])
def test_what_was_built_in_one_place_is_up_to_date_in_another(delivery, closed, options, caplog):
    delivery.write({}, options)
    registry = delivery.load()
    registry.environment.build()
    urls = registry.environment["x"].urls()
    delivery.deliver()
    delivery.move("second")
    delivery.close() if closed else None
    registry = delivery.load()
    with caplog.at_level(logging.WARNING):
        assert registry.environment["x"].urls() == urls
        (built,) = registry.environment.build()
    assert (built.changed, built.data()) == (False, b"a{color:red}\n")
    assert served(registry, urls[0]) == b"a{color:red}\n"
    assert caplog.messages == []


def test_what_was_delivered_without_a_record_is_compared_where_nothing_can_be_written(delivery, caplog):
    delivery.build()
    delivery.deliver()
    os.unlink(delivery.home / "app/static" / RECORD)
    delivery.write({}, 'manifest="json:m.json"')
    (name,) = os.listdir(delivery.home / "app/static/gen")
    (delivery.home / "app/static/m.json").write_text(json.dumps({"gen/x.%(version)s.css": name.split(".")[1]}))
    delivery.close()
    registry = delivery.load()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert registry.environment["x"].urls() == [f"/static/gen/{name}"]
    assert len(caplog.messages) == 1
    assert "assetzcml build" in caplog.text
    themed = delivery.load("theme:override.zcml")
    with pytest.raises(BuildError, match="gives other bytes"):
        themed.environment["x"].urls()


def test_the_record_holds_no_path_of_the_machine_and_is_no_asset(delivery):
    delivery.build()
    home = delivery.home / "app/static"
    text = (home / RECORD).read_text()
    assert str(delivery.home.parent) not in text
    assert "app:static/a.css" in text
    registry = delivery.load()
    assert RECORD not in registry.resolve("app:static").listdir()
    for path in (f"/static/{RECORD}", f"/static/{RECORD.upper()}"):
        assert Request.blank(path).get_response(StaticApp(registry)).status_int == 404
    registry.environment.register("all", str(home / "*.json"), "a.css", output="gen/all.css")
    assert registry.environment["all"].build()[0].data() == b"a{color:red}\n"


def test_the_record_is_the_same_wherever_it_is_built(delivery):
    delivery.build()
    first = (delivery.home / "app/static" / RECORD).read_bytes()
    delivery.deliver()
    delivery.move("another")
    shutil.rmtree(delivery.home / "app/static/gen")
    os.unlink(delivery.home / "app/static" / RECORD)
    delivery.build()
    assert (delivery.home / "app/static" / RECORD).read_bytes() == first


DAMAGES = {
    "cut in half": lambda text: text[: len(text) // 2],
    "another version": lambda text: text.replace('"format": 1', '"format": 99'),
    "no object": lambda text: "[]",
    "another shape": lambda text: text.replace('"sources": [[', '"sources": [[1,'),
    "empty": lambda text: "",
    "deep": lambda text: "[" * 100_000,
    "digest of a source that lies": lambda text: text.replace('.css", "', '.css", "0'),
    "digest of the output that lies": lambda text: text.replace('"output": "', '"output": "0'),
    "a version that leads out": lambda text: __import__("re").sub(r'"version": "\w+"', '"version": "../../x"', text),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_record_that_is_damaged_is_none_and_the_next_build_makes_it_whole(delivery, damage):
    delivery.build()
    path = delivery.home / "app/static" / RECORD
    whole = path.read_text()
    delivery.deliver()
    path.write_text(damage(whole))
    (built,) = delivery.build()
    assert built.data() == b"a{color:red}\n"
    assert path.read_text() == whole


def test_an_output_that_was_changed_by_hand_is_built_again(delivery):
    (built,) = delivery.build()
    delivery.deliver()
    with open(built.path, "ab") as stream:
        stream.write(b"edited")
    (again,) = delivery.build()
    assert (again.changed, again.data()) == (True, b"a{color:red}\n")


def minified(home, value, **options):
    environment = Environment(str(home), "/s", **options)
    environment.config["CSSMIN_BROWSERS"] = value
    return environment.register("x", "a.css", filters="cssmin", output="gen/x.css")


def test_a_setting_that_changed_is_noticed_by_a_build_and_by_a_request(tmp_path):
    (tmp_path / "a.css").write_text("a { user-select: none }\n")
    minified(tmp_path, "chrome 120").build()
    (built,) = minified(tmp_path, "safari 12").build()
    assert built.changed
    assert b"-webkit-user-select" in built.data()
    minified(tmp_path, "chrome 120").urls()
    assert b"-webkit-" not in (tmp_path / "gen/x.css").read_bytes()
    assert not minified(tmp_path, "chrome 120").build()[0].changed


def test_an_environment_variable_that_changed_is_noticed_too(tmp_path, monkeypatch):
    (tmp_path / "a.css").write_text("a { user-select: none }\n")

    def built():
        environment = Environment(str(tmp_path), "/s")
        return environment.register("x", "a.css", filters="cssmin", output="gen/x.css").build()[0].changed

    assert built()
    monkeypatch.setenv("CSSMIN_BROWSERS", "safari 12")
    assert [built(), built()] == [True, False]


def test_another_version_of_a_filter_s_program_is_noticed_by_a_build_and_not_by_a_request(site, clock):
    from assetzcml.bundles import Filter

    class Tool(Filter):
        name = "tool"
        versions = "tool 1"

        def tool_versions(self):
            return (self.versions,)

        def output(self, _in, out, **kw):
            out.write(self.versions.encode())

    bundle = site.bundle("a.js", filters=Tool(), output="gen/out.js", env_cache=False)
    bundle.build()
    Tool.versions = "tool 2"
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"tool 1"
    assert bundle.build()[0].changed
    assert site.read("gen/out.js") == b"tool 2"
    assert not bundle.build()[0].changed


def test_a_change_in_place_whose_size_and_time_are_the_same_is_noticed(tmp_path):
    path = tmp_path / "c.css"
    for text in ("a{b:#fff}", "a{b:#000}"):
        with open(path, "r+" if path.exists() else "w") as stream:
            stream.write(text)
        os.utime(path, (OLD, OLD))
        Environment(str(tmp_path), "/s").register("c", "c.css", output="gen/c.css").urls()
        assert (tmp_path / "gen/c.css").read_text() == text


def test_another_mode_of_a_source_builds_nothing(tmp_path):
    (tmp_path / "c.css").write_text("c")

    def bundle():
        return Environment(str(tmp_path), "/s").register("c", "c.css", output="gen/c.css")

    bundle().build()
    (tmp_path / "c.css").chmod(0o600)
    assert not bundle().build()[0].changed


def test_a_cache_that_cannot_be_used_is_said_once_and_changes_no_output(site, tmp_path, caplog):
    (tmp_path / "file").write_text("no directory")
    for _ in range(3):
        bundle = site.bundle("a.js", filters="cssrewrite", output="gen/z.css", env_cache=str(tmp_path / "file"))
        bundle.build(force=True)
        assert bundle.urls()
    assert site.read("gen/z.css") == b"var a;\n"
    assert [message for message in caplog.messages if "cache" in message] == [caplog.messages[0]]


def test_a_cache_is_of_use_where_it_was_moved_to(site, tmp_path):
    runs = []
    from assetzcml.bundles import Filter

    class Counting(Filter):
        name = "counting"

        def input(self, _in, out, depends=None, **kw):
            runs.append(kw["source"])
            depends.append(str(home / "b.js"))
            out.write(_in.read())

    home = site.directory

    def build():
        runs.clear()
        environment = Environment(str(home), "/s")
        environment.register("x", "a.js", filters=Counting(), output="gen/out.js").build(force=True)
        return list(runs)

    assert build() == ["a.js"]
    shutil.copytree(home, tmp_path / "moved", copy_function=shutil.copy2)
    home = tmp_path / "moved"
    assert build() == []


def test_the_record_of_many_outputs_is_not_read_again_for_each_of_them(site, monkeypatch, no_sync):
    reads, original = [], Delivered._entries
    monkeypatch.setattr(Delivered, "_entries", lambda self, *read: reads.append(1) or original(self, *read))
    environment = site.environment(manifest="json", cache=False)
    for number in range(200):
        environment.register(f"b{number}", "a.js", output=f"gen/b{number}.%(version)s.js")
    assert len(environment.build(jobs=1)) == 200
    assert reads == []  # what this process has written it knows
    again = site.environment(manifest="json", cache=False)
    for number in range(200):
        again.register(f"b{number}", "a.js", output=f"gen/b{number}.%(version)s.js")
    assert not any(built.changed for built in again.build(jobs=1))
    assert reads == [1]
