"""What the fleet says of an agent that rules are asked about: its releases, its labels, and what its budget allows."""

from agentgov.alerts.evaluating import Canary, Known
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.runtime.budget_terms import Terms
from agentgov.runtime.deployed import WHOLE, Deployed
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms, standing_terms
from agentgov.runtime.windows import Scope

_LENGTHS: dict[tuple[Scope, str], int] = {("agent", "day"): 86_400_000, ("agent", "month"): 30 * 86_400_000}


def known_of(
    fleet: Fleet,
    terms: KnownTerms,
    agent: AgentId,
    environment: Environment,
    *,
    stopped: bool,
    troubled: bool = False,
) -> Known:
    """Of one agent in one environment; one that does not run, or is `stopped`, is idle. Of its limits the tightest
    allows what it does. `troubled`: an incident of it stands."""
    deployed = fleet.deployed(agent, environment) if fleet.knows(agent) else None
    stable = deployed.stable if deployed is not None else None
    if stable is None:
        return Known(idle=True, troubled=troubled)
    _, found = standing_terms(fleet, agent, environment, terms)
    limits = found.all if isinstance(found, Terms) else {}
    rates = [limits[key] / length for key, length in _LENGTHS.items() if key in limits]
    allowance, labels = min(rates, default=0.0), stable.agent.metadata.labels
    return Known(stable.closure, stable.name, labels, allowance, stopped, troubled, _canary(deployed))


def _canary(deployed: Deployed | None) -> Canary | None:
    """What runs beside the stable release; one that is the same as that cannot be told from it."""
    if deployed is None or deployed.stable is None or deployed.canary is None or not deployed.share:
        return None
    found = deployed.canary
    return (
        Canary(found.closure, found.name, deployed.share / WHOLE) if found.closure != deployed.stable.closure else None
    )
