"""Brings acts that the gate took into the journal: those of people as they signed them, and its own pauses.

Runs in the thread that follows the journal. Git may be away for days: what waits, waits in the store, in order, and a
pause is obeyed all the while. Several processes may try at once; an act lands once, by its id.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Draft, sign
from agentgov.journal.draft_text import read_draft
from agentgov.journal.view import View
from agentgov.model.transitions import Refusal
from agentgov.repo import clock
from agentgov.runtime import outbox, pause_orders
from agentgov.runtime.outbox import Outgoing
from agentgov.runtime.pause import ended
from agentgov.store.port import Store, Transaction

_log = logging.getLogger("agentgov.gate")
_LONGEST_MS = 60_000


class Sender:
    """What one process of the gate sends acts with."""

    def __init__(self, store: Store, journal: Journal, actor: Actor) -> None:
        self._store, self._journal, self._actor = store, journal, actor
        self._refused: dict[str, Refusal] = {}

    def send(self, now_ms: int) -> bool:
        """Append what waits and is due; whether anything became of it."""
        waiting = self._store.read(lambda tx: outbox.queued(tx, now_ms)).result()
        if not waiting:
            return False
        drafts = {one.id: read_draft(one.draft) for one in waiting}
        self._refused = {}
        try:
            after = self._journal.append(
                lambda view: [self._fresh(view, one) for one in drafts.values()],
                self._actor.appender,
                clock.now,
                self._leave_out,
            )
        except AgentgovError as error:
            self._put_off(waiting, error, now_ms)
            return False
        self._note(after, [one.id for one in waiting], now_ms)
        return True

    def tidy(self, view: View) -> None:
        """Forget the orders that the journal ended."""
        orders = self._store.read(pause_orders.read_orders).result()
        head, journal = view.state.head, view.state.pauses()
        over = ended(orders, journal, head.seq, max(clock.now(), head.time))
        unknown = [(one.id, journal[one.id].seq) for one in orders if not one.landed and one.id in journal]
        if over or unknown:

            def write(tx: Transaction) -> None:
                pause_orders.note_landed(tx, unknown)
                pause_orders.forget(tx, over)

            self._store.write(write).result()

    def _fresh(self, view: View, draft: Draft) -> Draft:
        """The gate's own act is signed anew where the governance that it names is too old; a person's never is."""
        head, act = view.state.head, draft.act
        known = act.governance in (head.governance, head.previous_governance)
        if act.is_personal or (known and act.time is not None and act.time >= head.time):
            return draft
        anew = replace(act, governance=head.governance, time=view.time_of_bots(clock.now()))
        return sign(anew, self._actor.appender.signer)

    def _leave_out(self, draft: Draft, refusal: Refusal) -> bool:
        self._refused[draft.act.id] = refusal
        return True

    def _note(self, after: View, ids: Sequence[str], now_ms: int) -> None:
        line, landed = after.memory.line, dict[str, int]()
        for one in ids:
            seq = line.number_of(one, after.tip)
            if seq is not None:
                landed[one] = seq
        refused = {one: self._refused[one] for one in ids if one in self._refused and one not in landed}
        for one, refusal in refused.items():
            _log.warning("the journal does not take act %s: %s (%s)", one, refusal.message, refusal.code)

        def write(tx: Transaction) -> None:
            outbox.forget(tx, now_ms)  # of before: what lands only now is known for a while
            for one, seq in landed.items():
                outbox.land(tx, one, seq)
            for one, refusal in refused.items():
                outbox.refuse(tx, one, f"{refusal.message} ({refusal.code})")
            pause_orders.note_landed(tx, landed.items())

        self._store.write(write).result()

    def _put_off(self, waiting: Sequence[Outgoing], error: AgentgovError, now_ms: int) -> None:
        first = waiting[0]
        wait = min(1000 * 2 ** min(first.attempts, 6), _LONGEST_MS)
        due = now_ms + wait // 2 + secrets.randbelow(wait // 2 + 1)  # several processes do not come back at once
        if not first.attempts:
            kind = "cannot be reached" if isinstance(error, IncompleteError) else "refuses"
            _log.warning("the journal %s; %d acts wait: %s", kind, len(waiting), error.in_one_line)

        def write(tx: Transaction) -> None:
            for one in waiting:
                outbox.put_off(tx, one.id, error.message, due)

        self._store.write(write).result()
