"""A store with permits in it: a gate's transactions without HTTP around them, over one agent of the example fleet."""

import secrets
from collections.abc import Mapping
from typing import Any

from actionworld import NOW, REFUNDS, refund, rulebook
from patience import PATIENCE

from agentgov.model.verdict import Reason, Verdict
from agentgov.runtime import permits
from agentgov.runtime.action_requests import Answered, Asked, Request, decide
from agentgov.runtime.actions import decide_action
from agentgov.runtime.calls import Call, Stopped
from agentgov.runtime.permit_ends import Outcome, Told, expire, tell_outcomes
from agentgov.runtime.permit_rows import Permit, find
from agentgov.runtime.permit_votes import Members, vote
from agentgov.runtime.reservations import Wanted
from agentgov.runtime.rules import Rulebook
from agentgov.store.port import Store

LEADS = frozenset({"alice", "bob", "carol"})
ASKED = refund(amount_minor=6000)  # people are asked about this much


def members(selector: str) -> frozenset[str]:
    """Three leads, and nobody else."""
    return LEADS if selector == "team:payments-leads" else frozenset()


class PermitWorld:
    """One agent before one store, at a moment that a test moves."""

    def __init__(self, store: Store, book: Rulebook | None = None) -> None:
        self.store, self.book = store, book or rulebook()
        self.now = NOW
        self.paused: Stopped | None = None
        self.members: Members = members
        self.money: Wanted | Reason | None = None  # what every call costs

    def ask(
        self, key: str, arguments: Mapping[str, Any] = ASKED, subject: str = "", tool: str = "refund.create"
    ) -> Answered:
        """Ask for a call."""
        asked = self._asked(key, tool, arguments, subject)
        request = Request(asked, lambda _: self.paused, self.now, secrets.token_bytes(16))
        return self.store.together(decide, request).result(PATIENCE)

    def consume(self, id_: str, arguments: Mapping[str, Any] = ASKED, subject: str = "") -> Answered:
        """Use a permit."""
        asked = self._asked("", "refund.create", arguments, subject)
        return self.store.write(
            lambda tx: permits.consume(
                tx, id_, asked, lambda _: self.paused, self.members, self.now, secrets.token_bytes(16)
            )
        ).result(PATIENCE)

    def vote(self, id_: str, person: str, decision: str = "approve", owner: str = "") -> tuple[Permit | None, Verdict]:
        """Have somebody decide."""
        return self.store.write(
            lambda tx: vote(tx, id_, person, decision, "seen", owner, self.members, self.now, secrets.token_bytes(16))
        ).result(PATIENCE)

    def expire(self) -> int:
        """End what is over."""
        return self.store.write(lambda tx: expire(tx, self.now, secrets.token_bytes(16))).result(PATIENCE)

    def outcome(self, id_: str, outcome: Outcome) -> Verdict:
        """Tell what came of it."""
        told = Told(id_, (str(REFUNDS), "production"), outcome, "", self.now, secrets.token_bytes(16))
        return self.store.together(tell_outcomes, told).result(PATIENCE)[1]

    def permit(self, id_: str) -> Permit:
        """The permit as it is stored."""
        found = self.store.read(lambda tx: find(tx, id_)).result(PATIENCE)
        assert found is not None
        return found

    def records(self) -> list[str]:
        """The types of all records, oldest first."""
        rows = self.store.read(lambda tx: tx.all("SELECT type FROM records ORDER BY seq")).result(PATIENCE)
        return [str(row[0]) for row in rows]

    def used(self) -> int:
        """What all meters hold together."""
        row = self.store.read(lambda tx: tx.one("SELECT COALESCE(SUM(used), 0) FROM meter_slices")).result(PATIENCE)
        assert row is not None
        return int(row[0])

    def _asked(self, key: str, tool: str, arguments: Mapping[str, Any], subject: str) -> Asked:
        call = Call(tool, arguments, subject)
        verdict = decide_action(self.book, call, paused=None, now_ms=self.now)
        return Asked(secrets.token_hex(16), key, self.book, call, verdict, self.money)
