"""How long tests wait: longer than anything takes on a slow and busy machine. How fast something is, benchmarks say."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 120  # seconds


@contextmanager
def ends() -> Iterator[None]:
    """What is done within comes to an end: what waits for nobody, or costs what it should, takes a moment."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < PATIENCE, "it takes far too long"


def until(come: Callable[[], object], what: str = "it") -> None:
    """Wait until something has come to pass."""
    end = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < end, f"{what} has not come to pass"
        time.sleep(0.01)
