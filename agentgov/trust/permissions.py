"""Who may do what, where, until when: the answer from Access, with the binding that gives it.

The rules, all of them:

1. No binding, no right. A right is a verb of a role, given by a binding whose `who` selects the person, whose `agents`
   cover the agent, and which is in force (`until` is a date; the whole of that day in UTC counts).
2. Verbs that act in an environment need it listed in `environments` of that binding. Production is never implied; and
   where an act names no environment it reaches all of them, so it is judged as production.
3. Agent None is the fleet as a whole: only a binding on `**` covers it.
4. Administrators may `administer`, each as one voice of the threshold, and hold every right of an operator on every
   agent in every environment, production included.
5. `administer` and `permit` are in no role: administrators have the first, an agent's own action rules name who has the
   second.
6. Bots have no rights here. A bot's key is accepted for the fixed acts of its kind (`decide_bot_act`), and no binding
   adds to them.
7. What could mean two people means nobody.

Decides from values alone: no clock, no file. Whether a signature really is that person's is decided in `sshsig` and
`identity`; whether a path is theirs to review, in `review`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import msgspec

from agentgov.model.access import Access, Binding
from agentgov.model.document import Environment
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.names import AgentId
from agentgov.model.verdict import Effect, Location, Reason, Verdict, allow, deny, note
from agentgov.trust.roster import Roster, last_day, roster
from agentgov.trust.verbs import BOT_ACTS, BUILT_IN_ROLES, VERBS, Verb, in_scope, role_verbs

__all__ = [
    "BOT_ACTS",
    "VERBS",
    "Grant",
    "decide_bot_act",
    "decide_permission",
    "decide_threshold",
    "standing",
    "who_can",
]


class Grant(msgspec.Struct, frozen=True):
    """One right of one person: `via` says by what, `until` is its last day (None: no end).

    `binding` counts from 0 in the file, None for administrators.
    """

    person: str
    via: str
    until: date | None
    agents: tuple[str, ...]
    environments: tuple[Environment, ...]
    binding: int | None = None

    @property
    def where(self) -> Location:
        """Its place in governance/access.yaml."""
        pointer = "/administrators" if self.binding is None else f"/bindings/{self.binding}"
        return Location(ACCESS_FILE, pointer=pointer)

    def covers(self, agent: AgentId | None) -> bool:
        """Whether the agent, or for None the fleet as a whole, is in its scope."""
        return any(in_scope(pattern, agent) for pattern in self.agents)


def decide_permission(
    access: Access, who: str, verb: str, agent: AgentId | None, environment: Environment | None, today: date
) -> Verdict:
    """Whether a person may do that; every binding that has a say is among the reasons.

    `environment` counts only for verbs that act in one, and None means production there (rule 2). Fact:
    `environment`, the one that was judged, None where the verb has none.
    """
    known, entry = roster(access), VERBS.get(verb)
    judged = (environment or "production") if entry is not None and entry.environments else None
    facts = MappingProxyType({"environment": judged})
    if entry is None:
        return Verdict((deny("access.unknown-verb", f"{verb} is not a verb that people can have", who),), facts)
    if who not in known.people:
        return Verdict((_stranger(access, who),), facts)
    if entry.withheld == "action-rule":
        message = "who may decide pending actions is named by an agent's action rules; no role gives it"
        return Verdict((deny("access.permit-by-rule", message, who),), facts)
    reasons = [_judge(grant, access, entry, agent, judged, today) for grant in _grants(access, known, entry, who)]
    place = f"{agent or 'the whole fleet'}{f' in {judged}' if judged else ''}"
    nothing = deny("access.no-binding", f"no binding says that {who} may {entry.on(place)}", who)
    return Verdict(_settle(reasons, nothing), facts)


def decide_bot_act(access: Access, bot_id: str, act: str) -> Verdict:
    """Whether the key of a bot is accepted for an act: only the fixed acts of its kind are."""
    found = [bot for bot in access.bots if bot.id == bot_id]
    if len(found) != 1 or any(person.id == bot_id for person in access.people):
        return Verdict((deny("access.unknown-bot", f"there is no bot {bot_id} in Access", bot_id),))
    kind = found[0].kind
    where = Location(ACCESS_FILE, pointer=f"/bots/{access.bots.index(found[0])}")
    if act in BOT_ACTS[kind]:
        return Verdict((allow("access.bot", f"{act} is an act of a bot of kind {kind}", bot_id, where),))
    acts = ", ".join(sorted(BOT_ACTS[kind]))
    message = f"{bot_id} is a bot of kind {kind}: its key is accepted for {acts} and nothing else"
    return Verdict((deny("access.bot", message, bot_id, where),))


def decide_threshold(access: Access, who: Iterable[str]) -> Verdict:
    """Whether these people are enough administrators; one person counts once, however often named.

    Facts: `counted` (sorted ids), `missing` (how many more).
    """
    administrators, threshold = roster(access).administrators, access.administrators.threshold
    counted = sorted(administrators.intersection(who))
    where = Location(ACCESS_FILE, pointer="/administrators")
    facts = MappingProxyType({"counted": tuple(counted), "missing": max(threshold - len(counted), 0)})
    if not 1 <= threshold <= len(administrators):
        message = f"the administrators' threshold of {threshold} is not one that {len(administrators)} can meet"
        return Verdict((deny("access.threshold", message, "administrators", where),), facts)
    message = f"{len(counted)} of the {threshold} administrators it takes: {', '.join(counted) or 'none'}"
    reason = allow if len(counted) >= threshold else deny
    return Verdict((reason("access.threshold", message, "administrators", where),), facts)


def who_can(
    access: Access, verb: str, agent: AgentId | None, environment: Environment | None, today: date
) -> tuple[Grant, ...]:
    """Every grant by which `decide_permission` says yes, by person, then in the order of the file."""
    entry = VERBS.get(verb)
    if entry is None:
        return ()
    judged = (environment or "production") if entry.environments else None
    return tuple(
        grant
        for grant in standing(access, verb, today)
        if grant.covers(agent) and (judged is None or judged in grant.environments)
    )


def standing(access: Access, verb: str, today: date) -> tuple[Grant, ...]:
    """Every grant of a verb that is in force, in whatever scope, by person, then in the order of the file."""
    entry = VERBS.get(verb)
    if entry is None:
        return ()
    found = _grants(access, roster(access), entry)
    return tuple(sorted((grant for grant in found if _holds(grant, today)), key=lambda grant: grant.person))


def _grants(access: Access, known: Roster, verb: Verb, only: str | None = None) -> Iterator[Grant]:
    """Grants of a verb, ended ones too, of everybody or of one person."""
    if verb.withheld == "administrators" or "operator" in verb.roles:
        via = "administrator" if verb.withheld else "administrator (an operator's rights everywhere)"
        for person in sorted(known.administrators):
            if only in (None, person):
                yield Grant(person, via, None, ("**",), ("staging", "production"))
    if verb.withheld:
        return
    for index, binding in enumerate(access.bindings):
        if verb.name in _verbs(access, binding.role):
            for person, selector in _bound(binding, known, only).items():
                via = _via(binding, selector)
                yield Grant(person, via, last_day(binding), binding.agents, binding.environments, index)


def _verbs(access: Access, role: str) -> frozenset[str]:
    """The verbs of a role; one that is defined twice, or like a built-in one, holds what both agree on."""
    found = [frozenset(entry.verbs) for entry in access.roles if entry.name == role]
    found += [role_verbs(name) for name in BUILT_IN_ROLES if name == role]
    return frozenset.intersection(*found) if found else frozenset()


def _bound(binding: Binding, known: Roster, only: str | None) -> dict[str, str]:
    """Person to the entry of `who` that selects them first."""
    found: dict[str, str] = {}
    for selector in binding.who:
        members = known.members(selector)
        for person in sorted(members) if only is None else members & {only}:
            found.setdefault(person, selector)
    return found


def _via(binding: Binding, selector: str) -> str:
    through = f" through {selector}" if ":" in selector else ""
    environments = f" in {' and '.join(binding.environments)}" if binding.environments else ""
    return f"{binding.role} on {', '.join(binding.agents)}{environments}{through}"


def _judge(
    grant: Grant, access: Access, verb: Verb, agent: AgentId | None, environment: Environment | None, today: date
) -> Reason:
    """What one grant says to a question."""
    where, who = grant.where, grant.person
    if grant.binding is None:
        return allow("access.administrator", _administrator(who, access, verb), who, where)
    if not grant.covers(agent):
        return note("access.out-of-scope", f"{grant.via} does not cover {agent or 'the whole fleet'}", who, where)
    if not _holds(grant, today):
        return deny("access.expired", f"{grant.via} ended on {grant.until}", who, where)
    if environment is not None and environment not in grant.environments:
        rule = "access.production-explicit" if environment == "production" else "access.environment"
        return deny(rule, f"{grant.via} does not list {environment}", who, where)
    return allow("access.binding", f"{grant.via} gives {verb.name}", who, where)


def _administrator(who: str, access: Access, verb: Verb) -> str:
    if verb.withheld:
        return f"{who} is an administrator; what takes effect takes {access.administrators.threshold} of them"
    return f"{who} is an administrator, with an operator's rights everywhere"


def _settle(reasons: list[Reason], nothing: Reason) -> tuple[Reason, ...]:
    """Rights add up: one binding that gives it is enough, and what the others lack is then only a note."""
    effects = {reason.effect for reason in reasons}
    if Effect.ALLOW in effects:
        kept = [replace(reason, effect=Effect.NOTE) if reason.effect is Effect.DENY else reason for reason in reasons]
        return tuple(sorted(kept, key=lambda reason: reason.effect is not Effect.ALLOW))
    return (*reasons,) if Effect.DENY in effects else (nothing, *reasons)


def _holds(grant: Grant, today: date) -> bool:
    return grant.until is None or today <= grant.until


def _stranger(access: Access, who: str) -> Reason:
    if any(bot.id == who for bot in access.bots):
        return deny("access.bot", f"{who} is a bot: it has no rights, only the fixed acts of its kind", who)
    return deny("access.unknown-person", f"{who} is not among the people of Access", who)
