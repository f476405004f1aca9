"""What signals ask is taken down, wherever they interrupt, and acted upon where somebody looks."""

import os
import signal

import pytest

from assetzcml.cli import signals as module
from assetzcml.cli.signals import Signals
from commands import start


@pytest.fixture
def statuses(monkeypatch):
    """Those with which the process would have ended at once."""
    found = []
    monkeypatch.setattr(module.os, "_exit", found.append)
    return found


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    monkeypatch.setattr(module, "has_terminal", lambda: False)


def send(*numbers):
    for number in numbers:
        os.kill(os.getpid(), number)


class Finalized:
    """Code whose errors Python ignores, interrupted."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        send(self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_interrupts_a_finalizer_is_not_lost_and_raises_nothing(number, statuses):
    woken = []
    signals = Signals()
    with signals.taken(), signals.looked_at(lambda: woken.append(signals.ended)):
        Finalized(number)  # pytest makes an error of what is raised and ignored here
    assert (woken, statuses) == ([True], [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_somebody_looks_a_signal_ends_the_process_at_once(number, statuses):
    with Signals().taken():
        Finalized(number)
    assert statuses == [0]


@pytest.mark.parametrize(
    "numbers, status",
    [
        ((signal.SIGINT, signal.SIGINT), [130]),  # somebody presses Ctrl-C again
        ((signal.SIGINT, signal.SIGTERM), []),  # of the terminal, and of who supervises us
        ((signal.SIGTERM, signal.SIGTERM), []),
    ],
)
def test_only_who_interrupts_again_is_in_a_hurry(numbers, status, statuses):
    signals = Signals()
    with signals.taken(), signals.looked_at():
        send(*numbers)
    assert statuses == status


def test_once_nobody_looks_any_more_a_signal_changes_nothing(statuses):
    signals = Signals()
    woken = []
    with signals.taken():
        with signals.looked_at(lambda: woken.append(1)):
            pass
        send(signal.SIGTERM)
    assert (signals.ended, woken, statuses) == (True, [], [])


def test_a_hang_up_is_kept_until_it_is_taken_also_one_that_comes_while_the_command_starts(statuses):
    signals = Signals()
    woken = []
    with signals.taken(hangup=True):
        send(signal.SIGHUP)
        with signals.looked_at(lambda: woken.append(1)):
            send(signal.SIGHUP)
            assert [signals.take_hangup(), signals.take_hangup()] == [True, False]
    assert (signals.ended, woken, statuses) == (False, [1], [])


def test_a_hang_up_of_the_terminal_is_left_to_end_the_program(monkeypatch):
    monkeypatch.setattr(module, "has_terminal", lambda: True)
    before = signal.getsignal(signal.SIGHUP)
    with Signals().taken(hangup=True):
        assert signal.getsignal(signal.SIGHUP) is before


PROGRAM = """\
import os, signal

class Loud:
    def __del__(self):
        os.kill(os.getpid(), signal.{})

def make(registry):
    Loud()
    raise SystemError("it went on")
"""


@pytest.mark.whole
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_serve_ends_quietly_while_it_starts(name, tmp_path):
    pytest.importorskip("waitress")
    (tmp_path / "site.zcml").write_text('<configure xmlns="http://namespaces.assetzcml.org/assets"/>')
    (tmp_path / "loud.py").write_text(PROGRAM.format(name))
    with start("serve", "site.zcml", "--app", "loud:make", "--port", "0", cwd=tmp_path) as process:
        assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == 0
