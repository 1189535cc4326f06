"""The rules across a fleet: names and pasts that clash, one currency, workspaces that governance knows, ownership.

They decide from the facts of all folders (`facts`) and read a file only where there is something to tell of it.
"""

from collections.abc import Iterator, Mapping

from agentgov.model.finding import Finding
from agentgov.model.names import agent_of_path
from agentgov.model.partition import Part, Partition, Whole
from agentgov.model.snapshot import path_bytes
from agentgov.validate import conditions, content, layout, limits, ownership, playbooks, policies, process, references
from agentgov.validate.facts import Facts
from agentgov.validate.load import Parts
from agentgov.validate.unit import subject_of
from agentgov.validate.view import View


def check(partition: Partition, parts: Parts, folders: Mapping[str, Facts], rest: Facts) -> Iterator[Finding]:
    """What is wrong with a fleet as a whole; `folders` in the order of the paths' bytes."""
    whole = Whole(partition)
    view = View(whole, whole.entries(), parts)

    def amounts(folder: str) -> Iterator[limits.Money]:
        subject = subject_of(Part(partition, folder), folder)
        if subject is not None:
            yield from limits.agent_money(subject)

    yield from layout.check_names(_one_each(partition, folders))
    yield from references.check_workspaces(
        view, {folder.split("/")[1] for folder, one in folders.items() if one.is_agent}
    )
    yield from limits.check_currency(view, {folder: facts.currencies for folder, facts in folders.items()}, amounts)
    yield from content.check_moves(
        view,
        {folder: one.formerly for folder, one in folders.items() if one.formerly},
        lambda id_: _is_read(folders, id_),
    )
    yield from playbooks.check_covered(view, folders, rest)
    agents = (agent_of_path(f"{folder}/agent.yaml") for folder, one in folders.items() if one.is_agent)
    yield from policies.check_watched(view, [one for one in agents if one is not None])
    yield from conditions.check_available(
        view, rest.condition, {folder: one.condition for folder, one in folders.items()}
    )
    yield from process.check_exempt(view, _covered(parts, folders, rest))
    yield from ownership.check(view, (rest, *folders.values()), folders.keys())


def _is_read(folders: Mapping[str, Facts], agent: str) -> bool:
    """Whether an agent of this id is in the fleet, and can be read."""
    facts = folders.get(f"agents/{agent}")
    return facts is not None and bool(facts.risk)


def _one_each(partition: Partition, folders: Mapping[str, Facts]) -> list[str]:
    """The rest and the first path of each folder: enough to see which folders collide; fewer where none can."""
    names = "\n".join(folders)
    folded = names.lower().split("\n")
    workspaces = {folder.rpartition("/")[0] for folder in folders}
    plain = names.isascii() and len(set(folded)) == len(folders)
    if plain and len({workspace.lower() for workspace in workspaces}) == len(workspaces):
        # A file of the rest can still collide with a folder or a workspace: one path of each workspace, and all paths
        # of those in which a file lies beside the folders.
        beside = {path.rpartition("/")[0].lower() for path in partition.rest()}
        seen: set[str] = set()
        chosen = []
        for folder, facts in folders.items():
            workspace = folder.rpartition("/")[0].lower()
            if facts.first and (workspace not in seen or workspace in beside):
                chosen.append(facts.first)
            seen.add(workspace)
        return sorted((*partition.rest(), *chosen), key=path_bytes)
    return sorted((*partition.rest(), *(facts.first for facts in folders.values() if facts.first)), key=path_bytes)


def _covered(parts: Parts, folders: Mapping[str, Facts], rest: Facts) -> dict[str, str]:
    """The first path of the fleet that each exemption from review covers."""
    found: dict[str, str] = {}
    for pattern in parts.exempt:  # mostly none
        paths = [facts.exempt[pattern] for facts in (rest, *folders.values()) if pattern in facts.exempt]
        if paths:
            found[pattern] = min(paths, key=path_bytes)
    return found
