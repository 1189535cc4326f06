"""All checks at once: a snapshot to every finding in it, sorted, the same on every machine.

Three questions: is this fleet in order (`validate`; `judge` does it in steps, and faster), is this one agent, under
governance that was authorised earlier (`findings_of_agent`), and which agents does a change remove. Decides nothing
about reviews or releases.
"""

from collections.abc import Iterable

from agentgov.model.agent import Agent
from agentgov.model.closure import closure_paths
from agentgov.model.finding import Finding
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.partition import Partition, PartitionedSnapshot, Whole
from agentgov.model.snapshot import Snapshot
from agentgov.model.verdict import Location
from agentgov.validate import layout, ownership, texts
from agentgov.validate.codes import finding
from agentgov.validate.judge import Judgement, applied, in_order, judge_fleet
from agentgov.validate.load import Parts, load_agent, load_document
from agentgov.validate.neighbours import Neighbours, neighbours
from agentgov.validate.selection import EVERYTHING, Selection
from agentgov.validate.unit import marks_in, of_subject
from agentgov.validate.view import Subject, View


def validate(snapshot: Snapshot, selection: Selection = EVERYTHING) -> tuple[Finding, ...]:
    """Every finding of a fleet that stands, as far as it was asked for; see `examine`."""
    return examine(snapshot, selection).findings


def examine(snapshot: Snapshot, selection: Selection = EVERYTHING) -> Judgement:
    """A fleet judged in this process from the start."""
    return judge_fleet(PartitionedSnapshot(snapshot), selection=selection)


def findings_of_agent(
    snapshot: Snapshot, governance: Governance, agent_id: AgentId, among: Neighbours | None = None
) -> tuple[Finding, ...]:
    """Every finding about one agent of a snapshot that stands, judged by the governance given and not by the snapshot's
    own: it also says whether marks in the agent's files count. `among` are the neighbours in the snapshot, where they
    are known."""
    entries = snapshot.entries()
    among = neighbours(entries) if among is None else among
    parts = Parts(
        governance.fleet,
        governance.access,
        governance.pipeline,
        governance.workspaces,
        governance.codeowners,
        governance.codeowners_file,
        (),
        governance.fleet.codeowners.dialect,
        governance.actions,
        governance.prices,
        governance.retention,
        governance.alerts,
    )
    view = View(snapshot, entries, parts)
    loaded = load_document(snapshot, "Agent", Agent, agent_id.file)
    found = list(loaded.findings)
    own = set(among.of(agent_id))
    if loaded.draft is not None and isinstance(loaded.value, dict):
        own = closure_paths(agent_id, loaded.draft, among.nameable(agent_id))
        subject = Subject(agent_id, loaded.draft, loaded.value)
        found.extend(of_subject(view, subject))
        found.extend(ownership.check_unowned(view, sorted(own)))
    found.extend(texts.check(view, sorted(own)))
    found.extend(layout.check_closure(view, agent_id, sorted(own), among.collisions))
    inside = {path: entries[path] for path in among.of(agent_id)}
    return in_order(applied(found, marks_in(snapshot, inside), governance.fleet, whole=True).kept)


def removed_between(before: Partition, after: Partition) -> tuple[Finding, ...]:
    """Agents that a change removes although they are not retired, and that no other agent has been `formerly`."""
    old, new = before.folders(), after.folders()
    differing = [folder for folder in {**old, **new} if not old.get(folder) or old.get(folder) != new.get(folder)]
    were, are = _agents(before, differing), _agents(after, differing)
    gone = [agent_id for agent_id in were if agent_id not in are]
    if not gone:
        return ()
    agents = [load_agent(Whole(after), agent_id)[0] for agent_id in are if agent_id not in were]
    heirs = {agent.metadata.formerly for agent in agents if agent is not None}
    found = []
    for agent_id in gone:
        agent, _ = load_agent(Whole(before), agent_id)
        if str(agent_id) not in heirs and (agent is None or agent.spec.lifecycle.state != "retired"):
            message = f"{agent_id} is removed and has not been retired"
            fix = "write lifecycle: {state: retired} first; after a move, name the old id as `formerly`"
            found.append(finding("layout.agent-removed", Location(agent_id.file), message, fix))
    return tuple(found)


def _agents(partition: Partition, folders: Iterable[str]) -> list[AgentId]:
    """The agents among some folders, in order."""
    found = (agent_of_path(f"{folder}/agent.yaml") for folder in folders)
    return sorted(agent for agent in found if agent is not None and agent.file in partition.inside(agent.folder))
