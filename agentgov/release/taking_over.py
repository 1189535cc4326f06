"""The first half of a tick: what main and the tags bring. Contents that reviews cover, releases at first sight.

Nothing is taken over while the journal is broken or too old. What cannot be read authorises nothing, and stops nothing
of what runs. Tags have a share of the tick alone, so that the second half is not kept waiting (`looks`).
"""

import time
from dataclasses import replace
from functools import partial

from agentgov.errors import IncompleteError
from agentgov.journal.advancing import Proposed, draft_advance
from agentgov.journal.authorise import Advance
from agentgov.journal.draft import Draft, draft
from agentgov.journal.moves import past_of
from agentgov.journal.view import View
from agentgov.model.state import Release
from agentgov.model.transitions import release_trailer
from agentgov.model.verdict import Reason, note, unknown
from agentgov.release.index import FleetIndex
from agentgov.release.looks import Looks
from agentgov.release.order import MOST
from agentgov.release.refs import Refs
from agentgov.release.sightings import Sighting, first_of_each, see_tags
from agentgov.release.writing import Writing
from agentgov.review.change import ChangeVerdict

LOOKING = 10.0  # seconds after which a tick looks at no other tag, and begins no other push of first sights


def take_over(writing: Writing, view: View, refs: Refs, index: FleetIndex, looks: Looks) -> tuple[View, Advance]:
    """What main and the tags bring, written; nothing while the journal is broken."""
    if view.stretch is not None:
        why = f"the journal does not hold from {view.stretch.first[:12]} on: {view.stretch.message}"
        writing.notes.append(unknown(view.stretch.code, f"{why}; nothing raises risk until administrators waive it"))
        return view, nothing(view, refs.main, why)
    view, advance = _advance(writing, view, refs)
    return _record(writing, view, refs, index, looks), advance


def rewritten(view: View, refs: Refs) -> tuple[Reason, ...]:
    """An alarm where main no longer holds the commit that was last looked at; contents decide all the same."""
    repo, known = view.repo, view.state.head.main
    if not refs.main or refs.main == known or (repo.has(known) and repo.is_ancestor(known, refs.main)):
        return ()
    message = f"main was rewritten: {known[:9]}, last looked at, is not in {refs.main[:9]} any more"
    return (note("main.rewritten", message),)


def nothing(view: View, main: str, problem: str) -> Advance:
    """Nothing is taken over."""
    return Advance(main, {}, view.state.pending, view.authorised, "", ChangeVerdict(()), problem)


def _advance(writing: Writing, view: View, refs: Refs) -> tuple[View, Advance]:
    """Governance moves first and alone; contents follow under the governance then in force."""
    proposed = _proposed(writing, view, refs)
    for _ in range(2):
        if proposed.act is None or view.is_stale(writing.clock()):
            break
        view = writing.append(view, partial(_still, writing, refs, view.tip, proposed.act))
        proposed = _proposed(writing, view, refs)
    if proposed.advance.problem:
        writing.notes.append(unknown("main.unreadable", proposed.advance.problem))
    return view, proposed.advance


def _still(writing: Writing, refs: Refs, tip: str, act: Draft | None, present: View) -> list[Draft]:
    """What was proposed at a tip of the journal; proposed again where that is no longer the tip."""
    found = act if present.tip == tip else _proposed(writing, present, refs).act
    return [found] if found is not None else []


def _proposed(writing: Writing, view: View, refs: Refs) -> Proposed:
    """What cannot be read authorises nothing, and stops no agent that runs."""
    if not refs.main:
        main = view.governance.fleet.main
        return Proposed(nothing(view, "", f"the remote has no branch {main}: nothing new is authorised"), None)
    try:
        return draft_advance(view, writing.actor, refs.main, now=writing.clock())
    except IncompleteError as error:
        problem = f"main cannot be read at {refs.main[:9]}: {error.message}"
        return Proposed(nothing(view, refs.main, problem), None)


def _record(writing: Writing, view: View, refs: Refs, index: FleetIndex, looks: Looks) -> View:
    """Releases at first sight, one of each agent at a time, many in one push; nobody's name is always first."""
    until = time.monotonic() + LOOKING

    def enough() -> bool:
        return time.monotonic() >= until

    looks.begin(view, refs, index.recorded(view))
    while some := looks.go_on(view, writing.clock(), MOST, enough):
        if not view.is_stale(writing.clock()):
            view = writing.append(view, partial(_first_sights, writing, refs, view.tip, some))
        if writing.is_spent or enough():
            break
    writing.unseen = looks.waiting
    return view


def _first_sights(
    writing: Writing, refs: Refs, tip: str, sightings: tuple[Sighting, ...], present: View
) -> list[Draft]:
    """The acts for what was seen before a tip of the journal that is ours; seen again where that is no longer the
    tip."""
    if present.tip != tip:
        names = [str(one.name) for one in sightings]
        sightings = first_of_each(see_tags(present, replace(refs, tags={name: refs.tags[name] for name in names})))
    return [_seen(writing, present, one) for one in sightings]


def _seen(writing: Writing, view: View, sighting: Sighting) -> Draft:
    release = sighting.found
    assert isinstance(release, Release)
    fields = [
        ("Agent", str(sighting.name.agent)),
        ("Release", release_trailer(release)),
        ("Authorised-At", str(release.authorised_at)),
    ]
    former = past_of(view, release)
    if former is not None:
        fields.append(("Formerly", str(former)))
    files = {f"releases/{sighting.name}.tag": sighting.raw}
    subject = f"see release {sighting.name}"
    return draft(view, writing.actor, "release-seen", subject, fields, now=writing.clock(), files=files)
