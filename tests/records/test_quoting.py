"""What stands for itself in a URL is said once."""

from urllib.parse import quote

import pytest

from assetzcml.records.quoting import FIRST_SAFE, PATH_SAFE, QUERY_SAFE, SEGMENT_SAFE

SUB_DELIMITERS = "!$&'()*+,;="  # RFC 3986, 2.2


@pytest.mark.parametrize(
    "safe, more",
    [(FIRST_SAFE, "@"), (SEGMENT_SAFE, "@:"), (PATH_SAFE, "@:/"), (QUERY_SAFE, "@:/?")],
)
def test_what_the_rfc_lets_stand_stands_and_all_else_is_quoted(safe, more):
    everything = "".join(map(chr, range(128)))
    stands = {each for each in everything if quote(each, safe=safe) == each}
    assert {each for each in stands if not each.isalnum()} == set("-._~" + SUB_DELIMITERS + more)
