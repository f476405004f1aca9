"""Of each mistake in `mistakes.txt`: the message, what the reader types next, and what holds then."""

import re

import pytest

from mistakes import TAKEN_OUT, Desk, answered, libraries, missing, put_right, table

pytestmark = pytest.mark.whole

TABLE = table()
LEFT_OPEN = 5  # mistakes of which no message can know what is meant


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_the_table_is_long_each_title_is_there_once_and_few_rows_are_without_a_remedy():
    assert len(TABLE) >= 150
    titles = [mistake.title for mistake in TABLE]
    assert sorted(set(titles)) == sorted(titles)
    assert sum(mistake.open for mistake in TABLE) <= LEFT_OPEN
    assert [mistake.title for mistake in TABLE if not mistake.remedies and not mistake.open] == []
    assert [mistake.title for mistake in TABLE if not mistake.answer] == []


@pytest.mark.parametrize("mistake", TABLE, ids=lambda mistake: mistake.title)
def test_a_mistake_is_told_in_these_words_and_what_is_typed_next_holds(desk, mistake):
    with missing(libraries(mistake)):
        status, lines = answered(desk, mistake, mistake.files, mistake.commands)
    expected = mistake.answer
    assert [line.rstrip() for line in ([*lines, f"(status {status})"] if mistake.commands else lines)] == expected
    told = "\n".join(mistake.answer)
    for demanded in mistake.demands():
        assert demanded in told if demanded else TAKEN_OUT.search(told), f"{demanded!r} is not told"
    if any(line.startswith("$ ") for line in mistake.remedies) or mistake.open:
        return
    files, commands = put_right(mistake)
    status, lines = answered(desk, mistake, files, commands)
    assert (status, [line for line in lines if re.search(r"error|warning|Error", line)]) == (0, [])
    for outcome in mistake.outcomes:
        if outcome == "no findings":
            assert lines == ["no findings"]
        elif outcome.startswith("GET "):
            path, _, answer = outcome[4:].rpartition(": ")
            assert desk.ask(path) == int(answer)
