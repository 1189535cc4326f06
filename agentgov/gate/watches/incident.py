"""Beside the requests: calls the next one where nobody acknowledges an incident in time, reminds who did, sends what
the playbook says that people are told, and opens incidents that alerts ask for.

Every step is an act of the journal, taken once by its id; people are reached by the routes of alerts. One step an
incident and look: what follows rests on it. So the gates over one store, and one that was killed, come to the same.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from agentgov.alerts import ordered, standing
from agentgov.alerts.alert import NAME, Alert, Scope
from agentgov.alerts.ordered import Asked
from agentgov.alerts.standing import Standing
from agentgov.errors import IncompleteError
from agentgov.gate.alert_acts import Done
from agentgov.gate.complaint import Complaint
from agentgov.gate.incident_acts import Write, id_for, is_on_its_way, take, written
from agentgov.incident import calling, orders
from agentgov.incident.escalation import next_call, next_message
from agentgov.incident.messages import facts_of, fill, marked
from agentgov.incident.orders import Opening
from agentgov.incident.people import chain_of, comms_of, people_of, playbook_path
from agentgov.incident.playbooks import playbook_of
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.incidents import standing_on
from agentgov.journal.query import acts
from agentgov.journal.view import View
from agentgov.model.incident import Incident
from agentgov.model.names import AgentId, agent_id
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks
_TOLD_MS = 300_000  # how long a message stands as an alert


class IncidentWatch:
    """Looks after the incidents of one fleet, on the event loop of its gate."""

    def __init__(self, gate: "Gate") -> None:
        self._gate, self._complain = gate, Complaint()
        gate.doers["incident"] = self.open

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                self._complain("incidents cannot be looked after: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self) -> None:
        """Take the steps that are due, and have people told of what stands."""
        gate, view, now_ms = self._gate, self._gate.fleet.view, self._gate.clock()
        going = [one for one in view.state.incidents().values() if one.is_standing]
        for one in going:
            write = await asyncio.to_thread(_due, view, one, now_ms)
            if write is not None:
                await self._take(write, now_ms)
        firing = await asyncio.to_thread(_calls, view, gate.fleet.id, going, now_ms)
        told = await asyncio.to_thread(_messages, view, gate.fleet.id, await self._told_up_to(view))
        await self._tell(firing, told, view.state.head.seq, now_ms)

    async def open(self, one: Asked, alert: Standing) -> Done | None:
        """Open the incident that an alert asks for; where one stands for its agent, the alert is added to that."""
        gate, now_ms = self._gate, self._gate.clock()
        agent = agent_id(one.agent)
        if agent is None or not gate.fleet.knows(agent):
            return Done("refused", "the alert is about no single agent that the fleet knows")
        view = gate.fleet.view
        if await gate.read(lambda tx: is_on_its_way(tx, str(agent), view.state.head.seq)):
            raise IncompleteError(f"a step of an incident of {agent} is on its way to the journal")
        stands = standing_on(view, agent, "drill" if alert.alert.drill else "real")
        if stands is not None and alert.fingerprint in stands.alerts:
            return Done("done", f"{stands.id} has it already", stands.id)
        ended = stands is None and _ended_lately(view, alert, now_ms)
        if ended:
            return Done("cooling", f"{ended} was about it, and is over", ended)
        write = _add(stands, alert) if stands is not None else _open(view, agent, alert, now_ms)
        draft = await asyncio.to_thread(written, gate, write, now_ms)
        said, ref = ("added to it" if stands is not None else "opened"), draft.act.get("Incident")

        def work(tx: Transaction) -> bool:
            return ordered.end(tx, one, "done", said, ref) and take(tx, draft, now_ms)

        if await gate.write(work, urgent=True):
            await gate.control.refresh()
            gate.wake()
        return None

    async def _take(self, write: Write, now_ms: int) -> None:
        draft = await asyncio.to_thread(written, self._gate, write, now_ms)
        if await self._gate.write(lambda tx: take(tx, draft, now_ms)):
            self._gate.wake()

    async def _told_up_to(self, view: View) -> int:
        """The act up to which messages were told. A store that never heard of any begins with what is there now."""
        row = await self._gate.read(lambda tx: tx.one("SELECT seq FROM incident_messages WHERE id = 1"))
        return int(row[0]) if row is not None else view.state.head.seq

    async def _tell(self, firing: list[Alert], messages: list[Alert], seq: int, now_ms: int) -> None:
        calls = Scope(frozenset({calling.UNACKNOWLEDGED, calling.REMINDER}))
        said = Scope(frozenset({calling.MESSAGE}))
        stood = await self._gate.read(standing.current)
        known = {one.fingerprint for one in stood if calls.covers(one.alert.labels)}
        old = [one for one in stood if one.alert.label(NAME) == calling.MESSAGE]
        over = [one for one in old if one.taken + _TOLD_MS <= now_ms]
        if known == {one.fingerprint for one in firing} and not messages and not over:
            row = await self._gate.read(lambda tx: tx.one("SELECT seq FROM incident_messages WHERE id = 1"))
            if row is not None:
                return
        kept = [one.alert for one in old if one not in over]

        def work(tx: Transaction) -> None:
            standing.put(tx, firing, now_ms, calls)
            standing.put(tx, [*kept, *messages], now_ms, said)
            tx.run(
                "INSERT INTO incident_messages (id, seq) VALUES (1, ?) "
                "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq WHERE incident_messages.seq < excluded.seq",
                seq,
            )

        await self._gate.write(work)


def _due(view: View, incident: Incident, now_ms: int) -> Write | None:
    """The step of an incident that is due now, None for none."""
    now = now_ms // 1000
    call = next_call(incident, chain_of(view, incident), now_ms)
    if call is not None:
        act_id = id_for(call.due, incident.id, "escalate", str(call.level))
        return partial(_escalate, incident, call.who, act_id, now)
    message = next_message(incident, comms_of(view, incident), now_ms)
    if message is None:
        return None
    facts = facts_of(incident, now=now, release=orders.release_of(view, incident))
    text = marked(incident, fill(message.template, facts))
    act_id = id_for(message.due, incident.id, message.key)
    return partial(_message, incident, message.to, text, message.key, act_id, now)


def _escalate(incident: Incident, who: str, act_id: str, now: int, view: View, actor: Actor) -> Draft:
    return orders.escalate(view, actor, incident, [who], now=now, act_id=act_id)


def _message(
    incident: Incident, who: str, text: str, key: str, act_id: str, now: int, view: View, actor: Actor
) -> Draft:
    return orders.tell(view, actor, incident, [who], text, key=key, now=now, act_id=act_id)


def _calls(view: View, fleet: str, going: Iterable[Incident], now_ms: int) -> list[Alert]:
    return [
        alert
        for one in going
        for alert in calling.standing_calls(fleet, one, chain_of(view, one), now_ms, partial(people_of, view, one))
    ]


def _messages(view: View, fleet: str, told: int) -> list[Alert]:
    """What the acts after one tell people."""
    found: list[Alert] = []
    if view.state.head.seq <= told:
        return found
    for logged in acts(view.repo, view.tip):
        if logged.head.seq <= told:
            break
        incident = view.state.incident(logged.act.get("Incident"))
        if logged.act.kind == "incident" and logged.act.get("Step") == "message" and incident is not None:
            found += calling.message_alerts(fleet, incident, logged.act, partial(people_of, view, incident))
    return found


def _ended_lately(view: View, alert: Standing, now_ms: int) -> str:
    """The id of an incident that was about an alert, began within its cool-down, and is over; "" for none. An alert
    that comes and goes opens no row of them."""
    began = (one for one in view.state.incidents().values() if alert.fingerprint in one.alerts)
    return next((one.id for one in began if now_ms - one.opened.said_at < ordered.COOL_DOWN), "")


def _open(view: View, agent: AgentId, alert: Standing, now_ms: int) -> Write:
    path = playbook_path(view, agent)
    book = playbook_of(view, path) if path else None
    severity = book.severity if book is not None else 2 if alert.alert.label("severity") == "page" else 3
    what = Opening(
        (agent,),
        alert.alert.summary,
        severity,
        kind="drill" if alert.alert.drill else "real",
        alerts=(alert.fingerprint,),
        playbook=path,
    )
    reason = f"Alert {alert.alert.label(NAME)} ({alert.fingerprint})"
    return lambda view, actor: orders.open_incident(view, actor, what, now=now_ms // 1000, reason=reason)


def _add(incident: Incident, alert: Standing) -> Write:
    fields = [("Alert", alert.fingerprint)]
    reason = f"Alert {alert.alert.label(NAME)}: {alert.alert.summary}"

    def write(view: View, actor: Actor) -> Draft:
        now = view.state.head.time
        return orders.take_step(view, actor, incident, "alert", "add an alert to", fields, now=now, reason=reason)

    return write
