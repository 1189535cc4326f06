"""Arguments that many commands take, as click types: parsed once, refused with one sentence."""

import click

from agentgov.model.names import AgentId, ReleaseName, agent_id, is_label, release_name
from agentgov.model.units import parse_duration
from agentgov.trust.verbs import BOT_ACTS, VERBS


def agent(text: str) -> AgentId:
    """The agent whose id an argument spells, `<workspace>/<agent>`; a usage error where it spells none."""
    found = agent_id(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not an agent's id; write it as workspace/agent.")
    return found


def verb(text: str) -> str:
    """A verb that people can have; a usage error that knows what was meant where there is no such verb."""
    if text not in VERBS:
        raise click.BadParameter(_no_verb(text))
    return text


def verb_or_act(text: str) -> str:
    """A verb that people can have, or an act of bots."""
    return text if any(text in acts for acts in BOT_ACTS.values()) else verb(text)


def _no_verb(text: str) -> str:
    import difflib

    close = difflib.get_close_matches(text, VERBS, 1)
    meant = f" Did you mean {close[0]!r}?" if close else f" Verbs: {', '.join(VERBS)}."
    return f"there is no verb {text!r}.{meant}"


def selector(text: str) -> str:
    """Whom a pause means: an agent's id, or `<workspace>/*`."""
    workspace, _, name = text.partition("/")
    if agent_id(text) is None and not (name == "*" and is_label(workspace)):
        raise click.BadParameter(f"{text!r} is no selector of this version; write workspace/agent or workspace/*.")
    return text


def moment(text: str | int) -> int:
    """A moment in epoch seconds: an RFC 3339 time with a zone, or a duration from now (4h)."""
    if isinstance(text, int):
        return text
    from agentgov.repo import clock

    try:
        return clock.now() + parse_duration(text)
    except ValueError:
        return instant(text, "neither a time (2026-11-23T08:00Z) nor a duration (4h)")


def instant(text: str, otherwise: str = "no time; write 2026-11-23T08:00Z") -> int:
    """An RFC 3339 time with a zone, in epoch seconds."""
    from datetime import datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is {otherwise}.") from error
    if found.tzinfo is None:
        raise click.BadParameter(f"{text!r} lacks its zone; write 2026-11-23T08:00Z or +01:00.")
    return int(found.timestamp())


def release_of(agent: AgentId, text: str) -> ReleaseName:
    """The release of an agent that somebody means: a tag name, or just its version with or without `v`."""
    found = release_name(text) or release_name(f"{agent}/v{text.removeprefix('v')}")
    if found is None or found.agent != agent:
        raise click.BadParameter(f"{text!r} names no release of {agent}; write a version such as 1.4.0.")
    return found
