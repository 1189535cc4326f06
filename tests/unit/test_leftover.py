"""What a test leaves running is told with what it runs; what ends soon is waited for, what waits for work may stay."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from leftover import threads_since
from patience import PATIENCE


@pytest.fixture
def end() -> Iterator[threading.Event]:
    """What the threads of a test wait for."""
    found, before = threading.Event(), set(threading.enumerate())
    yield found
    found.set()
    assert threads_since(before) == []


def test_a_thread_that_stays_is_told(end: threading.Event) -> None:
    before = set(threading.enumerate())
    threading.Thread(target=end.wait, name="forgotten").start()
    (told,) = threads_since(before, grace=0)
    assert told.startswith("forgotten runs <bound method Event.wait")
    assert "threading.py" in told


def test_a_thread_that_ends_is_waited_for(end: threading.Event) -> None:
    before = set(threading.enumerate())
    threading.Thread(target=end.wait, args=(0.1,)).start()
    assert threads_since(before) == []


def test_what_was_there_before_may_stay_and_so_may_its_connections(end: threading.Event) -> None:
    threading.Thread(target=end.wait, name="server").start()
    before = set(threading.enumerate())
    threading.Thread(target=end.wait, name="connection of server").start()
    assert threads_since(before, grace=0) == []


def test_a_thread_of_a_pool_may_stay_while_it_waits_for_work(end: threading.Event) -> None:
    before, began = set(threading.enumerate()), threading.Event()
    with ThreadPoolExecutor(1, "pool") as pool:
        pool.submit(int).result(PATIENCE)
        idle = threads_since(before)

        def work() -> None:
            began.set()
            end.wait(PATIENCE)

        pool.submit(work)
        began.wait(PATIENCE)
        busy = threads_since(before, grace=0.1)
        end.set()
    assert idle == []
    assert [told.split(" <")[0] for told in busy] == ["pool_0 runs"]
