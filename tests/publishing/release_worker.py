"""One process of one release: answers asset requests by lines on its standard input. Nothing of it outlives it."""

import json
import sys

from assetzcml import AssetRegistry, StaticApp, TreeCacheBuster
from assetzcml.publishing.storing import store


def main(root, place, former):
    registry = AssetRegistry()
    registry.add_static_view("static", root)
    registry.add_content_store(place)
    registry.add_cache_buster(root, TreeCacheBuster(former=former))
    if former == "stored":
        store(registry)  # as `assetzcml store` does, before the first page
    application = StaticApp(registry)
    print(json.dumps(registry.static_path(f"{root}/0.css")), flush=True)
    for line in sys.stdin:
        answers = [ask(application, path) for path in json.loads(line)]
        print(json.dumps(answers), flush=True)


def ask(application, path):
    """[status, Cache-Control, body]."""
    said = []

    def start_response(status, headers):
        said.extend([int(status[:3]), dict(headers).get("Cache-Control")])

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""}
    body = b"".join(application(environ, start_response)).decode()
    return [*said, body]


if __name__ == "__main__":
    main(*sys.argv[1:])
