"""The file that makes git ask agentgov before a commit is made or a push lands: text only, `cli.hook` writes it.

It names the interpreter that installed it, in full, and lets neither the environment nor the folder that git stands in
say what is loaded: a pushed file must never run.
"""

import shlex
from typing import Literal

from agentgov.model.governed import FLEET_FILE

HookName = Literal["pre-receive", "pre-push", "pre-commit"]
MARK = "# Made by `agentgov hook install`, which writes it anew."


def push_hook(name: HookName, interpreter: str, journal: str) -> str:
    """The line of a hook that is called about a push, for the journal's branch."""
    return _line(interpreter, "hook", name, "--journal", journal)


def commit_hook(interpreter: str, folder: str) -> str:
    """The line of a pre-commit hook for a fleet in a folder of the repository, empty where it is all of it."""
    return _line(interpreter, "validate", "--staged", *(("--repo", folder) if folder else ()))


def only_in_a_fleet(folder: str) -> str:
    """The line before it, so that a branch without the fleet (the journal's) takes commits as before."""
    file = shlex.quote(f"{folder}/{FLEET_FILE}" if folder else FLEET_FILE)
    there = " || ".join(f"git cat-file -e {place}:{file} 2>/dev/null" for place in ("", "HEAD"))
    return f"{{ {there}; }} || exit 0"


def hook_text(*lines: str) -> str:
    """A hook as a shell script, with a final newline."""
    return "\n".join(("#!/bin/sh", MARK, *lines, ""))


def _line(interpreter: str, *words: str) -> str:
    return " ".join(["exec", *map(shlex.quote, (interpreter, "-E", "-P", "-m", "agentgov", *words)), '"$@"'])
