"""How the shop's templates become pages, and what a server is told: shop.app:make_app, shop.app:plain."""

import os
from functools import partial
from html import escape
from string import Template

from webob import Request
from webob.exc import HTTPFound, HTTPNotFound

from assetzcml import load_zcml

PLAIN = "plain"


class Page(Template):
    """A template in which ``${shop:static/logo.png}`` stands for that asset's URL, and ``$title`` for a value."""

    braceidpattern = r"[\w.]+:[^}\s]+"


class Blank(dict):
    """What stands for the names in a template: values, URLs of assets, and what other templates make."""

    def __init__(self, request, values):
        super().__init__({name: escape(str(value)) for name, value in values.items()})
        self.request = request
        self.render = partial(render, request, **values)
        self.used = request.environ.setdefault("shop.assets", {})

    def __missing__(self, name):
        if name == "switch":
            return switch(self.request)
        if name == "decided":
            return "".join(map(partial(decided, self.request.registry), self.used))
        if name.endswith(".html"):
            return self.render(name)
        self.used[name] = True
        return escape(self.request.static_url(name))


def render(request, spec, **values):
    """The HTML that the template *spec* makes. Through the registry, so that a theme can replace it like any asset."""
    text = request.registry.resolve(spec).read_bytes().decode("utf-8")
    return Page(text).substitute(Blank(request, {"root": request.script_name, **values}))


def decided(registry, spec):
    """A row of the table at the foot of a page: an asset, the file that it is, and the line that decided so."""
    told = registry.explain(spec)
    chosen = next(step for step in told.search_path if step.state == "chosen")
    origin = chosen.via[-1].origin if chosen.via else told.view.origin
    line = f"{os.path.basename(os.path.dirname(origin.file))}/{os.path.basename(origin.file)}, line {origin.line}"
    return f"<tr><td>{escape(spec)}</td><td>{escape(str(chosen.spec))}</td><td>{escape(line)}</td></tr>"


def switch(request):
    """The way to the same page without the theme, or with it again; nothing where the shop stands alone."""
    themed = request.script_name.endswith(f"/{PLAIN}")
    if not themed and PLAIN not in request.registry.settings:
        return ""
    mount = request.script_name.removesuffix(f"/{PLAIN}") if themed else f"{request.script_name}/{PLAIN}"
    word = "With the theme" if themed else "Without the theme"
    return f'<a class="switch" href="{escape(mount + request.path_info)}">{word}</a>'


def make_app(registry=None):
    """The shop as a WSGI application; with the registry of a theme, the shop as that theme wants it."""
    return (registry or load_zcml("shop:configure.zcml")).make_app()


def plain(registry):
    """The shop without any theme below /plain, to be compared: `assetzcml serve configure.zcml --app shop.app:plain`."""
    registry.settings[PLAIN] = True
    alone = make_app()

    def application(environ, start_response):
        request = Request(environ)
        if request.path_info_peek() != PLAIN:
            return HTTPNotFound()(environ, start_response)
        request.path_info_pop()
        response = request.get_response(alone)
        if response.status_code == 404:  # a page that only the theme has
            response = HTTPFound(location=f"{request.script_name}/")
        return response(environ, start_response)

    return application
