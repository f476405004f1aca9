"""The shop's pages. Every asset in them is named by its spec; the registry turns specs into URLs."""

from html import escape
from string import Template

from webob import Response
from webob.dec import wsgify
from webob.exc import HTTPNotFound

PAGES = {
    "/": "shop:templates/page.html",
    "/admin/": "shop.admin:templates/page.html",
}


class Page(Template):
    """A template in which ``${shop:static/logo.png}`` stands for that asset's URL."""

    braceidpattern = r"[\w.]+:[^}\s]+"


class AssetURLs(dict):
    """Every asset spec a page asks for, as its URL, ready for an HTML attribute."""

    def __init__(self, static_url):
        self.static_url = static_url

    def __missing__(self, spec):
        return escape(self.static_url(spec))


def make_app(registry):
    """The WSGI application behind the static views, for the registry that was loaded."""

    @wsgify
    def application(request):
        spec = PAGES.get(request.path_info)
        if spec is None:
            return HTTPNotFound()
        # Through the registry, so that a theme can replace the template like any other asset.
        page = Page(registry.resolve(spec).read_bytes().decode("utf-8"))
        urls = AssetURLs(registry.template_globals(request)["static_url"])
        return Response(text=page.substitute(urls), content_type="text/html", charset="utf-8")

    return application
