"""The terms on which an agent spends, out of the fleet that is served: its release, its workspace, the fleet."""

from collections.abc import Sequence

from agentgov.model.agent import Budget
from agentgov.model.document import Environment
from agentgov.model.fleet import Governance, SharedBudget
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason
from agentgov.runtime.actions import running
from agentgov.runtime.budget_terms import Terms, terms
from agentgov.runtime.deployed import Release
from agentgov.runtime.fleet import Fleet

_MOST = 65_536  # terms that are kept, as many as what runs (`fleet`)
_NONE = Budget()


def terms_of(own: Budget, governance: Governance, agent: AgentId, currency: str) -> Terms | Reason:
    """What stands on the money of an agent today, or why nothing may be spent."""
    workspace = governance.workspaces.get(agent.workspace)
    return terms(own, workspace.budget if workspace is not None else None, governance.fleet.budget, currency)


class KnownTerms:
    """Terms that were worked out before: for the same budget of a release under the same governance they are the same,
    and working them out takes longer than deciding about the money."""

    def __init__(self) -> None:
        self._known: dict[tuple[AgentId, int, str], tuple[Budget, Governance, Terms | Reason]] = {}

    def of(self, own: Budget, governance: Governance, agent: AgentId, currency: str) -> Terms | Reason:
        """Those of an agent; by identity, which the kept objects keep from being another's."""
        key = agent, id(own), currency
        known = self._known.get(key)
        if known is not None and known[0] is own and known[1] is governance:
            return known[2]
        if len(self._known) >= _MOST:
            self._known.clear()
        found = terms_of(own, governance, agent, currency)
        self._known[key] = own, governance, found
        return found


def former_of(fleet: Fleet, agent: AgentId, environment: Environment) -> tuple[str, ...]:
    """The ids that an agent had before: what it spent under them counts."""
    return tuple(map(str, fleet.deployed(agent, environment).formerly))


def standing_terms(
    fleet: Fleet, agent: AgentId, environment: Environment, known: KnownTerms
) -> tuple[str, Terms | Reason]:
    """The currency and the terms of an agent today, as its stable release has them."""
    release = running(fleet.deployed(agent, environment), "")
    own = release.agent.spec.budget if isinstance(release, Release) else _NONE
    governance = fleet.governance
    workspace = governance.workspaces.get(agent.workspace)
    shared = [workspace.budget] if workspace is not None else []
    currency = _currency(governance, (own, *shared, governance.fleet.budget))
    return currency, known.of(own, governance, agent, currency)


def _currency(governance: Governance, budgets: Sequence[Budget | SharedBudget]) -> str:
    """That of the price list, or else of the first amount of a budget; "" where nobody names one."""
    if governance.prices is not None:
        return governance.prices.currency
    amounts = (amount for one in budgets for amount in (one.day, one.month, *one.rolling.values()) if amount)
    runs = (one.run for one in budgets if isinstance(one, Budget) and one.run)
    return next((amount[-3:] for amount in (*amounts, *runs)), "")
