"""`agentgov token`: tokens of agents and people for the gate, in its store on this machine or at the gate itself."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from agentgov.cli import parameters
from agentgov.cli.options import answer, format_option, kept_options, repo_option
from agentgov.cli.run_time.token_keepers import keeper
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime import tokens
from agentgov.runtime.tokens import Made, Token
from agentgov.trust.private_files import write_private

Command = TypeVar("Command", bound=Callable[..., Any])


def out_option(command: Command) -> Command:
    """`--out FILE`: where the secret goes instead of the terminal."""
    path = click.Path(path_type=Path, dir_okay=False)
    says = "Write the secret to a new file of yours (0600)."
    return click.option("--out", type=path, metavar="FILE", help=says)(command)


@click.group()
def token() -> None:
    """Tokens of agents and people for the gate: in its store on this machine, or with --gate at the gate itself.

    Of a token only its SHA-256 is kept, so the secret is told once. Whoever may write the store may make any token; at
    the gate it takes the verb `token` on the agent in the environment of the token, and people's own tokens are not
    made there.
    """


@token.command()
@click.option("--agent", type=parameters.agent, metavar="AGENT", help="For an agent: its id.")
@click.option("--environment", type=click.Choice(["staging", "production"]), help="Where that agent runs.")
@click.option("--person", default="", metavar="ID", help="For a person of Access: their id.")
@click.option("--label", default="", metavar="TEXT", help="What it is for.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it lasts.")
@out_option
@kept_options
@repo_option
@format_option()
def create(
    agent: AgentId | None,
    environment: Environment | None,
    person: str,
    label: str,
    days: int,
    out: Path | None,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """Make a token: for an agent in one environment, or for a person."""
    if (agent is None) == (not person) or (agent is None) != (environment is None):
        message = "a token is for an agent in one environment, or for a person"
        raise UsageError(message, "give --agent and --environment, or --person")
    _refuse_label(label)
    _refuse_file(out)
    with keeper(repo, store, gate) as kept:
        made = kept.create(agent, environment, person, label, days)
        return _tell_made("token-create", made, kept.where, out, output)


@token.command("list")
@kept_options
@repo_option
@format_option()
def list_(store: str | None, gate: str | None, repo: str, output: str) -> int:
    """Every token that is good now, without its secret."""
    with keeper(repo, store, gate) as kept:
        found = kept.listed()
    page = Page().table(("id", "for", "label", "until", "used"), [_cells(one) for one in found])
    if not found:
        page = Page().line("there is no token yet: agentgov token create")
    answer(output, page, {"schema": "agentgov.token-list/1", "tokens": [_json(one) for one in found]})
    return 0


@token.command()
@click.argument("token_id", metavar="ID")
@kept_options
@repo_option
@format_option()
def revoke(token_id: str, store: str | None, gate: str | None, repo: str, output: str) -> int:
    """Let the token with this id open nothing any more."""
    with keeper(repo, store, gate) as kept:
        kept.revoke(token_id)
    page = Page().line(Span("done ", "good"), f"token {token_id} opens nothing any more")
    if gate is None:
        page.line(Span("  a gate that runs hears of it within a second", "dim"))
    answer(output, page, {"schema": "agentgov.token-revoke/1", "id": token_id})
    return 0


@token.command()
@click.argument("token_id", metavar="ID")
@click.option("--overlap", type=click.IntRange(0, 168), default=1, show_default=True, help="Hours the old one goes on.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long the new one lasts.")
@out_option
@kept_options
@repo_option
@format_option()
def rotate(
    token_id: str,
    overlap: int,
    days: int,
    out: Path | None,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """Make a token in the place of the one with this id, which goes on for the overlap."""
    _refuse_file(out)
    with keeper(repo, store, gate) as kept:
        made = kept.rotate(token_id, overlap, days)
        return _tell_made("token-rotate", made, kept.where, out, output)


def _refuse_label(label: str) -> None:
    if len(label) > tokens.LONGEST_LABEL or not label.isprintable():
        raise UsageError("a label is one short line", f"at most {tokens.LONGEST_LABEL} characters")


def _refuse_file(out: Path | None) -> None:
    """Before a token is made whose secret could not be written."""
    if out is not None and os.path.lexists(out):
        raise UsageError(f"{out} is there already, and a secret is written over nothing", "name a new file: --out FILE")


def _tell_made(command: str, made: Made, where: str, out: Path | None, output: str) -> int:
    new = made.token
    if out is not None and not write_private(out, f"{made.secret}\n".encode(), replace=False):
        message = f"{out} cannot be written; the secret of token {new.id} is lost"
        raise ConfigurationError(message, f"agentgov token revoke {new.id}, and make another")
    page = Page().line(Span("done ", "good"), f"token {new.id} for {owner(new)}, until {_until(new)}")
    page.line(Span(f"  good at {where}", "dim"))
    page.line(f"  {made.secret}" if out is None else f"  its secret is in {out}")
    if out is None:
        page.line(Span("  this is the only time it is shown: keep it where only its owner reads it", "dim"))
    shown = {} if out is not None else {"secret": made.secret}
    answer(output, page, {"schema": f"agentgov.{command}/1", **_json(new), **shown})
    return 0


def owner(token: Token) -> str:
    """Whose it is, in words."""
    return f"{token.agent} in {token.environment}" if token.agent is not None else token.person


def _until(token: Token) -> str:
    return stamp(token.expires // 1000)


def _cells(token: Token) -> tuple[str, ...]:
    used = stamp(token.used // 1000) if token.used else "never"
    return (token.id, owner(token), token.label or ("login" if token.is_login else ""), _until(token), used)


def _json(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "kind": token.kind,
        "agent": str(token.agent) if token.agent is not None else None,
        "environment": token.environment,
        "person": token.person or None,
        "label": token.label,
        "created": token.created // 1000,
        "createdBy": token.created_by,
        "expires": token.expires // 1000,
        "used": token.used // 1000 or None,
    }
