"""Doctor on what people do when it goes wrong: agents without a playbook, playbooks that lack something, drills."""

from agentgov.cli.on_call.drill_shown import since
from agentgov.cli.on_call.playbook_shown import is_past
from agentgov.cli.start.doctor_check import Check, Checks, Fleet
from agentgov.incident.drill_score import PASS
from agentgov.journal.view import day_of
from agentgov.model.drill_schedule import standing_of
from agentgov.model.names import AgentId
from agentgov.report.findings import plural
from agentgov.validate.playbook_coverage import coverage, is_about, missing

_AGAIN = "read it, mend it, write the next day into reviewBy, and have that change reviewed"


def playbooks(fleet: Fleet) -> Checks:
    """Whether each agent has one that does all that is needed, and whether somebody has read it lately."""
    lacking = [one for agent in fleet.agents for one in _playbook(fleet, agent)]
    yield from lacking
    past = [(path, one) for path, one in fleet.practice.playbooks.items() if is_past(one, fleet.today)]
    for path, book in past:
        message = f"{path} had to be read again by {book.review_by}"
        yield Check("doctor.playbook-old", "warn", message, f"agentgov playbook show {book.name}", _AGAIN)
    if fleet.agents and not lacking and not past:
        message = f"{plural(len(fleet.agents), 'agent')}, each with a playbook that has all that is needed"
        yield Check("doctor.playbook", "good", message)


def _playbook(fleet: Fleet, agent: AgentId) -> Checks:
    document, link = fleet.agents[agent], f"then link it in {agent.file}"
    path = document.spec.playbook
    write = f"agentgov playbook new bad-release {agent}"
    if not path:
        yield Check("doctor.playbook", "warn", f"{agent} has no playbook", write, link)
        return
    book = fleet.practice.playbooks.get(path)
    if book is None:
        message = f"{agent} names {path}, which is not there, or cannot be read"
        yield Check("doctor.playbook", "bad", message, write, link)
        return
    covered = coverage(book)
    if not is_about(covered, agent, document.metadata.labels):
        message = f"{path}, which {agent} names, is not about it"
        yield Check("doctor.playbook-gap", "warn", message, f"add {agent} to match.agents in {path}")
    lacks = list(missing(covered, str(agent)))
    if lacks:
        message = f"{path} does not {', nor '.join(lacks)} ({agent})"
        note = f"add a step to it, then: agentgov validate {path}"
        yield Check("doctor.playbook-gap", "warn", message, f"agentgov playbook show {agent}", note)


def drills(fleet: Fleet) -> Checks:
    """Which are due. One that is overdue holds releases of agents with high risk."""
    runs, found = fleet.view.state.drills(), list(fleet.practice.drills.values())
    if not found:
        if fleet.agents:
            message = "nothing is ever rehearsed: the fleet has no drill"
            yield Check("doctor.drill", "warn", message, f"agentgov drill new {min(fleet.agents)}")
        return
    held = [drill for drill in found if drill.name in runs]
    for drill in found:
        one = standing_of(drill, runs.get(drill.name), fleet.now)
        fix = f"agentgov drill run {drill.name}"
        if one.state == "overdue":
            yield Check("doctor.drill", "bad", f"the drill {drill.name} is overdue, {since(one)}", fix)
        elif one.state == "due" or one.last is None:
            yield Check("doctor.drill", "warn", f"the drill {drill.name} is due, {since(one)}", fix)
        elif (score := runs[drill.name].score) < PASS:
            note = f"what it has shown, where it was held: agentgov drill report {drill.name}"
            yield Check("doctor.drill", "warn", f"the drill {drill.name} was not passed: {score} of 100", fix, note)
    if held:
        last = max(run.time for run in runs.values())
        message = f"{len(held)} of {len(found)} drills were held, the last on {day_of(last)}"
        yield Check("doctor.drill-held", "good", message)
