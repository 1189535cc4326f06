"""The rule ids of incidents and drills, in words: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

_AGAIN = "Look at agentgov incident show, and decide again."

INCIDENT_RULES: tuple[RuleId, ...] = (
    # Incidents and drills
    RuleId("incident.words", "The act does not say what such a step says, or says more.", "See docs/incidents.md."),
    RuleId("incident.reason", "The step says something in words, and there are none.", "Give it -m."),
    RuleId("incident.unknown", "The journal has no such incident.", "agentgov incident list names them."),
    RuleId("incident.id", "The id is taken, or is not the one that the act gives.", "Open it again."),
    RuleId("incident.agents", "The act names other agents than the incident is about.", _AGAIN),
    RuleId("incident.state", "The incident is past that step, or not there yet; it never goes back.", _AGAIN),
    RuleId("incident.bot", "A bot does not take that step of an incident.", "A person does."),
    RuleId("incident.who", "Nobody in Access is called that.", "agentgov access show names people."),
    RuleId("incident.leaves", "Somebody else has that role by now.", _AGAIN),
    RuleId("incident.standing", "An incident stands already for one of the agents.", "Work in that one."),
    RuleId("incident.review", "The review of the incident is not authorised on main.", "agentgov incident review ID."),
    RuleId("incident.sent", "That message of the incident is sent already."),
    RuleId("incident.level", "The act skips somebody of the chain, or calls somebody again.", _AGAIN),
    RuleId("incident.full", "The incident has as much of that as there may be.", "Open another one."),
    RuleId("drill.words", "The act does not say which drill, when, or how it went.", "Run it with agentgov drill run."),
    RuleId("drill.agents", "The act leaves out an agent that the drill is about.", "Run it with agentgov drill run."),
    RuleId("drill.incident", "The act names no incident of a drill.", "Run it with agentgov drill run."),
)
