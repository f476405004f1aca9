"""Each kind of record in the words of its directive: the line for people, and the data for programs."""

import json
from dataclasses import replace

import pytest

from assetzcml import AssetRegistry
from assetzcml.pages.application import Pages
from assetzcml.records.kinds import dotted
from assetzcml.records.site import PermissionPolicy
from assetzcml.reports.descriptions import data_of, strength
from assetzcml.reports.listing import answered
from documents import document

PARTS = """
from assetzcml.bundles.filters import Filter
class Upper(Filter):
    name = "upper"
def page(request):
    return None
class Policy:
    def permits(self, request, context, permission):
        return True
"""
SITE = """
<staticView name="st" path="static" immutable_names="*.min.js"/>
<staticView name="/" path="other"/>
<staticFile name="robots.txt" path="static/robots.txt"/>
<cacheBuster path="static" token="1" explicit="yes"/>
<permissionPolicy policy=".parts.Policy"/>
<route name="news" pattern="/news/{id}" request_method="GET POST" before="old"/>
<route name="old" pattern="/{x}"/>
<view name="page" view=".parts.page" request_method="GET" permission="look"/>
<view route_name="news" view=".parts.page"/>
<mediaType extension="glb" type="model/gltf-binary"/>
<environment directory="static" debug="no">
<loadPath path="static"/><loadPath path="other" url="/other"/><urlMapping path="static" url="/st"/>
<filterOption name="LESS_BIN" value="lessc"/>
</environment>
<filter name="upper" factory=".parts.Upper"/>
<bundle name="app" contents="a.js b.js" output="gen/app.%(version)s.js" extra="k=v"/>
<bundle name="parts" contents="a.js"/>
<bundleContents bundle="app" contents="c.js" position="before:b.js"/>
"""


class JustConstant:
    def __call__(self, request, spec, path, kw):
        return path, kw


@pytest.fixture
def registry(package):
    name = package(
        {
            "static/robots.txt": "",
            "static/a.js": "",
            "static/b.js": "",
            "other/c.js": "",
            "static/c.js": "",
            "parts.py": PARTS,
            "configure.zcml": document(SITE),
        },
        name="told_d",
    )
    registry = AssetRegistry()
    registry.load_zcml(f"{name}:configure.zcml")
    return registry


def records(registry):
    snapshot, pages = registry.snapshot, registry.part(Pages)
    policies = [snapshot.policy] if isinstance(snapshot.policy, PermissionPolicy) else []
    routing = (*pages.routes(), *pages.views())
    return [*snapshot.views, *snapshot.bustings, *snapshot.types, *policies, *routing, *snapshot.bundling]


def test_each_kind_of_record_has_a_line_that_says_what_its_directive_says(registry):
    assert [record.line for record in records(registry)] == [
        "staticView 'st' of 'told_d:static'",
        "staticView '/' of 'told_d:other'",
        "staticFile 'robots.txt' of 'told_d:static/robots.txt'",
        "cacheBuster 'told_d:static' (explicit) token=\"1\"",
        "mediaType 'glb' model/gltf-binary",
        'permissionPolicy policy="told_d.parts.Policy"',
        "route 'news' of '/news/{id}' for GET POST before 'old'",
        "route 'old' of '/{x}'",
        "view of route 'news' told_d.parts.page",
        "view 'page' GET told_d.parts.page",
        "environment debug='no'",
        "environment directory='told_d:static'",
        "loadPath 'told_d:static'",
        "loadPath 'told_d:other' at '/other'",
        "urlMapping 'told_d:static' at '/st'",
        "filterOption 'LESS_BIN' 'lessc'",
        "filter 'upper' told_d.parts.Upper",
        "bundle 'app' of 'told_d:gen/app.js'",
        "bundle 'parts'",
        "bundleContents 'app' before:b.js 'c.js'",
    ]


@pytest.mark.parametrize("directive, expected", [
    ("mediaType", {"extension": "glb", "type": "model/gltf-binary"}),
    ("permissionPolicy", {"policy": 'policy="told_d.parts.Policy"'}),
    ("cacheBuster", {"path": "told_d:static", "explicit": True, "buster": 'token="1"'}),
    ("loadPath", {"path": "told_d:static", "url": None}),
    ("urlMapping", {"path": "told_d:static", "url": "/st"}),
    ("filterOption", {"name": "LESS_BIN", "value": "lessc"}),
    ("filter", {"name": "upper", "factory": "told_d.parts.Upper"}),
    ("environment", {"debug": "no"}),
    ("bundle", {
        "name": "app", "contents": ["a.js", "b.js"], "filters": [], "output": "gen/app.%(version)s.js", "depends": [],
        "debug": None, "merge": True, "extra": {"k": "v"}, "options": {}, "spec": "told_d:gen/app.js",
    }),
    ("bundleContents", {"bundle": "app", "contents": ["c.js"], "position": "before:b.js"}),
])  # fmt: skip
def test_each_kind_of_record_is_data_that_json_can_hold(directive, expected, registry):
    told = [json.loads(json.dumps(data_of(record))) for record in records(registry)]
    first = next(data for data in told if data["directive"] == directive)
    assert first.pop("origin")["file"].endswith("configure.zcml")
    assert first == {"directive": directive, **expected}


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_kind_that_is_declared_is_listed(form, registry):
    text, good = answered(registry, "list", form=form)
    assert good
    assert "gltf-binary" in text
    assert "told_d.parts.Upper" in text


def test_what_python_declares_is_told_by_the_name_of_the_component(registry):
    class Policy:
        def permits(self, request, context, permission):
            return True

    policy = PermissionPolicy(policy=Policy())
    name = f"{__name__}.{Policy.__qualname__}"
    assert data_of(policy) == {"directive": "permissionPolicy", "policy": name, "origin": None}
    assert policy.line.endswith(f" {name}")
    assert dotted(Policy) == dotted(Policy()) == name
    buster = replace(registry.snapshot.bustings[0], wording="", buster=JustConstant())
    assert buster.line == f"cacheBuster 'told_d:static' (explicit) {dotted(JustConstant)}"


@pytest.mark.parametrize("weaker, why", [
    ({"generation": 1}, "declared by an earlier load or call"),
    ({"rank": (2, 0)}, "its file is weaker"),
    ({"rank": (1, 1)}, "it stands later in its file"),
])  # fmt: skip
def test_why_one_of_two_views_of_a_root_gives_the_url(weaker, why, registry):
    winner = replace(registry.snapshot.views[0], generation=0, rank=(1, 0))
    assert strength(winner, replace(winner, **weaker)) == why
