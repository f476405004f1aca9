"""What a message advises: that what is named is there, and is not what was written."""

import pytest

from assetzcml import ConfigurationError, load_zcml


@pytest.mark.parametrize(
    "body, hint",
    [
        ('<include file="sit.zcml"/>', ""),  # the file that says it is not meant
        ('<include file="othr.zcml"/>', "did you mean 'other.zcml'?"),
        ('<include file="email:configure.zcml"/>', 'write package="email" file="configure.zcml"'),
        ('<include package="emial"/>', "did you mean 'email'?"),
        (
            '<include package="my-theme"/>',
            "a package is named 'my_theme'; the name of a distribution is not that of a package",
        ),
        ('<a:staticView name="s" path="emial:mime"/>', "did you mean 'email:mime'?"),
        ('<staticView name="s" path="."/>', "'staticView' is of http://namespaces.assetzcml.org/assets"),
        (
            '<x:adapter xmlns:x="http://namespaces.zope.org/zope"/>',
            "no file read so far defines directives of this namespace; "
            'write <include package="zope.component" file="meta.zcml"/>',
        ),
        ('<x:note xmlns:x="urn:foreing"/>', "did you mean 'urn:foreign'?"),
    ],
)
def test_a_mistake_gets_the_remedy_that_it_needs(site, body, hint):
    (problem,) = site.error({"site.zcml": body, "other.zcml": "<configure/>"}).problems
    assert problem.hint == hint


def test_an_import_that_fails_inside_of_a_module_is_told_with_its_line(package, site):
    name = package({"views.py": "\n\nimport there_is_no_such_module\n"})
    (problem,) = site.error(f'<a:route name="r" pattern="/" view="{name}.views.home"/>').problems
    assert "No module named 'there_is_no_such_module'" in problem.message
    assert problem.message.endswith("views.py:3)")


@pytest.mark.parametrize(
    "spec, message, hint",
    [
        ("shop", "'shop' is not named *.zcml", "write 'shop:configure.zcml'"),
        ("shop:", "'shop:' is not named *.zcml", "write 'shop:configure.zcml'"),
        (".", "'.' is not named *.zcml", "it is a directory; write one.zcml, two.zcml"),
        ("empty", "'empty' is not named *.zcml", "it is a directory, with no *.zcml in it"),
        ("email", "'email' is not named *.zcml", "it ends with .zcml"),
        ("noo.xml", "'noo.xml' is not named *.zcml", "it ends with .zcml"),
        ("shpo:site.zcml", "there is no package 'shpo'", "did you mean 'shop'?"),
        (
            "http://example.com/site.zcml",
            "'http://example.com/site.zcml' is a URL; the path of a file, or 'package:file.zcml', was expected",
            "",
        ),
    ],
)
def test_a_file_to_load_that_is_none_is_told_with_what_is_meant(tmp_path, monkeypatch, spec, message, hint):
    for name in ("two.zcml", "one.zcml"):
        (tmp_path / name).write_text("<configure/>")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        load_zcml(spec)
    (problem,) = caught.value.problems
    assert (problem.message, problem.hint) == (message, hint)
    assert problem.code in ("A108", "A112")


@pytest.mark.parametrize(
    "path, message",
    [
        (
            "C:/www/static",
            "is a Windows path, and no asset spec; write '/www/static', as a POSIX system has it",
        ),
        (
            "https://cdn.example.com/",
            'is a URL, and no asset spec; write name="https://cdn.example.com/" path="package:static": '
            "the path is what is published there",
        ),
    ],
)
def test_a_path_that_is_no_spec_is_told_what_it_is(site, path, message):
    (problem,) = site.error(f'<a:staticView name="s" path="{path}"/>').problems
    assert f"{problem.message}; {problem.hint}" == f"staticView: path='{path}': '{path}' {message}"
    assert problem.hint.startswith("write ")
