"""A place in a zip archive is what `importlib.resources` calls a Traversable; it need not exist."""

import os
import zipfile

import pytest

from assetzcml.resolving.archives import member_at


@pytest.fixture
def top(tmp_path):
    """The directory `shop` of an archive with two files, one of them in a directory that has no entry of its own."""
    with zipfile.ZipFile(tmp_path / "shop.whl", "w") as archive:
        archive.writestr("shop/a.txt", "caf\xe9\r\nend")
        archive.writestr("shop/img/x.png", b"\x89PNG")
        archive.writestr("shop/empty/", "")
    return member_at(str(tmp_path / "shop.whl" / "shop"))


def test_a_file_is_read_as_bytes_or_as_text(top):
    member = top / "a.txt"
    assert member.read_bytes() == member.open("rb").read() == "caf\xe9\r\nend".encode()
    assert member.read_text("utf-8") == "caf\xe9\nend"
    assert member.read_text("ascii", "replace") == "caf��\nend"
    with member.open("rt", encoding="utf-8", newline="") as stream:
        assert stream.readline() == "caf\xe9\r\n"


@pytest.mark.parametrize("mode", ["w", "a", "r+", "wb", "x", ""])
def test_an_archive_is_only_read(top, mode):
    with pytest.raises(ValueError, match="can only be read, not opened with mode"):
        (top / "a.txt").open(mode)


@pytest.mark.parametrize(
    "name, file, directory",
    [
        ("", False, True),
        ("a.txt", True, False),
        ("img", False, True),
        ("empty", False, True),
        ("./img//x.png", True, False),
        ("none", False, False),
        ("../a.txt", False, False),
    ],
)
def test_what_stands_at_a_place(top, name, file, directory):
    member = top.joinpath(name)
    assert (member.is_file(), member.is_dir(), member.exists()) == (file, directory, file or directory)


def test_a_directory_is_gone_through_and_a_file_is_not(top):
    assert sorted(member.name for member in top.iterdir()) == ["a.txt", "empty", "img"]
    assert list((top / "empty").iterdir()) == []
    for name in ("a.txt", "none"):
        with pytest.raises(NotADirectoryError, match=f"{name} is not a directory"):
            (top / name).iterdir()


@pytest.mark.parametrize("name", ["img", "none"])
def test_what_is_no_file_is_not_read(top, name):
    with pytest.raises(FileNotFoundError, match="has no file"):
        (top / name).read_bytes()


def test_two_ways_to_a_place_are_equal_and_say_where_it_is(top, tmp_path):
    one, other = top / "img" / "x.png", top.joinpath("img/x.png")
    assert (one, hash(one)) == (other, hash(other))
    assert one != one.parent
    assert str(one) == os.path.join(tmp_path, "shop.whl", "shop", "img", "x.png")
    assert repr(one) == f"<Member {one}>"
    assert one.parent.parent == top


@pytest.mark.parametrize("path", ["none/shop", "plain.txt/shop", "", "."])
def test_a_path_into_no_archive_is_none(tmp_path, path):
    (tmp_path / "plain.txt").write_text("no archive")
    assert member_at(str(tmp_path / path)) is None


def test_an_archive_that_was_replaced_is_read_anew(top, tmp_path):
    assert (top / "a.txt").exists()
    with zipfile.ZipFile(tmp_path / "new", "w") as archive:
        archive.writestr("shop/b.txt", "b")
    os.replace(tmp_path / "new", tmp_path / "shop.whl")
    assert [member.name for member in top.iterdir()] == ["b.txt"]
    assert (top / "b.txt").read_bytes() == b"b"
