"""One request's spans in one transaction: what is new is kept, decided, added up, and recorded in the ledger.

A request that comes twice changes nothing the second time. What is old is forgotten here, too: spans once no copy of
them can be taken any more, sums after thirteen months; where a table has partitions, each as a whole, so up to one
period later.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import msgspec

from agentgov.runtime import ledger
from agentgov.runtime.ledger import Entry
from agentgov.runtime.subjects import subject_index, subject_key
from agentgov.runtime.telemetry import rollups, sessions
from agentgov.runtime.telemetry.attributing import Content
from agentgov.runtime.telemetry.counting import Span, settle
from agentgov.runtime.telemetry.late import add_late
from agentgov.runtime.telemetry.rollups import Where
from agentgov.runtime.telemetry.spans import OLDEST
from agentgov.store.partitions import drop_before
from agentgov.store.port import Transaction

KEPT_SPANS = 2 * OLDEST  # milliseconds
KEPT_SUMS = 400 * 86_400_000
BATCH = 1000  # rows that are forgotten at a time
_FIELDS = (
    "id", "parent", "seen", "covered", "counted", "kind", "name", "closure", "variant", "start", "end", "failed",
    "error", "measured", "sampled", "input", "cached", "output", "reasoning", "currency", "cost", "response", "finish",
    "session", "salt", "digest",
)  # fmt: skip
_OWN = ", ".join({"start": "started", "end": "ended"}.get(name, name) for name in _FIELDS)
_SET = ", ".join(f"{name} = excluded.{name}" for name in _OWN.split(", ")[1:])
_WRITE = (
    f"INSERT INTO spans ({_OWN}, agent, environment) VALUES ({', '.join('?' * (len(_FIELDS) + 2))}) "  # noqa: S608 - ours
    f"ON CONFLICT (id) DO UPDATE SET {_SET}"
)
_BYTES = ("id", "parent", "session", "salt")


@dataclass(frozen=True, slots=True)
class Batch:
    """The spans of one request. `most`: what a run may cost by closure; `aside`: what is quarantined; `bounds`: how
    long a run may take (milliseconds), by the metric that it is bad by otherwise."""

    agent: str
    environment: str
    actor: str
    spans: Sequence[Span]
    now_ms: int
    salt: bytes
    contents: Sequence[Content] = ()
    most: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[tuple[str, str], int] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)

    @property
    def where(self) -> Where:
        """Whose they are."""
        return self.agent, self.environment

    def parts(self, most: int) -> "Iterator[Batch]":
        """The same in transactions of so many spans, so that nothing urgent waits long for one of them."""
        for start in range(0, max(len(self.spans), 1), most):
            part = self.spans[start : start + most]
            ids = {one.id for one in part}
            contents = [one for one in self.contents if one.span in ids]
            yield replace(self, spans=part, contents=contents, aside={} if start else self.aside)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many spans were new, how many had come before, and the ledger's record, None where nothing was new."""

    new: int
    repeated: int
    record: int | None


def keep(tx: Transaction, batch: Batch, *, looked: bool = True) -> Kept:
    """Keep what is new; `looked`: minutes that are over have been looked at, so that what is late is told beside."""
    coming = [msgspec.structs.replace(one) for one in batch.spans]  # a work may run again
    told = _by_response(tx, batch.where, [one.response for one in coming if one.response])
    settled = settle(coming, lambda ids: _known(tx, ids), told)
    if not settled.new:
        return Kept(0, settled.repeated, None)
    _write(tx, batch.where, (*settled.new, *settled.changed))
    fresh = {one.id for one in settled.new}
    _write_contents(tx, [one for one in batch.contents if one.span in fresh], batch.now_ms)
    differences = rollups.differences(batch.where, (*settled.new, *settled.changed))
    rollups.add(tx, differences)
    if looked:
        add_late(tx, differences, batch.now_ms)
    heard = sessions.heard_of(settled.new, settled.changed, batch.most, batch.bounds)
    sessions.hear(tx, batch.where, heard, batch.now_ms)
    put_aside(tx, batch.where, batch.aside, batch.now_ms)
    entries = _entries(batch, settled.new)
    salts = secrets.token_bytes(ledger.SALT * len(entries))  # never the one of the spans, which is kept with them
    first, *_ = ledger.append_all(tx, entries, batch.now_ms, salts)
    return Kept(len(settled.new), settled.repeated, first.seq)


def _entries(batch: Batch, spans: Sequence[Span]) -> list[Entry]:
    """What the ledger says of spans: one record for all that are about the same subject and purpose."""
    groups: dict[tuple[str, str], list[Span]] = {}
    for one in spans:
        groups.setdefault((one.subject, one.purpose), []).append(one)
    where = batch.agent, batch.actor, batch.environment
    return [
        Entry(
            "spans",
            *where,
            refs={"spans": str(len(some)), "digest": _digest(some)},
            subject=subject,
            purpose=purpose,
        )
        for (subject, purpose), some in groups.items()
    ]


def put_aside(tx: Transaction, where: Where, aside: Mapping[tuple[str, str], int], now_ms: int) -> None:
    """Count what is quarantined, by reason and subject."""
    tx.many(
        "INSERT INTO quarantine (agent, environment, reason, subject, spans, since, last) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (agent, environment, reason, subject) "
        "DO UPDATE SET spans = quarantine.spans + excluded.spans, last = excluded.last",
        [(*where, *about, spans, now_ms, now_ms) for about, spans in sorted(aside.items())],
    )


@dataclass(frozen=True, slots=True, order=True)
class Aside:
    """What was quarantined of one agent for one reason."""

    agent: str
    environment: str
    reason: str
    subject: str
    spans: int
    since: int
    last: int


def read_aside(tx: Transaction, since: int, agents: Sequence[str]) -> Sequence[Aside]:
    """What was quarantined of some agents and came again since a moment, by agent."""
    rows = tx.among(
        "SELECT agent, environment, reason, subject, spans, since, last FROM (?) AS asked CROSS JOIN quarantine "
        "WHERE agent = asked.column1 AND last >= asked.column2",
        [(one, since) for one in agents],
    )
    return sorted(Aside(*row) for row in rows)


def read_all_aside(tx: Transaction, since: int) -> Sequence[Aside]:
    """The same of every agent, 10,000 at most."""
    rows = tx.all(
        "SELECT agent, environment, reason, subject, spans, since, last FROM quarantine WHERE last >= ? "
        "ORDER BY agent, environment, reason, subject LIMIT 10000",
        since,
    )
    return [Aside(*row) for row in rows]


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget what is too old, BATCH rows of each kind at most; the most that any kind had."""
    spans, sums = now_ms - KEPT_SPANS, now_ms - KEPT_SUMS
    contents = drop_before(tx, "span_contents", spans)
    minutes = drop_before(tx, "usage_minutes", sums)
    return max(
        tx.run(
            "DELETE FROM spans WHERE id IN (SELECT id FROM spans WHERE seen > 0 AND seen < ? LIMIT ?)", spans, BATCH
        ),
        tx.run(
            "DELETE FROM spans WHERE id IN (SELECT id FROM spans WHERE seen < 0 AND seen > ? LIMIT ?)", -spans, BATCH
        ),
        tx.run(
            "DELETE FROM span_contents WHERE id IN (SELECT id FROM span_contents WHERE seen < ? LIMIT ?)",
            contents,
            BATCH,
        ),
        tx.run("DELETE FROM events WHERE seen < ?", spans),
        tx.run("DELETE FROM usage_minutes WHERE minute < ?", minutes),
        tx.run("DELETE FROM session_minutes WHERE minute < ?", sums),
        tx.run("DELETE FROM quarantine WHERE last < ?", sums),
    )


def _known(tx: Transaction, ids: Iterable[bytes]) -> dict[bytes, Span]:
    rows = tx.among(f"SELECT {_OWN} FROM spans WHERE id IN (?)", list(ids))  # noqa: S608 - ours
    return {one.id: one for one in map(_span, rows)}


def _by_response(tx: Transaction, where: Where, responses: Sequence[str]) -> dict[str, Span]:
    """The spans that count by the responses that they tell of."""
    if not responses:
        return {}
    agent, environment = where
    rows = tx.among(
        f"SELECT {_OWN} FROM (?) AS asked CROSS JOIN spans WHERE response = asked.column1 "  # noqa: S608 - ours
        "AND response <> '' AND agent = asked.column2 AND environment = asked.column3",
        [(one, agent, environment) for one in dict.fromkeys(responses)],
    )
    counts = sorted(map(_span, rows), key=lambda one: (one.counted, one.id))
    return {one.response: one for one in counts}


def _span(row: Sequence[object]) -> Span:
    values = dict(zip(_FIELDS, row, strict=True))
    values |= {name: bytes(values[name]) for name in _BYTES}  # type: ignore[call-overload]
    values |= {name: bool(values[name]) for name in ("failed", "measured", "sampled")}
    found = Span(**values)  # type: ignore[arg-type]
    found.before = found.counted
    return found


def _write(tx: Transaction, where: Where, spans: Sequence[Span]) -> None:
    tx.many(_WRITE, [(*_values(one), *where) for one in sorted(spans, key=lambda one: one.id)])


def _values(one: Span) -> tuple[str | int | bytes, ...]:
    return (
        *(one.id, one.parent, one.seen, one.covered, one.counted, one.kind, one.name, one.closure, one.variant),
        *(one.start, one.end, int(one.failed), one.error, int(one.measured), int(one.sampled), one.input, one.cached),
        *(one.output, one.reasoning, one.currency, one.cost, one.response, one.finish, one.session, one.salt),
        one.digest,
    )


def _write_contents(tx: Transaction, contents: Sequence[Content], now_ms: int) -> None:
    rows = [(one.span, now_ms, said) for one, said in zip(contents, _sealed(tx, contents, now_ms), strict=True)]
    tx.many("INSERT INTO span_contents (id, seen, content) VALUES (?, ?, ?)", rows)


def _sealed(tx: Transaction, contents: Sequence[Content], now_ms: int) -> list[bytes]:
    """What was said, in envelopes where it is to be: of whom it is about, one key for each class and subject."""
    wanted = [(one, one.seal) for one in contents if one.seal is not None]
    if not wanted:
        return [one.said for one in contents]
    key = subject_key(tx) if any(one.subject for one, _ in wanted) else b""
    owned = [((seal.name, subject_index(key, one.subject)), one.said) for one, seal in wanted]
    envelopes = iter(wanted[0][1].vault.seal(tx, owned, now_ms))
    return [one.said if one.seal is None else next(envelopes) for one in contents]


def _digest(spans: Sequence[Span]) -> str:
    """SHA-256 of the spans that were new, in the order of their ids: a row that is changed later does not fit it."""
    told = sha256()
    for one in sorted(spans, key=lambda span: span.id):
        told.update(one.id)
        told.update(repr((one.kind, one.name, one.start, one.end, one.failed, *_usage(one))).encode())
    return told.hexdigest()


def _usage(one: Span) -> tuple[int | str, ...]:
    return one.input, one.cached, one.output, one.reasoning, one.currency, one.cost, one.response, one.digest
