"""Faults while a bundle is written: whatever happens where, what is there is whole, and the next build heals it."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter

import pytest

from assetzcml.bundles import BuildError
from assetzcml.resolving.files import replace_file
from bundle_site import OLD, Marked
from commands import CHECKOUT

# The functions of the system that change files; each is a point where it may fail, or the process may die.
CALLS = ["open", "write", "ftruncate", "fsync", "replace", "makedirs", "utime", "close"]
OUTPUTS = ["gen/plain.js", "gen/named.%(version)s.js"]


class Killed(BaseException):
    """The process is dead: no call of the system does anything any more."""


class Faults:
    """Lets the call number *at* of CALLS fail, or with Killed that one and all that follow."""

    def __init__(self, monkeypatch, at, error):
        self.count = 0
        self.dead = False
        for name in CALLS:
            monkeypatch.setattr(os, name, self.wrapped(getattr(os, name), at, error))
        monkeypatch.setattr(os, "unlink", self.wrapped(os.unlink, None, error))

    def wrapped(self, function, at, error):
        def call(*arguments, **options):
            if self.dead:
                raise error
            if at is not None:
                self.count += 1
            if self.count == at:
                self.dead = isinstance(error, Killed)
                raise error
            return function(*arguments, **options)

        return call


def environment(site, manifest, versions="hash"):
    made = site.environment(manifest=manifest, versions=versions)
    for output in OUTPUTS:
        made.register(output, "a.js", "b.js", filters=Marked(), output=output)
    return made


def build_of(site, manifest):
    return environment(site, manifest).build()


def tree(directory):
    """Every file below *directory*, with its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }


OLD_BYTES = b"[a.js]var a;\n\n[b.js]var b;\n"
NEW_BYTES = b"[a.js]changed\n;\n[b.js]var b;\n"


def check(site, manifest):
    """No output is torn, and what the manifest says is there and is what it says."""
    for path in (site.directory / "gen").glob("*.js"):
        content = path.read_bytes()
        assert content in (OLD_BYTES, NEW_BYTES), path
        if path.name.startswith("named"):
            assert path.name == f"named.{hashlib.md5(content).hexdigest()[:8]}.js"
    if manifest.startswith("json") and (site.directory / "m.json").exists():
        for output, version in json.loads(site.read("m.json")).items():
            path = site.directory / output.replace("%(version)s", version)
            assert path.exists()
            if "%" in output:
                assert hashlib.md5(path.read_bytes()).hexdigest()[:8] == version


@pytest.mark.whole
@pytest.mark.parametrize("manifest", ["json:m.json", "cache"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "I/O error"), Killed()],
    ids=["full", "io", "killed"],
)
def test_after_a_fault_at_any_point_all_is_whole_and_the_next_build_heals(memory, site, error, manifest, no_sync):
    site.directory = memory / "static"
    for name in ("a.js", "b.js"):
        site.write(name, f"var {name[0]};\n")
    build_of(site, manifest)
    good = memory / "good"
    shutil.copytree(site.directory, good)
    # The same as a fault-free build of the change leaves behind:
    site.replace("a.js", "changed")
    build_of(site, manifest)
    wanted = set(tree(site.directory))
    at, points = 0, 0
    while True:
        at += 1
        shutil.rmtree(site.directory)
        shutil.copytree(good, site.directory)
        site.replace("a.js", "changed")
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, at, error)
            try:
                build_of(site, manifest)
                failed = False
            except (BuildError, Killed):
                failed = True
        check(site, manifest)
        if faults.count < at:
            break
        points += 1
        if not isinstance(error, Killed):
            assert not list(site.directory.rglob("*.tmp")), at
            if not failed:  # what could not be read was made again
                assert site.read("gen/plain.js") == NEW_BYTES, at
                assert set(tree(site.directory)) == wanted, at
        build_of(site, manifest)
        check(site, manifest)
        assert site.read("gen/plain.js") == NEW_BYTES, at
        assert set(tree(site.directory)) == wanted, at
    assert points > 20


def test_a_read_only_directory_serves_what_is_built_and_an_error_says_what_cannot_be(site, monkeypatch, clock):
    build_of(site, "json:m.json")
    made = environment(site, "json:m.json")
    refused = OSError(errno.EROFS, os.strerror(errno.EROFS), str(site.directory))
    original = os.open

    def read_only(path, flags, *arguments, **options):
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            raise refused
        return original(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", read_only)
    urls = made["gen/plain.js"].urls()
    assert urls == [f"/s/gen/plain.js?{hashlib.md5(OLD_BYTES).hexdigest()[:8]}"]
    site.replace("a.js", "changed")
    clock.now += 1.0
    with pytest.raises(BuildError, match=r"bundle 'gen/plain\.js' cannot be built: .*Read-only file system"):
        made["gen/plain.js"].urls()
    assert site.read("gen/plain.js") == OLD_BYTES
    (site.directory / "gen/plain.js").unlink()
    with pytest.raises(BuildError) as caught:
        made["gen/plain.js"].build(force=True)
    assert "run `assetzcml build` where it can be written" in str(caught.value)


def test_an_output_whose_place_is_taken_by_a_directory_is_an_error(site):
    (site.directory / "gen/out.js").mkdir(parents=True)
    with pytest.raises(BuildError, match="Is a directory"):
        site.bundle("a.js", output="gen/out.js").build()
    assert site.names() == ["out.js"]


def test_a_temporary_file_that_somebody_made_a_link_is_not_written_through(site, tmp_path):
    bundle = site.bundle("a.js", output="gen/out.js")
    names = []
    with pytest.MonkeyPatch.context() as patch:
        original = os.replace
        patch.setattr(os, "replace", lambda source, target: names.append(source) or original(source, target))
        bundle.build()
    temporary = next(name for name in names if "/gen/" in name)
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    os.symlink(victim, temporary)
    bundle.build(force=True)
    assert victim.read_text() == "untouched"
    assert site.names() == ["out.js"]


CONFIGURATION = """\
<configure xmlns="http://namespaces.assetzcml.org/assets">
  <environment directory="o" url="/s" manifest="json"><loadPath path="src"/></environment>
  <bundle name="x" contents="a.js" output="gen/x.%(version)s.js"/>
  <bundle name="y" contents="a.js" output="gen/y.js"/>
</configure>
"""
BUILDING = """\
from assetzcml.bundles import building
from assetzcml.cli import main
building.MOMENT = 600.0  # however slow it is, the same outputs are synced together each time: calls can be counted
main()
"""
ASKING = """\
import sys
from assetzcml import load_zcml
environment = load_zcml("site.zcml").environment
for name in sys.argv[1:]:
    environment[name].urls()
"""
SOURCE = b"var a;\n"
TOUCHING = [
    "openat",
    "write",
    "fsync",
    "rename",
    "ftruncate",
    "mkdir",
    "close",
    "unlink",
]  # the calls that change files
STRACE = ["strace", "-f", "-qq", "-y"]  # with the threads, and with the paths of descriptors


def strace_works():
    try:
        return subprocess.run([*STRACE, "-o", os.devnull, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def inconsistencies(output):
    """What is torn, or not what its name or the manifest says."""
    for path in sorted((output / "gen").glob("*.js")):
        if path.read_bytes() != SOURCE:
            yield f"{path.name} is torn"
    manifest = output / ".webassets-manifest"
    for name, version in json.loads(manifest.read_bytes()).items() if manifest.exists() else ():
        path = output / name.replace("%(version)s", version)
        if version != hashlib.md5(SOURCE).hexdigest()[:8] or not path.exists():
            yield f"{name} is not there at {version}"


@pytest.fixture
def swept(tmp_path):
    """
    `assetzcml build` in a directory of its own, or *asking* for URLs there, which write below `swept.output`.

    `swept(bundles, *prefix)` is its exit status; *prefix* is what it is run by. `swept.start` does not wait.
    """
    if not strace_works():
        pytest.skip("strace is not there, or may not trace")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.js").write_bytes(SOURCE)
    os.utime(tmp_path / "src" / "a.js", (OLD, OLD))
    (tmp_path / "site.zcml").write_text(CONFIGURATION)
    build = [sys.executable, "-B", "-c", BUILDING, "build", "site.zcml", "--jobs", "1"]
    ask = [sys.executable, "-B", "-c", ASKING]
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}

    def start(bundles, *prefix, asking=False):
        chosen = list(bundles) if asking else [word for name in bundles for word in ("--bundle", name)]
        command = [*prefix, *(ask if asking else build), *chosen]
        return subprocess.Popen(
            command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def run(bundles, *prefix, asking=False):
        with start(bundles, *prefix, asking=asking) as process:
            return process.wait()

    run.start = start

    run.output = tmp_path / "o"
    run.log = tmp_path / "log"
    return run


def calls_of(log, call, output):
    """Which calls are about what is written, each counted in its thread, as strace counts what it injects into."""
    counted, found = Counter(), set()
    for line in log.read_text().splitlines():
        thread, _, rest = line.partition(" ")
        if f"{call}(" in rest:
            counted[thread] += 1
            if f"{output}/" in rest or f"{output}>" in rest or '"o' in rest:
                found.add(counted[thread])
    return sorted(found)


@pytest.mark.slow
@pytest.mark.parametrize("bundles", ["x", "y", "xy"])  # several are synced together, in threads
@pytest.mark.parametrize("call", TOUCHING)
@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC", "error=EIO"])
def test_a_build_that_fails_in_any_call_of_the_system_leaves_what_the_next_one_heals(swept, bundles, call, fault):
    assert swept(bundles) == 0
    wanted = tree(swept.output)
    assert list(inconsistencies(swept.output)) == []
    shutil.rmtree(swept.output)
    assert swept(bundles, *STRACE, "-e", f"trace={call}", "-o", str(swept.log)) == 0
    numbers = calls_of(swept.log, call, swept.output)
    if not numbers:
        pytest.skip(f"the build makes no call of {call} for what it writes")
    for number in numbers:
        shutil.rmtree(swept.output, ignore_errors=True)
        inject = f"inject={call}:{fault}:when={number}"
        status = swept(bundles, *STRACE, "-o", os.devnull, "-e", f"trace={call}", "-e", inject)
        assert list(inconsistencies(swept.output)) == [], number
        # Who is killed has always failed; other faults may be overcome.
        assert status != 0 or (fault != "signal=KILL" and tree(swept.output) == wanted), number
        assert swept(bundles) == 0
        assert tree(swept.output) == wanted, number


@pytest.mark.slow
@pytest.mark.parametrize("company", [False, True], ids=["alone", "beside a build"])
@pytest.mark.parametrize("call", TOUCHING)
def test_who_asks_for_urls_and_is_killed_in_any_call_of_the_system_leaves_what_the_next_one_heals(swept, call, company):
    assert swept("xy", asking=True) == 0
    wanted = tree(swept.output)
    shutil.rmtree(swept.output)
    assert swept("xy", *STRACE, "-e", f"trace={call}", "-o", str(swept.log), asking=True) == 0
    numbers = calls_of(swept.log, call, swept.output)
    if not numbers:
        pytest.skip(f"nothing that is written takes a call of {call}")
    for number in numbers:
        shutil.rmtree(swept.output)
        inject = f"inject={call}:signal=KILL:when={number}"
        with swept.start("xy") if company else contextlib.nullcontext():
            swept("xy", *STRACE, "-o", os.devnull, "-e", f"trace={call}", "-e", inject, asking=True)
            assert list(inconsistencies(swept.output)) == [], number
        assert list(inconsistencies(swept.output)) == [], number
        assert swept("xy", asking=True) == 0
        assert list(inconsistencies(swept.output)) == [], number
        assert swept("xy") == 0
        assert tree(swept.output) == wanted, number


def test_where_a_system_has_no_modes_of_open_files_a_file_is_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "fchmod")
    for content in (b"one", b"two"):
        replace_file(str(tmp_path / "a"), content)
        assert (tmp_path / "a").read_bytes() == content
