"""CrewAI: agents.yaml (role, goal, backstory, llm, tools by agent) and the tasks.yaml beside it.

An agent's prompt is what CrewAI makes of role, backstory and goal, and below it the tasks that name the agent; its
`{placeholders}` are written as variables of agentgov. What the files say stays in runtime as it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentgov.importers.documents import Cleaned, document, no_word, places_in, unsupported
from agentgov.importers.draft import Draft, Reading
from agentgov.importers.model import ModelChoice, elsewhere, named
from agentgov.importers.result import Failure, NoAgent, Source
from agentgov.importers.tools import Tools
from agentgov.importers.unknown import Line
from agentgov.importers.values import section, text, texts
from agentgov.model.finding import Finding
from agentgov.validate.pointers import child

_TASK_FILES = ("tasks.yaml", "tasks.yml")
_PLACEHOLDER = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]{0,63})\}(?!\})")
_PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "stop": "stop",
    "seed": "seed",
}
# What an agent or a task says and agent.yaml has no word for; all else is told by its prompt, or only tunes a run.
_AGENT_ONLY = ("system_template", "prompt_template", "response_template", "knowledge_sources", "guardrail", "memory")
_TASK_ONLY = ("guardrail", "guardrails", "human_input", "output_file", "callback", "condition")


@dataclass(frozen=True, slots=True)
class _Crew:
    """Both files, read and cleaned."""

    source: Source
    agents: Cleaned
    tasks: Cleaned
    task_file: str


def read(source: Source) -> Reading | NoAgent | Failure:
    """The agents of one file, with their tasks."""
    found = document(source.data, source.name)
    if isinstance(found, Failure):
        return found
    agents = found.value
    if not isinstance(agents, dict) or not agents or not all(_is_agent(one) for one in agents.values()):
        words = "not an agents.yaml of CrewAI: each entry needs a role and a goal or a backstory"
        return NoAgent(source.name, words, source.folder)
    if words := found.too_large(len(agents), source.data):
        return Failure(source.name, words)
    task_file = next((name for name in _TASK_FILES if name in source.files), "")
    tasks = document(source.files[task_file], task_file) if task_file else Cleaned({})
    if isinstance(tasks, Failure):
        return Failure(source.name, f"{task_file} beside it: {tasks.message}")
    crew = _Crew(source, found, tasks if isinstance(tasks.value, dict) else Cleaned({}), task_file)
    return Reading(source, {name: partial(_draft, crew, name) for name in agents})


def _is_agent(value: Any) -> bool:
    return isinstance(value, dict) and "role" in value and ("goal" in value or "backstory" in value)


def _draft(crew: _Crew, name: str, ids: Mapping[str, str]) -> Draft:
    agent = crew.agents.value[name]
    tasks = {key: task for key, task in crew.tasks.value.items() if section(crew.tasks.value, key).get("agent") == name}
    mine, theirs = child("", name), tuple(child("", key) for key in tasks)
    removed = [pointer for pointer in crew.agents.removed if _below(pointer, (mine,))]
    removed += [f"{crew.task_file} {pointer}" for pointer in crew.tasks.removed if _below(pointer, theirs)]
    found = [one for one in crew.agents.findings if _below(one.where.pointer, (mine,))]
    found += [one for one in crew.tasks.findings if _below(one.where.pointer, theirs)]
    return Draft(
        description=_variables(text(agent.get("goal")).strip()),
        prompt=_prompt(agent, tasks),
        model=_model(agent),
        tools=_tools(agent, tasks, [ids[other] for other in ids if other != name]),
        runtime={"agent": agent, **({"tasks": tasks} if tasks else {})},
        removed=tuple(removed),
        findings=(*found, *_told(crew, name, tasks)),
    )


def _below(pointer: str, places: tuple[str, ...]) -> bool:
    return any(pointer == place or pointer.startswith(f"{place}/") for place in places)


def _variables(words: str) -> str:
    """CrewAI puts an input in the place of {name}; in agentgov that is written {{name}}."""
    return _PLACEHOLDER.sub(r"{{\1}}", words)


def _prompt(agent: Mapping[str, Any], tasks: Mapping[str, Any]) -> str:
    """What CrewAI tells the model: role, backstory and goal; then the tasks of the agent."""
    role, goal, backstory = (text(agent.get(key)).strip() for key in ("role", "goal", "backstory"))
    parts = [f"You are {role}. {backstory}".strip(), f"Your personal goal is: {goal}" if goal else ""]
    out = "\n".join(part for part in parts if part) + "\n"
    for number, (name, task) in enumerate(tasks.items()):
        out += "\n# Tasks\n" if not number else ""
        out += f"\n## {name}\n\n{text(task.get('description')).strip()}\n"
        if expected := text(task.get("expected_output")).strip():
            out += f"\nExpected output: {expected}\n"
    return _variables(out)


def _model(agent: Mapping[str, Any]) -> ModelChoice:
    llm = agent.get("llm")
    config = llm if isinstance(llm, dict) else {}
    choice = named(config.get("model") if isinstance(llm, dict) else llm, config.get("provider"))
    choice.take_all(_PARAMETERS, config)
    if config.get("base_url") or config.get("api_base"):
        choice.lines.append(elsewhere("base_url"))
    if other := agent.get("function_calling_llm"):
        shown = other.get("model") if isinstance(other, dict) else other
        choice.lines.append(
            Line(f"model: it also calls {str(shown)[:120]} (function_calling_llm); put it into fallback")
        )
    return choice


def _tools(agent: Mapping[str, Any], tasks: Mapping[str, Any], others: list[str]) -> Tools:
    tools = Tools()
    for listed in (agent.get("tools"), *(task.get("tools") for task in tasks.values())):
        for entry in listed if isinstance(listed, list) else ():
            tools.add(entry)
    if agent.get("allow_delegation") is True:
        tools.tell(f"it may hand work to the other agents of its crew: {', '.join(others)[:200] or 'none here'}")
    if agent.get("allow_code_execution") is True or agent.get("code_execution_mode"):
        tools.tell("it may run code that the model writes (allow_code_execution); list the tool that does it")
    for server in texts(agent.get("mcps")):
        tools.tell(f"the source does not list the tools of mcp {server[:120]}; list those it may call")
    return tools


def _told(crew: _Crew, name: str, tasks: Mapping[str, Any]) -> Iterator[Finding]:
    places = places_in(crew.source.data)
    for key in _AGENT_ONLY:
        if crew.agents.value[name].get(key):
            where = places.key(crew.source.name, child(child("", name), key))
            yield no_word(where.file, key, where.line)
    if not crew.task_file:
        return
    places = places_in(crew.source.files[crew.task_file])
    for task, config in tasks.items():
        for key in _TASK_ONLY:
            if config.get(key):
                where = places.key(crew.task_file, child(child("", task), key))
                yield unsupported(where.file, f"{key} of {task}: agent.yaml has no word for it", where.line)
    if name == next(iter(crew.agents.value)):
        yield from _nobodys(crew)


def _nobodys(crew: _Crew) -> Iterator[Finding]:
    """Tasks that no agent of the file does, told once."""
    places = places_in(crew.source.files[crew.task_file])
    for task in crew.tasks.value:
        if section(crew.tasks.value, task).get("agent") not in crew.agents.value:
            where = places.key(crew.task_file, child("", task))
            yield unsupported(where.file, f"the task {task[:80]} is given to no agent of this file", where.line)
