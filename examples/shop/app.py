"""How the shop's templates become pages, and what a server is told: shop.app:make_app."""

from functools import partial
from html import escape
from string import Template

from assetzcml import load_zcml


class Page(Template):
    """A template in which ``${shop:static/logo.png}`` stands for that asset's URL, and ``$title`` for a value."""

    braceidpattern = r"[\w.]+:[^}\s]+"


class Blank(dict):
    """What stands for the names in a template: values, URLs of assets, and what other templates make."""

    def __init__(self, request, values):
        super().__init__({name: escape(str(value)) for name, value in values.items()})
        self.render = partial(render, request, **values)
        self.static_url = request.static_url

    def __missing__(self, name):
        if name.endswith(".html"):
            return self.render(name)
        return escape(self.static_url(name))


def render(request, spec, **values):
    """The HTML that the template *spec* makes. Through the registry, so that a theme can replace it like any asset."""
    text = request.registry.resolve(spec).read_bytes().decode("utf-8")
    return Page(text).substitute(Blank(request, {"home": request.route_url("home"), **values}))


def make_app(registry=None):
    """The shop as a WSGI application; with the registry of a theme, the shop as that theme wants it."""
    return (registry or load_zcml("shop:configure.zcml")).make_app()
