"""What stands for itself in a URL is said once."""

import ast
from urllib.parse import quote

import pytest

from assetzcml.records.quoting import FIRST_SAFE, PATH_SAFE, QUERY_SAFE, SEGMENT_SAFE
from assetzcml.urls.queries import URL_OPTIONS
from imports import MODULES, nodes

SUB_DELIMITERS = "!$&'()*+,;="  # RFC 3986, 2.2


@pytest.mark.parametrize(
    "safe, more",
    [(FIRST_SAFE, "@"), (SEGMENT_SAFE, "@:"), (PATH_SAFE, "@:/"), (QUERY_SAFE, "@:/?")],
)
def test_what_the_rfc_lets_stand_stands_and_all_else_is_quoted(safe, more):
    everything = "".join(map(chr, range(128)))
    stands = {each for each in everything if quote(each, safe=safe) == each}
    assert {each for each in stands if not each.isalnum()} == set("-._~" + SUB_DELIMITERS + more)


def test_no_module_writes_such_a_set_again():
    again = [
        name
        for name in MODULES
        for node in nodes(name)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and set("!&'()*,;=") <= set(node.value[:20])
    ]
    assert again == ["assetzcml.records.quoting"]


def test_no_module_lists_the_options_of_a_url_again():
    lists = [
        name
        for name in MODULES
        for node in nodes(name)
        if isinstance(node, (ast.Tuple, ast.List, ast.Set))
        and set(URL_OPTIONS) <= {each.value for each in node.elts if isinstance(each, ast.Constant)}
    ]
    assert lists == ["assetzcml.urls.queries"]
