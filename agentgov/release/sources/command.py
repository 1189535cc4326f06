"""Counts from a program of the operator's own: what is wanted on its standard input, the counts on its output.

    {"schema": "agentgov.counts-wanted/1", "now": 1767225600, "agents": [{"agent": "support/triage",
        "release": "support/triage/v1.4.0", "stable": "support/triage/v1.3.0", "since": 1767222000, "share": "5%",
        "metrics": ["error"]}]}

It runs without a shell, in a session of its own, for a bounded time and with bounded output; its whole session is
ended with it. The repository never names it.
"""

import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.model.units import format_share
from agentgov.release.counts import MAX_BYTES, Reading, Wanted, parse_counts

LONGEST = 20.0  # seconds
_WOE = 400  # bytes of its standard error that are shown


@dataclass(frozen=True, slots=True)
class CommandSource:
    """The words of a program and its arguments. `clock` is monotonic, in seconds."""

    words: tuple[str, ...]
    clock: Callable[[], float]
    longest: float = LONGEST

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """The counts that it writes; nothing is started where nothing is wanted."""
        if not wanted:
            return Reading()
        name = self.words[0]
        with tempfile.TemporaryFile() as asked:
            asked.write(_question(wanted, now))
            asked.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 - what the operator of this machine named
                    self.words, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
                )
            except OSError as error:
                return Reading(problem=f"{name} cannot be started: {error.strerror}")
            out, err, problem = self._answer(process)
        if problem:
            return Reading(problem=f"{name} {problem}")
        if process.returncode:
            return Reading(problem=f"{name} ended with {process.returncode}{_told(err)}")
        return parse_counts(out, f"the output of {name}")

    def _answer(self, process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes, str]:
        """(output, the beginning of its errors, what went wrong). The program has ended afterwards, in any case."""
        assert process.stdout is not None
        assert process.stderr is not None
        until, out, err = self.clock() + self.longest, bytearray(), bytearray()
        try:
            with selectors.DefaultSelector() as selector, process.stdout, process.stderr:
                selector.register(process.stdout, selectors.EVENT_READ, out)
                selector.register(process.stderr, selectors.EVENT_READ, err)
                while selector.get_map():
                    if (left := until - self.clock()) <= 0:
                        return b"", b"", f"gave no whole answer within {self.longest:g} s"
                    for key, _ in selector.select(left):
                        _take(selector, key)
                    del err[_WOE:]
                    if len(out) > MAX_BYTES:
                        return b"", b"", "answers more than 64 MiB"
            process.wait(max(0.1, until - self.clock()))
        except subprocess.TimeoutExpired:
            return b"", b"", f"did not end within {self.longest:g} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return bytes(out), bytes(err), ""


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
    piece = os.read(pipe.fileno(), 65_536)
    if piece:
        key.data.extend(piece)
    else:
        selector.unregister(pipe)


def _question(wanted: Sequence[Wanted], now: int) -> bytes:
    agents = [
        {
            "agent": str(one.agent),
            "release": one.release,
            "stable": one.stable,
            "since": one.since,
            "share": format_share(one.share),
            "metrics": list(one.metrics),
        }
        for one in wanted
    ]
    return json.dumps({"schema": "agentgov.counts-wanted/1", "now": now, "agents": agents}).encode() + b"\n"


def _told(err: bytes) -> str:
    """The first line of what it complained of, as `: text`."""
    line = err.decode("utf-8", "replace").strip().partition("\n")[0]
    clean = "".join(letter if letter.isprintable() else " " for letter in line).strip()
    return f": {clean}" if clean else ""
