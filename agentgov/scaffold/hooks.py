"""The file that makes git ask agentgov before a push lands: text only, `cli.hook` writes it.

It names the interpreter that installed it, in full, and lets neither the environment nor the folder that git stands in
say what is loaded: a pushed file must never run.
"""

import shlex
from typing import Literal

HookName = Literal["pre-receive", "pre-push"]
MARK = "# Made by `agentgov hook install`, which writes it anew."


def hook_text(name: HookName, interpreter: str, journal: str) -> str:
    """The hook as a shell script, with a final newline."""
    return f"#!/bin/sh\n{MARK}\n{hook_line(name, interpreter, journal)}\n"


def hook_line(name: HookName, interpreter: str, journal: str) -> str:
    """The line that a hook of one's own calls."""
    words = [interpreter, "-E", "-P", "-m", "agentgov", "hook", name, "--journal", journal]
    return " ".join(["exec", *map(shlex.quote, words), '"$@"'])
