"""Which playbooks and drills a command speaks of, and from where: the authorised contents where the fleet has a
journal, else the files as they lie here. Reads and finds; decides nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from agentgov.errors import ConfigurationError, UsageError
from agentgov.journal.parts import Overlay, Part
from agentgov.journal.view import View
from agentgov.model import guess
from agentgov.model.agent import Agent
from agentgov.model.governed import Kind
from agentgov.model.names import AgentId, agent_id
from agentgov.model.playbook import Drill, Playbook
from agentgov.model.snapshot import Snapshot
from agentgov.validate.load import Parts, load_document, load_parts

Document = TypeVar("Document", Playbook, Drill)


@dataclass(frozen=True)
class Practice:
    """The contents that count: `view` is None, and `tree` "", where there is no journal."""

    snapshot: Snapshot
    name: str
    view: View | None = None
    tree: str = ""

    @cached_property
    def playbooks(self) -> Mapping[str, Playbook]:
        """Every playbook that can be read, by its path."""
        return dict(self._documents("Playbook", Playbook, "playbooks/"))

    @cached_property
    def drills(self) -> Mapping[str, Drill]:
        """Every drill that can be read, by its path."""
        return dict(self._documents("Drill", Drill, "drills/"))

    @cached_property
    def parts(self) -> Parts:
        """The governance beside them."""
        return load_parts(self.view.contents if self.view is not None else self.snapshot)

    def agent(self, agent: AgentId) -> Agent | None:
        """An agent; None where it cannot be read."""
        if self.view is None:
            return load_document(self.snapshot, "Agent", Agent, agent.file).typed
        part = Part(Overlay(self.view.repo), self.tree, self.name, (agent.folder,))
        return load_document(part, "Agent", Agent, agent.file).typed

    def _documents(self, kind: Kind, type_: type[Document], folder: str) -> Iterator[tuple[str, Document]]:
        for path, entry in self.snapshot.entries().items():
            if path.startswith(folder) and path.endswith(".yaml") and entry.is_file:
                found = load_document(self.snapshot, kind, type_, path).typed
                if found is not None:
                    yield path, found


def practice(repo: str, *, fetch: bool = False) -> Practice:
    """What counts around a directory. ConfigurationError where there is no fleet."""
    from agentgov.cli.context import open_context
    from agentgov.cli.place import fleet_around, fleet_root
    from agentgov.repo.snapshot import WorkTreeSnapshot

    try:
        context = open_context(repo)
    except ConfigurationError:
        context = None
    root = fleet_root(Path(repo))
    here = context is not None and context.repo.root in (None, root)
    if context is not None and here and context.journal.known_tip() is not None:
        return practice_of(context.view(fetch=fetch))
    return Practice(WorkTreeSnapshot(root or fleet_around(repo)), "as the files lie here: there is no journal")


def as_it_lies(found: Practice, repo: str) -> Practice:
    """The same with playbooks and drills as their files lie here, for whoever only tries them."""
    from agentgov.cli.place import fleet_root
    from agentgov.repo.snapshot import WorkTreeSnapshot

    root = fleet_root(Path(repo))
    return found if root is None else replace(found, snapshot=WorkTreeSnapshot(root), name="as the files lie here")


def practice_of(view: View) -> Practice:
    """What counts at one place of a journal."""
    part = Part(Overlay(view.repo), view.authorised, "authorised contents", ("playbooks", "drills"))
    return Practice(part, f"as authorised by journal act {view.state.head.seq}", view, view.authorised)


def find_playbook(found: Practice, text: str) -> tuple[str, Playbook, AgentId | None]:
    """The playbook of an agent, or the one that has this name or path; and the agent, where one was named.

    UsageError where there is none.
    """
    agent = agent_id(text)
    if agent is not None and agent.workspace != "playbooks":
        document = found.agent(agent)
        if document is None:
            close = guess.question(str(agent), map(str, found.view.agents())) if found.view is not None else ""
            hint = f"{close} all of them: agentgov status".lstrip()
            raise UsageError(f"there is no agent {agent}, {found.name}", hint)
        text = document.spec.playbook
        if not text:
            raise UsageError(f"{agent} has no playbook", f"write one: agentgov playbook new bad-release {agent}")
    return (*named(found.playbooks, text, "playbook", found.name), agent)


def named(documents: Mapping[str, Document], text: str, noun: str, where: str) -> tuple[str, Document]:
    """The document of a path, or of a name. UsageError where there is none."""
    for path, document in documents.items():
        if text in (path, f"./{path}", document.name):
            return path, document
    close = guess.question(text, [*documents, *(one.name for one in documents.values())])
    new = f"agentgov {noun} new {'KIND' if noun == 'playbook' else 'AGENT'}"
    hint = close or (f"see which there are: agentgov {noun} list" if documents else f"git pull, or write one: {new}")
    raise UsageError(f"there is no {noun} {text} that can be read, {where}", hint)


def agent_of(playbook: Playbook) -> AgentId | None:
    """The one agent that a playbook is about; None where it is about several."""
    return agent_id(playbook.match.agents[0]) if len(playbook.match.agents) == 1 else None
