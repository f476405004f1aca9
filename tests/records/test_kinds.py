"""Kinds of records: what each says of itself, and that a package may have kinds of its own."""

import json
import sys

import pytest
from zope.configuration import xmlconfig

from assetzcml import ConfigurationConflictError, load_zcml, registry_of
from assetzcml.errors import Origin
from assetzcml.interfaces import IRecord
from assetzcml.records.kinds import KINDS, OTHERS, Record
from assetzcml.records.site import MediaType
from assetzcml.reports.listing import UnknownKind, answered, listed_data, listed_text


@pytest.mark.parametrize("origin, stated", [
    (None, True), (Origin("site.zcml", 3, 4), True), (Origin("app.py", 3), True), (Origin("settings.STATIC_URL"), False),
])  # fmt: skip
def test_a_record_says_whether_somebody_has_written_it(origin, stated):
    assert MediaType(extension="glb", type="model/x", origin=origin).stated is stated


PALETTES = """
from dataclasses import dataclass
from typing import Any, ClassVar
from zope.interface import Interface
from assetzcml import declare
from assetzcml.records.kinds import Kind, Record
from assetzcml.zcml.fields import Name, Spec, Text

class IPalette(Interface):
    name = Name(title="Name")
    path = Spec(title="Directory of the style sheets that are made of it", required=False)
    colour = Text(title="Its colour", required=False, default="red")

@dataclass(frozen=True, slots=True, kw_only=True)
class Palette(Record):
    listed_as: ClassVar[Kind] = Kind("palettes", "palettes of colours")
    name: str
    path: Any = None
    colour: str = "red"
    shades: tuple[str, ...] = ()

    @property
    def discriminator(self):
        return "palette", self.name

    def concerns(self, spec):
        return self.path is not None and spec.under(self.path)

class Plain(Record):
    @property
    def discriminator(self):
        return "plain", "one"

def palette(context, **attributes):
    declare(context, Palette(**attributes))

def plain(context, **attributes):
    declare(context, Plain())
"""
META = """<configure xmlns="http://namespaces.zope.org/meta">
  <include package="assetzcml" file="meta.zcml" xmlns="http://namespaces.zope.org/zope"/>
  <directive namespace="urn:colours" name="palette" schema=".palettes.IPalette" handler=".palettes.palette"/>
  <directive namespace="urn:colours" name="plain" schema=".palettes.IPalette" handler=".palettes.plain"/>
</configure>"""


@pytest.fixture
def colours(package):
    """A function that loads directives of the package of palettes; what they stand in is in the package `colours`."""

    def load(text, **files):
        documents = {"site": text, **files}
        package({
            "palettes.py": PALETTES, "meta.zcml": META, "static/a.css": "",
            **{f"{name}.zcml": f"""<configure xmlns="urn:colours" xmlns:a="http://namespaces.assetzcml.org/assets">
<include package="colours" file="meta.zcml"/>
{text}
</configure>""" for name, text in documents.items()},
        }, name="colours")  # fmt: skip
        return load_zcml("colours:site.zcml")

    return load


def test_each_of_our_kinds_says_what_it_is_called_once(colours):
    assert len({kind.word for kind in KINDS}) == len(KINDS)
    assert OTHERS not in KINDS


def test_a_kind_of_another_package_is_listed_under_its_own_word(colours):
    registry = colours('<palette name="warm" colour="#f00"/>\n<plain name="x"/>')
    told = listed_text(registry, ["palettes"])
    first, second, third = told.splitlines()
    assert (first, second) == ("palettes of colours", "  palette 'warm' colour='#f00'")
    assert third.strip().endswith("site.zcml:3:1")
    (record,) = listed_data(registry)["palettes"]
    assert json.loads(json.dumps(record)) == {
        "directive": "palette", "name": "warm", "path": None, "colour": "#f00", "shades": [],
        "origin": record["origin"], "lost": None, "winner": None,
    }  # fmt: skip
    assert [each["directive"] for each in listed_data(registry, ["others"])["others"]] == ["plain"]
    assert "palettes of colours" in listed_text(registry)
    assert sorted(name for name, _ in registry.getUtilitiesFor(IRecord)) == ["palette warm", "plain one"]


def test_two_of_one_discriminator_conflict(colours):
    with pytest.raises(ConfigurationConflictError, match="palette 'warm' is declared 2 times"):
        colours('<palette name="warm"/>\n<palette name="warm" colour="blue"/>')


def test_what_includes_wins_and_what_lost_is_listed(colours):
    registry = colours(
        '<include file="weak.zcml"/>\n<palette name="warm"/>', weak='<palette name="warm" colour="blue"/>'
    )
    first, second = listed_data(registry, ["palettes"])["palettes"]
    assert (first["colour"], first["lost"]) == ("red", None)
    assert (second["colour"], second["lost"], second["winner"]) == ("blue", "overridden", first["origin"])


def test_explain_names_those_that_concern_the_asset(colours):
    registry = colours('<palette name="warm" path="static"/><palette name="cold" path="other"/>')
    told = registry.explain("colours:static/a.css")
    assert [record.name for record in told.others] == ["warm"]
    assert "palette       palette 'warm' path='colours:static' colour='red'" in str(told)
    assert [each["name"] for each in told.as_dict()["others"]] == ["warm"]


def test_the_tree_of_includes_has_them(colours):
    registry = colours('<palette name="warm"/>')
    assert "3:1 palette 'warm' colour='red'" in listed_text(registry, ["includes"])


def test_a_reload_keeps_what_is_still_said(colours, package):
    registry = colours('<palette name="warm"/><palette name="cold"/>')
    site = package.directory / "colours/site.zcml"
    site.write_text(site.read_text().replace('<palette name="cold"/>', '<palette name="blue"/>'))
    registry.reload()
    assert [record.name for record in registry.snapshot.others] == ["blue", "warm"]


def test_another_loader_declares_them_too(colours, package, monkeypatch):
    monkeypatch.setitem(sys.modules, "zope.component", None)  # else the registry would be that of the process
    colours('<palette name="warm"/>')
    context = xmlconfig.file(str(package.directory / "colours/site.zcml"))
    assert [record.name for record in registry_of(context).snapshot.others] == ["warm"]


def test_a_word_that_names_no_kind_is_refused_with_the_nearest(colours):
    registry = colours('<palette name="warm"/>')
    with pytest.raises(UnknownKind, match=r"'palette' is no kind; did you mean 'palettes'\?"):
        listed_data(registry, ["palette"])
    assert answered(registry, "list", ["nonsense"]) == (
        "'nonsense' is no kind; views, files, overrides, busters, types, modules, stores, "
        "releases, policies, routes, pages, environment, bundles,"
        " palettes, includes, assets are",
        False,
    )


def test_a_record_without_a_discriminator_says_so():
    with pytest.raises(NotImplementedError, match="Record has no discriminator"):
        _ = Record().discriminator
