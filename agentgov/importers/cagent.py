"""docker cagent (configuration versions 0 to 7) to agents of a fleet: one folder for each agent of each file.

What both formats can say becomes `spec`; the rest of the file is kept as it is under `spec.runtime.cagent`. What the
file cannot say (owner, risk, budget, data, on-call, effects of tools) is a placeholder and a finding, never a guess.
Literal secrets stay behind. Pure: bytes in, values out; nothing is fetched, expanded or run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from agentgov.importers.agent_document import fitting
from agentgov.importers.cagent_model import choose_model
from agentgov.importers.cagent_tools import tools_of
from agentgov.importers.documents import document
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.secrets import is_secret_name
from agentgov.importers.values import text
from agentgov.model.finding import Finding

_OTHERS = {"apiVersion", "spec_version"}  # fields that say that a file is of another format
_IN_ENVIRONMENT = re.compile(r"\$\{(?:env\.)?([A-Za-z_][A-Za-z0-9_]{0,63})\}")


@dataclass(frozen=True, slots=True)
class _File:
    """One cagent file, read and cleaned; `removed` are the pointers of values that lost a secret."""

    title: str
    document: Mapping[str, Any]
    agents: Mapping[str, Mapping[str, Any]]
    removed: tuple[str, ...]
    findings: tuple[Finding, ...]


def read(source: Source) -> Reading | NoAgent | Failure:
    """The agents of one file."""
    found = document(source.data, source.name)
    if isinstance(found, Failure):
        return found
    value = found.value
    agents = value.get("agents") if isinstance(value, dict) else None
    if not isinstance(agents, dict) or not agents:
        return NoAgent(source.name, "not a cagent file: it has no mapping `agents`", source.folder)
    if any(not isinstance(agent, dict) for agent in agents.values()) or value.keys() & _OTHERS:
        words = "not a cagent file: each agent must be a mapping, and there is no apiVersion or spec_version"
        return NoAgent(source.name, words, source.folder)
    if words := found.too_large(len(agents), source.data):
        return Failure(source.name, words)
    file = _File(source.title, value, agents, found.removed, found.findings)
    stem = PurePosixPath(source.title.replace("\\", "/")).stem
    return Reading(source, {name: partial(_draft, file, name) for name in agents}, stem)


def _draft(file: _File, original: str, ids: Mapping[str, str]) -> Draft:
    config = file.agents[original]
    model = choose_model(config, file.document)
    here = f"/agents/{original.replace('~', '~0').replace('/', '~1')}"
    return Draft(
        description=text(config.get("description")),
        prompt=text(config.get("instruction")),
        model=model,
        tools=tools_of(config, file.document, ids),
        runtime=_runtime(file, original),
        connections={name: f"env:{name}" for name in _variables(config, model.variables)},
        removed=tuple(pointer for pointer in file.removed if _concerns(pointer, here)),
        findings=tuple(item for item in file.findings if _concerns(item.where.pointer, here)),
    )


def _variables(config: Mapping[str, Any], from_models: list[str]) -> list[str]:
    """Names of environment variables that hold credentials of this agent: those of its models and of its toolsets."""
    names = dict.fromkeys(from_models)
    waiting: list[Any] = [config.get("toolsets")]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, str):
                    found = _IN_ENVIRONMENT.findall(item)
                    names.update(dict.fromkeys(name for name in found if is_secret_name(key) or is_secret_name(name)))
                else:
                    waiting.append(item)
        elif isinstance(value, list):
            waiting.extend(value)
    return list(names)


def _concerns(pointer: str, here: str) -> bool:
    """Whether a place in the file belongs to the agent at `here`, or to all of them."""
    return not pointer.startswith("/agents/") or pointer == here or pointer.startswith(f"{here}/")


def _runtime(file: _File, original: str) -> dict[str, Any]:
    """Everything of the file that this agent may need, as it is; its instruction and description stand elsewhere."""
    config = file.agents[original]
    elsewhere = {"instruction"} if isinstance(config.get("instruction"), str) else set()
    if fitting(config.get("description")):
        elsewhere.add("description")
    return {
        "agent": {key: value for key, value in config.items() if key not in elsewhere},
        "file": {key: value for key, value in file.document.items() if key != "agents"},
    }
