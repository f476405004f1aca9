"""A URL policy that is registered in place of the shipped one is asked for every URL; the shipped one needs no asking."""

import pytest

from assetzcml import AssetRegistry, QueryStringConstantCacheBuster
from assetzcml.interfaces import IURLGenerator
from assetzcml.urls.generator import URLGenerator

CDN = "https://cdn.test"


class Subclass(URLGenerator):
    """Delegates by inheritance."""

    def static_path(self, spec, request=None, **options):
        return CDN + super().static_path(spec, request, **options)

    def static_url(self, spec, request=None, **options):
        return CDN + super().static_path(spec, request, **options)


class Wrapper:
    """Delegates to the generator that was there."""

    def __init__(self, registry):
        self.inner = registry.getUtility(IURLGenerator)

    def static_path(self, spec, request=None, **options):
        return CDN + self.inner.static_path(spec, request, **options)

    static_url = static_path


class Through(Wrapper):
    """The same, and hands on whatever else is asked of it."""

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Alone:
    """Delegates to nobody."""

    def __init__(self, registry):
        pass

    def static_path(self, spec, request=None, **options):
        return f"{CDN}/{spec}"

    static_url = static_path


POLICIES = [Subclass, Wrapper, Through, Alone]
REQUEST = {"wsgi.url_scheme": "http", "HTTP_HOST": "shop.test", "SCRIPT_NAME": "", "SERVER_PORT": "80"}


@pytest.fixture(params=[False, True], ids=["plain", "busted"])
def registry(package, request):
    name = package({"static/a.css": "a{}"}, name="policed")
    registry = AssetRegistry(settings={"application_url": "http://shop.test"})
    registry.add_static_view("static", f"{name}:static")
    if request.param:
        registry.add_cache_buster(f"{name}:static", QueryStringConstantCacheBuster("v1"))
    return registry


def ways(registry):
    """Every way to ask for the URL of an asset."""
    bound, free = registry.template_globals(REQUEST), registry.template_globals()
    return {
        "static_path": registry.static_path,
        "static_path of a request": lambda spec: registry.static_path(spec, REQUEST),
        "static_url": registry.static_url,
        "static_url of a request": lambda spec: registry.static_url(spec, REQUEST),
        **{f"template {name}": free[name] for name in ("static_path", "static_url")},
        **{f"template {name} of a request": bound[name] for name in ("static_path", "static_url")},
    }


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_asked_at_every_call(registry, policy):
    registry.registerUtility(policy(registry), IURLGenerator)
    for way, ask in ways(registry).items():
        assert {ask("policed:static/a.css")[: len(CDN)] for _ in range(5)} == {CDN}, way


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_asked_for_a_url_that_was_known_before_it_came(registry, policy):
    before = {way: [ask("policed:static/a.css") for _ in range(2)][1] for way, ask in ways(registry).items()}
    mine = policy(registry)
    registry.registerUtility(mine, IURLGenerator)
    for way, ask in ways(registry).items():
        assert {ask("policed:static/a.css")[: len(CDN)] for _ in range(5)} == {CDN}, way
    registry.unregisterUtility(mine, IURLGenerator)
    for _ in range(3):
        assert {way: ask("policed:static/a.css") for way, ask in ways(registry).items()} == before


def test_a_policy_that_changes_its_mind_is_believed_each_time(registry):
    class Counting(Subclass):
        asked = 0

        def static_path(self, spec, request=None, **options):
            self.asked += 1
            return f"{URLGenerator.static_path(self, spec, request, **options)}#{self.asked}"

    registry.registerUtility(Counting(registry), IURLGenerator)
    assert [registry.static_path("policed:static/a.css").rpartition("#")[2] for _ in range(5)] == list("12345")


def test_the_shipped_policy_is_asked_once_for_a_url_that_does_not_change(package, monkeypatch):
    name = package({"static/a.css": "a{}"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{name}:static")
    asked = []
    decide = URLGenerator.decide
    monkeypatch.setattr(URLGenerator, "decide", lambda *args, **kw: (asked.append(args), decide(*args, **kw))[1])
    assert [registry.static_path(f"{name}:static/a.css") for _ in range(5)] == ["/static/a.css"] * 5
    assert len(asked) == 1


def test_two_registries_keep_their_policies_apart(registry):
    other = AssetRegistry()
    other.add_static_view("other", "policed:static")
    registry.registerUtility(Alone(registry), IURLGenerator)
    assert [other.static_path("policed:static/a.css") for _ in range(3)] == ["/other/a.css"] * 3


def test_explain_says_which_policy_made_the_url(registry):
    registry.registerUtility(Alone(registry), IURLGenerator)
    told = registry.explain("policed:static/a.css")
    assert (told.url, told.view.name) == (f"{CDN}/policed:static/a.css", "static")
    assert "made by the URL policy test_url_policies.Alone" in str(told)
    assert told.as_dict()["url_policy"] == "test_url_policies.Alone"


def test_an_option_that_no_url_has_is_refused(registry):
    with pytest.raises(TypeError, match="_qeury"):
        registry.static_path("policed:static/a.css", _qeury="x")
    with pytest.raises(TypeError, match="no option '_qeury'"):
        registry.getUtility(IURLGenerator).static_path("policed:static/a.css", _qeury="x")


def test_a_policy_that_delegates_is_asked_for_every_url_and_not_only_for_the_first(package):
    name = package({"static/a.css": ""})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{name}:static")

    class CDN(URLGenerator):
        def static_path(self, spec, request=None, **options):
            return "https://cdn.test" + super().static_path(spec, request, **options)

    policy = CDN(registry)
    registry.registerUtility(policy, IURLGenerator)
    assert {registry.static_path(f"{name}:static/a.css") for _ in range(5)} == {"https://cdn.test/static/a.css"}
    registry.unregisterUtility(policy, IURLGenerator)
    assert {registry.static_path(f"{name}:static/a.css") for _ in range(5)} == {"/static/a.css"}
