"""Follows the journal beside the server: asks the remote every so many seconds or when woken, and serves what verifies.

A look that fails changes nothing: the last verified state goes on being served, and its age is told. What does not
verify is never served; where the branch holds what is no act, the last act that holds is (`stretch`).
"""

import logging
import threading
from collections.abc import Callable
from time import monotonic

from agentgov.errors import AgentgovError, RefusedError
from agentgov.gate.anchoring import Anchoring
from agentgov.gate.gate import Gate
from agentgov.gate.sending import Sender
from agentgov.journal.branch import Journal
from agentgov.journal.view import View
from agentgov.repo import clock
from agentgov.runtime.fleet import Fleet

_log = logging.getLogger("agentgov.gate")
_LONGEST = 60.0  # seconds between two looks while the remote is away


class Follower:
    """A thread that follows one journal for one gate. `heard` is told of every new view that is served."""

    def __init__(
        self, journal: Journal, gate: Gate, poll: float, heard: Callable[[View], None] = lambda view: None
    ) -> None:
        self._journal, self._gate, self._poll, self._heard = journal, gate, poll, heard
        self._sender = Sender(gate.store, journal, gate.actor)
        self._anchoring = Anchoring(gate.store, journal, gate.actor, gate.fleet.seq)
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="agentgov-gate-follows", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once. From any thread."""
        self._wake.set()

    def stop(self) -> None:
        """End after the look that is going on."""
        self._ended.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end, no longer than so; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def look(self) -> bool:
        """Ask the remote, and serve what is new there; whether it answered, and what it said holds."""
        following = self._gate.following
        try:
            self._sender.send(self._gate.clock())
            tip = self._remote_tip()
            if tip != following.fleet.view.end or following.trouble:
                self._serve(self._present())
            if self._anchoring.look(self._gate.fleet.view):
                self._serve(self._journal.view(clock.now(), fetch=False))
        except AgentgovError as error:
            if not following.trouble:
                _log.warning("the journal cannot be followed: %s", error.in_one_line)
            following.trouble = error.message
            return False
        if following.trouble:
            _log.warning("the journal is followed again")
        following.trouble, following.looked_at = "", monotonic()
        return True

    def _remote_tip(self) -> str | None:
        """The tip of the journal, by the cheapest question there is."""
        remote = self._journal.remote
        return remote.ls(self._journal.ref).get(self._journal.ref) if remote is not None else self._journal.known_tip()

    def _present(self) -> View:
        """What the remote has, where that is believed."""
        following = self._gate.following
        try:
            found = self._journal.view(clock.now(), fetch=True)
        except RefusedError as error:
            following.refused = error.message
            raise
        following.refused = ""
        return found

    def _serve(self, view: View) -> None:
        before = self._gate.fleet
        if view.end != before.view.end:
            fleet = Fleet(view, before)
            fleet.refresh()
            fleet.agents()  # found here, so that no request waits for it
            self._gate.serve(fleet)
            self._sender.tidy(view)
            self._heard(view)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(self._pause())
            self._wake.clear()
            if self._ended.is_set():
                return
            try:
                well = self.look()
            except Exception:
                _log.exception("a look at the journal failed in a way that nobody foresaw")
                self._gate.following.trouble = "the look failed"
                well = False
            self._failures = 0 if well else self._failures + 1

    def _pause(self) -> float:
        return min(self._poll * (1 << min(self._failures, 6)), max(self._poll, _LONGEST))
