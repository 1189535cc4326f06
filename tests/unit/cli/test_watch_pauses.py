"""How long a watch waits after failures, and how it ends."""

import os
import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.cli.watch import LONGEST, Stop, pause_after, watch
from agentgov.errors import ConfigurationError, IncompleteError


@given(st.integers(1, 86_400), st.integers(1, 10_000))
def test_pauses_grow_to_five_minutes_and_never_below_half_of_the_step(seconds: int, failures: int) -> None:
    most = min(seconds * 2 ** min(failures, 20), max(LONGEST, seconds))
    assert most / 2 <= pause_after(seconds, failures) <= most


@given(st.integers(1, 3600), st.integers(1, 10_000))
def test_a_board_waits_a_minute_at_most_or_as_long_as_it_was_told(seconds: int, failures: int) -> None:
    assert pause_after(seconds, failures, 60) <= max(seconds, 60)


def test_pauses_differ_so_that_many_watches_do_not_come_at_once() -> None:
    assert len({pause_after(60, 3) for _ in range(50)}) > 10


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_the_watch_after_what_it_is_doing(number: signal.Signals, code: int) -> None:
    stop, done, before = Stop(), list[str](), signal.getsignal(number)

    def work() -> None:
        os.kill(os.getpid(), number)
        assert stop()
        done.append("to the end")

    with stop.listening():
        assert watch(work, 3600, stop) == code
    assert done == ["to the end"]
    assert signal.getsignal(number) is before


def test_what_cannot_be_decided_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    stop, tries = Stop(), list[float]()

    def work() -> None:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise IncompleteError("the remote gave no answer", "check the network")
        os.kill(os.getpid(), signal.SIGTERM)

    with stop.listening():
        assert watch(work, 0, stop) == 0
    assert len(tries) == 3
    assert capsys.readouterr().err == "waiting the remote gave no answer (check the network)\n" * 2


def test_a_wrong_set_up_ends_the_watch() -> None:
    def work() -> None:
        raise ConfigurationError("there is no key")

    with pytest.raises(ConfigurationError):
        watch(work, 1, Stop())
