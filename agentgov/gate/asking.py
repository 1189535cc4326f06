"""What a handler needs to decide about an action: the rulebook of the release, the pauses, and who may decide.

Pauses are judged twice: on what is in memory, and again on the rows inside of the transaction that writes the decision,
so that whatever was accepted before holds.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Literal

from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError
from agentgov.gate.gate import Gate
from agentgov.gate.stops import stop_of
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.model.rule_ids import rule
from agentgov.model.verdict import Reason
from agentgov.runtime import calls
from agentgov.runtime.action_requests import Asked
from agentgov.runtime.actions import decide_action, running
from agentgov.runtime.budgeting import money_of
from agentgov.runtime.calls import Stopped
from agentgov.runtime.deployed import Release
from agentgov.runtime.pause import Order
from agentgov.runtime.pause_orders import Standing
from agentgov.runtime.permit_rows import Permit
from agentgov.runtime.permit_votes import Electorate
from agentgov.runtime.reservations import fresh_id
from agentgov.runtime.rules import Rulebook
from agentgov.runtime.vault import seal_of

SALT = 16  # bytes
_AT_ONCE = 256


def _drawn() -> Iterator[bytes]:
    """Randomness of the system, many pieces at a time: a call for each is a tenth of what a decision costs."""
    while True:
        drawn = secrets.token_bytes(SALT * _AT_ONCE)
        yield from (drawn[at : at + SALT] for at in range(0, len(drawn), SALT))


_pieces = _drawn()  # of the event loop alone


def salt() -> bytes:
    """Fresh randomness for one record of the ledger."""
    return next(_pieces)


def rulebook(call: Call, named: str) -> Rulebook | Reason:
    """The rules of the release that the agent who asks says it runs; a reason where that does not run."""
    caller = call.agent_caller
    deployed = call.fleet.deployed(caller.agent, caller.environment)
    found = running(deployed, named)
    if isinstance(found, Reason):
        return found
    return call.gate.rulebooks.of(
        caller.agent, caller.environment, found, call.fleet.governance.actions, deployed.formerly
    )


def attempted(call: Call, what: Literal["action", "reservation"], key: str, attempt: str) -> str:
    """The id of what one attempt under a key makes: the same whenever that is sent, and of nothing else. The money of
    a permit goes by the permit's id, so what is set aside under the same key has to have another. A fresh one where the
    attempt has no name."""
    if not attempt:
        return fresh_id(call.now_ms, salt())
    agent = call.agent_caller
    return sha256("\0".join((what, str(agent.agent), agent.environment, key, attempt)).encode()).hexdigest()[:32]


def asked(call: Call, book: Rulebook, key: str, action: calls.Call, attempt: str = "") -> Asked:
    """A request with its verdict on what is in memory."""
    stopped = stop_of(call.gate, book.agent, call.now_ms)
    verdict = decide_action(book, action, paused=stopped, now_ms=call.now_ms)
    money = money_of(book, action.tool, call.fleet.governance, call.gate.terms, call.now_ms)
    seal = seal_of(call.gate.settings.vault, book.release.agent.spec.audit)
    return Asked(attempted(call, "action", key, attempt), key, book, action, verdict, money, seal)


def standing(gate: Gate, agent: AgentId, now_ms: int) -> Standing:
    """What pauses an agent, by the rows that a transaction sees."""

    def found(orders: tuple[Order, ...]) -> Stopped | None:
        return gate.pauses_by(orders).of(agent, now_ms // 1000)

    return found


def today(call: Call) -> date:
    """The day (UTC), of the journal or of this machine's clock, whichever is later."""
    return max(call.fleet.view.today, datetime.fromtimestamp(call.now_ms / 1000, UTC).date())


def electorate(call: Call, agent: AgentId, environment: Environment) -> Electorate:
    """Whom the rules of an agent can name, today."""
    fleet = call.fleet
    return Electorate(fleet.governance.access, fleet.directory, agent, environment, today(call))


def agent_of(permit: Permit) -> AgentId:
    """The agent of a permit."""
    found = agent_id(permit.agent)
    assert found is not None, "it was one when the permit was written"
    return found


def owner_of(call: Call, permit: Permit) -> str:
    """Who owns the agent of a permit, by the release that the permit is for; "" where it does not run any more."""
    deployed = call.fleet.deployed(agent_of(permit), permit.environment)
    releases: tuple[Release | None, ...] = (deployed.stable, deployed.canary)
    found = next((one for one in releases if one is not None and one.closure == permit.closure), None)
    return found.agent.spec.owner if found is not None else ""


def conflict(reason: Reason) -> RefusalError:
    """409, for a reason, with what its rule says to do about it."""
    known = rule(reason.rule)
    return RefusalError(409, reason.rule, reason.message, known.mend if known is not None else "")
