"""The rule ids of the run-time plane, in words: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

_CLONE = "Fetch it again from a clone that you trust; git fsck tells what is damaged."
_LIMIT = "See governance/workspaces; an administrator changes it, or the agent does."

RUNTIME_RULES: tuple[RuleId, ...] = (
    # What runs
    RuleId("runtime.never-released", "Nothing of the agent was released there yet.", "See agentgov status AGENT."),
    RuleId("runtime.retired", "The agent was retired: nothing of it runs.", "Lift its hold, and release it again."),
    RuleId("runtime.withdrawn", "The release was withdrawn.", "Use the one that is stable."),
    RuleId("runtime.lifecycle", "Only an agent whose lifecycle says active runs.", "Release one that says so."),
    RuleId("runtime.closure", "The contents are not those that were released.", _CLONE),
    RuleId("runtime.unreadable", "The agent.yaml of the release cannot be read.", "Use a version that can read it."),
    RuleId("runtime.incomplete", "It cannot be told what runs: something is missing.", "Fetch it, and ask again."),
    RuleId("runtime.pinned", "The release that is asked for is neither stable nor canary any more.", "Begin anew."),
    RuleId("runtime.key", "A canary is split by sticky keys, and there is none, or none that counts.", "Say a key."),
    RuleId("runtime.paused", "Somebody paused the agent.", "Ask who is named; agentgov resume ends it."),
    RuleId("runtime.limit-model", "The workspace does not allow a model of the agent today.", _LIMIT),
    RuleId("runtime.limit-tool", "The workspace does not allow a tool of the agent today; it is left out.", _LIMIT),
    RuleId("runtime.limit-risk", "The agent claims less risk than the workspace's floor, which holds."),
    RuleId("runtime.limit-data", "The agent's data are above the workspace's ceiling today.", _LIMIT),
    RuleId(
        "runtime.limit-budget", "The workspace's budget is tighter, or cannot be compared with the agent's.", _LIMIT
    ),
    RuleId("runtime.expired", "The lease is over, and no new one could be had.", "Stop; the next call asks again."),
    RuleId("runtime.closed", "The agent was closed, and is used.", "Open it again."),
    RuleId(
        "runtime.signature",
        "What was answered is no lease of the agent, or the gate's key did not sign it.",
        "Do not run on it; ask who runs the gate.",
    ),
    RuleId("runtime.prompt", "The prompt cannot be made of these variables.", "See prompts.variables in agent.yaml."),
    RuleId("runtime.no-gate", "It takes a gate, and none serves what the agent runs on.", "agentgov serve"),
    RuleId("runtime.no-store", "It takes a store, and the agent runs without one.", "Open the agent with store=."),
)
