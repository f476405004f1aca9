"""What Python declares is checked at the call, as ZCML is, and an error names the line of the call."""

import threading

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
        ({"follow_symlinks": "no"}, "follow_symlinks is 'no'; None or True or False was expected"),
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


EMPTY = '<configure xmlns="http://namespaces.assetzcml.org/assets"/>'


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(EMPTY)
    return path


def test_subscribers_hear_of_loads_reloads_and_failures_and_no_more_after_they_ended_it(site):
    registry, heard = AssetRegistry(), []
    end = registry.subscribe(heard.append)
    registry.load_zcml(site)
    registry.reload()
    site.write_text("<configure")
    for load in (registry.reload, lambda: registry.load_zcml(str(site))):
        with pytest.raises(ConfigurationError):
            load()
    end()
    end()
    site.write_text(EMPTY)
    registry.reload()
    assert [(event.kind, event.spec) for event in heard] == [
        ("loaded", str(site)),
        ("reloaded", ""),
        ("failed", ""),
        ("failed", str(site)),
    ]
    assert [type(event.error) for event in heard] == [type(None)] * 2 + [ConfigurationError] * 2
    assert all(event.registry is registry for event in heard)


def test_a_subscriber_is_told_when_requests_see_it_and_may_use_the_registry_from_other_threads(site, package):
    package({"static/app.css": ""}, name="shop_a")
    site.write_text(EMPTY.replace("/>", '><staticView name="s" path="shop_a:static"/></configure>'))
    registry, heard = AssetRegistry(), []

    def ask(event):
        # With the lock held, this thread would wait for ever.
        other = threading.Thread(target=lambda: registry.add_static_view("more", "shop_a:static"))
        other.start()
        other.join()
        heard.append(registry.static_path("shop_a:static/app.css"))

    registry.subscribe(ask)
    registry.load_zcml(site)
    assert heard == ["/more/app.css"]


def test_what_a_subscriber_raises_is_logged_and_others_still_hear(site, caplog):
    registry, heard = AssetRegistry(), []

    def broken(event):
        raise ZeroDivisionError

    registry.subscribe(broken)
    registry.subscribe(heard.append)
    registry.load_zcml(site)
    assert [event.kind for event in heard] == ["loaded"]
    assert "a subscriber of a registry failed" in caplog.text


def test_one_callable_may_subscribe_twice_and_each_ends_for_itself(site):
    registry, heard = AssetRegistry(), []
    ends = [registry.subscribe(heard.append) for _ in range(2)]
    registry.load_zcml(site)
    ends[0]()
    registry.reload()
    assert len(heard) == 3


def test_what_cannot_be_called_cannot_subscribe():
    with pytest.raises(ConfigurationError, match="subscriber is 'x'; something that can be called was expected"):
        AssetRegistry().subscribe("x")
