"""Reads in few goes what will be asked for about many agents: their records in the journal, their files as authorised.

A guess at what is needed, and no more: what it does not bring is read once somebody asks for it, and what is damaged or
missing is told to whoever does. Decides nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from agentgov.errors import AgentgovError
from agentgov.journal.view import View, ids_in, read_folders
from agentgov.model.names import AgentId, release_name
from agentgov.model.snapshot import TREE, path_text
from agentgov.model.state import deployment_path, release_path

_DEPTH = 3  # folders inside of each other, of an agent's files

_Names = Mapping[str, set[str]]  # of agents, by workspace


def read_ahead(view: View, agents: Iterable[AgentId]) -> None:
    """What runs of these agents will be asked for next, and with which files."""
    names: dict[str, set[str]] = defaultdict(set)
    for agent in agents:
        names[agent.workspace].add(agent.name)
    with suppress(AgentgovError):
        unread = [oid for path, oid in _records(view, names) if view.memory.records.get(path, oid) is None]
        view.repo.read_ahead("blob", [*unread, *_files(view, names)])


def _records(view: View, names: _Names) -> Iterator[tuple[str, str]]:
    """The deployment and the newest release of each agent: path and blob."""
    for workspace, of in names.items():
        deployments = ids_in(view.repo, view.tree, f"deployments/{workspace}")
        for name in of & {one.removesuffix(".yaml") for one in deployments}:
            yield deployment_path(AgentId(workspace, name)), deployments[f"{name}.yaml"]
        for folder in read_folders(view.repo, view.tree, f"releases/{workspace}", of):
            texts = {path_text(one.name).removesuffix(".yaml"): one.oid for one in view.repo.tree(folder.oid)}
            known = {release_name(f"{workspace}/{path_text(folder.name)}/{text}"): oid for text, oid in texts.items()}
            newest = max((one for one in known if one is not None), key=lambda one: one.precedence, default=None)
            if newest is not None:
                yield release_path(newest), known[newest]


def _files(view: View, names: _Names) -> Iterator[str]:
    """The blobs in the folder of each agent."""
    folders = [
        one for name, of in names.items() for one in read_folders(view.repo, view.authorised, f"agents/{name}", of)
    ]
    for _ in range(_DEPTH):
        items = [item for folder in folders for item in view.repo.tree(folder.oid)]
        yield from (item.oid for item in items if item.mode != TREE)
        folders = [item for item in items if item.mode == TREE]
        view.repo.read_trees([folder.oid for folder in folders])
