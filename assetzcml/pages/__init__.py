"""Routes and views: a request to what answers it. Imports no other arm: static views are an application it is given."""

from assetzcml.errors import importing_webob

with importing_webob():  # each module of this room needs it
    import webob  # noqa: F401
