"""For WSGI servers: `gunicorn shop.wsgi`."""

from assetzcml import load_zcml

application = load_zcml("shop:configure.zcml").make_app()
