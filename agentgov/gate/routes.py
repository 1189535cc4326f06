"""Every route of the gate, area by area. A route that is not listed here does not exist."""

from agentgov.gate import (
    act_routes,
    action_routes,
    agent_routes,
    budget_routes,
    caller_routes,
    description_routes,
    health_routes,
    hook_routes,
    lease_routes,
    login_routes,
    ofrep_routes,
    oidc_routes,
    pause_routes,
    permit_routes,
    running_routes,
    stream_routes,
    token_routes,
)
from agentgov.gate.route import Route

ROUTES: tuple[Route, ...] = (
    *health_routes.ROUTES,
    *description_routes.ROUTES,
    *hook_routes.ROUTES,
    *act_routes.ROUTES,
    *login_routes.ROUTES,
    *oidc_routes.ROUTES,
    *caller_routes.ROUTES,
    *token_routes.ROUTES,
    *agent_routes.ROUTES,
    *lease_routes.ROUTES,
    *running_routes.ROUTES,
    *stream_routes.ROUTES,
    *ofrep_routes.ROUTES,
    *pause_routes.ROUTES,
    *action_routes.ROUTES,
    *permit_routes.ROUTES,
    *budget_routes.ROUTES,
)
