"""Agent folders on disk: each is written whole beside its place and renamed into it, or not at all.

Never overwrites, and never writes through a symbolic link: `agents`, the workspace and the agent must be real
folders below the root of the fleet.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from agentgov.model.names import AgentId


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
