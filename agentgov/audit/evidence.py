"""What agentgov can show an auditor: each kind of evidence, what it is taken from, and what it does not show.

Frameworks name these kinds (audit/frameworks/*.yaml). A kind without records in a period is shown as empty: an empty
list of rollbacks is evidence, too, as long as the ledger and the journal hold.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Source = Literal["journal", "ledger", "state"]


class Kind(msgspec.Struct, frozen=True):
    """One kind of evidence. `types` are acts of the journal, or types of records: one that ends in a dot, all below."""

    id: str
    title: str
    source: Source
    shows: str
    not_shown: str
    types: tuple[str, ...] = ()

    def holds(self, type_: str) -> bool:
        """Whether a record of this type belongs to it."""
        return any(type_.startswith(one) if one.endswith(".") else type_ == one for one in self.types)


def _acts(id_: str, title: str, shows: str, not_shown: str, *types: str) -> Kind:
    return Kind(id_, title, "journal", shows, not_shown, types)


def _records(id_: str, title: str, shows: str, not_shown: str, *types: str) -> Kind:
    return Kind(id_, title, "ledger", shows, not_shown, types)


def _state(id_: str, title: str, shows: str, not_shown: str) -> Kind:
    return Kind(id_, title, "state", shows, not_shown)


_GATE = "Only what went through the gate is here: an agent that holds its own credentials can act without asking."
_KINDS = (
    _acts(
        *("changes", "Changes that took effect"),
        "Every change of governed files, with the reviews of exactly these contents that let it take effect.",
        "Whether a reviewer understood what they signed. What passed by an override has no such reviews.",
        "init",
        "advance",
    ),
    _acts(
        *("access-changes", "Changes of who may do what"),
        "Every change of people, keys, roles, bindings and code owners that took effect.",
        "Accounts and rights outside of this fleet: the forge, the cloud, the model provider.",
        "init",
        "advance",
    ),
    _acts(
        *("reviews", "Reviews"),
        "Signed verdicts of people on exact contents; those from a forge carry its account and its number.",
        "How long a reviewer looked, and what they looked at.",
        "review",
    ),
    _acts(
        *("releases", "Releases"),
        "Every release that the pipeline took up: the signed tag, the commit, the digest of everything in it.",
        "What the model provider changed behind the same model name.",
        "release-seen",
    ),
    _acts(
        *("promotions", "Promotions through stages"),
        "Each step of each release through staging, canary and production, and who let it pass.",
        "What ran on machines that ignore the gate.",
        *("stage", "pass", "canary", "share", "graduate", "settle", "promote"),
    ),
    _acts(
        *("canary-verdicts", "Verdicts on canaries"),
        "The counts that each canary was judged on, and what came of it.",
        "Whether those counts were measured well: they are the word of whoever counts.",
        *("share", "graduate", "fail", "stall"),
    ),
    _acts(
        *("evaluations", "Results of evaluations and tests"),
        "Signed results of test suites, bound to the content of a release, with the digest of the file.",
        "Whether a suite asks the right questions.",
        "evidence",
    ),
    _acts(
        *("rollbacks", "Rollbacks"),
        "Each return to a prior release, by whom, and why.",
        "What users met with before it.",
        "rollback",
    ),
    _acts(
        *("interventions", "Candidates stopped, agents held or retired"),
        "Each order of a person or a deadline that kept a release from going on, and each that let it go on again.",
        "Why nobody intervened where nobody did.",
        *("abort", "withdraw", "hold", "clear", "retire"),
    ),
    _acts(
        *("pauses", "Pauses"),
        "Each order to stop an agent, or to let it only read, and its end.",
        "That an agent which does not ask the gate obeyed.",
        *("pause", "resume"),
    ),
    _acts(
        *("incident-steps", "Steps of incidents"),
        "Each opening, hand-over, escalation, message, containment, resolution and end, with who and when.",
        "What was said elsewhere, on the phone or in a chat.",
        "incident",
    ),
    _acts(
        *("drills", "Drills"),
        "Each drill that was held: its kind, its objectives met and missed, its score and its gaps.",
        "Whether an emergency would go as the drill did.",
        "drill",
    ),
    _acts(
        *("overrides", "Emergency overrides"),
        "Each content or release that administrators let through without its reviews, and the review that followed.",
        "Whether the emergency was one.",
        *("override", "confirm", "waive"),
    ),
    _acts(
        *("revocations", "Keys that were revoked"),
        "Each key that was declared dead, by whom, and since when.",
        "When it was really lost.",
        "revoke",
    ),
    _acts(
        *("alarms", "Alarms about moved tags"),
        "Each release whose tag was moved or taken away on the remote.",
        "Who did it there: the forge knows.",
        "alarm",
    ),
    _acts(
        *("anchors", "Anchors of the ledger"),
        "How far each tree of the ledger was, signed into the journal.",
        "Records after the last anchor.",
        "checkpoint",
    ),
    _records(
        *("action-requests", "Actions that people were asked about"),
        "Each action that an agent had to ask people for.",
        _GATE,
        *("action.ask",),
    ),
    _records(
        *("permit-decisions", "Decisions about actions"),
        "Each voice for or against, which of how many it was, how long after the question, and what ran out.",
        "What the person read before they decided.",
        *("permit.approve", "permit.deny", "permit.expire"),
    ),
    _records(
        *("permit-uses", "Uses of permits"),
        "Each use of a permit, and each that was refused since something had changed.",
        _GATE,
        *("permit.consume", "permit.refuse"),
    ),
    _records(
        *("action-denials", "Actions that were denied"),
        "Each action that rules refused.",
        _GATE,
        *("action.deny",),
    ),
    _records(
        *("actions", "Actions that rules allowed"),
        "Each action that was allowed without asking a person.",
        _GATE,
        *("action.allow",),
    ),
    _records(
        *("outcomes", "Outcomes of actions"),
        "What agents said became of what they were permitted.",
        "Whether it is true: it is the agent's word.",
        "outcome.",
    ),
    _records(
        *("budget-denials", "Spending that was denied"),
        "Each reservation of money that a budget refused.",
        "Money spent past the gate; the provider's invoice knows.",
        *("budget.deny",),
    ),
    _records(
        *("leases", "Configurations that were handed out"),
        "Which release each agent was given, when, in which environment.",
        "What the agent did with it.",
        "lease",
    ),
    _records(
        *("logins", "Logins"),
        "Logins of people at the gate, and their ends.",
        "Attempts that failed: they are in the log of the gate and in its metrics, not in the ledger.",
        *("login", "logout"),
    ),
    _records(
        *("tokens", "Tokens of agents and people"),
        "Each token that was made, rotated or revoked.",
        "Where a token was copied to.",
        "token.",
    ),
    _records(
        *("reads", "Reads of records"),
        "Who read what at the gate or in the store, with the query.",
        "Reads of copies, backups, clones, or of the database by whoever keeps it.",
        "read",
    ),
    _records(
        *("gate-pauses", "Pauses at the gate"),
        "When the gate began to obey a pause.",
        "That an agent which does not ask the gate obeyed.",
        *("pause", "resume"),
    ),
    _records(
        *("disposals", "Disposals of records"),
        "Each pruning and each erasure, with what was disposed of and who signed; the proofs of what stays hold.",
        "Copies elsewhere: exports, backups, logs of the agents themselves.",
        *("ledger.prune", "redacted", "erasure."),
    ),
    _records(
        *("ledger-renewals", "Ledgers that were begun anew"),
        "Each time records were declared lost, and why.",
        "What was in them.",
        "ledger.renew",
    ),
    _state(
        *("access-review", "Who could do what"),
        "Every right of everybody at the end of the period, and what somebody should look at.",
        "Rights outside of this fleet. That somebody looked at it: a review of access is a person's act.",
    ),
    _state(
        *("rules", "Rules in force"),
        "The governance that was in force at the end of the period, by its digest.",
        "Whether these rules are the right ones.",
    ),
    _state(
        *("inventory", "Agents"),
        "Every governed agent at the end of the period, with its risk and its retention class.",
        "Agents that nobody registered.",
    ),
    _state(
        *("incidents", "Incidents"),
        "Every incident that was open in the period: how long it took to be contained and resolved, and its review.",
        "Incidents that nobody opened here. Whether people were harmed.",
    ),
    _state(
        *("practice", "Drills that are owed"),
        "Every drill that is planned or was held: when it was held last, how it went, and whether it is overdue.",
        "Exercises that are held elsewhere.",
    ),
    _state(
        *("retention", "Retention and legal holds"),
        "How long records are kept by class, and what must not be disposed of.",
        "That these periods are the ones the law asks of you.",
    ),
    _state(
        *("verification", "Verification of journal and ledger"),
        "Every signature, permission, review, record and checkpoint was checked again for this report.",
        "That what was recorded is true, and that everything was recorded.",
    ),
)
KINDS: Mapping[str, Kind] = {one.id: one for one in _KINDS}
