"""The pages about moving name each setting of the system that one moves from, as it is installed here."""

import importlib.util
import inspect
import re
import warnings
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def left(page):
    """The first columns of the tables of a page: what is moved from."""
    width, item, found = 0, False, []
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        rule = re.fullmatch(r"(=+)  =+", line)
        if rule:
            width = len(rule[1])
        elif not line.strip():
            width = 0
        item = line.startswith("   * - ") or (item and line.startswith("       "))
        if (width and not rule) or item:
            found.append(line if item else line[:width])
    return " ".join(found)


def named(word, text):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", text) is not None


def missing(page, words):
    text = left(page)
    assert len(words) > 2
    return sorted(word for word in words if not named(word, text))


def test_every_setting_and_argument_of_whitenoise_has_a_row():
    base = pytest.importorskip("whitenoise.base")
    pytest.importorskip("django")
    text = left("moving-from-whitenoise.rst")
    arguments = [*inspect.signature(base.WhiteNoise).parameters][1:]
    settings = set()
    for module in "middleware", "storage":
        source = Path(importlib.util.find_spec(f"whitenoise.{module}").origin).read_text(encoding="utf-8")
        settings.update(re.findall(r"\bWHITENOISE_[A-Z_]+\b", source))
    assert len(settings) > 10
    assert [each for each in arguments if not named(each, text) and f"WHITENOISE_{each.upper()}" not in settings] == []
    assert missing("moving-from-whitenoise.rst", settings) == []


def test_every_setting_of_staticfiles_has_a_row():
    settings = dir(pytest.importorskip("django.conf.global_settings"))
    assert missing("moving-from-django.rst", [each for each in settings if each.startswith("STATIC")]) == []


def test_every_option_of_an_environment_of_webassets_has_a_row():
    with warnings.catch_warnings():  # of its modules, which only its authors could heed
        warnings.simplefilter("ignore")
        environment = pytest.importorskip("webassets").Environment("directory", "url")
    assert missing("moving-from-webassets.rst", {*environment.config._dict, "directory", "url"}) == []


def test_every_argument_of_pyramids_three_calls_has_a_row():
    configurator = pytest.importorskip("pyramid.config").Configurator
    arguments = {"cache_max_age", "permission", "content_encodings"}  # of add_static_view, which takes any keyword
    for name in "add_static_view", "override_asset", "add_cache_buster":
        parameters = inspect.signature(getattr(configurator, name)).parameters.values()
        arguments.update(p.name for p in parameters if p.kind is not p.VAR_KEYWORD and not p.name.startswith("_"))
    assert missing("moving-from-pyramid.rst", arguments - {"self"}) == []
