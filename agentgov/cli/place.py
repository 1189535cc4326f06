"""Where the fleet is on disk, and names in it, for the commands that write files into it."""

from pathlib import Path

import click

from agentgov.model.governed import FLEET_FILE
from agentgov.model.names import is_label


def fleet_root(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that holds agentgov.yaml, None where there is none."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / FLEET_FILE).is_file()), None)


def workspace_name(text: str) -> str:
    """The name of a workspace that an argument spells; a usage error where it spells none."""
    if not is_label(text):
        raise click.BadParameter(f"{text!r} is no name of a workspace; use lower-case letters, digits and hyphens.")
    return text
