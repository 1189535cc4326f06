"""Beside the requests: asks the alert rules about agents of whom there is news, every fifteen seconds.

Of several gates over one store one looks, and another takes over a minute after it is gone. What fires is handed over
in the transaction that notes how far was looked, so that a restart neither forgets an alert nor starts it again.
"""

import asyncio
import secrets
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.alerts import sensed, standing
from agentgov.alerts.alert import Scope
from agentgov.alerts.baseline import Baseline
from agentgov.alerts.defaults import effective
from agentgov.alerts.evaluating import Evaluating, Known
from agentgov.alerts.noticed import write_noticed
from agentgov.alerts.sensed import News, Where
from agentgov.alerts.slots import MINUTE
from agentgov.gate.complaint import Complaint
from agentgov.gate.sense_conditions import Conditions, known_places
from agentgov.model.alert_rules import DEFAULT_NAMES
from agentgov.runtime.telemetry.late import SETTLED
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

EVERY = 15.0  # seconds between two looks
_LOADED = 500  # agents whose windows are read at a time
_BASELINES = 3.0  # seconds of one look in which baselines are made
_RARELY = 300.0  # seconds between two times that what is old is forgotten


class SenseWatch:
    """Looks on behalf of one gate, on its event loop."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._me, self._begun = secrets.token_hex(8), False
        self._complain, self._forgot = Complaint(), float("-inf")
        self._unwritten: list[tuple[str | int, ...]] = []
        self.evaluating = Evaluating(gate.fleet.id)
        self._conditions = Conditions(gate, self._baseline)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            started = monotonic()
            try:
                await self.look()
            except Exception as error:
                self._begun = False  # what was fed and not kept is fed again
                self._complain("alert rules cannot be asked: %s", error)
            await asyncio.sleep(max(EVERY - (monotonic() - started), 1.0))

    async def look(self) -> bool:
        """Look at everything that is new; whether it was this gate's turn."""
        gate, now_ms, started = self._gate, self._gate.clock(), monotonic()
        rows = self._unwritten = self._unwritten or gate.noticed.take()
        if rows:
            await gate.write(lambda tx: write_noticed(tx, rows))
            self._unwritten = []
        turn = await gate.write(lambda tx: sensed.take_turn(tx, self._me, now_ms))
        if turn is None:
            self._begun = False
            gate.metrics.sensed(0, 0, 0, 0)
            return False
        if not self._begun:
            self.evaluating = Evaluating(gate.fleet.id)
            self.evaluating.begin(await gate.read(_all_states))
            self._begun = True
        minute = (now_ms - SETTLED) // MINUTE * MINUTE
        since = turn[1] or minute
        news = await gate.read(lambda tx: sensed.read_news(tx, turn[0], since, max(minute, since)))
        self.evaluating.rules = effective(gate.fleet.governance.alerts)
        wanted = self.evaluating.wanted(news, now_ms)
        await self._load(wanted, turn, now_ms)
        known = await asyncio.to_thread(known_places, self._gate, wanted, now_ms)
        await self._rebase(wanted, known, now_ms)
        await asyncio.to_thread(self.evaluating.look, wanted, news, known, now_ms)
        await self._hand_over(turn, (news.run, max(minute, since)), now_ms)
        gate.metrics.sensed(monotonic() - started, len(wanted), max(0, minute - since - MINUTE) / 1000, now_ms / 1000)
        return True

    def _baseline(self, where: Where) -> Baseline | None:
        return self.evaluating.baseline(where)

    async def _load(self, wanted: set[Where], turn: tuple[int, int], now_ms: int) -> None:
        """Read the windows of those who were not looked at since this gate took over."""
        unread = self.evaluating.unread(wanted)
        longest = self.evaluating.longest
        for start in range(0, len(unread), _LOADED):
            part = unread[start : start + _LOADED]

            def read(tx: Transaction, part: list[Where] = part) -> list[tuple[Where, News]]:
                return [(one, sensed.read_windows(tx, one, turn[0], turn[1], longest, now_ms)) for one in part]

            for where, windows in await self._gate.read(read):
                self.evaluating.load(where, windows)

    async def _rebase(self, wanted: set[Where], known: dict[Where, Known], now_ms: int) -> None:
        started = monotonic()
        for where, closure, since in self.evaluating.stale(wanted, known, now_ms):
            if monotonic() - started > _BASELINES:
                break  # the rest in the next looks
            at = (where, closure, since)
            history = await self._gate.read(
                lambda tx, at=at: sensed.read_history(tx, at[0], at[1], at[2], now_ms)  # type: ignore[misc]
            )
            await asyncio.to_thread(self.evaluating.rebase, where, history, now_ms)

    async def _hand_over(self, turn: tuple[int, int], after: tuple[int, int], now_ms: int) -> None:
        gate, ours = self._gate, self.evaluating
        firing = [*ours.firing(), *await self._conditions.alerts(ours.rules, now_ms)]
        names = DEFAULT_NAMES | {watch.name for watch in ours.rules} | ours.standing_rules()
        states = ours.states()

        def keep(tx: Transaction) -> bool:
            if not sensed.move_on(tx, self._me, turn, after):
                return False
            sensed.keep_states(tx, states)
            standing.put(tx, firing, now_ms, Scope(frozenset(names)))
            return True

        self._begun = await gate.write(keep)
        ours.changed = set()
        if monotonic() - self._forgot > _RARELY:
            self._forgot = monotonic()
            await gate.write(lambda tx: sensed.forget(tx, now_ms))


def _all_states(tx: Transaction) -> dict[Where, sensed.State]:
    return sensed.read_states(tx, sensed.known_spots(tx))
