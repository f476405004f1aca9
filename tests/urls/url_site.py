"""A registry with what URLs need and nothing else, and Pyramid to compare with."""

import warnings

from assetzcml.interfaces import IURLGenerator
from assetzcml.records.assets import Busting, Override, StaticViewRecord, asset_spec
from assetzcml.records.readers import publication_name
from assetzcml.registry import Registry, next_generation
from assetzcml.urls.generator import URLGenerator, URLMethods
from assetzcml.urls.versions import Versions


class Site(URLMethods, Registry):
    """Wired by hand: these tests need neither ZCML nor a server."""

    def __init__(self, **settings):
        super().__init__(settings=settings)
        self._shipped = lambda registry: {IURLGenerator: lambda: URLGenerator}

    def view(self, name, root, **options):
        """Publish a root; the record."""
        options.setdefault("generation", next_generation(self))
        record = StaticViewRecord(name=publication_name(name), root=asset_spec(root), **options)
        self.add(record)
        return record

    def bust(self, path, buster, explicit=False):
        """Declare a cache buster; the record."""
        record = Busting(path=asset_spec(path), buster=buster, explicit=explicit, generation=next_generation(self))
        self.add(record)
        return record

    def override(self, target, source):
        """Override an asset."""
        file = not target.endswith(("/", ":"))
        target, source = asset_spec(target, whole=True), asset_spec(source, whole=True)
        self.add(Override(target=target, source=source, file=file, generation=next_generation(self)))

    def version(self, view, path):
        """The version that a requested path stands for."""
        return self.part(Versions).version_of(self.snapshot, view, tuple(path.split("/")))


def environ(script_name="", host="example.com", scheme="http", port="80"):
    """A WSGI environ."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/page",
        "SCRIPT_NAME": script_name,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": port,
        "HTTP_HOST": host,
        "wsgi.url_scheme": scheme,
    }


def pyramid_request(views, overrides=(), busters=(), settings=None, **options):
    """
    A request of a Pyramid application. *views* are (name, path), *overrides* (to_override, override_with),
    *busters* (path, buster) or (path, buster, explicit).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources, which Pyramid needs and we do not
        from pyramid.config import Configurator
        from pyramid.request import Request

        config = Configurator(settings=settings or {})
        for name, path in views:
            config.add_static_view(name, path)
        for target, source in overrides:
            config.override_asset(target, source)
        for path, buster, *explicit in busters:
            config.add_cache_buster(path, buster, *explicit)
        config.commit()
        request = Request(environ(**options))
        request.registry = config.registry
    return request


def site_of(views, overrides=(), busters=(), **settings):
    """The same as a Site."""
    site = Site(**settings)
    for name, path in views:
        site.view(name, path)
    for target, source in overrides:
        site.override(target, source)
    for path, buster, *explicit in busters:
        site.bust(path, buster, *explicit)
    return site
