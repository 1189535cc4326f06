"""Doctor on the journal: does it hold, from which pins, how old is it, and who moved its time last."""

from itertools import islice

from agentgov.cli.start.doctor_check import DAY, Check, Checks, Fleet
from agentgov.journal.clock import stale_words
from agentgov.journal.query import acts
from agentgov.journal.view import TreeReader
from agentgov.model.state import State
from agentgov.report.moments import age

_LOOKED = 1000  # acts that are read back at most for the last one that moved time
_ANCHORED = DAY  # how old the last anchor of a ledger may be


def journal(fleet: Fleet) -> Checks:
    """Whether it verifies, from pins; how old it is; what waits in it."""
    view = fleet.view
    head = view.state.head
    if view.stretch is not None:
        message = f"the journal does not hold from {view.stretch.first[:12]} on: {view.stretch.message}"
        note = "it says what it is, and what to do"
        yield Check("doctor.journal", "bad", message, "agentgov journal verify --fetch", note)
    else:
        many = f"{head.seq + 1} act{'s' if head.seq else ''}"
        yield Check("doctor.journal", "good", f"the journal verifies: {many}, tip {view.tip[:12]}")
    yield from _pins(fleet)
    yield from _age(fleet)
    if view.state.pending:
        count = len(view.state.pending)
        message = f"{count} path{'s' if count > 1 else ''} of main wait{'s' if count == 1 else ''} for reviews"
        yield Check("doctor.pending", "warn", message, "agentgov check")
    yield from _anchors(fleet)


def _pins(fleet: Fleet) -> Checks:
    view = fleet.view
    pins = fleet.context.journal.pins(view)
    if pins is None:
        message = "this machine has no pins: it would trust any journal"
        note = "LINE is what `agentgov trust show` prints for an administrator"
        yield Check("doctor.pins", "bad", message, "agentgov trust pin LINE", note)
        return
    tree = view.repo.commit(pins.journal_tip).tree
    old = age(fleet.now - State(TreeReader(view.repo, tree)).head.time)
    message = f"pinned to fleet {pins.fleet_id}, introduced at {pins.introduction[:12]}, as it was {old} ago"
    yield Check("doctor.pins", "good", message)


def _age(fleet: Fleet) -> Checks:
    """A journal that is too old stops promotion; what a clone that asked nobody has may just not be fetched."""
    view = fleet.view
    old = age(fleet.now - view.state.head.time)
    if not view.is_stale(fleet.now):
        yield Check("doctor.age", "good", f"the journal is {old} old{_mover(fleet)}")
    elif (fleet.asks and fleet.answers) or fleet.context.journal.remote is None:
        message = f"the journal is {old} old{_mover(fleet)}: {stale_words(view)}"
        note = "as an administrator; then see why no reconciler runs"
        yield Check("doctor.age", "bad", message, "agentgov journal checkpoint", note)
    else:
        yield Check("doctor.age", "warn", f"this clone's journal is {old} old", "agentgov doctor --fetch")


def _mover(fleet: Fleet) -> str:
    """Who moved journal time last, where that is not long ago."""
    for one in islice(acts(fleet.view.repo, fleet.view.tip), _LOOKED):
        if one.act.time is not None or one.act.get("Set-Time"):
            return f", moved last by {one.act.actor.replace(':', ' ')}"
    return ""


def _anchors(fleet: Fleet) -> Checks:
    """How long ago the gate's ledger was last anchored here."""
    last = max((one.time for one in fleet.view.state.anchors()), default=0)
    if not last:
        return
    old = fleet.now - last
    if old <= _ANCHORED:
        yield Check("doctor.anchors", "good", f"the ledger was anchored {age(old)} ago")
        return
    message = f"the ledger was last anchored {age(old)} ago"
    note = "the gate's log says why it signs no checkpoint, or brings none to the journal"
    yield Check("doctor.anchors", "warn", message, "agentgov ledger verify", note)
