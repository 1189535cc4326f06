"""Does what alerts ask for beside telling people: `read-only` and `pause` by the gate's own order, `abort-canary` by an
act that the journal judges; what others do (`incident`) is handed to whoever said that they do it.

The deed, its place in the outbox and what came of it are written in one transaction, so that a gate that is killed in
between neither forgets it nor does it twice. What cannot be done now is tried again; what can never be done is said.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import token_bytes
from typing import TYPE_CHECKING

from agentgov.alerts import ordered, standing
from agentgov.alerts.alert import CANARY, ENVIRONMENT, LANE, NAME
from agentgov.alerts.ordered import Asked, State
from agentgov.alerts.standing import Standing
from agentgov.errors import AgentgovError, IncompleteError
from agentgov.gate.complaint import Complaint
from agentgov.gate.ordering import pause_act
from agentgov.gate.stops import stop_of
from agentgov.journal.draft_text import write_draft
from agentgov.model.names import agent_id
from agentgov.model.policies import aborting_rules
from agentgov.model.transition_case import is_ramping
from agentgov.release.orders import order_abort
from agentgov.runtime import outbox
from agentgov.runtime.ledger import SALT, Entry, append
from agentgov.runtime.outbox import Outgoing
from agentgov.runtime.pause import Mode
from agentgov.runtime.pausing import order_of, take_pause
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_MODES: dict[str, Mode] = {"pause": "stop", "read-only": "read-only"}


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is to be done any more: in which state it ends, why, and the act or incident that it became."""

    state: State
    said: str
    ref: str = ""


# Does what an alert asks for, and answers with the end of it; None where whoever does it writes that down.
Doer = Callable[[Asked, Standing], Awaitable[Done | None]]


class AlertActs:
    """Those of one gate; several of them share what is to be done. What is not done here, `gate.doers` do."""

    def __init__(self, gate: "Gate") -> None:
        self._gate, self._complain = gate, Complaint()

    async def look(self) -> None:
        """Do what is due."""
        gate = self._gate
        if not await gate.read(lambda tx: ordered.is_due(tx, gate.clock())):
            return
        for one in await gate.write(lambda tx: ordered.take_due(tx, gate.clock())):
            found = next(iter(await gate.read(lambda tx, one=one: standing.named(tx, [one.alert]))), None)  # type: ignore[misc]
            if found is not None:
                await self._do(one, found)

    async def _do(self, one: Asked, alert: Standing) -> None:
        gate = self._gate
        try:
            done = await self._done(one, alert)
        except IncompleteError as error:
            said = error.message
            self._complain(f"what an alert asks for cannot be done ({one.act} %s): %s", one.agent, said)
            await gate.write(lambda tx: ordered.put_off(tx, one, said, gate.clock()))
            return
        except AgentgovError as error:
            done = Done("refused", error.message)
        if done is not None:
            end = done
            await gate.write(lambda tx: ordered.end(tx, one, end.state, end.said, end.ref))

    async def _done(self, one: Asked, alert: Standing) -> Done | None:
        if one.act in _MODES:
            return await self._pause(one, alert, _MODES[one.act])
        if one.act == "abort-canary":
            return await self._abort(one, alert)
        doer = self._gate.doers.get(one.act)
        return await doer(one, alert) if doer is not None else Done("refused", "nobody here does it")

    async def _pause(self, one: Asked, alert: Standing, mode: Mode) -> Done | None:
        gate, now_ms = self._gate, self._gate.clock()
        agent, why_not = agent_id(one.agent), self._why_not(one, alert)
        if agent is None or why_not:
            return Done("refused", why_not)
        stop = stop_of(gate, agent, now_ms)
        if stop is not None and (stop.mode == "stop" or mode == "read-only"):
            return Done("refused", f"it is paused already, by {stop.by}", stop.id)
        reason = f"Alert {alert.alert.label(NAME)} ({alert.fingerprint}): {alert.alert.summary}"
        act, text = await asyncio.to_thread(pause_act, gate, str(agent), mode, 0, reason, now_ms)
        order = order_of(act, gate.actor.identity.id, now_ms)

        def write(tx: Transaction) -> bool:
            if not ordered.end(tx, one, "done", f"paused ({mode})", order.id):
                return False
            return take_pause(tx, order, text, salt=token_bytes(SALT), actor="gate")

        if await gate.write(write, urgent=True):
            await gate.control.refresh()
            gate.wake()

        return None

    async def _abort(self, one: Asked, alert: Standing) -> Done | None:
        """Take a canary's traffic. The journal judges the act again, and takes it from a gate only for a rule of the
        fleet that says so, and only while a canary runs."""
        gate, now_ms, rule = self._gate, self._gate.clock(), alert.alert.label(NAME)
        agent, why_not = agent_id(one.agent), self._why_not(one, alert)
        if agent is None or why_not:
            return Done("refused", why_not)
        if rule not in aborting_rules(gate.fleet.governance.alerts):
            return Done("refused", f"governance/alerts.yaml has no rule {rule} that aborts canaries")
        view = gate.fleet.view
        if not is_ramping(view.state.deployment(agent)):
            return Done("refused", "no canary runs, so there is nothing to abort")
        beside, about = gate.fleet.deployed(agent, "production").canary, alert.alert
        if about.label(LANE) == CANARY and (beside is None or about.release != beside.name):
            return Done("refused", f"{about.release} is no longer in canary")
        reason = f"Alert {rule} ({alert.fingerprint}): {alert.alert.summary}"
        words = {"now": now_ms // 1000, "reason": reason, "rule": rule}
        made = await asyncio.to_thread(lambda: order_abort(view, gate.actor, agent, **words))  # type: ignore[arg-type]

        def write(tx: Transaction) -> bool:
            if not ordered.end(tx, one, "done", "the canary is aborted", made.act.id):
                return False
            outgoing = Outgoing(made.act.id, "abort", gate.actor.identity.id, write_draft(made))
            refs = {"act": made.act.id, "alert": alert.fingerprint}
            append(tx, Entry("abort", str(agent), "gate", refs=refs), now_ms, token_bytes(SALT))
            return outbox.put(tx, outgoing, now_ms)

        if await gate.write(write, urgent=True):
            gate.wake()
        return None

    def _why_not(self, one: Asked, alert: Standing) -> str:
        agent, environment = agent_id(one.agent), alert.alert.label(ENVIRONMENT)
        if agent is None or not self._gate.fleet.knows(agent):
            return "the fleet does not know this agent"
        known = environment in ("", "production")
        return "" if known else f"that is done in production, and this is an alert of {environment}"
