"""What a message advises: that what is named is there, and is not what was written."""

import pytest


@pytest.mark.parametrize(
    "body, hint",
    [
        ('<include file="sit.zcml"/>', "did you mean 'other.zcml'?"),  # the file that says it is not meant
        ('<include file="othr.zcml"/>', "did you mean 'other.zcml'?"),
        ('<include file="email:configure.zcml"/>', 'write package="email" file="configure.zcml"'),
        ('<include package="emial"/>', "did you mean 'email'?"),
        (
            '<include package="my-theme"/>',
            "a package is named 'my_theme'; the name of a distribution is not that of a package",
        ),
        ('<a:staticView name="s" path="emial:mime"/>', "did you mean 'email'?"),
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
