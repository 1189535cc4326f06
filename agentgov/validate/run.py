"""All checks at once: a snapshot to every finding in it, sorted, the same on every machine.

In three steps: each folder by itself (`unit`), the fleet as a whole from the facts of all folders (`across`), and then
what was asked for. Two questions: is this fleet in order (`validate`), and is this one agent, under governance that was
authorised earlier (`findings_of_agent`). Decides nothing about changes, reviews or releases.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from agentgov.model.agent import Agent
from agentgov.model.closure import closure_paths
from agentgov.model.finding import Finding, Suppressed, order
from agentgov.model.fleet import Fleet, Governance
from agentgov.model.names import AgentId
from agentgov.model.partition import Part, Partition, PartitionedSnapshot
from agentgov.model.snapshot import Snapshot
from agentgov.model.verdict import Location
from agentgov.validate import across, layout, ownership, texts
from agentgov.validate.codes import finding
from agentgov.validate.facts import Judged
from agentgov.validate.load import Parts, agent_ids, load_agent, load_document, load_parts
from agentgov.validate.suppress import Applied, Suppression, apply, unread
from agentgov.validate.unit import judge_folder, judge_rest, marks_in, of_subject
from agentgov.validate.view import Subject, View

Only = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of a fleet, and those that marks in the files have taken out; both sorted, each once."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def validate(snapshot: Snapshot, *, only: Only | None = None) -> tuple[Finding, ...]:
    """Every finding of a fleet that stands; see `examine`."""
    return examine(snapshot, only=only).findings


def examine(snapshot: Snapshot, *, only: Only | None = None) -> Result:
    """Every finding of a fleet, those apart that its files suppress as far as its governance allows.

    `only` selects paths: kept are the findings in those files, and all findings of an agent when a file of its closure
    is selected. The whole fleet is judged in any case, because a name may clash with one elsewhere.
    """
    partition = PartitionedSnapshot(snapshot)
    parts = load_parts(Part(partition, ""))
    rest = judge_rest(partition, parts)
    folders = {folder: judge_folder(partition, parts, folder) for folder in partition.folders()}
    found = [*rest.findings, *(one for judged in folders.values() for one in judged.findings)]
    facts = {folder: judged.facts for folder, judged in folders.items()}
    found.extend(across.check(partition, parts, facts, rest.facts))
    marks = (*rest.marks, *(mark for judged in folders.values() for mark in judged.marks))
    applied = _applied(found, marks, parts.fleet, whole=parts.governance is not None)
    if only is None:
        return _result(applied.kept, applied.suppressed)
    selected = set(_selected(partition, folders, only))
    return _result(
        (one for one in applied.kept if only(one.where.file) or one.where.file in selected),
        (one for one in applied.suppressed if only(one.finding.where.file) or one.finding.where.file in selected),
    )


def _applied(found: list[Finding], marks: Iterable[Suppression], fleet: Fleet | None, *, whole: bool) -> Applied:
    """`whole`: governance could be read, so that every rule was tried and what suppresses nothing has no use."""
    broken = unread(found)
    policy = None if fleet is None else fleet.validation
    return apply(found, marks, policy, lambda file: whole and file not in broken)


def _result(kept: Iterable[Finding], suppressed: Iterable[Suppressed]) -> Result:
    taken = sorted(dict.fromkeys(suppressed), key=lambda one: order(one.finding))
    return Result(in_order(kept), tuple(taken))


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings sorted, each once."""
    return tuple(sorted(dict.fromkeys(found), key=order))


def _selected(partition: Partition, folders: Mapping[str, Judged], only: Only) -> Iterator[str]:
    """The files of every agent whose judgement depends on a selected path."""
    for folder, judged in folders.items():
        own = partition.inside(folder)
        if judged.facts.risk and any(map(only, (*own, *judged.facts.beyond))):
            yield from own


def findings_of_agent(snapshot: Snapshot, governance: Governance, agent_id: AgentId) -> tuple[Finding, ...]:
    """Every finding about one agent of a snapshot that stands, judged by the governance given and not by the snapshot's
    own: it also says whether marks in the agent's files count."""
    entries = snapshot.entries()
    parts = Parts(
        governance.fleet,
        governance.access,
        governance.pipeline,
        governance.workspaces,
        governance.codeowners,
        governance.codeowners_file,
        (),
        governance.fleet.codeowners.dialect,
    )
    view = View(snapshot, entries, parts)
    loaded = load_document(snapshot, "Agent", Agent, agent_id.file)
    found = list(loaded.findings)
    own = {path for path in entries if path.startswith(f"{agent_id.folder}/")}
    if loaded.draft is not None and isinstance(loaded.value, dict):
        own = closure_paths(agent_id, loaded.draft, entries)
        subject = Subject(agent_id, loaded.draft, loaded.value)
        found.extend(of_subject(view, subject))
        found.extend(ownership.check_unowned(view, sorted(own)))
    found.extend(texts.check(view, sorted(own)))
    found.extend(layout.check_closure(view, agent_id, sorted(own)))
    inside = {path: entry for path, entry in entries.items() if path.startswith(f"{agent_id.folder}/")}
    return in_order(_applied(found, marks_in(snapshot, inside), governance.fleet, whole=True).kept)


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
