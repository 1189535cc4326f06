"""All checks at once: a snapshot to every finding in it, sorted, the same on every machine.

Two questions: is this fleet in order (`validate`), and is this one agent, under governance that was authorised earlier
(`findings_of_agent`). Reads through the snapshot only; decides nothing about changes, reviews or releases.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from agentgov.model.agent import Agent
from agentgov.model.closure import closure_paths, named_files, resolve
from agentgov.model.document import Risk
from agentgov.model.finding import Finding, order
from agentgov.model.fleet import Governance
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Entry, Snapshot
from agentgov.model.verdict import Location
from agentgov.trust.identity import problems
from agentgov.validate import content, layout, limits, ownership, process, prompts, references, texts
from agentgov.validate.codes import finding
from agentgov.validate.load import Parts, agent_ids, load_agent, load_document, load_parts
from agentgov.validate.view import Subject, View

Only = Callable[[str], bool]
_SUBJECT_RULES = (
    layout.check_agent,
    references.check_agent,
    limits.check_agent,
    ownership.check_agent,
    content.check_agent,
    prompts.check_agent,
    texts.check_agent,
)


def validate(snapshot: Snapshot, *, only: Only | None = None) -> tuple[Finding, ...]:
    """Every finding of a fleet.

    `only` selects paths: kept are the findings in those files, and all findings of an agent when a file of its closure
    is selected. The whole fleet is read in any case, because a name may clash with one elsewhere.
    """
    buffered = _Buffered(snapshot)
    entries = snapshot.entries()
    parts = load_parts(buffered)
    view = View(buffered, entries, parts)
    found = [*parts.findings, *layout.check(view), *layout.check_workspaces(view), *process.check(view)]
    found.extend(_access(view))
    folders = _folders(entries)
    agents: dict[AgentId, Agent] = {}
    money = list(limits.workspace_money(view))
    selected: set[str] = set()
    for agent_id in agent_ids(entries):
        buffered.forget()
        paths = folders[agent_id.folder]
        loaded = load_document(buffered, "Agent", Agent, agent_id.file)
        found.extend(loaded.findings)
        if loaded.draft is not None and isinstance(loaded.value, dict):
            subject = Subject(agent_id, loaded.draft, loaded.value)
            agents[agent_id] = loaded.draft
            money.extend(limits.agent_money(subject))
            if only is None or any(map(only, _said_by(agent_id, loaded.draft, paths))):
                selected.update(paths)
                found.extend(_of_subject(view, subject))
        found.extend(texts.check(view, paths))
    buffered.forget()
    found.extend(references.check(view, agent_ids(entries)))
    found.extend(_across(view, agents, money))
    found.extend(texts.check(view, (path for folder, paths in folders.items() if not folder for path in paths)))
    if only is not None:
        found = [one for one in found if only(one.where.file) or one.where.file in selected]
    return tuple(sorted(dict.fromkeys(found), key=order))


def findings_of_agent(snapshot: Snapshot, governance: Governance, agent_id: AgentId) -> tuple[Finding, ...]:
    """Every finding about one agent of a snapshot, judged by the governance given and not by the snapshot's own."""
    entries = snapshot.entries()
    parts = Parts(
        governance.fleet,
        governance.access,
        governance.pipeline,
        governance.workspaces,
        governance.codeowners,
        governance.codeowners_file,
        (),
    )
    view = View(snapshot, entries, parts)
    loaded = load_document(snapshot, "Agent", Agent, agent_id.file)
    found = list(loaded.findings)
    own = {path for path in entries if path.startswith(f"{agent_id.folder}/")}
    if loaded.draft is not None and isinstance(loaded.value, dict):
        own = closure_paths(agent_id, loaded.draft, entries)
        subject = Subject(agent_id, loaded.draft, loaded.value)
        found.extend(_of_subject(view, subject))
        found.extend(ownership.check_unowned(view, sorted(own)))
    found.extend(texts.check(view, sorted(own)))
    found.extend(layout.check_closure(view, agent_id, sorted(own)))
    return tuple(sorted(dict.fromkeys(found), key=order))


def removed_agents(before: Snapshot, after: Snapshot) -> tuple[Finding, ...]:
    """Agents that a change removes although they are not retired, and that no other agent has been `formerly`."""
    there = set(agent_ids(after.entries()))
    gone = [agent_id for agent_id in agent_ids(before.entries()) if agent_id not in there]
    if not gone:
        return ()
    added = there - set(agent_ids(before.entries()))
    agents = [load_agent(after, agent_id)[0] for agent_id in sorted(added)]
    heirs = {agent.metadata.formerly for agent in agents if agent is not None}
    found = []
    for agent_id in gone:
        agent, _ = load_agent(before, agent_id)
        if str(agent_id) not in heirs and (agent is None or agent.spec.lifecycle.state != "retired"):
            message = f"{agent_id} is removed and has not been retired"
            fix = "write lifecycle: {state: retired} first; after a move, name the old id as `formerly`"
            found.append(finding("layout.agent-removed", Location(agent_id.file), message, fix))
    return tuple(found)


def _of_subject(view: View, subject: Subject) -> Iterator[Finding]:
    for rule in _SUBJECT_RULES:
        yield from rule(view, subject)


def _across(view: View, agents: Mapping[AgentId, Agent], money: Iterable[limits.Money]) -> Iterator[Finding]:
    """Rules that need all agents."""
    risks: list[tuple[AgentId, Risk]] = [(agent_id, agent.spec.risk) for agent_id, agent in agents.items()]
    yield from ownership.check(view, risks)
    yield from limits.check_currency(view, money)
    yield from content.check_moves(view, {agent_id: agent.metadata.formerly for agent_id, agent in agents.items()})


def _access(view: View) -> Iterator[Finding]:
    """What makes an Access unfit to be used, as trust decides it."""
    if view.parts.access is not None:
        for reason in problems(view.parts.access):
            pointer = reason.where.pointer if reason.where is not None else ""
            yield view.at(reason.rule, ACCESS_FILE, pointer, reason.message)


def _folders(entries: Mapping[str, Entry]) -> dict[str, list[str]]:
    """Paths by the folder of the agent they lie in; all others under the empty name, shared texts also by folder."""
    folders: dict[str, list[str]] = {"": []}
    for path in entries:
        parts = path.split("/", 3)
        inside = len(parts) == 4 and parts[0] == "agents"
        folder = "/".join(parts[:3]) if inside else ""
        folders.setdefault(folder, []).append(path)
    for folder, paths in folders.items():
        if folder and f"{folder}/agent.yaml" not in entries:
            folders[""].extend(paths)
    return folders


def _said_by(agent_id: AgentId, agent: Agent, paths: Iterable[str]) -> Iterator[str]:
    """Every path that the judgement of an agent depends on: its files, and those it names, there or not."""
    yield from paths
    yield from (path for name in named_files(agent) if (path := resolve(agent_id, name)) is not None)
    if agent.spec.playbook:
        yield agent.spec.playbook


class _Buffered:
    """A snapshot that reads each file once while one agent is judged, and then forgets it."""

    __slots__ = ("_held", "_snapshot", "name")

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._held: dict[str, bytes] = {}
        self.name = snapshot.name

    def entries(self) -> Mapping[str, Entry]:
        return self._snapshot.entries()

    def read(self, path: str) -> bytes:
        if path not in self._held:
            self._held[path] = self._snapshot.read(path)
        return self._held[path]

    def digest(self, path: str) -> str:
        return self._snapshot.digest(path)

    def forget(self) -> None:
        """Let go of everything read so far."""
        self._held.clear()
