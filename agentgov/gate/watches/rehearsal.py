"""Beside the requests: asks the alert rules about the drills that are held at this gate, as often as about real agents.

A drill is in the memory of the gate where it began. One that nobody ends is over at its time; what a gate left that was
stopped in the middle of one ends with its longest time, by whichever gate looks next.
"""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.alerts import standing
from agentgov.alerts.alert import REHEARSAL, Alert
from agentgov.alerts.defaults import effective
from agentgov.alerts.knowing import known_of
from agentgov.alerts.sensed import Where
from agentgov.gate.complaint import keep_looking
from agentgov.gate.errors import RefusalError
from agentgov.gate.rehearsal import LONGEST, Played, Rehearsal
from agentgov.gate.watches.sense import EVERY
from agentgov.model.alert_rules import DEFAULT_NAMES
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

MOST = 8  # drills at a time
_RARELY = 300.0  # seconds between two times that what was left is looked for


class Rehearsals:
    """The drills that are held at one gate, one at a time about an agent in an environment."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._held: dict[Where, Rehearsal] = {}
        self._looked = float("-inf")

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            await keep_looking(self.look, EVERY, "alert rules cannot be asked about drills: %s")
        finally:
            for one in self._held.values():
                one.close()

    def of(self, where: Where) -> Rehearsal:
        """The drill that is held about an agent. 409 where there is none: what it tells is not to count as real."""
        found = self._held.get(where)
        if found is None:
            message = f"no drill about {where[0]} in {where[1]} is held at this gate"
            raise RefusalError(409, "gate.refused", message, "hold one: agentgov drill run NAME")
        return found

    async def begin(self, played: Played) -> None:
        """Hold a drill. 409 where there is one about this agent, or there are too many."""
        if played.where in self._held:
            message = f"a drill about {played.where[0]} is held already, by {self._held[played.where].played.by}"
            raise RefusalError(409, "gate.refused", message, "wait for its end, or end it: POST /v1/drills/end")
        if len(self._held) >= MOST:
            raise RefusalError(409, "gate.refused", f"{MOST} drills are held at this gate", "wait for the end of one")
        gate = self._gate
        made = await asyncio.to_thread(Rehearsal, played, gate.fleet.id, int(gate.settings.session_end * 1000))
        if self._held.setdefault(played.where, made) is not made:
            await asyncio.to_thread(made.close)
            await self.begin(played)
        else:
            await self._hand_over(made, [])  # what a gate left that was stopped in this very drill is over

    async def end(self, where: Where) -> None:
        """End a drill and its alerts. 409 where none is held."""
        ended = self.of(where)
        del self._held[where]  # first: what a look finds meanwhile is handed over no more
        try:
            await self._hand_over(ended, [])
        except BaseException:
            self._held.setdefault(where, ended)  # to be ended once more
            raise
        await asyncio.to_thread(ended.close)

    async def look(self) -> None:
        """Ask the rules about every drill; end those whose time is over."""
        for where, one in list(self._held.items()):
            if self._held.get(where) is not one:
                continue  # somebody has ended it meanwhile
            if self._gate.clock() >= one.played.until:
                await self.end(where)
            else:
                await self._ask(one)
        if monotonic() - self._looked > _RARELY:
            self._looked = monotonic()
            await self._gate.write(self._end_left)

    async def _ask(self, one: Rehearsal) -> None:
        gate, now_ms = self._gate, self._gate.clock()
        about = one.played.agent, one.played.environment
        known = await asyncio.to_thread(known_of, gate.fleet, gate.terms, *about, stopped=False)
        rules = effective(gate.fleet.governance.alerts)
        firing = await asyncio.to_thread(one.look, rules, known, now_ms)
        if self._held.get(one.played.where) is one:  # nobody has ended it meanwhile
            await self._hand_over(one, firing)

    async def _hand_over(self, one: Rehearsal, firing: list[Alert]) -> None:
        gate = self._gate
        names = DEFAULT_NAMES | {watch.name for watch in effective(gate.fleet.governance.alerts)}
        await gate.write(lambda tx: standing.put(tx, firing, gate.clock(), one.played.scope(names)))

    def _end_left(self, tx: Transaction) -> None:
        """End what a gate left that was stopped in the middle of a drill."""
        now_ms = self._gate.clock()
        for one in standing.current(tx):
            if one.alert.label(REHEARSAL) and one.taken < now_ms - LONGEST:
                standing.resolve(tx, one.fingerprint, "gate", now_ms)
