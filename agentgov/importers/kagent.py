"""kagent: the resources Agent and SandboxAgent of kagent.dev in Kubernetes manifests, with what they refer to there.

A model, a ConfigMap or a server that stands in the same file comes along; what is referred to and not there is told.
Secrets of Kubernetes never come along, only references to them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.agent_document import rest
from agentgov.importers.documents import Cleaned, manifests, no_word
from agentgov.importers.documents import partial as missing
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.model import ModelChoice, elsewhere, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.values import dicts, section, text, texts, without
from agentgov.model.finding import Finding

_GROUP = "kagent.dev/"
_AGENTS = ("Agent", "SandboxAgent")
_SERVERS = ("RemoteMCPServer", "MCPServer", "ToolServer")
_PARAMETERS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "maxTokens": "max_output_tokens",
    "maxOutputTokens": "max_output_tokens",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "seed": "seed",
}
_NO_WORD = ("byo", "skills", "memory", "context", "promptTemplate")


@dataclass(frozen=True, slots=True)
class _Resource:
    """One resource of a file, and what its document lost."""

    kind: str
    name: str
    namespace: str
    value: dict[str, Any]
    removed: tuple[str, ...]
    findings: tuple[Finding, ...]


def read(source: Source) -> Reading | NoAgent | Failure:
    """The agents of one file."""
    resources: list[_Resource] = []
    for found in manifests(source.data, source.name):
        if isinstance(found, Failure):
            return found
        resources += _resources(found)
    agents = [one for one in resources if one.kind in _AGENTS and text(one.value.get("apiVersion")).startswith(_GROUP)]
    if not agents:
        kinds = ", ".join(sorted({one.kind[:60] for one in resources if one.kind})[:8])
        words = f"no agent of kagent.dev: it holds {kinds}" if kinds else "no agent of kagent.dev: it holds no resource"
        return NoAgent(source.name, words, source.folder)
    if len(agents) * len(source.data) > 32 << 20:
        return Failure(source.name, f"too large for {len(agents)} agents")
    drafting = {}
    for one in agents:
        name = one.name if one.name not in drafting else f"{one.name} {one.namespace}"
        drafting[name] = partial(_draft, source.name, one, resources)
    return Reading(source, drafting)


def _resources(found: Cleaned) -> Iterator[_Resource]:
    value = found.value
    if not isinstance(value, dict):
        return
    for one in dicts(value.get("items")) if value.get("kind") == "List" else [value]:
        meta = section(one, "metadata")
        named_so = (text(one.get("kind")), text(meta.get("name")), text(meta.get("namespace")))
        yield _Resource(*named_so, one, found.removed, found.findings)


def _draft(file: str, agent: _Resource, resources: Sequence[_Resource], ids: Mapping[str, str]) -> Draft:
    spec = section(agent.value, "spec")
    inner = {**without(spec, "declarative", "config"), **section(spec, "config"), **section(spec, "declarative")}
    missed: list[str] = []
    prompt = _prompt(agent, inner, resources, missed)
    model, config = _model(agent, inner, resources, missed)
    servers = _servers(agent, inner, resources)
    used = [agent, *([config] if config else []), *servers]
    runtime = {"resource": _kept(agent.value)}
    if config is not None:
        runtime["modelConfig"] = config.value
    if servers:
        runtime["servers"] = {one.name: one.value for one in servers}
    return Draft(
        description=text(inner.get("description")) or text(section(inner, "card").get("description")),
        prompt=prompt,
        model=model,
        tools=_tools(inner, ids),
        runtime=runtime,
        connections=_connections(agent, config),
        lines=tuple(unknown.Line(f"runtime: it refers to {words}, which was not in the file") for words in missed),
        removed=tuple(dict.fromkeys(pointer for one in used for pointer in one.removed)),
        findings=(*dict.fromkeys(found for one in used for found in one.findings), *_told(file, agent, inner, missed)),
    )


def _kept(value: dict[str, Any]) -> dict[str, Any]:
    """The resource without what stands in agent.yaml and in the prompt."""
    spec = rest(section(value, "spec"), "systemMessage", "description")
    for part in ("declarative", "config"):
        if part in spec:
            spec[part] = rest(section(spec, part), "systemMessage")
    return {**without(value, "spec", "status"), "spec": spec}


def _find(agent: _Resource, kinds: Sequence[str], reference: Any, resources: Sequence[_Resource]) -> _Resource | None:
    """What a reference means: a name, a namespace and a name, or an object with them."""
    if isinstance(reference, dict):
        name, namespace = text(reference.get("name")), text(reference.get("namespace"))
    else:
        namespace, _, name = text(reference).rpartition("/")
    around = namespace or agent.namespace
    found = (one for one in resources if one.kind in kinds and one.name == name)
    return next((one for one in found if not one.namespace or not around or one.namespace == around), None)


def _shown(reference: Any) -> str:
    return text(reference.get("name") if isinstance(reference, dict) else reference)[:120]


def _prompt(agent: _Resource, spec: Mapping[str, Any], resources: Sequence[_Resource], missed: list[str]) -> str:
    origin = section(spec, "systemMessageFrom")
    if not origin:
        return text(spec.get("systemMessage"))
    found = _find(agent, ("ConfigMap",), origin, resources) if origin.get("type") != "Secret" else None
    words = text(section(found.value, "data").get(text(origin.get("key")))) if found is not None else ""
    if not words:
        missed.append(f"the prompt in {text(origin.get('type')) or 'ConfigMap'} {_shown(origin)}")
    return words


def _model(
    agent: _Resource, spec: Mapping[str, Any], resources: Sequence[_Resource], missed: list[str]
) -> tuple[ModelChoice, _Resource | None]:
    reference = spec.get("modelConfig") or spec.get("modelConfigName") or spec.get("modelConfigRef")
    if not reference:
        return ModelChoice(unknown.model("the source names none, so kagent takes its default; provider/model")), None
    found = _find(agent, ("ModelConfig",), reference, resources)
    if found is None:
        missed.append(f"the ModelConfig {_shown(reference)}")
        return ModelChoice(
            unknown.model(f"the source refers to the ModelConfig {_shown(reference)}; provider/model")
        ), None
    config = section(found.value, "spec")
    choice = named(config.get("model"), config.get("provider"))
    for part in (item for item in config.values() if isinstance(item, dict)):
        choice.take_all(_PARAMETERS, {key: _number(value) for key, value in part.items()})
        if part.get("baseUrl") or part.get("endpoint") or part.get("azureEndpoint") or part.get("host"):
            choice.lines.append(elsewhere("an address"))
    return choice, found


def _number(value: Any) -> Any:
    """Kubernetes has no fractions in its schemas, so kagent writes some numbers as texts."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _connections(agent: _Resource, config: _Resource | None) -> dict[str, str]:
    spec = section(config.value, "spec") if config is not None else {}
    secret = text(spec.get("apiKeySecret") or spec.get("apiKeySecretRef")).rpartition("/")[2]
    namespace = (config.namespace if config is not None else "") or agent.namespace or "default"
    key = text(spec.get("apiKeySecretKey"))
    reference = f"k8s:{namespace}/{secret}{key and f'#{key}'}"
    return {"model_key": reference} if secret and not any(char.isspace() for char in reference) else {}


def _servers(agent: _Resource, spec: Mapping[str, Any], resources: Sequence[_Resource]) -> list[_Resource]:
    wanted = [section(tool, "mcpServer") for tool in dicts(spec.get("tools"))]
    references = [one.get("toolServer") or one for one in wanted if one]
    found = (_find(agent, _SERVERS, reference, resources) for reference in references)
    return list({one.name: one for one in found if one is not None}.values())


def _tools(spec: Mapping[str, Any], ids: Mapping[str, str]) -> Tools:
    tools = Tools()
    for tool in dicts(spec.get("tools")):
        server, other, built_in = section(tool, "mcpServer"), section(tool, "agent"), section(tool, "builtin")
        if server:
            _take_server(tools, tool, server)
        elif other or text(tool.get("agent")):
            name = text(other.get("name") or other.get("ref") or tool.get("agent"))
            tools.tell(f"it hands work to the agent {ids.get(name, name)[:120]}; list the tool by which it does")
        elif built_in:
            tools.add(built_in.get("name"))
        else:
            tools.tell(f"a tool of type {text(tool.get('type'))[:60] or 'none'} is not understood; see runtime")
    if spec.get("executeCodeBlocks") is True:
        tools.tell("it runs code that the model writes (executeCodeBlocks); list the tool that does it")
    return tools


def _take_server(tools: Tools, tool: Mapping[str, Any], server: Mapping[str, Any]) -> None:
    asked = texts(server.get("requireApproval")) or texts(tool.get("requireApproval"))
    names = texts(server.get("toolNames")) or texts(tool.get("toolNames"))
    for name in names:
        tools.add(name, words="the source asks a person before it" if name in asked else "")
    if not names:
        called = text(server.get("name") or server.get("toolServer"))
        tools.tell(
            f"the source does not list the tools of {text(server.get('kind')) or 'mcp'} {called[:120]}; list them"
        )


def _told(file: str, agent: _Resource, spec: Mapping[str, Any], missed: list[str]) -> Iterator[Finding]:
    for key in _NO_WORD:
        if spec.get(key):
            yield no_word(file, f"{key} of {agent.name[:80]}")
    for words in missed:
        yield missing(file, f"{agent.name[:80]} refers to {words}, which was not in the file")
