"""
Asks from several threads while the registry is loaded anew: run by test_free_threads, with an empty directory.

Prints whether the interpreter runs "with" or "without" its lock, and how many answers were wrong.
"""

import sys
import threading
from pathlib import Path

from assetzcml import AssetRegistry, StaticApp

THREADS = 4
RELOADS = 30
ZCML = """<configure xmlns="http://namespaces.assetzcml.org/assets">
  <staticView name="static" path="{root}"/>
</configure>
"""


def ask(app, path):
    told = []
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
    body = app(environ, lambda status, headers, exc_info=None: told.append(status))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return told[0], content


def main(directory):
    zcml, wrong, over = directory / "site.zcml", [], threading.Event()
    for name in ("a", "b"):
        (directory / name).mkdir()
        (directory / name / "x.css").write_text(name)
    zcml.write_text(ZCML.format(root=directory / "a"))
    registry = AssetRegistry()
    registry.load_zcml(str(zcml))
    app = StaticApp(registry)

    def client():
        while not over.is_set():
            try:
                answer = ask(app, "/static/x.css")
            except Exception as error:
                answer = repr(error)
            if answer not in (("200 OK", b"a"), ("200 OK", b"b")):
                wrong.append(answer)
                return

    threads = [threading.Thread(target=client) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for number in range(RELOADS):
        name = "ba"[number % 2]
        zcml.write_text(ZCML.format(root=directory / name))
        registry.reload()
        answer = ask(app, "/static/x.css")
        if answer != ("200 OK", name.encode()):
            wrong.append((number, answer))
    over.set()
    for thread in threads:
        thread.join()
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    print("with" if locked else "without", len(wrong))
    print(*wrong[:5], sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
