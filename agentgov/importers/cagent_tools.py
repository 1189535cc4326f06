"""Toolsets of a cagent agent to `spec.tools`: the tools that the file names, and those that its built-in toolsets have.

Names and read-only marks of the built-in toolsets are those that cagent documents for its configuration version 7; a
tool missing here is refused at the gate, so an incomplete list fails closed. What only a server knows when it is
asked becomes a line to fill in. The effect of a tool is taken over where cagent itself says that it only reads, and
is unknown otherwise.
"""

from collections.abc import Mapping
from typing import Any

from agentgov.importers.tools import Tools
from agentgov.importers.values import section, texts

_READ, _UNKNOWN = True, False
_BUILT_IN: dict[str, dict[str, bool]] = {
    "filesystem": {
        "directory_tree": _READ,
        "edit_file": _UNKNOWN,
        "list_directory": _READ,
        "read_file": _READ,
        "read_multiple_files": _READ,
        "search_files_content": _READ,
        "write_file": _UNKNOWN,
    },
    "shell": {
        "shell": _UNKNOWN,
        "run_background_job": _UNKNOWN,
        "list_background_jobs": _READ,
        "view_background_job": _READ,
        "stop_background_job": _UNKNOWN,
    },
    "think": {"think": _READ},
    "todo": {"create_todo": _UNKNOWN, "create_todos": _UNKNOWN, "update_todos": _UNKNOWN, "list_todos": _READ},
    "memory": {"add_memory": _UNKNOWN, "get_memories": _READ, "delete_memory": _UNKNOWN},
    "fetch": {"fetch": _UNKNOWN},
    "user_prompt": {"user_prompt": _UNKNOWN},
    "model_picker": {"change_model": _UNKNOWN, "revert_model": _UNKNOWN},
}


def tools_of(agent: Mapping[str, Any], document: Mapping[str, Any], ids: Mapping[str, str]) -> Tools:
    """The tools of one agent; `ids` are the agents of the same file by name, as they are called in the fleet."""
    tools = Tools()
    toolsets = agent.get("toolsets")
    for toolset in toolsets if isinstance(toolsets, list) else ():
        if isinstance(toolset, dict):
            _take_toolset(tools, toolset, section(document, "mcps"))
        else:
            tools.tell("a toolset of the source is not a mapping; see runtime")
    for source in texts(agent.get("rag")):
        tool = section(section(section(document, "rag"), source), "tool")
        tools.add(tool.get("name") or source, reads=True, description=tool.get("description"))
    _take_delegation(tools, "transfer_task", texts(agent.get("sub_agents")), ids)
    _take_delegation(tools, "handoff", texts(agent.get("handoffs")), ids)
    if agent.get("code_mode_tools") is True:
        tools.tell("in code mode the model writes code that calls these tools; see runtime")
    return tools


def _take_toolset(tools: Tools, toolset: Mapping[str, Any], servers: Mapping[str, Any]) -> None:
    kind = toolset.get("type")
    named = texts(toolset.get("tools"))
    if isinstance(kind, str) and kind in _BUILT_IN:
        known = _BUILT_IN[kind]
        for name in named or known:
            tools.add(name, reads=known.get(name, False))
    elif kind == "script":
        scripts = section(toolset, "shell")
        for name in scripts:
            script = section(scripts, name)
            _take_described(tools, name, script, script.get("description"))
    elif kind == "api":
        api = section(toolset, "api_config")
        _take_described(tools, api.get("name"), api, api.get("instruction"))
    else:
        _take_server(tools, toolset, named, servers)


def _take_server(tools: Tools, toolset: Mapping[str, Any], named: list[str], servers: Mapping[str, Any]) -> None:
    """Tools that a server offers: those that the file lists, or one line that says that somebody has to."""
    reference = toolset.get("ref")
    if not named and isinstance(reference, str):
        named = texts(section(servers, reference).get("tools"))
    for name in named:
        tools.add(name)
    if not named:
        words = f"the source does not list the tools of {_what(toolset)}; list those it may call"
        tools.tell(f"{words}")


def _what(toolset: Mapping[str, Any]) -> str:
    """How to call a server in one line: its reference, its address or its command."""
    url = section(toolset, "remote").get("url") or toolset.get("url")
    command = " ".join([str(toolset.get("command") or ""), *texts(toolset.get("args"))]).strip()
    target = str(toolset.get("ref") or url or command)
    return f"{toolset.get('type')} {target[:120]}".strip()


def _take_described(tools: Tools, name: Any, config: Mapping[str, Any], description: Any) -> None:
    """A tool whose arguments the file describes: cagent passes them on as properties of a JSON Schema."""
    if not tools.add(name, description=description):
        return
    if isinstance(name, str):
        tools.take_properties(name, config.get("args"), texts(config.get("required")))


def _take_delegation(tools: Tools, name: str, targets: list[str], ids: Mapping[str, str]) -> None:
    """Handing work to other agents is a tool; those outside the fleet are told."""
    if not targets:
        return
    inside = [ids[target] for target in targets if target in ids]
    words = f"it hands work to {', '.join(inside)}" if inside else ""
    tools.add(name, words=words)
    for target in targets:
        if target not in ids:
            tools.tell(f"{name} also reaches {target[:120]}, which is no agent of this import")
