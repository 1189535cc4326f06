"""Dotprompt: front matter (model, config, tools, input and output schema) and a Handlebars template, one a file.

The template is kept as it is, roles and helpers included, because the framework reads them; partials that lie beside
it (`_name.prompt`) come along. A template that no framework could read is a failure with its line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from agentgov.importers import naming
from agentgov.importers.agent_document import rest
from agentgov.importers.documents import no_word, other_roles, unsupported
from agentgov.importers.documents import partial as missing
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.front_matter import FrontMatter, clean_prompt, split
from agentgov.importers.handlebars import Template, scan
from agentgov.importers.model import ModelChoice, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.importers.values import section, text
from agentgov.model.finding import Finding

_PARAMETERS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "maxOutputTokens": "max_output_tokens",
    "stopSequences": "stop",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "seed": "seed",
}
_UNDERSTOOD = frozenset({"name", "description", "model", "config", "tools", "input", "variant", "metadata", "version"})


@dataclass(slots=True)
class _Texts:
    """The texts of a template: its own and those it includes, and what was found in all of them."""

    partials: dict[str, str] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)
    arguments: set[str] = field(default_factory=set)
    missing: dict[str, tuple[int, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read(source: Source) -> Reading | NoAgent | Failure:
    """The prompt of one file, as an agent."""
    stem = PurePosixPath(source.title.replace("\\", "/")).name.removesuffix(".prompt")
    if stem.startswith("_"):
        return NoAgent(source.name, "a partial: its name starts with _", source.folder)
    parts = split(source) or _without_front_matter(source)
    if isinstance(parts, Failure):
        return parts
    template = scan(parts.body)
    if template.problems:
        line, words = template.problems[0]
        return Failure(source.name, f"line {line + parts.line - 1}: {words}")
    if not parts.body.strip():
        return NoAgent(source.name, "a prompt without text", source.folder)
    name = text(parts.meta.get("name")).strip() or stem
    return Reading(source, {name: partial(_draft, source, parts, template)})


def _without_front_matter(source: Source) -> FrontMatter:
    body, lost = clean_prompt(source.data.decode(), source.name)
    return FrontMatter({}, body, 1, ("/prompt",) if lost else (), lost)


def _draft(source: Source, parts: FrontMatter, template: Template, _: Mapping[str, str]) -> Draft:
    meta = parts.meta
    found = _Texts(helpers=set(template.helpers), arguments=set(template.arguments))
    _include(source, template, parts.line - 1, found, ())
    return Draft(
        description=text(meta.get("description")),
        prompt=parts.body,
        model=_model(meta),
        tools=_tools(meta),
        runtime={"frontMatter": rest(meta, "name", "description")},
        texts=_placed(found.partials),
        variables=_variables(section(meta, "input").get("schema")),
        helpers=frozenset(found.helpers),
        lines=tuple(Line(f"prompts: it includes {name[:80]}, {why}") for name, (_, why) in found.missing.items()),
        removed=parts.removed,
        findings=(*parts.findings, *found.findings, *_told(source.name, parts, template, found)),
    )


def _placed(partials: Mapping[str, str]) -> dict[str, str]:
    """The partials by their paths in the agent's folder."""
    out: dict[str, str] = {}
    for name, words in partials.items():
        out[naming.distinct(f"prompts/partials/{naming.label(name)}.md", out)] = words
    return out


def _include(source: Source, template: Template, above: int, found: _Texts, path: tuple[str, ...]) -> None:
    """Take along every partial that a template includes, and those that they include."""
    for name, line in template.partials.items():
        folder, _, last = name.rpartition("/")
        file = f"{folder}/_{last}.prompt" if folder else f"_{last}.prompt"
        if name in path:
            found.missing[name] = (line + above, "which includes itself")
        elif file not in source.files:
            found.missing.setdefault(name, (line + above, f"and {file} does not lie beside it"))
        elif name not in found.partials:
            _take_partial(source, name, file, found, path)


def _take_partial(source: Source, name: str, file: str, found: _Texts, path: tuple[str, ...]) -> None:
    part = Source(file, file, source.files[file])
    parts = split(part)
    if isinstance(parts, Failure):
        found.missing[name] = (1, f"which cannot be read: {parts.message}")
        return
    body, lost = (parts.body, parts.findings) if parts else clean_prompt(part.data.decode("utf-8", "replace"), file)
    inner = scan(body)
    found.partials[name] = body
    found.helpers |= inner.helpers
    found.arguments |= inner.arguments
    found.findings += lost
    _include(source, inner, 0, found, (*path, name))


def _model(meta: Mapping[str, Any]) -> ModelChoice:
    choice = named(meta.get("model"))
    choice.take_all(_PARAMETERS, section(meta, "config"))
    return choice


def _tools(meta: Mapping[str, Any]) -> Tools:
    tools = Tools()
    listed = meta.get("tools")
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict):
            tools.add(entry)
        elif tools.add(entry.get("name"), description=entry.get("description")):
            tools.take_schema(text(entry.get("name")), section(entry, "inputSchema"))
    return tools


def _variables(schema: Any) -> dict[str, dict[str, Any]]:
    """What a Picoschema or a JSON Schema says of the variables: their types and descriptions."""
    if not isinstance(schema, dict):
        return {}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        schema = schema["properties"]
    return {key.partition("(")[0].rstrip("?"): _variable(value) for key, value in schema.items()}


def _variable(said: Any) -> dict[str, Any]:
    if isinstance(said, dict):
        return {"type": said.get("type"), "description": said.get("description")}
    kind, _, description = text(said).partition(",")
    return {"type": kind.strip(), "description": description.strip()}


def _told(file: str, parts: FrontMatter, template: Template, found: _Texts) -> Iterator[Finding]:
    for key in parts.meta:
        if key not in _UNDERSTOOD:
            yield no_word(file, key, parts.line_of(key))
    yield from other_roles(file, template.roles, parts.line)
    if found.arguments:
        names = ", ".join(sorted(found.arguments))[:200]
        yield unsupported(file, f"names that only helpers use are not looked for as variables: {names}", parts.line)
    if template.stray:
        yield unsupported(file, "}} closes nothing here and is text", template.stray + parts.line - 1)
    for name, (line, why) in found.missing.items():
        yield missing(file, f"the template includes {name[:80]}, {why}", line)
