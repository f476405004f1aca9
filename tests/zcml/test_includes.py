"""Which file is read next: zope.configuration's rules, identity by real path, and the traps said aloud."""

import os
import sys
import zipfile

import foreign
import pytest
from zope.configuration import xmlconfig

from assetzcml import AssetRegistry, ConfigurationWarning, Limits, load_zcml


def notes(*values):
    """A file that notes values, and declares nothing."""
    return foreign.document("".join(f'<note value="{value}"/>' for value in values), meta="")


@pytest.mark.parametrize(
    "include, done",
    [
        ('<include file="a.zcml"/>', ["a"]),
        ('<include file="./a.zcml"/>', ["a"]),
        ('<include file="sub/b.zcml"/>', ["b"]),
        ('<include files="sub/*.zcml"/>', ["A", "b", "C"]),  # without regard to case
        ('<include files="sub/[bC].zcml"/>', ["b", "C"]),
        ('<include files="sub/?.zcml"/><include file="sub/b.zcml"/>', ["A", "b", "C"]),
        ('<include file="only-in.zcml"/>', ["in"]),  # the template of a file stands for it
        ('<include file="both.zcml"/>', ["both"]),
        ('<include file=""/>', ["configure"]),
        ("<include/>", ["configure"]),
        ('<include package="included"/>', ["package"]),
        ('<include package="included" file="sub/deep.zcml"/>', ["deep", "beside deep"]),
        ('<include package="included.sub"/>', ["subpackage"]),
        ('<configure package="included"><include package=".sub"/></configure>', ["subpackage"]),
        ('<configure package="included"><include file="configure.zcml"/></configure>', ["package"]),
        ('<configure package="included"><include file="sub/deep.zcml"/></configure>', ["deep", "beside deep"]),
        ('<include package="included" files="*.zcml"/>', ["package", "other"]),
        ('<include file="a.zcml"/><include file="sub/../a.zcml"/><include file="a.zcml"/>', ["a"]),
        ('<exclude file="a.zcml"/><include file="a.zcml"/><note value="rest"/>', ["rest"]),
        ('<exclude files="sub/[Ab].zcml"/><include files="sub/*.zcml"/>', ["C"]),
        ('<exclude package="included"/><include package="included"/><note value="rest"/>', ["rest"]),
        ('<exclude file="only-in.zcml"/><include file="only-in.zcml"/><note value="rest"/>', ["rest"]),
        ('<includeOverrides file="a.zcml"/><note value="rest"/>', ["a", "rest"]),
        ('<group prefix="g"><include file="a.zcml"/></group>', ["before g", "a", "after g"]),
        ('<a:include file="a.zcml"/><zcml:include file="sub/b.zcml"/>', ["a", "b"]),  # in every namespace
    ],
)
def test_an_include_reads_what_zope_configuration_reads(site, package, include, done):
    home = package(
        {
            "configure.zcml": notes("package"),
            "other.zcml": notes("other"),
            "sub/__init__.py": "",
            "sub/configure.zcml": notes("subpackage"),
            "sub/deep.zcml": foreign.document('<note value="deep"/><include file="beside.zcml"/>', meta=""),
            "sub/beside.zcml": notes("beside deep"),
        },
        name="included",
    )
    path = site.write(
        {
            "site.zcml": include,
            "a.zcml": notes("a"),
            "configure.zcml": notes("configure"),
            "sub/b.zcml": notes("b"),
            "sub/A.zcml": notes("A"),
            "sub/C.zcml": notes("C"),
            "only-in.zcml.in": notes("in"),
            "both.zcml": notes("both"),
            "both.zcml.in": notes("never"),
        }
    )
    AssetRegistry().load_zcml(path)
    assert foreign.done == done
    foreign.done.clear()
    xmlconfig.file(path)
    assert (home, foreign.done) == ("included", done)


def test_a_pattern_is_one_and_the_directory_is_none(site):
    site(
        {
            "site.zcml": '<include file="odd[1]/x.zcml"/>',
            "odd[1]/x.zcml": '<include files="y*.zcml"/>',
            "odd[1]/y1.zcml": notes("y"),
        }
    )
    assert foreign.done == ["y"]


def test_a_file_is_what_its_real_path_says(site):
    files = {
        "site.zcml": '<include file="a.zcml"/><include file="link.zcml"/><include file="dir/a.zcml"/>',
        "a.zcml": notes("a"),
    }
    site.write(files)
    os.symlink("a.zcml", site.directory / "link.zcml")
    os.symlink(".", site.directory / "dir")
    site(files)
    assert foreign.done == ["a"]


def test_a_package_need_not_lie_in_one_directory(site, package, tmp_path, monkeypatch):
    package({"first.zcml": notes("first")}, name="spread", namespace=True)
    other = tmp_path / "elsewhere"
    (other / "spread").mkdir(parents=True)
    (other / "spread" / "second.zcml").write_text(notes("second"))
    monkeypatch.syspath_prepend(other)
    site('<include package="spread" file="first.zcml"/><include package="spread" file="second.zcml"/>')
    assert foreign.done == ["first", "second"]


def test_a_file_beside_another_is_not_looked_for_elsewhere_in_the_package(site, package):
    package(
        {"x.zcml": notes("wrong"), "conf/c.zcml": foreign.document('<include file="x.zcml"/>', meta="")}, name="strict"
    )
    (problem,) = site.problems('<include package="strict" file="conf/c.zcml"/>')
    assert "include: there is no file" in problem
    assert problem.endswith("conf/x.zcml")


def test_a_package_in_an_archive_is_included(site, tmp_path, monkeypatch):
    archive = tmp_path / "zipped.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("zipped_z/__init__.py", "")
        wheel.writestr("zipped_z/configure.zcml", foreign.document('<include file="more/m.zcml"/>', meta=""))
        wheel.writestr("zipped_z/more/m.zcml", notes("from the archive"))
    monkeypatch.syspath_prepend(archive)
    site('<include package="zipped_z"/>')
    assert foreign.done == ["from the archive"]
    sys.modules.pop("zipped_z", None)


# What is refused


@pytest.mark.parametrize(
    "include, problem",
    [
        ('<include file="zzzzzzzz.zcml"/>', "3:16 include: there is no file {}/zzzzzzzz.zcml"),
        ('<include file="extar.zcml"/>', "3:16 include: there is no file {}/extar.zcml; did you mean 'extra.zcml'?"),
        ('<include package="nosuch"/>', "3:19 include: package='nosuch' cannot be resolved: no module named 'nosuch'"),
        (
            '<include package="os.path"/>',
            "3:19 include: 'posixpath' is not a package, and there is no file {os}/configure.zcml beside it",
        ),
        ('<include package="foreign.Menu"/>', "3:19 include: 'Menu' is not a package"),
        ('<include file="a.zcml" files="*"/>', "3:1 include: file and files exclude each other; keep one of them"),
        (
            '<include file="/etc/passwd"/>',
            "3:16 include: /etc/passwd is not named *.zcml; name a file that ends with .zcml",
        ),
        (
            '<include file="notes.txt"/>',
            "3:16 include: {}/notes.txt is not named *.zcml; name a file that ends with .zcml",
        ),
        (
            '<include files="*.txt"/>',
            "3:17 include: {}/notes.txt is not named *.zcml; name a file that ends with .zcml",
        ),
        ('<include file="dir.zcml"/>', "3:16 include: {}/dir.zcml cannot be read: Is a directory"),
        ('<include file="fifo.zcml"/>', "3:16 include: {}/fifo.zcml cannot be read: not a regular file"),
        ('<include file="extra.zcml/x.zcml"/>', "3:16 include: there is no file {}/extra.zcml/x.zcml"),
        ('<include file="loop.zcml"/>', "3:16 include: {}/loop.zcml cannot be read: Too many levels of symbolic links"),
        (
            '<include files="/*/*.zcml"/>',
            "3:17 include: the pattern '/*/*.zcml' is absolute; a relative pattern was expected",
        ),
        (
            '<include files="~/*.zcml"/>',
            "3:17 include: the pattern '~/*.zcml' is absolute; a relative pattern was expected",
        ),
        (
            '<exclude files="/*/*.zcml"/>',
            "3:17 exclude: the pattern '/*/*.zcml' is absolute; a relative pattern was expected",
        ),
        ('<includeOverrides file="zzzzzzzz.zcml"/>', "3:25 includeOverrides: there is no file {}/zzzzzzzz.zcml"),
        ('<include fil="a.zcml"/>', "3:10 include: unknown attribute 'fil'; did you mean 'file'?"),
    ],
)
def test_an_include_that_cannot_be_followed_is_an_error_at_its_attribute(site, include, problem):
    site.write({"extra.zcml": notes("extra"), "notes.txt": b"root:x:0:0"})
    (site.directory / "dir.zcml").mkdir()
    os.mkfifo(site.directory / "fifo.zcml")
    os.symlink("loop.zcml", site.directory / "loop.zcml")
    expected = f"site.zcml:{problem}".replace("{}/", "").replace("{os}", os.path.dirname(os.__file__))
    assert site.problems(include) == [expected]
    assert "root:x" not in str(site.error(include))


def test_a_broken_included_file_is_reported_at_its_own_place_with_the_include(site):
    error = site.error(
        {"site.zcml": '<include file="a.zcml"/>\n<nosuch/>', "a.zcml": '<configure xmlns="u">\n <x></y>\n</configure>'}
    )
    assert [(problem.origin.line, problem.origin.column) for problem in error.problems] == [(2, 9), (4, 1)]
    assert f"included from {site.directory}/site.zcml:3:1" in str(error.problems[0])


def test_a_file_that_cannot_be_read_is_an_error_at_the_include(site, monkeypatch):
    path = site.write({"site.zcml": '<include file="secret.zcml"/>', "secret.zcml": notes("secret")})
    real = os.open

    def refuse(name, *arguments, **options):
        if str(name).endswith("secret.zcml"):
            raise PermissionError(13, "Permission denied", name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert path
    (problem,) = site.problems('<include file="secret.zcml"/>')
    assert problem == "site.zcml:3:16 include: secret.zcml cannot be read: Permission denied"


# Traps


def test_a_pattern_that_matches_nothing_is_a_warning(site):
    assert site.warnings('<include files="*.none"/>') == ["site.zcml:3:1 include: no file matches '*.none'"]


def test_a_cycle_is_a_warning_and_the_second_visit_is_skipped(site):
    files = {
        "site.zcml": '<note value="site"/><include file="b.zcml"/>',
        "b.zcml": '<note value="b"/>\n<include file="./sub/../site.zcml"/>',
        "sub/x": b"",
    }
    assert site.warnings(files) == [
        "b.zcml:4:1 include closes a cycle: site.zcml is being read; the include is skipped; remove it"
    ]
    assert foreign.done == ["site", "b"]


@pytest.mark.parametrize(
    "body, warning",
    [
        (
            '<include file="a.zcml"/><exclude file="a.zcml"/>',
            "site.zcml:3:25 exclude comes too late: a.zcml has been read; put it before the include",
        ),
        ('<exclude file="b.zcml"/>', "site.zcml:3:1 exclude excludes nothing: there is no file b.zcml"),
        ('<exclude file="a.zcml"/>', "site.zcml:3:1 exclude excludes nothing: no include asks for a.zcml"),
        ('<exclude files="x*.zcml"/>', "site.zcml:3:1 exclude: no file matches 'x*.zcml'"),
    ],
)
def test_an_exclude_that_does_nothing_is_a_warning(site, body, warning):
    assert site.warnings({"site.zcml": body, "a.zcml": notes("a")}) == [warning]


def test_an_exclude_that_does_something_is_none(site):
    assert (
        site.warnings({"site.zcml": '<exclude file="a.zcml"/><includeOverrides file="a.zcml"/>', "a.zcml": notes("a")})
        == []
    )
    assert foreign.done == []


def test_includeoverrides_of_a_file_already_read_is_an_error(site):
    body = '<include file="a.zcml"/>\n<includeOverrides file="a.zcml"/>'
    error = site.error({"site.zcml": body, "a.zcml": notes("a")})
    (problem,) = error.problems
    assert problem.message.endswith("a.zcml has been read before, so nothing in it overrides")
    assert (problem.origin.line, problem.origin.column) == (4, 25)
    assert [(word, origin.line) for word, origin in problem.also] == [("first read by", 3)]


def test_includeoverrides_of_the_first_file_is_a_cycle(site):
    assert len(site.warnings('<includeOverrides file="site.zcml"/>')) == 1


# What failed includes leave behind


def test_a_namespace_whose_include_failed_yields_no_unknown_directive(site):
    body = (
        '<include file="zzzzzzzz.zcml"/><x:thing xmlns:x="urn:from-there"/><x:other xmlns:x="urn:from-there"/><nosuch/>'
    )
    assert [problem.split(" ", 1)[1] for problem in site.problems(body)] == [
        "include: there is no file zzzzzzzz.zcml",
        "unknown directive 'nosuch' of urn:foreign",
    ]


def test_without_a_failed_include_it_is_one(site):
    assert len(site.problems('<x:thing xmlns:x="urn:from-there"/><x:other xmlns:x="urn:from-there"/>')) == 2


def test_an_unknown_directive_that_is_called_include_is_no_failed_include(site):
    body = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/><y:thing xmlns:y="http://else.where"/>'
    assert [problem.split(" ", 1)[1] for problem in site.problems(body)] == [
        "unknown directive 'include' of http://www.w3.org/2001/XInclude; write <include file=\"/etc/passwd\"/>",
        "unknown directive 'thing' of http://else.where; no file read so far defines directives of this namespace; "
        'write <include package="..." file="meta.zcml"/> of the package that does',
    ]


# Limits


def chain(length):
    files = {f"c{n}.zcml": foreign.document(f'<include file="c{n + 1}.zcml"/>', meta="") for n in range(1, length)}
    return {"site.zcml": '<include file="c1.zcml"/>', **files, f"c{length}.zcml": notes("end")}


def test_includes_may_be_as_deep_as_the_limit_says(site):
    site(chain(32))
    assert foreign.done == ["end"]
    site(chain(40), limits=Limits(include_depth=40))
    (problem,) = site.problems(chain(33))
    assert problem == (
        "c32.zcml:3:1 includes are nested more than 32 deep: c33.zcml; raise Limits.include_depth if this is meant"
    )


def test_a_load_may_read_as_many_files_as_the_limit_says(site):
    files = {"site.zcml": '<include files="f*.zcml"/>', **{f"f{n}.zcml": notes(n) for n in range(4)}}
    site(files, limits=Limits(files=5))
    assert foreign.done == ["0", "1", "2", "3"]
    found = site.problems(files, limits=Limits(files=4))
    assert found == ["site.zcml:3:1 more than 4 files are read: f3.zcml; raise Limits.files if this is meant"]
    site("<note/>", limits=Limits(files=1))


def test_a_file_may_be_as_large_as_the_limit_says(site):
    files = {"site.zcml": '<include file="a.zcml"/>', "a.zcml": notes("x" * 100)}
    size = len(notes("x" * 100).encode())
    limit = max(size, len(foreign.document(files["site.zcml"]).encode()))
    site(files, limits=Limits(file_bytes=limit))
    files["a.zcml"] = notes("x" * limit)
    (problem,) = site.problems(files, limits=Limits(file_bytes=limit))
    assert problem == f"a.zcml:1:1 the file is larger than {limit} bytes; raise Limits.file_bytes"


@pytest.mark.parametrize(
    "limits, body, problem",
    [
        (
            Limits(attributes=2),
            '<asset to_override="1" override_with="2" c="3"/>',
            "2:1 asset has 3 attributes, more than 2; raise Limits.attributes if this is meant",
        ),
        (
            Limits(attribute_bytes=40),
            f'<asset to_override="{"x" * 41}"/>',
            f"2:21 asset: to_override is longer than 40 bytes: '{'x' * 20}…'; "
            "raise Limits.attribute_bytes if this is meant",
        ),
        (
            Limits(attribute_bytes=40),
            f'<asset to_override="{"ä" * 21}"/>',
            f"2:21 asset: to_override is longer than 40 bytes: '{'ä' * 20}…'; "
            "raise Limits.attribute_bytes if this is meant",
        ),
        (
            Limits(element_depth=3),
            "<configure><configure><asset/></configure></configure>",
            "2:23 elements are nested more than 3 deep; raise Limits.element_depth if this is meant",
        ),
    ],
)
def test_an_element_may_be_as_large_as_the_limit_says(site, limits, body, problem):
    text = f'<configure xmlns="http://namespaces.assetzcml.org/assets">\n{body}\n</configure>'
    assert site.problems(text, limits=limits) == [f"site.zcml:{problem}"]


def test_our_own_files_are_within_any_limit(site):
    tiny = Limits(file_bytes=60, element_depth=1, attributes=0, attribute_bytes=0, files=1, include_depth=0)
    assert len(site('<configure xmlns="urn:x"/>', limits=tiny).loads) == 1


# A module in the place of a package


def test_an_include_of_a_module_reads_from_the_directory_it_lies_in(package, site):
    name = package({
        "fti.py": "thing = 'found'",
        "static/a.txt": "",
        "sub.zcml": foreign.document('<note key=".thing"/><a:staticView name="s" path="static"/><fields thing=".thing"/>'),
        "meta.zcml": '<configure/>',
        "configure.zcml": '<configure><include package=".fti" file="sub.zcml"/>'
        '<exclude package=".fti" file="x.zcml"/></configure>',
    })  # fmt: skip
    with pytest.warns(ConfigurationWarning, match="excludes nothing"):
        registry = load_zcml(f"{name}:configure.zcml")
    # A spec is relative to the package that holds the module; a dotted name, as in zope.configuration, to the module.
    assert [str(view.root) for view in registry.snapshot.views] == [f"{name}:static"]
    assert [heard for heard in foreign.heard if isinstance(heard, dict)] == [{"thing": "found", "count": 3}]


@pytest.mark.parametrize("how", ["include", "includeOverrides"])
@pytest.mark.parametrize("what", ['file="more.zcml"', 'files="mo*.zcml"'])
def test_a_module_will_do_wherever_a_package_does(package, site, how, what):
    name = package({"fti.py": "", "more.zcml": notes("more")})
    site(f'<{how} package="{name}.fti" {what}/>')
    assert foreign.done == ["more"]


def test_a_module_in_an_archive_will_do(tmp_path, monkeypatch, site):
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for name, text in {
            "__init__.py": "",
            "fti.py": "",
            "more.zcml": foreign.document('<note value="more"/>'),
        }.items():
            archive.writestr(f"packed_with_module/{name}", text)
    monkeypatch.syspath_prepend(tmp_path / "packed.zip")
    site('<include package="packed_with_module.fti" file="more.zcml"/>')
    assert foreign.done == ["more"]


def test_a_module_without_a_file_is_no_package(site):
    assert site.problems('<include package="sys"/>') == ["site.zcml:3:19 include: 'sys' is not a package"]
