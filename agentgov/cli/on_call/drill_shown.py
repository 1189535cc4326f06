"""What `agentgov drill list|due|show` do."""

from typing import Any

from agentgov.cli.on_call.drill_facts import about, facts_of, playbook_of
from agentgov.cli.options import answer
from agentgov.cli.practice import Practice, named, practice
from agentgov.incident.drill_gaps import gaps_before
from agentgov.journal.view import day_of
from agentgov.model.drill_schedule import Standing, standing_of
from agentgov.model.incident import DrillRun
from agentgov.repo import clock
from agentgov.report import drill as told
from agentgov.report.page import Page, Span, Style

_LOOKS: dict[str, Style] = {"overdue": "bad", "due": "warn", "held": "good", "free": "dim"}


def _runs(found: Practice) -> dict[str, DrillRun]:
    """The last run of every drill, by the journal."""
    return found.view.state.drills() if found.view is not None else {}


def list_drills(repo: str, output: str) -> int:
    """All of them."""
    found, now = practice(repo), clock.now()
    runs = _runs(found)
    rows, listed = [], []
    for path, drill in found.drills.items():
        standing, run = standing_of(drill, runs.get(drill.name), now), runs.get(drill.name)
        score = run.score if run is not None else None
        rows.append(
            (
                Span(drill.name, "bold"),
                drill.type,
                Span(standing.state, _LOOKS[standing.state]),
                _day(standing.last),
                "-" if score is None else f"{score} of 100",
                _day(standing.due) if standing.due else drill.every or "-",
                drill.title,
            )
        )
        listed.append(
            {
                "path": path,
                "name": drill.name,
                "title": drill.title,
                "type": drill.type,
                "every": drill.every,
                "state": standing.state,
                "last": standing.last,
                "due": standing.due,
                "score": score,
            }
        )
    page = Page().table(("DRILL", "TYPE", "STATE", "LAST", "SCORE", "BY / EVERY", "ABOUT"), rows)
    if not rows:
        page = Page().line("there is no drill; write one: agentgov drill new AGENT (docs/drills.md)")
    answer(output, page, {"schema": "agentgov.drill-list/1", "contents": found.name, "drills": listed})
    return 0


def due_drills(repo: str, output: str) -> int:
    """Those that are due; 1 where one is overdue."""
    found, now = practice(repo), clock.now()
    runs = _runs(found)
    standing = [(drill, standing_of(drill, runs.get(drill.name), now)) for drill in found.drills.values()]
    late = [(drill, one) for drill, one in standing if one.state in ("due", "overdue")]
    late.sort(key=lambda pair: (pair[1].state != "overdue", pair[1].due or 0, pair[0].name))
    page = Page()
    for drill, one in late:
        page.line(Span(f"{one.state:<8}", _LOOKS[one.state]), f" {drill.name}: {since(one)}")
        page.line(Span(f"         hold it: agentgov drill run {drill.name}", "dim"))
    if not late:
        page.line("no drill is due")
    document = {
        "schema": "agentgov.drill-due/1",
        "contents": found.name,
        "drills": [
            {
                "name": one.name,
                "state": one.state,
                "last": one.last,
                "due": one.due,
                "agents": [str(about(found, drill))] if drill.type != "recovery" else [],
            }
            for drill, one in late
        ],
    }
    answer(output, page, document)
    return int(any(one.state == "overdue" for _, one in late))


def show_drill(repo: str, which: str, output: str) -> int:
    """One of them, without what would spoil it."""
    found = practice(repo)
    path, drill = named(found.drills, which, "drill", found.name)
    today = day_of(clock.now())
    facts = facts_of(found, drill, today)
    gaps = gaps_before(playbook_of(found, drill), drill.playbook, facts, today)
    page = Page().line(Span(drill.title or drill.name, "bold"), f"  {drill.type}, about {facts.agent}")
    page.line(f"  practises {drill.playbook}" + (f", every {drill.every}" if drill.every else ""))
    for one in drill.objectives:
        page.line(f"  {told.goal_words(one.metric, one.target)}", Span(f"  {one.id}, weight {one.weight}", "dim"))
    page.blank().line(Span("What would go wrong already" if gaps else "Nothing is missing", "warn" if gaps else "good"))
    told.gap_lines(page, gaps)
    page.line(Span(f"{path}, {found.name}", "dim"))
    document: dict[str, Any] = {
        "schema": "agentgov.drill-show/1",
        "path": path,
        "name": drill.name,
        "title": drill.title,
        "type": drill.type,
        "playbook": drill.playbook,
        "agents": [facts.agent],
        "participants": list(drill.participants),
        "objectives": [
            {"id": one.id, "metric": one.metric, "target": one.target, "weight": one.weight} for one in drill.objectives
        ],
        "gaps": [{"id": one.id, "gap": one.gap, "owner": one.owner, "due": one.due, "do": one.do} for one in gaps],
    }
    answer(output, page, document)
    return 0


def since(one: Standing) -> str:
    """When a drill was held, and by when it is held again, in words."""
    if one.last is None:
        return "never held"
    return f"last held {_day(one.last)}, {'had' if one.state == 'overdue' else 'has'} to be held by {_day(one.due)}"


def _day(time: int | None) -> str:
    return "-" if time is None else day_of(time).isoformat()
