"""Prompty, versions 1 and 2: front matter (model, inputs, tools, template) and a Jinja2 or Mustache text, one a file.

The text is kept as it is, role lines included, because the framework reads them. Files that the front matter refers to
(`${file:...}`) and includes are not followed. `${env:NAME}` in the place of a credential becomes a connection.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from agentgov.importers.agent_document import rest
from agentgov.importers.documents import no_word, other_roles, unsupported
from agentgov.importers.documents import partial as missing
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.front_matter import FrontMatter, split
from agentgov.importers.model import ModelChoice, elsewhere, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.secrets import is_secret_name
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.importers.values import dicts, section, text, texts
from agentgov.model.finding import Finding

_ROLE = re.compile(
    r"^[ \t]*(?:#[ \t]*)?(system|user|assistant|developer|function|tool)(?:\[[^\]\n]*\])?[ \t]*:[ \t]*\r?$",
    re.MULTILINE,
)
_CONTROL = re.compile(r"\{%-?[ \t]*(\w+)")
_INCLUDES = re.compile(
    r"\{%-?[ \t]*(?:include|import|extends|from)[ \t]+['\"]([^'\"\n]{1,200})|\{\{>[ \t]*([^{}\s]{1,200})"
)
_ENVIRONMENT = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]{0,63})(?::[^}]*)?\}")
_FILE = re.compile(r"\$\{file:([^}]{1,200})\}")
_PARAMETERS = {
    "temperature": "temperature",
    "topP": "top_p",
    "top_p": "top_p",
    "topK": "top_k",
    "maxOutputTokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "stopSequences": "stop",
    "stop": "stop",
    "frequencyPenalty": "frequency_penalty",
    "frequency_penalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
}
_TYPES = {"string": "string", "float": "number", "number": "number", "integer": "integer", "boolean": "boolean"}
# Version 1: `configuration.type` says who answers.
_PROVIDERS = {"azure_openai": "azure", "azure": "azure", "openai": "openai", "azure_serverless": "azure"}
_UNDERSTOOD = frozenset({"name", "displayName", "description", "model", "inputs", "tools", "base"})
_SAYS_NOTHING = frozenset({"metadata", "version", "authors", "tags", "sample", "template", "$schema", "kind"})


def read(source: Source) -> Reading | NoAgent | Failure:
    """The prompt of one file, as an agent."""
    parts = split(source)
    if isinstance(parts, Failure):
        return parts
    if parts is None:
        return NoAgent(source.name, "not a prompty file: it has no front matter", source.folder)
    if not parts.body.strip():
        return NoAgent(source.name, "a prompt without text", source.folder)
    stem = PurePosixPath(source.title.replace("\\", "/")).name.removesuffix(".prompty")
    name = text(parts.meta.get("name")).strip() or stem
    return Reading(source, {name: partial(_draft, source.name, parts)})


def _draft(file: str, parts: FrontMatter, _: Mapping[str, str]) -> Draft:
    meta = parts.meta
    absent = _absent(parts)
    return Draft(
        description=text(meta.get("description")),
        prompt=parts.body,
        model=_model(meta),
        tools=_tools(meta),
        runtime={"frontMatter": rest(meta, "name", "description")},
        variables=_variables(meta.get("inputs")),
        connections={name: f"env:{name}" for name in _credentials(meta)},
        lines=tuple(Line(f"runtime: the source refers to {name[:120]}, which was not imported") for name in absent),
        removed=parts.removed,
        findings=(*parts.findings, *_told(file, parts, absent)),
    )


def _model(meta: Mapping[str, Any]) -> ModelChoice:
    model = meta.get("model")
    if not isinstance(model, dict):
        return named(model)
    settings = section(model, "configuration")  # version 1
    old = settings.get("azure_deployment") or settings.get("name") or settings.get("model")
    provider = model.get("provider") or _PROVIDERS.get(text(settings.get("type")))
    choice = named(model.get("id") or old, provider)
    for group in (section(model, "options"), section(model, "parameters")):
        choice.take_all(_PARAMETERS, group)
    if section(model, "connection").get("endpoint") or settings.get("azure_endpoint"):
        choice.lines.append(elsewhere("an endpoint"))
    return choice


def _variables(inputs: Any) -> dict[str, dict[str, Any]]:
    """Version 2 lists its inputs or maps them, version 1 maps them, sometimes to a sample only."""
    listed = {text(item.get("name")): item for item in dicts(inputs)}
    named_inputs = listed or (inputs if isinstance(inputs, dict) else {})
    out = {}
    for name, said in named_inputs.items():
        config = said if isinstance(said, dict) else {}
        kind = _TYPES.get(text(config.get("kind") or config.get("type")))
        out[name] = {"type": kind, "description": config.get("description")}
    return out


def _tools(meta: Mapping[str, Any]) -> Tools:
    tools = Tools()
    listed = meta.get("tools")
    if isinstance(listed, dict):
        listed = [{"name": name, **config} for name, config in listed.items() if isinstance(config, dict)]
    for tool in dicts(listed):
        _take_tool(tools, tool)
    return tools


def _take_tool(tools: Tools, tool: Mapping[str, Any]) -> None:
    kind = text(tool.get("kind") or tool.get("type"))
    name = tool.get("name")
    if kind == "mcp":
        allowed = texts(tool.get("allowedTools"))
        for one in allowed:
            tools.add(one)
        if not allowed:
            server = text(tool.get("serverName")) or text(name)
            tools.tell(f"the source does not list the tools of mcp {server[:120]}; list those it may call")
    elif kind == "openapi":
        tools.tell(f"the source lets it call the API {str(name)[:80]}; list the operations it may call")
    elif kind == "function" or not kind:
        function = section(tool, "function") or tool  # as the API of OpenAI writes it
        if tools.add(function.get("name"), description=function.get("description")):
            _take_arguments(tools, text(function.get("name")), function.get("parameters"))
    else:
        tools.add(name, words=f"a tool of kind {kind[:60]}", description=tool.get("description"))


def _take_arguments(tools: Tools, name: str, parameters: Any) -> None:
    if isinstance(parameters, dict) and parameters.get("type") == "object":
        tools.take_schema(name, parameters)
        return
    listed = {text(item.get("name")): item for item in dicts(parameters)}
    properties = {one: _property(item) for one, item in listed.items() if one}
    if properties:
        required = [one for one, item in listed.items() if item.get("required") is True]
        tools.take_properties(name, properties, required)


def _property(said: Mapping[str, Any]) -> dict[str, Any]:
    kind = text(said.get("kind"))
    out: dict[str, Any] = {"type": _TYPES.get(kind, kind)} if kind in (*_TYPES, "array", "object") else {}
    if isinstance(said.get("enumValues"), list) and said["enumValues"]:
        out["enum"] = said["enumValues"]
    if isinstance(said.get("description"), str):
        out["description"] = said["description"]
    return out


def _credentials(value: Any, key: str = "") -> Iterator[str]:
    """Environment variables that stand where credentials stand, or are called like one."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _credentials(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _credentials(item, key)
    elif isinstance(value, str):
        yield from (name for name in _ENVIRONMENT.findall(value) if is_secret_name(key) or is_secret_name(name))


def _absent(parts: FrontMatter) -> list[str]:
    """Files that the prompt refers to: nothing is read from where an attacker could point."""
    found = [name for match in _INCLUDES.findall(parts.body) for name in match if name]
    base = text(parts.meta.get("base"))
    specifications = [text(tool.get("specification")) for tool in dicts(parts.meta.get("tools"))]
    return [name for name in dict.fromkeys([*_files(parts.meta), *specifications, base, *found]) if name]


def _files(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _files(item)
    elif isinstance(value, list):
        for item in value:
            yield from _files(item)
    elif isinstance(value, str):
        yield from _FILE.findall(value)


def _told(file: str, parts: FrontMatter, absent: list[str]) -> Iterator[Finding]:
    for key in parts.meta:
        if key not in _UNDERSTOOD | _SAYS_NOTHING:
            yield no_word(file, key, parts.line_of(key))
    yield from other_roles(file, _ROLE.findall(parts.body), parts.line)
    if controls := sorted({word for word in _CONTROL.findall(parts.body) if not word.startswith("end")}):
        words = f"what the template decides ({', '.join(controls)[:120]}) is not looked into for variables"
        yield unsupported(file, words, parts.line)
    for name in absent:
        yield missing(file, f"the source refers to {name[:120]}, which was not imported", parts.line)
