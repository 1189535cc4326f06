"""Do playbooks and drills hold together: documents of their kind, people who exist, steps and playbooks that are there.

Whether an agent is covered by the playbook it names is decided across the fleet, from facts.
"""

from collections.abc import Iterable, Iterator, Mapping

from agentgov.model import guess
from agentgov.model.finding import Finding
from agentgov.model.governed import ALERTS_FILE, kind_of
from agentgov.model.names import agent_of_path
from agentgov.model.playbook import Drill, Playbook
from agentgov.model.playbook_kinds import KIND_OF
from agentgov.model.snapshot import Entry
from agentgov.validate.facts import Covered, Facts
from agentgov.validate.load import load_document
from agentgov.validate.playbook_coverage import coverage, is_about, missing
from agentgov.validate.playbook_steps import check_steps
from agentgov.validate.policies import check_agents, check_alert, check_date, check_names
from agentgov.validate.references import selector
from agentgov.validate.view import View


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
                covered[path] = coverage(playbook.draft)
                found.extend(_playbook(view, path, playbook.draft))
        elif kind == "Drill":
            drill = load_document(view.snapshot, "Drill", Drill, path)
            found.extend(drill.findings)
            if drill.draft is not None:
                found.extend(_drill(view, path, drill.draft))
    found.extend(_alerts(view, covered.values()))
    return covered, found


def _alerts(view: View, covered: Iterable[Covered]) -> Iterator[Finding]:
    """Whether somebody who is woken by an alert finds a playbook for it."""
    policy = view.parts.alerts
    known = None if policy is None else {name for one in covered for name in one.alerts or ("*",)}
    for index, rule in enumerate(() if policy is None or known is None or "*" in known else policy.rules):
        if rule.severity == "page" and known is not None and rule.name not in known:
            message = f"{rule.name} wakes somebody, and no playbook is about it"
            fix = f"write one: agentgov playbook new {KIND_OF[rule.signal]}; or add it to `match` of one"
            yield view.at("content.alert-no-playbook", ALERTS_FILE, f"/rules/{index}/name", message, fix)


def check_covered(view: View, folders: Mapping[str, Facts], rest: Facts) -> Iterator[Finding]:
    """Whether each agent is among those that its playbook is about, and whether that does all that is needed; a
    playbook that cannot be read has its own finding. `folders` are the agents' folders."""
    whole: set[tuple[str, str]] = set()  # playbooks with a workspace of which they cover every agent
    for folder, facts in folders.items():
        covered = rest.playbooks.get(facts.playbook)
        if covered is None:
            continue
        workspace = folder.split("/", 2)[1]
        if facts.is_active:
            yield from _coverage(view, folder.removeprefix("agents/"), facts.playbook, covered)
        if (facts.playbook, workspace) in whole:
            continue
        if not covered.labels and (not covered.agents or any(p in ("**", f"{workspace}/*") for p in covered.agents)):
            whole.add((facts.playbook, workspace))
            continue
        agent = agent_of_path(f"{folder}/agent.yaml")
        if agent is not None and not is_about(covered, agent, facts.labels):
            message = f"{facts.playbook} is not about {agent}"
            fix = "add the agent to `match` there, or name another playbook"
            yield view.at("content.playbook-match", agent.file, "/spec/playbook", message, fix)


def _coverage(view: View, agent: str, playbook: str, covered: Covered) -> Iterator[Finding]:
    lacks = list(missing(covered, agent))
    if lacks:
        message = f"{playbook} does not {', nor '.join(lacks)}"
        fix = "add a step to it"
        yield view.at("content.playbook-coverage", f"agents/{agent}/agent.yaml", "/spec/playbook", message, fix)


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
    for index, who in enumerate(playbook.next):
        yield from selector(view, file, f"/next/{index}", who)
    yield from check_steps(view, file, playbook)


def _drill(view: View, file: str, drill: Drill) -> Iterator[Finding]:
    yield from _name(view, file, drill.name)
    yield from check_names(view, file, "/objectives", "id", (objective.id for objective in drill.objectives))
    for index, who in enumerate(drill.participants):
        yield from selector(view, file, f"/participants/{index}", who)
    seen: set[str] = set()
    for place, inject in enumerate(drill.injects):
        for index, question in enumerate(inject.ask):
            if question.id in seen:
                pointer, message = f"/injects/{place}/ask/{index}/id", f"there are two called {question.id}"
                yield view.at("content.duplicate-name", file, pointer, message, "rename one of them")
            seen.add(question.id)
    if not view.is_file(drill.playbook):
        near = (path for path in view.entries if path.startswith("playbooks/"))
        message = f"there is no playbook {drill.playbook}"
        yield view.at("reference.file-missing", file, "/playbook", message, guess.question(drill.playbook, near))


def _name(view: View, file: str, name: str) -> Iterator[Finding]:
    stem = file.rpartition("/")[2].removesuffix(".yaml")
    if name != stem:
        message = f"it is called {name}, its file {stem}.yaml"
        yield view.at("layout.name-mismatch", file, "/name", message, f"write name: {stem}, or rename the file")
