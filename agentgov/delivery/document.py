"""What one agent is in one environment, as one JSON document: a pure function of the journal at one act.

An agent that is paused (`stop`), retired, was never released, or cannot be read as it was released has no document. The
same journal gives the same bytes everywhere: keys sorted, no spaces, ASCII only, one line. Limits of workspaces are not
applied: they are a gate's.
"""

import base64
import json
from typing import Any

from agentgov.errors import IncompleteError
from agentgov.journal.overriding import release_override
from agentgov.journal.pausing import pause_of
from agentgov.journal.release_contents import contents_of
from agentgov.journal.view import View
from agentgov.model.closure import closure_of
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Snapshot
from agentgov.model.state import Release
from agentgov.validate.environment import resolve_environment
from agentgov.validate.load import load_agent
from agentgov.validate.yaml_reader import read

_MOST_KEPT = 4096
Piece = dict[str, Any]


class Documents:
    """The documents of one environment; what was resolved of a release once is kept, for it never changes."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._pieces: dict[tuple[str, bool], Piece | None] = {}

    def of(self, view: View, agent: AgentId) -> bytes | None:
        """The document of an agent, None where it must not run. IncompleteError where contents are missing."""
        at, environment = view.state.deployment(agent), self.environment
        pause = pause_of(view, agent, view.state.head.time)
        if (pause is not None and pause.mode == "stop") or at.production.state == "RETIRED":
            return None
        tag = at.production.release if environment == "production" else at.staging.release
        stable = self._piece(view, agent, tag) if tag else None
        found: Piece = {"stable": stable} if stable else {}
        if environment == "production" and at.canary.share and at.canary.release:
            canary = self._piece(view, agent, at.canary.release)
            found |= {"canary": {**canary, "share": at.canary.share}} if canary else {}
        if not found:
            return None
        mode = {"mode": pause.mode} if pause is not None else {}
        return canonical({"agent": str(agent), "environment": environment, "level": "advisory", **mode, **found})

    def _piece(self, view: View, agent: AgentId, tag: str) -> Piece | None:
        known = tag, release_override(view, tag) is not None  # contents are read elsewhere where one stands
        if known not in self._pieces:
            release = next((one for one in view.state.releases(agent) if one.tag == tag), None)
            if release is None:
                raise IncompleteError(f"the journal has no release {tag[:12]} of {agent}")
            if len(self._pieces) >= _MOST_KEPT:
                self._pieces.clear()
            self._pieces[known] = _resolved(contents_of(view, release), agent, release, self.environment)
        return self._pieces[known]


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value, with a final newline."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n").encode("ascii")


def _resolved(contents: Snapshot, agent: AgentId, release: Release, environment: Environment) -> Piece | None:
    document, _ = load_agent(contents, agent)
    closure = closure_of(agent, document, contents) if document is not None else None
    if closure is None or closure.digest != release.closure:
        return None
    raw = read(contents.read(agent.file), agent.file).value
    assert isinstance(raw, dict)
    files = {path: _file(contents.read(path)) for path in closure.files if path != agent.file}
    return {
        "release": release.name,
        "tag": release.tag,
        "commit": release.commit,
        "closure": release.closure,
        "config": resolve_environment(raw, environment),
        "files": files,
    }


def _file(raw: bytes) -> dict[str, str]:
    try:
        return {"text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}
