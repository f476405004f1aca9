"""What is asked by who watches over the server: is it well, and what has it counted?"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from typing import Any

from assetzcml.assembly import AssetRegistry

__all__ = ["HEALTH", "METRICS", "Probes"]

HEALTH = "/-/health"
METRICS = "/-/metrics"


class Probes:
    """
    A WSGI application that answers GET and HEAD of `/-/health`, and of `/-/metrics`, and hands everything else on.

    200 and what `registry.health()` says as JSON; 503 where something that is published is gone. No cache keeps it.
    """

    def __init__(self, application: Any, registry: AssetRegistry, *, health: bool = False, metrics: bool = False):
        self._application = application
        self._registry = registry
        self._answers = {HEALTH: self._health} if health else {}
        if metrics:
            self._prometheus: Any = importlib.import_module("assetzcml.integrations.prometheus")
            self._answers[METRICS] = self._metrics

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = self._answers.get(environ.get("PATH_INFO", ""))
        if answer is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            handed_on: Iterable[bytes] = self._application(environ, start_response)
            return handed_on
        status, kind, body = answer()
        start_response(
            status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _health(self) -> tuple[str, str, bytes]:
        told = self._registry.health()
        # The names of roots are those of packages; where files lie is nobody's business.
        body = json.dumps(told, indent=2).encode() + b"\n"
        return ("200 OK" if told["healthy"] else "503 Service Unavailable"), "application/json", body

    def _metrics(self) -> tuple[str, str, bytes]:
        return "200 OK", self._prometheus.CONTENT_TYPE, self._prometheus.metrics(self._registry)
