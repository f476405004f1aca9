"""What every test may use: throw-away packages, throw-away ZCML, and the hostile corpora."""

import gc
import itertools
import logging
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

import data_generators
import hostile_site
import tables
from documents import document, forget, look_again, write_tree

_serial = itertools.count(1)


# No deadline: how long an example takes says more about the machine than about the code.
settings.register_profile("suite", deadline=None, max_examples=60)
settings.load_profile("suite")


def pytest_ignore_collect(collection_path):
    """The other modules here are for the tests to import; the docstrings that are run are the library's."""
    return True if collection_path.suffix == ".py" and not collection_path.name.startswith("test_") else None


def pytest_collection_modifyitems(config, items):
    """What takes long is run only where it is asked for: ``pytest -m slow``."""
    if "slow" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker(pytest.mark.skip(reason="slow: run it with -m slow"))


def pytest_addoption(parser):
    parser.addoption("--row", action="append", default=tables.ASKED, help="of tables, only the rows of this id")


def pytest_collection_finish():
    """What was collected lives as long as the run, so no look for garbage need go through it; nor be taken every moment."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="module", autouse=True)
def looked_through_once():
    """Nor what a module has left, or imported, when the next one begins."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def checkout():
    """The directory of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def package(tmp_path, monkeypatch):
    """
    A function that makes an importable package and returns its name.

    *files* maps paths inside the package to text or bytes; an ``__init__.py`` is added unless *namespace* is true.
    Without *name* the package gets one that no other test uses. A dotted name makes a subpackage.
    The package is gone from `sys.path` and `sys.modules` afterwards. `package.directory` is where packages lie.
    """
    directory = tmp_path / "packages"
    directory.mkdir()
    monkeypatch.setattr(sys, "path", [str(directory), *sys.path])
    made = set()

    def make(files, *, name=None, namespace=False):
        name = name or f"package{next(_serial)}"
        made.add(name.partition(".")[0])
        home = directory.joinpath(*name.split("."))
        write_tree(home, files if namespace else {"__init__.py": "", **files})
        look_again(directory)
        return name

    make.directory = directory
    yield make
    forget(made)
    for path in list(sys.path_importer_cache):
        if path.startswith(str(directory)):
            del sys.path_importer_cache[path]


@pytest.fixture
def zcml(tmp_path):
    """
    A function that writes ZCML to a file of its own and loads it; returns the registry.

    *text* is either a whole document or what stands inside ``<configure>``. The keyword arguments are `load_zcml`'s.
    `zcml.write(text, name)` only writes, and returns the path.
    """
    from assetzcml import load_zcml

    directory = tmp_path / "zcml"

    def write(text, name="site.zcml"):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else document(text).encode("utf-8"))
        return str(path)

    def load(text, name="site.zcml", **options):
        return load_zcml(write(text, name), **options)

    load.write = write
    return load


@pytest.fixture(scope="session")
def hostile_zcml(tmp_path_factory):
    """
    The directory of the hostile ZCML corpus, complete with the large files and the FIFO.

    `index.json` in it says what is right for each file. The package `hostilepkg` lies beside it: put the parent
    directory on `sys.path`.
    """
    base = tmp_path_factory.mktemp("hostile") / "base"
    hostile_site.build(base)
    corpus = base / "hostile_zcml"
    shutil.copytree(data_generators.DATA / "hostile_zcml", corpus)
    data_generators.write_large_files(corpus)
    os.mkfifo(corpus / "_aux" / "fifo.zcml")
    yield corpus
    hostile_site.open_up(base)


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """A test that serves an application as its .ini says sets up logging for the whole process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
