"""Decides in this process what a gate would decide, over a clone of the fleet: the same functions, no server.

What needs memory (quotas, money, records, an agent of `audit: {mode: write-ahead}`) takes a store. People are asked
where a gate serves that store too; else nobody could answer them, and it is refused. A clone that cannot fetch is a
gate that does not answer: leases end at their hard expiry.
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import time_ns
from typing import Any, Literal, TypeVar

import msgspec

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.journal.branch import Journal
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.told import EventTell
from agentgov.model.verdict import Reason, Verdict, deny
from agentgov.repo import clock
from agentgov.runtime import permits
from agentgov.runtime.action_requests import Answered, Asked, Request, decide
from agentgov.runtime.actions import decide_action, running
from agentgov.runtime.budgeting import money_of
from agentgov.runtime.calls import ActionVerdict, Call
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms
from agentgov.runtime.lease import Lease, decide_lease, pause_details
from agentgov.runtime.ledger import Entry, append, tree_at
from agentgov.runtime.pause import Order, Pauses
from agentgov.runtime.pause_orders import read_orders
from agentgov.runtime.permit_ends import Outcome, Told, tell_outcomes
from agentgov.runtime.permit_rows import find
from agentgov.runtime.permit_votes import Electorate
from agentgov.runtime.reservations import Wanted as Money
from agentgov.runtime.rules import Rulebook, Rulebooks
from agentgov.runtime.vault import Vault, seal_of
from agentgov.sdk.answers import Decided, Offer, PermitRef, Reserved, Wanted, Why, why
from agentgov.sdk.errors import Denied, InDoubt, NotSupported, Stopped, Unreachable, refusal_of
from agentgov.sdk.noting import note
from agentgov.sdk.till import Till
from agentgov.store.port import Store

_LOOK = 1.0  # seconds between two looks at the tip of the journal in this clone
_MOST_KEYS = 100_000
_SALT = 16
_GATE = "let a gate serve the same store: agentgov serve --store ..."
_STORE = 'give it a store: agentgov.agent(..., repo=..., store="sqlite:///agent.db")'
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Now:
    """What the last look at the journal found. It never changes, so any thread may decide by it."""

    fleet: Fleet
    deployed: Deployed
    pauses: Pauses


@dataclass(slots=True)
class Embedded:
    """One agent over one clone. `store` is None where nothing is kept; `fetches`: the remote is asked at each look."""

    agent: AgentId
    environment: Environment
    opens: Callable[[], Journal]
    store: Store | None
    fetches: bool = True
    owns_store: bool = False
    vault: Vault | None = None  # where payloads are kept encrypted
    quick: bool = True
    _journal: Journal | None = None
    _now: _Now | None = None
    _git: Any = field(default_factory=threading.RLock)  # one thread at a time reads the repository
    _books: Rulebooks = field(default_factory=Rulebooks)
    _keys: dict[str, bytes] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _terms: KnownTerms = field(default_factory=KnownTerms)
    _till: Till | None = field(init=False)

    def __post_init__(self) -> None:
        self._till = Till(self.store, self.agent, self.environment, self._terms) if self.store is not None else None

    @property
    def journal(self) -> Journal:
        """The journal, over a repository of this process alone: another thread may have held its locks at a fork."""
        if self._journal is None:
            self._journal = self.opens()
        return self._journal

    # --- leases ----------------------------------------------------------------------------------------------------

    def lease(self, known: str, key: str, pinned: str) -> Offer:
        """A lease by the journal as it is now."""
        with self._git:
            now = self._look()
            paused = now.pauses.of(self.agent, clock.now())
            found = decide_lease(now.deployed, paused, key, now.fleet.grounds, pinned)
        if isinstance(found, Verdict):
            raise refusal_of(str(self.agent), found)
        ahead = found.terms.release.agent.spec.audit.mode == "write-ahead"
        if ahead and self.store is None:
            raise Stopped(f"{self.agent} runs only where records are kept", _STORE, rule="runtime.no-store")
        if self._till is not None:
            self._till.sweep(_now_ms())
        if self.store is not None and (ahead or found.etag != known):
            _done(self.store.write(lambda tx: append(tx, self._entry(found), _now_ms(), _salt())))
        return Offer(None if found.etag == known else found.body, found.etag)

    def _look(self) -> _Now:
        try:
            view = self.journal.view(clock.now(), fetch=self.fetches)
        except AgentgovError as error:
            raise Unreachable(f"the journal cannot be followed: {error.message}", error.hint, rule=error.rule) from None
        before = self._now
        if before is None or view.end != before.fleet.view.end:
            known = before is not None and before.fleet.view.repo is view.repo  # of this process
            fleet = Fleet(view, before.fleet if before is not None and known else None)
            before = _Now(fleet, fleet.deployed(self.agent, self.environment), Pauses(view))
        orders = _done(self.store.read(read_orders)) if self.store is not None else ()
        before.pauses.of(self.agent, clock.now())  # read now, so that no decision reads git
        self._now = now = _Now(before.fleet, before.deployed, Pauses(view, orders) if orders else before.pauses)
        return now

    def _entry(self, lease: Lease) -> Entry:
        terms = lease.terms
        refs = {"etag": lease.etag.strip('"'), "variant": terms.variant, "mode": terms.mode, "level": "embedded"}
        return Entry("lease", str(self.agent), self._actor, self.environment, terms.release.closure, refs)

    # --- actions ---------------------------------------------------------------------------------------------------

    def decide(self, wanted: Wanted, key: str) -> Decided:
        """May the agent do this."""
        found = self._decide(wanted, key)
        if not any(one.rule == "action.paused" for one in found.reasons):
            return found
        order = self._now.pauses.of(self.agent, clock.now()) if self._now is not None else None
        return msgspec.structs.replace(found, paused=pause_details(order)) if order is not None else found

    def _decide(self, wanted: Wanted, key: str) -> Decided:
        now, moment = self._now, _now_ms()
        assert now is not None, "a lease came first"
        book = self._book(now, wanted.release)
        if isinstance(book, Reason):
            return Decided("deny", (why(book),))
        fresh = secrets.token_hex(16)
        asked = self._asked(now, book, wanted, moment, fresh, key or fresh)
        verdict = asked.verdict
        if self.store is None:
            return self._unkept(wanted, key, verdict, counted=bool(verdict.demands) or asked.money is not None)
        if verdict.decision == "ask" and not self.store.is_served():
            message = f"people have to be asked, and no gate serves this store, so nobody could answer; {_GATE}"
            lonely = deny("runtime.no-gate", message, wanted.tool)
            verdict = replace(verdict, reasons=(*verdict.reasons, lonely), decision="deny")
            asked = msgspec.structs.replace(asked, verdict=verdict)
        return self._request(self.store, asked)

    def _asked(self, now: _Now, book: Rulebook, wanted: Wanted, now_ms: int, id_: str = "", key: str = "") -> Asked:
        """What is asked, with what is decided about it on what is in memory."""
        call = Call(wanted.tool, wanted.args, wanted.subject, wanted.purpose, wanted.refs)
        verdict = decide_action(book, call, paused=now.pauses.of(self.agent, now_ms // 1000), now_ms=now_ms)
        money = money_of(book, wanted.tool, now.fleet.governance, self._terms, now_ms)
        return Asked(id_, key, book, call, verdict, money, seal_of(self.vault, book.release.agent.spec.audit))

    def _unkept(self, wanted: Wanted, key: str, verdict: ActionVerdict, *, counted: bool) -> Decided:
        """The answer where nothing is kept: what is counted is refused, and so is what people are asked about."""
        if verdict.decision == "ask":
            lonely = deny("runtime.no-gate", "people have to be asked, and there is no gate to ask them", wanted.tool)
            return Decided("deny", tuple(map(why, (*verdict.reasons, lonely))))
        if counted and verdict.decision == "allow":
            return Decided(
                "deny", (Why("runtime.no-store", "deny", f"quotas and money are counted in a store; {_STORE}"),)
            )
        return Decided(verdict.decision, tuple(map(why, verdict.reasons)), again=self._again(wanted, key))

    def _request(self, store: Store, asked: Asked) -> Decided:
        assert self._till is not None, "there is a store"
        self._till.sweep(_now_ms())
        moment, now = _now_ms(), self._now
        found = _done(store.together(decide, Request(asked, self._stands, moment, _salt())))
        if isinstance(asked.money, Money) and now is not None:
            lonely = self._till.limit(now.fleet, asked.money, found.reasons, moment)
            if found.decision == "deny":
                found = msgspec.structs.replace(found, reasons=(*found.reasons, *lonely))
        permit, tree = found.permit, self.agent.workspace
        if found.again and permit is not None:
            tree = _done(store.read(lambda tx: tree_at(tx, permit.agent, found.record, permit.asked)))
        return _told(found, tree)

    def _stands(self, orders: tuple[Order, ...]) -> Order | None:
        """What pauses the agent, by the rows that a transaction sees."""
        now = self._now
        assert now is not None, "a lease came first"
        with self._git:
            pauses = Pauses(now.fleet.view, orders) if orders else now.pauses
            return pauses.of(self.agent, clock.now())

    def _book(self, now: _Now, release: str) -> Rulebook | Reason:
        found = running(now.deployed, release)
        if isinstance(found, Reason):
            return found
        policy = now.fleet.governance.actions
        return self._books.of(self.agent, self.environment, found, policy, now.deployed.formerly)

    def _again(self, wanted: Wanted, key: str) -> bool:
        """Whether this process saw the key before. Denied where it was for another call."""
        if not key:
            return False
        call = b"\0".join((wanted.tool.encode(), wanted.subject.encode(), wanted.raw))
        known = self._keys.get(key)
        if known is None:
            if len(self._keys) >= _MOST_KEYS:
                raise Denied("this process keeps no more keys", _STORE, rule="runtime.no-store")
            self._keys[key] = call
        elif known != call:
            raise Denied("another call was asked for under this key", "use a key once", rule="action.key")
        return known is not None

    def permit(self, id_: str) -> PermitRef:
        """What has become of a permit."""
        found = _done(self.store.read(lambda tx: find(tx, id_))) if self.store is not None else None
        if found is None:
            raise Denied("there is no such permit here", "", rule="permit.unknown")
        return PermitRef(found.id, found.at(_now_ms()), found.expires, found.outcome)

    def consume(self, id_: str, wanted: Wanted) -> Decided:
        """Use a permit that people gave at a gate over the same store. InDoubt where it may be used, and the store did
        not say so."""
        store, now, moment = self.store, self._now, _now_ms()
        if store is None:
            raise NotSupported("people decide permits at a gate", _GATE, rule="runtime.no-gate")
        assert now is not None, "a lease came first"
        book = self._book(now, wanted.release)
        book = self._book(now, "") if isinstance(book, Reason) else book
        if isinstance(book, Reason):
            return Decided("deny", (why(book),))
        use, members, salt = self._asked(now, book, wanted, moment), self._members(now.fleet, moment), _salt()
        try:
            found = _done(store.write(lambda tx: permits.consume(tx, id_, use, self._stands, members, moment, salt)))
        except IncompleteError as error:
            message = f"permit {id_} may be used by this call: {error.message}"
            raise InDoubt(
                message, "look whether it happened; if not, ask people anew", rule="permit.consumed"
            ) from None
        return _told(found, self.agent.workspace)

    def _members(self, fleet: Fleet, now_ms: int) -> Electorate:
        """Whom the rules can name, today: by the journal or by this machine's clock, whichever is later."""
        today = max(fleet.view.today, datetime.fromtimestamp(now_ms / 1000, UTC).date())
        return Electorate(fleet.governance.access, fleet.directory, self.agent, self.environment, today)

    def outcome(self, permit: str, *, ok: bool, done: bool, note: str) -> None:
        """Write down what came of a permit, where anything is written down."""
        if self.store is None:
            return
        what: Outcome = "done" if ok else "failed" if done else "not-done"
        caller, now, salt = (str(self.agent), self.environment), _now_ms(), _salt()
        _, verdict = _done(self.store.together(tell_outcomes, Told(permit, caller, what, note, now, salt)))
        if (offence := verdict.first_offence) is not None:
            raise Denied(offence.message, "", rule=offence.rule)
        if self._till is not None and self._now is not None:
            self._till.marking.booked(self._now.fleet, "", now)

    # --- the rest --------------------------------------------------------------------------------------------------

    def running(self, instance: str, closure: str, release: str, heard: tuple[str, ...]) -> None:
        """There is nobody to tell."""

    def reserve(self, estimate: Mapping[str, Any]) -> Reserved:
        """Set money aside in the store."""
        till, fleet = self._money()
        return till.reserve(fleet, self._stands, estimate, _now_ms())

    def end_reservation(self, id_: str, how: Literal["settle", "release"], actual: Mapping[str, Any]) -> None:
        """Book what was spent, or give it back."""
        till, fleet = self._money()
        till.end(fleet, id_, how, actual, _now_ms())

    def _money(self) -> tuple[Till, Fleet]:
        if self._till is None:
            raise NotSupported("money is set aside in a store, and there is none", _STORE, rule="runtime.no-store")
        assert self._now is not None, "a lease came first"
        return self._till, self._now.fleet

    def events(self, told: Sequence[EventTell]) -> None:
        """Write events down, where anything is written down."""
        now = self._now
        assert now is not None, "a lease came first"
        if self.store is not None:
            _done(note(self.store, now.fleet, now.deployed, told, _now_ms(), self.vault))

    def exporting(self) -> tuple[str, Mapping[str, str]]:
        """Nobody takes traces here."""
        raise NotSupported("traces are sent to a gate", "agentgov.agent(..., gate=...)", rule="runtime.no-gate")

    def listen(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell when the journal of this clone has another tip."""
        with self._git:
            seen = self.journal.known_tip()
        while not self._ended.wait(_LOOK):
            with self._git:
                tip = self.journal.known_tip()
            if tip != seen:
                seen = tip
                heard({"type": "refetchEvaluation"})

    def hush(self) -> None:
        """Listen no more."""
        self._ended.set()

    def close(self) -> None:
        """Let go of the store, where it is this agent's own, once all is written."""
        if self.store is not None and self.owns_store:
            self.store.close()

    def renew(self) -> None:
        """In a child process: whoever held a lock, of this or of the repository, is not here."""
        self._git, self._journal = threading.RLock(), None

    @property
    def _actor(self) -> str:
        return f"agent:{self.agent}@{self.environment}"


def _told(found: Answered, tree: str) -> Decided:
    permit = found.permit
    ref = PermitRef(permit.id, permit.state, permit.expires, permit.outcome) if permit is not None else None
    decision: Any = found.decision
    return Decided(decision, tuple(map(why, found.reasons)), ref, found.record, found.again, tree=tree)


def _now_ms() -> int:
    return time_ns() // 1_000_000


def _salt() -> bytes:
    return secrets.token_bytes(_SALT)


def _done(future: "Future[T]") -> T:
    return future.result()
