"""The commands of this program as data, for whoever reads a command line without running it.

The file beside is written from the commands themselves, and a test holds both together.
"""

from functools import cache
from pathlib import Path

import msgspec

from agentgov.model.command_line import CommandForm, Grammar

FILE = Path(__file__).with_name("command_line.json")


@cache
def grammar() -> Grammar:
    """Every command that can be run, by its words."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, CommandForm])
