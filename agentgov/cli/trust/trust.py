"""`agentgov trust`: start the journal of a fleet, and the pins that verification starts from."""

from typing import Any

import click

from agentgov.cli.context import open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError, RefusedError, UsageError
from agentgov.journal.introduction import Introduced, introduce
from agentgov.repo import clock
from agentgov.repo.signing import person_signer
from agentgov.report.page import Page, Span
from agentgov.trust.pins import Pins, last_seen, load_pins, parse_pins, save_last_seen, save_pins
from agentgov.trust.signers import StrictSigner


@click.group()
def trust() -> None:
    """Adopt a repository; the pins that verification starts from, kept outside it."""


@trust.command()
@click.option("--rev", default="HEAD", show_default=True, help="The commit of main to adopt as it is.")
@click.option(
    "--after", default="", metavar="TIP", help="Replace the journal that ends in TIP, whose administrators are lost."
)
@repo_option
@format_option()
def init(rev: str, after: str, repo: str, output: str) -> int:
    """Start the journal: an administrator's signature adopts the governed contents of one commit as they are.

    Works for a fresh fleet and for a repository with any history. Publishes the journal to the remote, if there is one,
    and pins it on this machine.
    """
    context = open_context(repo)
    if after:
        after = context.repo.resolve(after)
    elif context.journal.known_tip() is not None:
        raise RefusedError("this fleet has a journal already", "look at it: agentgov journal log")
    commit = context.repo.resolve(rev)
    signer = StrictSigner(person_signer(context.repo))
    done = introduce(context.journal, commit, signer, context.repo.ident(), clock.now(), after)
    page = Page().line(
        Span("adopted ", "good"), f"{done.paths} governed files of commit {commit[:9]}, by {done.founder}"
    )
    page.line(
        f"  the journal begins at {done.pins.journal_root[:12]} on {context.journal.ref.removeprefix('refs/heads/')}"
    )
    if after:
        page.line(f"  the one that ended in {after[:12]} is kept beside it; nothing of it is believed any more")
    page.line("  this machine has pinned it; give everybody else, and CI, this line as AGENTGOV_PINS:")
    page.line(Span(f"  {done.pins.line}", "accent"))
    answer(output, page, _introduced(done))
    return 0


def _introduced(done: Introduced) -> dict[str, Any]:
    return {"schema": "agentgov.trust-init/1", **_json(done.pins), "founder": done.founder, "paths": done.paths}


@trust.command()
@repo_option
@format_option()
def show(repo: str, output: str) -> int:
    """Print today's line of pins: the pinned beginning, and the tip that verified just now."""
    context = open_context(repo)
    view = context.view()
    pins = load_pins(view.state.head.fleet)
    if pins is None:
        hint = "compare `agentgov journal log` with an administrator's, then: agentgov trust pin LINE"
        raise ConfigurationError("this machine has no pins for the fleet: trust on first use", hint)
    today = Pins(pins.fleet_id, pins.introduction, pins.journal_root, view.tip)
    answer(output, Page().line(today.line), {"schema": "agentgov.trust-show/1", **_json(today)})
    return 0


@trust.command()
@click.argument("line")
@click.option("--forget", is_flag=True, help="Forget what this machine has seen: after a recovery, and only then.")
@format_option()
def pin(line: str, forget: bool, output: str) -> int:
    """Trust the journal that LINE names, from now on and on this machine; get the line from an administrator.

    What this machine has seen of the fleet's journal must still be in it, or nothing is believed. After a recovery it
    may not be (docs/recovery.md): then, and only then, --forget goes by LINE alone.
    """
    try:
        pins = parse_pins(line)
    except ValueError as error:
        hint = "an administrator prints it with: agentgov trust show; quote it as one argument"
        raise UsageError(f"that is no line of pins: {error}", hint) from error
    path = save_pins(pins)
    page = Page().line(Span("pinned ", "good"), f"fleet {pins.fleet_id} in {path}")
    if forget and last_seen(pins.fleet_id) is not None:
        save_last_seen(pins.fleet_id, pins.journal_tip)
        page.line("  what this machine had seen before is forgotten")
    answer(output, page, {"schema": "agentgov.trust-pin/1", **_json(pins)})
    return 0


def _json(pins: Pins) -> dict[str, str]:
    return {
        "fleet": pins.fleet_id,
        "introduction": pins.introduction,
        "journalRoot": pins.journal_root,
        "journalTip": pins.journal_tip,
        "line": pins.line,
    }
