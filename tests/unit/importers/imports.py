"""Importing in tests: sources in, agents and everything that came of nothing out."""

from collections.abc import Iterable, Mapping

from agentgov.importers.importing import import_agents
from agentgov.importers.registry import format_named
from agentgov.importers.result import Failure, Imported, Origin, Source


def import_all(
    format_name: str, sources: Iterable[Source], workspace: str, before: Mapping[str, Origin] | None = None
) -> tuple[list[Imported], list[Failure]]:
    """What became an agent, and what did not, be it a failure or a source that holds none."""
    outcome = import_agents(format_name, format_named(format_name).reader(), sources, workspace, before or {})
    without = [Failure(item.source, item.message) for item in outcome.without]
    return list(outcome.imported), [*outcome.failures, *without]
