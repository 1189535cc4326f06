"""`agentgov token`: tokens of agents and people for the gate, in its store on this machine."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from agentgov.cli import parameters
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.store_visit import Visit, visiting
from agentgov.errors import ConfigurationError, RefusedError, UsageError
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime import tokens
from agentgov.runtime.tokens import Made, Token
from agentgov.trust.private_files import write_private

Command = TypeVar("Command", bound=Callable[..., Any])
KEEPER = "keeper"  # who made a token by writing to the store
_DAY = 86_400_000


def store_option(command: Command) -> Command:
    """`--store URL`: where the gate keeps its state."""
    says = "The gate's store (default: the one of agentgov serve)."
    return click.option("--store", metavar="URL", help=says)(command)


def out_option(command: Command) -> Command:
    """`--out FILE`: where the secret goes instead of the terminal."""
    path = click.Path(path_type=Path, dir_okay=False)
    says = "Write the secret to a new file of yours (0600)."
    return click.option("--out", type=path, metavar="FILE", help=says)(command)


@click.group()
def token() -> None:
    """Tokens of agents and people for the gate, in its store on this machine.

    Of a token only its SHA-256 is kept, so the secret is told once. Whoever may write the store may make any token;
    who may do so at a running gate is said by Access (the verb `token`).
    """


@token.command()
@click.option("--agent", type=parameters.agent, metavar="AGENT", help="For an agent: its id.")
@click.option("--environment", type=click.Choice(["staging", "production"]), help="Where that agent runs.")
@click.option("--person", metavar="ID", help="For a person of Access: their id.")
@click.option("--label", default="", metavar="TEXT", help="What it is for.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it lasts.")
@out_option
@store_option
@repo_option
@format_option()
def create(
    agent: AgentId | None,
    environment: Environment | None,
    person: str | None,
    label: str,
    days: int,
    out: Path | None,
    store: str | None,
    repo: str,
    output: str,
) -> int:
    """Make a token: for an agent in one environment, or for a person."""
    if (agent is None) == (person is None) or (agent is None) != (environment is None):
        message = "a token is for an agent in one environment, or for a person"
        raise UsageError(message, "give --agent and --environment, or --person")
    _refuse_label(label)
    with visiting(repo, store) as visit:
        visit.require(agent, person)
        now = clock.now() * 1000
        kind: tokens.Kind = "agent" if agent is not None else "person"
        new = Token(
            secrets.token_hex(16), kind, agent, environment, person or "", label, now, KEEPER, now + days * _DAY
        )
        made = visit.write(lambda tx: tokens.create(tx, new, secrets.token_bytes(tokens.SECRET)))
    return _tell_made("token-create", made, out, output)


@token.command("list")
@store_option
@repo_option
@format_option()
def list_(store: str | None, repo: str, output: str) -> int:
    """Every token that is good now, without its secret."""
    with visiting(repo, store) as visit:
        found = visit.read(lambda tx: tokens.listed(tx, clock.now() * 1000))
    page = Page().table(("id", "for", "label", "until", "used"), [_cells(one) for one in found])
    if not found:
        page = Page().line("there is no token yet: agentgov token create")
    answer(output, page, {"schema": "agentgov.token-list/1", "tokens": [_json(one) for one in found]})
    return 0


@token.command()
@click.argument("token_id", metavar="ID")
@store_option
@repo_option
@format_option()
def revoke(token_id: str, store: str | None, repo: str, output: str) -> int:
    """Let the token with this id open nothing any more."""
    with visiting(repo, store) as visit:
        if not visit.write(lambda tx: tokens.revoke(tx, token_id, clock.now() * 1000)):
            raise _no_such(token_id)
    page = Page().line(Span("done ", "good"), f"token {token_id} opens nothing any more")
    answer(output, page, {"schema": "agentgov.token-revoke/1", "id": token_id})
    return 0


@token.command()
@click.argument("token_id", metavar="ID")
@click.option("--overlap", type=click.IntRange(0, 168), default=1, show_default=True, help="Hours the old one goes on.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long the new one lasts.")
@out_option
@store_option
@repo_option
@format_option()
def rotate(token_id: str, overlap: int, days: int, out: Path | None, store: str | None, repo: str, output: str) -> int:
    """Make a token in the place of the one with this id, which goes on for the overlap."""
    with visiting(repo, store) as visit:
        made = _rotated(visit, token_id, overlap, days)
    return _tell_made("token-rotate", made, out, output)


def _rotated(visit: Visit, token_id: str, overlap: int, days: int) -> Made:
    now = clock.now() * 1000
    new_id, random = secrets.token_hex(16), secrets.token_bytes(tokens.SECRET)

    def work(tx: Any) -> Made:
        old = tokens.one_token(tx, token_id)
        if old is None or not old.is_good(now) or old.is_login:
            raise _no_such(token_id)
        new = tokens.successor(old, new_id, now, KEEPER, now + days * _DAY)
        return tokens.rotate(tx, old, new, random, overlap * 3_600_000)

    return visit.write(work)


def _no_such(token_id: str) -> RefusedError:
    return RefusedError(f"there is no token {token_id[:64]} that is good", "all of them: agentgov token list")


def _refuse_label(label: str) -> None:
    if len(label) > tokens.LONGEST_LABEL or not label.isprintable():
        raise UsageError("a label is one short line", f"at most {tokens.LONGEST_LABEL} characters")


def _tell_made(command: str, made: Made, out: Path | None, output: str) -> int:
    new = made.token
    if out is not None and not write_private(out, f"{made.secret}\n".encode(), replace=False):
        message = f"{out} cannot be written, or is there already; the secret of token {new.id} is lost"
        raise ConfigurationError(message, f"agentgov token revoke {new.id}, and make another")
    page = Page().line(Span("done ", "good"), f"token {new.id} for {owner(new)}, until {_until(new)}")
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
