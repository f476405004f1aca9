"""Names by the digest of final bytes, whatever refers to what."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetzcml.publishing.naming import UnnamedFile, circles, names_by_key


def sheet(key, *refers):
    """A file that says the names of what it refers to."""
    return UnnamedFile(key, "0" * 64, refers, lambda name: f"{key}:{[name(each) or each for each in refers]}".encode())


graphs = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=8)


@settings(deadline=None)
@given(graphs, st.integers(0, 1000))
def test_names_do_not_depend_on_where_one_begins(graph, seed):
    files = {f"{key}.css": sheet(f"{key}.css", *(f"{each}.css" for each in targets)) for key, targets in graph.items()}
    order = list(files)
    random.Random(seed).shuffle(order)
    again = names_by_key({key: files[key] for key in order})
    assert {key: (each.name, each.data) for key, each in names_by_key(files).items()} == {
        key: (each.name, each.data) for key, each in again.items()
    }


@settings(deadline=None)
@given(graphs)
def test_a_component_comes_after_all_that_it_leads_to(graph):
    edges = {key: [each for each in targets if each in graph] for key, targets in graph.items()}
    seen = set()
    for component in circles(edges):
        assert all(target in seen or target in component for key in component for target in edges[key])
        seen.update(component)
    assert seen == set(graph)


def test_a_circle_of_ten_thousand_files_ends():
    count = 10_000
    files = {f"{n}.css": sheet(f"{n}.css", f"{(n + 1) % count}.css") for n in range(count)}
    assert len({each.name for each in names_by_key(files).values()}) == count


@pytest.mark.parametrize("changed", ["a.css", "b.css", "c.css"])
def test_all_of_a_circle_is_named_anew_when_one_of_it_or_what_it_shows_changes(changed):
    files = {"a.css": sheet("a.css", "b.css"), "b.css": sheet("b.css", "a.css", "c.css"), "c.css": sheet("c.css")}
    other = UnnamedFile(changed, "0" * 64, files[changed].refers, lambda name: b"another")
    one, two = names_by_key(files), names_by_key({**files, changed: other})
    assert one["a.css"].name != two["a.css"].name
    assert one["b.css"].name != two["b.css"].name
    assert (one["c.css"].name != two["c.css"].name) == (changed == "c.css")
