"""A draft to the files of an agent: agent.yaml in the order of the house, its prompts, its argument schemas.

What the draft leaves open (owner, risk, budget, data, on-call, effects of tools) is a placeholder and a finding,
never a guess. The second line of agent.yaml says where it comes from, with a digest of what the source said: by it a
later import knows the agent again. Pure: values in, values out.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.draft import Draft
from agentgov.importers.result import Imported, Origin
from agentgov.importers.unknown import Line
from agentgov.importers.writer import render
from agentgov.model.names import AgentId
from agentgov.validate.prompts import names_in
from agentgov.validate.worklist import fill_ins

PROMPT = "prompts/system.md"
FROM = "# Imported from "
_MODELINE = "# yaml-language-server: $schema=../../../.agentgov/schemas/agent.schema.json\n"
_GUIDE = "# What the source could not say is marked; agentgov validate lists it.\n"
_LONGEST_NAME = 64
_LONGEST_TEXT = 2000
_TYPES = ("string", "number", "integer", "boolean")


def origin(format_name: str, title: str, original: str, draft: Draft) -> Origin:
    """Where a draft comes from, as the agent will say it."""
    shown = "".join(char if char.isprintable() else "?" for char in f"{title}, agent {original}")
    said = [format_name, original, draft.description, draft.prompt, dict(draft.texts), dict(draft.runtime)]
    text = json.dumps(said, sort_keys=True, default=str)
    return Origin(f"{FROM}{format_name}: {shown}", hashlib.sha256(text.encode()).hexdigest()[:16])


def compose(
    format_name: str, title: str, original: str, agent: AgentId, draft: Draft
) -> tuple[dict[str, bytes], Origin]:
    """The files of an agent by their paths in the fleet, and where it comes from.

    ValueError where it would be too deep or too large once it is wrapped, or holds text that YAML cannot carry."""
    spec = _spec(draft)
    spec["runtime"] = {format_name: {"source": title, "name": original, **draft.runtime}}
    document = {
        "apiVersion": "agentgov.dev/v1",
        "kind": "Agent",
        "metadata": {"name": agent.name},
        "spec": {key: value for key, value in spec.items() if value not in ([], {}, ())},
    }
    source = origin(format_name, title, original, draft)
    head = f"{_MODELINE}{source.line} ({source.digest}).\n{_GUIDE}"
    files = {agent.file: render(document, head).encode(), f"{agent.folder}/{PROMPT}": encoded(draft.prompt)}
    files |= {f"{agent.folder}/{_inside(path)}": encoded(text) for path, text in draft.texts.items()}
    files |= {f"{agent.folder}/{_inside(path)}": data for path, data in draft.tools.files.items()}
    return files, source


def imported(
    source: str, original: str, agent: AgentId, draft: Draft, made: tuple[dict[str, bytes], Origin], renamed: bool
) -> Imported:
    """The agent with everything that somebody has to look at."""
    files, where = made
    findings = (*fill_ins(files[agent.file], agent.file), *draft.findings)
    return Imported(agent, source, original, files, findings, renamed, where)


def encoded(text: str) -> bytes:
    """A prompt as it is written: UTF-8, ended by a line break. ValueError where it is no text."""
    return (text if not text or text.endswith("\n") else f"{text}\n").encode()


def _inside(path: str) -> str:
    """A path that stays in the folder of the agent; everything that leads elsewhere is a mistake of the reader."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or not path.isprintable():
        raise ValueError(f"{path!r} is no path in the folder of an agent")
    return path


def _spec(draft: Draft) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "description": fitting(draft.description) or unknown.DESCRIPTION,
        "owner": unknown.OWNER,
        "risk": unknown.RISK,
        "data": {"classification": unknown.DATA},
        "model": draft.model.document(),
        "prompts": _prompts(draft),
        "to settle": (*draft.lines, *draft.tools.lines),
        "tools": list(draft.tools.entries.values()),
        "connections": {name: {"secretRef": reference} for name, reference in draft.connections.items()},
    }
    left_out = (unknown.BUDGET, unknown.ONCALL, unknown.PLAYBOOK)
    spec["left out"] = (unknown.ACTIONS, *left_out) if draft.tools.entries else left_out
    spec["lifecycle"] = {"state": "draft"}
    spec["removed"] = tuple(_removed(pointer) for pointer in draft.removed)
    return spec


def fitting(description: Any) -> str:
    """A description as agent.yaml can hold it; empty where there is none, or one that is too long."""
    text = description.strip() if isinstance(description, str) else ""
    return text if len(text) <= _LONGEST_TEXT else ""


def rest(said: Mapping[str, Any], *taken: str) -> dict[str, Any]:
    """What a source says of an agent besides the texts under some keys, which stand elsewhere; a description that
    agent.yaml cannot hold stays."""
    elsewhere = {key for key in taken if isinstance(said.get(key), str)}
    if "description" in elsewhere and not fitting(said["description"]):
        elsewhere.discard("description")
    return {key: value for key, value in said.items() if key not in elsewhere}


def _removed(pointer: str) -> Line:
    return Line(f"runtime: a literal secret stood at {pointer}; keep it in a secret store and refer to it here")


def _prompts(draft: Draft) -> dict[str, Any]:
    prompts: dict[str, Any] = {"system": {"file": PROMPT if draft.prompt.strip() else unknown.PROMPT}}
    if draft.texts:
        prompts["partials"] = list(draft.texts)
    used = dict.fromkeys(name for text in (draft.prompt, *draft.texts.values()) for name in names_in(text))
    names = [name for name in used if len(name) <= _LONGEST_NAME]
    if names:
        prompts["variables"] = {name: _variable(name, draft) for name in names}
    return prompts


def _variable(name: str, draft: Draft) -> dict[str, Any]:
    if name in draft.helpers:
        return {"type": "string", "description": "A word of the template language of the source, not a value."}
    said: Mapping[str, Any] = draft.variables.get(name, {})
    kind = said.get("type")
    out: dict[str, Any] = {"type": kind if kind in _TYPES else "string", "untrusted": unknown.untrusted(name)}
    if description := fitting(said.get("description")):
        out["description"] = description
    return out
