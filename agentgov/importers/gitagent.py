"""gitagent: a folder an agent, agent.yaml (`spec_version`) with SOUL.md, RULES.md, DUTIES.md, PROMPT.md, skills, tools.

SOUL.md becomes the prompt, the other texts that the model is given become partials. Hooks, workflows and compliance
are kept in runtime and told: nothing here runs them. Scripts, memory and examples do not come along.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agentgov.importers import naming
from agentgov.importers.agent_document import rest
from agentgov.importers.documents import Cleaned, document, no_word, places_in, unsupported
from agentgov.importers.documents import partial as missing
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.front_matter import clean_prompt
from agentgov.importers.model import ModelChoice, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.importers.values import dicts, section, text, texts
from agentgov.model.finding import Finding

_SYSTEM = ("SOUL.md", "PROMPT.md", "AGENTS.md")  # the first that is there
_TEXTS = ("RULES.md", "DUTIES.md", "PROMPT.md")
_KEPT = ("hooks/", "workflows/", "config/", "compliance/", "tools/", "knowledge/index", "memory/memory", "skillflows/")
_PARAMETERS = {
    "temperature": "temperature",
    "max_tokens": "max_output_tokens",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
}
_NO_WORD = ("compliance", "delegation", "dependencies", "a2a", "registry")
_MOST_TEXTS = 200


@dataclass(slots=True)
class _Folder:
    """The files of an agent as they are taken: texts by path, YAML by path, what is missing, what is left out."""

    texts: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


def read(source: Source) -> Reading | NoAgent | Failure:
    """The agent of one folder."""
    found = document(source.data, source.name)
    if isinstance(found, Failure):
        return found
    manifest = found.value
    if not isinstance(manifest, dict) or "spec_version" not in manifest:
        return NoAgent(source.name, "not a manifest of gitagent: it has no spec_version", source.folder)
    return Reading(source, {text(manifest.get("name")): partial(_draft, source, found)})


def _draft(source: Source, found: Cleaned, _: Mapping[str, str]) -> Draft:
    manifest: dict[str, Any] = found.value
    folder = _Folder(removed=list(found.removed), findings=list(found.findings))
    system = next((name for name in _SYSTEM if name in source.files), "")
    prompt = _take(folder, source, system) if system else ""
    _take_texts(folder, source, manifest, system)
    _take_yaml(folder, source)
    tools = _tools(folder, manifest)
    return Draft(
        description=text(manifest.get("description")),
        prompt=prompt,
        model=_model(manifest),
        tools=tools,
        runtime={"manifest": rest(manifest, "name", "description"), **({"files": folder.kept} if folder.kept else {})},
        texts=folder.texts,
        lines=(
            *_said(manifest),
            *(Line(f"runtime: it names {name[:120]}, which is not in its folder") for name in folder.missing),
        ),
        removed=tuple(folder.removed),
        findings=(*folder.findings, *_told(source, manifest, folder)),
    )


def _take(folder: _Folder, source: Source, path: str) -> str:
    """A text of the folder without secrets."""
    folder.taken.add(path)
    clean, lost = clean_prompt(source.files[path].decode("utf-8", "replace"), path)
    folder.findings += lost
    folder.removed += [path] if lost else []
    return clean


def _take_texts(folder: _Folder, source: Source, manifest: Mapping[str, Any], system: str) -> None:
    """Everything besides the first text that the model is given: rules, duties, skills, knowledge that always loads."""
    wanted = {name: f"prompts/{naming.label(name.removesuffix('.md'))}.md" for name in _TEXTS if name != system}
    for name in _names(manifest.get("skills")):
        wanted[f"skills/{name}/SKILL.md"] = f"prompts/skills/{naming.label(name)}.md"
        if f"skills/{name}/SKILL.md" not in source.files:
            folder.missing.append(f"the skill {name}")
    for path in _always(source):
        wanted[f"knowledge/{path}"] = f"prompts/knowledge/{naming.label(path.removesuffix('.md'))}.md"
        if f"knowledge/{path}" not in source.files:
            folder.missing.append(f"knowledge/{path}")
    for path, place in list(wanted.items())[:_MOST_TEXTS]:
        if path in source.files:
            folder.texts[naming.distinct(place, folder.texts)] = _take(folder, source, path)


def _always(source: Source) -> Iterator[str]:
    """The documents of knowledge/index.yaml that are always given to the model."""
    data = source.files.get("knowledge/index.yaml", b"")
    index = document(data, "knowledge/index.yaml") if data.strip() else Cleaned({})
    if isinstance(index, Cleaned):
        for one in dicts(section({"index": index.value}, "index").get("documents")):
            if one.get("always_load") is True and text(one.get("path")):
                yield text(one["path"])


def _names(value: Any) -> list[str]:
    """Names in a list of names, or of mappings with a name."""
    listed = value if isinstance(value, list) else []
    return [name for one in listed if (name := text(one.get("name") if isinstance(one, dict) else one).strip())]


def _take_yaml(folder: _Folder, source: Source) -> None:
    for path, data in source.files.items():
        if path.endswith((".yaml", ".yml")) and path.startswith(_KEPT):
            folder.taken.add(path)
            found = document(data, path)
            if isinstance(found, Failure):
                folder.missing.append(f"{path} (it cannot be read: {found.message})")
                continue
            folder.kept[path] = found.value
            folder.removed += [f"{path} {pointer}" for pointer in found.removed]
            folder.findings += found.findings


def _model(manifest: Mapping[str, Any]) -> ModelChoice:
    model = manifest.get("model")
    config = model if isinstance(model, dict) else {"preferred": model}
    choice = named(config.get("preferred"), config.get("provider"))
    choice.take_all(_PARAMETERS, section(config, "constraints"))
    for name in texts(config.get("fallback")):
        choice.take_fallback(name)
    return choice


def _tools(folder: _Folder, manifest: Mapping[str, Any]) -> Tools:
    tools = Tools()
    for name in _names(manifest.get("tools")):
        config = folder.kept.get(f"tools/{name}.yaml") or folder.kept.get(f"tools/{name}.yml")
        if not isinstance(config, dict):
            tools.add(name)
            folder.missing.append(f"tools/{name}.yaml")
            continue
        notes = section(config, "annotations")
        words = "the source asks a person before it" if notes.get("requires_confirmation") is True else ""
        if tools.add(name, reads=notes.get("read_only") is True, words=words, description=config.get("description")):
            tools.take_schema(name, section(config, "input_schema"))
    others = list(section(manifest, "agents")) or _names(manifest.get("agents"))
    if others:
        tools.tell(f"it hands work to the agents {', '.join(others)[:200]}; list the tool by which it does")
    return tools


def _said(manifest: Mapping[str, Any]) -> Iterator[Line]:
    """What the source says of risk and data, in its own words: its scales are not those of agent.yaml."""
    compliance = section(manifest, "compliance")
    if tier := text(compliance.get("risk_tier")):
        yield Line(f"risk: the source says risk_tier {tier[:60]}")
    if data := text(section(compliance, "data_governance").get("data_classification")):
        yield Line(f"data: the source says data_classification {data[:60]}")


def _told(source: Source, manifest: Mapping[str, Any], folder: _Folder) -> Iterator[Finding]:
    places = places_in(source.data)
    for key in _NO_WORD:
        if manifest.get(key):
            line = places.key(source.name, f"/{key}").line
            yield no_word(source.name, key, line)
    if "extends" in manifest:
        where = places.key(source.name, "/extends")
        yield missing(source.name, f"it extends {text(manifest['extends'])[:120]}, which was not imported", where.line)
    for kind in ("hooks", "workflows"):
        if any(path.startswith(f"{kind}/") for path in folder.kept):
            yield unsupported(source.name, f"{kind}/: kept in runtime; the scripts that it names do not come along")
    for name in folder.missing:
        yield missing(source.name, f"it names {name[:200]}, which is not in its folder")
    left = sorted({path.partition("/")[0] for path in source.files if path not in folder.taken})
    if left:
        yield unsupported(source.name, f"files that are not given to the model were left out: {', '.join(left)[:200]}")
