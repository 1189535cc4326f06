"""What a tick would do now, as far as it can be told without writing: nothing is appended, nothing remembered."""

from collections.abc import Mapping

from agentgov.journal.advancing import propose_advance
from agentgov.journal.branch import Journal
from agentgov.journal.clock import STALE_HINT, stale_words
from agentgov.journal.verdict_cache import VerdictCache
from agentgov.journal.view import View
from agentgov.model.state import Release
from agentgov.model.verdict import unknown
from agentgov.release.fleet import plan_all
from agentgov.release.index import FleetIndex
from agentgov.release.observations import Memory
from agentgov.release.refs import Refs
from agentgov.release.sightings import refusals, see_tags
from agentgov.release.taking_over import nothing, rewritten
from agentgov.release.tick_report import Report


def preview(
    journal: Journal,
    view: View,
    refs: Refs,
    memories: Mapping[str, Memory],
    now: int,
    accept_unreviewed: bool = False,
) -> Report:
    """The report of a tick that writes nothing."""
    index = FleetIndex()
    index.kept_in(VerdictCache(view.state.head.fleet, journal.pins(view)))
    sightings = see_tags(view, refs, index.recorded(view))
    advance = propose_advance(view, refs.main, now) if refs.main else nothing(view, "", "the remote has no main")
    integrity, active = journal.pins(view) is not None, index.active(view, refs)
    decisions = plan_all(view, memories, refs, now, integrity, accept_unreviewed, agents=active)
    acts = [decision.subject for decision in decisions.values() if decision.act]
    notes = rewritten(view, refs)
    if view.is_stale(now):
        notes = (unknown("journal.stale", f"{stale_words(view)}; {STALE_HINT}"), *notes)
    else:
        acts += [f"see release {one.name}" for one in sightings if isinstance(one.found, Release)]
        if advance.accepted:
            acts.insert(0, f"advance to {refs.main[:9]}: {len(advance.accepted)} paths authorised")
    return Report(view, tuple(acts), decisions, advance, refusals(sightings), notes)
