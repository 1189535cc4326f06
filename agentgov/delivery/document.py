"""What one agent is in one environment, as one JSON document: a pure function of the journal at one act.

An agent that is paused (`stop`), retired, was never released, or cannot be read as it was released has no document. The
same journal gives the same bytes everywhere: keys sorted, no spaces, ASCII only, one line. Limits of workspaces are not
applied: they are a gate's.
"""

import json
from typing import Any

from agentgov.delivery.released import Released, ReleasedAgents
from agentgov.journal.pausing import pause_of
from agentgov.journal.view import View
from agentgov.model.document import Environment
from agentgov.model.names import AgentId

Piece = dict[str, Any]


class Documents:
    """The documents of one environment; what was read of a release once is kept, for it never changes."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._released = ReleasedAgents()

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
        found = self._released.of(view, agent, tag, self.environment)
        if not isinstance(found, Released):
            return None
        return {
            "release": found.name,
            "tag": found.tag,
            "commit": found.commit,
            "closure": found.closure,
            "config": found.config,
            "files": found.files,
        }


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value, with a final newline."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n").encode("ascii")
