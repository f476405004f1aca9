"""Our loader under the names of zope.configuration's and pyramid_zcml's, so that their own tests run through it."""

import contextlib
import importlib
import itertools
import os
import tempfile
from pathlib import Path
from unittest import mock

from zope.configuration import config, xmlconfig

from assetzcml import AssetRegistry
from assetzcml.zcml import includes
from assetzcml.zcml.attributes import SchemaPlan
from assetzcml.zcml.conflicts import FileGraph, resolve
from assetzcml.zcml.limits import Limits
from assetzcml.zcml.load import Load
from assetzcml.zcml.loader import Phases
from assetzcml.zcml.machine import DirectiveContext, Machine
from assetzcml.zcml.positions import Document, Tag

_serial = itertools.count()


class OurMachine(Machine):
    """A machine that is made without a load, as zope.configuration's is."""

    def __init__(self):
        super().__init__(Load(AssetRegistry(), {}, Limits()))
        includes.define_includes(self)


def file(name, package=None, context=None, execute=True):
    """`xmlconfig.file`, by a load of ours."""
    phases = Phases(Load(AssetRegistry(), {}, Limits()))
    machine = phases.machine
    machine.package = package
    if not os.path.isabs(name):
        name = os.path.join(os.path.dirname(package.__file__) if package is not None else os.getcwd(), name)
    phases.read(name, package)
    for document in list(phases.load.files.values())[phases.load.directive_files :]:
        xmlconfig.logger.debug("include %s", document.file)
    machine.execute_actions = lambda clear=True, testing=False: phases.execute(phases.resolve(), _call)
    if execute:
        machine.execute_actions()
    return machine


def _call(action):
    if action["callable"] is not None:
        action["callable"](*action["args"], **action["kw"])


def string(text, context=None, name="<string>", execute=True):
    """`xmlconfig.string`: ours reads files only."""
    path = Path(tempfile.gettempdir(), f"assetzcml-test-{os.getpid()}-{next(_serial)}.zcml")
    path.write_text(text, encoding="utf-8")
    try:
        return file(str(path), execute=execute)
    finally:
        path.unlink()


class OurXMLConfig:
    """`xmlconfig.XMLConfig`."""

    def __init__(self, file_name, module=None):
        self.context = file(file_name, module, execute=False)

    def __call__(self):
        self.context.execute_actions()


def by_stream(stream, testing=False):
    """`xmlconfig.xmlconfig`."""
    with contextlib.closing(stream):
        file(stream.name)


def include(context, *arguments, **options):
    """`xmlconfig.include`, by ours, which is handed the machine."""
    _included(includes.include, context, *arguments, **options)


def include_overrides(context, *arguments, **options):
    """`xmlconfig.includeOverrides`."""
    _included(includes.include_overrides, context, *arguments, **options)


def _included(how, context, *arguments, **options):
    files = context.assetzcml_load.files
    before = len(files)
    how(context, *arguments, **options)
    for document in list(files.values())[before:]:
        xmlconfig.logger.debug("include %s", document.file)


def arguments_of(context, schema, data):
    """`config.toargs`, by a plan of ours."""
    context = DirectiveContext(mock.Mock(actions=[], includepath=()), Tag(Document("x.zcml", b"<x/>"), 0, "x"))
    return SchemaPlan(schema).arguments(context, data, context.info)


def resolved(actions):
    """`config.resolveConflicts`, by ours, of actions whose include paths are all that is known of files."""
    actions = [action if isinstance(action, dict) else config.expand_action(*action) for action in actions]
    graph = FileGraph()
    for action in actions:
        for above, below in itertools.pairwise(action["includepath"]):
            graph.add(above, below)
    resolution = resolve(actions, graph)
    if resolution.problems:
        found = {}
        for problem in resolution.problems:
            also = [origin for _, origin in problem.also]
            discriminator = next(a["discriminator"] for a in actions if a["info"] == problem.origin.file)
            found[discriminator] = [*(origin.file for origin in also), problem.origin.file]
        raise config.ConfigurationConflictError(found)
    return resolution.winners


@contextlib.contextmanager
def in_place_of_zope_configuration():
    """What is called through the modules of zope.configuration is ours."""
    with contextlib.ExitStack() as stack:
        for module, name, value in (
            (config, "ConfigurationMachine", OurMachine),
            (config, "ConfigurationAdapterRegistry", OurMachine),
            (config, "toargs", arguments_of),
            (config, "resolveConflicts", resolved),
            (xmlconfig, "file", file),
            (xmlconfig, "string", string),
            (xmlconfig, "XMLConfig", OurXMLConfig),
            (xmlconfig, "xmlconfig", by_stream),
            (xmlconfig, "testxmlconfig", by_stream),
            (xmlconfig, "include", include),
            (xmlconfig, "includeOverrides", include_overrides),
            (xmlconfig, "exclude", includes.exclude),
            (xmlconfig, "registerCommonDirectives", lambda context: None),
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        yield


@contextlib.contextmanager
def in_place_of_pyramid_zcml():
    """`config.load_zcml` is ours, whoever includes pyramid_zcml."""
    theirs = importlib.import_module("pyramid_zcml")
    ours = importlib.import_module("assetzcml.integrations.pyramid")

    def zcml_configure(name, package):
        from pyramid.config import Configurator

        configurator = Configurator(package=package)
        ours.load_zcml(configurator, name)
        return configurator.action_state.actions

    with contextlib.ExitStack() as stack:
        for name, value in (
            ("load_zcml", ours.load_zcml),
            ("zcml_configure", zcml_configure),
            ("includeme", lambda configurator: configurator.include("assetzcml")),
        ):
            stack.enter_context(mock.patch.object(theirs, name, value))
        yield
