"""The rule ids of pushes, forges and webhooks: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

FORGE_RULES: tuple[RuleId, ...] = (
    # Pushes, as a hook judges them
    RuleId("push.free", "Nothing is asked of that ref."),
    RuleId("push.deleted", "A ref that is governed is never deleted."),
    RuleId("push.rewound", "The push would take away history that the journal rests on."),
    RuleId("push.look-alike", "Only its case tells the ref from one that is governed.", "Choose another name."),
    RuleId("push.no-journal", "There is no journal here to judge by.", "Push the journal first: agentgov trust init."),
    RuleId("push.incomplete", "It cannot be told whether the push may land.", "Push what is missing, too."),
    # Forges
    RuleId("forge.unreachable", "The forge did not answer, or not with what it should.", "Try again."),
    RuleId(
        "forge.limited", "The forge asked to wait longer than the command may.", "Try again after the time it names."
    ),
    RuleId("forge.incomplete", "The forge told less than it counts.", "Try again; judge by contents in a clone."),
    RuleId("forge.moved", "The pull request changed while it was read.", "Try again."),
    RuleId(
        "forge.unknown-project",
        "The forge or the repository is not known, or not visible to the token.",
        "Name it: --forge, --project, --api-url.",
    ),
    RuleId(
        "forge.token", "The forge takes the token for nobody's, or there is none.", "Set AGENTGOV_FORGE_TOKEN_FILE."
    ),
    RuleId("forge.permission", "The token lacks a right that is needed.", "Give it the one that the message names."),
    RuleId(
        "forge.team-hidden", "The members of a team cannot be seen.", "Let the token read the organisation's members."
    ),
    RuleId(
        "forge.pushers-unknown",
        "The forge does not say who pushed, so its reviews do not count there.",
        "Sign with agentgov review approve.",
    ),
    RuleId(
        "forge.review-commit", "The forge does not say which commit a review is of, or it is gone.", "Approve again."
    ),
    RuleId("forge.account-gone", "The account that reviewed was deleted.", "Ask somebody else."),
    RuleId(
        "forge.merge-group",
        "A pull request of the merge group has no recorded pass.",
        "Let check run on it, and queue it again.",
    ),
    RuleId(
        "forge.event",
        "The event file says no pull request, merge group or push.",
        "Run it on one of the events in docs/github.md.",
    ),
    RuleId("forge.url", "The address of the forge is not one that a token may be sent to.", "Use https."),
    RuleId("hook.signature", "A webhook is not signed with the secret.", "Set the same secret on both sides."),
    RuleId("hook.replayed", "A webhook came before, or too late."),
    RuleId(
        "hook.unconfigured", "There is no secret to judge a webhook by.", "Set AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE."
    ),
)
