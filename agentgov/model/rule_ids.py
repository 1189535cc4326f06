"""Every rule id that a verdict, a refusal or an offence may carry, in words; docs/rules.md shows the same table.

Findings of files have codes of their own (`validate.codes`). An id is stable: it is never reused for something else.
"""

from agentgov.model.action_rules import ACTION_RULES
from agentgov.model.doctor_rules import DOCTOR_RULES
from agentgov.model.forge_rules import FORGE_RULES
from agentgov.model.gate_rules import GATE_RULES
from agentgov.model.incident_rules import INCIDENT_RULES
from agentgov.model.object_rules import OBJECT_RULES
from agentgov.model.rule_id import RuleId
from agentgov.model.runtime_rules import RUNTIME_RULES

_HISTORY = "Nobody but the reconciler moves the journal; compare with another clone, then: agentgov journal verify."
_AGAIN = "Look at agentgov status, and decide again."

RULES: tuple[RuleId, ...] = (
    # Reviews
    RuleId("review.owners", "So many owners of the path, by CODEOWNERS, have to approve.", "Ask one of those named."),
    RuleId("review.section", "A section of GitLab's CODEOWNERS asks for its own owners.", "Ask one of that section."),
    RuleId("review.rule", "A rule of agentgov.yaml asks for the people or teams it names.", "Ask one of those named."),
    RuleId("review.unowned", "Nobody owns the path, so administrators answer for it.", "Name owners in CODEOWNERS."),
    RuleId("review.administrators", "The governance set takes the administrators' threshold, whatever else says so."),
    RuleId("review.handover", "Ownership changes, and both sides are asked.", "Ask an outgoing and an incoming owner."),
    RuleId("review.extra", "A rule of the facts asks for somebody beside the owners."),
    RuleId("review.total", "The change as a whole takes so many reviewers."),
    RuleId("review.last-push", "Somebody other than the last pusher has to approve what was pushed last."),
    RuleId("review.changes-requested", "Somebody asked for changes.", "They approve, or withdraw their request."),
    RuleId("review.none-needed", "Nothing that changed needs a review."),
    RuleId("review.not-counted", "A review has no effect here; its reason says why.", "See docs/reviews.md."),
    RuleId("review.break-glass", "An administrator passed the change without its reviews, or tried to."),
    RuleId("review.paths", "A signed review does not name its paths as it must.", "Review again with agentgov review."),
    RuleId("review.words", "A signed review lacks closures or requirements.", "Review again with agentgov review."),
    RuleId("review.verdict", "A signed review carries no verdict that exists.", "approve, request-changes, withdraw."),
    RuleId("review.nothing", "There is no review to withdraw."),
    RuleId("review.imported", "An imported review does not say where it comes from as it must.", "Import it anew."),
    RuleId("review.landed", "That review of the forge has landed; what it said was used, replaced or withdrawn."),
    RuleId(
        "review.commit", "An imported review binds other contents than the reviewed commit holds.", "Import it anew."
    ),
    RuleId("review.bot", "Bots' reviews are not counted."),
    # Contents of main
    RuleId("contents.authorised", "Everything governed at this commit is authorised."),
    RuleId("contents.reviewed", "Every path that changed has the reviews it needs."),
    RuleId(
        "contents.pending", "A path lacks reviews, or can never be authorised.", "agentgov check says who is missing."
    ),
    RuleId("contents.unreviewed", "The fleet has one person, whose changes nobody else sees.", "Add people to Access."),
    RuleId("commits.unsigned", "A commit is not signed by its committer, as the fleet asks.", "git commit --amend -S"),
    RuleId("verify.incomplete", "It cannot be told whether this may be released.", "Fetch what is missing."),
    # Who may do what
    RuleId("access.binding", "A binding of Access gives the right."),
    RuleId("access.administrator", "Administrators have the right."),
    RuleId("access.no-binding", "No binding gives the right.", "An administrator adds one: agentgov who VERB AGENT."),
    RuleId("access.out-of-scope", "A binding gives the right for other agents.", "Widen its agents, or add one."),
    RuleId("access.environment", "A binding gives the right in another environment.", "Name the environment in it."),
    RuleId("access.production-explicit", "Production takes a binding that names it.", "Add production to it."),
    RuleId("access.expired", "A binding ended.", "Set its `until` to a later day."),
    RuleId("access.unknown-verb", "There is no such right, or people cannot have it.", "See docs/permissions.md."),
    RuleId("access.permit-by-rule", "Who decides an agent's pending actions is said by its action rules."),
    RuleId("access.unknown-person", "Nobody in Access is called that.", "Add the person to governance/access.yaml."),
    RuleId("access.unknown-bot", "No bot in Access is called that.", "Add the bot to governance/access.yaml."),
    RuleId("access.bot", "A bot has the fixed acts of its kind, and no others."),
    RuleId("access.threshold", "So many administrators together are needed."),
    # Who signs an act
    RuleId("authority.actor", "The act names somebody who has not signed it.", "Sign with the key of whoever acts."),
    RuleId("authority.time", "Bots' acts carry the time, people's do not.", "See docs/journal.md."),
    RuleId("authority.permission", "A signer may not do that.", "See agentgov who VERB AGENT."),
    RuleId("authority.threshold", "The act takes more administrators.", "Have it signed by so many of them."),
    RuleId("authority.no-agent", "The act means no authorised agent.", "See agentgov status."),
    RuleId("authority.bots-only", "No person signs an act of that kind."),
    RuleId("authority.bot-kind", "A bot of that kind does not sign such acts.", "See docs/permissions.md."),
    # Release tags
    RuleId("tag.signed", "The tag is signed by somebody who may release the agent."),
    RuleId("tag.recorded", "The journal has seen the tag and keeps its bytes."),
    RuleId("tag.closure", "What the tag releases has to stand authorised.", "Get its reviews on main, then tag again."),
    RuleId("tag.commit", "The commit of the tag does not hold what the tag binds, or cannot be read.", "Tag again."),
    RuleId("tag.object", "The tag object is malformed.", "Tag with agentgov release."),
    RuleId("tag.name", "The tag stands under another name than it says.", "Tag with agentgov release."),
    RuleId("tag.target", "A release is a tag of a commit.", "Tag with agentgov release."),
    RuleId("tag.message", "The tag does not say which fleet and closure it is for.", "Tag with agentgov release."),
    RuleId("tag.fleet", "The tag was made for another fleet.", "Release it in this one."),
    RuleId("tag.journal", "The tag names a state that this journal never had.", "Fetch, then tag again."),
    RuleId("tag.unsigned", "The tag is not signed.", "Tag with agentgov release; see agentgov doctor for the key."),
    RuleId("tag.signature", "The tag's signature does not hold.", "Tag again with your own key."),
    RuleId("tag.stranger", "The tag's key is no person's in Access.", "Add the key to Access first."),
    RuleId("tag.permission", "Whoever signed the tag may not release this agent.", "See agentgov who release AGENT."),
    RuleId("tag.link", "A symlink or a submodule stands where the agent has a file.", "Put the file itself there."),
    RuleId("tag.lightweight", "A release is an annotated tag.", "Tag with agentgov release."),
    RuleId("tag.incomplete", "It cannot be told yet whether the tag is good.", "Fetch what is missing."),
    RuleId("tag.findings", "The agent has errors at that commit.", "Mend what agentgov validate finds."),
    RuleId("tag.draft", "Drafts are not released.", "Write lifecycle: {state: active}."),
    RuleId("tag.overdue", "The agent's lifecycle.reviewBy has passed.", "Look at it again and move the date."),
    RuleId("tag.moved", "The tag points at another object than when it was first seen.", "Find out who moved it."),
    RuleId("tag.gone", "The journal has seen the tag, and its ref is gone.", "Fetch tags; else ask who deleted it."),
    # The promotion chain of a release
    RuleId("promotion.chain", "The acts that brought the release where it stands, or that none has moved it yet."),
    RuleId("promotion.skipped", "An act moves a release past a stage that it never was in.", _HISTORY),
    RuleId("promotion.bound", "An act names a release otherwise than the journal recorded it.", _HISTORY),
    RuleId(
        "promotion.downgrade", "Production goes back to an older release by something else than a rollback.", _HISTORY
    ),
    # Evidence
    RuleId("evidence.release", "The journal has no such release of the agent, or another of that name."),
    RuleId("evidence.result", "The act does not say its result as it must.", "Add it with agentgov evidence add."),
    RuleId("evidence.threshold", "The act says passed, and its numbers do not reach what the content asks for."),
    RuleId("evidence.own-change", "Whoever signed the release, or wrote what it brings, adds no results for it."),
    RuleId("evidence.full", "The content has results of 64 kinds and suites.", "A newer one replaces its like."),
    RuleId("evidence.unreadable", "The agent.yaml of the release, which says what is asked for, cannot be read."),
    # Releases and orders in the journal
    RuleId("release.name", "The act names no release of the agent."),
    RuleId("release.known", "The journal has seen the release already."),
    RuleId("release.tag-missing", "The bytes of the tag do not lie beside the act."),
    RuleId("release.bound", "The act says something else of the release than its tag."),
    RuleId(
        "release.formerly",
        "The act names another past than the agent takes over, or leaves it out.",
        "See docs/releases.md.",
    ),
    RuleId("release.revoked", "The release rests on a revoked key.", "Have its contents reviewed, and release anew."),
    RuleId("revoke.key", "The act names no fingerprint of a key.", "Revoke with agentgov revoke."),
    RuleId("revoke.done", "The key is revoked already.", "With --since it may be revoked again."),
    RuleId("revoke.since", "The act names no act after the first one.", "See agentgov journal log."),
    RuleId("revoke.administrator", "Governance would go back to other administrators.", "Let one of them sign."),
    RuleId("pause.words", "The pause does not say whom, how or until when.", "Pause with agentgov pause."),
    RuleId("pause.none", "Nothing is paused by that selector.", "See agentgov status."),
    # Acts and the journal
    RuleId("act.fleet", "The act was signed for another fleet."),
    RuleId("act.governance", "The act was signed under governance that is no longer in force.", "Do it again."),
    RuleId("act.time", "The act's time lies behind the journal, or too far ahead.", "Set this machine's clock."),
    RuleId("act.time-step", "The act moves the time by more than maxAge.", "Run agentgov journal checkpoint."),
    RuleId("act.place", "An act of that kind cannot stand there."),
    RuleId("act.agent", "The act names no agent's id."),
    # Acts that begin the journal, move main, or move releases
    RuleId("init.kind", "The journal does not begin with an act init.", _HISTORY),
    RuleId("init.contents", "The first act adopts other contents than stand at its commit of main.", _HISTORY),
    RuleId(
        "init.unreadable",
        "The governance that the first act adopts cannot be read.",
        "Mend what agentgov validate finds.",
    ),
    RuleId(
        "init.access", "The Access that the first act adopts does not hold together.", "Mend governance/access.yaml."
    ),
    RuleId("init.previous", "The first act names no commit of the journal that it replaces.", _HISTORY),
    RuleId("init.fleet", "The first act is for another fleet than agentgov.yaml.", _HISTORY),
    RuleId("init.governance", "The first act names another governance than it adopts.", _HISTORY),
    RuleId(
        "init.administrator", "Whoever signed the first act is no administrator in the governance it adopts.", _HISTORY
    ),
    RuleId("advance.main", "The act names no commit of main that can be read."),
    RuleId("advance.contents", "The act authorises other contents than the reviews cover.", _HISTORY),
    RuleId("checkpoint.ledger", "A tree of the ledger is said to be shorter than it was, or another one."),
    RuleId("checkpoint.main", "The heartbeat passes over changes of main that no advance has looked at."),
    RuleId("transition.actor", "Only a person does that."),
    RuleId("transition.agent", "The act and its release are of different agents."),
    RuleId(
        "transition.release",
        "The journal has not seen the release as the act names it.",
        "Fetch; agentgov history AGENT.",
    ),
    RuleId("transition.record", "The journal lacks a release that the agent holds.", _HISTORY),
    RuleId("transition.state", "The release is not where the act takes it from.", _AGAIN),
    RuleId("transition.candidate", "The release is not on its way to production.", _AGAIN),
    RuleId("transition.leaves", "The act was decided on a state that is no more.", _AGAIN),
    RuleId("transition.running", "Production runs that content already."),
    RuleId("transition.canary", "A canary of another release is running.", "Wait, or agentgov abort it."),
    RuleId("transition.version", "The release is not newer, or for a rollback not older, than it must be."),
    RuleId(
        "transition.prerelease", "The pipeline has no channel for pre-releases.", "Release a version without a suffix."
    ),
    RuleId("transition.content", "The content is older than what production runs.", "Have it reviewed again on main."),
    RuleId("transition.bad", "The content failed, or was rolled back.", "agentgov clear forgives it."),
    RuleId("transition.withdrawn", "The release was withdrawn.", "Release the next version."),
    RuleId(
        "transition.revoked", "The release rests on a revoked key.", "Have its contents reviewed, and release anew."
    ),
    RuleId("transition.paused", "The agent is paused.", "agentgov resume"),
    RuleId("transition.hold", "The agent is on hold.", "agentgov hold --lift"),
    RuleId("transition.override-overdue", "A follow-up review is overdue.", "agentgov override confirm ACT."),
    RuleId(
        "transition.incident-overdue",
        "An incident of the agent, which is of high risk, owes a review or an action.",
        "agentgov incident actions names it, and what pays it.",
    ),
    RuleId(
        "transition.drill-overdue", "A drill about the agent, of high risk, is overdue.", "agentgov drill run DRILL."
    ),
    RuleId("transition.soak", "The soak is not over.", "Wait."),
    RuleId("transition.promoters", "Too few people promoted the release to the stage.", "agentgov promote"),
    RuleId("transition.stage", "A release is promoted to canary or to production."),
    RuleId("transition.step", "That is not the next step of the canary."),
    RuleId("transition.share", "The share is not the one of the step."),
    RuleId("transition.judged", "The canary has not been judged as its pipeline asks."),
    RuleId("transition.counts", "The counts of the act are missing or malformed."),
    RuleId("transition.evidence", "Results that are asked for before the stage are missing.", "agentgov evidence add"),
    RuleId("transition.retired", "The agent is retired.", "agentgov hold --lift, then release a newer version."),
    RuleId("transition.automatic", "A bot may not do that by itself here.", "A person decides."),
    RuleId("transition.deadline", "The canary has not been inconclusive for long enough.", "Wait."),
    RuleId(
        "transition.window",
        "The release has not run for too long; going back to it takes two people.",
        "Take a second person: agentgov rollback --help",
    ),
    RuleId("override.words", "The override does not name what it lets through.", "agentgov override --help."),
    RuleId("override.governance", "The governance set is never overridden.", "Get the administrators' reviews."),
    RuleId("override.release", "The journal has seen the release already."),
    RuleId("override.follow-up", "One administrator alone owes a follow-up review within a week.", "--due 24h."),
    RuleId("override.used", "Something passed without its reviews, by administrators' word."),
    RuleId("override.overdue", "An override's follow-up review is overdue.", "agentgov override confirm ACT."),
    RuleId("confirm.override", "There is no such override.", "agentgov status lists them."),
    RuleId("confirm.nothing", "The override owes no follow-up review, or has had no effect yet."),
    RuleId("confirm.own", "Whoever wrote or overrode it does not review it.", "Ask somebody else."),
    RuleId("confirm.permission", "The follow-up takes an administrator, or who may review all of it."),
    RuleId("waive.stretch", "The waive names another stretch than does not hold.", "agentgov journal verify names it."),
    RuleId("waive.time", "The time that a waive sets is missing, malformed or ahead.", "agentgov waive --set-time."),
    RuleId("waive.nothing", "There is nothing to waive, and no time to set back."),
    RuleId("journal.verified", "The journal holds from its pinned beginning."),
    RuleId("journal.rejected", "The journal does not hold.", _HISTORY),
    RuleId("journal.incomplete", "It cannot be told whether the journal holds.", "Fetch what is missing."),
    RuleId("journal.forked", "The journal is another one than this machine has pinned or seen.", _HISTORY),
    RuleId("journal.rewound", "The journal was set back behind what this machine has seen.", _HISTORY),
    RuleId("journal.merge", "The journal is linear, and holds a merge.", _HISTORY),
    RuleId("journal.duplicate", "The act stands in the journal already."),
    RuleId("journal.object", "A commit of the journal is malformed.", _HISTORY),
    RuleId("journal.text", "A commit of the journal is no act.", _HISTORY),
    RuleId("journal.envelope", "A commit of the journal is not signed by whoever appended it.", _HISTORY),
    RuleId("journal.unsigned", "An act carries no signature that can be read.", _HISTORY),
    RuleId("journal.stranger", "An act is signed by a key that is nobody's in Access.", "Add the key to Access first."),
    RuleId("journal.revoked", "An act is signed by a key that is revoked.", "Sign with another key of yours."),
    RuleId("journal.tree", "An act's tree holds what no act writes.", _HISTORY),
    RuleId("journal.replay", "An act's tree holds other records than the act makes.", _HISTORY),
    RuleId("journal.stretch", "The journal is broken, and only what contains is taken.", "See docs/recovery.md."),
    RuleId("journal.authorised", "An act authorises other contents than the reviews cover.", _HISTORY),
    RuleId("journal.stale", "The journal is older than maxAge.", "Fetch it; else agentgov journal checkpoint."),
    RuleId("trust.first-use", "This machine has no pins for the fleet.", "Run agentgov trust pin LINE."),
    # The reconciler, and what it reads and tells others
    RuleId("release.bake-failed", "Production fails while it bakes, with nothing to go back to.", "agentgov pause it."),
    RuleId("reconcile.memory", "What the reconciler had observed is lost, so soaks and counts begin anew."),
    RuleId(
        "reconcile.left-out", "An act was refused; its agent is left out for a while.", "See agentgov status AGENT."
    ),
    RuleId("reconcile.unfinished", "More was due than one tick writes.", "Run agentgov reconcile."),
    RuleId("reconcile.wake", "A call to look at once is not signed as it must be.", "Set the same secret."),
    RuleId("counts.source", "The source of counts does not answer as it must.", "See docs/counts.md."),
    RuleId("rendered.true", "The rendered commit is what the journal says."),
    RuleId("rendered.foreign", "The rendered branch holds a commit of somebody else.", "Find out who may push it."),
    RuleId("rendered.differs", "A rendered file is not what the journal says.", "See docs/delivery.md."),
    RuleId("rendered.unsigned", "The rendered commit is not signed by a reconciler.", "Find out who may push it."),
    RuleId("rendered.stale", "The rendered branch is of an older state of the journal.", "Run agentgov reconcile."),
    RuleId("rendered.refused", "The remote refuses the rendered branch.", "Let the reconciler push it."),
    RuleId("delivery.webhook", "A receiver of events does not answer; they are kept for it.", "Look at the receiver."),
    RuleId("delivery.folder", "The folder of rendered files cannot be written.", "Give the reconciler that right."),
    *FORGE_RULES,
    *OBJECT_RULES,
    *RUNTIME_RULES,
    *GATE_RULES,
    *ACTION_RULES,
    *INCIDENT_RULES,
    *DOCTOR_RULES,
)
_BY_ID = {one.rule: one for one in RULES}


def rule(name: str) -> RuleId | None:
    """The rule with that id; None where there is none."""
    return _BY_ID.get(name)
