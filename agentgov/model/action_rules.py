"""The rule ids of actions and permits, in words: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

ACTION_RULES: tuple[RuleId, ...] = (
    # Actions
    RuleId("action.paused", "Somebody paused the agent.", "Ask who is named; agentgov resume ends it."),
    RuleId("action.read-only", "The agent is paused in part: only tools of effect read are left.", "As above."),
    RuleId("action.schedule", "It is not a time of the agent's schedule, or nobody can tell.", "Wait, or change it."),
    RuleId("action.release", "The release that the agent names does not run any more.", "Fetch the lease again."),
    RuleId("action.tool-unlisted", "The release does not list the tool.", "List it, and release the agent."),
    RuleId("action.arguments", "The arguments are too large, not exact, or not in the tool's shape.", "Correct them."),
    RuleId("action.schema", "The schema of the tool's arguments cannot be read as it was released.", "Correct it."),
    RuleId("action.quota", "A quota has not so much left.", "Wait; it comes back as its window passes."),
    RuleId("action.quota-amount", "What a quota adds up is no whole number from 0 on.", "Make the schema ask for one."),
    RuleId("action.fleet-rule", "A rule of the fleet's ActionPolicy denies it.", "See governance/actions.yaml."),
    RuleId("action.rule", "The first rule of the agent that matches decides."),
    RuleId("action.ask", "A rule asks people.", "Wait for them, then use the permit."),
    RuleId("action.condition", "A condition cannot be decided for this call, which denies.", "See docs/actions.md."),
    RuleId("action.no-rule", "No rule of the agent is about the call.", "Add one, and release the agent."),
    RuleId("action.key", "Another call was asked for under the same key.", "Use a key once."),
    # Permits
    RuleId("permit.unknown", "There is no such permit, or not for who asks."),
    RuleId("permit.pending", "People have not decided yet.", "Wait for them."),
    RuleId("permit.denied", "Somebody who was asked said no."),
    RuleId("permit.expired", "Nobody decided, or used it, in time.", "Ask again."),
    RuleId("permit.consumed", "The permit was used, and it is good for once.", "Ask again."),
    RuleId("permit.voters", "Those who approved it may no longer decide it.", "Ask again."),
    RuleId("permit.release", "Another release runs than the permit is for.", "Ask again."),
    RuleId("permit.arguments", "The call is not exactly the one that was permitted.", "Use what was asked for."),
    RuleId("permit.policy", "The fleet's ActionPolicy has changed since.", "Ask again."),
    RuleId("permit.used", "People permitted it, and it is used now."),
    RuleId("permit.named", "The rule names the person, who may decide."),
    RuleId("permit.not-named", "The rule does not name the person.", "Ask one of those named."),
    RuleId("permit.four-eyes", "Who started the run, or owns the agent, does not decide.", "Ask somebody else."),
    RuleId("permit.closed", "Nothing is left to decide.", "See agentgov action show."),
    RuleId("permit.unused", "An outcome is told of what was used."),
    RuleId("permit.hook", "People cannot be told of permits: no address, or no secret.", "See docs/actions.md."),
    RuleId("permit.outcome", "What came of it; the first word counts."),
)
