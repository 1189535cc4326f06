"""A release as it runs in one environment: its agent.yaml with the environment's patch applied, and its other files.

Read from the contents that it was made of, which never change, so what was read once is kept; a release whose contents
do not give the closure that the journal recorded does not run. Limits of workspaces are not applied here.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentgov.errors import IncompleteError
from agentgov.journal.overriding import release_override
from agentgov.journal.release_contents import contents_of
from agentgov.journal.view import View
from agentgov.model.agent import Agent
from agentgov.model.closure import closure_of
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Snapshot
from agentgov.model.state import Release
from agentgov.model.verdict import Reason, deny
from agentgov.validate.environment import resolve_environment
from agentgov.validate.load import convert, load_agent
from agentgov.validate.yaml_reader import read

_MOST_KEPT = 8192


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


class ReleasedAgents:
    """Releases by tag and environment, each read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Environment, bool], Released | Reason] = {}

    def of(self, view: View, agent: AgentId, tag: str, environment: Environment) -> Released | Reason:
        """A release that the journal has seen, or why it cannot run. IncompleteError where contents are missing."""
        key = tag, environment, release_override(view, tag) is not None  # contents are read elsewhere where one stands
        found = self._known.get(key)
        if found is None:
            release = next((one for one in view.state.releases(agent) if one.tag == tag), None)
            if release is None:
                raise IncompleteError(f"the journal has no release {tag[:12]} of {agent}")
            found = _resolved(contents_of(view, release), agent, release, environment)
            if len(self._known) >= _MOST_KEPT:
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = found
        return found


def _resolved(contents: Snapshot, agent: AgentId, release: Release, environment: Environment) -> Released | Reason:
    document, _ = load_agent(contents, agent)
    if document is None:
        return deny("runtime.unreadable", f"the agent.yaml of {release.name} cannot be read", agent.file)
    closure = closure_of(agent, document, contents)
    if closure.digest != release.closure:
        return deny("runtime.closure", f"the contents of {release.name} are not those that were released", release.name)
    raw = read(contents.read(agent.file), agent.file).value
    assert isinstance(raw, dict)
    config = resolve_environment(raw, environment)
    try:
        typed = convert(Agent, {**config, "x-": document.extensions})
    except ValueError as error:
        return deny("runtime.unreadable", f"{release.name} makes no sense in {environment}: {error}", agent.file)
    files = {path: _file(contents.read(path)) for path in closure.files if path != agent.file}
    return Released(release.name, release.tag, release.commit, release.closure, typed, config, files)


def _file(raw: bytes) -> dict[str, str]:
    try:
        return {"text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}
