"""The command lines of a step as what can be run: this program with arguments, or a line that a person reads.

Placeholders are filled into words that were already taken apart, so that no reason, title or id can become an option or
another command; a word that would then begin with a hyphen is refused.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from agentgov.incident.playbook_run import filled, unknown_in
from agentgov.model.command_line import PROGRAM, Command, Grammar, Problem, is_ours, lines_of, read_command

FORBIDDEN = frozenset({"playbook run", "drill run", "serve", "demo", "init"})  # would wait, or follow itself


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a step: `argv` is what this program is called with, None where a person does it; `why` says why."""

    text: str
    argv: tuple[str, ...] | None = None
    name: str = ""
    why: str = ""


def lines(text: str, values: Mapping[str, str], grammar: Grammar) -> tuple[Line, ...]:
    """The lines of a step, with everything filled in that is known."""
    return tuple(_line(line, values, grammar) for line in lines_of(text))


def _line(line: str, values: Mapping[str, str], grammar: Grammar) -> Line:
    if not is_ours(line):
        return Line(filled(line, values))
    command = read_command(line, grammar)
    if isinstance(command, Problem):
        return Line(line, why=command.message)
    lacks = unknown_in(command.argv, values)
    if lacks:
        return Line(filled(line, values), name=command.name, why=f"nobody said what {{{lacks[0]}}} is")
    if command.name in FORBIDDEN:
        return Line(filled(line, values), name=command.name, why="a playbook does not run this")
    return _filled(command, values, grammar)


def _filled(command: Command, values: Mapping[str, str], grammar: Grammar) -> Line:
    """The command with its values; asked for here, so that it asks no second time."""
    argv = [filled(word, values) for word in command.argv]
    for before, word in zip(command.argv, argv, strict=True):
        if word.startswith("-") and not before.startswith("-"):
            return Line(shlex.join((PROGRAM, *argv)), name=command.name, why=f"{word} would be read as an option")
    if any("--yes" in option.names for option in grammar[command.name].options) and "--yes" not in command.options:
        argv.append("--yes")
    return Line(shlex.join((PROGRAM, *argv)), tuple(argv), command.name)
