"""What the buckets have to hold, by the ledger alone, and where the store says something else.

The records of reservations and of their ends are all that is needed: bucket names follow from the agent, the run and
its windows. Whatever differs is a defect, or somebody changed rows by hand; slots of rolling windows that are old are
forgotten, and not compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agentgov.runtime.buckets import Level, chain, is_old
from agentgov.runtime.budget_check import Checked, open_sums
from agentgov.runtime.ledger import FIRST
from agentgov.store.port import Transaction

_PAGE = 1000  # leaves
_TYPES = ("budget.reserve", "budget.settle", "budget.release", "budget.expire")


def differences(tx: Transaction) -> tuple[str, ...]:
    """Every bucket that holds something else than the ledger says, and whose reservations do not add up; sorted."""
    return checked(tx).faults


def checked(tx: Transaction) -> Checked:
    """The same, with how much was looked at."""
    wanted = replayed(msgspec.json.decode(leaf) for leaf in _leaves(tx))
    newest = tx.one("SELECT MAX(time) FROM records")
    now_ms = int(newest[0] or 0) if newest is not None else 0
    found = {str(row[0]): Level(*row[1:]) for row in tx.all("SELECT bucket, spent, reserved, overrun FROM budgets")}
    faults = [
        f"{name}: the ledger says {wanted.get(name, Level())}, the store {found.get(name, Level())}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name, Level()) != found.get(name, Level()) and not is_old(name, now_ms)
    ]
    sums, number = open_sums(tx)
    faults += [
        f"{name}: {level.reserved} are reserved, and the open reservations are {sums.get(name, 0)}"
        for name in sorted(sums.keys() | found.keys())
        if (level := found.get(name, Level())).reserved != sums.get(name, 0)
    ]
    return Checked(len(found), number, tuple(faults))


def _leaves(tx: Transaction) -> Iterator[bytes]:
    """Every leaf about money, a page at a time; first those of before there was a tree for each workspace."""
    marks = ", ".join("?" * len(_TYPES))
    sql = f"SELECT seq, leaf FROM records WHERE tree = ? AND seq > ? AND type IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608
    trees = {str(tree) for (tree,) in tx.all("SELECT DISTINCT tree FROM records")}
    for tree in sorted(trees, key=lambda tree: (tree != FIRST, tree)):
        last = -1
        while rows := tx.all(sql, tree, last, *_TYPES, _PAGE):
            yield from (leaf for _, leaf in rows)
            last = rows[-1][0]


def replayed(leaves: Iterable[Mapping[str, Any]]) -> Mapping[str, Level]:
    """The buckets after these leaves, in order."""
    known: dict[str, tuple[Mapping[str, Any], int, int | None]] = {}  # leaf, amount, what is booked
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for leaf in leaves:
        refs = leaf["refs"]
        id_ = refs["reservation"]
        if leaf["type"] == "budget.reserve":
            amount = int(refs["amount"])
            known[id_] = leaf, amount, None
            _add(sums, leaf, 0, amount, 0)
            continue
        began, amount, booked = known[id_]
        actual = int(refs["actual"])
        known[id_] = began, amount, actual
        _add(sums, began, actual - (booked or 0), -amount if booked is None else 0, int(refs.get("overrun", "0")))
    return {name: Level(*values) for name, values in sums.items()}


def _add(sums: dict[str, list[int]], began: Mapping[str, Any], spent: int, reserved: int, overrun: int) -> None:
    refs = began["refs"]
    for bucket in chain(began["agent"], began["environment"], refs.get("run", ""), refs["day"], refs["currency"]):
        values = sums[bucket.name]
        values[0] += spent
        values[1] += reserved
        values[2] += overrun
