"""Do playbooks and drills hold together: documents of their kind, people who exist, steps and playbooks that are there.

Whether an agent is covered by the playbook it names is decided across the fleet, from facts.
"""

from collections.abc import Iterator, Mapping

from agentgov.model.finding import Finding
from agentgov.model.governed import kind_of
from agentgov.model.names import AgentId, agent_of_path
from agentgov.model.playbook import Drill, Playbook
from agentgov.model.snapshot import Entry
from agentgov.trust.verbs import in_scope
from agentgov.validate import guess
from agentgov.validate.facts import Covered, Facts
from agentgov.validate.load import load_document
from agentgov.validate.policies import check_agents, check_alert, check_date, check_names
from agentgov.validate.references import selector
from agentgov.validate.view import View

_OTHERWISE = ("stop", "continue")


def check(view: View, paths: Mapping[str, Entry]) -> tuple[dict[str, Covered], list[Finding]]:
    """What the playbooks among some paths are about, and what is wrong with playbooks and drills."""
    covered: dict[str, Covered] = {}
    found: list[Finding] = []
    for path, entry in paths.items():
        kind = kind_of(path) if entry.is_file else None
        if kind == "Playbook":
            playbook = load_document(view.snapshot, "Playbook", Playbook, path)
            found.extend(playbook.findings)
            if playbook.draft is not None:
                covered[path] = Covered(playbook.draft.match.agents, playbook.draft.match.labels)
                found.extend(_playbook(view, path, playbook.draft))
        elif kind == "Drill":
            drill = load_document(view.snapshot, "Drill", Drill, path)
            found.extend(drill.findings)
            if drill.draft is not None:
                found.extend(_drill(view, path, drill.draft))
    return covered, found


def check_covered(view: View, folders: Mapping[str, Facts], rest: Facts) -> Iterator[Finding]:
    """Whether each agent is among those that its playbook is about; a playbook that cannot be read has its own
    finding. `folders` are the agents' folders."""
    whole: set[tuple[str, str]] = set()  # playbooks with a workspace of which they cover every agent
    for folder, facts in folders.items():
        covered = rest.playbooks.get(facts.playbook)
        if covered is None:
            continue
        workspace = folder.split("/", 2)[1]
        if (facts.playbook, workspace) in whole:
            continue
        if not covered.labels and (not covered.agents or any(p in ("**", f"{workspace}/*") for p in covered.agents)):
            whole.add((facts.playbook, workspace))
            continue
        agent = agent_of_path(f"{folder}/agent.yaml")
        if agent is not None and not _covers(covered, agent, facts.labels):
            message = f"{facts.playbook} is not about {agent}"
            fix = "add the agent to `match` there, or name another playbook"
            yield view.at("content.playbook-match", agent.file, "/spec/playbook", message, fix)


def _covers(covered: Covered, agent: AgentId, labels: Mapping[str, str]) -> bool:
    inside = not covered.agents or any(in_scope(pattern, agent) for pattern in covered.agents)
    return inside and all(labels.get(key) == value for key, value in covered.labels.items())


def _playbook(view: View, file: str, playbook: Playbook) -> Iterator[Finding]:
    yield from _name(view, file, playbook.name)
    yield from check_agents(view, file, "/match/agents", playbook.match.agents)
    for index, name in enumerate(playbook.match.alerts):
        yield from check_alert(view, file, f"/match/alerts/{index}", name)
    for index, who in enumerate(playbook.responders):
        yield from selector(view, file, f"/responders/{index}", who)
    for index, message in enumerate(playbook.comms):
        yield from selector(view, file, f"/comms/{index}/to", message.to)
    yield from check_date(view, file, "/reviewBy", playbook.review_by)
    yield from _steps(view, file, playbook)


def _steps(view: View, file: str, playbook: Playbook) -> Iterator[Finding]:
    ids = [step.id for step in playbook.steps]
    yield from check_names(view, file, "/steps", "id", ids)
    for index, step in enumerate(playbook.steps):
        if step.type in ("command", "check") and not step.run.strip():
            message = f"the step {step.id} is a {step.type} and does not say what to run"
            fix = "add run, or write type: manual"
            yield view.at("content.playbook-step", file, f"/steps/{index}", message, fix)
        if step.on_fail not in (*_OTHERWISE, *ids):
            message = f"there is no step {step.on_fail} to go to"
            fix = guess.question(step.on_fail, (*ids, *_OTHERWISE)) or "write stop, continue, or the id of a step"
            yield view.at("reference.unknown-step", file, f"/steps/{index}/onFail", message, fix)


def _drill(view: View, file: str, drill: Drill) -> Iterator[Finding]:
    yield from _name(view, file, drill.name)
    yield from check_names(view, file, "/objectives", "id", (objective.id for objective in drill.objectives))
    if not view.is_file(drill.playbook):
        near = (path for path in view.entries if path.startswith("playbooks/"))
        message = f"there is no playbook {drill.playbook}"
        yield view.at("reference.file-missing", file, "/playbook", message, guess.question(drill.playbook, near))


def _name(view: View, file: str, name: str) -> Iterator[Finding]:
    stem = file.rpartition("/")[2].removesuffix(".yaml")
    if name != stem:
        message = f"it is called {name}, its file {stem}.yaml"
        yield view.at("layout.name-mismatch", file, "/name", message, f"write name: {stem}, or rename the file")
