"""What the buckets have to hold, by the ledger alone, and where the store says something else.

The records of reservations and of their ends are all that is needed: bucket names follow from the agent, the run and
its windows. Whatever differs is a defect, or somebody changed rows by hand. What is old is forgotten, and not compared:
slots of rolling windows, and a run that moved no money for long, also where it did so again after that. So is what
began while leaves were written that were disposed of since: nobody can say what it has to hold.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agentgov.runtime.buckets import RUN_KEPT, Level, begins, chain, is_old, is_run
from agentgov.runtime.budget_check import Checked, open_sums
from agentgov.runtime.ledger import FIRST
from agentgov.store.port import Transaction

_PAGE = 1000  # leaves
_TYPES = ("budget.reserve", "budget.settle", "budget.release", "budget.expire")


def differences(tx: Transaction, now_ms: int) -> tuple[str, ...]:
    """Every bucket that holds something else than the ledger says, and whose reservations do not add up; sorted."""
    return checked(tx, now_ms).faults


def checked(tx: Transaction, now_ms: int) -> Checked:
    """The same, with how much was looked at."""
    trees = [str(tree) for (tree,) in tx.all("SELECT DISTINCT tree FROM records")]
    replay = Replay(_whole_since(tx, trees), (msgspec.json.decode(leaf) for leaf in _leaves(tx, trees)))
    wanted = replay.levels
    found = {str(row[0]): Level(*row[1:]) for row in tx.all("SELECT bucket, spent, reserved, overrun FROM budgets")}
    faults = [
        f"{name}: the ledger says {wanted.get(name, Level())}, the store {found.get(name, Level())}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name, Level()) != found.get(name, Level()) and replay.knows(name, now_ms)
    ]
    sums, number = open_sums(tx)
    faults += [
        f"{name}: {level.reserved} are reserved, and the open reservations are {sums.get(name, 0)}"
        for name in sorted(sums.keys() | found.keys())
        if (level := found.get(name, Level())).reserved != sums.get(name, 0)
    ]
    return Checked(len(found), number, tuple(faults), since=replay.since)


def _whole_since(tx: Transaction, trees: Iterable[str]) -> int:
    """From when on all leaves are there, 0 for from the beginning: the first of each tree go first."""
    sql = "SELECT seq, time FROM records WHERE tree = ? ORDER BY seq LIMIT 1"
    firsts = [first for tree in trees if (first := tx.one(sql, tree)) is not None]
    return max((int(time) for seq, time in firsts if seq > 0), default=0)


def _leaves(tx: Transaction, trees: Iterable[str]) -> Iterator[bytes]:
    """Every leaf about money, a page at a time; first those of before there was a tree for each workspace."""
    marks = ", ".join("?" * len(_TYPES))
    sql = f"SELECT seq, leaf FROM records WHERE tree = ? AND seq > ? AND type IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608
    for tree in sorted(trees, key=lambda tree: (tree != FIRST, tree)):
        last = -1
        while rows := tx.all(sql, tree, last, *_TYPES, _PAGE):
            yield from (leaf for _, leaf in rows)
            last = rows[-1][0]


class Replay:
    """The buckets after some leaves, in order; `since`: those of before may have been disposed of."""

    def __init__(self, since: int, leaves: Iterable[Mapping[str, Any]]) -> None:
        self.since = since
        self._sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._began: dict[str, int] = {}  # runs, by their first leaf
        self._moved: dict[str, int] = {}  # and by their last
        self._rested: set[str] = set()  # runs that were old at a time, and went on
        known: dict[str, tuple[Mapping[str, Any], int, int | None]] = {}  # leaf, amount, what is booked
        for leaf in leaves:
            refs, time = leaf["refs"], leaf["time"]
            id_ = refs["reservation"]
            if leaf["type"] == "budget.reserve":
                amount = int(refs["amount"])
                known[id_] = leaf, amount, None
                self._add(leaf, time, 0, amount, 0)
            elif id_ in known or not since:
                began, amount, booked = known[id_]
                actual = int(refs["actual"])
                known[id_] = began, amount, actual
                set_aside = amount if booked is None else 0
                self._add(began, time, actual - (booked or 0), -set_aside, int(refs.get("overrun", "0")))

    @property
    def levels(self) -> Mapping[str, Level]:
        """How full each bucket is."""
        return {name: Level(*values) for name, values in self._sums.items()}

    def knows(self, name: str, now_ms: int) -> bool:
        """Whether the store has to hold what the leaves say of a bucket: it has not forgotten that, nor begun it anew,
        and no leaf about it is gone."""
        if is_old(name, self._moved.get(name, now_ms), now_ms) or name in self._rested:
            return False
        began = self._began.get(name, self.since) - RUN_KEPT if is_run(name) else begins(name)
        return not self.since or began > self.since

    def _add(self, began: Mapping[str, Any], time: int, spent: int, reserved: int, overrun: int) -> None:
        refs = began["refs"]
        for bucket in chain(began["agent"], began["environment"], refs.get("run", ""), refs["day"], refs["currency"]):
            values = self._sums[bucket.name]
            values[0] += spent
            values[1] += reserved
            values[2] += overrun
            if is_run(bucket.name) and (spent or reserved):
                self._began.setdefault(bucket.name, time)
                if is_old(bucket.name, self._moved.get(bucket.name, time), time):
                    self._rested.add(bucket.name)
                self._moved[bucket.name] = time
