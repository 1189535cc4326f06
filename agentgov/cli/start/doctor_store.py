"""Doctor on the machine that serves: the gate's store, room for it, its copies, what waits in it; and what routes need.

Looks at the store that --store names, else at the one that `agentgov serve` uses unless told, where that is there.
Never brings its tables up to date.
"""

import os
import shutil
from pathlib import Path

from agentgov.alerts.routing import ways
from agentgov.alerts.secret import secret_of
from agentgov.cli.run_time.store_restored import brought_back
from agentgov.cli.run_time.store_visit import Visit, store_url, visit_at
from agentgov.cli.start.doctor_check import DAY, Check, Checks, Fleet
from agentgov.errors import AgentgovError
from agentgov.report.moments import age
from agentgov.runtime import deliveries
from agentgov.runtime.restoring import examine, last_backup
from agentgov.store.backup import flaws_of
from agentgov.store.open import file_of
from agentgov.store.tables import steps_behind

_ROOM = (1 << 30, 0.05)  # bytes, and share of the disk, that have to be free
_COPIED = 2 * DAY  # how old the last copy may be
_WAITS = 900  # seconds that a message may be late
_SECRETS = 2  # lines of a secret while one is exchanged


def store(fleet: Fleet) -> Checks:
    """How the store stands, where it lies on this machine."""
    url = fleet.store or store_url(fleet.view.state.head.fleet)
    if fleet.store is None and not Path(url).exists():
        message = "the gate's store is not on this machine; where it is: agentgov doctor --store URL"
        yield Check("doctor.store", "skipped", message)
        return
    behind = steps_behind(url)
    if behind:
        message = f"the store's tables are {behind} step{'s' if behind > 1 else ''} behind this version"
        note = "a gate of this version brings them up to date when it begins; copy the store first"
        yield Check("doctor.store", "bad", message, "agentgov store backup FILE" + _named(fleet), note)
        return
    yield from _room(fleet, url)
    with visit_at(fleet.view, url) as visit:
        yield from _inside(fleet, visit)


def _named(fleet: Fleet) -> str:
    return " --store URL" if fleet.store is not None else ""  # no message repeats a URL: there may be a password in it


def _room(fleet: Fleet, url: str) -> Checks:
    path = file_of(url)
    if path is None:
        message = "how much room a database has is not told here; its server knows"
        yield Check("doctor.store-room", "skipped", message)
        return
    room = shutil.disk_usage(path.parent)
    if room.free < _ROOM[0] or room.free < room.total * _ROOM[1]:
        message = f"{room.free / 2**30:.1f} GiB are free where the store lies, {100 * room.free / room.total:.0f} %"
        yield Check("doctor.store-room", "warn", message, "agentgov ledger prune" + _named(fleet), "or make room")
    else:
        yield Check("doctor.store-room", "good", f"{room.free / 2**30:.0f} GiB are free for it")


def _inside(fleet: Fleet, visit: Visit) -> Checks:
    found, flaws = visit.read(examine), flaws_of(visit.url)
    restored = brought_back(visit, found)
    check = "agentgov store check" + _named(fleet)
    for flaw in flaws:
        yield Check("doctor.store", "bad", f"the store is damaged: {flaw}", check, "then go back to a copy of it")
    if restored is not None:
        yield Check("doctor.store-restored", "bad", f"the store was restored: {'; '.join(restored.why)}", check)
    if found.held:
        fix = "agentgov ledger renew --reason TEXT" + _named(fleet)
        yield Check("doctor.store-restored", "bad", f"nothing of the ledger is signed: {found.held}", fix)
    if not flaws and restored is None and not found.held:
        yield Check("doctor.store", "good", f"the store is whole, with {sum(found.now.trees.values()):,} records")
    yield from _copied(fleet, visit)
    yield from _outbox(fleet, visit)


def _copied(fleet: Fleet, visit: Visit) -> Checks:
    last = visit.read(last_backup)
    fix, note = "agentgov store backup FILE" + _named(fleet), "every day, by a timer; other ways are not seen here"
    if last is None:
        yield Check("doctor.store-backup", "warn", "no copy of the store was ever made by this program", fix, note)
        return
    old = fleet.now - last // 1000
    if old > _COPIED:
        yield Check("doctor.store-backup", "warn", f"the last copy of the store is {age(old)} old", fix, note)
    else:
        yield Check("doctor.store-backup", "good", f"the last copy of it is {age(old)} old")


def _outbox(fleet: Fleet, visit: Visit) -> Checks:
    due = visit.read(deliveries.next_due)
    if due is not None and fleet.now - due // 1000 > _WAITS:
        message = f"a message to people is {age(fleet.now - due // 1000)} late: no gate sends what waits in the store"
        yield Check("doctor.outbox", "bad", message, "agentgov serve", "or see why the one that runs does not send")


def secrets(fleet: Fleet) -> Checks:
    """Whether the secret of each route is there, in the environment of whoever serves: so only beside the store."""
    policy = fleet.view.governance.alerts
    for way in ways(policy.routes) if policy is not None and fleet.store is not None else ():
        try:
            secret_of(way.route.key_from, os.environ, _SECRETS)
        except AgentgovError as error:
            message = f"the route {way.name} has no secret here: {error.message}"
            yield Check("doctor.route-secret", "bad", message, error.hint, "run this as whoever serves")
