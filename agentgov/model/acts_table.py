"""The acts of the journal as one table: which command appends each, whose word it takes, which bots may sign it, and
whether it raises risk.

`journal.authority` and `trust.verbs` read from here who may sign, `release.plan` and `journal.appending` what waits
while the journal is too old, and docs/permissions.md shows the table itself. Decides nothing; what an act does is
`journal.judge`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from agentgov.model.access import BotKind
from agentgov.model.act import GRAMMAR, Act
from agentgov.model.document import Environment

# Whose word: `first` is the act that trust begins with; `anybody` in Access speaks, and whether the word counts is
# decided when it is needed; `holders` of a verb; `administrators`; `bots` alone.
Word = Literal["first", "anybody", "holders", "administrators", "bots"]
# How many distinct people sign: one; two where the administrators' threshold is more than one; the threshold.
People = Literal["none", "one", "two", "threshold"]
Risk = Literal["raises", "neutral", "reduces"]


@dataclass(frozen=True, slots=True)
class ActRule:
    """One kind of act."""

    kind: str
    commands: tuple[str, ...]  # that append it; empty where none does yet
    word: Word
    verb: str = ""  # that a person needs on every agent that the act is about
    environment: Environment | None = None
    people: People = "none"
    bots: tuple[BotKind, ...] = ()
    risk: Risk = "neutral"
    note: str = ""  # what else it takes, in a few words


def _order(kind: str, command: str, risk: Risk, *bots: BotKind, note: str = "", verb: str = "") -> ActRule:
    """A person's word in the pipeline: the verb is called like the act, and production is what it reaches."""
    return ActRule(kind, (command,) if command else (), "holders", verb or kind, "production", "one", bots, risk, note)


def _step(kind: str, risk: Risk, note: str) -> ActRule:
    """What the reconciler alone appends."""
    return ActRule(kind, ("reconcile",), "bots", bots=("reconciler",), risk=risk, note=note)


def _recovery(kind: str, command: str, people: People, risk: Risk, note: str) -> ActRule:
    return ActRule(kind, (command,) if command else (), "administrators", "administer", None, people, (), risk, note)


# Commands that take one step of an incident each.
INCIDENT_COMMANDS = (
    *("open", "ack", "assign", "note", "severity", "mitigate", "resolve", "close", "cancel", "message"),
)
_TABLE = (
    ActRule("init", ("trust init",), "first", people="one", risk="raises", note="by the Access that it adopts"),
    ActRule(
        "review",
        ("review approve", "review request-changes", "review withdraw", "review import", "forge import-reviews"),
        "anybody",
        "review",
        None,
        "one",
        ("importer",),
        note="`review` in scope to count, and never on one's own change",
    ),
    _order("promote", "promote", "raises"),
    _order(
        "abort",
        "abort",
        "reduces",
        "reconciler",
        "gate",
        note="staging while only staging holds it; a bot after a deadline, or in canary for an alert rule",
    ),
    _order("withdraw", "withdraw", "reduces", verb="abort"),
    _order(
        "retire", "retire", "reduces", note="ends all traffic of an agent; `hold --lift` and a newer tag bring it back"
    ),
    ActRule(
        "evidence",
        ("evidence add",),
        "holders",
        "evidence",
        None,
        "one",
        ("evidence",),
        note="never by who signed the release or wrote what it brings; numbers below those of the content never pass",
    ),
    _order("hold", "hold", "neutral", note="lifting it raises risk"),
    _order("clear", "clear", "raises"),
    _order("rollback", "rollback", "reduces", "reconciler", note="a bot while a release bakes"),
    _order("pause", "pause", "reduces", "gate", note="on every agent that it selects"),
    _order("resume", "resume", "raises", note="on every agent that it selects"),
    ActRule(
        "incident",
        tuple(f"incident {step}" for step in INCIDENT_COMMANDS),
        "holders",
        "incident",
        None,
        "one",
        ("gate",),
        note="on every agent that it is about; a step that pauses takes `pause` in production too; a bot opens, adds "
        "alerts, tells people, calls the next one and says that it is contained; asked by who is logged in it also "
        "acknowledges, notes, assigns and makes it worse",
    ),
    ActRule(
        "drill",
        ("drill run",),
        "holders",
        "drill",
        None,
        "one",
        ("gate",),
        note="on every agent that it is about, for the whole fleet where it names none",
    ),
    _step("advance", "raises", "contents that reviews cover, derived again by every verifier"),
    _step("release-seen", "raises", "a tag signed by somebody who holds `release`"),
    _step("stage", "raises", "as the pipeline says"),
    _step("pass", "neutral", "as the pipeline says"),
    _step("canary", "raises", "as the pipeline says"),
    _step("share", "raises", "as the pipeline says"),
    _step("graduate", "raises", "as the pipeline says, with its promoters"),
    _step("settle", "neutral", "as the pipeline says"),
    _step("fail", "reduces", "the canary is worse than what runs beside it"),
    _step("stall", "reduces", "the canary cannot be judged"),
    _step("alarm", "reduces", "a release's ref moved or is gone: the agent is held"),
    ActRule(
        "checkpoint",
        ("reconcile", "journal checkpoint"),
        "administrators",
        "administer",
        None,
        "one",
        ("reconciler", "gate"),
        note="the heartbeat of journal time; a step larger than `maxAge` takes two bots, or a person",
    ),
    _recovery("revoke", "revoke", "one", "reduces", "a key is dead from here on, whoever lists it"),
    _recovery("waive", "waive", "threshold", "neutral", "form is forgiven, never a missing review"),
    _recovery(
        "override", "override", "two", "raises", "one content or release passes without its reviews, and shows it"
    ),
    ActRule(
        "confirm",
        ("override confirm",),
        "anybody",
        "review",
        None,
        "one",
        note="the follow-up review of an override, by an administrator or who may review it all, and neither "
        "signed nor wrote it",
    ),
)
ACTS: Mapping[str, ActRule] = MappingProxyType({rule.kind: rule for rule in _TABLE})
assert ACTS.keys() == GRAMMAR.keys(), "every kind of act has its row"

_KINDS: tuple[BotKind, ...] = ("reconciler", "gate", "importer", "evidence")

# A bot's key is accepted for these acts and nothing else; no role ever adds to them.
BOT_ACTS: Mapping[BotKind, frozenset[str]] = MappingProxyType(
    {kind: frozenset(rule.kind for rule in _TABLE if kind in rule.bots) for kind in _KINDS}
)
# Acts that a person signs by holding a verb: (verb, environment); None for verbs that act in none.
PERSONAL: Mapping[str, tuple[str, Environment | None]] = MappingProxyType(
    {rule.kind: (rule.verb, rule.environment) for rule in _TABLE if rule.word == "holders"}
)
# Bots whose acts move journal time.
KEEPERS: tuple[BotKind, ...] = ACTS["checkpoint"].bots


def raises_risk(act: Act) -> bool:
    """Whether an act brings something new to users, or takes away what protects them."""
    return ACTS[act.kind].risk == "raises" or (act.kind == "hold" and act.get("State") == "lifted")


def people_needed(rule: ActRule, threshold: int) -> int:
    """How many distinct people sign an act, under this threshold of administrators."""
    counts: Mapping[People, int] = {"none": 0, "one": 1, "two": min(2, threshold), "threshold": threshold}
    return max(counts[rule.people], 0)
