"""What `agentgov drill run` does: shows the gaps, holds the drill, scores it, records it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentgov.cli.context import open_context
from agentgov.cli.on_call import drill_kept
from agentgov.cli.on_call.answering import at_terminal
from agentgov.cli.on_call.drill_facts import about, facts_of, playbook_of
from agentgov.cli.options import show, show_json
from agentgov.cli.practice import Practice, as_it_lies, named, practice
from agentgov.errors import RefusedError, UsageError
from agentgov.incident.drill_gaps import Facts, gaps_after, gaps_before, with_dates
from agentgov.incident.drill_order import order_drill
from agentgov.incident.drill_score import Course, Gap, Result, scored
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View, day_of
from agentgov.model.names import AgentId
from agentgov.model.playbook import Drill
from agentgov.repo import clock
from agentgov.report import drill as told
from agentgov.report.findings import plural
from agentgov.report.page import Page, Span
from agentgov.trust.verbs import who_may

if TYPE_CHECKING:
    from agentgov.cli.on_call.drill_recovery import Copies


@dataclass(frozen=True, slots=True)
class Asked:
    """How somebody wants it held."""

    answers: Path | None
    copies: "Copies"
    no_record: bool


def hold(repo: str, which: str, asked: Asked, output: str) -> int:
    """Hold it; see `drill run`."""
    found = as_it_lies(practice(repo), repo) if asked.no_record else practice(repo)
    path, drill = named(found.drills, which, "drill", found.name)
    now = clock.now()
    today = day_of(now)
    agent, facts = about(found, drill), facts_of(found, drill, today)
    if drill.type == "tabletop" and asked.answers is None and not at_terminal():
        raise UsageError("there is no terminal to ask at", "answer from a file: --answers FILE")
    records = found.view is not None and not asked.no_record
    if records and found.view is not None:
        _may_record(repo, found.view, agent)
    before = gaps_before(playbook_of(found, drill), drill.playbook, facts, today)
    quiet = output != "text"
    show(_opening(path, drill, found, facts, before), err=quiet)
    course = _course(repo, found, drill, agent, asked, quiet)
    result = _result(drill, agent, course, before, facts, (now, clock.now()))
    show(told_result(result, len(before)), err=quiet)
    again = f"as a report: agentgov drill report {result.drill}" if drill_kept.keep(repo, result) else ""
    seq = _record(repo, result, found, records, again, quiet)
    if output == "json":
        show_json({"schema": "agentgov.drill-run/1", **document_of(result), "recorded": seq})
    elif output == "markdown":
        print_markdown(result)
    return int(not result.passed)


def _course(repo: str, found: Practice, drill: Drill, agent: AgentId, asked: Asked, quiet: bool) -> Course:
    if drill.type == "tabletop":
        from agentgov.cli.on_call.drill_tabletop import play

        return play(drill, asked.answers, quiet)
    if drill.type == "recovery":
        from agentgov.cli.on_call.drill_recovery import recover

        return recover(repo, asked.copies, clock.now(), quiet)
    from agentgov.cli.on_call.drill_live import live

    if found.view is None:
        raise UsageError(
            "a live drill needs a fleet with a journal and a gate", "practise it at a table: type: tabletop"
        )
    return live(found, found.view, drill, agent, quiet)


def _may_record(repo: str, view: View, agent: AgentId) -> None:
    """Said before an hour is spent on it: whoever holds a drill signs how it came out."""
    actor = open_context(repo).person(view)
    if not view.directory.permission(actor.identity.id, "drill", agent, None, view.today).allowed:
        hint = f"try it without: --no-record; {who_may('drill', agent)}"
        raise RefusedError(f"{actor.identity.id} may not record a drill of {agent}", hint)


def _result(
    drill: Drill,
    agent: AgentId,
    course: Course,
    before: tuple[Gap, ...],
    facts: Facts,
    held: tuple[int, int],
) -> Result:
    today = day_of(held[0])
    objectives = scored(drill.objectives, course.measured)
    told_why = drill.type == "live" and course.gaps  # why nothing came of it: what was not measured is no gap more
    missed = tuple(one for one in objectives if one.observed != "-" or not told_why)
    return Result(
        drill=drill.name,
        type=drill.type,
        agents=(str(agent),),
        started=held[0],
        ended=held[1],
        took=course.took,
        measured=course.measured,
        objectives=objectives,
        gaps=(*before, *with_dates(course.gaps, facts.owner, today), *gaps_after(missed, facts.owner, today)),
        answers=course.answers,
        title=drill.title or drill.name,
    )


def _opening(path: str, drill: Drill, found: Practice, facts: Facts, gaps: tuple[Gap, ...]) -> Page:
    """What somebody reads who has never seen a drill."""
    what = {
        "tabletop": "A tabletop: it is played with words. No agent is touched, and nobody is alerted.",
        "live": "A live drill: a drill agent fails for real, and whoever is on call hears of it, marked [DRILL].",
        "recovery": "A recovery: journal and store are restored from their copies in a temporary place.",
    }[drill.type]
    page = Page().line(Span(f"DRILL  {drill.title or drill.name}", "bold"))
    page.line(f"  {what}")
    page.blank()
    page.line(f"  about       {facts.agent}")
    for number, selector in enumerate(drill.participants or playbook_of(found, drill).responders):
        people = facts.people.get(selector) or ("nobody",)
        page.line(f"  {'takes part' if not number else '':<11} {selector}: {', '.join(people)}")
    page.line(f"  practises   {drill.playbook}")
    for number, one in enumerate(drill.objectives):
        page.line(f"  {'goals' if not number else '':<11} {told.goal_words(one.metric, one.target)}")
    if gaps:
        page.blank()
        page.line(Span(f"Before anybody is asked: {plural(len(gaps), 'thing')} would go wrong already", "warn"))
        told.gap_lines(page, gaps)
    return page


def told_result(result: Result, before: int) -> Page:
    """How it came out, and what is to be done that was not told before."""
    met = sum(1 for one in result.objectives if one.met)
    page = Page().blank().line(Span("HOW IT WENT", "bold"))
    told.objective_table(page, result.objectives)
    page.blank()
    word = Span("passed", "good") if result.passed else Span("not passed", "bad")
    page.line("  ", word, f", score {result.score} of 100: {met} of {plural(len(result.objectives), 'objective')} met")
    if other := [f"{one.id} (at {told.clock(one.at)})" for one in result.answers if not one.right]:
        for line in told.wrapped(f"not what the playbook says: {', '.join(other)}", "  "):
            page.line(line)
    fresh = result.gaps[before:]
    if fresh:
        page.blank().line(Span("What the drill has shown", "bold"))
        told.gap_lines(page, fresh)
    return page


def _record(repo: str, result: Result, found: Practice, records: bool, again: str, quiet: bool) -> int | None:
    """Write it into the journal; the number of the act. `again` says where it is read once more."""
    page = Page().blank()
    if not records:
        why = "this fleet has no journal" if found.view is None else "--no-record"
        show(page.line(Span(f"not recorded: {why}{f'; {again}' if again else ''}", "dim")), err=quiet)
        return None
    from agentgov.cli.order import append_order, done_page

    def write(view: View, actor: Actor) -> Draft:
        return order_drill(view, actor, result, now=clock.now(), report=markdown_of(result))

    done = append_order(repo, write)
    show(page.then(done_page(done)).line(Span(f"  {again}", "dim")), err=quiet)
    return done.after.state.head.seq


def document_of(result: Result) -> dict[str, Any]:
    """A result as documents carry it."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(result)
    return {**plain, "score": result.score, "passed": result.passed, "report": markdown_of(result)}


def markdown_of(result: Result) -> str:
    """A result as a report."""
    from agentgov.report.moments import stamp

    facts = [
        ("what", f"{result.type}, about {', '.join(result.agents)}"),
        ("when", f"{stamp(result.started)}, for {told.took(result.took)} by its own clock"),
        ("score", f"{result.score} of 100, {'passed' if result.passed else 'not passed'}"),
    ]
    if result.answers:
        right = sum(1 for one in result.answers if one.right)
        facts.append(("answers", f"{right} of {len(result.answers)} right"))
    return told.markdown(f"Drill: {result.title or result.drill}", facts, result.objectives, result.gaps)


def print_markdown(result: Result) -> None:
    """The report, on stdout."""
    import click

    click.echo(markdown_of(result), nl=False)
