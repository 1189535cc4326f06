"""Runs a question about hostile bytes in a child process that may use little memory and little time.

The child is forked, so that it starts with everything imported, and has a share of memory and of CPU beyond what the
parent has. A child that is killed for using more answers nothing, which is a failure.
"""

import json
import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

MEGABYTE = 1 << 20


def contained(ask: Callable[[], Any], *, memory: int = 300 * MEGABYTE, seconds: int = 20) -> Any:
    """The answer of a function (as JSON holds it) in a child with so much memory more than now; AssertionError where
    it dies."""
    sys.stdout.flush()
    sys.stderr.flush()
    receive, send = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that the child does not have and does not need
        child = os.fork()
    if child == 0:
        os.close(receive)
        _answer(ask, send, memory, seconds)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code == 0, f"killed by {signal.Signals(-code).name}" if code < 0 else told.decode()
    return json.loads(told)


def _answer(ask: Callable[[], Any], send: int, memory: int, seconds: int) -> NoReturn:
    code = 1
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        told, code = json.dumps(ask()), 0
    except BaseException:
        told = traceback.format_exc()
    with os.fdopen(send, "wb") as pipe:
        pipe.write(told.encode("utf-8", "backslashreplace"))
    os._exit(code)
