"""What a permission policy is shown: the one thing that answering for an asset needs WebOb for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assetzcml.errors import importing_webob

if TYPE_CHECKING:
    from webob import Request

__all__ = ["request_of"]


def request_of(environ: dict[str, Any]) -> Request:
    """The `webob.Request` of a WSGI environment."""
    # Imported when a policy is asked: WebOb takes as long as all else that a first answer needs, and most never ask.
    with importing_webob():
        from webob import Request

    return Request(environ)
