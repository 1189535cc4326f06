"""A release as it runs in one environment: its agent.yaml with the environment's patch applied, and its other files.

Read from the contents that it was made of, which never change, so what was read once is kept; a release whose contents
do not give the closure that the journal recorded does not run. Limits of workspaces are not applied here.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from agentgov.errors import IncompleteError
from agentgov.journal.overriding import release_override
from agentgov.journal.release_contents import contents_of, release_of
from agentgov.journal.view import View
from agentgov.model.agent import Agent
from agentgov.model.closure import closure_of
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Snapshot
from agentgov.model.state import Release
from agentgov.model.verdict import Reason, deny
from agentgov.validate.environment import resolve_environment
from agentgov.validate.load import convert, load_document

_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")
_MOST_KEPT = 8192
_MOST_WHOLE = 64  # that are kept for their next environment, which is mostly asked for at once


@dataclass(frozen=True, slots=True)
class Released:
    """One release in one environment. `config` is the document, `agent` the same as a type, `files` path to
    {"text": ...} or {"base64": ...} of everything else in the closure."""

    name: str
    tag: str
    commit: str
    closure: str
    agent: Agent
    config: Mapping[str, Any]
    files: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Whole:
    """A release as it was made, for every environment: its agent.yaml as type and as plain values, its other files."""

    document: Agent
    value: Mapping[str, Any]
    files: Mapping[str, Mapping[str, str]]


class ReleasedAgents:
    """Releases by tag and environment, each read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Environment, bool], Released | Reason] = {}
        self._whole: dict[tuple[str, bool], _Whole | Reason] = {}

    def of(self, view: View, agent: AgentId, tag: str, environment: Environment) -> Released | Reason:
        """A release that the journal has seen, or why it cannot run. IncompleteError where contents are missing."""
        is_overridden = release_override(view, tag) is not None  # contents are read elsewhere where one stands
        found = self._known.get((tag, environment, is_overridden))
        if found is None:
            release = release_of(view, agent, tag)
            if release is None:
                raise IncompleteError(f"the journal has no release {tag[:12]} of {agent}")
            whole = self._whole.get((tag, is_overridden))
            if whole is None:
                whole = _read(contents_of(view, release), agent, release)
                _keep(self._whole, (tag, is_overridden), whole, _MOST_WHOLE)
            found = _resolved(whole, release, environment) if isinstance(whole, _Whole) else whole
            _keep(self._known, (tag, environment, is_overridden), found, _MOST_KEPT)
        return found


def _keep(known: dict[_Key, _Kept], key: _Key, value: _Kept, most: int) -> None:
    """Keep one more, and of so many the newest."""
    if len(known) >= most:
        known.pop(next(iter(known)), None)
    known[key] = value


def _read(contents: Snapshot, agent: AgentId, release: Release) -> _Whole | Reason:
    loaded = load_document(contents, "Agent", Agent, agent.file)
    if loaded.typed is None:
        return deny("runtime.unreadable", f"the agent.yaml of {release.name} cannot be read", agent.file)
    closure = closure_of(agent, loaded.typed, contents)
    if closure.digest != release.closure:
        return deny("runtime.closure", f"the contents of {release.name} are not those that were released", release.name)
    assert isinstance(loaded.value, dict)
    files = {path: _file(contents.read(path)) for path in closure.files if path != agent.file}
    return _Whole(loaded.typed, loaded.value, files)


def _resolved(whole: _Whole, release: Release, environment: Environment) -> Released | Reason:
    config = resolve_environment(whole.value, environment)
    try:
        typed = convert(Agent, {**config, "x-": whole.document.extensions})
    except ValueError as error:
        file = release.release_name.agent.file
        return deny("runtime.unreadable", f"{release.name} makes no sense in {environment}: {error}", file)
    return Released(release.name, release.tag, release.commit, release.closure, typed, config, whole.files)


def _file(raw: bytes) -> dict[str, str]:
    try:
        return {"text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}
