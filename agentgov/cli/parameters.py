"""Arguments that many commands take, as click types: parsed once, refused with one sentence, completed by shells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from agentgov.cli.place import agents_on_disk
from agentgov.model import guess
from agentgov.model.names import AgentId, ReleaseName, agent_id, release_name
from agentgov.model.selector import parse_selector
from agentgov.model.units import parse_duration
from agentgov.trust.verbs import BOT_ACTS, VERBS

Command = TypeVar("Command", bound=Callable[..., Any])


def agent_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """AGENT: the id of an agent, which shells complete from the folders of the working tree."""
    return click.argument("agent", type=agent, required=required, shell_complete=complete_agent)


def selector_argument() -> Callable[[Command], Command]:
    """SELECTOR: whom an order means; ids of agents and workspaces are completed likewise."""
    return click.argument("selector", type=selector, shell_complete=_complete_selector)


def agent(text: str) -> AgentId:
    """The agent whose id an argument spells, `<workspace>/<agent>`; a usage error where it spells none."""
    found = agent_id(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not an agent's id{_meant(text)}")
    return found


def selector(text: str) -> str:
    """Whom a pause means: an agent's id, `<workspace>/*`, `label=value`, `tool:NAME` or `model:NAME`."""
    if parse_selector(text) is None:
        forms = ", workspace/*, label=value, tool:NAME or model:NAME"
        raise click.BadParameter(f"{text!r} is no selector{_meant(text, forms)}")
    return text


def named(text: str) -> str:
    """Agents by their ids: one, or `<workspace>/*`."""
    found = parse_selector(text)
    if found is None or found.needs_traits:
        raise click.BadParameter(f"{text!r} is no agent and no workspace{_meant(text, ' or workspace/*')}")
    return text


def _meant(text: str, or_else: str = "") -> str:
    """How to write it: the agent of the fleet around that has this name, else the form."""
    named = [known for known in agents_on_disk(Path()) if known.partition("/")[2] == text]
    return f". Did you mean {named[0]!r}?" if named else f"; write it as workspace/agent{or_else}."


def complete_agent(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The agents of the fleet around whose ids begin so, for shells."""
    return [CompletionItem(text) for text in _nearby(ctx, incomplete)]


def _complete_selector(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    agents = _nearby(ctx, incomplete)
    workspaces = sorted({f"{text.partition('/')[0]}/*" for text in agents})
    return [CompletionItem(text) for text in (*agents, *workspaces) if text.startswith(incomplete)]


def _nearby(ctx: click.Context, prefix: str) -> list[str]:
    return agents_on_disk(Path(ctx.params.get("repo") or "."), prefix)


def verb(text: str) -> str:
    """A verb that people can have; a usage error that knows what was meant where there is no such verb."""
    if text not in VERBS:
        raise click.BadParameter(_no_verb(text))
    return text


def verb_or_act(text: str) -> str:
    """A verb that people can have, or an act of bots."""
    return text if any(text in acts for acts in BOT_ACTS.values()) else verb(text)


def _no_verb(text: str) -> str:
    close = guess.closest(text, tuple(VERBS))
    meant = f" Did you mean {close!r}?" if close else f" Verbs: {', '.join(VERBS)}."
    return f"there is no verb {text!r}.{meant}"


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


def ago(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """A moment in epoch seconds: a time with a zone, or a duration back from now."""
    if text is None:
        return None
    from agentgov.repo import clock

    try:
        return clock.now() - parse_duration(text)
    except ValueError:
        return instant(text, "neither a time (2026-11-23T08:00Z) nor a duration (2h)")


def release_of(agent: AgentId, text: str) -> ReleaseName:
    """The release of an agent that somebody means: a tag name, or just its version with or without `v`."""
    found = release_name(text) or release_name(f"{agent}/v{text.removeprefix('v')}")
    if found is None or found.agent != agent:
        raise click.BadParameter(f"{text!r} names no release of {agent}; write a version such as 1.4.0.")
    return found
