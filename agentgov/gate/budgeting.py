"""What a handler needs to decide about money: what a call may cost at today's prices, under which limits, and how full
the budgets of an agent are."""

from collections.abc import Iterable, Mapping

import msgspec

from agentgov.gate.call import Call
from agentgov.model.agent import Budget
from agentgov.model.document import Environment
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId
from agentgov.model.units import parse_money
from agentgov.model.verdict import Effect, Reason, deny
from agentgov.runtime.actions import running
from agentgov.runtime.buckets import NO_LIMITS, Bucket, Level, Limits, Scope, Window, agent_buckets, day_of, limits
from agentgov.runtime.deployed import Release
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.prices import price_of
from agentgov.runtime.reservations import MOST, Wanted

MODEL = 100  # characters of a model's name in a record
_OWN = "max_output_tokens"


class Estimate(msgspec.Struct, frozen=True):
    """The most that a call can cost, as an agent says it: tokens of a model, or an amount; "" and None for neither."""

    key: str
    model: str
    input_tokens: int
    output_tokens: int | None
    amount: str
    run: str
    release: str


class Bar(msgspec.Struct, frozen=True):
    """One bucket: nano-units; `limit` is null where none stands on it."""

    scope: Scope
    window: Window
    bucket: str
    spent: int
    reserved: int
    overrun: int
    limit: int | None


class Bars(msgspec.Struct, frozen=True):
    """The buckets of an agent in one environment, from the agent to the fleet; `day` is that of the calendar in UTC."""

    agent: str
    environment: Environment
    day: str
    currency: str
    bars: tuple[Bar, ...]


def wanted(call: Call, estimate: Estimate) -> tuple[Wanted, Reason | None]:
    """What is to be set aside, and why it is not, where that can be told without looking at the budgets."""
    who, governance = call.agent_caller, call.fleet.governance
    details = {"model": estimate.model[:MODEL], "input": str(estimate.input_tokens)} if estimate.model else {}
    found = Wanted(
        id=call.gate.new_id(),
        key=estimate.key,
        agent=who.agent,
        environment=who.environment,
        closure="",
        request=msgspec.json.encode(estimate).decode(),
        run=estimate.run,
        day=day_of(call.now_ms),
        currency="",
        amount=0,
        price=None,
        limits=NO_LIMITS,
        details=details,
    )
    release = running(call.fleet.deployed(who.agent, who.environment), estimate.release)
    if isinstance(release, Reason):
        return found, release
    found = msgspec.structs.replace(found, closure=release.closure)
    offence = next((one for one in release.limits if one.effect > Effect.ALLOW), None)
    priced = offence or _priced(found, estimate, release, governance)
    if isinstance(priced, Reason):
        return found, priced
    limit = _limits(release.agent.spec.budget, governance, who.agent, priced.currency)
    if isinstance(limit, Reason):
        return priced, limit
    return msgspec.structs.replace(priced, limits=limit), None


def bars(fleet: Fleet, of: Iterable[tuple[AgentId, Environment]], now_ms: int) -> "Budgets":
    """The budgets of agents, to be filled in with what the store says."""
    return Budgets(fleet, tuple(of), day_of(now_ms))


class Budgets:
    """Which buckets some agents have today, and what is in them once somebody has read that."""

    def __init__(self, fleet: Fleet, of: tuple[tuple[AgentId, Environment], ...], day: str) -> None:
        self._day, self._parts = day, [(*one, *_standing(fleet, *one)) for one in of]
        self._chains = [
            agent_buckets(agent, environment, day, currency) for agent, environment, currency, _ in self._parts
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """Every bucket, once."""
        return tuple(dict.fromkeys(one.name for chain in self._chains for one in chain))

    def told(self, levels: Mapping[str, Level]) -> tuple[Bars, ...]:
        """All of them as people see them."""
        return tuple(
            Bars(str(agent), environment, self._day, currency, tuple(_bar(one, levels, limit) for one in chain))
            for (agent, environment, currency, limit), chain in zip(self._parts, self._chains, strict=True)
        )


def _bar(bucket: Bucket, levels: Mapping[str, Level], limit: Limits) -> Bar:
    level = levels.get(bucket.name, Level())
    most = limit.get((bucket.scope, bucket.window))
    return Bar(bucket.scope, bucket.window, bucket.name, level.spent, level.reserved, level.overrun, most)


def _standing(fleet: Fleet, agent: AgentId, environment: Environment) -> tuple[str, Limits]:
    """The currency and the limits of an agent today; what cannot be compared has no limit to show, and gets nothing."""
    release = running(fleet.deployed(agent, environment), "")
    own = release.agent.spec.budget if isinstance(release, Release) else Budget()
    governance = fleet.governance
    text = next((one for one in (own.day, own.month, own.run) if one), "")
    currency = governance.prices.currency if governance.prices is not None else text.partition(" ")[2]
    limit = _limits(own, governance, agent, currency)
    return currency, NO_LIMITS if isinstance(limit, Reason) else limit


def _limits(own: Budget, governance: Governance, agent: AgentId, currency: str) -> Limits | Reason:
    workspace = governance.workspaces.get(agent.workspace)
    return limits(own, workspace.budget if workspace is not None else None, currency)


def _priced(found: Wanted, estimate: Estimate, release: Release, governance: Governance) -> Wanted | Reason:
    if estimate.amount:
        amount, currency = parse_money(estimate.amount)
        if governance.prices is not None and currency != governance.prices.currency:
            return deny("budget.currency", f"the fleet counts in {governance.prices.currency}, not in {currency}")
        return _sized(msgspec.structs.replace(found, amount=amount, currency=currency))
    price = price_of(governance.prices, estimate.model)
    if isinstance(price, Reason):
        return price
    own = release.agent.spec.model.params.get(_OWN)
    most = estimate.output_tokens if estimate.output_tokens is not None else own
    if type(most) is not int or most < 0:
        return deny("budget.unpriced", "without a maximum of output tokens nobody knows what it can cost")
    assert governance.prices is not None, "it has a price"
    amount = price.estimate(estimate.input_tokens, most)
    details = found.details | {"output": str(most)}
    changed = {"amount": amount, "currency": governance.prices.currency, "price": price, "details": details}
    return _sized(msgspec.structs.replace(found, **changed))


def _sized(found: Wanted) -> Wanted | Reason:
    return found if found.amount <= MOST else deny("budget.amount", "no one call costs that much")
