"""docker cagent (configuration versions 0 to 7) to agents of a fleet: one folder for each agent of each file.

What both formats can say becomes `spec`; the rest of the file is kept as it is under `spec.runtime.cagent`. What the
file cannot say (owner, risk, budget, data, on-call, effects of tools) is a placeholder and a finding, never a guess.
Literal secrets stay behind. Pure: bytes in, values out; nothing is fetched, expanded or run.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from agentgov.importers import naming, unknown
from agentgov.importers.cagent_model import choose_model
from agentgov.importers.cagent_tools import Tools, tools_of
from agentgov.importers.result import Failure, Imported, Source
from agentgov.importers.secrets import Cleaner, is_secret_name
from agentgov.importers.unknown import Line
from agentgov.importers.writer import render
from agentgov.model.finding import Finding, Severity
from agentgov.model.names import AgentId
from agentgov.validate.codes import finding
from agentgov.validate.positions import positions
from agentgov.validate.prompts import names_in
from agentgov.validate.worklist import fill_ins
from agentgov.validate.yaml_reader import read

_MODELINE = "# yaml-language-server: $schema=../../../.agentgov/schemas/agent.schema.json\n"
_GUIDE = "# What the source could not say is marked; agentgov validate lists it.\n"
# What all agents of a file share is copied into each, so that each is whole.
_MOST_VALUES = 200_000
_MOST_BYTES = 32 << 20
_PROMPT = "prompts/system.md"
_IN_ENVIRONMENT = re.compile(r"\$\{(?:env\.)?([A-Za-z_][A-Za-z0-9_]{0,63})\}")


@dataclass(frozen=True, slots=True)
class _File:
    """One cagent file, read and cleaned; `removed` are the pointers of values that lost a secret."""

    source: Source
    document: Mapping[str, Any]
    agents: Mapping[str, Mapping[str, Any]]
    removed: tuple[str, ...]
    findings: tuple[Finding, ...]


def import_cagent(sources: Iterable[Source], workspace: str) -> tuple[list[Imported], list[Failure]]:
    """All agents of all sources, in order, for one workspace; what could not be imported, each with its reason."""
    imported: list[Imported] = []
    failures: list[Failure] = []
    taken: set[str] = set()
    for source in sources:
        file = _read(source)
        if isinstance(file, Failure):
            failures.append(file)
            continue
        for result in _agents_of(file, workspace, taken):
            if isinstance(result, Failure):
                failures.append(result)
            else:
                imported.append(result)
    return imported, failures


def _read(source: Source) -> _File | Failure:
    document = read(source.data, source.name)
    error = next((item for item in document.findings if item.severity is Severity.ERROR), None)
    if error is not None:
        return Failure(source.name, f"line {error.where.line}: {error.message}")
    value = document.value
    agents = value.get("agents") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(agents, dict) or not agents:
        return Failure(source.name, "not a cagent file: it has no mapping `agents`")
    if any(not isinstance(agent, dict) for agent in agents.values()) or "apiVersion" in value:
        return Failure(source.name, "not a cagent file: each agent must be a mapping, and there is no apiVersion")
    cleaner = Cleaner()
    clean = cleaner.clean(value)
    if cleaner.values * len(agents) > _MOST_VALUES or len(source.data) * len(agents) > _MOST_BYTES:
        return Failure(source.name, f"too large: each of its {len(agents)} agents would hold a copy of what they share")
    places = positions(source.data)
    findings = tuple(
        finding("import.secret", places.value(source.name, pointer), "a literal secret was not imported")
        for pointer in cleaner.removed
    )
    return _File(source, clean, clean["agents"], tuple(cleaner.removed), findings)


def _agents_of(file: _File, workspace: str, taken: set[str]) -> Iterable[Imported | Failure]:
    """Every agent of a file; the root comes first, so that it has the name of the file."""
    stem = PurePosixPath(file.source.title.replace("\\", "/")).stem
    names: dict[str, tuple[str, bool]] = {}
    for original in sorted(file.agents, key=lambda name: name != naming.ROOT):
        if not naming.refusal(original):
            name, renamed = naming.choose(stem, original, taken)
            names[original] = (name, renamed)
            taken.add(name)
    ids = {original: f"{workspace}/{name}" for original, (name, _) in names.items()}
    for original in file.agents:
        if original not in names:
            yield Failure(file.source.name, f"agent {original[:80]!r}: {naming.refusal(original)}")
            continue
        name, renamed = names[original]
        try:
            yield _import_agent(file, original, AgentId(workspace, name), ids, renamed)
        except ValueError as error:  # too deep or too large once it is wrapped, or text that YAML cannot carry
            yield Failure(file.source.name, f"agent {original[:80]!r} cannot be written: {error}")


def _import_agent(file: _File, original: str, agent: AgentId, ids: Mapping[str, str], renamed: bool) -> Imported:
    config = file.agents[original]
    instruction = config.get("instruction")
    text = instruction if isinstance(instruction, str) else ""
    tools = tools_of(config, file.document, ids)
    document = {
        "apiVersion": "agentgov.dev/v1",
        "kind": "Agent",
        "metadata": {"name": agent.name},
        "spec": _spec(file, original, text, tools),
    }
    shown = "".join(char if char.isprintable() else "?" for char in f"{file.source.title}, agent {original}")
    head = f"{_MODELINE}# Imported from cagent: {shown}.\n{_GUIDE}"
    files = {
        agent.file: render(document, head).encode(),
        f"{agent.folder}/{_PROMPT}": _prompt(text),
        **{f"{agent.folder}/{path}": data for path, data in tools.files.items()},
    }
    here = f"/agents/{original.replace('~', '~0').replace('/', '~1')}"
    mine = tuple(item for item in file.findings if _concerns(item.where.pointer, here))
    findings = (*fill_ins(files[agent.file], agent.file), *mine)
    return Imported(agent, file.source.name, original, files, findings, renamed)


def _spec(file: _File, original: str, text: str, tools: Tools) -> dict[str, Any]:
    config = file.agents[original]
    model = choose_model(config, file.document)
    spec: dict[str, Any] = {
        "description": _description(config) or unknown.DESCRIPTION,
        "owner": unknown.OWNER,
        "risk": unknown.RISK,
        "data": {"classification": unknown.DATA},
        "model": model.document(),
        "prompts": _prompts(text),
        "to settle": tuple(tools.lines),
        "tools": list(tools.entries.values()),
        "connections": {name: {"secretRef": f"env:{name}"} for name in _variables(config, model.variables)},
    }
    left_out = (unknown.BUDGET, unknown.ONCALL, unknown.PLAYBOOK)
    spec["left out"] = (unknown.ACTIONS, *left_out) if tools.entries else left_out
    spec["lifecycle"] = {"state": "draft"}
    spec["removed"] = tuple(_removed(file, original))
    spec["runtime"] = {"cagent": _runtime(file, original)}
    return {key: value for key, value in spec.items() if value not in ([], {}, ())}


def _description(config: Mapping[str, Any]) -> str:
    """The description as agent.yaml can hold it; empty where there is none, or one that is too long."""
    description = config.get("description")
    text = description.strip() if isinstance(description, str) else ""
    return text if len(text) <= 2000 else ""


def _prompts(text: str) -> dict[str, Any]:
    prompts: dict[str, Any] = {"system": {"file": _PROMPT if text.strip() else unknown.PROMPT}}
    names = [name for name in names_in(text) if len(name) <= 64]
    if names:
        prompts["variables"] = {name: {"type": "string", "untrusted": unknown.untrusted(name)} for name in names}
    return prompts


def _prompt(text: str) -> bytes:
    return text.encode() if not text or text.endswith("\n") else f"{text}\n".encode()


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


def _removed(file: _File, original: str) -> Iterable[Line]:
    here = f"/agents/{original.replace('~', '~0').replace('/', '~1')}"
    for pointer in file.removed:
        if _concerns(pointer, here):
            yield Line(f"runtime: a literal secret stood at {pointer}; keep it in a secret store and refer to it here")


def _concerns(pointer: str, here: str) -> bool:
    """Whether a place in the file belongs to the agent at `here`, or to all of them."""
    return not pointer.startswith("/agents/") or pointer == here or pointer.startswith(f"{here}/")


def _runtime(file: _File, original: str) -> dict[str, Any]:
    """Everything of the file that this agent may need, as it is; its instruction and description stand elsewhere."""
    config = file.agents[original]
    elsewhere = {"instruction"} if isinstance(config.get("instruction"), str) else set()
    if _description(config):
        elsewhere.add("description")
    return {
        "source": file.source.title,
        "name": original,
        "agent": {key: value for key, value in config.items() if key not in elsewhere},
        "file": {key: value for key, value in file.document.items() if key != "agents"},
    }
