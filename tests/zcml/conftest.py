"""What the tests of ZCML share: loading texts and whole trees of files, and saying where problems are."""

import os
import warnings
from pathlib import Path

import foreign
import pytest

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning


@pytest.fixture(autouse=True)
def _nothing_done_yet():
    foreign.done.clear()
    foreign.heard.clear()


@pytest.fixture
def site(tmp_path):
    """
    A function that writes files, given as a mapping of name to text, and loads 'site.zcml'; returns the registry.

    A text alone is 'site.zcml'. A text that is no document is put into one of the foreign namespace (line 3).
    `site.directory` is where they lie, `site.problems(files)` what is wrong with them, `site.warnings(files)` what
    they are warned of: each as 'file:line:column message'.
    """
    directory = tmp_path / "site"
    directory.mkdir()

    def write(files):
        for name, text in ({"site.zcml": files} if isinstance(files, (str, bytes)) else files).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(text, str):
                text = (
                    text
                    if text.lstrip().startswith(("<configure xmlns", "<configure/>", "<?xml", "<!"))
                    else foreign.document(text)
                ).encode()
            path.write_bytes(text)
        return str(directory / "site.zcml")

    def load(files, registry=None, **options):
        registry = registry if registry is not None else AssetRegistry()
        registry.load_zcml(write(files), **options)
        return registry

    def error(files, registry=None, **options):
        with pytest.raises(ConfigurationError) as caught:
            load(files, registry, **options)
        for problem in caught.value.problems:
            assert problem.code or problem.conflict, f"A001 is no code for {problem.headline}"
        return caught.value

    def problems(files, registry=None, **options):
        return [relative(p.headline) for p in error(files, registry, **options).problems]

    def warned(files, registry=None, **options):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            load(files, registry, **options)
        assert {w.category for w in caught} <= {ConfigurationWarning}
        for warning in caught:
            assert str(warning.message).startswith(f"{warning.filename}:{warning.lineno}:")
        return [relative(str(w.message)) for w in caught]

    def relative(text):
        return text.replace(f"{directory}{os.sep}", "").replace(": ", " ", 1)

    load.directory, load.write, load.error, load.problems, load.warnings = directory, write, error, problems, warned
    return load


@pytest.fixture
def place():
    """A function that tells where a problem is: the name of the file, line and column."""
    return lambda origin: (Path(origin.file).name, origin.line, origin.column)
