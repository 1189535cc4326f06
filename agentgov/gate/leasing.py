"""What this gate has leased: each lease spelled and signed once, written down before it is answered where the agent
asks for that, and a note of who asks how.

Nothing is decided here (`runtime.lease`). What is kept in memory may be lost: it is made again when it is asked for.
"""

import asyncio
import logging
import secrets
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agentgov.gate.answer import Headers
from agentgov.gate.callers import AgentCaller
from agentgov.gate.errors import RefusalError, cannot_tell
from agentgov.gate.stops import stop_of
from agentgov.model.rule_ids import rule
from agentgov.model.verdict import Effect, Verdict
from agentgov.runtime import running
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.lease import NAMESPACE, Lease, Terms, decide_terms, lease_of
from agentgov.runtime.lease_signature import header_of
from agentgov.runtime.ledger import Entry, Note, Receipt, note_all
from agentgov.runtime.running import Given, Level

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_MOST_BYTES = 256 * 1024 * 1024  # of leases that are kept spelled
_MOST_TOLD = 65_536
_log = logging.getLogger("agentgov.gate")


@dataclass(frozen=True, slots=True)
class Signed:
    """A lease with the headers that go with it, but for where the journal stands."""

    lease: Lease
    headers: Headers

    @property
    def written_ahead(self) -> bool:
        """Whether it is recorded before it is answered."""
        return self.lease.terms.release.agent.spec.audit.mode == "write-ahead"


class Leasing:
    """The leases of one process of the gate. Everything here runs on the event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._signed: dict[Hashable, Signed] = {}
        self._bytes = 0  # of all of them
        self._told: dict[tuple[str, str], None] = {}  # (token, etag) that are in the ledger
        self._given: dict[tuple[AgentCaller, Level, str], int] = {}

    async def lease(self, caller: AgentCaller, fleet: Fleet, key: str, now_ms: int, pinned: str = "") -> Signed:
        """What an agent gets under a sticky key, or keeps. RefusalError where that is nothing, or cannot be told."""
        self._gate.require_control()
        deployed = await deployed_to(caller, fleet)
        stop = stop_of(self._gate, caller.agent, now_ms)
        terms = decide_terms(deployed, stop, key, pinned)
        found = self._sign(terms, fleet) if isinstance(terms, Terms) else terms
        if isinstance(found, Verdict):
            raise refusal_of(found)
        return found

    async def hand_out(self, caller: AgentCaller, signed: Signed, now_ms: int, how: Level) -> None:
        """Write down what is about to be answered: every time and first, for an agent that asks for it; else once for
        what a token was given, beside the answer."""
        self._note(caller, signed, how, now_ms)
        known = (caller.token, signed.lease.etag)
        if signed.written_ahead:
            await self._gate.together(note_all, Note(_entry(caller, signed, how), now_ms, _salt()))
        elif known not in self._told:
            if len(self._told) >= _MOST_TOLD:
                self._told.pop(next(iter(self._told)))
            self._told[known] = None
            note = Note(_entry(caller, signed, how), now_ms, _salt())
            writing = asyncio.wrap_future(self._gate.store.together(note_all, note))
            writing.add_done_callback(partial(self._noted, known))

    def _noted(self, known: tuple[str, str], writing: "asyncio.Future[Receipt]") -> None:
        """What could not be written down is, the next time that it is handed out."""
        if writing.exception() is not None:
            self._told.pop(known, None)
        _complain(writing)

    def _note(self, caller: AgentCaller, signed: Signed, how: Level, now_ms: int) -> None:
        closure = signed.lease.terms.release.closure
        key = caller, how, closure
        if now_ms - self._given.get(key, 0) < running.COARSE:
            return
        if len(self._given) >= _MOST_TOLD:
            self._given.clear()
        self._given[key] = now_ms
        given = Given(caller.environment, how, closure, now_ms)
        self._gate.store.write(lambda tx: running.keep_given(tx, caller.agent, given)).add_done_callback(_complain)

    def _sign(self, terms: Terms, fleet: Fleet) -> Signed | Verdict:
        same = terms.same_as(fleet.grounds)
        found = self._signed.get(same)
        if found is None:
            lease = lease_of(terms, fleet.grounds)
            if isinstance(lease, Verdict):
                return lease
            signature = header_of(self._gate.signer.sign(NAMESPACE, lease.body))
            found = Signed(lease, _headers(lease, signature))
            self._keep(same, found)
        return found

    def _keep(self, same: Hashable, signed: Signed) -> None:
        """Keep a lease as it is answered; what was kept for longest makes room."""
        self._signed[same] = signed
        self._bytes += len(signed.lease.body)
        while self._bytes > _MOST_BYTES and len(self._signed) > 1:
            oldest = self._signed.pop(next(iter(self._signed)))
            self._bytes -= len(oldest.lease.body)


async def deployed_to(caller: AgentCaller, fleet: Fleet) -> Deployed:
    """What of an agent runs; git is read beside the event loop where it has to be."""
    known = fleet.known(caller.agent, caller.environment)
    return known if known is not None else await asyncio.to_thread(fleet.deployed, caller.agent, caller.environment)


def refusal_of(verdict: Verdict) -> RefusalError:
    """Why an agent gets no lease, over HTTP: 503 where it cannot be told, 400 where the request says too little."""
    reason = verdict.first_offence
    assert reason is not None, "what is refused has a reason"
    known = rule(reason.rule)
    hint = known.mend if known is not None else ""
    if reason.effect is Effect.UNKNOWN:
        return cannot_tell(reason.rule, reason.message, hint)
    if reason.rule == "runtime.key":
        return RefusalError(400, reason.rule, reason.message, hint)
    return RefusalError(403, reason.rule, reason.message, hint, details=verdict.facts.get("paused"))  # type: ignore[arg-type]


def journal_header(fleet: Fleet) -> tuple[bytes, bytes]:
    """Which act of the journal an answer rests on."""
    return b"agentgov-journal", f"{fleet.seq} {fleet.tip}".encode("ascii")


def _headers(lease: Lease, signature: str) -> Headers:
    return (
        (b"etag", lease.etag.encode("ascii")),
        (b"agentgov-signature", signature.encode("ascii")),
        (b"cache-control", f"private, max-age={lease.ttl}".encode("ascii")),
    )


def _entry(caller: AgentCaller, signed: Signed, how: Level) -> Entry:
    terms = signed.lease.terms
    refs = {"token": caller.token, "etag": signed.lease.etag.strip('"'), "variant": terms.variant, "mode": terms.mode}
    return Entry(
        "lease", str(caller.agent), str(caller), caller.environment, terms.release.closure, {**refs, "level": how}
    )


def _salt() -> bytes:
    return secrets.token_bytes(16)


def _complain(future: "asyncio.Future[Receipt] | Future[None]") -> None:
    error = future.exception()
    if error is not None:
        _log.warning("what was leased could not be written down: %s", error)
