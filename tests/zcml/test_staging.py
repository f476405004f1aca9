"""The door for authors of directives: `declare`, and the registry as it will be after the load."""

import pytest
from zope.interface import Interface
from zope.interface.registry import Components
from zope.schema import TextLine

import assetzcml
from assetzcml import AssetRegistry, ConfigurationError
from assetzcml.interfaces import IResolver, IStaticView, IURLGenerator
from assetzcml.records.assets import AssetSpec, Override, StaticViewRecord
from assetzcml.zcml.fields import MaxAge, Name, Spec, Text

asked = {}


class IGallery(Interface):
    name = Name(title="URL prefix")
    path = Spec(title="Directory")
    age = MaxAge(title="Age", required=False, default=60)
    note = Text(title="Note", required=False)
    plain = TextLine(title="A field of zope.schema", required=False)


def gallery(context, name, path, age=60, note="", plain=""):
    """Publishes a directory, and what is beside the file."""
    asked["values"] = (name, str(path), age, note, plain)
    assetzcml.declare(context, StaticViewRecord(name=name, root=path, cache_max_age=age))
    registry = context.registry

    def action():
        asked["path"] = registry.static_path("email:mime/text.py")
        asked["url"] = registry.static_url("email:mime/text.py", _app_url="http://x")
        asked["found"] = (
            registry.resolve("email:mime/text.py").source_spec,
            registry.getUtility(IResolver) is not None,
        )
        asked["same"] = registry.getUtility(IURLGenerator).static_path("email:mime/text.py")

    context.action(("gallery", name), action)


SAME = Override(target=AssetSpec("email", ("mime",)), source=AssetSpec("email", ()), file=False)


def repeat(context, **arguments):
    """One record for all that say it."""
    assetzcml.declare(context, SAME)


def early(context, name, path, **arguments):
    context.registry.resolve("email:mime/text.py")


def calls(context, name, path, **arguments):
    context.registry.add_static_view(name, path)


def wrong(context, name, path, **arguments):
    assetzcml.declare(context, StaticViewRecord(name=name, root=path, index="a/b"))


def fails(context, name, path, **arguments):
    assetzcml.declare(context, StaticViewRecord(name=name, root=path))
    context.action(None, lambda: 1 // 0)


@pytest.fixture(autouse=True)
def _nothing_asked():
    asked.clear()


def directive(handler):
    return (
        '<meta:directive namespace="urn:foreign" name="gallery" schema="test_staging.IGallery"'
        f' handler="test_staging.{handler}"/>'
    )


def test_a_record_is_that_of_the_line_of_the_directive(site, place):
    registry = site({"site.zcml": directive("gallery") + '\n<gallery name="mails" path="email:mime" age="7"/>'})
    (view,) = registry.snapshot.views
    assert (view.name, str(view.root), view.cache_max_age, place(view.origin)) == (
        "mails",
        "email:mime",
        7,
        ("site.zcml", 4, 1),
    )


def test_it_conflicts_and_loses_as_what_is_written(site):
    two = directive("gallery") + '<gallery name="s" path="email:mime"/>\n<a:staticView name="s" path="email:mime"/>'
    assert "staticView 's' is declared 2 times" in str(site.error(two))
    files = {"site.zcml": directive("gallery") + '<include file="in.zcml"/><a:staticView name="s" path="email:mime"/>'}
    registry = site(
        {
            **files,
            "in.zcml": '<gallery name="s" path="json:"/>'.join(("<configure xmlns='urn:foreign'>", "</configure>")),
        }
    )
    assert [(str(v.root)) for v in registry.snapshot.views] == ["email:mime"]
    assert [loss.reason for loss in registry.snapshot.losses] == ["overridden"]


def test_in_an_action_the_registry_answers_as_it_will(site):
    override = '<a:asset to_override="email:mime/text.py" override_with="email:mime/audio.py"/>'
    registry = AssetRegistry()
    registry.add_static_view("former", "email:mime")
    site(directive("gallery") + override + '<gallery name="m" path="email:mime"/>', registry)
    assert asked["path"] == asked["same"] == registry.static_path("email:mime/text.py") == "/m/text.py"
    assert asked["url"] == "http://x/m/text.py"
    assert asked["found"] == ("email:mime/audio.py", True)


@pytest.mark.parametrize(
    "handler, message",
    [
        (
            "early",
            "gallery 'm': the registry is asked while files are still read, when nobody knows what it will answer",
        ),
        ("calls", "gallery 'm': add_static_view() is not for a load, which is a whole"),
    ],
)
def test_what_cannot_be_answered_or_done_yet_is_refused_with_what_to_do(site, place, handler, message):
    (problem,) = site.error(directive(handler) + '\n<gallery name="m" path="email:mime"/>').problems
    assert problem.message.replace("gallery: ", "gallery 'm': ") == message
    assert place(problem.origin) == ("site.zcml", 4, 1)
    assert (
        "context.action(discriminator, function)" in problem.hint
        or "assetzcml.declare(context, record)" in problem.hint
    )


def test_a_record_that_breaks_a_rule_is_told_at_the_directive(site, place):
    (problem,) = site.error(directive("wrong") + '\n<gallery name="m" path="email:mime"/>').problems
    assert place(problem.origin) == ("site.zcml", 4, 1)
    assert "a/b" in problem.message


def test_when_an_action_fails_the_registry_is_as_before(site):
    registry = AssetRegistry()
    with pytest.raises(ConfigurationError, match="an action of gallery raised ZeroDivisionError"):
        registry.load_zcml(site.write(directive("fails") + '<gallery name="m" path="email:mime"/>'))
    assert registry.snapshot.views == ()


def test_a_record_may_be_declared_again_by_other_loads(site):
    one, other = (site(directive("repeat") + '<gallery name="m" path="email:mime"/>') for _ in range(2))
    assert SAME.origin is None
    assert [registry.snapshot.overrides[0].origin is not None for registry in (one, other)] == [True, True]
    assert one.snapshot.overrides[0] is not other.snapshot.overrides[0]


def test_settings_are_filled_in_where_the_field_is_ours(site, place):
    text = (
        directive("gallery")
        + '\n<gallery name="${n:-m}" path="email:${d}" age="${age}" note="${note}" plain="${plain}"/>'
    )
    site(text, settings={"d": "mime", "age": 5, "note": "${d}"})
    assert asked["values"] == ("m", "email:mime", 5, "${d}", "${plain}")
    problems = site.error(text).problems
    assert place(problems[0].origin) == ("site.zcml", 4, 31)
    told = [problem.message.rpartition(": ")[2] for problem in problems]
    assert told == ["no setting 'd'", "no setting 'age'", "no setting 'note'"]


def test_registry_of_a_context_is_its_own(site):
    seen = []
    asked["see"] = seen
    site(directive("see") + '<gallery name="m" path="email:mime"/>')
    assert seen == [True]


def see(context, **arguments):
    asked["see"].append(assetzcml.registry_of(context) is context.registry)


def test_an_action_finds_what_the_load_declares_among_the_components_and_each_record_is_registered_once(
    site, monkeypatch
):
    registered = []
    register = Components.registerUtility

    def counted(self, component=None, provided=None, name="", *more, **options):
        registered.append((type(self).__name__, name))
        return register(self, component, provided, name, *more, **options)

    monkeypatch.setattr(Components, "registerUtility", counted)
    monkeypatch.setitem(globals(), "look", lambda context, **attributes: context.action(None, lambda: found(context)))
    site(
        {
            "site.zcml": directive("look")
            + '\n<a:staticView name="s" path="email:mime"/><gallery name="x" path="json:"/>'
        }
    )
    view = asked["view"]
    assert (view.name, asked["names"], asked["registrations"]) == ("s", ["s"], [view])
    assert registered == [("AssetRegistry", "s")]


def found(context):
    registry = context.registry
    asked["view"] = registry.getUtility(IStaticView, "s")
    asked["names"] = [name for name, _ in registry.getUtilitiesFor(IStaticView)]
    asked["registrations"] = [each.component for each in registry.registeredUtilities()]
