"""Behind a proxy: the request is the client's, when the proxy is one that was named."""

import contextlib
import http.client
import json

import pytest
from webob import Request, Response
from webob.dec import wsgify

from assetzcml.cli.proxies import BehindProxy, proxy_network
from commands import start


@wsgify
def told(request):
    return Response(json.dumps([request.remote_addr, request.application_url, request.path_info]))


def seen(headers, peer="127.0.0.1", proxies=("127.0.0.1", "10.0.0.0/8")):
    application = BehindProxy(told, map(proxy_network, proxies))
    return Request.blank("/a", headers=headers, remote_addr=peer).get_response(application).json


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({}, ["127.0.0.1", "http://localhost"]),
        ({"X-Forwarded-Proto": "https"}, ["127.0.0.1", "https://localhost:80"]),  # the host is what Host says
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.test"}, ["127.0.0.1", "https://shop.test"]),
        ({"X-Forwarded-Host": "shop.test:8443", "X-Forwarded-Proto": "HTTPS"}, ["127.0.0.1", "https://shop.test:8443"]),
        ({"X-Forwarded-For": "203.0.113.9"}, ["203.0.113.9", "http://localhost"]),
        (
            {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.1.2.3"},
            ["203.0.113.9", "http://localhost"],
        ),  # not the forged first
        ({"X-Forwarded-For": "[2001:db8::1]:4711"}, ["2001:db8::1", "http://localhost"]),
        ({"X-Forwarded-For": "203.0.113.9:80"}, ["203.0.113.9", "http://localhost"]),
        ({"X-Forwarded-For": "nobody"}, ["127.0.0.1", "http://localhost"]),
        ({"X-Forwarded-Prefix": "/shop/"}, ["127.0.0.1", "http://localhost/shop"]),
        ({"X-Forwarded-Prefix": "//evil.test"}, ["127.0.0.1", "http://localhost"]),
        ({"X-Forwarded-Prefix": "/a/../b"}, ["127.0.0.1", "http://localhost"]),
        ({"X-Forwarded-Host": "a b"}, ["127.0.0.1", "http://localhost"]),
        ({"X-Forwarded-Host": "shop.test/@evil.test"}, ["127.0.0.1", "http://localhost"]),
        ({"X-Forwarded-Proto": "javascript"}, ["127.0.0.1", "http://localhost"]),
    ],
)
def test_a_named_proxy_says_who_asks_and_for_what(headers, expected):
    assert seen(headers)[:2] == expected


def test_nobody_else_is_believed():
    headers = {f"X-Forwarded-{name}": "https" for name in ("Proto", "Host", "For", "Prefix")}
    assert seen(headers, peer="192.0.2.1") == ["192.0.2.1", "http://localhost", "/a"]


def test_what_is_no_address_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"^'localhost' is no address; one such as 127\.0\.0\.1 or 10\.0\.0\.0/8 was expected$"
    ):
        proxy_network("localhost")


@pytest.mark.whole
@pytest.mark.parametrize("options, scheme", [(["--trusted-proxy", "127.0.0.1"], "https"), ([], "http")])
def test_a_served_page_has_the_scheme_that_the_browser_used(options, scheme, tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="static" path="shop:static"/>'
        '<view name="where" view="places.where"/></configure>'
    )
    (tmp_path / "places.py").write_text("def where(request): return request.static_url('shop:static/app.css')\n")
    with start("serve", str(site), "--port", "0", *options, cwd=tmp_path) as process:
        port = int(process.stdout.readline().decode().rpartition(":")[2].strip("/\n"))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/where", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.test"})
            text = connection.getresponse().read().decode()
        process.terminate()
    host = "shop.test" if options else f"127.0.0.1:{port}"
    assert text == f"{scheme}://{host}/static/app.css"
