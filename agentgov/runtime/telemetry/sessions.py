"""Sessions: what canaries are judged on. Which are bad, by which metric; how many there were since a moment.

A session is what an agent gives a name to (a conversation), else one trace. It is over when nothing was heard of it for
a while, or when its agent says so; then it is counted, once, under the minute in which it began. What is heard of the
same name later is another session. Bad by `error`: the outermost span of a run failed, or the agent says so. Bad by
`cost`: it cost more than `budget.run` of its release. Bad by a metric of the judge that has a bound (`slowerThan`): a
run of it took longer. Anything else is bad by what the agent tells in events.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType

from agentgov.runtime.telemetry.counting import Span
from agentgov.runtime.telemetry.rollups import MINUTE, Where, added, bounded
from agentgov.store.port import Row, Transaction

BATCH = 500  # sessions of one transaction
MOST_METRICS = 16  # of one session
NO_BOUNDS: Mapping[str, int] = MappingProxyType({})
_COLUMNS = "id, agent, environment, closure, began, heard, failed, cost, most, told, started, stopped"
_HEAR = (
    f"INSERT INTO sessions ({_COLUMNS}) VALUES ({', '.join('?' * 12)}) "  # noqa: S608 - ours
    f"ON CONFLICT (id) DO UPDATE SET heard = excluded.heard, {added('sessions', 'cost')}, "
    "failed = CASE WHEN excluded.failed > 0 THEN 1 ELSE sessions.failed END, "
    "most = CASE WHEN excluded.most > 0 THEN excluded.most ELSE sessions.most END, "
    "told = CASE WHEN excluded.told <> '' THEN excluded.told ELSE sessions.told END, "
    "started = CASE WHEN excluded.started > 0 AND (sessions.started = 0 OR excluded.started < sessions.started) "
    "THEN excluded.started ELSE sessions.started END, "
    "stopped = CASE WHEN excluded.stopped > sessions.stopped THEN excluded.stopped ELSE sessions.stopped END"
)
_COUNT = (
    "INSERT INTO session_minutes (agent, environment, closure, minute, metric, sessions) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (agent, environment, closure, minute, metric) "
    "DO UPDATE SET sessions = session_minutes.sessions + excluded.sessions"
)

_OVER = "INSERT INTO runs (agent, environment, closure, ended, duration, cost, failed) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(slots=True)
class Heard:
    """What one request tells of a session; `cost` is a difference, `told` says of metrics whether it is bad by them."""

    closure: str
    most: int = 0
    failed: bool = False
    cost: int = 0
    told: dict[str, bool] = field(default_factory=dict)
    over: bool = False
    started: int = 0  # epoch milliseconds of its first span, 0 without one
    stopped: int = 0  # and of the end of its last


def session_id(scope: bytes, closure: str, name: str) -> bytes:
    """What a session of one agent and release is kept under; its name is not kept."""
    return sha256(scope + closure.encode() + name.encode()).digest()[:16]


def heard_of(
    spans: Iterable[Span], changed: Iterable[Span], most: Mapping[str, int], bounds: Mapping[str, int] = NO_BOUNDS
) -> dict[bytes, Heard]:
    """What spans tell: of new ones, and of those that count otherwise now. `most` is what a run may cost by closure,
    `bounds` are milliseconds that one may take, by metric."""
    found: dict[bytes, Heard] = {}
    for one in spans:
        if one.session:
            at = found.get(one.session)
            if at is None:
                at = found[one.session] = Heard(one.closure, most.get(one.closure, 0))
            at.cost += one.cost * (one.counted > 0)
            at.failed |= one.broke
            if one.took is not None:
                for metric, bound in bounds.items():
                    at.told[metric] = at.told.get(metric, False) or one.took > bound
            at.started = min(at.started, one.start) if at.started else one.start
            at.stopped = max(at.stopped, one.end)
    for one in changed:
        if one.session and one.session in found:  # one that is over keeps what it was counted with
            found[one.session].cost += one.cost * ((one.counted > 0) - (one.before > 0))
    return found


def hear(tx: Transaction, where: Where, heard: Mapping[bytes, Heard], now_ms: int) -> None:
    """Keep what was heard of sessions."""
    told = _told(tx, [one for one, at in heard.items() if at.told])
    rows: list[Row] = []
    for id_ in sorted(heard):
        at = heard[id_]
        metrics = dict(told.get(id_, {}))
        for metric, bad in at.told.items():  # what was bad once stays bad
            if metric in metrics or len(metrics) < MOST_METRICS:
                metrics[metric] = metrics.get(metric, False) or bad
        said = json.dumps(metrics, sort_keys=True) if at.told else ""
        moment = 0 if at.over else now_ms
        numbers = int(at.failed), bounded(at.cost), at.most
        rows.append((id_, *where, at.closure, now_ms, moment, *numbers, said, at.started, at.stopped))
    tx.many(_HEAR, rows)


def _told(tx: Transaction, ids: Sequence[bytes]) -> dict[bytes, dict[str, bool]]:
    rows = tx.among("SELECT id, told FROM sessions WHERE id IN (?) AND told <> ''", ids)
    return {bytes(id_): json.loads(told) for id_, told in rows}


def any_before(tx: Transaction, before: int) -> bool:
    """Whether there is a session that nothing was heard of since a moment."""
    return tx.one("SELECT 1 FROM sessions WHERE heard < ? LIMIT 1", before) is not None


def end(tx: Transaction, before: int) -> int:
    """Count sessions that nothing was heard of since a moment (epoch milliseconds), BATCH at most; how many it were."""
    rows = tx.all(
        f"DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE heard < ? ORDER BY heard LIMIT ?) "  # noqa: S608
        f"RETURNING {_COLUMNS}",
        *(before, BATCH),
    )
    sums: dict[tuple[str, str, str, int, str], int] = {}
    runs: list[Row] = []
    for _, agent, environment, closure, began, heard, failed, cost, most, told, started, stopped in rows:
        metrics = {"": True, "error": bool(failed)} | ({"cost": cost > most} if most else {})
        for metric, bad in (json.loads(told) if told else {}).items():
            metrics[metric] = metrics.get(metric, False) or bad
        for metric, bad in metrics.items():
            key = (agent, environment, closure, began - began % MINUTE, metric)
            sums[key] = sums.get(key, 0) + bad
        ended = stopped or heard or before
        runs.append((agent, environment, closure, ended, max(stopped - started, 0), cost, int(metrics["error"])))
    tx.many(_OVER, runs)
    tx.many(_COUNT, [(*key, number) for key, number in sorted(sums.items())])
    return len(rows)


def counted(tx: Transaction, agent: str, environment: str, closure: str, since: int, until: int) -> dict[str, int]:
    """Sessions of one release that began in the minutes from `since` to before `until`, all under "", bad by metric.
    A metric that nobody measured is not there; with an empty closure, those of all releases."""
    of, named = ("AND closure = ? ", (closure,)) if closure else ("", ())
    rows = tx.all(
        "SELECT metric, sum(sessions) FROM session_minutes WHERE agent = ? AND environment = ? "  # noqa: S608 - ours
        f"{of}AND minute >= ? AND minute < ? GROUP BY metric",
        *(agent, environment, *named, since - since % MINUTE, until),
    )
    return {metric: int(number) for metric, number in rows}
