"""What the buckets have to hold, by the ledger alone, and where the store says something else.

The records of reservations and of their ends are all that is needed: bucket names follow from the agent, the run and
the day. Whatever differs is a defect, or somebody changed rows by hand.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agentgov.runtime.buckets import Level, chain
from agentgov.runtime.ledger import FIRST
from agentgov.store.port import Transaction

_TYPES = ("budget.reserve", "budget.settle", "budget.release", "budget.expire")


def differences(tx: Transaction) -> tuple[str, ...]:
    """Every bucket that holds something else than the ledger says, and whose reservations do not add up; sorted."""
    marks = ", ".join("?" * len(_TYPES))
    order = f"CASE WHEN tree = '{FIRST}' THEN 0 ELSE 1 END, tree, seq"
    rows = tx.all(f"SELECT leaf FROM records WHERE type IN ({marks}) ORDER BY {order}", *_TYPES)  # noqa: S608 - ours
    wanted = replayed(msgspec.json.decode(leaf) for (leaf,) in rows)
    found = {str(row[0]): Level(*row[1:]) for row in tx.all("SELECT bucket, spent, reserved, overrun FROM budgets")}
    return tuple(
        f"{name}: the ledger says {wanted.get(name, Level())}, the store {found.get(name, Level())}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name, Level()) != found.get(name, Level())
    ) + tuple(_open(tx, found))


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


def _open(tx: Transaction, found: Mapping[str, Level]) -> Iterable[str]:
    """Buckets whose `reserved` is not the sum of the open reservations."""
    sums: dict[str, int] = defaultdict(int)
    sql = "SELECT agent, environment, run, day, currency, amount FROM reservations WHERE state = 'open'"
    for agent, environment, run, day, currency, amount in tx.all(sql):
        for bucket in chain(agent, environment, run, day, currency):
            sums[bucket.name] += amount
    for name in sorted(sums.keys() | found.keys()):
        level = found.get(name, Level())
        if sums[name] != level.reserved:
            yield f"{name}: {level.reserved} are reserved, and the open reservations are {sums[name]}"
