"""What is to be set aside: what a call may cost at today's prices, under which terms. Not whether it fits."""

from dataclasses import dataclass

import msgspec

from agentgov.model.document import Environment
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId
from agentgov.model.units import parse_money
from agentgov.model.verdict import Effect, Reason, deny
from agentgov.runtime.actions import running
from agentgov.runtime.buckets import NO_LIMITS
from agentgov.runtime.deployed import Release
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms, former_of
from agentgov.runtime.prices import price_of, tool_price
from agentgov.runtime.reservations import MOST, Wanted
from agentgov.runtime.rules import Rulebook
from agentgov.runtime.windows import day_of

MODEL = 128  # bytes of a model's name in a record
_OWN = "max_output_tokens"


@dataclass(frozen=True, slots=True)
class Spender:
    """Who wants to spend, of which fleet; terms that were worked out before are among `terms`."""

    fleet: Fleet
    terms: KnownTerms
    agent: AgentId
    environment: Environment


class Estimate(msgspec.Struct, frozen=True):
    """The most that a call can cost, as an agent says it: tokens of a model, or an amount; "" and None for neither."""

    key: str
    model: str
    input_tokens: int
    output_tokens: int | None
    amount: str
    run: str
    release: str


def wanted(who: Spender, estimate: Estimate, id_: str, now_ms: int) -> tuple[Wanted, Reason | None]:
    """What is to be set aside under a fresh id, and why it is not, where that can be told without looking at the
    budgets."""
    governance = who.fleet.governance
    details = {"model": short_model(estimate.model), "input": str(estimate.input_tokens)} if estimate.model else {}
    found = Wanted(
        id=id_,
        key=estimate.key,
        agent=who.agent,
        environment=who.environment,
        closure="",
        request=msgspec.json.encode(estimate).decode(),
        run=estimate.run,
        day=day_of(now_ms),
        currency="",
        amount=0,
        price=None,
        limits=NO_LIMITS,
        details=details,
    )
    release = running(who.fleet.deployed(who.agent, who.environment), estimate.release)
    if isinstance(release, Reason):
        return found, release
    found = msgspec.structs.replace(found, closure=release.closure)
    offence = next((one for one in release.limits if one.effect > Effect.ALLOW), None)
    priced = offence or _priced(found, estimate, release, governance)
    if isinstance(priced, Reason):
        return found, priced
    found_terms = who.terms.of(release.agent.spec.budget, governance, who.agent, priced.currency)
    if isinstance(found_terms, Reason):
        return priced, found_terms
    former = former_of(who.fleet, who.agent, who.environment)
    limits = {"limits": found_terms.limits, "soft": found_terms.soft, "former": former}
    return msgspec.structs.replace(priced, day=str(found_terms.windows(now_ms)), **limits), None


def money_of(
    book: Rulebook, tool: str, governance: Governance, terms: KnownTerms, now_ms: int
) -> Wanted | Reason | None:
    """What is to be set aside for one use of a tool: None where it costs nothing, a reason where nobody can tell."""
    rules = book.of(tool)
    price = tool_price(governance.prices, rules.tool) if rules is not None else None
    if price is None:
        return None
    amount, currency = price
    if governance.prices is not None and currency != governance.prices.currency:
        return deny("budget.currency", f"the fleet counts in {governance.prices.currency}, not in {currency}")
    found = terms.of(book.release.agent.spec.budget, governance, book.agent, currency)
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
            day=str(found.windows(now_ms)),
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


def short_model(model: str) -> str:
    """The name of a model as a record says it."""
    return model.encode()[:MODEL].decode(errors="ignore")


def _sized(found: Wanted) -> Wanted | Reason:
    return found if found.amount <= MOST else deny("budget.amount", "no one call costs that much")
