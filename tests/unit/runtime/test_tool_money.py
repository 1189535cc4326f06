"""The money of an action: set aside with the decision, still there when a permit is used, ended by its outcome."""

from collections.abc import Iterator

import msgspec
import pytest
from actionworld import refund
from budgetworld import BudgetWorld
from patience import PATIENCE
from permitworld import PermitWorld

from agentgov.model.agent import Tool
from agentgov.model.policies import PriceList, ToolPrice
from agentgov.model.verdict import deny
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.action_requests import Answered
from agentgov.runtime.buckets import Level, Limits
from agentgov.runtime.permit_ends import Outcome, Told, tell_outcomes
from agentgov.runtime.prices import tool_price
from agentgov.runtime.reservations import Release, Wanted
from agentgov.store.open import open_store

SMALL = refund(amount_minor=100)  # allowed by a rule, without people
LIMITS: Limits = {("agent", "day"): 100}


class Paid(PermitWorld):
    """Every call costs 40, of 100 a day."""

    def __init__(self, world: BudgetWorld) -> None:
        super().__init__(world.store)
        self.budgets = world
        world.limits, world.now = LIMITS, self.now
        agent, closure = self.book.agent, self.book.release.closure
        wanted = world.wanted("", 40, agent)
        self.money = msgspec.structs.replace(wanted, closure=closure, request="tool refund.create")

    @property
    def day(self) -> Level:
        """How full the day of the agent is."""
        return self.budgets.levels(self.book.agent)["agent", "day"]


@pytest.fixture
def world(store_url: str) -> Iterator[Paid]:
    budgets = BudgetWorld(open_store(store_url))
    yield Paid(budgets)
    assert budgets.differences() == ()
    budgets.store.close()


def permit(found: Answered) -> str:
    assert found.permit is not None, found.reasons
    return found.permit.id


@pytest.mark.parametrize(("outcome", "spent"), [("done", 40), ("failed", 40), ("not-done", 0)])
def test_what_is_allowed_is_booked_or_given_back_by_its_outcome(world: Paid, outcome: Outcome, spent: int) -> None:
    id_ = permit(world.ask("a", SMALL))
    assert world.day == Level(0, 40, 0)
    assert permit(world.ask("a", SMALL)) == id_
    assert world.outcome(id_, outcome).allowed
    assert world.day == Level(spent, 0, 0)


def test_outcomes_that_are_told_together_end_the_money_of_each(world: Paid) -> None:
    assert isinstance(world.money, Wanted)
    world.money = msgspec.structs.replace(world.money, limits={("agent", "day"): 1000})
    ids = [permit(world.ask(key, SMALL)) for key in "abcd"]
    said: list[tuple[str, Outcome]] = [(ids[0], "done"), (ids[1], "not-done"), (ids[1], "done"), (ids[2], "failed")]
    held, pause = world.budgets.hold()
    caller = str(world.book.agent), "production"
    told = [Told(id_, caller, outcome, "", world.now, bytes(16)) for id_, outcome in said]
    futures = [world.store.together(tell_outcomes, one) for one in told]
    pause.set()
    held.result(PATIENCE)
    assert [one.result(PATIENCE)[1].allowed for one in futures] == [True, True, False, True]
    assert [world.permit(id_).outcome for id_ in ids] == ["done", "not-done", "failed", ""]
    assert world.day == Level(80, 40, 0)
    assert world.records()[-6:].count("budget.settle") == 2
    assert world.records()[-3:] == ["outcome.done", "outcome.not-done", "outcome.failed"]


def test_an_action_without_money_left_is_denied_and_takes_nothing(world: Paid) -> None:
    permit(world.ask("a", SMALL))
    permit(world.ask("b", SMALL))
    used = world.used()
    found = world.ask("c", SMALL)
    assert (found.decision, [one.rule for one in found.reasons]) == ("deny", ["budget.exceeded"])
    assert (world.day, world.used()) == (Level(0, 80, 0), used)


def test_what_nobody_tells_of_counts_as_spent_until_somebody_does(world: Paid) -> None:
    id_ = permit(world.ask("a", SMALL))
    world.budgets.now += LASTS
    assert world.budgets.expire() == 1
    assert world.day == Level(40, 0, 0)
    world.outcome(id_, "not-done")
    assert world.day == Level(0, 0, 0)


def test_people_decide_about_money_that_is_set_aside(world: Paid) -> None:
    id_ = permit(world.ask("a"))
    assert world.day == Level(0, 40, 0)
    world.budgets.now += LASTS
    assert world.budgets.expire() == 0  # people have more time than that
    for person in ("alice", "bob"):
        world.vote(id_, person)
    assert world.consume(id_).decision == "allow"
    world.outcome(id_, "done")
    assert world.day == Level(40, 0, 0)


@pytest.mark.parametrize("end", ["denied", "expired"])
def test_a_permit_that_is_not_used_gives_its_money_back(world: Paid, end: str) -> None:
    id_ = permit(world.ask("a"))
    if end == "denied":
        world.vote(id_, "alice", "deny")
    else:
        world.now = world.permit(id_).expires
        world.expire()
    assert world.permit(id_).state == end
    assert world.day == Level(0, 0, 0)


def test_a_permit_whose_money_is_gone_is_not_used(world: Paid) -> None:
    id_ = permit(world.ask("a"))
    for person in ("alice", "bob"):
        world.vote(id_, person)
    world.budgets.release(id_, world.book.agent)  # the agent cannot: it is the permit's
    world.budgets.decide(Release(id_, (str(world.book.agent), "production"), world.now, permit=True))
    found = world.consume(id_)
    assert (found.decision, [one.rule for one in found.reasons]) == ("deny", ["budget.ended"])
    assert world.permit(id_).state == "approved"


def test_a_permit_from_before_there_was_a_price_takes_its_money_when_it_is_used(world: Paid) -> None:
    world.money, price = None, world.money
    id_ = permit(world.ask("a"))
    world.money = price
    for person in ("alice", "bob"):
        world.vote(id_, person)
    assert world.consume(id_).decision == "allow"
    assert world.day == Level(0, 40, 0)


def test_what_cannot_be_paid_is_denied(world: Paid) -> None:
    world.money = deny("budget.currency", "the fleet counts in USD")
    assert [one.rule for one in world.ask("a", SMALL).reasons] == ["budget.currency"]
    assert "action.deny" in world.records()


def test_a_tools_own_cost_comes_before_that_of_the_list() -> None:
    prices = PriceList("USD", "2026-11-01", tools={"maps": ToolPrice("0.005"), "free": ToolPrice("0")})
    assert tool_price(prices, Tool("maps", "read", cost="0.02 USD")) == (20_000_000, "USD")
    assert tool_price(prices, Tool("maps", "read")) == (5_000_000, "USD")
    assert tool_price(prices, Tool("free", "read")) is None
    assert tool_price(prices, Tool("maps", "read", cost="0.00 USD")) is None
    assert tool_price(None, Tool("maps", "read")) is None
