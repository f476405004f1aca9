"""
The tests and sample files of zope.configuration, zope.component and pyramid_zcml, through our loader.

They are those of the installed packages: run as they are, with our loader under the names that they call. Each that
then fails stands in `DIFFERENCES`, with what we have decided about it; and what stands there does fail.
"""

import importlib
import io
import unittest
import warnings
from pathlib import Path

import pytest
from in_our_place import file as our_file
from in_our_place import in_place_of_pyramid_zcml, in_place_of_zope_configuration
from zope.configuration import xmlconfig
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError

pytestmark = pytest.mark.whole

KNOWS = "a machine of ours knows zope.configuration's directives as soon as it is made"
PLACED = "an item knows its place from its beginning, so nobody has to be told it again at its end"
WORDS = "the same is refused in our words, with its place"
COLUMN = "the column of an info counts from 1, as that of every place in a message; its repr is zope.configuration's"
INFO = "as text an info is file:line:column and the source line, as every place in a message"
HANDED = "a load is whole: no machine is handed in that others have filled before"
FAKE = "it asks with an object in the place of a context, and our directives have to know the load that they belong to"
FOUND = "conflicts are told in the order of reading, the last place first"
MISSING = (
    "a file that is missing is a ConfigurationError with its place, told with all else that is wrong, and no OSError"
)
LOCK = "`lock` is taken and has no effect: loads into one registry are kept apart anyway"

DIFFERENCES = {
    "zope.configuration.tests.test_config": {
        "ConfigurationAdapterRegistryTests.test_ctor": KNOWS,
        "ConfigurationAdapterRegistryTests.test_document_non_string_name": KNOWS,
        "ConfigurationAdapterRegistryTests.test_document_w_string_name": KNOWS,
        "ConfigurationAdapterRegistryTests.test_register": KNOWS,
        "ConfigurationAdapterRegistryTests.test_register_new_name": KNOWS,
        "ConfigurationAdapterRegistryTests.test_register_replacement": KNOWS,
        "ConfigurationMachineTests.test_setInfo_only_root": PLACED,
        "ConfigurationMachineTests.test_setInfo_w_item": PLACED,
        "Test_resolveConflicts.test_w_non_resolvable_discriminator_clash_different_paths": FOUND,
        "Test_toargs.test_w_empty_schema_w_data_no_kwargs_allowed": WORDS,
        "Test_toargs.test_w_field_missing_no_default": WORDS,
        "Test_toargs.test_w_invalid_value": WORDS,
    },
    "zope.configuration.tests.test_xmlconfig": {
        "Test_exclude.test_both_file_and_files_passed": FAKE,
        "Test_file.test_w_execute": COLUMN,
        "Test_file.test_wo_execute_w_context": HANDED,
        "Test_include.test_both_file_and_files_passed": FAKE,
        "Test_processxmlfile.test_w_valid_xml_fp": INFO,
        "Test_string.test_w_execute": COLUMN,
        "Test_string.test_wo_execute_w_context": HANDED,
        "Test_testxmlconfig.test_w_testing_passed": COLUMN,
        "Test_xmlconfig.test_w_testing_passed": COLUMN,
        "Test_xmlconfig.test_wo_testing_passed": COLUMN,
        "XMLConfigTests.test___call__": COLUMN,
    },
    "zope.configuration.tests.test_zopeconfigure": {},
    "zope.component.tests.test_zcml": {},
    "zope.component.tests.test_security": {},
    "zope.component.tests.test__api": {},
    "pyramid_zcml.tests.test_units": {
        "TestZCMLConfigure.test_zcml_configure_nonexistent_configure_dot_zcml": MISSING,
        "Test_load_zcml.test_load_zcml_lock_and_unlock": LOCK,
    },
    "pyramid_zcml.tests.test_integration": {},
}


def failing(module):
    """The names of the tests of *module* that fail, and how many there are."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs are not ours
        result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    bad = {test.id().removeprefix(f"{module.__name__}.") for test, _ in [*result.failures, *result.errors]}
    return bad, result.testsRun


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_tests_of_others_pass_but_for_those_that_have_a_ruling(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(name.partition(".tests")[0])
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            pytest.skip(f"the tests of {name.partition('.tests')[0]} cannot be imported: {error}")
    instead = in_place_of_pyramid_zcml if name.startswith("pyramid") else in_place_of_zope_configuration
    with instead():
        bad, count = failing(module)
    assert count
    if bad != set(DIFFERENCES[name]):
        bad -= failing(module)[0]  # those that fail without us too, in this environment
    assert bad == set(DIFFERENCES[name])


def samples():
    """All ZCML files of the packages that say by themselves which directives they need."""
    for name in ("zope.configuration", "zope.component", "zope.security", "zope.location", "pyramid_zcml"):
        try:
            directory = Path(importlib.import_module(name).__file__).parent
        except ImportError:
            continue
        for path in sorted(directory.rglob("*.zcml")):
            yield pytest.param(path, id=f"{name}/{path.relative_to(directory)}")


def package_of(path):
    """The package that a file lies in; None where it lies in none."""
    parts = path.parts[path.parts.index("site-packages") + 1 : -1]
    try:
        return importlib.import_module(".".join(parts))
    except ImportError:
        return None


def actions_of(load, path):
    """What a load of a file comes to: its actions as plain values, or that it is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context = load(str(path), package_of(path), execute=False)
    except (ZopeConfigurationError, OSError):
        return "refused"
    return [
        (
            *map(repr, (a["discriminator"], a["callable"], a["kw"], a["info"], a["includepath"])),
            len(a["args"]),
            a["order"],
        )
        for a in context.actions
    ]


@pytest.mark.parametrize("path", list(samples()))
def test_a_sample_file_comes_to_the_same_actions_or_is_refused_by_both(path):
    if package_of(path) is None:
        pytest.skip("it lies in no package")
    assert actions_of(our_file, path) == actions_of(xmlconfig.file, path)
