"""Tells PagerDuty what changed in production (change events, which wake nobody), so that whoever is paged sees it
beside the page: a canary that began, a release that took over, went back or was aborted.

The journal is read from the act on that was told last; that number is kept with the deliveries, in one transaction. A
store that knows of none begins with the present.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from agentgov.alerts.alert import labels_of
from agentgov.alerts.message import CHANGE, Message, Told, encoded
from agentgov.alerts.notices import Telling
from agentgov.journal.query import Logged, acts
from agentgov.journal.view import View
from agentgov.repo.repository import Repository
from agentgov.runtime import deliveries
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_KINDS = frozenset({"canary", "graduate", "rollback", "abort"})
_MARK = "alert.changes"
_MOST = 1000  # acts of one look


class ChangeWatch:
    """What one gate tells; several of them share the number."""

    def __init__(self, gate: "Gate") -> None:
        self._gate, self._seen = gate, ""

    async def look(self, telling: Telling) -> None:
        """Have told what came into the journal since the last look."""
        gate, view = self._gate, self._gate.fleet.view
        if view.tip == self._seen:
            return
        ways = [way.name for way in telling.ways if way.route.to == "pagerduty"]
        known, head = await gate.read(_known), view.state.head.seq
        start = head if known is None or known > head else known
        found = await asyncio.to_thread(_since, view, start) if ways and start < head else []

        def write(tx: Transaction) -> None:
            if _known(tx) == known:  # else another gate has told it
                for logged in found:
                    _put(tx, telling, ways, logged, gate.clock())
                _keep(tx, head)

        await gate.write(write)
        self._seen = view.tip


def _since(view: View, seq: int) -> list[Logged]:
    """The acts after a number that change what production runs, oldest first."""
    repo, commits = Repository(view.repo.location), view.memory.line.commits(view.tip)
    logged = (next(acts(repo, commit)) for commit in commits[seq + 1 :][-_MOST:])
    return [one for one in logged if one.act.kind in _KINDS]


def _put(tx: Transaction, telling: Telling, ways: Sequence[str], logged: Logged, now_ms: int) -> None:
    act = logged.act
    named = {"alertname": act.kind, "agent": act.get("Agent"), "fleet": telling.fleet}
    name, _, _ = act.get("Release").partition(" ")  # as people know it, without the ids behind it
    one = Told(labels_of(named), int(logged.moment.timestamp() * 1000), act.subject, release=name)
    body = encoded(
        Message(CHANGE, telling.fleet, telling.name, act.get("Agent"), now_ms, (one,), telling.url, act.actor)
    )
    for way in ways:
        id_ = sha256(f"{way}\0change\0{act.id}".encode()).hexdigest()[:32]
        deliveries.put(tx, id_, way, "changes", "change", body, now_ms)


def _known(tx: Transaction) -> int | None:
    row = tx.one("SELECT said FROM marks WHERE name = ?", _MARK)
    return int(row[0]) if row is not None else None


def _keep(tx: Transaction, seq: int) -> None:
    sql = "INSERT INTO marks (name, said) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET said = excluded.said"
    tx.run(sql, _MARK, str(seq))
