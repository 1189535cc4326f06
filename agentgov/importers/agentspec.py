"""Open Agent Specification (agentspec): components of type Agent in YAML or JSON, wherever they stand in the file.

References (`$component_ref`, in early versions `$ref`) are followed within the file; what they name elsewhere is told.
Flows are no agents: an agent inside one is imported, the flow around it is told. Nothing is guessed of its nodes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.agent_document import rest
from agentgov.importers.documents import Cleaned, document, places_in, unsupported
from agentgov.importers.documents import partial as missing
from agentgov.importers.draft import Draft, Drafting, Reading
from agentgov.importers.model import ModelChoice, elsewhere, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.importers.values import dicts, section, text
from agentgov.model.finding import Finding
from agentgov.validate.pointers import child

_AGENT = "Agent"
_ELSEWHERE = ("OciAgent", "A2AAgent", "RemoteAgent")
_FLOW = "Flow"
_REFERENCED = "$referenced_components"
# Which provider a type of LLM means; of the others only the model is known.
_PROVIDERS = {
    "OpenAiConfig": "openai",
    "OllamaConfig": "ollama",
    "VllmConfig": "vllm",
    "OciGenAiConfig": "oci",
    "OciGenAiLLM": "oci",
    "GeminiConfig": "google",
    "AnthropicConfig": "anthropic",
}
_PARAMETERS = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_output_tokens"}
_MOST_TEAMS = 50


@dataclass(slots=True)
class _File:
    """The components of a file: by the names that references use, and in the order in which they stand there."""

    source: Source
    found: Cleaned
    named: dict[str, dict[str, Any]] = field(default_factory=dict)
    all: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # with their pointers
    around: list[tuple[str, set[int]]] = field(default_factory=list)  # flows and teams, and what stands in each


def read(source: Source) -> Reading | NoAgent | Failure:
    """The agents of one file."""
    found = document(source.data, source.name)
    if isinstance(found, Failure):
        return found
    if not isinstance(found.value, dict) or not (_kind(found.value) or _REFERENCED in found.value):
        return NoAgent(source.name, "not a file of Agent Spec: it has no component_type", source.folder)
    file = _File(source, found)
    _collect(file, found.value, "")
    agents = [(pointer, one) for pointer, one in file.all if _kind(one) == _AGENT]
    if not agents:
        return NoAgent(source.name, _no_agent(file), source.folder)
    if words := found.too_large(len(agents), source.data):
        return Failure(source.name, words)
    file.around += _around(file)
    drafting: dict[str, Drafting] = {}
    for pointer, one in agents:
        name = text(one.get("name"))
        drafting[name if name not in drafting else f"{name} {len(drafting) + 1}"] = partial(_draft, file, pointer, one)
    return Reading(source, drafting)


def _kind(value: Mapping[str, Any]) -> str:
    """The type of a component; early versions call it `type`, as JSON Schemas do, but only components have an id."""
    early = text(value.get("type")) if "id" in value and "title" not in value else ""
    return text(value.get("component_type")) or early


def _collect(file: _File, value: Any, pointer: str) -> None:
    if isinstance(value, dict):
        if _kind(value):
            file.all.append((pointer, value))
            file.named.setdefault(text(value.get("id")), value)
        for key, item in section(value, _REFERENCED).items():
            if isinstance(item, dict):
                file.named[key] = item
        for key, item in value.items():
            _collect(file, item, child(pointer, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _collect(file, item, child(pointer, number))


def _no_agent(file: _File) -> str:
    kinds = [_kind(one) for _, one in file.all]
    outside = next((kind for kind in kinds if kind in _ELSEWHERE), "")
    if outside:
        return f"no Agent: it only refers to an agent that runs elsewhere ({outside})"
    return f"no Agent: it holds {kinds[0][:60]}" if kinds else "no Agent: it holds no component"


def _reference(value: Any) -> str:
    """The name in a reference, empty where a value is none."""
    if not isinstance(value, dict):
        return ""
    return text(value.get("$component_ref")) or text(value.get("$ref"))


@dataclass(slots=True)
class _Links:
    """Follows references, and remembers which are broken and which components are used."""

    file: _File
    broken: dict[str, None] = field(default_factory=dict)

    def get(self, value: Any) -> dict[str, Any]:
        """The component itself; an empty one where it is not in the file."""
        name = _reference(value)
        if not name:
            return value if isinstance(value, dict) else {}
        if name not in self.file.named:
            self.broken[name] = None
        return self.file.named.get(name, {})

    def used(self, value: Any) -> dict[str, Any]:
        """Every component that a value refers to, and those that they refer to; agents and flows stay outside."""
        found: dict[str, Any] = {}
        waiting = [value]
        while waiting:
            here = waiting.pop()
            if isinstance(here, list):
                waiting.extend(reversed(here))
            elif isinstance(here, dict):
                name = _reference(here)
                if name and name not in self.file.named:
                    self.broken[name] = None
                elif name and name not in found and _kind(self.file.named[name]) not in (_AGENT, _FLOW):
                    found[name] = self.file.named[name]
                    waiting.append(found[name])
                waiting.extend(reversed(here.values()))
        return found


def _draft(file: _File, pointer: str, agent: Mapping[str, Any], ids: Mapping[str, str]) -> Draft:
    links = _Links(file)
    inside = {key: value for key, value in agent.items() if key != _REFERENCED}
    kept = links.used(inside)
    model, tools = _model(links, agent), _tools(links, agent)
    _take_team(links, file, agent, tools, ids)
    used = {id(one) for one in kept.values()}
    places = (pointer, *(place for place, one in file.all if id(one) in used))
    told = (one for one in file.found.findings if _below(one.where.pointer, places))
    runtime = {"agentspec_version": file.found.value.get("agentspec_version"), "agent": _rest(inside)}
    return Draft(
        description=text(agent.get("description")),
        prompt=text(agent.get("system_prompt")) or text(agent.get("prompt_template")),
        model=model,
        tools=tools,
        runtime={**runtime, **({"components": kept} if kept else {})},
        variables={text(one.get("title")): one for one in dicts(agent.get("inputs"))},
        lines=tuple(Line(f"runtime: it refers to {name[:120]}, which is not in the file") for name in links.broken),
        removed=tuple(one for one in file.found.removed if _below(one, places)),
        findings=(*told, *_told(file, pointer, agent, links)),
    )


def _rest(agent: dict[str, Any]) -> dict[str, Any]:
    prompt = "system_prompt" if text(agent.get("system_prompt")) else "prompt_template"
    return rest(agent, "name", "description", prompt)


def _below(pointer: str, places: tuple[str, ...]) -> bool:
    return any(pointer == place or pointer.startswith(f"{place}/") for place in places)


def _model(links: _Links, agent: Mapping[str, Any]) -> ModelChoice:
    said = agent.get("llm_config") or agent.get("llm")
    config = links.get(said[0] if isinstance(said, list) and said else said)
    if not config and _reference(said[0] if isinstance(said, list) and said else said):
        return ModelChoice(unknown.model("the source refers to one that is not in the file; provider/model"))
    choice = named(config.get("model_id"), _PROVIDERS.get(_kind(config)))
    choice.take_all(_PARAMETERS, section(config, "default_generation_parameters"))
    if config.get("url"):
        choice.lines.append(elsewhere("url"))
    return choice


def _tools(links: _Links, agent: Mapping[str, Any]) -> Tools:
    tools = Tools()
    listed = agent.get("tools")
    for entry in listed if isinstance(listed, list) else ():
        tool = links.get(entry)
        if not tool:
            tools.tell(f"{_reference(entry)[:80] or 'one'} is not in the file; list it with its effect")
        elif _kind(tool) in (_AGENT, _FLOW):
            tools.tell(
                f"it calls the {_kind(tool).lower()} {text(tool.get('name'))[:80]}; list the tool by which it does"
            )
        else:
            _take_tool(tools, tool)
    boxes = agent.get("toolboxes")
    for entry in boxes if isinstance(boxes, list) else ():
        _take_box(tools, links.get(entry))
    return tools


def _take_tool(tools: Tools, tool: Mapping[str, Any]) -> None:
    words = "the source asks a person before it" if tool.get("requires_confirmation") is True else ""
    if tools.add(tool.get("name"), words=words, description=tool.get("description")):
        inputs = {
            text(one.get("title")): {key: item for key, item in one.items() if key != "title"}
            for one in dicts(tool.get("inputs"))
        }
        required = [name for name, one in inputs.items() if "default" not in one]
        tools.take_properties(text(tool.get("name")), inputs, required)


def _take_box(tools: Tools, box: Mapping[str, Any]) -> None:
    allowed = box.get("tool_filter")
    names = [one.get("name") if isinstance(one, dict) else one for one in allowed] if isinstance(allowed, list) else []
    for name in names:
        tools.add(name)
    if not names:
        tools.tell(
            f"the source does not list the tools of {text(box.get('name'))[:80] or 'a toolbox'}; list those it may call"
        )


def _take_team(links: _Links, file: _File, agent: Mapping[str, Any], tools: Tools, ids: Mapping[str, str]) -> None:
    """To whom a Swarm or a group of workers lets the agent hand work."""
    for _, team in file.all:
        pairs = team.get("relationships") if _kind(team) == "Swarm" else None
        targets = (
            [links.get(pair[1]) for pair in pairs if _is_pair(pair) and links.get(pair[0]) is agent]
            if isinstance(pairs, list)
            else []
        )
        if _kind(team) == "ManagerWorkers" and links.get(team.get("group_manager")) is agent:
            workers = team.get("workers")
            targets = [links.get(one) for one in workers] if isinstance(workers, list) else []
        names = [name for one in targets if (name := text(one.get("name")))]
        if names:
            shown = ", ".join(ids.get(name, name) for name in names)[:200]
            tools.tell(f"it hands work to {shown} ({_kind(team)}); list the tool by which it does")


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _told(file: _File, pointer: str, agent: Mapping[str, Any], links: _Links) -> Iterator[Finding]:
    around = [words for words, inside in file.around if id(agent) in inside]
    asks = agent.get("human_in_the_loop") is True
    if not (around or asks or links.broken):
        return
    line = places_in(file.source.data).value(file.source.name, pointer).line
    for words in around:
        yield unsupported(file.source.name, f"{words} around it was not imported", line)
    if asks:
        yield unsupported(file.source.name, "human_in_the_loop: say in `actions` what a person is asked about", line)
    for name in links.broken:
        yield missing(file.source.name, f"it refers to {name[:120]}, which is not in the file", line)


def _around(file: _File) -> Iterator[tuple[str, set[int]]]:
    """The flows and teams of a file, each with the identities of the components that stand in it."""
    teams = [one for _, one in file.all if _kind(one) in (_FLOW, "Swarm", "ManagerWorkers")]
    for team in teams[:_MOST_TEAMS]:
        seen: set[int] = set()
        waiting: list[Any] = [team]
        while waiting:
            here = waiting.pop()
            if id(here) in seen or not isinstance(here, (dict, list)):
                continue
            seen.add(id(here))
            if isinstance(here, list):
                waiting.extend(here)
            elif here is team or _kind(here) != _AGENT:
                waiting.extend(item for key, item in here.items() if key != _REFERENCED)
                waiting.append(file.named.get(_reference(here)))
        yield f"the {_kind(team)} {text(team.get('name'))[:80]}", seen
