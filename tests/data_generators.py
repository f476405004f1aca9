"""The large files of the hostile corpora: described here, written on demand, checked by digest."""

import hashlib
from pathlib import Path

DATA = Path(__file__).parent / "data"

HEAD = (
    '<configure xmlns="http://namespaces.zope.org/zope"\n           xmlns:a="http://namespaces.assetzcml.org/assets">\n'
)
TAIL = "</configure>\n"
CHAIN = 200  # files that include each other in a row: far more than the 32 levels that are allowed


def many_entities():
    """A DOCTYPE with 20,000 entity declarations."""
    entities = "".join(f'<!ENTITY e{number} "v">' for number in range(20_000))
    return f'<!DOCTYPE configure [{entities}]>\n{HEAD}  <a:staticView name="static" path="hostilepkg:www"/>\n{TAIL}'


def deep_elements():
    """Elements nested 50,000 deep."""
    return HEAD + "<configure>" * 50_000 + "</configure>" * 50_000 + "\n" + TAIL


def long_attribute():
    """An attribute value of 900,000 characters."""
    return f'{HEAD}  <a:staticView name="{"a" * 900_000}" path="x:y"/>\n{TAIL}'


def long_text():
    """900,000 characters of text between directives."""
    return f"{HEAD}  {'x' * 900_000}\n{TAIL}"


def same_include():
    """One file included 10,000 times."""
    return HEAD + '  <include file="_aux/inc-ok.zcml"/>\n' * 10_000 + TAIL


def chain_link(number):
    """One file of a row in which each includes the next."""
    following = f'<include file="{number + 1:04}.zcml"/>' if number + 1 < CHAIN else ""
    return HEAD + following + TAIL


LARGE_FILES = {
    "023-dtd-50k-entities.zcml": (many_entities, "d7c19a3f460e0aa3171a019b9b4fa120d6c854622a788ec67c282439a6eaa51e"),
    "081-deep-50k.zcml": (deep_elements, "01062ddceec2e6c19bed0e110d084fb14caa6256e51cafa17befd66bb15f81fa"),
    "083-attr-900k.zcml": (long_attribute, "0f780e82a4816d18a6c79a1251fb480c625509a569f5214e97ba92a58ac2fec0"),
    "087-huge-text.zcml": (long_text, "322861123a2281f2b72c7e969c1fc238b0c45febb820427960aad08add3c4bfb"),
    "114-include-10k-same.zcml": (same_include, "bedc57683ae107d3b8cfa9697f3954e559fbc479c09908ef292bbebedfa7a177"),
}


def write_large_files(directory):
    """Complete a copy of ``data/hostile_zcml``: the large files, and the row of includes in ``_aux/chain``."""
    for name, (generate, digest) in LARGE_FILES.items():
        content = generate().encode("ascii")
        found = hashlib.sha256(content).hexdigest()
        assert found == digest, f"{name}: generated with SHA-256 {found}, described with {digest}"
        (directory / name).write_bytes(content)
    chain = directory / "_aux" / "chain"
    chain.mkdir(parents=True)
    for number in range(CHAIN):
        (chain / f"{number:04}.zcml").write_text(chain_link(number), encoding="ascii", newline="\n")
