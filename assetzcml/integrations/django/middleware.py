"""The middleware that answers what belongs to a static view, under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpResponse, StreamingHttpResponse

from assetzcml.integrations.django.projects import asset_registry
from assetzcml.integrations.django.reloading import refresh
from assetzcml.serving.sites import site_of
from assetzcml.serving.wsgi import StaticApp

__all__ = ["AssetMiddleware"]

# Bytes that are read in one go in another thread: the change of threads costs as much as reading 256 KiB.
STEP = 512 * 1024


class AssetMiddleware:
    """Answers what belongs to a static view; the rest goes on. It belongs behind SecurityMiddleware."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]):
        self.get_response = get_response
        registry = asset_registry()
        self._app = StaticApp(registry, fallback=lambda environ, start_response: None)  # type: ignore[arg-type,return-value]
        self._registry = registry
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        if self._async:
            return self._answer(request)
        response = self._response(request)
        return self.get_response(request) if response is None else response

    async def _answer(self, request: Any) -> Any:
        """The same in an event loop: every look at the disk is taken in a thread."""
        response = None
        if self._registry.snapshot.derived(site_of).route(_environ(request)["PATH_INFO"]) is not None:
            response = await sync_to_async(self._response, thread_sensitive=False)(request)
        if response is None:
            return await self.get_response(request)
        if response.streaming:
            response.streaming_content = _read(response.assetzcml_body)
        return response

    def _response(self, request: Any) -> Any:
        """The response of a static view; None when the request belongs to none."""
        refresh()
        answer: list[Any] = []
        body = self._app(_environ(request), lambda *status_and_headers: answer.extend(status_and_headers))
        if body is None:
            return None
        status, headers = answer
        make = HttpResponse if isinstance(body, (list, tuple)) else StreamingHttpResponse
        # Django would put a type of its own where there is none.
        response = make(() if self._async and make is StreamingHttpResponse else body, status=int(status[:3]), headers={
            "Content-Type": "", **dict(headers)})  # fmt: skip
        if not response["Content-Type"]:
            del response["Content-Type"]
        response.assetzcml_body = body
        return response


async def _read(body: Any) -> AsyncIterator[bytes]:
    """The bytes of a file, read in threads. It is closed at the end, and when the client goes away."""
    read = sync_to_async(body.read, thread_sensitive=False)
    try:
        while data := await read(STEP):
            yield data
    finally:
        body.close()


def _environ(request: Any) -> dict[str, Any]:
    """The WSGI environment of a request; under ASGI, one that says as much."""
    environ = dict(getattr(request, "environ", request.META))
    environ.pop("wsgi.file_wrapper", None)  # Django uses it, or does not
    if not hasattr(request, "environ"):
        for name in ("PATH_INFO", "SCRIPT_NAME"):
            environ[name] = environ.get(name, "").encode("utf-8", "surrogatepass").decode("latin-1")
    environ.setdefault("wsgi.url_scheme", request.scheme)
    return environ
