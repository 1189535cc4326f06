"""The closure of an agent: every file of its folder, and the files outside it that it names. Nothing else.

What an agent *is* comes from its closure. Two commits with the same closure hold the same agent, whatever else differs.
"""

import hashlib
import json
import posixpath
from collections.abc import Iterable, Mapping

import msgspec

from agentgov.model.agent import Agent
from agentgov.model.names import SHARED, AgentId
from agentgov.model.snapshot import Snapshot, path_bytes

_HEADER = b"agentgov-closure/1\n"


class Closure(msgspec.Struct, frozen=True):
    """The files of one agent: path in the repository to (mode, SHA-256 in hex), and the digest of it all."""

    agent: AgentId
    files: Mapping[str, tuple[int, str]]
    digest: str


def resolve(agent: AgentId, reference: str) -> str | None:
    """The repository path that a reference in agent.yaml names, None where it leaves what an agent may name.

    An agent may name files in its own folder and in agents/<workspace>/shared/.
    """
    if reference.startswith("/") or "\\" in reference or "\0" in reference:
        return None
    path = posixpath.normpath(posixpath.join(agent.folder, reference))
    inside = path.startswith((f"{agent.folder}/", f"agents/{agent.workspace}/{SHARED}/"))
    return path if inside else None


def named_files(agent: Agent) -> Iterable[str]:
    """Every file reference in agent.yaml that belongs to the closure, as written."""
    spec = agent.spec
    yield spec.prompts.system.file
    yield from spec.prompts.partials
    for tool in spec.tools:
        if tool.args is not None:
            yield tool.args.file
    for suite in spec.evals:
        yield suite.suite


def closure_paths(agent_id: AgentId, agent: Agent, paths: Iterable[str]) -> set[str]:
    """Which of the given paths belong to the agent: its folder, and the shared texts that it names."""
    named = {path for reference in named_files(agent) if (path := resolve(agent_id, reference)) is not None}
    return {path for path in paths if path in named or path.startswith(f"{agent_id.folder}/")}


def closure_of(agent_id: AgentId, agent: Agent, snapshot: Snapshot) -> Closure:
    """The closure of an agent in a snapshot. Symlinks and submodules are part of it by mode, with a digest of zeros,
    so that they can never equal a reviewed file."""
    entries = snapshot.entries()
    files: dict[str, tuple[int, str]] = {}
    for path in sorted(closure_paths(agent_id, agent, entries), key=path_bytes):
        entry = entries[path]
        files[path] = (entry.mode, snapshot.digest(path) if entry.is_file else "0" * 64)
    return Closure(agent_id, files, manifest_digest(agent_id, files))


def manifest_digest(agent_id: AgentId, files: Mapping[str, tuple[int, str]]) -> str:
    """SHA-256 of the manifest: a header, then `<mode> <sha256> <path>` a line in the order of the paths' bytes.

    Paths are relative to the agent's folder, so that a moved agent keeps its closure, and written as JSON strings, so
    that no name can look like another line.
    """
    relative = {posixpath.relpath(path, agent_id.folder): files[path] for path in files}
    manifest = hashlib.sha256(_HEADER)
    for path in sorted(relative, key=path_bytes):
        mode, digest = relative[path]
        manifest.update(f"{mode:o} {digest} {json.dumps(path, ensure_ascii=True)}\n".encode())
    return manifest.hexdigest()
