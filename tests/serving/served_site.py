"""What the servers of test_servers.py serve: the tree of the hostile requests."""

import os

from serving import clients

ROOT = os.environ.get("ASSETZCML_TEST_ROOT", "/nowhere")
CODINGS = {"content_encodings": ("br", "gzip")}

registry = clients.registry(
    ("static", ROOT, CODINGS),
    ("static/private", f"{ROOT}/private", {**CODINGS, "permission": "view"}),
    policy=clients.Policy(False),
)
wsgi = clients.WSGIApp(registry)
asgi = clients.ASGIApp(registry)
