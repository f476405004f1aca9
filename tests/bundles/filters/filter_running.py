"""How the tests of filters run one: bound to a context, on bytes."""

import io
import stat
import sys
import textwrap

import pytest

from assetzcml.bundles.filters import get_filter


class Context(dict):
    """The options of an environment whose directory is published at /static."""

    def __init__(self, directory, url_mapping=None, **options):
        super().__init__({name.lower(): value for name, value in options.items()})
        self.directory = str(directory)
        self.url = "/static"
        self.url_mapping = url_mapping or {}

    def get(self, name, default=None):
        return super().get(name.lower(), default)


def run(what, content, context=None, **kw):
    """What the filter *what* makes of *content*."""
    bound = get_filter(what).bind(context if context is not None else Context("/nowhere"))
    out = io.BytesIO()
    (bound.input or bound.output)(io.BytesIO(content), out, **kw)
    return out.getvalue()


@pytest.fixture
def program(tmp_path):
    """A function that makes an executable of Python statements and returns its path."""

    def make(code, name="tool", directory=tmp_path):
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / name
        path.write_text(f"#!{sys.executable} -IS\nimport os, signal, sys, time\n{textwrap.dedent(code)}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make
