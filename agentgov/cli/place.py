"""Where the fleet is on disk, and how commands put new files into it: never over another file, never through a link."""

import os
from pathlib import Path

import click

from agentgov.errors import ConfigurationError
from agentgov.model.governed import FLEET_FILE
from agentgov.model.names import agent_id, is_label


def fleet_root(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that holds agentgov.yaml, None where there is none."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / FLEET_FILE).is_file()), None)


def fleet_around(start: str) -> Path:
    """The same. ConfigurationError where there is none."""
    root = fleet_root(Path(start))
    if root is None:
        raise ConfigurationError("there is no fleet around here", "make one: agentgov init; or name one: --repo DIR")
    return root


def agents_on_disk(start: Path, prefix: str = "") -> list[str]:
    """The ids that begin so of the agents whose folders lie in the fleet around, sorted; none where there is no fleet,
    or no reading.

    Names only: what shells complete, and what somebody may have meant. Nothing is decided by it.
    """
    root = fleet_root(start)
    if root is None:
        return []
    workspace, slash, _ = prefix.partition("/")
    found = []
    for name in _folders(root / "agents"):
        if name == workspace if slash else name.startswith(workspace):
            found += [f"{name}/{agent}" for agent in _folders(root / "agents" / name)]
    return [text for text in found if text.startswith(prefix) and agent_id(text) is not None]


def _folders(place: Path) -> list[str]:
    """The names of the folders in a folder, sorted; none where it cannot be read."""
    try:
        with os.scandir(place) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def workspace_name(text: str) -> str:
    """The name of a workspace that an argument spells; a usage error where it spells none."""
    if not is_label(text):
        raise click.BadParameter(f"{text!r} is no name of a workspace; use lower-case letters, digits and hyphens.")
    return text


def write_new(root: Path, path: str, text: str) -> bool:
    """Write a file that is not there yet; False, and nothing done, where something stands at its path.

    ConfigurationError where it cannot be written, or where a folder on the way is a symbolic link.
    """
    file = root / path
    if os.path.lexists(file):
        return False
    try:
        make_way(root, path)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    return True


def write_copy(root: Path, path: str, text: str) -> bool:
    """Write a file that is a copy of something of ours, over an older one; False where it is there and the same.

    ConfigurationError as for `write_new`, and where something other than a file stands at its path.
    """
    file = root / path
    try:
        make_way(root, path)
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise ConfigurationError(f"{path} is no ordinary file, and nothing is written over it")
        if file.exists() and file.read_bytes() == text.encode():
            return False
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    return True


def make_way(root: Path, path: str) -> None:
    """Make the folders on the way to a file; ConfigurationError where one of them is a symbolic link."""
    for folder in reversed(Path(path).parents):
        if (root / folder).is_symlink() and root / folder != root:
            raise ConfigurationError(f"{folder} is a symbolic link, and nothing is written through it")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
