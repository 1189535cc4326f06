"""What is so or not of a fleet, as one gate knows it: out of its store, the journal that it serves, and itself.

Asked with every look at the alert rules. Budgets are projected once a minute, and late reviews looked for every five.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.alerts import conditions
from agentgov.alerts.alert import Alert
from agentgov.alerts.baseline import Baseline
from agentgov.alerts.conditions import Found, Moved
from agentgov.alerts.evaluating import Known
from agentgov.alerts.exhaustion import Spending, judge_exhaustion, judge_rolling
from agentgov.alerts.holding import Holding
from agentgov.alerts.knowing import known_of
from agentgov.alerts.sensed import Where
from agentgov.alerts.watched import Watched
from agentgov.alerts.wording import fleet_alerts
from agentgov.gate.budget_bars import Bar, Bars, Budgets
from agentgov.gate.stops import stop_of
from agentgov.journal.query import acts_from
from agentgov.journal.view import View
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime.buckets import lasting, levels
from agentgov.runtime.burn import Burn
from agentgov.runtime.deployed import Deployed
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_BUDGETS, _REVIEWS = 60.0, 300.0  # seconds between two looks at them
_PAGE = 500  # agents whose budgets are read at a time


class Conditions:
    """Those of one gate; `baseline` is what is normal for an agent."""

    def __init__(self, gate: "Gate", baseline: Callable[[Where], Baseline | None]) -> None:
        self._gate, self._baseline = gate, baseline
        self._projected = self._reviewed = float("-inf")
        self._spent: list[Found] = []
        self._late: list[Found] = []
        self._moved: tuple[View | None, dict[str, Moved]] = (None, {})
        self._holding = Holding()

    async def alerts(self, rules: tuple[Watched, ...], now_ms: int) -> list[Alert]:
        """What the rules say of everything that is so now."""
        gate = self._gate
        after: dict[str, int] = {}
        for watch in rules:
            after[watch.rule.signal] = min(watch.after, after.get(watch.rule.signal, watch.after))

        def read(tx: Transaction) -> list[Found]:
            found = conditions.unpriced_models(tx, now_ms)
            found += conditions.reached_budgets(tx, now_ms)
            found += conditions.waiting_permits(tx, after.get("permit-waiting", 0), now_ms)
            stop = self._stop(now_ms)
            return found + conditions.unheard_pauses(tx, stop, after.get("pause-unacknowledged", 0), now_ms)

        found = await gate.read(read)
        found += conditions.faults(gate.ledger.broken, gate.unsound, self._journal(), now_ms)
        if monotonic() - self._projected > _BUDGETS:
            self._projected, self._spent = monotonic(), await self._exhausted(now_ms)
        return await asyncio.to_thread(self._alerts, rules, [*found, *self._spent], now_ms)

    def _alerts(self, rules: tuple[Watched, ...], found: list[Found], now_ms: int) -> list[Alert]:
        """With what has to be looked up in the journal. Not on the event loop."""
        view = self._gate.fleet.view
        moved = conditions.moved_tags(self._moved_in(view).values())
        if monotonic() - self._reviewed > _REVIEWS:
            self._reviewed, self._late = monotonic(), self._late_reviews(now_ms)
        return fleet_alerts(rules, self._gate.fleet.id, [*found, *moved, *self._late], self._labels)

    def _moved_in(self, view: View) -> Mapping[str, Moved]:
        """Agents that are held since a tag of theirs moved; read are those whose deployments are others than before."""
        before, known = self._moved
        if before is not view:
            changed = view.changed_deployments(before.tree if before is not None else None)
            if changed is None:
                known, changed = {}, dict.fromkeys(map(str, view.deployed()), True)
            same = {agent: one for agent, one in known.items() if agent not in changed}
            self._moved = view, same | dict(moved_in(view, changed))
        return self._moved[1]

    def _journal(self) -> str:
        """Why the journal is not believed, "" where it is."""
        following = self._gate.following
        stretch = following.fleet.view.stretch
        if following.refused or stretch is None or stretch.is_of_clock:
            return following.refused
        return f"it holds what is no act: {stretch.message} ({stretch.code} at {stretch.first[:12]})"

    def _labels(self, agent: AgentId) -> Mapping[str, str]:
        fleet = self._gate.fleet
        if not fleet.knows(agent):
            return {}
        stable = next((one for place in ENVIRONMENTS if (one := fleet.deployed(agent, place).stable) is not None), None)
        return stable.agent.metadata.labels if stable is not None else {}

    def _stop(self, now_ms: int) -> Callable[[str], tuple[str, int] | None]:
        gate = self._gate

        def stop(agent: str) -> tuple[str, int] | None:
            known = agent_id(agent)
            found = stop_of(gate, known, now_ms) if known is not None else None
            if found is None:
                return None
            since = next((one.since for one in gate.pauses.all(now_ms // 1000) if one.id == found.id), 0)
            return (found.id, since) if since else None

        return stop

    def _late_reviews(self, now_ms: int) -> list[Found]:
        fleet = self._gate.fleet
        reviews = []
        for agent in fleet.agents():
            stable = (fleet.known(agent, "production") or Deployed(agent, "production")).stable
            day = stable.agent.spec.lifecycle.review_by if stable is not None else ""
            with contextlib.suppress(ValueError):
                reviews.append((str(agent), date.fromisoformat(day).isoformat()))
        return conditions.late_reviews(reviews, now_ms)

    async def _exhausted(self, now_ms: int) -> list[Found]:
        """Budgets that will be spent before their window is over, of agents that this gate has looked at."""
        fleet, terms = self._gate.fleet, self._gate.terms
        places = [(agent, place) for agent in fleet.agents() for place in ENVIRONMENTS]
        spots = [one for one in places if fleet.known(*one) is not None]
        found: dict[str, Found | None] = {}
        for start in range(0, len(spots), _PAGE):
            part = spots[start : start + _PAGE]
            budgets = await asyncio.to_thread(Budgets, fleet, terms, part, now_ms)
            full = await self._gate.read(lambda tx, names=budgets.names: levels(tx, names))  # type: ignore[misc]
            for bars in budgets.told(full):
                for bar in bars.bars:
                    key = bar.bucket if bar.ends is not None else lasting(bar.bucket)
                    if key not in found and bar.limit is not None:
                        found[key] = self._judge(bars, bar, key, now_ms)
        for gone in self._holding.held.keys() - found.keys():
            del self._holding.held[gone]
        return [one for one in found.values() if one is not None]

    def _judge(self, bars: Bars, bar: Bar, key: str, now_ms: int) -> Found | None:
        where, workspace = (bars.agent, bars.environment), bars.agent.partition("/")[0]
        about, whose = {"metric": f"budget {bar.scope} {bar.window}"}, "the fleet"
        if bar.scope == "agent":
            about, whose = {**about, "agent": where[0], "environment": where[1]}, "the agent"
        elif bar.scope == "workspace":
            about, whose = {**about, "workspace": workspace}, f"workspace {workspace}"
        said, used, most = f"the budget of {whose} for", bar.spent + bar.reserved, bar.limit or 0
        if bar.ends is None:
            rate, length = Burn(bar.per_hour, bar.runs_out, bar.comes_to), now_ms - bar.begins
            judged = judge_rolling(f"{said} any {bar.window}", bars.currency, used, most, length, rate, now_ms)
        else:
            one = Spending(f"{said} the {bar.window}", bars.currency, used, most, bar.begins, bar.ends)
            judged = judge_exhaustion(one, self._baseline(where) if bar.scope == "agent" else None, now_ms)
        if not self._holding.take(key, judged, now_ms):
            return None
        since = self._holding.held[key].since
        return Found("exhaustion", about, judged.said, since, 1, judged.observed, judged.baseline)


def moved_in(view: View, agents: Iterable[str]) -> Iterator[tuple[str, Moved]]:
    """Those that are held, with the last tag of theirs that moved since then or by which they are held."""
    for agent in filter(None, map(agent_id, agents)):
        deployment = view.state.deployment(agent)
        if deployment.hold is None or not deployment.alarms:
            continue
        alarms = [
            one
            for one in acts_from(view, deployment.hold.seq)
            if one.act.kind == "alarm" and one.act.get("Agent") == deployment.agent
        ]
        if alarms:
            act = alarms[-1].act
            name, _, _ = act.get("Release").partition(" ")  # what people can type, without the ids behind it
            moved = Moved(deployment.agent, name, act.get("Observed"), alarms[-1].head.time * 1000)
            yield deployment.agent, moved


def troubled_agents(view: View) -> frozenset[str]:
    """Agents of which an incident stands that is no drill."""
    standing = (one for one in view.state.incidents().values() if one.is_standing and one.kind == "real")
    return frozenset(agent for one in standing for agent in one.agents)


def known_places(gate: "Gate", wanted: Iterable[Where], now_ms: int) -> dict[Where, Known]:
    """What the fleet says of agents in their environments; of what it does not know, nothing."""
    found, troubled = dict[Where, Known](), troubled_agents(gate.fleet.view)
    for agent, environment in wanted:
        id_ = agent_id(agent)
        if id_ is not None and environment in ENVIRONMENTS:
            said = {"stopped": stop_of(gate, id_, now_ms) is not None, "troubled": agent in troubled}
            found[agent, environment] = known_of(gate.fleet, gate.terms, id_, environment, **said)
    return found
