"""Asks a Django project, in a process of its own: `python django_questions.py QUESTION`, one JSON document on stdout."""

import asyncio
import json
import re
import resource
import sys

import django
from webob import Request

PAGES = ("/admin/login/", "/polls/")


def pages(handler=None):
    """The assets of the pages as {URL: (status, first line of the body, Cache-Control)}, and the pages."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    if handler == "static":
        application = StaticFilesHandler(application)
    found = {}
    for page in PAGES:
        text = Request.blank(page).send(application).text
        for url in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
            answer = Request.blank(url).send(application)
            line = answer.body.decode("utf-8", "replace").partition("\n")[0]
            found[url] = answer.status_int, line, answer.headers.get("Cache-Control"), answer.headers["Content-Type"]
    return found


def sizes():
    """The bytes that are sent for each asset of the admin's login."""
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    text = Request.blank(PAGES[0]).send(application).text
    urls = re.findall(r'(?:href|src)="(/static/[^"]+)"', text)
    return [len(Request.blank(url, headers={"Accept-Encoding": "gzip"}).send(application).body) for url in urls]


def panel():
    """What the debug toolbar counts, and what django-compressor makes of two style sheets."""
    from debug_toolbar.toolbar import DebugToolbar
    from django.http import HttpResponse
    from django.template import engines
    from django.templatetags.static import static
    from django.test import Client, RequestFactory

    request = RequestFactory().get("/")
    shown = DebugToolbar(request, lambda request: HttpResponse(static("polls/style.css"))).get_panel_by_id(
        "StaticFilesPanel"
    )
    shown.enable_instrumentation()
    shown.generate_stats(request, shown.process_request(request))
    names = "polls/style.css", "admin/css/login.css"
    links = "".join(f"""<link rel="stylesheet" href="{{% static '{name}' %}}">""" for name in names)
    text = (
        engines["django"]
        .from_string(f"{{% load static compress %}}{{% compress css %}}{links}{{% endcompress %}}")
        .render()
    )
    answer = Client().get(re.search(r'href="([^"]+)"', text)[1])
    return str(shown.nav_subtitle), answer.status_code, answer.getvalue().decode()


def templates():
    from django.template.loader import render_to_string

    return [line.strip() for line in render_to_string("polls/index.html").splitlines() if "<li>" in line]


def urls(*names):
    from django.templatetags.static import static

    return [static(name) for name in names]


def rendered(*texts):
    """Templates of these texts, as a view renders them."""
    from django.template import engines
    from django.test import RequestFactory

    request = RequestFactory().get("/", SCRIPT_NAME="/mounted")
    return [engines["django"].from_string(text).render({"name": "<b>"}, request) for text in texts]


def named(*names):
    """The templates of these names, or the errors."""
    from django.template.loader import render_to_string

    return [render_to_string(name).strip() for name in names]


def statuses(*paths):
    """The statuses and first lines that the project answers with."""
    from django.test import Client

    answers = [Client().get(path) for path in paths]
    return [(answer.status_code, answer.getvalue().decode().partition("\n")[0]) for answer in answers]


def edited(site, *texts):
    """What a style sheet of the admin begins with, and what was logged as an error, after each edit of the ZCML file."""
    import logging
    import os

    from django.test import Client

    import assetzcml.declaring.configuration_files as files

    files.PAUSE = 0.0
    logged, said = [], []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: logged.append(record.getMessage())
    logging.getLogger("assetzcml").addHandler(handler)
    for number, text in enumerate(texts):
        with open(site, "w") as stream:
            stream.write(text)
        os.utime(site, ns=(number, number))
        line = Client().get("/static/admin/css/login.css").getvalue().decode().partition("\n")[0]
        said.append((line, [each.partition("\n")[0] for each in logged]))
        logged.clear()
    return said


def live(*names):
    """The assets of these names from the server of a StaticLiveServerTestCase: statuses, and first lines."""
    import unittest
    import urllib.request

    from django.contrib.staticfiles.testing import StaticLiveServerTestCase
    from django.templatetags.static import static

    answers = []

    class Story(StaticLiveServerTestCase):
        databases = frozenset()

        def test_story(self):
            for name in names:
                with urllib.request.urlopen(f"{self.live_server_url}{static(name)}") as answer:
                    answers.append((answer.status, answer.read().decode().partition("\n")[0]))

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Story).run(result)
    return answers, [text for _, text in (*result.errors, *result.failures)]


def memory(path):
    """Under ASGI: how many bytes were sent, how many kilobytes more the process takes, how many warnings there were."""
    import warnings

    from django.core.asgi import get_asgi_application

    application = get_asgi_application()
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"", "http_version": "1.1",
             "headers": [(b"host", b"x")], "scheme": "http", "server": ("x", 80), "client": ("x", 1)}  # fmt: skip
    sent, asked = [], []

    async def receive():
        if asked:
            await asyncio.sleep(99)
        asked.append(1)
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(len(message.get("body", b"")))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(application(scope, receive, send))
    return (
        sum(sent),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
        [str(each.message) for each in caught],
    )


if __name__ == "__main__":
    question, *arguments = sys.argv[1:]
    django.setup()
    json.dump(globals()[question](*arguments), sys.stdout)
