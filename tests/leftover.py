"""What a test leaves running does harm to whichever comes next, which fails by luck. With this the first one fails:

PYTHONPATH=tests .venv/bin/python -m pytest -p leftover
"""

import sys
import threading
import time
import traceback
from collections.abc import Collection, Iterator
from concurrent.futures.thread import _worker

import pytest

GRACE = 30.0  # seconds: a busy machine lets a thread that was told to end wait


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())  # those of modules and of the session among them, which are set up first
    yield
    if left := threads_since(before):
        pytest.fail("it leaves threads running:\n" + "\n".join(left), pytrace=False)


def threads_since(before: Collection[threading.Thread], grace: float = GRACE) -> list[str]:
    """The threads that were not there before and do not end by themselves: what each runs, and where it is."""
    known = {f"connection of {thread.name}" for thread in before}  # of servers that were there before
    until = time.monotonic() + grace
    while True:
        found = [one for one in threading.enumerate() if one not in before and one.name not in known and not _idle(one)]
        if not found or time.monotonic() > until:
            return [_told(thread) for thread in found]
        found[0].join(0.01)


def _idle(thread: threading.Thread) -> bool:
    """Whether it only waits for work, as one of a pool, which may be its module's; or is none of Python's own."""
    pooled = getattr(thread, "_target", None) is _worker
    frame = sys._current_frames().get(thread.ident or 0) if pooled else None
    return isinstance(thread, threading._DummyThread) or (frame is not None and frame.f_code is _worker.__code__)


def _told(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    where = "".join(traceback.format_stack(frame)) if frame is not None else ""
    return f"{thread.name} runs {getattr(thread, '_target', None) or type(thread)}\n{where}"
