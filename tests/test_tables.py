"""A table is judged row by row, though it is one test."""

import pytest

import tables


def judge(of, ids=None):
    seen = []

    @tables.over("given, expected", of, ids)
    def test(given, expected):
        seen.append(given)
        assert given == expected

    return test, seen


def test_every_row_is_judged_and_every_one_that_fails_is_told():
    test, seen = judge([("a", "a"), ("b", "c"), ("d", "e"), ("f", "f")], ids="wxyz")
    with pytest.raises(pytest.fail.Exception) as told:
        test()
    assert sorted(seen) == ["a", "b", "d", "f"]
    first, *failures = str(told.value).split("\n\n")
    assert first == "2 of 4 rows"
    assert sorted(failure.partition(" ")[0] for failure in failures) == ["x:", "y:"]


def test_a_row_without_an_id_is_known_by_what_it_says():
    with pytest.raises(pytest.fail.Exception, match=r"\na-1: AssertionError"):
        judge([("a", 1)])[0]()


def test_one_row_can_be_asked_for(monkeypatch):
    monkeypatch.setattr(tables, "ASKED", ["x"])
    test, seen = judge([("a", "a"), ("b", "c")], ids="xy")
    test()
    assert seen == ["a"]


def test_a_table_without_rows_is_refused():
    with pytest.raises(AssertionError, match="proves nothing"):
        judge([])


def test_what_else_the_test_asks_for_is_left_to_it():
    @tables.over("row", [1])
    def test(tmp_path, row, other):
        """The signature is what pytest reads."""

    assert list(test.__signature__.parameters) == ["tmp_path", "other"]
