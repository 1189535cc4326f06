"""The alerts that stand: when each started, went on and ended, who acknowledged it, and what it asks for beside words.

Each function is work of one transaction. `put` takes what an evaluation found: what is new starts, with its record in
the ledger and the acts that it asks for; what its rules no longer find ends. Nothing here tells anybody: who is told,
and when, `notices` decides from what stands.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from agentgov.alerts import ordered
from agentgov.alerts.alert import AGENT, ENVIRONMENT, NAME, SEVERITY, Alert, Scope
from agentgov.runtime import ledger
from agentgov.runtime.ledger import Entry
from agentgov.store.port import Transaction

TOPIC = "alerts"
KEPT = 90 * 86_400_000  # milliseconds that an alert is known after its end
_MOST = 10_000  # alerts of one answer
_COLUMNS = "id, alert, taken, seen, resolved, resolved_by, acknowledged, acknowledged_by"


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert from its start to its end; moments are epoch milliseconds, 0 for not yet."""

    id: int
    alert: Alert
    taken: int
    seen: int
    resolved: int = 0
    resolved_by: str = ""
    acknowledged: int = 0
    acknowledged_by: str = ""

    @property
    def fingerprint(self) -> str:
        """That of its labels."""
        return self.alert.fingerprint

    @property
    def stands(self) -> bool:
        """Whether it goes on."""
        return self.resolved == 0


def put(tx: Transaction, firing: Sequence[Alert], now_ms: int, evaluated: Scope) -> None:
    """Write down what fires, and what no longer does among what was evaluated."""
    known = {one.fingerprint: one for one in current(tx)}
    found = {one.fingerprint: one for one in firing}
    for fingerprint, alert in found.items():
        if fingerprint in known:
            _goes_on(tx, known[fingerprint], alert, now_ms)
        else:
            _start(tx, alert, now_ms)
    over = [one for key, one in known.items() if key not in found and evaluated.covers(one.alert.labels)]
    for one in over:
        _end(tx, one, "", now_ms)
    if over or found.keys() - known.keys():
        tx.tell(TOPIC)


def current(tx: Transaction) -> tuple[Standing, ...]:
    """Every alert that stands, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM alerts WHERE resolved = 0 ORDER BY taken, id LIMIT ?"  # noqa: S608 - ours
    return _read(tx.all(sql, _MOST))


def ended_since(tx: Transaction, since: int) -> tuple[Standing, ...]:
    """Those that ended at that moment or later, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM alerts WHERE resolved > 0 AND resolved >= ? ORDER BY resolved, id LIMIT ?"  # noqa: S608
    return _read(tx.all(sql, since, _MOST))


def find(tx: Transaction, fingerprint: str) -> Standing | None:
    """The alert with a fingerprint: the one that stands, else the last that did."""
    order = "ORDER BY (resolved = 0) DESC, id DESC LIMIT 1"
    rows = tx.all(f"SELECT {_COLUMNS} FROM alerts WHERE fingerprint = ? {order}", fingerprint)  # noqa: S608 - ours
    return next(iter(_read(rows)), None)


def named(tx: Transaction, ids: Iterable[int]) -> tuple[Standing, ...]:
    """Alerts by their numbers."""
    wanted = sorted(set(ids))
    if not wanted:
        return ()
    return _read(tx.among(f"SELECT {_COLUMNS} FROM alerts WHERE id IN (?)", wanted))  # noqa: S608 - ours


def acknowledge(tx: Transaction, fingerprint: str, who: str, now_ms: int) -> Standing | None:
    """Somebody takes care of an alert: the alert, None where none with that fingerprint stands. The first who does so
    is written down; whoever comes later changes nothing."""
    sql = (
        "UPDATE alerts SET acknowledged = ?, acknowledged_by = ? "
        "WHERE fingerprint = ? AND resolved = 0 AND acknowledged = 0"
    )
    if tx.run(sql, now_ms, who, fingerprint):
        found = find(tx, fingerprint)
        assert found is not None
        _record(tx, "alert.acknowledge", found.alert, who, now_ms)
        tx.tell(TOPIC)
    found = find(tx, fingerprint)
    return found if found is not None and found.stands else None


def resolve(tx: Transaction, fingerprint: str, who: str, now_ms: int) -> Standing | None:
    """Somebody says that an alert is over: the alert, None where none stands. It starts again where its rule still
    finds it."""
    found = find(tx, fingerprint)
    if found is None or not found.stands:
        return None
    _end(tx, found, who, now_ms)
    tx.tell(TOPIC)
    return find(tx, fingerprint)


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget what ended long ago; how many alerts."""
    old = "SELECT id FROM alerts WHERE resolved > 0 AND resolved < ?"
    tx.run(f"DELETE FROM alert_acts WHERE alert IN ({old})", now_ms - KEPT)  # noqa: S608 - ours
    return tx.run("DELETE FROM alerts WHERE resolved > 0 AND resolved < ?", now_ms - KEPT)


def _start(tx: Transaction, alert: Alert, now_ms: int) -> None:
    row = tx.one(
        "INSERT INTO alerts (fingerprint, alert, rule, severity, agent, drill, starts, taken, seen, resolved, "
        "resolved_by, acknowledged, acknowledged_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0, '') RETURNING id",
        *(alert.fingerprint, _text(alert), alert.label(NAME), alert.label(SEVERITY), alert.label(AGENT)),
        *(int(alert.drill), alert.starts, now_ms, now_ms),
    )
    assert row is not None
    _record(tx, "alert.start", alert, "gate", now_ms)
    ordered.ask(tx, int(row[0]), alert, now_ms)


def _goes_on(tx: Transaction, known: Standing, alert: Alert, now_ms: int) -> None:
    """Its figures are those of now; it started when it first did."""
    now = replace(alert, starts=known.alert.starts)
    tx.run("UPDATE alerts SET alert = ?, seen = ? WHERE id = ?", _text(now), now_ms, known.id)


def _end(tx: Transaction, one: Standing, who: str, now_ms: int) -> None:
    if tx.run("UPDATE alerts SET resolved = ?, resolved_by = ? WHERE id = ? AND resolved = 0", now_ms, who, one.id):
        if who:
            ordered.drop(tx, one.id, f"{who} ended the alert before")
        _record(tx, "alert.resolve", one.alert, who or "gate", now_ms)


def _record(tx: Transaction, kind: str, alert: Alert, who: str, now_ms: int) -> None:
    refs = {"alert": alert.fingerprint, "rule": alert.label(NAME), "severity": alert.label(SEVERITY)}
    refs |= {"drill": "true"} if alert.drill else {}
    entry = Entry(kind, alert.label(AGENT), who, alert.label(ENVIRONMENT), refs=refs)
    ledger.append(tx, entry, now_ms, secrets.token_bytes(ledger.SALT))


def _text(alert: Alert) -> str:
    return msgspec.json.encode(alert).decode()


def _read(rows: Iterable[Sequence[object]]) -> tuple[Standing, ...]:
    return tuple(
        Standing(int(str(id_)), msgspec.json.decode(str(alert), type=Alert), *rest)  # type: ignore[arg-type]
        for id_, alert, *rest in rows
    )
