"""One agent as another format says it, before it has a name in the fleet; and what a source holds of them.

A reader of a format turns a source into a `Reading`; `agent_document` turns its drafts into files. Nothing here
guesses: what a draft leaves empty becomes a line to fill in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgov.importers.model import ModelChoice
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Draft:
    """What a format says of one agent. `runtime` is whatever else it says, kept as it is.

    `texts` are further prompts by their path in the agent's folder; `variables` what the source says of them;
    `helpers` words of its template language that look like variables; `connections` references to secrets by name;
    `removed` where secrets stood.
    """

    description: str
    prompt: str
    model: ModelChoice
    tools: Tools
    runtime: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    helpers: frozenset[str] = frozenset()
    connections: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


# Given the ids in the fleet of the agents of the same source, by their names there.
Drafting = Callable[[Mapping[str, str]], Draft]


@dataclass(frozen=True, slots=True)
class Reading:
    """The agents of one source by name. `stem` is set where agents are named after their file."""

    source: Source
    agents: Mapping[str, Drafting]
    stem: str = ""


Reader = Callable[[Source], Reading | NoAgent | Failure]
