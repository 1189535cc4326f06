"""What of an agent runs in one environment: the stable release, the canary beside it, their shares.

Values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agentgov.model.agent import Agent
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason

VariantName = Literal["stable", "canary", "pinned"]
WHOLE = 100_000  # a share of everything; shares are whole numbers of these


@dataclass(frozen=True, slots=True)
class Release:
    """One release in one environment: the environment's patch applied, narrowed by what the fleet allows today."""

    name: str  # <workspace>/<agent>/v<semver>
    tag: str  # object id of the tag
    commit: str
    closure: str  # SHA-256
    agent: Agent  # typed
    config: Mapping[str, Any]  # the same as plain JSON, as a lease carries it
    files: Mapping[str, Mapping[str, str]]  # path -> {"text": ...} or {"base64": ...}, without agent.yaml
    limits: tuple[Reason, ...] = ()  # what the fleet's limits took away (notes), or why this may not run (denies)


@dataclass(frozen=True, slots=True)
class Deployed:
    """One agent in one environment."""

    agent: AgentId
    environment: Environment
    stable: Release | None = None
    canary: Release | None = None
    share: int = 0  # of WHOLE: how much of the traffic is the canary's
    rollout: str = ""  # names this canary, the same for all its steps; "" without one
    formerly: tuple[AgentId, ...] = ()  # the ids that it had before, newest first
    refused: tuple[Reason, ...] = ()  # why nothing may run at all, whatever the pauses say: retired, never released...
