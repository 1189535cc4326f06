"""Events that agents tell: each a leaf of the ledger, once, however often it is sent; each counted by the minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from agentgov.model.told import EventTell
from agentgov.runtime import ledger
from agentgov.runtime.ledger import Entry
from agentgov.runtime.telemetry import rollups, sessions
from agentgov.runtime.telemetry.attributing import Ran
from agentgov.runtime.telemetry.rollups import MINUTE, Key, Sums, Where
from agentgov.runtime.telemetry.sessions import Heard
from agentgov.runtime.vault import Seal
from agentgov.store.port import Transaction

_canonical = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, of one release (`closure`, "" where nobody knows). `payloads` says what is kept of `attributes`."""

    key: str
    name: str
    session: str
    bad: Mapping[str, bool]
    over: bool
    attributes: Mapping[str, str | bool | int | float]
    closure: str
    payloads: str
    most: int
    salt: bytes
    subject: str = ""  # whom or what it is about
    purpose: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)  # the caller's own records that it belongs to
    seal: Seal | None = None

    @property
    def payload(self) -> bytes:
        """What the ledger keeps beside its leaf."""
        told: dict[str, object] = {"session": self.session, "bad": dict(self.bad), "over": self.over}
        told["refs"] = dict(self.refs)
        content = _canonical.encode(self.attributes)
        if self.payloads == "full" or self.seal is not None:
            told["attributes"] = dict(self.attributes)
        elif self.payloads != "none" and self.attributes:
            told["attributesDigest"] = sha256(self.salt + content).hexdigest()
        return _canonical.encode({name: value for name, value in told.items() if value})


def taken_down(told: EventTell, ran: Ran, salt: bytes, seal: Seal | None = None) -> Event:
    """An event that was told, with what is known of the release that it says it is of."""
    return Event(
        key=told.key,
        name=told.name,
        session=told.session,
        bad=told.bad,
        over=told.over,
        attributes=told.attributes,
        closure=ran.closure,
        payloads=ran.payloads,
        most=ran.most,
        salt=salt,
        subject=told.subject,
        purpose=told.purpose,
        refs=told.refs,
        seal=seal,
    )


def tell(
    tx: Transaction, where: Where, scope: bytes, actor: str, events: Sequence[Event], now_ms: int
) -> tuple[int, tuple[int, ...]]:
    """Take events down; how many were new, and the record of each."""
    new, records = 0, []
    heard: dict[bytes, Heard] = {}
    sums: dict[Key, Sums] = {}
    for one in events:
        known = tx.one(
            "SELECT record FROM events WHERE agent = ? AND environment = ? AND event_key = ?", *where, one.key
        )
        if known is not None:
            records.append(int(known[0]))
            continue
        entry = Entry("event", where[0], actor, where[1], one.closure, {"event": one.name}, one.payload)
        entry = msgspec.structs.replace(entry, subject=one.subject, purpose=one.purpose, seal=one.seal)
        records.append(ledger.append(tx, entry, now_ms, one.salt).seq)
        tx.run(
            "INSERT INTO events (agent, environment, event_key, record, seen) VALUES (?, ?, ?, ?, ?)",
            *(*where, one.key, records[-1], now_ms),
        )
        new += 1
        _count(sums, where, one, now_ms)
        if one.session:
            _hear(heard, scope, one)
    rollups.add(tx, sums)
    sessions.hear(tx, where, heard, now_ms)
    return new, tuple(records)


def _count(sums: dict[Key, Sums], where: Where, one: Event, now_ms: int) -> None:
    key = (*where, now_ms - now_ms % MINUTE, "event", one.name, one.closure, "", "")
    found = sums.setdefault(key, Sums())
    found.calls += 1
    found.errors += any(one.bad.values())


def _hear(heard: dict[bytes, Heard], scope: bytes, one: Event) -> None:
    at = heard.setdefault(sessions.session_id(scope, one.closure, one.session), Heard(one.closure, one.most))
    at.over |= one.over
    for metric, bad in one.bad.items():
        at.told[metric] = at.told.get(metric, False) or bad
