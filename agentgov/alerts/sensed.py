"""What detectors are fed with, out of the store: runs that are over, minutes of use, what was kept of each agent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from agentgov.alerts.baseline import DAY, HOUR, WEEK, Baseline, History, Run
from agentgov.alerts.drift import Drift
from agentgov.alerts.holding import Held
from agentgov.runtime.telemetry.late import Late, read_late
from agentgov.store.port import Transaction

KEPT = 8 * 86_400_000  # milliseconds that runs and minutes are kept
LEASE = 60_000  # milliseconds after which another gate may look
MOST = 20_000  # runs of one look
_BY_HOUR = f"SELECT minute / {HOUR} AS hour, kind, name, sum(calls) FROM"
_OF = "WHERE agent = ? AND environment = ? AND minute >= ? AND minute < ? AND kind IN"
_RELEASE = "(? = '' OR closure = '' OR closure = ?)"  # what nobody says the release of is anybody's
_USED = f"{_BY_HOUR} usage_minutes {_OF} ('tool', 'model') AND {_RELEASE} GROUP BY hour, kind, name"
_LED = f"{_BY_HOUR} sensed_minutes {_OF} ('domain', 'asked') GROUP BY hour, kind, name"
_RUN = "ended, duration, cost, failed, closure"
Where = tuple[str, str]  # agent and environment


class State(msgspec.Struct):
    """What is kept of an agent in an environment; `canary` has what is of that lane alone. Moments in epoch
    milliseconds."""

    closure: str = ""
    promoted: int = 0  # when that release became the one that runs
    made: int = 0  # when its baseline was last looked for
    baseline: Baseline | None = None
    drifts: dict[str, Drift] = {}
    new: list[tuple[str, str, list[int]]] = []
    since: dict[str, int] = {}
    known: dict[str, list[str]] = {}
    held: dict[str, Held] = {}
    last: int = 0
    canary: "State | None" = None


class Used(NamedTuple):
    """Calls of a name in a minute, of a release where anybody says; below 0 what was counted before and is not any."""

    minute: int
    kind: str
    name: str
    calls: int
    closure: str = ""


class Asked(NamedTuple):
    """Calls that an agent asked for in a minute, how many of them were refused, and of which release, if in canary."""

    minute: int
    calls: int
    refused: int
    closure: str = ""


@dataclass(slots=True)
class News:
    """What became known of agents since the last look: up to a run, and before a minute."""

    run: int
    since: int
    minute: int
    runs: dict[Where, list[Run]] = field(default_factory=dict)
    used: dict[Where, list[Used]] = field(default_factory=dict)
    money: dict[Where, list[tuple[int, int, int]]] = field(default_factory=dict)  # minute, charges, nano-units
    calls: dict[Where, list[Asked]] = field(default_factory=dict)

    @property
    def spots(self) -> set[Where]:
        """Those of whom there is any."""
        return {*self.runs, *self.used, *self.money, *self.calls}

    def take(self, where: Where, used: Used, cost: int) -> None:
        """Use of a model or a tool, and what it cost."""
        if used.calls and used.kind in ("tool", "model"):
            self.used.setdefault(where, []).append(used)
        if cost:
            charges = max(used.calls, 1) if cost > 0 else min(used.calls, -1)
            self.money.setdefault(where, []).append((used.minute, charges, cost))


def take_turn(tx: Transaction, holder: str, now_ms: int) -> tuple[int, int] | None:
    """How far was looked (run, minute), where it is this gate's turn; None where another one looks."""
    tx.run("INSERT INTO sensing (id, holder, until, run, minute) VALUES (1, '', 0, 0, 0) ON CONFLICT (id) DO NOTHING")
    mine = tx.run(
        "UPDATE sensing SET holder = ?, until = ? WHERE id = 1 AND (holder = ? OR until < ?)",
        *(holder, now_ms + LEASE, holder, now_ms),
    )
    row = tx.one("SELECT run, minute FROM sensing WHERE id = 1") if mine else None
    return (int(row[0]), int(row[1])) if row is not None else None


def move_on(tx: Transaction, holder: str, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Note how far was looked; not where somebody else did meanwhile."""
    sql = "UPDATE sensing SET run = ?, minute = ? WHERE id = 1 AND holder = ? AND run = ? AND minute = ?"
    return tx.run(sql, *after, holder, *before) == 1


def read_news(tx: Transaction, run: int, since: int, minute: int) -> News:
    """What is new behind a run, and of the minutes from `since` to before `minute`; what came late in these, too."""
    found = News(run, since, minute)
    rows = tx.all(
        f"SELECT number, agent, environment, {_RUN} FROM runs WHERE number > ? ORDER BY number LIMIT ?",  # noqa: S608
        *(run, MOST),
    )
    for number, agent, environment, *rest in rows:
        found.runs.setdefault((agent, environment), []).append(_run(rest))
        found.run = number
    rows = tx.all(
        "SELECT agent, environment, minute, kind, name, closure, sum(calls), sum(cost) FROM usage_minutes "
        "WHERE minute >= ? AND minute < ? GROUP BY agent, environment, minute, kind, name, closure",
        *(since, minute),
    )
    for agent, environment, at, kind, name, closure, calls, cost in rows:
        found.take((agent, environment), Used(at, kind, name, int(calls), closure), int(cost))
    for late in read_late(tx, since):
        if late.minute < since and late.heard < minute:
            _take_late(found, late)
        elif since <= late.minute < minute <= late.heard:
            _take_late(found, late, -1)  # the sums have it already, and it is told of with the minute in which it came
    rows = tx.all(
        "SELECT agent, environment, minute, kind, name, calls, bad FROM sensed_minutes "
        "WHERE minute >= ? AND minute < ? AND kind NOT IN ('late model', 'late tool')",
        *(since, minute),
    )
    for agent, environment, at, told, name, calls, bad in rows:
        kind, _, canary = told.partition(" ")
        if kind == "call":
            found.calls.setdefault((agent, environment), []).append(Asked(at, int(calls), int(bad), canary))
        else:
            found.used.setdefault((agent, environment), []).append(Used(at, kind, name, int(calls), canary))
    return found


def _take_late(found: News, late: Late, times: int = 1) -> None:
    used = Used(late.minute, late.kind, late.name, times * late.calls, late.closure)
    found.take((late.agent, late.environment), used, times * late.cost)


def last_before(tx: Transaction, where: Where, before: int) -> int:
    """The last run of an agent that was over before a moment, 0 without one."""
    sql = "SELECT max(number) FROM runs WHERE agent = ? AND environment = ? AND ended < ?"
    row = tx.one(sql, *where, before)
    return int(row[0] or 0) if row is not None else 0


def read_windows(tx: Transaction, where: Where, run: int, until: int, longest: int, now_ms: int) -> News:
    """What windows of one agent hold by what was looked at already."""
    found, since = News(run, now_ms - longest, until), now_ms - longest
    rows = tx.all(
        f"SELECT {_RUN} FROM runs WHERE agent = ? AND environment = ? AND ended > ? "  # noqa: S608 - ours
        "AND number <= ? ORDER BY number",
        *(*where, since, run),
    )
    found.runs[where] = [_run(row) for row in rows]
    found.money[where] = _money(tx, where, since, until)
    found.calls[where] = _calls(tx, where, since, until)
    rows = tx.all(
        "SELECT minute, name, closure, sum(calls) FROM usage_minutes WHERE agent = ? AND environment = ? "
        "AND kind = 'tool' AND minute >= ? AND minute < ? GROUP BY minute, name, closure",
        *(*where, now_ms - WEEK, until),
    )
    found.used[where] = [Used(at, "tool", name, int(calls), closure) for at, name, closure, calls in rows]
    for late in read_late(tx, until, where):
        if late.minute < until:
            _take_late(found, late, -1)  # it is told of with the minute in which it came
    return found


def read_history(tx: Transaction, where: Where, closure: str, since: int, until: int) -> History:
    """What an agent did from a moment on by one release ("" for any), for a baseline. What the gate itself counted is
    of all that ran but canaries, money of all that ran. It begins with the first run, where none was over for a day
    before."""
    rows = tx.all(
        f"SELECT {_RUN} FROM runs WHERE agent = ? AND environment = ? AND ended >= ? "  # noqa: S608
        f"AND ended < ? AND {_RELEASE} ORDER BY ended",
        *(*where, since, until, closure, closure),
    )
    runs = [_run(row) for row in rows]
    if closure and runs and runs[0].ended - since > DAY:
        since = runs[0].ended
    names: dict[str, list[tuple[int, str, int]]] = {"tool": [], "model": [], "domain": [], "asked": []}
    for sql, of in ((_USED, (closure, closure)), (_LED, ())):
        for at, kind, name, calls in tx.all(sql, *where, since, until, *of):
            names[kind].append((int(at) * HOUR, name, int(calls)))
    money = [(at, cost) for at, _, cost in _money(tx, where, since, until)]
    calls = [(one.minute, one.calls, one.refused) for one in _calls(tx, where, since, until) if not one.closure]
    return History(closure, since, until, runs, calls, money, names)


def _money(tx: Transaction, where: Where, since: int, until: int) -> list[tuple[int, int, int]]:
    rows = tx.all(
        "SELECT minute, sum(calls), sum(cost) FROM usage_minutes WHERE agent = ? AND environment = ? AND cost > 0 "
        "AND minute >= ? AND minute < ? GROUP BY minute ORDER BY minute",
        *(*where, since, until),
    )
    return [(int(at), max(int(calls), 1), int(cost)) for at, calls, cost in rows]


def _calls(tx: Transaction, where: Where, since: int, until: int) -> list[Asked]:
    rows = tx.all(
        "SELECT minute, calls, bad, kind FROM sensed_minutes WHERE agent = ? AND environment = ? AND minute >= ? "
        "AND minute < ? AND (kind = 'call' OR kind LIKE 'call %') ORDER BY minute",
        *(*where, since, until),
    )
    return [Asked(int(at), int(calls), int(bad), kind.partition(" ")[2]) for at, calls, bad, kind in rows]


def _run(row: Sequence[int | str]) -> Run:
    ended, duration, cost, failed, closure = row
    return Run(int(ended), int(duration), int(cost), bool(failed), closure=str(closure))


def read_states(tx: Transaction, spots: Iterable[Where]) -> dict[Where, State]:
    """What was kept of some agents."""
    rows = tx.among(
        "SELECT agent, environment, state FROM (?) AS asked CROSS JOIN sensed_spots "
        "WHERE agent = asked.column1 AND environment = asked.column2",
        sorted(spots),
    )
    return {(agent, environment): msgspec.json.decode(said, type=State) for agent, environment, said in rows}


def known_spots(tx: Transaction) -> set[Where]:
    """Every agent that anything was kept of."""
    return {(agent, environment) for agent, environment in tx.all("SELECT agent, environment FROM sensed_spots")}


def keep_states(tx: Transaction, states: dict[Where, State]) -> None:
    """Keep what is known of some agents."""
    tx.many(
        "INSERT INTO sensed_spots (agent, environment, state) VALUES (?, ?, ?) "
        "ON CONFLICT (agent, environment) DO UPDATE SET state = excluded.state",
        [(*where, msgspec.json.encode(state).decode()) for where, state in sorted(states.items())],
    )


def forget(tx: Transaction, now_ms: int) -> None:
    """Forget what is too old."""
    tx.run("DELETE FROM runs WHERE ended < ?", now_ms - KEPT)
    tx.run("DELETE FROM sensed_minutes WHERE minute < ?", now_ms - KEPT)
