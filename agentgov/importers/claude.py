"""Agents of Claude Code: a Markdown file each, front matter (name, description, tools, model) and the prompt below.

The model is an alias or `inherit`, so it is told and not taken over. Tools have no effects there; where none are
listed the agent has all of its session, which is told. What else the front matter says stays in runtime.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.agent_document import rest
from agentgov.importers.documents import no_word, unsupported
from agentgov.importers.documents import partial as missing
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.front_matter import FrontMatter, split
from agentgov.importers.model import ModelChoice, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.importers.values import text, texts
from agentgov.model.finding import Finding

_ALIASES = ("inherit", "sonnet", "opus", "haiku", "default")
_ENTRY = re.compile(r"[^,()]+(?:\([^()]*\))?")
_DESCRIPTION = re.compile(r"^(description:[ \t]+)(?![\"'|>\[{&*!%@`])([^\r\n]+)", re.MULTILINE)
_UNDERSTOOD = frozenset({"name", "description", "model", "tools", "disallowedTools", "skills"})
_SAYS_NOTHING = frozenset({"color", "version", "author", "license", "tags", "category", "metadata"})


def read(source: Source) -> Reading | NoAgent | Failure:
    """The agent of one file."""
    parts = split(source)
    if isinstance(parts, Failure):
        parts = _with_quotes(source) or parts
    if isinstance(parts, Failure):
        return parts
    if source.title.rpartition("/")[2].lower() == "skill.md":
        return NoAgent(source.name, "a skill, not an agent", source.folder)
    if parts is None:
        return NoAgent(source.name, "not an agent of Claude Code: it has no front matter", source.folder)
    name = text(parts.meta.get("name")).strip()
    if not name:
        return NoAgent(source.name, "not an agent of Claude Code: its front matter has no name", source.folder)
    return Reading(source, {name: partial(_draft, source.name, parts)})


def _with_quotes(source: Source) -> FrontMatter | None:
    """The file with its description in quotes: many hold plain text with colons there, which is no YAML. Nothing else
    is mended."""
    try:
        whole = source.data.decode()
    except UnicodeDecodeError:
        return None
    quoted = _DESCRIPTION.sub(lambda match: match[1] + json.dumps(match[2], ensure_ascii=False), whole, count=1)
    parts = split(replace(source, data=quoted.encode()))
    if not isinstance(parts, FrontMatter):
        return None
    words = "the description is no YAML and was taken as it stands"
    return replace(parts, findings=(*parts.findings, unsupported(source.name, words, parts.line_of("description"))))


def _draft(file: str, parts: FrontMatter, _: Mapping[str, str]) -> Draft:
    meta = parts.meta
    skills = _listed(meta.get("skills"))
    return Draft(
        description=text(meta.get("description")),
        prompt=parts.body,
        model=_model(meta.get("model")),
        tools=_tools(meta),
        runtime={"frontMatter": rest(meta, "name", "description")},
        lines=tuple(Line(f"prompts: the skill {name[:80]} is preloaded, and was not imported") for name in skills),
        removed=parts.removed,
        findings=(*parts.findings, *_told(file, parts, skills)),
    )


def _model(name: Any) -> ModelChoice:
    if name is None or (isinstance(name, str) and name in _ALIASES):
        said = f"the source says {name!r}" if name else "the source names none"
        return ModelChoice(unknown.model(f"{said}, so the session decides; provider/model"))
    return named(name)


def _tools(meta: Mapping[str, Any]) -> Tools:
    tools = Tools()
    if meta.get("tools") is None:
        tools.tell("the source lists none, so the agent has all of its session; list those it may call")
    for entry in _listed(meta.get("tools")):
        name, _, limit = entry.partition("(")
        if "*" in name:
            tools.tell(f"the source allows {entry[:120]}; list those it may call")
        else:
            words = f"the source allows it for {limit.rstrip(')').strip()[:120]}" if limit else ""
            tools.add(name.strip(), words=words)
    if refused := _listed(meta.get("disallowedTools")):
        tools.tell(f"the source takes away {', '.join(refused)[:200]}")
    return tools


def _listed(value: Any) -> list[str]:
    """Names in a list, or in a text with commas between them."""
    if isinstance(value, str):
        return [entry for match in _ENTRY.findall(value) if (entry := match.strip())]
    return texts(value)


def _told(file: str, parts: FrontMatter, skills: list[str]) -> list[Finding]:
    found = [no_word(file, key, parts.line_of(key)) for key in parts.meta if key not in _UNDERSTOOD | _SAYS_NOTHING]
    if skills:
        words = f"skills that were not imported: {', '.join(skills)[:200]}"
        found.append(missing(file, words, parts.line_of("skills")))
    return found
