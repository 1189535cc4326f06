"""`agentgov resume`: let what was paused go on."""

from shlex import quote

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import has_gate
from agentgov.cli.on_call.order_gate import order
from agentgov.cli.options import format_option, repo_option
from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.pausing import pause_of
from agentgov.journal.traits import selects
from agentgov.journal.view import View
from agentgov.model.names import agent_id
from agentgov.release.orders import order_resume
from agentgov.repo import clock


@click.command()
@parameters.selector_argument()
@click.option("--reason", "-m", default="", help="Why; stands in the journal for ever.")
@repo_option
@format_option()
def resume(selector: str, reason: str, repo: str, output: str) -> int:
    """Lift every pause with exactly this SELECTOR: an agent's id, WORKSPACE/*, label=value, tool:NAME or model:NAME."""

    def write(view: View, actor: Actor) -> Draft:
        _require_pause(view, selector)
        return order_resume(view, actor, selector, now=clock.now(), reason=reason)

    try:
        return order("resume", output, repo, write, selector, lambda view: _still_paused(view, selector))
    except RefusedError as error:
        if error.rule != "pause.none":
            raise
        raise _not_paused(open_context(repo).view(), selector) from error


def _require_pause(view: View, selector: str) -> None:
    """RefusedError where no pause has this selector; a gate may know of one that the journal does not have yet."""
    if not has_gate(view) and selector not in (pause.selector for pause in view.state.pauses().values()):
        raise _not_paused(view, selector)


def _not_paused(view: View, selector: str) -> RefusedError:
    """That no pause has this selector, with the one that pauses the agent where another does."""
    agent, selectors = agent_id(selector), sorted({pause.selector for pause in view.state.pauses().values()})
    others = [one for one in selectors if agent is not None and selects(view, one, agent)]
    hint = f"it is paused by {others[0]}: agentgov resume {quote(others[0])}" if others else "see: agentgov status"
    return RefusedError(f"{selector} is not paused", hint, rule="pause.none")


def _still_paused(view: View, selector: str) -> list[str]:
    """The pauses that stop the agent all the same."""
    agent = agent_id(selector)
    pause = pause_of(view, agent, max(clock.now(), view.state.head.time)) if agent is not None else None
    return [f"{selector} is still paused by {pause.selector}: agentgov resume {quote(pause.selector)}"] if pause else []
