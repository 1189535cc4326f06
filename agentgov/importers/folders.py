"""Agent folders on disk: each is written whole beside its place and renamed into it, or not at all.

Never overwrites, and never writes through a symbolic link: `agents`, the workspace and the agent must be real
folders below the root of the fleet. What an earlier import wrote is known again, and left as it is.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from agentgov.importers.agent_document import FROM
from agentgov.importers.result import Failure, Imported, Origin
from agentgov.model.names import AgentId

State = Literal["written", "unchanged", "edited"]
_ORIGIN = re.compile(rf"({re.escape(FROM)}.+?)(?: \(([0-9a-f]{{16}})\))?\.\Z")
_HEAD = 4096
_FILE = "agent.yaml"


def imported_before(root: Path, workspace: str) -> dict[str, Origin]:
    """The agents of a workspace that an import wrote, by name, each with what agent.yaml says of its origin."""
    found = {}
    try:
        folders = sorted(os.scandir(root / "agents" / workspace), key=lambda entry: entry.name)
    except OSError:
        return {}
    for entry in folders:
        if entry.is_dir(follow_symlinks=False) and (origin := _origin(Path(entry.path, _FILE))):
            found[entry.name] = origin
    return found


def _origin(file: Path) -> Origin | None:
    try:
        if file.is_symlink() or not file.is_file():
            return None
        with file.open("rb") as stream:
            lines = stream.read(_HEAD).decode("utf-8", "replace").split("\n")[:8]
    except OSError:
        return None
    match = next((found for line in lines if (found := _ORIGIN.match(line.rstrip("\r")))), None)
    return Origin(match[1], match[2] or "") if match is not None else None


def settle(root: Path, item: Imported) -> State | Failure:
    """Bring an agent into the fleet, or find it there; a failure says why neither could be."""
    target = root / item.agent.folder
    if not os.path.lexists(target):
        problem = write_agent(root, item.agent, item.files)
        return _failure(item, problem) if problem else "written"
    there = _origin(target / _FILE) if not target.is_symlink() else None
    left = f"{item.agent.folder} exists already and is left as it is"
    if there is None or not there.digest:
        return _failure(item, left)
    if there.digest != item.origin.digest:
        return _failure(item, f"{left}: its source says something else now; move it away to import that")
    return "unchanged" if _content(target) == _wanted(item) else "edited"


def _failure(item: Imported, problem: str) -> Failure:
    return Failure(item.source, f"agent {item.original!r}: {problem}")


def _wanted(item: Imported) -> dict[str, bytes]:
    return {path.removeprefix(f"{item.agent.folder}/"): data for path, data in item.files.items()}


def _content(folder: Path) -> dict[str, bytes] | None:
    """The files of a folder by their paths in it; None where something in it cannot be read, or is no file."""
    found = {}
    try:
        for file in folder.rglob("*"):
            if file.is_symlink() or not (file.is_file() or file.is_dir()):
                return None
            if file.is_file():
                found[file.relative_to(folder).as_posix()] = file.read_bytes()
    except OSError:
        return None
    return found


def write_agent(root: Path, agent: AgentId, files: Mapping[str, bytes]) -> str:
    """Write the files of a new agent (paths in the fleet, all inside its folder); why not, empty when it is done."""
    target = root / agent.folder
    try:
        if os.path.lexists(target):
            return f"{agent.folder} exists already and is left as it is"
        workspace = _folder(_folder(root, "agents"), agent.workspace)
        draft = Path(tempfile.mkdtemp(prefix=".import-", dir=workspace))
        try:
            for path, data in files.items():
                _write(draft / Path(path).relative_to(agent.folder), data)
            draft.chmod(0o755)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        return f"{agent.folder} cannot be written: {error.strerror}"
    return ""


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    if folder.is_symlink():
        raise OSError(0, f"{folder} is a symbolic link")
    folder.mkdir(exist_ok=True)
    return folder


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
