"""The edits of `agentgov access`: read the file, let `scaffold.access_edit` decide and write, put it back in one piece.

What was edited is shown as the lines that changed. Nothing is committed, signed or pushed, and nothing is written where
the outcome would be unusable.
"""

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agentgov.cli.access.access_file import access_file, key_line, made_key, read_access, write_access
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import UsageError
from agentgov.model.governed import ACCESS_FILE
from agentgov.trust.verbs import BOT_ACTS

if TYPE_CHECKING:
    from agentgov.model.access import BotKind, ForgeAccount
    from agentgov.report.page import Page
    from agentgov.scaffold.access_edit import Edited

Command = TypeVar("Command", bound=Callable[..., Any])

_NEXT = (
    ("agentgov validate", "whether the rest of the fleet still fits"),
    (f"git commit -S -m 'Change access' {ACCESS_FILE}", "a change like every other: on a branch, by a pull request"),
    ("agentgov check", "how many administrators have to approve it, and who did"),
)


def _edit_options(command: Command) -> Command:
    dry = click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
    return repo_option(format_option()(dry(command)))


@click.command("add-person")
@click.argument("who")
@click.option("--name", default="", help="As people say it.")
@click.option("--email", "emails", multiple=True, help="As commits carry it; may be repeated.")
@click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="A public key: its file, or its line; may be repeated."
)
@click.option("--github", metavar="LOGIN:NUMBER", help="Account with its numeric id.")
@click.option("--gitlab", metavar="LOGIN:NUMBER", help="Account with its numeric id.")
@click.option("--team", "teams", multiple=True, metavar="TEAM", help="A team of Access to join; may be repeated.")
@click.option("--administrator", is_flag=True, help="One of those who change governance together.")
@_edit_options
def add_person(
    who: str,
    name: str,
    emails: tuple[str, ...],
    keys: tuple[str, ...],
    github: str | None,
    gitlab: str | None,
    teams: tuple[str, ...],
    administrator: bool,
    dry_run: bool,
    repo: str,
    output: str,
) -> int:
    """Add a person, whose id will be WHO. Teams and bindings give rights, an administrator has them all."""
    from agentgov.model.access import Person
    from agentgov.scaffold import access_edit

    lines = tuple(key_line(key) for key in keys)
    person = Person(who, name, emails, lines, _account(github), _account(gitlab))

    def edit(text: str) -> "Edited":
        return access_edit.add_person(text, person, administrator=administrator, teams=teams)

    return _run("add-person", edit, dry_run, repo, output)


@click.command("remove-person")
@click.argument("who")
@_edit_options
def remove_person(who: str, dry_run: bool, repo: str, output: str) -> int:
    """Take a person out of people, administrators, teams and bindings; the journal keeps what they did."""
    from agentgov.scaffold import access_edit

    return _run("remove-person", lambda text: access_edit.remove_person(text, who), dry_run, repo, output)


@click.command("add-bot")
@click.argument("who")
@click.option("--kind", type=click.Choice(tuple(BOT_ACTS)), required=True, help="Which acts its key is accepted for.")
@click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="A public key: its file, or its line; may be repeated."
)
@click.option("--make-key", is_flag=True, help="Make its key, which this user keeps for the fleet's bot of that kind.")
@_edit_options
def add_bot(
    who: str, kind: "BotKind", keys: tuple[str, ...], make_key: bool, dry_run: bool, repo: str, output: str
) -> int:
    """Add a program with a key of its own, whose id will be WHO. No binding gives a bot a right, its kind is all."""
    from agentgov.model.access import Bot
    from agentgov.scaffold import access_edit

    if make_key and (keys or dry_run):
        raise UsageError("--make-key makes a key", "leave --key and --dry-run out")
    made = (made_key(access_file(repo), who, kind),) if make_key else ()
    bot = Bot(who, kind, (*made, *(key_line(key) for key in keys)))
    return _run("add-bot", lambda text: access_edit.add_bot(text, bot), dry_run, repo, output)


@click.command("remove-bot")
@click.argument("who")
@_edit_options
def remove_bot(who: str, dry_run: bool, repo: str, output: str) -> int:
    """Take a bot out; the journal keeps what it did."""
    from agentgov.scaffold import access_edit

    return _run("remove-bot", lambda text: access_edit.remove_bot(text, who), dry_run, repo, output)


@click.command("add-key")
@click.argument("who")
@click.argument("key")
@_edit_options
def add_key(who: str, key: str, dry_run: bool, repo: str, output: str) -> int:
    """Add a public key to a person or a bot: the file that holds it, its line, or - for standard input.

    A key that anybody else has is refused: it would let one sign as the other.
    """
    from agentgov.scaffold import access_edit

    line = key_line(key)
    return _run("add-key", lambda text: access_edit.add_key(text, who, line), dry_run, repo, output)


@click.command("remove-key")
@click.argument("who")
@click.argument("fingerprint")
@_edit_options
def remove_key(who: str, fingerprint: str, dry_run: bool, repo: str, output: str) -> int:
    """Take a key of a person or a bot out: by its fingerprint (SHA256:...), its file, or its line.

    It takes effect when administrators approved it, and what the key signed before goes on counting.
    """
    from agentgov.scaffold import access_edit

    wanted = fingerprint if fingerprint.startswith("SHA256:") else key_line(fingerprint)
    return _run("remove-key", lambda text: access_edit.remove_key(text, who, wanted), dry_run, repo, output)


@click.command("add-administrator")
@click.argument("who")
@_edit_options
def add_administrator(who: str, dry_run: bool, repo: str, output: str) -> int:
    """Make a person, or everybody in team:<id>, an administrator."""
    from agentgov.scaffold import access_edit

    def edit(text: str) -> "Edited":
        return access_edit.set_administrator(text, who, administers=True)

    return _run("add-administrator", edit, dry_run, repo, output)


@click.command("remove-administrator")
@click.argument("who")
@_edit_options
def remove_administrator(who: str, dry_run: bool, repo: str, output: str) -> int:
    """Take a person, or team:<id>, out of the administrators; the threshold must still be met by the others."""
    from agentgov.scaffold import access_edit

    def edit(text: str) -> "Edited":
        return access_edit.set_administrator(text, who, administers=False)

    return _run("remove-administrator", edit, dry_run, repo, output)


@click.command("set-threshold")
@click.argument("number", type=click.IntRange(1, 100))
@_edit_options
def set_threshold(number: int, dry_run: bool, repo: str, output: str) -> int:
    """Say how many administrators a change of governance takes.

    This very change still takes as many as before.
    """
    from agentgov.scaffold import access_edit

    return _run("set-threshold", lambda text: access_edit.set_threshold(text, number), dry_run, repo, output)


EDITS: tuple[click.Command, ...] = (
    add_person,
    remove_person,
    add_bot,
    remove_bot,
    add_key,
    remove_key,
    add_administrator,
    remove_administrator,
    set_threshold,
)


def _run(command: str, edit: Callable[[str], "Edited"], dry_run: bool, repo: str, output: str) -> int:
    file = access_file(repo)
    done = edit(read_access(file))
    changed = done.after != done.before
    if changed and not dry_run:
        write_access(file, done.after)
    lines = _diff(done)
    administrators = done.access.administrators
    document = {
        "schema": f"agentgov.access-{command}/1",
        "file": ACCESS_FILE,
        "changed": changed,
        "written": changed and not dry_run,
        "diff": lines,
        "administrators": {"who": list(administrators.who), "threshold": administrators.threshold},
        "next": [{"command": name, "why": why} for name, why in _NEXT] if changed else [],
    }
    answer(output, _page(lines, changed, dry_run), document)
    return 0


def _diff(done: "Edited") -> list[str]:
    told = difflib.unified_diff(done.before.splitlines(), done.after.splitlines(), n=0, lineterm="")
    return [line for line in told if not line.startswith(("+++", "---"))]


def _page(lines: list[str], changed: bool, dry_run: bool) -> "Page":
    from agentgov.report.page import Page, Span, Style

    if not changed:
        return Page().line(f"{ACCESS_FILE} says so already; nothing was written")
    page = Page().line(Span("would write " if dry_run else "wrote ", "good"), ACCESS_FILE)
    looks: dict[str, Style] = {"+": "insert", "-": "delete", "@": "dim"}
    for line in lines:
        page.line("  ", Span(line, looks.get(line[:1], "plain")))
    page.blank().line(Span("next", "bold"))
    width = max(len(command) for command, _ in _NEXT)
    for command, why in _NEXT:
        page.line(f"  {command.ljust(width)}  ", Span(why, "dim"))
    return page


def _account(text: str | None) -> "ForgeAccount | None":
    from agentgov.model.access import ForgeAccount

    if text is None:
        return None
    login, colon, number = text.rpartition(":")
    if not colon or not login or not number.isascii() or not number.isdigit() or len(number) > 18:
        hint = "accounts are matched by number, logins change hands; see https://api.github.com/users/LOGIN"
        raise UsageError(f"{text!r} is no account; write it as LOGIN:NUMBER", hint)
    return ForgeAccount(login, int(number))
