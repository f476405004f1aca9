"""The static view for WebOb: a request in, a response out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from assetzcml.errors import importing_webob
from assetzcml.records.assets import AssetSpec, StaticViewRecord, asset_spec
from assetzcml.records.readers import ONE_HOUR
from assetzcml.records.rules import described, flag, package_name, refusal, static_view
from assetzcml.registry import Registry, ledger
from assetzcml.serving.entries import Entries, kept_answer
from assetzcml.serving.paths import redirection, wsgi_bytes
from assetzcml.serving.publication import Publication, settled
from assetzcml.serving.responses import OK, Answer, Asked
from assetzcml.serving.statistics import Statistics
from assetzcml.typing import SpecLike

with importing_webob():
    from webob import Request, Response

__all__ = ["StaticView", "response_of", "same_with_slash"]


class StaticResponse(Response):
    """A `webob.Response` that is sent as it is: its Location stays relative, and HEAD has no body."""

    default_content_type = None  # type: ignore[assignment]  # as WebOb's own subclasses have it
    default_conditional_response = False

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(self.status, self.headerlist)
        return self.app_iter


def response_of(answer: Answer, environ: Mapping[str, Any]) -> StaticResponse:
    """An answer as a response; `app_iter` is closed by who sends it."""
    return StaticResponse(
        # WebOb looks closely at a status that it is told; it takes 200 for granted.
        status=None if answer.status is OK else answer.status,
        headerlist=answer.headers,
        app_iter=_app_iter(answer, environ),  # set later, it would cost the Content-Length
    )


class StaticView:
    """
    A view that answers with the assets below *root*, for `view(request)` and Pyramid's `view(context, request)`.

    *root* is a spec, or an absolute path, or relative to *package*. The path below it is the request's `path_info`,
    or its `subpath` with *use_subpath*. Overrides and settings are those of *registry*; without one there
    are none. The view registers nothing, so `static_url` does not know of it.
    Raises ValueError for a bad argument, InvalidSpec for a bad root; one that does not exist is 404 at each request.

    >>> view = StaticView("assetzcml:")
    >>> view(Request.blank("/py.typed")).status
    '200 OK'
    """

    def __init__(
        self,
        root: SpecLike | AssetSpec,
        registry: Registry | None = None,
        *,
        cache_max_age: int = ONE_HOUR,
        use_subpath: bool = False,
        index: str = "index.html",
        reload: bool | None = None,
        content_encodings: Iterable[str] = (),
        follow_symlinks: bool | None = None,
        dotfiles: bool = False,
        headers: Iterable[tuple[str, ...]] | Mapping[str, str] = (),
        immutable_names: Iterable[str] = (),
        not_found: str = "",
        single_page: str = "",
        send: str | None = None,
        package: ModuleType | str | None = None,
    ):
        if registry is not None and not isinstance(registry, Registry):
            raise refusal("registry", f"registry is {described(registry)}; an AssetRegistry was expected")
        self.registry: Registry = registry if registry is not None else Registry()
        self._latest = ledger(self.registry).current
        self._statistics = self.registry.part(Statistics)
        self.use_subpath: bool | None = flag("use_subpath", use_subpath)
        self.record: StaticViewRecord = static_view(
            "",
            asset_spec(root, package_name(package)),
            cache_max_age=cache_max_age,
            index=index,
            reload=reload,
            content_encodings=content_encodings,
            follow_symlinks=follow_symlinks,
            dotfiles=dotfiles,
            headers=headers,
            immutable_names=immutable_names,
            not_found=not_found,
            single_page=single_page,
            send=send,
        )
        self._now: tuple[Publication, Entries] | None = None

    def __repr__(self) -> str:
        return f"<StaticView {self.record.root}>"

    def __call__(self, *arguments: Any) -> Response:
        """The response to the last of the *arguments*, a `webob.Request`. `app_iter` is closed by who sends it."""
        request = arguments[-1]
        environ = request.environ
        publication, entries = self._current()
        asked = Asked(environ["REQUEST_METHOD"], environ.get)
        key = self._key(request)
        answer = kept_answer(asked, entries, key)
        if answer is None:
            steps = publication.steps(
                asked,
                None if key is None else wsgi_bytes(key),
                location=lambda: same_with_slash(environ),
                entries=entries,
                key=key,
            )
            answer = settled(steps)
        assert answer is not None
        self._statistics.answered(answer.status)
        return response_of(answer, environ)

    def _key(self, request: Request) -> str | None:
        """The path below the root, as in PATH_INFO; None for the root without its slash."""
        environ = request.environ
        path: str = environ.get("PATH_INFO", "")
        if not self.use_subpath:
            return path[1:] if path or not environ.get("SCRIPT_NAME") else None
        if not request.subpath:
            return "" if path.endswith("/") else None
        below = "/".join(request.subpath) + ("/" if path.endswith("/") else "")
        return below.encode("utf-8", "surrogateescape").decode("latin-1")

    def _current(self) -> tuple[Publication, Entries]:
        """Read once a call: what is kept belongs to the snapshot that it was looked for in."""
        now = self._now
        if now is None or now[0].snapshot is not self._latest.snapshot:
            publication = Publication(self.record, self.registry.snapshot)
            publication.overlooks_slash = bool(self.use_subpath)
            now = self._now = publication, Entries(self._statistics)
        return now


def same_with_slash(environ: Mapping[str, Any]) -> str:
    """The reference that leads from the path of a request to the same with a slash."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return redirection(wsgi_bytes(path), environ.get("QUERY_STRING", ""))


def _app_iter(answer: Answer, environ: Mapping[str, Any]) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD" or answer.body == b"":
        return []
    return [answer.body] if isinstance(answer.body, bytes) else answer.body
