"""What budgets reach, where no server looks: written down once in a window, with its record, as a gate does.

A gate that serves the same store tells people of it (`--budget-hook`); here it is a warning of the logger
`agentgov.sdk`. To pause an agent takes an act under a gate's key, so a budget that says `onLimit: pause` refuses what
is more than is left and says that nobody pauses here: that is no pause, and never looks like one. What cannot be
written down is complained of and seen again; no answer depends on it.
"""

import logging
import secrets
from collections.abc import Sequence

from agentgov.errors import AgentgovError
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason, deny
from agentgov.runtime.buckets import Bucket, agent_buckets, levels, names_of, used
from agentgov.runtime.budget_marks import (
    LIMIT,
    Mark,
    limit_asked,
    limit_mark,
    marks_of,
    pauses,
    said_of,
    take,
    usual_after,
)
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms, former_of, standing_terms
from agentgov.runtime.ledger import SALT
from agentgov.runtime.reservations import Wanted
from agentgov.store.port import Store, Transaction

_MOST = 10_000  # marks that are remembered, so that nobody asks the store for them again
_log = logging.getLogger("agentgov.sdk")


class Marking:
    """That of one agent over one store."""

    def __init__(self, store: Store, agent: AgentId, environment: Environment, terms: KnownTerms) -> None:
        self._store, self._agent, self._environment, self._terms = store, agent, environment, terms
        self._known: set[tuple[str, str]] = set()
        self._usual = 0

    def booked(self, fleet: Fleet, windows: str, now_ms: int) -> None:
        """Something was booked in these windows, "" for those of now: which shares of their limits are spent."""
        currency, terms = standing_terms(fleet, self._agent, self._environment, self._terms)
        if isinstance(terms, Reason) or not terms.all:
            return
        at, former = windows or str(terms.windows(now_ms)), former_of(fleet, self._agent, self._environment)
        every = agent_buckets(self._agent, self._environment, at, currency, former)
        buckets = [one for one in every if (one.scope, one.window) in terms.all]
        try:
            found = self._store.read(lambda tx: levels(tx, names_of(buckets))).result()
            who = str(self._agent), self._environment
            spent = [(one, used(one, found).spent) for one in buckets]
            self._write([mark for one, all_ in spent for mark in marks_of(one, all_, terms, who, currency, now_ms)])
        except AgentgovError as error:
            _log.warning("what a budget has reached cannot be written down: %s", error.message)

    def settled(self, amount: int) -> None:
        """The agent told what came of a reservation of so much: what it usually asks for."""
        self._usual = usual_after(self._usual, amount)

    def reached(self, fleet: Fleet, want: Wanted, name: str, now_ms: int) -> Reason | None:
        """More was asked for than is left in a bucket of a chain; why its agent is not paused, where that should be."""
        bucket = next((one for one in want.chain if one.name == name), None)
        _, terms = standing_terms(fleet, self._agent, self._environment, self._terms)
        if bucket is None or isinstance(terms, Reason):
            return None
        most = limit_asked(terms, bucket, want.amount)
        if most is None or not self._limit(bucket, most, want, now_ms):
            return None
        if not pauses(terms, bucket, self._environment):
            return None
        said = f"the budget says onLimit: pause, and without a gate nobody pauses {self._agent}: {bucket.said}"
        return deny("runtime.no-gate", said, bucket.name)

    def _limit(self, bucket: Bucket, most: int, want: Wanted, now_ms: int) -> bool:
        """Whether the limit is as good as reached; then that is written down."""
        if (bucket.period, LIMIT) in self._known:
            return True
        try:
            level = used(bucket, self._store.read(lambda tx: levels(tx, names_of([bucket]))).result())
            mark = limit_mark(bucket, level, most, want, self._usual, now_ms)
            if mark is None:
                return False
            self._write([mark])
        except AgentgovError as error:
            _log.warning("that a budget is spent cannot be written down: %s", error.message)
        return True

    def _write(self, marks: Sequence[Mark]) -> None:
        """Write down those that nobody has written yet."""
        fresh = [one for one in marks if (one.bucket, one.mark) not in self._known]
        if not fresh:
            return

        def write(tx: Transaction) -> list[Mark]:
            return [one for one in fresh if take(tx, one, secrets.token_bytes(SALT))]

        for one in self._store.write(write).result():
            _log.warning("budget: %s", said_of(one))
        if len(self._known) > _MOST:
            self._known.clear()
        self._known |= {(one.bucket, one.mark) for one in fresh}
