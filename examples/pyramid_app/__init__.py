"""A small Pyramid application whose assets and templates other packages may override. See docs/pyramid.rst."""

from pyramid.config import Configurator

from pyramid_app.security import SecurityPolicy


def main(global_config=None, **settings):
    """The WSGI application. The setting `assets` names the ZCML to load; a theme's includes ours."""
    with Configurator(settings=settings, root_factory="pyramid_app.security.Root") as config:
        config.include("pyramid_jinja2")
        config.include("assetzcml")
        config.set_security_policy(SecurityPolicy())
        config.add_route("home", "/")
        config.load_zcml(settings.get("assets", "configure.zcml"))
        config.scan("pyramid_app.views")
        return config.make_wsgi_app()
