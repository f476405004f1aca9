"""Which warnings are errors: those in files that somebody can change."""

import pytest

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning, load_zcml

CYCLE = {
    "configure.zcml": '<configure><include file="a.zcml"/></configure>',
    "a.zcml": '<configure>\n<include file="configure.zcml"/></configure>',
}


@pytest.fixture
def own(package):
    """The names of a package and of one that it depends on; both warn of a cycle."""
    dependency = package(CYCLE)
    files = {
        **CYCLE,
        "configure.zcml": f'<configure><include package="{dependency}"/><include file="a.zcml"/></configure>',
    }
    return package({**files, "sub/__init__.py": "", "sub/configure.zcml": "<configure>text</configure>"}), dependency


def test_with_names_only_warnings_in_these_packages_are_errors(own):
    name, _ = own
    with pytest.raises(ConfigurationError) as caught:
        load_zcml(f"{name}:configure.zcml", strict=(name,))
    assert [name in problem.origin.file for problem in caught.value.problems] == [True]


def test_others_are_issued_as_warnings(own):
    _, dependency = own
    with pytest.warns(ConfigurationWarning) as caught:
        load_zcml(f"{dependency}:configure.zcml", strict=["email"])
    assert len(caught) == 1


def test_subpackages_count(own):
    name, _ = own
    with pytest.raises(ConfigurationError, match="the text in configure is ignored"):
        load_zcml(f"{name}.sub:configure.zcml", strict=[name])


def test_what_is_strict_everywhere_names_the_other_form(own):
    with pytest.raises(
        ConfigurationError, match=r"""strict=\("package",\) counts those in files of your own packages only"""
    ):
        load_zcml(f"{own[0]}:configure.zcml", strict=True)


@pytest.mark.parametrize("strict, message", [("nowhere_at_all", "cannot be imported"), ("os", "is no package")])
def test_a_name_that_is_no_package_is_an_error(own, strict, message):
    with pytest.raises(ConfigurationError, match=f"strict names '{strict}', which {message}"):
        AssetRegistry().load_zcml(f"{own[1]}:configure.zcml", strict=(strict,))
