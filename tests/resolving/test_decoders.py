import gzip
import importlib

import pytest

from assetzcml.errors import MissingExtra
from assetzcml.publishing.compress import COMPRESSORS
from assetzcml.resolving.decoders import decoded, is_decodable, library

TEXT = b"body { color: black }\n" * 500


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_variant_decodes_to_the_bytes_it_was_made_of_and_to_no_more_than_is_wanted(coding):
    if not is_decodable(coding):
        pytest.skip(f"the library of {coding} is not installed")
    variant = COMPRESSORS[coding](TEXT)
    assert decoded(variant, coding) == decoded(variant, coding, len(TEXT)) == TEXT
    assert decoded(variant, coding, len(TEXT) - 1) is None
    assert decoded(variant[:-4], coding, len(TEXT)) is None
    assert decoded(b"no variant", coding) is decoded(b"", coding, 0) or decoded(b"", coding, 0) == b""


def test_what_is_small_and_says_that_it_is_huge_is_not_unpacked():
    assert decoded(gzip.compress(b"\0" * (64 << 20)), "gzip", 1000) is None


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r'pip install "assetzcml\[brotli\]"'):
        library("br")
    assert not is_decodable("br")
    assert decoded(b"x", "br") is None
