"""The rows of silences: work of one transaction each. What they mean is `silence`'s to say.

Who makes one and who lifts it is written into the ledger in the same transaction. One that is over stays to be seen.
"""

import secrets
from collections.abc import Iterable, Sequence

import msgspec

from agentgov.alerts.silence import Matcher, Silence
from agentgov.runtime import ledger
from agentgov.runtime.ledger import Entry
from agentgov.store.port import Transaction

TOPIC = "silences"
KEPT = 90 * 86_400_000  # milliseconds that one is known after its end
_COLUMNS = "id, matchers, since, until, by_whom, reason, made, lifted, lifted_by"


def make(tx: Transaction, one: Silence, actor: str) -> None:
    """Keep a silence from now on."""
    matchers = msgspec.json.encode(one.matchers).decode()
    tx.run(
        f"INSERT INTO silences ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '')",  # noqa: S608 - ours
        *(one.id, matchers, one.since, one.until, one.by, one.reason, one.made),
    )
    _record(tx, "silence", one, actor, one.made)
    tx.tell(TOPIC)


def lift(tx: Transaction, id_: str, actor: str, who: str, now_ms: int) -> Silence | None:
    """End a silence before its time; None where there is none that could be ended."""
    sql = "UPDATE silences SET lifted = ?, lifted_by = ? WHERE id = ? AND lifted = 0 AND until > ?"
    if tx.run(sql, now_ms, who, id_, now_ms) != 1:
        return None
    found = find(tx, id_)
    assert found is not None
    _record(tx, "silence.lift", found, actor, now_ms)
    tx.tell(TOPIC)
    return found


def find(tx: Transaction, id_: str) -> Silence | None:
    """One of them."""
    return next(iter(_read(tx.all(f"SELECT {_COLUMNS} FROM silences WHERE id = ?", id_))), None)  # noqa: S608 - ours


def in_force(tx: Transaction, now_ms: int) -> tuple[Silence, ...]:
    """Those that mute now or will, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM silences WHERE until > ? AND lifted = 0 ORDER BY made, id"  # noqa: S608 - ours
    return _read(tx.all(sql, now_ms))


def every(tx: Transaction, most: int = 1000) -> tuple[Silence, ...]:
    """All that are known, newest first."""
    return _read(tx.all(f"SELECT {_COLUMNS} FROM silences ORDER BY made DESC, id LIMIT ?", most))  # noqa: S608 - ours


def forget(tx: Transaction, now_ms: int) -> int:
    """Forget those that were over long ago; how many."""
    return tx.run("DELETE FROM silences WHERE until < ?", now_ms - KEPT)


def _record(tx: Transaction, kind: str, one: Silence, actor: str, now_ms: int) -> None:
    agent = next((text.value for text in one.matchers if text.label == "agent" and "*" not in text.value), "")
    payload = {"matchers": [str(text) for text in one.matchers], "reason": one.reason}
    refs = {"silence": one.id, "until": str(one.until)}
    entry = Entry(kind, agent if "/" in agent else "", actor, refs=refs, payload=msgspec.json.encode(payload))
    ledger.append(tx, entry, now_ms, secrets.token_bytes(ledger.SALT))


def _read(rows: Iterable[Sequence[object]]) -> tuple[Silence, ...]:
    return tuple(
        Silence(str(id_), msgspec.json.decode(str(matchers), type=tuple[Matcher, ...]), *rest)  # type: ignore[arg-type]
        for id_, matchers, *rest in rows
    )
