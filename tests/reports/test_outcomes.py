"""What loads and then fails. The example of each rule is in docs/checks.rst; here is what they do not say."""

import pytest
from webob import Request

from assetzcml import load_zcml
from checking import check_site


@pytest.mark.parametrize(
    "text",
    [
        '<staticView name="${media:-static}" path="shop:static"/>',  # a setting
        '<staticFile name="code.txt" path="shop:static/app.js"/>',
        '<route name="item" pattern="/items/{id}" view="shop.views.item"/>',
        '<environment directory="shop:static" url="/static"><filterOption name="mine" value="x"/></environment>',
        '<environment directory="shop:static" url="/static"><loadPath path="shop:static"/></environment>',
        '<bundle name="plain" contents="shop:static/app.css"/><staticView name="s" path="shop:static"/>',  # no output
    ],
)
def test_nothing_is_said_of_what_works(text, tmp_path):
    found = check_site(tmp_path, text)[1]
    assert [
        str(finding) for finding in found if finding.code in {"A028", "A037", "A038", "A057", "A058", "A059", "A075"}
    ] == []


@pytest.mark.parametrize("name", ["views.py", "configure.zcml", "views.py.bak", "views.pyc"])
def test_a_static_file_of_program_source_is_not_found_whatever_its_name_is(name, package):
    site = package({name: "SECRET", "site.zcml": ZCML.format(name)})
    application = load_zcml(f"{site}:site.zcml").make_app()
    response = Request.blank("/page").get_response(application)
    assert (response.status_code, "SECRET" in response.text) == (404, False)


ZCML = '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticFile name="page" path="{}"/></configure>'
