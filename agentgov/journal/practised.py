"""Drills that should have been held by now: they hold the high-risk agents that they were about.

Derived at every place of the journal from the authorised drills, from when the journal says they were last held, and
from journal time; so every verifier comes to the same answer, and holding one lets go by itself. A drill that was never
held holds nobody: whoever writes the first one is not stopped by it.
"""

from collections.abc import Iterable, Iterator

from agentgov.journal.owed import HELD
from agentgov.journal.parts import Overlay, Part
from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View, day_of
from agentgov.model.drill_schedule import standing_of
from agentgov.model.names import AgentId, agent_id
from agentgov.model.playbook import Drill
from agentgov.validate.load import load_document


def overdue_drill(view: View, agent: AgentId, time: int) -> str:
    """Why an agent waits at this journal time, with the command that helps; "" where no drill holds it."""
    if view.repo.entry(view.tree, "drills") is None:
        return ""
    runs = view.state.drills()
    for drill in _drills(view):
        run = runs.get(drill.name)
        standing = standing_of(drill, run, time)
        if run is None or standing.due is None or standing.state != "overdue" or str(agent) not in run.agents:
            continue
        found = authorised_agent(view, agent)
        if found is None or found.spec.risk in HELD:
            return f"the drill {drill.name} had to be held by {day_of(standing.due)}: agentgov drill run {drill.name}"
    return ""


def left_out(view: View, name: str, agents: Iterable[str]) -> tuple[str, ...]:
    """The agents that a drill is about and that a run of it leaves out: the one that it names, else those of its last
    run that are still there. Whoever leaves one out would lift what holds that agent, without any right on it."""
    drill, run = next((one for one in _drills(view) if one.name == name), None), view.state.drill(name)
    wanted = (drill.agent,) if drill is not None and drill.agent else run.agents if run is not None else ()
    missing = sorted({*wanted} - {*agents})
    return tuple(
        one for one in missing if (id_ := agent_id(one)) is not None and authorised_agent(view, id_) is not None
    )


def _drills(view: View) -> tuple[Drill, ...]:
    """The authorised drills that can be read; read once for the same folder."""
    folder = view.repo.entry(view.authorised, "drills")
    if folder is None:
        return ()
    known = view.memory.drills  # of another view, where another thread has just asked
    if known is None or known[0] != folder.oid:
        known = view.memory.drills = (folder.oid, tuple(_read(view)))
    return known[1]


def _read(view: View) -> Iterator[Drill]:
    part = Part(Overlay(view.repo), view.authorised, "authorised contents", ("drills",))
    for path in part.entries():
        if path.endswith(".yaml"):
            drill = load_document(part, "Drill", Drill, path).typed
            if drill is not None:
                yield drill
