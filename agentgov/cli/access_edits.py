"""The edits of `agentgov access`: read the file, let `scaffold.access_edit` decide and write, put it back in one piece.

What was edited is shown as the lines that changed. Nothing is committed, signed or pushed, and nothing is written
through a link or where the outcome would be unusable.
"""

import difflib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.governed import ACCESS_FILE

if TYPE_CHECKING:
    from agentgov.model.access import ForgeAccount
    from agentgov.report.page import Page
    from agentgov.scaffold.access_edit import Edited

Command = TypeVar("Command", bound=Callable[..., Any])

_MAX_KEY_FILE = 1 << 16  # bytes; a line of sixteen thousand characters is the longest key
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

    lines = tuple(_key_line(key) for key in keys)
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


@click.command("add-key")
@click.argument("who")
@click.argument("key")
@_edit_options
def add_key(who: str, key: str, dry_run: bool, repo: str, output: str) -> int:
    """Add a public key to a person or a bot: the file that holds it, its line, or - for standard input.

    A key that anybody else has is refused: it would let one sign as the other.
    """
    from agentgov.scaffold import access_edit

    line = _key_line(key)
    return _run("add-key", lambda text: access_edit.add_key(text, who, line), dry_run, repo, output)


@click.command("remove-key")
@click.argument("who")
@click.argument("fingerprint")
@_edit_options
def remove_key(who: str, fingerprint: str, dry_run: bool, repo: str, output: str) -> int:
    """Take a key of a person or a bot out: by its fingerprint (SHA256:...), its file, or its line.

    Takes effect when administrators approved it, and reviews that the key signed before stay. A stolen key is for
    `agentgov revoke`, where this version has it.
    """
    from agentgov.scaffold import access_edit

    wanted = fingerprint if fingerprint.startswith("SHA256:") else _key_line(fingerprint)
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
    add_key,
    remove_key,
    add_administrator,
    remove_administrator,
    set_threshold,
)


def _run(command: str, edit: Callable[[str], "Edited"], dry_run: bool, repo: str, output: str) -> int:
    file = _file(repo)
    done = edit(_read(file))
    changed = done.after != done.before
    if changed and not dry_run:
        _write(file, done.after)
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


# --- the file --------------------------------------------------------------------------------------------------------


def _file(repo: str) -> Path:
    """Where Access lies in the working tree, an ordinary file in an ordinary folder."""
    from agentgov.repo.location import find_repository

    root = find_repository(repo).root
    if root is None:
        raise ConfigurationError("this repository has no working tree", "run it in a clone")
    file = root / ACCESS_FILE
    if file.is_symlink() or file.parent.is_symlink():
        raise ConfigurationError(f"{ACCESS_FILE} is behind a symbolic link, and nothing is written through it")
    if not file.is_file():
        raise ConfigurationError(f"there is no {ACCESS_FILE}", "start a fleet with: agentgov init")
    return file


def _read(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{ACCESS_FILE} cannot be read: {error}", "see: agentgov validate") from error
    if text.startswith("\ufeff"):
        raise ConfigurationError(f"{ACCESS_FILE} starts with a byte order mark", "save it as UTF-8 without it")
    return text


def _write(file: Path, text: str) -> None:
    """All of it or nothing: a file beside it takes its place."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".access-", suffix=".yaml")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
            Path(name).chmod(file.stat().st_mode & 0o777)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(f"{ACCESS_FILE} cannot be written: {error.strerror}") from error


def _key_line(text: str) -> str:
    """The line of a public key: given as it is, in a file, or on standard input (-)."""
    if text == "-":
        return _only_line(sys.stdin.read(_MAX_KEY_FILE), "standard input", "")
    file = Path(text).expanduser()
    try:
        found = file.is_file()
        content = _beginning(file) if found else ""
    except (OSError, ValueError):  # a line is no path: too long, or with a character that paths cannot have
        found, content = False, ""
    if found:
        return _only_line(content, text, f"{text}.pub" if Path(f"{text}.pub").is_file() else "")
    if " " not in text.strip():
        raise UsageError(
            f"there is no file {text}", "give the file of a public key (~/.ssh/id_ed25519.pub), or its line"
        )
    return text.strip()


def _beginning(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(_MAX_KEY_FILE).decode("utf-8", "replace")


def _only_line(content: str, name: str, public: str) -> str:
    lines = [line.strip() for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if any("PRIVATE KEY" in line for line in lines):
        hint = f"you mean {public}" if public else "the public key is in the file beside it that ends in .pub"
        raise UsageError(f"{name} holds a private key; only public keys belong in Access", hint)
    if len(lines) != 1:
        raise UsageError(f"{name} holds {len(lines)} lines, and a public key is one", "give the line itself, in quotes")
    return lines[0]


def _account(text: str | None) -> "ForgeAccount | None":
    from agentgov.model.access import ForgeAccount

    if text is None:
        return None
    login, colon, number = text.rpartition(":")
    if not colon or not login or not number.isascii() or not number.isdigit() or len(number) > 18:
        hint = "accounts are matched by number, logins change hands; see https://api.github.com/users/LOGIN"
        raise UsageError(f"{text!r} is no account; write it as LOGIN:NUMBER", hint)
    return ForgeAccount(login, int(number))
