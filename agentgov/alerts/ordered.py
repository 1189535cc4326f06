"""What alerts ask for beside telling people: `read-only`, `pause`, `abort-canary`, `incident`. Rows, and no deeds.

What is asked stands in the store with the alert that asks it, in one transaction; who does it takes what is due, and
says what came of it. The same act on the same agent waits for its cool-down: an alert that comes and goes every minute
does not pause an agent every minute. What is left undone for that is written down like all else. An incident does not
wait: a further alert of its agent is added to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentgov.alerts.alert import AGENT, Alert
from agentgov.store.port import Transaction

State = Literal["asked", "done", "cooling", "refused"]
COOL_DOWN = 3_600_000  # milliseconds in which the same is not done to the same agent again
_FIRST, _LONGEST = 1_000, 60_000  # until the next attempt after one failure, and after many
_LEASE = 30_000  # how long whoever took one has to say what came of it
_DONE_HERE = "alert"  # telling people is not an act
_COLUMNS = "alert, act, agent, asked, due, tries, state, said, ref"


@dataclass(frozen=True, slots=True)
class Asked:
    """One of them. `alert` is the number of its alert; `ref` names the act or incident that it became."""

    alert: int
    act: str
    agent: str
    asked: int
    due: int = 0
    tries: int = 0
    state: State = "asked"
    said: str = ""
    ref: str = ""


def ask(tx: Transaction, number: int, alert: Alert, now_ms: int) -> None:
    """Write down what a new alert asks for."""
    agent = alert.label(AGENT)
    for act in alert.do:
        if act == _DONE_HERE:
            continue
        state, said, due = "asked", "", now_ms
        if not agent and act != "incident":
            state, said, due = "refused", "the alert is about no single agent", 0
        elif act != "incident" and (last := _last(tx, agent, act)) and now_ms - last < COOL_DOWN:
            state, said, due = "cooling", f"the same was done {(now_ms - last) // 60_000} minutes before", 0
        row = (number, act, agent, now_ms, due, state, said)
        tx.run(
            "INSERT INTO alert_acts (alert, act, agent, asked, due, tries, state, said, ref) "
            "VALUES (?, ?, ?, ?, ?, 0, ?, ?, '')",
            *row,
        )


def take_due(tx: Transaction, now_ms: int, most: int = 20) -> tuple[Asked, ...]:
    """Some that are to be done now; nobody else takes them for a while."""
    sql = f"SELECT {_COLUMNS} FROM alert_acts WHERE due > 0 AND due <= ? ORDER BY due, alert, act LIMIT ?"  # noqa: S608
    found = [Asked(*row) for row in tx.all(sql, now_ms, most)]
    lease = "UPDATE alert_acts SET due = ? WHERE alert = ? AND act = ? AND due > 0 AND due <= ?"
    return tuple(one for one in found if tx.run(lease, now_ms + _LEASE, one.alert, one.act, now_ms) == 1)


def end(tx: Transaction, one: Asked, state: State, said: str, ref: str = "") -> bool:
    """What came of one; False where somebody else has said so."""
    sql = "UPDATE alert_acts SET state = ?, said = ?, ref = ?, due = 0 WHERE alert = ? AND act = ? AND state = 'asked'"
    return tx.run(sql, state, said, ref, one.alert, one.act) == 1


def put_off(tx: Transaction, one: Asked, said: str, now_ms: int) -> None:
    """It could not be done now: again later."""
    due = now_ms + min(_FIRST * 2 ** min(one.tries, 10), _LONGEST)
    sql = (
        "UPDATE alert_acts SET tries = ?, said = ?, due = ? WHERE alert = ? AND act = ? AND state = 'asked' AND due > 0"
    )
    tx.run(sql, one.tries + 1, said, due, one.alert, one.act)


def drop(tx: Transaction, number: int, said: str) -> None:
    """Somebody ended an alert: what was not done for it is left undone."""
    sql = "UPDATE alert_acts SET state = 'refused', said = ?, due = 0 WHERE alert = ? AND state = 'asked'"
    tx.run(sql, said, number)


def of_alert(tx: Transaction, number: int) -> Sequence[Asked]:
    """What an alert asked for, and what came of it."""
    sql = f"SELECT {_COLUMNS} FROM alert_acts WHERE alert = ? ORDER BY act"  # noqa: S608 - ours
    return [Asked(*row) for row in tx.all(sql, number)]


def _last(tx: Transaction, agent: str, act: str) -> int:
    """When the same that was done was asked for last, 0 for never."""
    sql = "SELECT max(asked) FROM alert_acts WHERE agent = ? AND act = ? AND state = 'done'"
    row = tx.one(sql, agent, act)
    return int(row[0]) if row is not None and row[0] is not None else 0


def is_due(tx: Transaction, now_ms: int) -> bool:
    """Whether anything is to be done now."""
    return tx.one("SELECT 1 FROM alert_acts WHERE due > 0 AND due <= ? LIMIT 1", now_ms) is not None
