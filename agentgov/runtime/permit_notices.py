"""Which permits people are still to be told of: a row that is written with the permit, and goes once they were told.

Nothing here sends: whoever does takes what is due, and says how it went. What is decided meanwhile is told nobody.
"""

from collections.abc import Sequence

from agentgov.store.port import Transaction

TOPIC = "permits"
_FIRST, _LONGEST = 5_000, 600_000  # milliseconds until the next attempt after one failure, and after many
_LEASE = 60_000  # how long whoever took a notice has to say how it went


def announce(tx: Transaction, permit: str, now_ms: int) -> None:
    """Have people told of a permit."""
    tx.run("INSERT INTO permit_notices (permit, tries, due) VALUES (?, 0, ?)", permit, now_ms)
    tx.tell(TOPIC)


def take_due(tx: Transaction, now_ms: int, most: int) -> Sequence[tuple[str, int]]:
    """Some permits of which people are to be told now, with the attempts before; nobody else takes them for a while."""
    rows = tx.all("SELECT permit, tries FROM permit_notices WHERE due <= ? ORDER BY due LIMIT ?", now_ms, most)
    sql = "UPDATE permit_notices SET due = ? WHERE permit = ? AND due <= ?"
    return [(str(id_), int(tries)) for id_, tries in rows if tx.run(sql, now_ms + _LEASE, id_, now_ms) == 1]


def told(tx: Transaction, permit: str) -> None:
    """People were told."""
    tx.run("DELETE FROM permit_notices WHERE permit = ?", permit)


def failed(tx: Transaction, permit: str, tries: int, now_ms: int) -> None:
    """They were not: again later, ever less often."""
    wait = min(_FIRST * 2 ** min(tries, 10), _LONGEST)
    tx.run("UPDATE permit_notices SET tries = ?, due = ? WHERE permit = ?", tries + 1, now_ms + wait, permit)
