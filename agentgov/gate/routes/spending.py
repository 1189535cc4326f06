"""Routes of what was spent for a purpose, or about a subject: sums by day, by which nothing is enforced."""

from collections.abc import Sequence

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request
from agentgov.gate.recording import record, record_read
from agentgov.gate.route import Parameter, Route
from agentgov.gate.routes.agent import AFTER, after_of, page
from agentgov.gate.routes.budget import PAGE
from agentgov.gate.routes.ledger import require_readable
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime import spent_about
from agentgov.runtime.ledger import Entry
from agentgov.runtime.spent_about import Spent
from agentgov.runtime.windows import day_of
from agentgov.store.port import Transaction

_LONGEST = 128  # characters of a subject


class SpentLine(msgspec.Struct, frozen=True):
    """What one agent spent for one purpose, or about the subject ("" then): nano-units of `currency` today, this month,
    in the last 430 days, and how many reservations that were. Days are those of UTC, on which it was set aside."""

    agent: str
    environment: Environment
    purpose: str
    currency: str
    today: int
    month: int
    total: int
    reservations: int


class SpendingAnswer(msgspec.Struct, frozen=True):
    """What was spent, by the id of the agent; `next` is the `after` of the page behind it, "" on the last one."""

    spending: Sequence[SpentLine]
    next: str = ""


async def purposes(call: Call) -> Answer:
    """What one agent spent for each purpose."""
    await record_read(call, "spending", call.agent)
    return await _shown(call, (call.agent,), "")


async def all_purposes(call: Call) -> Answer:
    """What every agent spent for each purpose that the person who asks may view, page by page."""
    after = after_of(call)
    await record_read(call, "spending")
    return await _shown(call, *page(call.fleet.agents(), after, lambda one: call.may("view", one), PAGE))


async def _shown(call: Call, agents: Sequence[AgentId], behind: str) -> Answer:
    today = day_of(call.now_ms)

    def work(tx: Transaction) -> list[SpentLine]:
        every = ((str(one), place) for one in agents for place in ENVIRONMENTS)
        return [_line(*of, one) for of in every for one in spent_about.by_purpose(tx, *of, today)]

    return answered(SpendingAnswer(await call.gate.read(work), behind))


async def of_subject(call: Call) -> Answer:
    """What was spent about a subject, page by page; that somebody asked is recorded, as of the ledger."""
    subject, after = call.query.get("subject", ""), after_of(call)
    if not 0 < len(subject) <= _LONGEST:
        raise bad_request("name a subject")
    call.require("view-audit", None)
    rules = await require_readable(call)
    found = await call.gate.read(lambda tx: spent_about.of_subject(tx, subject, day_of(call.now_ms)))
    payload = msgspec.json.encode({"read": "spending", "query": {"subject": "(named)"}}, order="sorted")
    entry = Entry("read", "", str(call.caller), payload=payload, subject=subject)
    await call.gate.write(lambda tx: record(tx, entry, call.now_ms))
    lines: dict[AgentId, list[SpentLine]] = {}
    for of, place, one in found:
        agent = agent_id(of)
        assert agent is not None, "the store holds only valid ones"
        lines.setdefault(agent, []).append(_line(agent, place, one))
    agents, behind = page(sorted(lines), after, lambda one: not rules.ever_privileged(str(one)), PAGE)
    return answered(SpendingAnswer([line for agent in agents for line in lines[agent]], behind))


def _line(agent: AgentId | str, environment: Environment, one: Spent) -> SpentLine:
    return SpentLine(str(agent), environment, *one)


ROUTES = (
    Route(
        "GET",
        "/v1/spending",
        "What was spent for each purpose",
        all_purposes,
        "person",
        query=(AFTER,),
        answers={200: SpendingAnswer},
        tag="budgets",
    ),
    Route(
        "GET",
        "/v1/spending/{workspace}/{name}",
        "What one agent spent for each purpose",
        purposes,
        "person",
        answers={200: SpendingAnswer},
        verb="view",
        tag="budgets",
    ),
    Route(
        "GET",
        "/v1/spending/subject",
        "What was spent about a subject",
        of_subject,
        "person",
        query=(Parameter("subject", "Its name; it takes view-audit on the whole fleet.", True), AFTER),
        answers={200: SpendingAnswer},
        tag="budgets",
    ),
)
