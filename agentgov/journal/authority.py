"""Who may sign which act: the verb a person needs, or the kind a bot must be.

Verbs come from the authorised governance at the act's place in the journal, never from the act. Whether the act makes
sense there is not asked here (`judge`). The table is `model.acts_table`, and docs/permissions.md shows it.
"""

from collections.abc import Iterator

from agentgov.journal.incidents import verbs_of
from agentgov.journal.traits import selected
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.acts_table import ACTS, BOT_ACTS, people_needed
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.model.transitions import Refusal
from agentgov.trust.identity import Identity
from agentgov.trust.verbs import who_may as who_may_words


def refuse_signers(view: View, act: Act, signers: frozenset[Identity]) -> Refusal | None:
    """Why these signers may not put this act into the journal at this place; None where every one of them may."""
    kind = "person" if act.is_personal else "bot"
    if not any(who.kind == kind and who.id == act.actor_id for who in signers):
        return Refusal("authority.actor", f"{act.actor} is named as the actor and has not signed")
    if act.is_personal and (act.time is not None) != (act.kind == "checkpoint"):
        return Refusal("authority.time", "of people's acts a checkpoint carries the time, and no other")
    if not act.is_personal and act.time is None:
        return Refusal("authority.time", f"an act {act.kind} of a bot carries the time")
    for who in sorted(signers, key=lambda who: (who.kind, who.id)):
        refusal = _refuse_bot(act, who) if who.kind == "bot" else _refuse_person(view, act, who.id)
        if refusal is not None:
            return refusal
    return _refuse_count(view, act, signers) if act.is_personal else None


def _refuse_count(view: View, act: Act, signers: frozenset[Identity]) -> Refusal | None:
    """Acts of administrators take so many of them; every person who signed one is one, by `_refuse_person`. Others take
    one person, who is there."""
    have = sum(who.kind == "person" for who in signers)
    needed = people_needed(ACTS[act.kind], view.governance.access.administrators.threshold)
    if have >= needed:
        return None
    return Refusal("authority.threshold", f"an act {act.kind} takes {needed} administrators, and {have} signed")


def _refuse_bot(act: Act, bot: Identity) -> Refusal | None:
    allowed = BOT_ACTS.get(bot.bot_kind, frozenset()) if bot.bot_kind is not None else frozenset()
    if act.kind in allowed:
        return None
    return Refusal("authority.bot-kind", f"a bot of kind {bot.bot_kind} may not sign an act {act.kind}")


def _refuse_person(view: View, act: Act, person: str) -> Refusal | None:
    rule = ACTS[act.kind]
    if rule.word == "anybody":
        return None  # anybody in Access may speak; whose word counts is decided when it is needed
    if rule.word == "administrators":
        if person in view.directory.administrators:
            return None
        return Refusal("authority.permission", f"an act {act.kind} is the administrators', and {person} is none")
    if rule.word != "holders":
        return Refusal("authority.bots-only", f"an act {act.kind} is a bot's, not a person's")
    if act.kind == "drill" and not act.all("Agent"):
        return _refuse_right(view, person, rule.verb, None, rule.environment)
    needed = list(_rights(view, act))
    if not needed and _idle(view, act) and person in view.directory.administrators:
        return None
    if not needed:
        return Refusal("authority.no-agent", f"there is no authorised agent that {_wanted(act)!r} means")
    refused = (_refuse_right(view, person, *right) for right in needed)
    return next(filter(None, refused), None)


def who_may(view: View, act: Act) -> str:
    """The command that answers who may sign an act: about the first right that its actor lacks."""
    needed = list(_rights(view, act))
    lacked = (right for right in needed if _refuse_right(view, act.actor_id, *right) is not None)
    right = next(lacked, needed[0] if needed else (ACTS[act.kind].verb, None, None))
    return who_may_words(*right)


def _rights(view: View, act: Act) -> Iterator[tuple[str, AgentId, Environment | None]]:
    """Every right over an agent that whoever signs an act needs."""
    rule = ACTS[act.kind]
    for agent in _targets(view, act):
        yield rule.verb, agent, _where(view, act, agent, rule.environment)
        for verb, environment in verbs_of(act):
            yield verb, agent, environment


def _refuse_right(
    view: View, person: str, verb: str, agent: AgentId | None, where: Environment | None
) -> Refusal | None:
    verdict = view.directory.permission(person, verb, agent, where, view.today)
    if verdict.allowed:
        return None
    offence = verdict.first_offence
    return Refusal("authority.permission", offence.message if offence else f"{person} may not {verb}")


def _idle(view: View, act: Act) -> bool:
    """Whether it lifts a pause that means nobody any more: nobody's right over an agent can tell who may."""
    return act.kind == "resume" and any(one.selector == act.get("Selector") for one in view.state.pauses().values())


def _wanted(act: Act) -> str:
    return act.get("Selector") or ", ".join(act.all("Agent"))


def _targets(view: View, act: Act) -> list[AgentId]:
    named = [agent_id(text) for text in act.all("Agent") or (_wanted(act),)]
    if None in named:
        return list(selected(view, _wanted(act))) if len(named) == 1 else []
    agents = [one for one in named if one is not None]
    return agents if all(_is_known(view, one) for one in agents) else []


def _is_known(view: View, agent: AgentId) -> bool:
    return view.repo.entry(view.authorised, agent.file) is not None or view.state.releases(agent) != ()


def _where(view: View, act: Act, agent: AgentId, environment: Environment | None) -> Environment | None:
    if act.kind == "abort" and view.state.deployment(agent).canary.state not in ("RAMP", "INCONCLUSIVE"):
        return "staging"
    return environment
