"""The rule ids of the gate's HTTP, in words: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

GATE_RULES: tuple[RuleId, ...] = (
    # Requests to the gate
    RuleId(
        "gate.unauthenticated", "No valid token came with the request.", "agentgov login, or agentgov token create."
    ),
    RuleId("gate.login", "A login that is signed does not hold; the message says why.", "agentgov login"),
    RuleId("gate.oidc", "A login at the OpenID provider does not hold; the message says why.", "Log in again."),
    RuleId("gate.caller", "The route is for the other kind of caller: agents, or people."),
    RuleId(
        "gate.unregistered", "The token is of an agent that the fleet does not have.", "Have its agent.yaml reviewed."
    ),
    RuleId("gate.forbidden", "The person may look at the agent, and not do this.", "agentgov who VERB AGENT."),
    RuleId("gate.not-found", "There is nothing there, or it is outside of the caller's scope."),
    RuleId("gate.request", "The request makes no sense, is too large or too slow.", "See /openapi.json of the gate."),
    RuleId("gate.refused", "What was asked for is understood, and refused; the message says why."),
    RuleId(
        "gate.held",
        "A legal hold keeps some of what was to be erased, so nothing of it is.",
        "The hold ends by a change of governance/retention.yaml.",
    ),
    RuleId("alert.route", "A route of alerts leads to an address that cannot be used.", "See docs/alert-routes.md."),
    RuleId("alert.secret", "The secret of a route of alerts is not there, or none.", "See docs/alert-routes.md."),
    RuleId("gate.url", "The address of the gate is not known, or no token may be sent there.", "AGENTGOV_GATE=URL"),
    RuleId("gate.unreachable", "The gate gave no answer.", "Ask again; a pause goes to the journal as well."),
    RuleId("gate.rate", "More requests than the caller may make.", "Wait as long as Retry-After says."),
    RuleId("gate.busy", "The gate takes as much as it can at a time.", "Send it again when Retry-After says."),
    RuleId(
        "gate.store", "The gate cannot reach its store, so nothing can be decided.", "Ask again; it tries by itself."
    ),
    RuleId("gate.unknown", "It could not be decided now.", "Ask again."),
    RuleId("gate.failed", "The gate failed, and nothing was decided.", "See its log."),
)
