"""What Python declares is checked at the call, as ZCML is, and an error names the line of the call."""

import pytest

from assetzcml import AssetRegistry, ConfigurationError
from assetzcml.interfaces import IStaticView


@pytest.fixture
def shop(package):
    return package({"static/app.css": "", "logo.png": ""}, name="shop_a")


def refused(declare):
    """What is wrong with a call, and the exception."""
    with pytest.raises(ConfigurationError) as caught:
        declare(AssetRegistry())
    (problem,) = caught.value.problems
    assert (problem.origin.file, problem.origin.line) == (__file__, declare.__code__.co_firstlineno)
    return problem.message, caught.value


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cache_max_age": "3600"}, "cache_max_age is '3600'; seconds from 0 to 2147483647 were expected"),
        ({"content_encodings": "gzip"}, "content_encodings is the text 'gzip'; a list such as"),
        ({"index": "../x"}, "index is '../x'; the name of a file, without a path, was expected"),
        ({"index": None}, "index is None; the name of a file"),
        ({"dotfiles": "no"}, "dotfiles is 'no'; True or False was expected"),  # a text would be true
        ({"follow_symlinks": None}, "follow_symlinks is None; True or False was expected"),
        ({"reload": "yes"}, "reload is 'yes'; None or True or False was expected"),
        ({"headers": {"ETag": "1"}}, "the header 'ETag' is worked out for each response"),
        ({"permission": "view"}, "there is no permission policy"),
    ],
)
def test_an_option_of_a_static_view_is_checked(shop, options, message):
    found, _ = refused(lambda registry: registry.add_static_view("static", "shop_a:static", **options))
    assert found.startswith("staticView 'static': ")
    assert message in found


@pytest.mark.parametrize(
    "name, message",
    [
        ("/", "a file has a name of its own"),
        ("", "a file has a name of its own"),
        ("https://cdn.example.com/x", "publish its directory with staticView"),
    ],
)
def test_a_static_file_has_a_local_name_of_its_own(shop, name, message):
    found, _ = refused(lambda registry: registry.add_static_file(name, "shop_a:logo.png"))
    assert message in found


@pytest.mark.parametrize(
    "declare, subject",
    [
        (lambda registry: registry.add_static_view("static", "shop_a:../x"), "staticView 'static': path: "),
        (lambda registry: registry.add_static_file("f", "shop_a:../x"), "staticFile 'f': path: "),
        (lambda registry: registry.override_asset("shop_a:../x", "shop_a:y"), "asset: to_override: "),
        (lambda registry: registry.override_asset("shop_a:x", "shop_a:../y"), "asset: override_with: "),
        (lambda registry: registry.add_cache_buster("shop_a:../x", print), "cacheBuster: path: "),
    ],
)
def test_a_bad_spec_is_a_value_error_too_and_names_the_argument(shop, declare, subject):
    found, error = refused(declare)
    assert found.startswith(subject)
    assert isinstance(error, ValueError)


class Demanding:
    def __init__(self, database):
        self.database = database

    def permits(self, request, context, permission):
        return False


def test_a_policy_that_cannot_be_made_keeps_its_exception():
    found, error = refused(lambda registry: registry.add_permission_policy(Demanding))
    assert "raised TypeError" in found
    assert isinstance(error.__cause__, TypeError)


def test_a_call_that_is_refused_changes_nothing(shop):
    registry = AssetRegistry()
    registry.add_static_view("static", "shop_a:static")
    with pytest.raises(ConfigurationError):
        registry.add_static_view("static", "shop_a:static", dotfiles="no")
    assert [view.dotfiles for _, view in registry.getUtilitiesFor(IStaticView)] == [False]
