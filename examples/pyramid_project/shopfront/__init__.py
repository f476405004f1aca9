import os

from pyramid.config import Configurator


def main(global_config, **settings):
    """This function returns a Pyramid WSGI application."""
    with Configurator(settings=settings) as config:
        config.include("pyramid_jinja2")
        config.include(".routes")
        config.scan(".views")
        config.include("assetzcml")
        site = os.environ.get("SITE") or settings.get("site")
        if site:
            config.load_zcml(site)
    return config.make_wsgi_app()
