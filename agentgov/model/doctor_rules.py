"""The rule ids of `agentgov doctor`, in words: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

DOCTOR_RULES: tuple[RuleId, ...] = (
    # Doctor
    RuleId(
        "doctor.repository",
        "There is no repository with a fleet around the folder.",
        "agentgov init, or go into your fleet.",
    ),
    RuleId("doctor.clone", "The clone could not be looked at whole.", "See what its message names."),
    RuleId("doctor.program", "A program that is called is not there.", "Install it."),
    RuleId("doctor.python", "Which Python runs this."),
    RuleId("doctor.shallow", "The clone lacks older commits.", "git fetch --unshallow"),
    RuleId("doctor.empty", "The repository has no commit.", "Commit the fleet."),
    RuleId("doctor.fleet", "The last commit has no agentgov.yaml.", "agentgov init ."),
    RuleId("doctor.governance", "The governance of the last commit cannot be read.", "agentgov validate"),
    RuleId("doctor.detached", "HEAD is on no branch.", "git switch main"),
    RuleId("doctor.schemas", "Editors read schemas of another version.", "agentgov schema --write"),
    RuleId(
        "doctor.remote",
        "The remote does not answer, or there is none.",
        "git remote add origin URL, or see why it is away.",
    ),
    RuleId("doctor.identity", "Who git says you are."),
    RuleId("doctor.key", "The key that signs here cannot be used.", "See docs/keys.md."),
    RuleId("doctor.signature", "No signature could be made, or what was made would not count.", "See docs/keys.md."),
    RuleId(
        "doctor.access", "The key that signs here is nobody's in Access, or revoked.", "agentgov access add-key ID FILE"
    ),
    RuleId(
        "doctor.bot-key", "The bot's key at hand is nobody's, or a person's.", "Point AGENTGOV_KEY_FILE at a bot's key."
    ),
    RuleId(
        "doctor.openpgp",
        "Access lists an OpenPGP certificate, and it cannot be judged here.",
        "Install the extra: docs/keys.md.",
    ),
    RuleId("doctor.journal", "The journal is not there, or does not hold.", "agentgov journal verify --fetch"),
    RuleId("doctor.pins", "This machine would trust any journal.", "agentgov trust pin LINE"),
    RuleId("doctor.age", "Journal time is older than the fleet allows.", "agentgov journal checkpoint"),
    RuleId("doctor.pending", "Paths of main wait for reviews.", "agentgov check"),
    RuleId("doctor.anchors", "The gate's ledger was not anchored in the journal for a day.", "agentgov ledger verify"),
    RuleId("doctor.people", "Who may do what could not be looked at.", "See what its message names."),
    RuleId("doctor.alone", "The fleet has one person, whose changes nobody reviews.", "agentgov access add-person"),
    RuleId(
        "doctor.threshold",
        "Too few administrators, too low a threshold, or none who may be lost.",
        "See docs/permissions.md.",
    ),
    RuleId("doctor.right-ends", "A binding ends within 30 days.", "Renew it in governance/access.yaml."),
    RuleId("doctor.right-ended", "A binding has ended, and stands there still.", "Take it out, or renew it."),
    RuleId(
        "doctor.reconciler", "Access has no reconciler, so nothing is promoted.", "agentgov access add-bot reconciler"
    ),
    RuleId("doctor.dead-key", "Access lists a key that is revoked.", "agentgov access remove-key ID FINGERPRINT"),
    RuleId("doctor.no-key", "Somebody with rights has no key that could sign.", "agentgov access add-key ID FILE"),
    RuleId("doctor.bot-unused", "A bot has signed no act in 30 days.", "agentgov access remove-bot ID"),
    RuleId("doctor.owners", "Who answers could not be looked at.", "See what its message names."),
    RuleId(
        "doctor.left", "Somebody can do nothing any more, and stands in Access.", "agentgov access remove-person ID"
    ),
    RuleId("doctor.team-empty", "Nobody is left in a team.", "Add members."),
    RuleId("doctor.owner-left", "The owner of an agent is nobody now.", "Name another one."),
    RuleId("doctor.oncall", "Nobody is on call for an agent.", "Add oncall.escalate."),
    RuleId("doctor.oncall-left", "An on-call chain calls somebody who left.", "Change oncall.escalate."),
    RuleId("doctor.oncall-alone", "An on-call chain comes down to one person.", "Add somebody to it."),
    RuleId("doctor.responder-left", "A playbook or a drill names somebody who left.", "Name who took over."),
    RuleId("doctor.codeowner-left", "CODEOWNERS names somebody who is nobody in Access.", "agentgov owners --lint"),
    RuleId("doctor.clock-journal", "Journal time is more than five minutes ahead of this machine.", "Set the clock."),
    RuleId("doctor.clock-gate", "The gate's clock and this one are more than five minutes apart.", "Set the clock."),
    RuleId(
        "doctor.clock-remote", "The git server's clock and this one are more than five minutes apart.", "Set the clock."
    ),
    RuleId(
        "doctor.gate",
        "The gate gives no answer, is not ready, or there is none.",
        "See its log, and start it: agentgov serve.",
    ),
    RuleId("doctor.gate-trouble", "The gate's last look at the journal failed.", "agentgov journal verify --fetch"),
    RuleId("doctor.gate-pausing", "The gate's last test of pausing failed.", "See the gate's log."),
    RuleId("doctor.gate-ledger", "Trees of the gate's ledger are signed no further.", "agentgov ledger verify"),
    RuleId("doctor.gate-budgets", "Budgets at the gate do not add up.", "agentgov budget check"),
    RuleId("doctor.gate-behind", "The gate serves an old place of the journal.", "See whether it reaches the remote."),
    RuleId("doctor.gate-version", "The gate is of another version than this program.", "Upgrade the older one."),
    RuleId("doctor.gate-certificate", "The gate's certificate ends within three weeks.", "Renew it."),
    RuleId("doctor.gate-outbox", "Acts wait at the gate for the journal.", "See the gate's log."),
    RuleId("doctor.gate-login", "What only the gate knows was not looked at.", "agentgov login"),
    RuleId(
        "doctor.store", "The store is damaged, of an earlier version, not there, or elsewhere.", "agentgov store check"
    ),
    RuleId("doctor.store-room", "There is little room where the store lies.", "Make room."),
    RuleId(
        "doctor.store-restored",
        "The store was brought back from a copy, and a person has to say how it goes on.",
        "See docs/store.md.",
    ),
    RuleId("doctor.store-backup", "The last copy of the store is older than two days.", "agentgov store backup FILE"),
    RuleId("doctor.outbox", "A message to people waits, and nobody sends it.", "agentgov serve"),
    RuleId("doctor.routes", "No route takes a page, so nobody is woken.", "agentgov alert add-route NAME --to KIND"),
    RuleId("doctor.route-secret", "A route has no secret where the gate runs.", "Set it."),
    RuleId("doctor.route-dead", "A route is dead.", "agentgov alert test ROUTE"),
    RuleId("doctor.route-untested", "Nothing has arrived on a route for 90 days.", "agentgov alert test ROUTE"),
    RuleId("doctor.leases", "What instances run could not be looked at.", "See what its message names."),
    RuleId("doctor.lease-old", "Instances run another config than they may.", "agentgov status AGENT"),
    RuleId("doctor.lease-silent", "Instances have not been heard of.", "agentgov status AGENT"),
    RuleId("doctor.playbooks", "Playbooks could not be looked at.", "agentgov validate"),
    RuleId(
        "doctor.playbook",
        "An agent has no playbook, or names one that is not there.",
        "agentgov playbook new KIND AGENT",
    ),
    RuleId(
        "doctor.playbook-gap",
        "The playbook of an agent leaves something out, or is about others.",
        "agentgov playbook show AGENT",
    ),
    RuleId("doctor.playbook-old", "A playbook had to be read again by now.", "Read it, and write the next day."),
    RuleId("doctor.drills", "Drills could not be looked at.", "agentgov validate"),
    RuleId(
        "doctor.drill",
        "A drill is due, overdue or was not passed, or there is none.",
        "agentgov drill run DRILL, or new AGENT",
    ),
    RuleId("doctor.drill-held", "How many drills were held."),
    RuleId("doctor.retention", "Records are kept for ever, because nobody says how long.", "agentgov retention new"),
    RuleId("doctor.retention-full", "Whole payloads are kept for ever.", "Add audit.retention."),
    RuleId(
        "doctor.retention-short",
        "A class keeps records for less than a framework it names.",
        "agentgov retention check",
    ),
    RuleId("doctor.hold-old", "A hold has stood for more than a year.", "Ask who made it."),
    RuleId("doctor.open", "Incidents, pauses and overrides could not be looked at.", "See what its message names."),
    RuleId("doctor.incident-nobody", "An incident stands, and nobody leads it.", "agentgov incident ack ID"),
    RuleId(
        "doctor.incident-long", "An incident stands for longer than its severity allows.", "agentgov incident show ID"
    ),
    RuleId("doctor.owed", "A review or an action of an incident is overdue.", "agentgov incident review ID"),
    RuleId("doctor.pause-long", "A pause has stood for a week.", "agentgov resume SELECTOR"),
    RuleId("doctor.override", "An override lacks its follow-up review.", "agentgov override confirm ID"),
)
