"""What shells offer for the words of a command line: codes of findings, revisions, agents and files.

Quick, and silent whatever is broken: who presses the tab key asks for no error message. Decides nothing.
"""

import os
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, FishComplete, ShellComplete, ZshComplete, add_completion_class

from agentgov.cli.place import agents_on_disk
from agentgov.errors import AgentgovError

if TYPE_CHECKING:
    from agentgov.model.access import Access

Completer = Callable[[click.Context, click.Parameter, str], Sequence[str | CompletionItem]]

_MOST = 500  # refs, and files, that are offered
_REFS = ("refs/heads/", "refs/tags/", "refs/remotes/")


def complete_code(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes of findings with their meaning, and families; families alone until a dot is typed."""
    from agentgov.validate.codes import CODES

    return _dotted({code: told[1] for code, told in CODES.items()}, incomplete)


def complete_subject(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What can be explained: codes and rules, agents, paths, revisions."""
    from agentgov.model.rule_ids import RULES
    from agentgov.validate.codes import CODES

    known = {code: told[1] for code, told in CODES.items()} | {one.rule: one.meaning for one in RULES}
    found = _dotted(known, incomplete)
    if found or not incomplete:
        return found
    revisions = [CompletionItem(name) for name in complete_revision(ctx, param, incomplete)]
    return [*complete_path(ctx, param, incomplete), *revisions]


def _dotted(known: Mapping[str, str], incomplete: str) -> list[CompletionItem]:
    """Names with a dot in them, with what they mean; their families alone until it is clear which one is meant."""
    families = sorted({name.partition(".")[0] for name in known})
    close = [family for family in families if family.startswith(incomplete)]
    if "." not in incomplete and len(close) != 1:
        return [CompletionItem(family) for family in close]
    names = [CompletionItem(name, help=told) for name, told in known.items() if name.startswith(incomplete)]
    return [*map(CompletionItem, close), *names]


def complete_revision(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Branches, tags and HEAD; after `...` the other side of a change."""
    before, dots, start = incomplete.rpartition("...")
    found = _refs(Path(ctx.params.get("repo") or "."), start)
    return [f"{before}{dots}{name}" for name in (*found, "HEAD") if name.startswith(start)]


def complete_path(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Agents by their ids, and whatever files the shell finds."""
    agents = agents_on_disk(Path(ctx.params.get("repo") or "."), incomplete) if incomplete else []
    found = [CompletionItem(agent) for agent in agents]
    return [CompletionItem(incomplete, type="file"), *found]  # in this order bash keeps both


def complete_holder(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """People and bots of Access in the working tree, by their ids."""
    access = _access(ctx)
    if access is None:
        return []
    known = [(person.id, person.name) for person in access.people] + [(bot.id, bot.kind) for bot in access.bots]
    return [CompletionItem(name, help=told) for name, told in known if name.startswith(incomplete)]


def complete_team(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Teams of Access in the working tree."""
    access = _access(ctx)
    return [] if access is None else [team.id for team in access.teams if team.id.startswith(incomplete)]


def complete_fingerprint(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The keys of whoever was named before, with their comments."""
    from agentgov.trust.keys import parse_public_key

    access = _access(ctx)
    if access is None:
        return []
    held = [(one.id, one.keys) for one in access.people] + [(one.id, one.keys) for one in access.bots]
    keys = [parse_public_key(line) for name, lines in held if name == ctx.params.get("who") for line in lines]
    return [CompletionItem(key.fingerprint, help=key.comment) for key in keys if key.fingerprint.startswith(incomplete)]


def _access(ctx: click.Context) -> "Access | None":
    from agentgov.cli.governance import read_governance

    try:
        return read_governance(ctx.params.get("repo") or ".", None).governance.access
    except AgentgovError:
        return None


def complete_report(formats: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """The formats of --report; behind the sign, files, for shells that take FORMAT=FILE for one word."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        name, sign, file = incomplete.partition("=")
        if not sign:
            return [f"{known}=" for known in formats if known.startswith(name)]
        folder, slash, start = file.rpartition("/")
        folder += slash
        try:
            found = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(folder or "."))
        except OSError:
            return []
        shown = [entry for entry in found if entry.startswith(start) and (start or not entry.startswith("."))]
        return [f"{name}={folder}{entry}" for entry in shown[:_MOST]]

    return complete


def prepare(environment: MutableMapping[str, str]) -> None:
    """Let `--option=value` and FORMAT=FILE be completed in every shell; each hands them over in its own way."""
    _join_words(environment)
    for base in (ZshComplete, FishComplete):
        add_completion_class(type(base.__name__, (_WholeWords, base), {}))


class _WholeWords(ShellComplete):
    """For shells that replace the whole word `--option=va`, and not what stands behind the sign."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        option, sign, _ = incomplete.partition("=")
        if not sign or not option.startswith("--"):
            return found
        return [CompletionItem(f"{option}={one.value}", type=one.type, help=one.help) for one in found]


def _join_words(environment: MutableMapping[str, str]) -> None:
    """Undo how bash takes `--option=value` apart: into three words (COMP_WORDBREAKS).

    It does the same to FORMAT=FILE, of which FILE is completed as the path that it is.
    """
    words = re.split("[ \n]", environment.get("COMP_WORDS", ""))
    number = environment.get("COMP_CWORD", "")
    current = int(number) if number.isdigit() else 0
    if not 2 <= current < len(words):
        return
    if words[current] == "=":
        words[current] = ""  # nothing of the value is there yet
    elif words[current - 1] == "=":
        del words[current - 1]
        current -= 1
    else:
        return
    if not words[current - 1].startswith("-"):
        words[current - 1] = "--"  # what follows is a path
    environment["COMP_WORDS"], environment["COMP_CWORD"] = "\n".join(words), str(current)


def attach(command: click.Command) -> None:
    """Let the parameters of a command be completed by what their placeholder says; it means the same everywhere."""
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        attach(below)
    for param in command.params:
        placeholder = (param.metavar or (param.name or "")).strip("[].").upper()
        complete = _BY_PLACEHOLDER.get(placeholder)
        if complete is not None:
            param.shell_complete = partial(_offered, param, complete)  # type: ignore[method-assign]


def _offered(param: click.Parameter, complete: Completer, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    found = complete(ctx, param, incomplete)
    return [one if isinstance(one, CompletionItem) else CompletionItem(one) for one in found]


def _agent(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return agents_on_disk(Path(ctx.params.get("repo") or "."), incomplete)


def _folder(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


def _file(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


_BY_PLACEHOLDER: dict[str, Completer] = {
    "CODE": complete_code,
    "CODE|RULE|PATH|AGENT|CHANGE": complete_subject,
    "REV": complete_revision,
    "BASE": complete_revision,
    "HEAD": complete_revision,
    "BASE...HEAD": complete_revision,
    "WHEN": complete_revision,
    "MOMENT": complete_revision,
    "ID": _agent,
    "PATH": complete_path,
    "WHO": complete_holder,
    "TEAM": complete_team,
    "KEY": _file,
    "FINGERPRINT": complete_fingerprint,
    "DIR": _folder,
}


def _refs(start: Path, prefix: str) -> list[str]:
    """The short names of branches and tags that start so, a remote's own with its name."""
    from agentgov.repo.program import git

    if any(char in prefix for char in "*?[\\"):
        return []
    patterns = [f"{place}{prefix}{rest}" for place in _REFS for rest in ("*", "*/**")]
    try:
        found = git(start, "for-each-ref", f"--count={_MOST}", "--format=%(refname)", *patterns, timeout=2)
    except (AgentgovError, OSError, ValueError):
        return []
    names = found.out.decode("utf-8", "replace").splitlines()
    return [name.split("/", 2)[2] for name in names if not name.endswith("/HEAD")]
