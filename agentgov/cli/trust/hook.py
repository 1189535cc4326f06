"""`agentgov hook`: the same verdicts on a git server or a laptop, before a commit is made or a push lands."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import click

from agentgov.cli.options import repo_option
from agentgov.cli.place import fleet_root
from agentgov.errors import ConfigurationError, IncompleteError, RefusedError, UsageError
from agentgov.journal.branch import Journal
from agentgov.journal.branch_name import journal_branch
from agentgov.model.fleet import JournalSettings
from agentgov.release.pushes import PushVerdict, refusals, updates_of
from agentgov.release.receive import is_governed, judge_received
from agentgov.repo import clock
from agentgov.repo.hooks import hook_file, hooks_elsewhere, read_hook, write_hook
from agentgov.repo.location import find_repository
from agentgov.repo.quarantine import from_environment
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.report.page import safe
from agentgov.scaffold.hooks import MARK, HookName, commit_hook, hook_text, only_in_a_fleet, push_hook

_MOST = 12  # reasons shown: the other side prints no more than a screen of what a server says
_NAMES = get_args(HookName)


@click.group()
def hook() -> None:
    """The verdicts of check and verify on a git server or a laptop, before a push lands."""


@hook.command("pre-receive")
@click.option(
    "--journal",
    default=JournalSettings().branch,
    show_default=True,
    metavar="BRANCH",
    help="The journal's branch. What is pushed has no say in it.",
)
def pre_receive(journal: str) -> int:
    """On a git server: refuse a push that `check` or `verify` would refuse. Called by git, which says what is pushed.

    Judges by the journal in this repository, which has to be pinned for the user whom git runs as. Exit 0 lets the
    push land; anything else refuses all of it.
    """
    location = find_repository(".")
    received = from_environment(os.environ, location.common_dir)
    repo = Repository(replace(location, quarantine=received, pooled=True))
    try:
        updates = updates_of(_lines())
    except ValueError as error:
        raise UsageError(
            "that is not what git tells a pre-receive hook", "install it: agentgov hook install"
        ) from error
    return _answered(judge_received(Journal(repo, journal), updates, clock.now(), pinned=True), "nothing of it landed")


@hook.command("pre-push")
@click.argument("remote", required=False)
@click.argument("url", required=False)
@click.option("--journal", default="", metavar="BRANCH", help="The journal's branch (default: as the fleet says).")
def pre_push(remote: str | None, url: str | None, journal: str) -> int:
    """On a laptop: the same before a push leaves it, by the journal as this clone knows it. Called by git.

    Saves a round trip and protects nobody: `git push --no-verify` goes around it.
    """
    repo = Repository.open(".")
    known = Journal(repo, journal or journal_branch(repo), Remote.of(repo, remote or "origin"))
    try:
        fields = [line.split(" ") for line in _lines()]
        updates = updates_of(f"{theirs} {ours} {ref}" for _, ours, ref, theirs in fields)
    except ValueError as error:
        raise UsageError("that is not what git tells a pre-push hook", "install it: agentgov hook install") from error
    if not is_governed(known, updates):
        return 0
    verdicts = judge_received(known, updates, clock.now(), pinned=False)
    return _answered(verdicts, "if a review is newer than this clone: git fetch; to push all the same: --no-verify")


@hook.command()
@click.argument("name", type=click.Choice(_NAMES), required=False)
@click.option("--print", "only_print", is_flag=True, help="Print the hook instead of writing it.")
@repo_option
def install(name: HookName | None, only_print: bool, repo: str) -> int:
    """Make git call `hook pre-receive` (the default in a bare repository), `hook pre-push` (in a clone), or
    `validate --staged` before a commit (pre-commit, for those without pre-commit.com).

    Never overwrites a hook of somebody else, and never writes where core.hooksPath points.
    """
    opened = Repository.open(repo)
    name = name or ("pre-receive" if opened.root is None else "pre-push")
    text, line = _hook(opened, name, repo)
    if only_print:
        click.echo(text, nl=False)
        return 0
    file = hook_file(opened, name)
    _refuse_elsewhere(opened, name)
    _refuse_foreign(file, line)
    write_hook(file, text)
    click.echo(f"installed {file}")
    if name == "pre-receive":
        pin = "agentgov trust pin LINE (agentgov trust show prints the line for an administrator)"
        click.echo(f"it refuses everything governed until the user whom git runs as has pinned the journal: {pin}")
    return 0


def _hook(repo: Repository, name: HookName, start: str) -> tuple[str, str]:
    """The text of a hook, and the line of it that a hook of somebody else would call."""
    if name != "pre-commit":
        line = push_hook(name, sys.executable, journal_branch(repo))
        return hook_text(line), line
    if repo.root is None:
        raise UsageError("nobody commits in a bare repository", "before a push lands there: agentgov hook install")
    fleet = fleet_root(Path(start))
    if fleet is None or not fleet.is_relative_to(repo.root.resolve()):
        raise ConfigurationError("there is no fleet around here", "make one: agentgov init; or name one: --repo DIR")
    folder = "/".join(fleet.relative_to(repo.root.resolve()).parts)
    line = commit_hook(sys.executable, folder)
    return hook_text(only_in_a_fleet(folder), line), line


def _lines() -> list[str]:
    text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return [line for line in text.split("\n") if line]


def _answered(verdicts: tuple[PushVerdict, ...], after: str) -> int:
    """Why a push is refused, one line each, on standard error, which git shows to whoever pushes."""
    refused = refusals(verdicts)
    if not refused:
        return 0
    lines = [
        f"{one.update.ref}: {reason.message} ({reason.rule})"
        for one in refused
        for reason in one.verdict.reasons
        if reason.effect is one.verdict.effect
    ]
    click.echo("agentgov refuses this push:", err=True)
    for line in lines[:_MOST]:
        click.echo(f"  {safe(line)}", err=True)
    if len(lines) > _MOST:
        click.echo(f"  and {len(lines) - _MOST} more reasons", err=True)
    click.echo(f"  {after}", err=True)
    told = any(one.verdict.effect.name == "DENY" for one in refused)
    return RefusedError.exit_code if told else IncompleteError.exit_code


def _refuse_elsewhere(repo: Repository, name: HookName) -> None:
    folder = hooks_elsewhere(repo)
    if folder is not None:
        message = f"git looks for hooks in {folder} here (core.hooksPath), and agentgov writes only into the repository"
        raise RefusedError(message, f"put it there yourself: agentgov hook install {name} --print")


def _refuse_foreign(file: Path, line: str) -> None:
    text = read_hook(file)
    if text is not None and MARK not in text:
        raise RefusedError(f"there is a hook already: {file}", f"call agentgov at its end, in one line: {line}")
