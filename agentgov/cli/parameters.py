"""Arguments that many commands take, as click types: parsed once, refused with one sentence."""

import click

from agentgov.model.names import AgentId, agent_id
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
