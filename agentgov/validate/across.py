"""The rules across a fleet: names and pasts that clash, one currency, workspaces that governance knows, ownership.

They decide from the facts of all folders (`facts`) and read a file only where there is something to tell of it.
"""

from collections.abc import Callable, Iterator, Mapping

from agentgov.model.finding import Finding
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.partition import Part, Partition, Whole
from agentgov.model.snapshot import path_bytes
from agentgov.validate import content, layout, limits, ownership, process, references
from agentgov.validate.facts import Facts
from agentgov.validate.load import Parts
from agentgov.validate.unit import subject_of
from agentgov.validate.view import View


def check(
    partition: Partition, governance: Callable[[], Parts], folders: Mapping[str, Facts], rest: Facts
) -> Iterator[Finding]:
    """What is wrong with a fleet as a whole; `folders` in the order of the paths' bytes."""
    parts = governance()
    whole = Whole(partition)
    view = View(whole, whole.entries(), parts)

    def amounts(folder: str) -> Iterator[limits.Money]:
        subject = subject_of(Part(partition, folder), folder)
        if subject is not None:
            yield from limits.agent_money(subject)

    agents = {agent: facts for folder, facts in folders.items() if facts.is_agent and (agent := _agent(folder))}
    yield from layout.check_names(_one_each(partition, folders))
    yield from references.check_workspaces(view, agents)
    yield from limits.check_currency(view, {folder: facts.currencies for folder, facts in folders.items()}, amounts)
    yield from content.check_moves(view, {agent: facts.formerly for agent, facts in agents.items() if facts.risk})
    yield from process.check_exempt(view, _covered(parts, folders, rest))
    yield from ownership.check(view, (rest, *folders.values()), folders.keys())


def _agent(folder: str) -> AgentId | None:
    return agent_of_path(f"{folder}/agent.yaml")


def _one_each(partition: Partition, folders: Mapping[str, Facts]) -> list[str]:
    """The rest, and the first path of each folder: enough to see which folders collide."""
    return sorted((*partition.rest(), *(facts.first for facts in folders.values() if facts.first)), key=path_bytes)


def _covered(parts: Parts, folders: Mapping[str, Facts], rest: Facts) -> dict[str, str]:
    """The first path of the fleet that each exemption from review covers."""
    found: dict[str, str] = {}
    for pattern in parts.exempt:
        paths = [facts.exempt[pattern] for facts in (rest, *folders.values()) if pattern in facts.exempt]
        if paths:
            found[pattern] = min(paths, key=path_bytes)
    return found
