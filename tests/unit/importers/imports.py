"""Importing in tests: sources in, agents and everything that came of nothing out."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentgov.importers.importing import import_agents
from agentgov.importers.registry import format_named
from agentgov.importers.result import Failure, Imported, Origin, Source
from agentgov.validate import schema
from agentgov.validate.yaml_reader import read


def import_all(
    format_name: str, sources: Iterable[Source], workspace: str, before: Mapping[str, Origin] | None = None
) -> tuple[list[Imported], list[Failure]]:
    """What became an agent, and what did not, be it a failure or a source that holds none."""
    outcome = import_agents(format_name, format_named(format_name).reader(), sources, workspace, before or {})
    without = [Failure(item.source, item.message) for item in outcome.without]
    return list(outcome.imported), [*outcome.failures, *without]


def import_one(format_name: str, name: str, text: str | bytes, **files: str) -> Imported:
    """The one agent of a source; `files` lie beside it, `__` in their names standing for a dot."""
    (item,) = import_every(format_name, name, text, **files)
    return item


def import_every(format_name: str, name: str, text: str | bytes, **files: str) -> list[Imported]:
    """All agents of a source that nothing is wrong with."""
    imported, failures = import_all(format_name, [source(name, text, **files)], "sea")
    assert failures == []
    return imported


def why_not(format_name: str, name: str, text: str | bytes, **files: str) -> str:
    """Why a source does not become an agent."""
    imported, failures = import_all(format_name, [source(name, text, **files)], "sea")
    assert imported == []
    return failures[0].message


def source(name: str, text: str | bytes, **files: str) -> Source:
    """A source of that name; `files` lie beside it, `__` in their names standing for a dot."""
    data = text if isinstance(text, bytes) else text.encode()
    return Source(name, name, data, {key.replace("__", "."): value.encode() for key, value in files.items()})


def document(item: Imported) -> Any:
    """agent.yaml of an agent, which follows its schema."""
    data = item.files[item.agent.file]
    found = read(data, item.agent.file)
    assert found.findings == ()
    assert list(schema.check("Agent", found.value, data, item.agent.file)) == []
    return found.value


def spec(item: Imported) -> Any:
    """`spec` of an agent."""
    return document(item)["spec"]


def prompt(item: Imported, path: str = "prompts/system.md") -> str:
    """A prompt of an agent."""
    return item.files[f"{item.agent.folder}/{path}"].decode()


def words(item: Imported, code: str = "import.fill-in") -> list[str]:
    """What somebody has to look at, of one code."""
    return [finding.message for finding in item.findings if finding.code == code]
