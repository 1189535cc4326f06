"""What `agentgov playbook list|show|new` do."""

from datetime import date
from typing import Any

import msgspec

from agentgov.cli.options import answer
from agentgov.cli.place import fleet_around, write_new
from agentgov.cli.practice import Practice, find_playbook, practice
from agentgov.errors import RefusedError
from agentgov.journal.view import day_of
from agentgov.model.command_line import is_ours, lines_of
from agentgov.model.names import AgentId
from agentgov.model.playbook import Playbook, PlaybookStep
from agentgov.model.playbook_kinds import Kind
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.scaffold.playbooks import playbook_file, playbook_text


def list_playbooks(repo: str, output: str) -> int:
    """All of them; 1 where one had to be read again by now."""
    found = practice(repo)
    today = day_of(clock.now())
    overdue = {path for path, one in found.playbooks.items() if is_past(one, today)}
    page = Page()
    rows = []
    for path, one in found.playbooks.items():
        due = Span(f"{one.review_by}, overdue", "bad") if path in overdue else Span(one.review_by, "dim")
        rows.append((Span(one.name, "bold"), _about(one), str(one.severity), ", ".join(one.responders), due))
    page.table(("PLAYBOOK", "ABOUT", "SEVERITY", "RESPONDERS", "READ AGAIN BY"), rows)
    for path in sorted(overdue):
        page.line(Span("overdue ", "bad"), f"{path}: read it, mend it, and write the next day into reviewBy")
    if not rows:
        page = Page().line("there is no playbook; write one: agentgov playbook new bad-release WORKSPACE/AGENT")
    document = {
        "schema": "agentgov.playbook-list/1",
        "contents": found.name,
        "playbooks": [{**_json(path, one), "overdue": path in overdue} for path, one in found.playbooks.items()],
    }
    answer(output, page, document)
    return int(bool(overdue))


def show_playbook(repo: str, which: str, output: str) -> int:
    """One of them, whole."""
    found = practice(repo)
    path, playbook, _ = find_playbook(found, which)
    page = playbook_page(playbook)
    if output == "markdown":
        from agentgov.cli.options import show

        show(Page().line(f"# {playbook.title}").blank().line("```").then(page).line("```"))
        return 0
    page.blank().line(Span(f"{path}, {found.name}", "dim"))
    answer(output, page, {"schema": "agentgov.playbook-show/1", "contents": found.name, **_json(path, playbook)})
    return 0


def new_playbook(repo: str, kind: Kind, agent: AgentId | None, owner: str | None, output: str) -> int:
    """Write one into the working tree."""
    root = fleet_around(repo)
    from agentgov.repo.snapshot import WorkTreeSnapshot

    here = Practice(WorkTreeSnapshot(root), "as the files lie here")
    file = playbook_file(kind, agent)
    text = playbook_text(kind, agent, _owner(here, agent, owner), today=day_of(clock.now()))
    if not write_new(root, file, text):
        raise RefusedError(f"{file} exists already, and nothing is overwritten", "rename that one, or edit it")
    page = Page().line(Span("wrote ", "good"), file)
    if agent is not None:
        page.line(f"  link it in {agent.file}: playbook: {file}")
    page.line("  write into its manual steps what only your team knows, then: agentgov validate")
    answer(output, page, {"schema": "agentgov.playbook-new/1", "written": file, "kind": kind})
    return 0


def _owner(here: Practice, agent: AgentId | None, owner: str | None) -> str:
    """Who answers: as named, else the agent's owner; else the administrators."""
    directory = here.parts.directory
    if owner is not None:
        if directory is not None and not directory.members(owner):
            raise RefusedError(f"{owner} is no person and no team in governance/access.yaml", "write team:ID, or an id")
        return owner
    document = here.agent(agent) if agent is not None else None
    if agent is not None and document is None:
        raise RefusedError(
            f"there is no agent {agent} here that can be read", "leave it out: a playbook for all agents"
        )
    return document.spec.owner if document is not None else "role:operator"


def is_past(playbook: Playbook, today: date) -> bool:
    """Whether the day is past by which somebody had to read it again."""
    return bool(playbook.review_by) and playbook.review_by < today.isoformat()


def playbook_page(playbook: Playbook) -> Page:
    """A playbook as people read it."""
    page = Page().line(Span(playbook.title, "bold"), f"  (severity {playbook.severity}, {_about(playbook)})")
    page.line(
        "  answers: ", ", ".join(playbook.responders), *(("; then ", ", ".join(playbook.next)) if playbook.next else ())
    )
    for condition in playbook.stop_conditions:
        page.line(Span("  stop, and call whoever is next, if: ", "warn"), condition)
    for number, step in enumerate(playbook.steps, 1):
        page.blank().line(Span(f"{number}. {step.title}", "bold"), Span(f"  {step.id}, {step.type}", "dim"))
        _step_lines(page, step)
    if playbook.comms:
        page.blank().line(Span("Who is told", "bold"))
        for message in playbook.comms:
            page.line(f"  after {message.at}  {message.to}: {message.template}")
    return page


def _step_lines(page: Page, step: PlaybookStep) -> None:
    for line in lines_of(step.run):
        page.line("    ", Span(f"$ {line}", "accent") if is_ours(line) else line)
    for line in lines_of(step.check):
        page.line("    check   ", Span(f"$ {line}", "accent") if is_ours(line) else line)
    if step.expect:
        page.line(f"    expect  {step.expect}")
    for word, end in step.choices.items():
        page.line(f"    {word} -> {end}")
    ends = [f"within {step.timeout}"] if step.timeout else []
    ends += [f"where it fails: {step.on_fail}"] if step.on_fail != "stop" else []
    ends += [f"undo: {step.rollback}"] if step.rollback else []
    if ends:
        page.line(Span(f"    {'; '.join(ends)}", "dim"))


def _about(playbook: Playbook) -> str:
    parts = [*playbook.match.agents, *(f"{key}={value}" for key, value in playbook.match.labels.items())]
    return ", ".join(parts) or "all agents"


def _json(path: str, playbook: Playbook) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(playbook)
    return {"path": path, **plain}
