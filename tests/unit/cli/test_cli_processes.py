"""Work in several processes: the same results in the same order as in one, and nothing left behind whatever happens."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from patience import PATIENCE, until

from agentgov.cli.processes import processors, spread

ROOT = Path(__file__).parents[3]
ITEMS = list(range(1000))


def squares(items: Sequence[int]) -> list[int]:
    return [item * item for item in items]


def silent(_: int) -> None:
    """Nobody asks how far it is."""


@pytest.mark.parametrize("jobs", ["1", "2", "5"])
def test_results_are_those_of_one_process_in_their_order(jobs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_JOBS", jobs)
    assert spread(squares, ITEMS, silent) == squares(ITEMS)
    assert spread(squares, [], silent) == []
    assert spread(squares, [3], silent) == [9]


def test_several_processes_take_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_JOBS", "3")

    def who(items: Sequence[int]) -> list[int]:
        (tmp_path / str(os.getpid())).touch()
        until(lambda: len(list(tmp_path.iterdir())) == 3, "the third process")
        return [os.getpid()] * len(items)

    assert len(set(spread(who, ITEMS, silent))) == 3
    for file in tmp_path.iterdir():
        file.unlink()
    assert len(set(spread(who, [1, 2, 3], silent, weight=200))) == 3


def test_what_a_fork_fails_to_do_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_JOBS", "3")
    parent = os.getpid()

    def dies(items: Sequence[int]) -> list[int]:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.001)  # so that the forks have a part in it
        return squares(items)

    def fails(items: Sequence[int]) -> list[int]:
        if os.getpid() != parent:
            raise ValueError(items)
        time.sleep(0.001)  # so that the forks have a part in it
        return squares(items)

    assert spread(dies, ITEMS, silent) == squares(ITEMS)
    assert spread(fails, ITEMS, silent) == squares(ITEMS)


def test_an_error_is_that_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_JOBS", "2")

    def fails(items: Sequence[int]) -> list[int]:
        if 777 in items:
            raise ZeroDivisionError
        return squares(items)

    with pytest.raises(ZeroDivisionError):
        spread(fails, ITEMS, silent)


def test_progress_rises_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_JOBS", "2")
    heard: list[int] = []
    spread(squares, ITEMS, heard.append)
    assert heard == sorted(heard)
    assert all(0 <= done < 1000 for done in heard)


def test_the_number_of_processes_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_JOBS", "3")
    assert processors() == 3
    for nonsense in ("", "0", "-1", "many"):
        monkeypatch.setenv("AGENTGOV_JOBS", nonsense)
        assert 1 <= processors() <= 8


_SLEEPER = """
import os, signal, sys, time
from agentgov.cli.processes import spread
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell begins without it
def work(items):
    os.write(1, b"at work\\n")
    while True:
        time.sleep(0.01)
try:
    spread(work, list(range(1000)), lambda _: None)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_no_fork_outlives_an_interrupt(ending: signal.Signals, code: int) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "AGENTGOV_JOBS": "3"}
    process = subprocess.Popen(
        [sys.executable, "-c", _SLEEPER], env=env, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline() == b"at work\n"
    if ending is signal.SIGINT:
        process.send_signal(ending)  # to the parent alone: it ends the others
    else:
        os.killpg(process.pid, ending)  # as a job that is cancelled
    assert process.wait(PATIENCE) == code
    process.stdout.close()
    until(lambda: not _lives(process.pid), "the end of every fork")


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
