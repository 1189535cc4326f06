"""What is said of incidents and drills at the end of a period: how long each took, its review, what is owed.

Spans are those between acts of people and bots, by the clocks of whoever wrote them. A review counts where it stands
authorised; what of it is late, the journal says (`journal.owed`). A drill is overdue where it was held, and not again
within the time that its file says.
"""

from collections.abc import Iterator

from agentgov.audit.pack import Fact
from agentgov.audit.scope import Scope
from agentgov.journal.incidents import is_reviewed
from agentgov.journal.owed import owed, review_of
from agentgov.journal.parts import Overlay, Part
from agentgov.journal.view import TreeReader, View
from agentgov.model.drill_schedule import standing_of
from agentgov.model.incident import Incident, Mark, review_path
from agentgov.model.playbook import Drill
from agentgov.report.incidents import span
from agentgov.report.moments import stamp
from agentgov.validate.load import load_document


def incident_facts(view: View, since: int, now: int, scope: Scope) -> Iterator[Fact]:
    """Each incident that was not over before the period began, with its times and its review; what is late, as it stood
    at its end (epoch seconds)."""
    stood = (one for one in view.state.incidents().values() if one.ended is None or one.ended.said_at >= since * 1000)
    found = [one for one in stood if scope.has(one.agents)]
    for one in sorted(found, key=lambda one: one.opened.seq):
        kind = "Incident" if one.kind == "real" else "Incident of a drill"
        who = f"led by {one.lead}" if one.lead else "led by nobody"
        at = f"opened {stamp(one.opened.said_at // 1000)} by {one.opened.by}"
        text = f"{kind} {one.id}, severity {one.severity}, {', '.join(one.agents) or 'about no agent'}: {one.title}"
        yield Fact(
            f"{text}; {at}; {', '.join(_times(one))}; {one.state}, {who}; {_review(view, one, now)}.", _at(view, one)
        )
    if not found:
        yield Fact("No incident stands in the journal that was open in the period.", _at(view))


def drill_facts(view: View, now: int, scope: Scope) -> Iterator[Fact]:
    """Each drill that is planned or was done: when it was held last, how it went, and whether it is overdue by then."""
    planned, held = {one.name: one for one in _planned(view)}, view.state.drills()
    about = {name: (one.agent,) if one.agent else () for name, one in planned.items()}
    about |= {name: (*about.get(name, ()), *run.agents) for name, run in held.items()}
    names = [name for name in sorted(about) if scope.has(about[name])]
    for name in names:
        run, every = held.get(name), planned[name].every if name in planned else ""
        words = [f"held every {every}" if every else "planned for no time" if name in planned else "planned no more"]
        if run is not None:
            met = sum(one.met for one in run.objectives)
            words.append(f"held last {stamp(run.started)} by {run.by} ({run.type})")
            words.append(f"{met} of {len(run.objectives)} objectives met, score {run.score} of 100, {run.gaps} gaps")
        else:
            words.append("never held")
        if name in planned and standing_of(planned[name], run, now).state == "overdue":
            words.append("OVERDUE")
        yield Fact(f"Drill {name}: {'; '.join(words)}.", _at(view))
    if not names:
        yield Fact("No drill is planned, and none was held.", _at(view))


def _times(one: Incident) -> Iterator[str]:
    for word, mark in (("acknowledged", one.acknowledged), ("contained", one.mitigated), ("resolved", one.resolved)):
        yield f"{word} {_after(one.opened, mark)}"


def _after(opened: Mark, mark: Mark | None) -> str:
    if mark is None:
        return "never, up to here"
    taken = mark.said_at - opened.said_at
    return f"after {span(taken)} by {mark.by}" if taken >= 0 else f"by {mark.by}, before it was opened by their clocks"


def _review(view: View, one: Incident, now: int) -> str:
    late = [each for each in owed(view) if each.incident.id == one.id and now > each.late]
    if not is_reviewed(view, one.id):
        if not one.needs_review:
            return "no review is owed"
        return "its review is OVERDUE" if late else "its review is owed" if one.review_due else "no review yet"
    review, stands = review_of(view, one.id), f"its review stands authorised ({review_path(one.id)})"
    if review is None:
        return f"{stands}, and its actions cannot be read"
    overdue = f", {len(late)} of them OVERDUE" if late else ""
    return f"{stands}, {len(review.actions)} actions, {len(review.open)} open{overdue}"


def _planned(view: View) -> Iterator[Drill]:
    """The drills that are authorised."""
    for name in TreeReader(view.repo, view.authorised).names("drills"):
        path = f"drills/{name}"
        if name.endswith(".yaml"):
            part = Part(Overlay(view.repo), view.authorised, "authorised contents", (path,))
            found = load_document(part, "Drill", Drill, path).draft
            if found is not None:
                yield found


def _at(view: View, one: Incident | None = None) -> str:
    last = f"agentgov incident show {one.id}; " if one is not None else ""
    return f"{last}journal act {view.state.head.seq}, commit {view.tip}"
