"""Whoever answers a playbook or a drill: a person at a terminal, or a file of answers. Asks; judges nothing."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from agentgov.errors import UsageError
from agentgov.report.page import safe
from agentgov.validate.yaml_reader import read


def at_terminal() -> bool:
    """Whether somebody sits here who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def read_answers(file: Path) -> Mapping[str, object]:
    """A file of answers: a mapping by id. UsageError where it is none."""
    result = read(file.read_bytes(), str(file))
    if result.findings:
        raise UsageError(
            f"{file} cannot be read: {result.findings[0].message}", "write one answer a line, as id: words"
        )
    value = result.value if result.value is not None else {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{file} holds no answers", "write one answer a line, as id: words")
    return value


def words_of(value: object, where: str) -> tuple[str, ...]:
    """The words of one answer, or of several in their order. UsageError where they are none."""
    several = value if isinstance(value, list) else [value]
    words = tuple("yes" if one is True else "no" if one is False else one for one in several)
    if not all(isinstance(word, str) for word in words):
        raise UsageError(f"the answer to {where} is no text", "put it into quotes")
    return tuple(str(word) for word in words)


def prompt(question: str, allowed: Sequence[str] = ()) -> str:
    """What somebody types; asked again until it is allowed, in any case and shortened to what is unambiguous."""
    while True:
        hint = f" [{'/'.join(allowed)}]" if allowed else ""
        try:
            said: str = click.prompt(
                f"{safe(question)}{hint}", prompt_suffix=" ", err=True, default="", show_default=False
            )
        except click.Abort:
            click.echo(err=True)  # what is said next does not stand behind the question
            raise
        if not allowed:
            return said.strip()
        close = [word for word in allowed if word.startswith(said.strip().lower())] if said.strip() else []
        exact = [word for word in close if word == said.strip().lower()] or close
        if len(exact) == 1:
            return exact[0]
        click.echo(f"  write {' or '.join(allowed)}", err=True)
