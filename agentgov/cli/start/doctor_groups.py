"""The groups of `agentgov doctor`, in the order in which they are looked at, and what each sees.

What is told already is not told again: without a key nobody is looked up, without a remote the clone is asked, and what
only a gate knows is left alone where the gate gives no answer.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from agentgov.cli.context import Context, open_context
from agentgov.cli.start import doctor_journal, doctor_kept, doctor_machine, doctor_open, doctor_owners, doctor_people
from agentgov.cli.start.doctor_check import Check, Checks, Fleet, guarded, mended_by
from agentgov.errors import AgentgovError
from agentgov.repo import clock

Group = Literal[
    "machine",
    "signing",
    "journal",
    "people",
    "owners",
    "clocks",
    "gate",
    "store",
    "routes",
    "leases",
    "playbooks",
    "drills",
    "retention",
    "open",
]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants looked at: which groups (none: all), whether anybody outside is asked, which store."""

    groups: Collection[str] = ()
    asks: bool = True
    store: str | None = None

    def wants(self, *groups: Group) -> bool:
        """Whether any of these groups is to be looked at."""
        return not self.groups or any(group in self.groups for group in groups)


Found = Iterator[tuple[Group, Check]]


def examine(repo: str, asked: Asked) -> Found:
    """Every check with its group; of groups that nobody wants only what the others stand on."""
    for group, check in _all(repo, asked):
        if asked.wants(group) or (check.state == "bad" and group in ("machine", "journal")):
            yield group, check


def _all(repo: str, asked: Asked) -> Found:
    yield from _in("machine", doctor_machine.programs())
    try:
        context = open_context(repo)
    except AgentgovError as error:
        yield "machine", Check("doctor.repository", "bad", error.message, *mended_by(error.hint))
        return
    where = f"the repository is {context.repo.root or context.repo.git_dir}"
    yield "machine", Check("doctor.repository", "good", where)
    yield from _in("machine", guarded("doctor.clone", lambda: doctor_machine.clone(context)))
    reached = list(guarded("doctor.remote", lambda: doctor_machine.remote(context, asked.asks)))
    yield from _in("machine", iter(reached))
    signs = _signs(context) if asked.wants("signing") else []
    yield from _in("signing", iter(signs))
    yield from _fleet(context, asked, key=_all_good(signs), answers=_all_good(reached))


def _signs(context: Context) -> list[Check]:
    found = list(guarded("doctor.key", lambda: doctor_machine.identity(context)))
    if _all_good(found):
        found += guarded("doctor.signature", lambda: doctor_machine.signature(context))
    return found


def _fleet(context: Context, asked: Asked, *, key: bool, answers: bool) -> Found:
    """What the journal says, and what is measured by it."""
    try:
        view = context.view(fetch=asked.asks and answers)
    except AgentgovError as error:
        yield "journal", Check("doctor.journal", "bad", error.message, *mended_by(error.hint))
        return
    fleet = Fleet(context, view, clock.now(), asked.asks, answers, asked.store)
    if asked.wants("signing"):
        if key:
            yield from _in("signing", guarded("doctor.access", lambda: doctor_people.at_hand(fleet)))
        yield from _in("signing", guarded("doctor.bot-key", lambda: doctor_people.keys(fleet)))
    for group, (rule, look) in _LOOKS.items():
        if asked.wants(group):
            yield from _in(group, guarded(rule, _bound(look, fleet)))
    if asked.wants("clocks", "gate", "store", "routes", "leases"):
        yield from _served(fleet, asked)


def _served(fleet: Fleet, asked: Asked) -> Found:
    """What the gate and its store say."""
    from agentgov.cli.start import doctor_alerts, doctor_clocks, doctor_gate, doctor_store

    away: list[Check] = []
    gate = None
    try:
        gate = doctor_gate.reach(fleet)
    except AgentgovError as error:
        away = [Check("doctor.gate", "bad", error.message, *mended_by(error.hint))]
    yield from _in("gate", iter(away) if away else doctor_gate.gate(fleet, gate))
    yield from _in("clocks", guarded("doctor.clock-gate", lambda: doctor_clocks.clocks(fleet, gate)))
    if asked.wants("store"):
        yield from _in("store", guarded("doctor.store", lambda: doctor_store.store(fleet)))
    if asked.wants("routes"):
        yield from _in("routes", guarded("doctor.routes", lambda: doctor_alerts.routes(fleet, gate)))
    if asked.wants("leases") and gate is not None and gate.client is not None:
        found = gate
        yield from _in("leases", guarded("doctor.leases", lambda: doctor_alerts.leases(found)))


def _playbooks(fleet: Fleet) -> Checks:
    from agentgov.cli.start import doctor_practice

    return doctor_practice.playbooks(fleet)


def _drills(fleet: Fleet) -> Checks:
    from agentgov.cli.start import doctor_practice

    return doctor_practice.drills(fleet)


_LOOKS: Mapping[Group, tuple[str, Callable[[Fleet], Checks]]] = {
    "journal": ("doctor.journal", doctor_journal.journal),
    "people": ("doctor.people", doctor_people.people),
    "owners": ("doctor.owners", doctor_owners.owners),
    "playbooks": ("doctor.playbooks", _playbooks),
    "drills": ("doctor.drills", _drills),
    "retention": ("doctor.retention", doctor_kept.retention),
    "open": ("doctor.open", doctor_open.unfinished),
}


def _bound(look: Callable[[Fleet], Checks], fleet: Fleet) -> Callable[[], Checks]:
    return lambda: look(fleet)


def _in(group: Group, checks: Checks) -> Found:
    return ((group, check) for check in checks)


def _all_good(checks: list[Check]) -> bool:
    return all(check.state != "bad" for check in checks)
