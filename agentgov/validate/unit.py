"""The judgement of one part of a fleet by itself: a folder below a workspace, or everything that is in none.

Three kinds of rules: about each file, about one agent, and (in `across`) about the fleet. Those here look at one part
(`model.partition.Part`) and at governance; so equal parts under equal governance are judged equally, and a judgement
can be kept. No clock, no other agents.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from agentgov.model import guess
from agentgov.model.access import Access
from agentgov.model.agent import Agent
from agentgov.model.closure import named_files, resolve
from agentgov.model.finding import Finding
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.partition import Part, Partition
from agentgov.model.snapshot import Entry, Snapshot
from agentgov.trust.identity import problems
from agentgov.trust.verbs import BUILT_IN_ROLES, VERBS, role_verbs
from agentgov.validate import (
    action_rules,
    budgets,
    conditions,
    content,
    layout,
    limits,
    ownership,
    pipelines,
    playbooks,
    policies,
    postmortems,
    process,
    prompts,
    references,
    suites,
    texts,
)
from agentgov.validate.facts import Facts, Judged
from agentgov.validate.load import Parts, load_document
from agentgov.validate.suppress import Suppression, check_policy, may_hold_marks, suppressions
from agentgov.validate.view import Subject, View

AGENT_RULES = (
    layout.check_agent,
    references.check_agent,
    policies.check_agent,
    suites.check_agent,
    limits.check_agent,
    ownership.check_agent,
    content.check_agent,
    action_rules.check_agent,
    conditions.check_agent,
    prompts.check_agent,
    texts.check_agent,
)
GOVERNANCE_RULES = (
    layout.check_workspaces,
    references.check,
    policies.check,
    process.check,
    pipelines.check,
    budgets.check,
    action_rules.check,
    conditions.check,
    ownership.check_file,
)


def judge_folder(partition: Partition, parts: Parts, folder: str) -> Judged:
    """What is to be said of a folder below a workspace."""
    part = Part(partition, folder)
    return replace(_folder(part, parts, folder), marks=tuple(marks_in(part, part.own)))


def marks_in(snapshot: Snapshot, paths: Mapping[str, Entry]) -> Iterator[Suppression]:
    """The marks in files that may suppress findings."""
    for path, entry in paths.items():
        if entry.is_file and may_hold_marks(path):
            yield from suppressions(snapshot.read(path), path)


def read_folder(partition: Partition, parts: Parts, folder: str) -> Judged:
    """What is to be said of a folder's document alone: whether it can be read and follows its schema."""
    part = Part(partition, folder)
    agent_id = agent_of_path(f"{folder}/agent.yaml")
    if agent_id is None or agent_id.file not in part.own:
        return Judged((), Facts(len(part.own)))
    loaded = load_document(part, "Agent", Agent, agent_id.file)
    marks = marks_in(part, {agent_id.file: part.own[agent_id.file]})
    return Judged(loaded.findings, Facts(len(part.own), is_agent=True), tuple(marks))


def _folder(part: Part, parts: Parts, folder: str) -> Judged:
    if not part.own:  # a folder of folders, which git does not make
        return Judged((), Facts())
    view = View(part, part.entries(), parts)
    found = [
        *layout.check_files(part.own),
        *layout.check_folder(folder, part.own),
        *texts.check(view, part.own),
        *ownership.check_unowned(view, part.own if parts.codeowners_file else ()),
    ]
    agent_id = agent_of_path(f"{folder}/agent.yaml")
    if agent_id is None or agent_id.file not in part.own:
        return Judged(tuple(found), _facts(part.own, parts))
    loaded = load_document(part, "Agent", Agent, agent_id.file)
    found.extend(loaded.findings)
    if loaded.draft is None or not isinstance(loaded.value, dict):
        return Judged(tuple(found), _facts(part.own, parts, is_agent=True))
    subject = Subject(agent_id, loaded.draft, loaded.value)
    found.extend(of_subject(view, subject))
    facts = _facts(
        part.own,
        parts,
        is_agent=True,
        risk=loaded.draft.spec.risk,
        formerly=loaded.draft.metadata.formerly,
        playbook=loaded.draft.spec.playbook,
        labels=loaded.draft.metadata.labels if loaded.draft.spec.playbook else {},
        currencies=limits.currencies(limits.agent_money(subject)),
        condition=conditions.first(loaded.draft.spec.actions, "/spec/actions"),
        is_active=loaded.draft.spec.lifecycle.state == "active",
        beyond=tuple(path for path in dict.fromkeys(_named(agent_id, loaded.draft)) if path not in part.own),
    )
    return Judged(tuple(found), facts)


def judge_rest(partition: Partition, parts: Parts) -> Judged:
    """What is to be said of governance and of all other files outside of agents' folders."""
    part = Part(partition, "")
    view = View(part, part.entries(), parts)
    found = [
        *parts.findings,
        *layout.check_files(part.own),
        *texts.check(view, part.own),
        *ownership.check_unowned(view, filter(ownership.needs_owner, part.own if parts.codeowners_file else ())),
        *_access(view),
    ]
    for rule in GOVERNANCE_RULES:
        found.extend(rule(view))
    readable, of_playbooks = playbooks.check(view, part.own)
    found.extend(of_playbooks)
    found.extend(postmortems.check(view, part.own))
    if parts.fleet is not None:
        found.extend(check_policy(parts.fleet.validation, lambda: view.places(FLEET_FILE)))
    condition = conditions.first(parts.actions.rules, "/rules") if parts.actions is not None else ""
    return Judged(
        tuple(found), _facts(part.own, parts, playbooks=readable, condition=condition), tuple(marks_in(part, part.own))
    )


def of_subject(view: View, subject: Subject) -> Iterator[Finding]:
    """What the rules about one agent say."""
    for rule in AGENT_RULES:
        yield from rule(view, subject)


def subject_of(part: Part, folder: str) -> Subject | None:
    """The agent of a folder once more, for a rule that has something to tell of it."""
    agent_id = agent_of_path(f"{folder}/agent.yaml")
    loaded = load_document(part, "Agent", Agent, agent_id.file) if agent_id is not None else None
    if agent_id is None or loaded is None or loaded.draft is None or not isinstance(loaded.value, dict):
        return None
    return Subject(agent_id, loaded.draft, loaded.value)


def _facts(own: Mapping[str, Entry], parts: Parts, **of_agent: object) -> Facts:
    exempt = {pattern: path for pattern in parts.exempt if (path := process.covered_by(pattern, own))}
    owned = ownership.decided(parts, own)
    return Facts(len(own), next(iter(own), ""), exempt=exempt, owned=owned, **of_agent)  # type: ignore[arg-type]


def _named(agent_id: AgentId, agent: Agent) -> Iterable[str]:
    """Every path outside of governance that an agent.yaml names."""
    yield from (path for name in named_files(agent) if (path := resolve(agent_id, name)) is not None)
    if agent.spec.playbook:
        yield agent.spec.playbook


def _access(view: View) -> Iterator[Finding]:
    """What makes an Access unfit to be used, as trust decides it, and bindings that give less than they seem to."""
    if view.parts.access is not None:
        yield from _nowhere(view, view.parts.access)
        for reason in problems(view.parts.access):
            pointer = reason.where.pointer if reason.where is not None else ""
            fix = _role_meant(view.parts.access, pointer) if reason.rule == "access.unknown-role" else ""
            yield view.at(reason.rule, ACCESS_FILE, pointer, reason.message, fix)


def _nowhere(view: View, access: Access) -> Iterator[Finding]:
    """Bindings that list no environment, of a role with rights that act in one: those hold nowhere."""
    verbs = {role.name: role.verbs for role in access.roles} | {role: role_verbs(role) for role in BUILT_IN_ROLES}
    for index, binding in enumerate(access.bindings):
        held = verbs.get(binding.role, ())
        lost = [verb.name for verb in VERBS.values() if verb.environments and verb.name in held]
        if lost and not binding.environments:
            message = f"it lists no environment, so of {binding.role} it gives no {', '.join(lost)} anywhere"
            fix = "write environments: [staging, production] into the binding, or as few as are meant"
            yield view.at("access.no-environments", ACCESS_FILE, f"/bindings/{index}", message, fix)


def _role_meant(access: Access, pointer: str) -> str:
    """What the role of a binding that does not exist was probably meant to be; `pointer` leads to it."""
    wanted = access.bindings[int(pointer.split("/")[2])].role
    return guess.question(wanted, (*BUILT_IN_ROLES, *(role.name for role in access.roles)))
