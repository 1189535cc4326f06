"""Streams of events for agents: each is told when what it gets has changed, and by whom it is paused.

A stream carries no config, only the word to ask again, so that losing it costs nothing but time. The id of an event is
a digest of what the agent gets: a client that comes back with the last one it heard is told at once if something
changed meanwhile, and nothing if not.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from agentgov.gate.callers import AgentCaller
from agentgov.gate.errors import too_many
from agentgov.gate.leasing import deployed_to
from agentgov.gate.stops import stop_of
from agentgov.runtime.deployed import Release
from agentgov.runtime.lease import Stop, pause_details

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

HEARTBEAT = 15.0  # seconds
MOST = 10_000  # streams of one process
MOST_OF_TOKEN = 64
_RETRY = 2000  # milliseconds after which a client comes back


class Streams:
    """Every open stream of one process of the gate. Everything here runs on the event loop, but for `changed`."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._change = asyncio.Event()
        self._of_token: dict[str, int] = {}

    def changed(self) -> None:
        """Something changed that an agent may have to hear of. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._wake)

    @property
    def open(self) -> int:
        """How many streams are open."""
        return sum(self._of_token.values())

    def enter(self, caller: AgentCaller) -> None:
        """Make sure that there is room for one more. RefusalError where there is none."""
        mine = self._of_token.get(caller.token, 0)
        if mine >= MOST_OF_TOKEN or self.open >= MOST:
            raise too_many(_RETRY / 1000)

    async def follow(
        self, caller: AgentCaller, last: str, still: Callable[[], bool], *, tells_why: bool = True
    ) -> AsyncIterator[bytes]:
        """The events of one agent, beginning after the one that it heard last, for as long as its token is good. With
        who paused it and why, unless that is nothing for who listens."""
        self._of_token[caller.token] = self._of_token.get(caller.token, 0) + 1
        try:
            yield f"retry: {_RETRY}\n: the lease of {caller.agent} in {caller.environment}\n\n".encode()
            paused: Stop | None = None
            before = last
            while still():
                change = self._change
                if self._gate.control.is_confirmed:
                    now, stop = await self._standing(caller)
                    if tells_why and stop is not None and stop != paused:
                        yield _event({"type": "paused", **pause_details(stop)})
                    if before and before != now:
                        yield _event({"type": "refetchEvaluation", "etag": now}, now)
                    elif not before:
                        yield f"id: {now}\n\n".encode()  # no event: where to begin after a break
                    before, paused = now, stop
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await change.wait()
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._leave(caller.token)

    async def _standing(self, caller: AgentCaller) -> tuple[str, Stop | None]:
        """A digest of what an agent gets, and the order that stops it."""
        fleet, now_ms = self._gate.fleet, self._gate.clock()
        deployed = await deployed_to(caller, fleet)
        stop = stop_of(self._gate, caller.agent, now_ms)
        parts: list[object] = [fleet.governance_digest, deployed.share, deployed.rollout]
        parts += [_spelled(deployed.stable), _spelled(deployed.canary)]
        parts += [[one.rule for one in deployed.refused], [stop.id, stop.mode] if stop is not None else None]
        return sha256(msgspec.json.encode(parts)).hexdigest()[:32], stop

    def _wake(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()

    def _leave(self, token: str) -> None:
        left = self._of_token[token] - 1
        if left:
            self._of_token[token] = left
        else:
            del self._of_token[token]


def _spelled(release: Release | None) -> list[object]:
    return [] if release is None else [release.tag, [(one.rule, one.message) for one in release.limits]]


def _event(data: Mapping[str, object], name: str = "") -> bytes:
    """An event; without a name it does not count as the last one that was heard."""
    named = f"id: {name}\n".encode() if name else b""
    return b"%sevent: message\ndata: %s\n\n" % (named, msgspec.json.encode(data))
