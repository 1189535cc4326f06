"""What `agentgov drill new` does: a drill to begin with, from what the fleet says today."""

from agentgov.cli.options import answer
from agentgov.cli.place import fleet_around, write_new
from agentgov.cli.practice import Practice, find_playbook
from agentgov.errors import RefusedError
from agentgov.journal.view import day_of
from agentgov.model.names import AgentId
from agentgov.model.playbook import Playbook
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.scaffold.drills import Cast, DrillType, drill_file, drill_text
from agentgov.trust.permissions import standing

_HINT = "rename that one, or edit it; it counts once it is reviewed, on main, and reconciled"


def new_drill(repo: str, type_: DrillType, agent: AgentId, output: str) -> int:
    """Write one into the working tree."""
    root = fleet_around(repo)
    from agentgov.repo.snapshot import WorkTreeSnapshot

    here = Practice(WorkTreeSnapshot(root), "as the files lie here")
    path, playbook, _ = find_playbook(here, str(agent))
    file = drill_file(type_, agent)
    if not write_new(root, file, drill_text(type_, agent, path, _cast(here, agent, playbook))):
        raise RefusedError(f"{file} exists already, and nothing is overwritten", _HINT)
    name = file.removeprefix("drills/").removesuffix(".yaml")
    page = Page().line(Span("wrote ", "good"), file)
    if type_ == "tabletop":
        page.line("  the story is made up: tell one of yours, then: agentgov validate")
    page.line(f"  hold it, writing nothing down: agentgov drill run {name} --no-record")
    answer(output, page, {"schema": "agentgov.drill-new/1", "written": file, "type": type_})
    return 0


def _cast(here: Practice, agent: AgentId, playbook: Playbook) -> Cast:
    """Whom the answers of a drill name; nobody, where Access cannot be read."""
    directory, access, today = here.parts.directory, here.parts.access, day_of(clock.now())
    if directory is None or access is None:
        return Cast((), (), ())

    def people(*selectors: str) -> list[str]:
        return sorted({person for one in selectors for person in directory.members(one, today)})

    document = here.agent(agent)
    chain = document.spec.oncall.escalate if document is not None and document.spec.oncall is not None else ()
    grants = [one for one in standing(access, "rollback", today) if "production" in one.environments]
    may = sorted({one.person for one in grants if one.covers(agent)})
    return Cast(people(*(chain[:1] or playbook.responders)), may, people(*playbook.next, "role:administrator"))
