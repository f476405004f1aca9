"""What `serve --health --metrics` answers to who watches, and `registry.health()`."""

import configparser
import json
from pathlib import Path

import pytest
from webob import Request

from assetzcml import AssetRegistry, ConfigurationError, StaticApp
from assetzcml.cli.probes import Probes

SETUP = Path(__file__).resolve().parent.parent.parent / "setup.cfg"


@pytest.fixture
def registry(package):
    registry = AssetRegistry()
    registry.add_static_view("static", f"{package({'static/a.css': 'a{}'}, name='probed')}:static")
    return registry


def ask(registry, path, method="GET", **probes):
    application = Probes(StaticApp(registry), registry, **probes)
    return Request.blank(path, method=method).get_response(application)


def test_a_process_that_has_all_it_publishes_is_well(registry):
    answer = ask(registry, "/-/health", health=True)
    assert (answer.status_int, answer.content_type, answer.headers["Cache-Control"]) == (
        200,
        "application/json",
        "no-store",
    )
    assert answer.json == {"healthy": True, "loads": [], "missing": [], "reloaded": None, "reload_failed": None}


def test_a_root_that_is_gone_is_an_answer_503_that_names_it(registry, package):
    (package.directory / "probed" / "static" / "a.css").unlink()
    (package.directory / "probed" / "static").rmdir()
    answer = ask(registry, "/-/health", health=True)
    assert (answer.status_int, answer.json["missing"]) == (503, ["staticView 'static' of 'probed:static'"])


def test_a_reload_that_failed_leaves_a_process_well_and_is_told(zcml, package):
    name = package({"static/a.css": ""})
    registry = zcml(f'<staticView name="static" path="{name}:static"/>')
    zcml.write("<nothing/>")
    with pytest.raises(ConfigurationError, match="unknown directive"):
        registry.reload()
    told = registry.health()
    assert told["healthy"]
    assert told["reload_failed"] is not None
    assert [Path(spec).name for spec in told["loads"]] == ["site.zcml"]


def test_what_is_not_asked_for_is_the_applications(registry):
    assert ask(registry, "/-/health", metrics=False).status_int == 404
    assert ask(registry, "/-/metrics", health=True).status_int == 404
    assert ask(registry, "/static/a.css", health=True).text == "a{}"


def test_a_head_has_no_body_and_a_post_is_not_answered(registry):
    answer = ask(registry, "/-/health", "HEAD", health=True)
    assert (answer.status_int, answer.body, int(answer.headers["Content-Length"]) > 0) == (200, b"", True)
    assert ask(registry, "/-/health", "POST", health=True).status_int == 404


def test_the_counters_are_in_the_text_of_prometheus(registry):
    parser = pytest.importorskip("prometheus_client.parser")
    ask(registry, "/static/a.css")
    ask(registry, "/static/b.css")
    answer = ask(registry, "/-/metrics", metrics=True)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    told = {
        (sample.name, sample.labels.get("status")): sample.value
        for family in parser.text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert told["assetzcml_healthy", None] == 1
    assert sum(value for (name, _), value in told.items() if name == "assetzcml_answers_total") == 2
    assert json.dumps(sorted({status for name, status in told if name == "assetzcml_answers_total"}))


def test_the_extra_all_brings_every_optional_part():
    config = configparser.ConfigParser()
    config.read(SETUP)
    extras = config["options.extras_require"]
    brought = extras["all"].strip().removeprefix("assetzcml[").removesuffix("]").split(",")
    assert sorted(brought) == sorted(set(extras) - {"all", "benchmarks", "docs", "test"})
