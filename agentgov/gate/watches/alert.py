"""Beside the requests: decides who is told of which alert, and delivers what is to be delivered.

Decisions are due at exact moments, and one that is slow to answer delays none of them: what is sent waits in threads of
its own. Of several gates over one store each delivery is one's; a gate that is killed leaves it to the others. The
store has every decision before anything is sent, and every attempt when it begins.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.alerts import notices, route_rows, silence_rows, standing
from agentgov.alerts.addressing import recipients_of
from agentgov.alerts.defaults import effective
from agentgov.alerts.message import Message, decoded
from agentgov.alerts.muting import Circumstances
from agentgov.alerts.notices import Telling
from agentgov.alerts.routing import Way, ways
from agentgov.alerts.senders.outcome import Outcome
from agentgov.alerts.sending import Sending, send
from agentgov.gate.alert_acts import AlertActs
from agentgov.gate.complaint import Complaint
from agentgov.gate.hook_events import event
from agentgov.gate.stops import stop_of
from agentgov.gate.watches.change import ChangeWatch
from agentgov.model.names import agent_id
from agentgov.model.policies import AlertPolicy
from agentgov.runtime import deliveries
from agentgov.runtime.deliveries import Delivery
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_EVERY = 1.0  # seconds between two looks, where nothing is due before
_AT_ONCE = 16  # deliveries that are under way
_RARELY = 300.0  # seconds between two times that what is old is forgotten
_TOPICS = frozenset({"", standing.TOPIC, silence_rows.TOPIC, deliveries.TOPIC})


class AlertWatch:
    """Tells people on behalf of one gate, on its event loop. `environ` holds the secrets of routes."""

    def __init__(self, gate: "Gate", environ: Mapping[str, str]) -> None:
        self._gate, self._environ = gate, environ
        self._acts, self._changes = AlertActs(gate), ChangeWatch(gate)
        self._wake = asyncio.Event()
        self._complain, self._forgot = Complaint(), float("-inf")
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, "agentgov-gate-tells")
        self._next: int | None = None

    async def run(self) -> None:
        """Go on until cancelled."""
        loop = asyncio.get_running_loop()

        def told(topic: str) -> None:
            if topic in _TOPICS:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._wake.set)

        self._gate.store.listen(told)
        try:
            while True:
                try:
                    await self.look()
                except Exception as error:
                    self._complain("alerts cannot be told: %s", error)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            for task in self._under_way:
                task.cancel()
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def look(self) -> None:
        """Decide what is due, do what alerts ask for, and send what waits."""
        gate, told = self._gate, telling(self._gate)
        looked = await gate.read(lambda tx: notices.look(tx, told, gate.clock()))
        self._next = looked.next
        if looked.stale or (looked.next is not None and looked.next <= gate.clock()):
            self._next = await gate.write(lambda tx: notices.flush(tx, told, gate.clock()))
        await self._acts.look()
        await self._changes.look(told)
        await self._deliver()
        if monotonic() - self._forgot > _RARELY:
            self._forgot = monotonic()
            await self._forget()

    def _pause(self) -> float:
        if self._next is None:
            return _EVERY
        return min(max((self._next - self._gate.clock()) / 1000, 0.0), _EVERY)

    async def _deliver(self) -> None:
        gate, room = self._gate, _AT_ONCE - len(self._under_way)
        hooks = tuple(way.name for way in gate.settings.hooks)
        absent = tuple(one for one in deliveries.HOOKS if one not in hooks)
        now_ms = gate.clock()
        held, due = await gate.read(
            lambda tx: (deliveries.has_held(tx, hooks, now_ms), deliveries.next_due(tx, absent))
        )
        if held:
            await gate.write(lambda tx: deliveries.release(tx, hooks, now_ms))
        if room <= 0 or not (held or (due is not None and due <= now_ms)):
            return
        busy = Counter(self._under_way.values())
        for one in await gate.write(lambda tx: deliveries.take_due(tx, gate.clock(), room, busy, absent)):
            task = asyncio.create_task(self._send(one))
            self._under_way[task] = one.route
            task.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._under_way.pop(task, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._complain("what came of a delivery cannot be written down: %s", error)

    async def _send(self, one: Delivery) -> None:
        gate = self._gate
        way = next((way for way in every_way(gate) if way.name == one.route), None)
        if way is None:
            await self._drop(one, "dropped", "there is no such route any more")
            return
        health = await gate.read(lambda tx: route_rows.health(tx, way))
        if health.dead and one.kind != "test":
            await self._drop(one, "dead", f"the route is dead: {health.said}")
            return
        content = await self._content(one)
        if content is None:
            await self._drop(one, "dropped", "it is over, and nobody has to hear of it any more")
            return
        to: tuple[str, ...] = ()
        if way.route.to == "email" and isinstance(content, Message):
            to = await asyncio.to_thread(recipients_of, way.route, content, gate.fleet.view)
        started, sending = monotonic(), Sending(way, one.id, content, self._environ, gate.clock(), to)
        outcome = await asyncio.get_running_loop().run_in_executor(self._threads, send, sending)
        took = int((monotonic() - started) * 1000)
        dice = secrets.randbelow(1001) / 1000
        await gate.write(lambda tx: note(tx, way, one, outcome, took, gate.clock(), dice))
        gate.metrics.delivered(way.route.to, outcome.then)
        if outcome.then != "delivered":
            self._complain("route %s does not deliver: %s", way.name, outcome.said)

    async def _drop(self, one: Delivery, state: deliveries.State, said: str) -> None:
        """End what is not sent."""

        def write(tx: Transaction) -> None:
            deliveries.attempted(tx, one, 0, 0, said)
            deliveries.end(tx, one, state, said, self._gate.clock())

        await self._gate.write(write)

    async def _content(self, one: Delivery) -> Message | bytes | None:
        """What is to be sent, None where it is too late for that."""
        gate = self._gate
        if one.route in deliveries.HOOKS and one.kind != "test":
            return await gate.read(lambda tx: event(tx, one, gate.fleet.id, gate.clock()))
        return decoded(one.body)

    async def _forget(self) -> None:
        gate = self._gate
        for one in await gate.write(lambda tx: deliveries.give_up(tx, gate.clock())):
            self._complain("nobody was told within a day: %s on route %s: %s", one.id, one.route, one.said)
        for forget in (standing.forget, silence_rows.forget, deliveries.forget):
            await gate.write(lambda tx, forget=forget: forget(tx, gate.clock()))  # type: ignore[misc]


def every_way(gate: "Gate") -> tuple[Way, ...]:
    """The routes of the fleet, and those that this gate was started with."""
    return (*telling(gate).ways, *gate.settings.hooks)


def telling(gate: "Gate") -> Telling:
    """By what a gate decides now: the governance that is authorised, and who is paused."""
    fleet = gate.fleet
    policy = fleet.governance.alerts or AlertPolicy()

    def paused(agent: str) -> str:
        known = agent_id(agent)
        stop = stop_of(gate, known, gate.clock()) if known is not None else None
        return stop.id if stop is not None and stop.mode == "stop" else ""

    signals = {one.name: one.rule.signal for one in effective(policy)}
    around = Circumstances((), policy.inhibitions, paused, signals)
    return Telling(ways(policy.routes), around, fleet.id, fleet.governance.fleet.name, gate.url)


def note(tx: Transaction, way: Way, one: Delivery, outcome: Outcome, took: int, now_ms: int, dice: float) -> None:
    """Write down what came of an attempt, in one transaction."""
    deliveries.attempted(tx, one, took, outcome.status, outcome.said)
    if outcome.then == "delivered":
        if deliveries.end(tx, one, "delivered", "", now_ms):
            route_rows.arrived(tx, way, now_ms, test=one.kind == "test")
            if one.tries:
                notices.arrived_late(tx, one, now_ms)
        return
    if outcome.then == "later":
        due = now_ms + deliveries.wait_after(one.tries, outcome.wait, dice)
        deliveries.put_off(tx, one, outcome.said, due)
        return
    if outcome.then == "dead":
        route_rows.died(tx, way, outcome.said, now_ms)
    deliveries.end(tx, one, outcome.then, outcome.said, now_ms)
