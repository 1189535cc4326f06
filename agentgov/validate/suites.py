"""Can the evaluation suites that an agent names be read at all: as YAML or JSON, where their names say so.

A suite belongs to the tool that runs it (promptfoo and its like), so nothing but its syntax is judged: tags, merge
keys and whatever else that tool takes are left to it. Nothing in a suite is run or expanded.
"""

import json
from collections.abc import Iterator
from functools import lru_cache

import yaml

from agentgov.model.closure import resolve
from agentgov.model.finding import Finding
from agentgov.validate.view import Subject, View
from agentgov.validate.yaml_text import EventSource, events

_YAML = (".yaml", ".yml")
_DEEPEST = 200


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """What makes a suite of an agent unreadable; that it is there is asked by `references`."""
    for index, suite in enumerate(subject.agent.spec.evals):
        path = resolve(subject.id, suite.suite)
        if path is None or not path.endswith((*_YAML, ".json")) or not view.is_file(path):
            continue
        text = view.text(path)
        why = "it is not UTF-8, or larger than a governed file may be" if text is None else _problem(text, path[-5:])
        if why:
            message = f"{path} cannot be read as a suite: {why}"
            fix = "mend it there" if text is not None else "write it as text"
            yield view.at("reference.not-a-suite", subject.file, f"/spec/evals/{index}/suite", message, fix)


@lru_cache(maxsize=256)  # agents made from one template have one suite
def _problem(text: str, ending: str) -> str:
    """Why a text is no YAML or JSON; empty where it is. `ending` is how the name of its file ends."""
    if ending == ".json":
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            return f"no JSON: {error}"
        return ""
    try:
        return _read(events(text.removeprefix("\ufeff")))
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        return f"{error.problem or 'no YAML'}{line}"
    except yaml.YAMLError:
        return "no YAML"


def _read(source: EventSource) -> str:
    """Reads a suite to its end; why it is refused, empty where it is not."""
    there, depth = False, 0
    while not isinstance(event := source.get_event(), yaml.StreamEndEvent):
        there = there or isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return "it is nested too deep"
    return "" if there else "it is empty"
