"""How a command comes to its forge: which one is meant, the token, and the clock that the client is handed."""

import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from agentgov.forge.port import ForgePort
    from agentgov.forge.where import ForgeOptions, Where
    from agentgov.repo.repository import Repository

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Pace:
    """How time passes for a client: seconds, and waiting for them."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]


PACE = Pace(time.monotonic, time.sleep)


def forge_options(command: Command) -> Command:
    """`--forge`, `--project` and `--api-url`, which the command gets as one argument, `forge: ForgeOptions`."""

    @functools.wraps(command)
    def asked(*args: Any, forge: str | None, project: str, api_url: str, **kwargs: Any) -> Any:
        from agentgov.forge.where import ForgeOptions

        return command(*args, forge=ForgeOptions(forge or "", project, api_url), **kwargs)

    default = "(default: as CI or the remote says)"
    options = (
        click.option("--forge", type=click.Choice(["github", "gitlab"]), help=f"Which forge {default}."),
        click.option("--project", default="", metavar="NAME", help=f"owner/name, or group/name {default}."),
        click.option("--api-url", default="", metavar="URL", help=f"Where its API is {default}."),
    )
    for option in reversed(options):
        asked = option(asked)
    return cast(Command, asked)


def where_is(repo: "Repository", options: "ForgeOptions") -> "Where":
    """The repository on a forge that belongs to this one, with the token that is set for it, if any."""
    from agentgov.forge.opening import TOKENS
    from agentgov.forge.where import locate
    from agentgov.net.tokens import token_from
    from agentgov.repo.remote import Remote

    remote = Remote.of(repo)
    where = locate(options, os.environ, remote.url if remote is not None else "")
    return replace(where, token=token_from(os.environ, TOKENS[where.forge]))


def connect(repo: "Repository", options: "ForgeOptions", deadline: float = 60.0) -> "ForgePort":
    """The port to the repository's forge. `deadline`: seconds for all requests together. Answers are kept in the user's
    own cache folder with the tag to ask whether they changed (AGENTGOV_CACHE=off keeps none)."""
    from agentgov.cli.change.kept import kept_files
    from agentgov.forge.opening import open_client, open_forge

    where = where_is(repo, options)
    client = open_client(where, clock=PACE.clock, sleep=PACE.sleep, deadline=deadline, kept=kept_files("http"))
    return open_forge(where, client)
