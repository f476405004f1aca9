"""What grows by difference is the same as what is made from the start, and what it grew from stays as it was."""

from hypothesis import given
from hypothesis import strategies as st

from assetzcml.records.assets import AssetSpec
from assetzcml.records.growing import Growing, SpecTree

PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers()), max_size=80)
SPECS = st.builds(AssetSpec, st.sampled_from(["a", "b"]), st.lists(st.sampled_from("xyz"), max_size=3).map(tuple))


@given(PAIRS, PAIRS)
def test_a_growing_mapping_is_the_dictionary_of_all_its_entries(first, later):
    grown = before = Growing(dict(first))
    for key, value in later:
        grown = grown.plus(key, value)
    assert dict(grown) == {**dict(first), **dict(later)}
    assert len(grown) == len(dict(grown))
    assert bool(grown) is bool(first or later)
    assert [grown.get(key) for key in range(31)] == [dict(grown).get(key) for key in range(31)]
    assert dict(before) == dict(first)


@given(st.lists(SPECS, max_size=20), st.lists(SPECS, max_size=20), SPECS)
def test_a_tree_knows_what_is_above_and_below(first, later, spec):
    grown = before = SpecTree((each, str(each)) for each in first)
    for each in later:
        grown = grown.plus(each, str(each))
    known = {*first, *later}
    assert set(grown.above(spec)) == {str(each) for each in known if spec.under(each)}
    assert sorted(grown.below(spec)) == sorted(str(each) for each in known if each.under(spec) and each != spec)
    assert set(grown.names(spec)) == {each.below(spec)[0] for each in known if each.under(spec) and each != spec}
    assert grown.touches(spec) is any(each.under(spec) or spec.under(each) for each in known)
    assert set(before.values) == set(first)
