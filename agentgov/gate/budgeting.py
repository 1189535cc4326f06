"""What a handler needs to decide about money: what a call may cost at today's prices, under which terms."""

import msgspec

from agentgov.gate.budget_terms import former_of
from agentgov.gate.call import Call
from agentgov.model.fleet import Governance
from agentgov.model.units import parse_money
from agentgov.model.verdict import Effect, Reason, deny
from agentgov.runtime.actions import running
from agentgov.runtime.buckets import NO_LIMITS
from agentgov.runtime.deployed import Release
from agentgov.runtime.prices import price_of, tool_price
from agentgov.runtime.reservations import MOST, Wanted
from agentgov.runtime.rules import Rulebook
from agentgov.runtime.windows import day_of

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
    found_terms = call.gate.terms.of(release.agent.spec.budget, governance, who.agent, priced.currency)
    if isinstance(found_terms, Reason):
        return priced, found_terms
    former = former_of(call.fleet, who.agent, who.environment)
    limits = {"limits": found_terms.limits, "soft": found_terms.soft, "former": former}
    return msgspec.structs.replace(priced, day=str(found_terms.windows(call.now_ms)), **limits), None


def money_of(call: Call, book: Rulebook, tool: str) -> Wanted | Reason | None:
    """What is to be set aside for one use of a tool: None where it costs nothing, a reason where nobody can tell."""
    rules, governance = book.of(tool), call.fleet.governance
    price = tool_price(governance.prices, rules.tool) if rules is not None else None
    if price is None:
        return None
    amount, currency = price
    if governance.prices is not None and currency != governance.prices.currency:
        return deny("budget.currency", f"the fleet counts in {governance.prices.currency}, not in {currency}")
    found = call.gate.terms.of(book.release.agent.spec.budget, governance, book.agent, currency)
    if isinstance(found, Reason):
        return found
    return _sized(
        Wanted(
            id="",
            key="",
            agent=book.agent,
            environment=book.environment,
            closure=book.release.closure,
            request=f"tool {tool}",
            run="",
            day=str(found.windows(call.now_ms)),
            currency=currency,
            amount=amount,
            price=None,
            limits=found.limits,
            details={"tool": tool},
            soft=found.soft,
            former=tuple(map(str, book.formerly)),
        )
    )


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
