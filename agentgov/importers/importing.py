"""All agents of all sources, each with a name of its own: the one order in which every format is imported.

An agent that an earlier import has written is known again by its origin, and keeps its name; a name that another
source's agent has is left to it. What was there before by other hands is never looked into: writing decides. Pure.
"""

from collections.abc import Iterable, Mapping

from agentgov.importers import naming
from agentgov.importers.agent_document import compose, imported, origin
from agentgov.importers.draft import Draft, Reader, Reading
from agentgov.importers.result import Failure, Imported, NoAgent, Origin, Outcome, Source
from agentgov.model.names import AgentId


class _Names:
    """Who is called what: in the workspace before, by agents that were imported, and in this import."""

    def __init__(self, before: Mapping[str, Origin]) -> None:
        self._before = before
        self._taken: set[str] = set()
        self._known: dict[object, list[str]] = {}
        for name in sorted(before, key=lambda name: (len(name), name)):
            one = before[name]
            for key in (one, one.digest, one.line):
                self._known.setdefault(key, []).append(name)

    def choose(self, reading: Reading, original: str, where: Origin) -> tuple[str, bool]:
        """The name of an agent, and whether a clash changed it."""
        first, _ = naming.choose(reading.stem, original, ())
        name = self._again(where) or naming.choose(reading.stem, original, self)[0]
        self._taken.add(name)
        return name, name != first and not self._by_rule(reading, original, name)

    def __contains__(self, name: object) -> bool:
        return name in self._taken or name in self._before

    def _again(self, where: Origin) -> str | None:
        """The agent of an earlier import that this is: the same source and words, the same words, the same source."""
        keys = (where, where.digest, where.line)
        names = (name for key in keys for name in self._known.get(key, ()))
        return next((name for name in names if name not in self._taken), None)

    def _by_rule(self, reading: Reading, original: str, name: str) -> bool:
        """Whether a name is the second that the rule has, for an agent that is called like its file."""
        first, renamed = naming.choose(reading.stem, original, (naming.label(reading.stem or original),))
        return not renamed and name == first


def import_agents(
    format_name: str, reader: Reader, sources: Iterable[Source], workspace: str, before: Mapping[str, Origin]
) -> Outcome:
    """All agents of all sources, in order, for one workspace; what could not be imported, each with its reason.

    `before` are the imported agents of the workspace by name, each with its origin."""
    agents: list[Imported] = []
    failures: list[Failure] = []
    without: list[NoAgent] = []
    names = _Names(before)
    for source in sources:
        reading = reader(source)
        if isinstance(reading, Failure):
            failures.append(reading)
        elif isinstance(reading, NoAgent):
            without.append(reading)
        else:
            for result in _agents_of(format_name, reading, workspace, names):
                (agents if isinstance(result, Imported) else failures).append(result)  # type: ignore[arg-type]
    return Outcome(tuple(agents), tuple(failures), tuple(without))


def _agents_of(format_name: str, reading: Reading, workspace: str, names: _Names) -> Iterable[Imported | Failure]:
    """Every agent of a source; the root comes first, so that it has the name of the file."""
    source = reading.source
    chosen: dict[str, tuple[AgentId, bool]] = {}
    for original in sorted(reading.agents, key=lambda name: name != naming.ROOT):
        if not naming.refusal(original):
            where = origin(format_name, source.title, original, reading.agents[original]({}))
            name, renamed = names.choose(reading, original, where)
            chosen[original] = (AgentId(workspace, name), renamed)
    ids = {original: str(agent) for original, (agent, _) in chosen.items()}
    for original, drafting in reading.agents.items():
        if original in chosen:
            yield _written(format_name, source, original, chosen[original], drafting(ids))
        else:
            yield Failure(source.name, f"agent {original[:80]!r}: {naming.refusal(original)}")


def _written(
    format_name: str, source: Source, original: str, chosen: tuple[AgentId, bool], draft: Draft
) -> Imported | Failure:
    agent, renamed = chosen
    try:
        made = compose(format_name, source.title, original, agent, draft)
    except ValueError as error:  # too deep or too large once it is wrapped, or text that YAML cannot carry
        return Failure(source.name, f"agent {original[:80]!r} cannot be written: {error}")
    return imported(source.name, original, agent, draft, made, renamed)
