import json
import os
import random
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.resolving.releases import BrokenRelease, NewerSchema, Release, Released, Releases, release_bytes

ONE, TWO = "1" * 64, "2" * 64


def released(name="static/css/app.css", **said):
    return Released(**{"name": name, "object": ONE, "size": 3, "type": "text/css; charset=utf-8", **said})


FULL = released(
    versions=("~0123456789ab", "0123456789ab"),
    view="static",
    spec="shop:static/css/app.css",
    source="theme:app.css",
    permission="view",
    integrity="sha384-x",
    variants={"br": (TWO, 2)},
    references=("static/img/bg.png",),
    more={"origin": "shop:configure.zcml:3", "headers": [["X-A", "b"]]},
)


def test_a_manifest_is_a_json_document_with_a_line_for_each_asset():
    content = release_bytes([released("static/b.css"), released("static/a.css", versions=("~0123456789ab",))])
    assert content.decode().splitlines() == [
        '{"schema":1,"versions":["~0123456789ab"],"entries":[',
        f'["static/a.css",{{"object":"{ONE}","size":3,"type":"text/css; charset=utf-8","versions":["~0123456789ab"]}}],',
        f'["static/b.css",{{"object":"{ONE}","size":3,"type":"text/css; charset=utf-8"}}]',
        "]}",
    ]
    assert [name for name, _ in json.loads(content)["entries"]] == ["static/a.css", "static/b.css"]


@pytest.mark.parametrize("entry", [FULL, released(), released(size=0)])
def test_what_is_written_is_read_again(tmp_path, entry):
    releases = Releases(tmp_path)
    release = releases.read(releases.write(release_bytes([entry], {"of": "shop"})))
    assert list(release) == [entry]
    assert (release.find(entry.name), release.find("static/css/app.csso"), release.about["of"]) == (entry, None, "shop")
    assert release.objects() == set(entry.objects)


@given(st.sets(st.text(max_size=8), max_size=30), st.randoms())
def test_every_asset_is_found_whatever_it_is_called_and_the_order_says_nothing(names, order):
    entries = [released(name) for name in names]
    shuffled = entries.copy()
    order.shuffle(shuffled)
    content = release_bytes(entries)
    assert release_bytes(shuffled) == content
    release = Release("", content)
    assert len(release) == len(names)
    assert all(release.find(name) == released(name) for name in names)
    assert all(release.find(name + "x") is None or name + "x" in names for name in names)


def test_a_manifest_is_renewed_and_not_written_twice(tmp_path):
    releases = Releases(tmp_path)
    digest = releases.write(release_bytes([FULL]))
    os.utime(releases.path(digest), (1, 1))
    assert releases.write(release_bytes([FULL])) == digest
    [stamp] = releases.stamps()
    assert stamp.digest == digest
    assert stamp.used > time.time() - 60


@pytest.mark.parametrize(
    "keep, younger, kept",
    [
        (3, 0, [0, 1, 2]),  # by count alone
        (0, 60 * 60 * 24 * 2.5, [0, 1, 2]),  # by age alone: used 0, 1, 2, 3 and 4 days ago
        (4, 60 * 60 * 24 * 1.5, [0, 1, 2, 3]),  # one of the two is enough
        (0, 0, []),
    ],
)
def test_a_manifest_is_kept_by_count_or_by_age(tmp_path, keep, younger, kept):
    releases = Releases(tmp_path)
    digests = [releases.write(release_bytes([released(str(number))])) for number in range(5)]
    for days, digest in enumerate(digests):
        used = time.time() - days * 60 * 60 * 24
        os.utime(releases.path(digest), (used, used))
    those, others = releases.kept(keep, younger)
    assert [stamp.digest for stamp in those] == [digests[number] for number in kept]
    assert {stamp.digest for stamp in others} == set(digests) - {stamp.digest for stamp in those}


def test_what_is_no_manifest_is_passed_over_in_the_list(tmp_path):
    releases = Releases(tmp_path)
    assert releases.stamps() == []
    digest = releases.write(release_bytes([FULL]))
    for name in ("README", "x.json", f"{ONE}.json.tmp", f"{digest}.txt"):
        (tmp_path / "generations" / name).write_text("{}")
    assert [stamp.digest for stamp in releases.stamps()] == [digest]


def test_a_manifest_that_is_not_what_its_name_says_is_broken(tmp_path):
    releases = Releases(tmp_path)
    content = release_bytes([FULL])
    path = releases.path(releases.write(content))
    for damage in (b"", content[:-10], content.replace(b"theme", b"thief")):
        os.unlink(path)
        with open(path, "wb") as stream:
            stream.write(damage)
        with pytest.raises(BrokenRelease, match="does not have the digest"):
            releases.read(os.path.basename(path)[:64])
    assert releases.write(content)
    assert list(releases.read(os.path.basename(path)[:64])) == [FULL]


def test_a_manifest_of_a_later_version_says_so():
    with pytest.raises(NewerSchema, match="its schema is 2"):
        Release("", release_bytes([FULL]).replace(b'"schema":1', b'"schema":2'))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]\n]}\n",
        b'{"schema":"x","entries":[\n]}\n',
        release_bytes([FULL])[:-3],
        b'{"entries":[\n]}\n',
        b"\xff",
    ],
)
def test_what_is_none_is_refused(content):
    with pytest.raises(BrokenRelease):
        Release("", content)


@pytest.mark.parametrize(
    "line",
    [
        b'["a",{}]',
        b'["a"]',
        b'["a",[]]',
        b'["a",{"object":"../../x","size":1,"type":"x"}]',
        b'[1,{"object":"%s","size":1,"type":"x"}]' % ONE.encode(),
        b'["a",{"object":"%s","size":"1","type":"x"}]' % ONE.encode(),
        b'["a",{"object":"%s","size":1,"type":"x","variants":{"br":1}}]' % ONE.encode(),
        b'["a",{"object":"%s","size":1,"type":"x","variants":{"br":["x",1]}}]' % ONE.encode(),
        b"\xff",
        b'["a",' + b"[" * 50_000,
    ],
)
def test_a_broken_line_is_told_of_and_nothing_is_served_of_it(line):
    release = Release("", b'{"schema":1,"entries":[\n' + line + b"\n]}\n")
    with pytest.raises(BrokenRelease):
        list(release)


def test_a_large_manifest_is_searched_and_not_taken_apart(tmp_path):
    names = [f"static/{number:05}.css" for number in range(20_000)]
    random.shuffle(names)
    release = Release("", release_bytes(map(released, names)))
    assert all(release.find(name).name == name for name in names[:500])


def test_a_manifest_is_read_into_as_much_memory_as_it_has(tmp_path):
    releases = Releases(tmp_path)
    os.makedirs(releases.folder)
    digest = releases.write(release_bytes([]))
    tracemalloc.start()
    try:
        releases.read(digest)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
