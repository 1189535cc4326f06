"""Doctor on what was begun and not ended: incidents, their reviews and actions, pauses, overrides."""

import shlex

from agentgov.cli.start.doctor_check import DAY, Check, Checks, Fleet
from agentgov.cli.start.doctor_check import mended_by as mended
from agentgov.journal.overriding import overrides_of
from agentgov.journal.owed import owed, waits
from agentgov.model.incident import Incident
from agentgov.model.names import agent_id
from agentgov.report.moments import age

_LONG = {1: DAY, 2: 2 * DAY}  # how long an incident of a severity may stand until it is asked for
_STANDS = 7 * DAY
_PAUSED = 7 * DAY


def unfinished(fleet: Fleet) -> Checks:
    """All of it, oldest first in each kind."""
    found = [*_incidents(fleet), *_owed(fleet), *_pauses(fleet), *_overrides(fleet)]
    yield from found
    if not found:
        yield Check("doctor.open", "good", "no incident, review, action, pause or override is overdue")


def _incidents(fleet: Fleet) -> Checks:
    for one in sorted(fleet.view.state.incidents().values(), key=lambda one: one.opened.seq):
        since = fleet.now - one.opened.time
        if one.is_standing and not one.lead:
            message = f"the {_what(one)} has stood for {age(since)}, and nobody leads it"
            yield Check("doctor.incident-nobody", "bad", message, f"agentgov incident ack {one.id}")
        elif one.is_standing and since > _LONG.get(one.severity, _STANDS):
            message = f"the {_what(one)} has stood for {age(since)}; {one.lead} leads it"
            note = "say what was done: agentgov incident mitigate, or resolve"
            yield Check("doctor.incident-long", "warn", message, f"agentgov incident show {one.id}", note)


def _what(one: Incident) -> str:
    return f"{'drill' if one.kind == 'drill' else 'incident'} {one.id} of severity {one.severity}"


def _owed(fleet: Fleet) -> Checks:
    for one in owed(fleet.view):
        if fleet.now > one.late:
            held = sum(waits(fleet.view, agent) for agent in filter(None, map(agent_id, one.incident.agents)))
            agents = "agent" if held == 1 else "agents"
            said = f", and holds the releases of {held} {agents} of high risk" if held else ""
            yield Check("doctor.owed", "bad", f"{one.words} is overdue{said}", *mended(one.command))


def _pauses(fleet: Fleet) -> Checks:
    for one in sorted(fleet.view.state.pauses().values(), key=lambda one: one.seq):
        since = fleet.now - one.time
        if (one.until and one.until <= fleet.now) or since <= _PAUSED:
            continue
        message = f"{one.selector} has been paused for {age(since)} by {one.by}: {one.reason or 'no reason was given'}"
        fix = f"agentgov resume {shlex.quote(one.selector)}"
        yield Check("doctor.pause-long", "warn", message, fix, "or retire what nobody misses")


def _overrides(fleet: Fleet) -> Checks:
    for one in overrides_of(fleet.view, time=fleet.now):
        if one.overdue:
            fix = f"agentgov override confirm {one.id}"
            yield Check("doctor.override", "bad", one.words, fix, "by somebody who did not give it, after reading it")
