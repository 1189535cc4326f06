"""agentgov's own command lines as values: which command a text spells, on whom, with which options. Runs nothing.

The grammar is data (`validate/command_line.json`, written from the commands themselves), so that whoever reads a text
needs none of the commands. There is no shell in it: quotes group words, and nothing else has a meaning.
"""

import shlex
from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from agentgov.model import guess

PROGRAM = "agentgov"
_SHELL = frozenset({"&&", "||", ";", "|", "&", ">", ">>", "<"})


class OptionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One option: all its spellings, whether a value follows or may, which values there are (any, where empty)."""

    names: tuple[str, ...]
    takes_value: bool = True
    optional: bool = False  # its value
    required: bool = False
    values: tuple[str, ...] = ()


class CommandForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command: its options, and how many arguments it takes; `most` is -1 where there is no end."""

    options: tuple[OptionForm, ...] = ()
    least: int = 0
    most: int = 0


Grammar = Mapping[str, CommandForm]  # by the words of the command: "pause", "incident open"


class Command(msgspec.Struct, frozen=True):
    """A command line that the program understands. `argv` is everything after the program's name."""

    name: str
    argv: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    options: Mapping[str, str] = {}  # by the longest spelling; "" for one without a value


class Problem(msgspec.Struct, frozen=True):
    """Why a text is no such command line."""

    message: str
    fix: str = ""


def lines_of(text: str) -> tuple[str, ...]:
    """The command lines of a text: one on each line, empty ones left out."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def is_ours(line: str) -> bool:
    """Whether a line calls this program, well or badly."""
    return line.split(maxsplit=1)[:1] == [PROGRAM]


def read_command(line: str, grammar: Grammar) -> Command | Problem:
    """The command that a line calls, or what is wrong with it."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        return Problem(f"its quotes do not close: {error}".lower(), "close them")
    joined = next((word for word in words if word in _SHELL), None)
    if joined is not None:
        return Problem(f"{joined} is for a shell, and there is none here", "write one command on each line")
    return _command(words[1:], grammar)


def _command(words: Sequence[str], grammar: Grammar) -> Command | Problem:
    depth = 2 if " ".join(words[:2]) in grammar else 1
    name = " ".join(words[:depth])
    form = grammar.get(name)
    if form is None:
        return _unknown(words, grammar)
    arguments: list[str] = []
    options: dict[str, str] = {}
    rest = deque(words[depth:])
    while rest:
        word = rest.popleft()
        if not word.startswith("-") or word == "-":
            arguments.append(word)
            continue
        problem = _option(word, rest, form, name, options)
        if problem is not None:
            return problem
    return _counted(Command(name, tuple(words), tuple(arguments), options), form)


def _option(word: str, rest: deque[str], form: CommandForm, name: str, options: dict[str, str]) -> Problem | None:
    """Take one option and its value; what is wrong with it, None where nothing is."""
    spelled, equals, value = word.partition("=")
    found = next((option for option in form.options if spelled in option.names), None)
    if found is None:
        names = [one for option in form.options for one in option.names]
        return Problem(f"{PROGRAM} {name} has no option {spelled}", guess.question(spelled, names))
    longest = max(found.names, key=len)
    if not found.takes_value:
        options[longest] = ""
        return Problem(f"{spelled} takes no value", f"write {spelled} alone") if equals else None
    if found.optional and not equals and (not rest or rest[0].startswith("-")):
        options[longest] = ""
        return None
    given = value if equals else rest.popleft() if rest else None
    if given is None:
        return Problem(f"{spelled} lacks its value")
    if found.values and given not in found.values and "{" not in given:
        return Problem(f"{given} is no value of {spelled}", f"write {' or '.join(found.values)}")
    options[longest] = given
    return None


def _counted(command: Command, form: CommandForm) -> Command | Problem:
    """The command, where it has the arguments and the options that it needs."""
    count = len(command.arguments)
    if count < form.least:
        return Problem(f"{PROGRAM} {command.name} lacks {'an argument' if form.least - count == 1 else 'arguments'}")
    if 0 <= form.most < count:
        extra = command.arguments[form.most]
        return Problem(f"{PROGRAM} {command.name} takes no {extra!r}", "put a text of several words into quotes")
    for option in form.options:
        longest = max(option.names, key=len)
        if option.required and longest not in command.options:
            return Problem(f"{PROGRAM} {command.name} lacks {longest}", f"add {longest}")
    return command


def _unknown(words: Sequence[str], grammar: Grammar) -> Problem:
    if not words:
        return Problem("no command follows the name of the program")
    group = [name for name in grammar if name.startswith(f"{words[0]} ")]
    tried = " ".join(words[:2]) if group else words[0]
    known = group or list(dict.fromkeys(name.split()[0] for name in grammar))
    close = guess.closest(tried, known)
    return Problem(f"there is no command {PROGRAM} {tried}", f"did you mean {PROGRAM} {close}?" if close else "")
