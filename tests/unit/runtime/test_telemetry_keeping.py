"""What is kept of spans, in both databases: once, in the minutes where it belongs, and as long as it may be needed."""

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from patience import PATIENCE

from agentgov.runtime import ledger
from agentgov.runtime.subjects import subject_index, subject_key
from agentgov.runtime.telemetry import keeping, rollups, sessions
from agentgov.runtime.telemetry.attributing import Content, scope_of
from agentgov.runtime.telemetry.counting import Span
from agentgov.runtime.telemetry.events import Event, tell
from agentgov.runtime.telemetry.keeping import Batch, Kept
from agentgov.runtime.telemetry.late import read_late
from agentgov.runtime.telemetry.rollups import MINUTE, MOST, Line
from agentgov.runtime.vault import Seal, Vault, envelope_of
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

NOW = 1_800_000_000_000
WHERE = ("support/triage", "production")
SALT = b"s" * 16
SCOPE = scope_of(*WHERE)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def _keep(store: Store, spans: Sequence[Span], *, at: int = NOW, most: int = 0) -> Kept:
    batch = Batch(*WHERE, "agent:x", spans, at, SALT, most={"c" * 64: most}, aside={("unpriced", "m"): 1})
    return store.write(lambda tx: keeping.keep(tx, batch)).result(PATIENCE)


def _call(name: str, parent: str = "", *, ms: int = 80, cost: int = 5, end: int = NOW, **more: object) -> Span:
    found = Span(SCOPE + name.encode(), SCOPE + parent.encode() if parent else b"", NOW, kind="model", name="m")
    found.start, found.end, found.closure, found.variant, found.currency = end - ms, end, "c" * 64, "stable", "USD"
    found.input, found.output, found.cost, found.measured, found.session = 10, 2, cost, True, b"session"
    for field, value in more.items():
        setattr(found, field, value)
    return found


def _lines(store: Store, since: int = 0, until: int = NOW + MINUTE) -> Sequence[Line]:
    return store.read(lambda tx: rollups.read(tx, *WHERE, since, until)).result(PATIENCE)


def _ended(store: Store, before: int = NOW + 1) -> dict[str, int]:
    store.write(lambda tx: sessions.end(tx, before)).result(PATIENCE)
    return store.read(lambda tx: sessions.counted(tx, *WHERE, "c" * 64, 0, NOW + MINUTE)).result(PATIENCE)


def test_a_request_that_comes_twice_is_taken_once(store: Store) -> None:
    spans = [_call(str(number), ms=number * 10 + 1) for number in range(120)]
    first, again = _keep(store, spans), _keep(store, [*spans[:3], _call("new")])
    assert (first.new, first.repeated, again.new, again.repeated) == (120, 0, 1, 3)
    assert again.record == 1
    assert _keep(store, spans) == Kept(0, 120, None)
    (line,) = _lines(store)
    assert (line.sums.calls, line.sums.input, line.sums.cost) == (121, 1210, 605)
    assert (line.sums.quantile(0.5), line.sums.quantile(0.95)) == (1000, 2000)
    assert sum(line.sums.classes) == 121


def test_a_large_request_is_kept_in_parts(store: Store) -> None:
    spans = [_call(str(number)) for number in range(7)]
    contents = [Content(one.id, b"{}") for one in spans]
    whole = Batch(*WHERE, "agent:x", spans, NOW, SALT, contents, aside={("unpriced", "m"): 7})
    parts = list(whole.parts(3))
    assert [len(one.spans) for one in parts] == [3, 3, 1]
    for part in parts:
        store.write(lambda tx, part=part: keeping.keep(tx, part)).result(PATIENCE)  # type: ignore[misc]
    kept = store.read(lambda tx: tx.one("SELECT count(*) FROM span_contents")).result(PATIENCE)
    (aside,) = store.read(lambda tx: keeping.read_all_aside(tx, 0)).result(PATIENCE)
    assert (kept, aside.spans) == ((7,), 7)


def test_a_call_that_turns_out_not_to_count_is_taken_away_where_it_was(store: Store) -> None:
    _keep(store, [_call("outer", end=NOW - 5 * MINUTE)])
    assert [one.sums.calls for one in _lines(store, until=NOW - MINUTE)] == [1]
    _keep(store, [_call("inner", "middle")])
    _keep(store, [Span(SCOPE + b"middle", SCOPE + b"outer", NOW)])
    assert _lines(store, until=NOW - MINUTE) == []
    assert [one.sums.cost for one in _lines(store)] == [5]
    assert _ended(store) == {"": 1, "error": 0}


def test_the_same_response_counts_once_across_requests(store: Store) -> None:
    _keep(store, [_call("a", response="r-1")])
    _keep(store, [_call("b", response="r-1"), _call("c", response="r-2")])
    assert [one.sums.calls for one in _lines(store)] == [2]


def test_spans_are_recorded_by_whom_they_are_about_and_what_they_are_for(store: Store) -> None:
    spans = [_call("a"), _call("b", subject="Ada", purpose="treatment"), _call("c", subject="Ada", purpose="treatment")]
    _keep(store, [*spans, _call("d", subject="Bob")])
    found = store.read(lambda tx: ledger.read(tx, subject="Ada")).result(PATIENCE)
    assert [(one.content["purpose"], one.content["refs"]["spans"]) for one in found] == [("treatment", "2")]
    assert b"Ada" not in found[0].leaf
    assert len(store.read(ledger.read).result(PATIENCE)) == 3


def test_what_was_said_of_somebody_cannot_be_read_once_they_are_erased(store: Store) -> None:
    vault = Vault([secrets.token_bytes(32)])
    spans = [_call("ada"), _call("bob"), _call("clear")]
    seal = Seal(vault, "patients")
    contents = [
        Content(spans[0].id, b"of ada", "ada", seal),
        Content(spans[1].id, b"of bob", "bob", seal),
        Content(spans[2].id, b"of nobody"),
    ]
    batch = Batch(*WHERE, "agent:x", spans, NOW, SALT, contents)
    store.write(lambda tx: keeping.keep(tx, batch)).result(PATIENCE)

    def read(tx: Transaction) -> list[bytes | None]:
        rows = [tx.one("SELECT content FROM span_contents WHERE id = ?", one.id) for one in spans]
        kept = [bytes(row[0]) for row in rows if row is not None]
        envelopes = [(one, envelope_of(one)) for one in kept]
        return [vault.open(tx, sealed) if sealed is not None else one for one, sealed in envelopes]

    assert store.read(read).result(PATIENCE) == [b"of ada", b"of bob", b"of nobody"]
    index = store.read(lambda tx: subject_index(subject_key(tx), "ada")).result(PATIENCE)
    store.write(lambda tx: tx.run("DELETE FROM data_keys WHERE subject = ?", index)).result(PATIENCE)
    assert store.read(read).result(PATIENCE) == [None, b"of bob", b"of nobody"]


def test_late_spans_come_to_the_minute_in_which_they_ended(store: Store) -> None:
    _keep(store, [_call("now")])
    _keep(store, [_call("late", end=NOW - 3 * 86_400_000)])
    assert [one.sums.calls for one in _lines(store, NOW - 4 * 86_400_000, NOW - 2 * 86_400_000)] == [1]


def test_sessions_are_counted_once_they_are_over(store: Store) -> None:
    _keep(store, [_call("a", cost=4)], most=10)
    _keep(store, [_call("b", cost=7, session=b"session")], at=NOW + 10, most=10)
    _keep(store, [_call("c", broke=True, session=b"other", cost=1)], most=10)
    assert _ended(store, NOW + 5) == {"": 1, "error": 1, "cost": 0}
    assert _ended(store, NOW + 20) == {"": 2, "error": 1, "cost": 1}
    assert _ended(store, NOW + 30) == {"": 2, "error": 1, "cost": 1}


def test_events_say_what_no_span_does(store: Store) -> None:
    def event(key: str, *, bad: bool, over: bool = False) -> Event:
        return Event(key, "judged", "s", {"quality": bad}, over, {"why": "x"}, "c" * 64, "hashed", 0, SALT)

    def told(*events: Event) -> tuple[int, tuple[int, ...]]:
        return store.write(lambda tx: tell(tx, WHERE, SCOPE, "agent:x", events, NOW)).result(PATIENCE)

    assert told(event("1", bad=False), event("2", bad=True)) == (2, (0, 1))
    assert told(event("2", bad=True), event("3", bad=False, over=True)) == (1, (1, 2))
    assert _ended(store, 1) == {"": 1, "error": 0, "quality": 1}
    payload = store.read(lambda tx: tx.one("SELECT payload FROM payloads ORDER BY seq")).result(PATIENCE)
    assert payload is not None
    assert b"why" not in bytes(payload[0])
    assert b"attributesDigest" in bytes(payload[0])


def test_what_is_old_is_forgotten_and_sums_are_not(store: Store) -> None:
    _keep(store, [_call("a", "above")])
    later = NOW + keeping.KEPT_SPANS + 1
    assert store.write(lambda tx: keeping.forget(tx, later)).result(PATIENCE) == 1
    left = store.read(lambda tx: tx.one("SELECT count(*) FROM spans")).result(PATIENCE)
    assert left == (0,)
    assert [one.sums.calls for one in _lines(store)] == [1]


def test_what_is_quarantined_adds_up(store: Store) -> None:
    _keep(store, [_call("a")])
    _keep(store, [_call("b")], at=NOW + 7)
    (found,) = store.read(lambda tx: keeping.read_all_aside(tx, NOW)).result(PATIENCE)
    assert (found.reason, found.subject, found.spans, found.since, found.last) == ("unpriced", "m", 2, NOW, NOW + 7)


@pytest.mark.attack("S4")
def test_absurd_numbers_stop_where_they_break_no_sum(store: Store) -> None:
    absurd: dict[str, Any] = {"cost": MOST, "input": 3 * 10**17, "start": 1}
    for minute in range(6):
        ended = NOW - minute * MINUTE
        for part in range(3):
            spans = [_call(f"{minute}.{part}.{number}", end=ended, **absurd) for number in range(40)]
            _keep(store, spans, at=NOW + 3 * MINUTE)
    (line,) = _lines(store)
    assert (line.sums.calls, line.sums.cost, line.sums.input) == (720, 6 * MOST, 6 * MOST)
    assert line.sums.duration > MOST // 10
    _keep(store, [_call("plain", end=NOW - 10 * MINUTE)])
    assert _lines(store)[0].sums.cost == 6 * MOST + 5
    _keep(store, [_call(f"within.{number}", f"0.0.{number}", cost=7) for number in range(40)])  # takes those away
    assert _lines(store)[0].sums.calls == 721
    late = store.read(lambda tx: list(read_late(tx, 0))).result(PATIENCE)
    assert max(abs(one.cost) for one in late) == MOST
    assert store.write(lambda tx: sessions.end(tx, NOW + 4 * MINUTE)).result(PATIENCE) == 1


def test_many_full_minutes_are_added_up_exactly(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        sums = {at: rollups.Sums(calls=1, cost=MOST - at, input=at) for at in range(3000)}
        rows = {(*WHERE, at * MINUTE, "model", "m", "c" * 64, "stable", "USD"): one for at, one in sums.items()}
        rollups.add(tx, rows)

    store.write(fill).result(PATIENCE)
    (line,) = _lines(store)
    assert (line.sums.calls, line.sums.cost) == (3000, 3000 * MOST - sum(range(3000)))
    assert line.sums.input == sum(range(3000))
