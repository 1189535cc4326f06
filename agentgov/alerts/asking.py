"""What the rules make of one agent now, asked anew from the store: which fires, and what holds back others.

The same detectors as those that look every fifteen seconds, over the same state; nothing is changed by asking.
"""

from collections.abc import Mapping, Sequence

from agentgov.alerts import sensed
from agentgov.alerts.evaluating import Evaluating, Known
from agentgov.alerts.judged import Judged
from agentgov.alerts.sensed import News, State, Where
from agentgov.alerts.watched import Watched
from agentgov.store.port import Transaction

_SERIES = {"call": "calls", "asked": "tool"}  # what the gate counts, by the series that rules are on
Seen = tuple[str, str, Judged]  # environment, rule, and what its detector says


def ask(
    tx: Transaction, rules: Sequence[Watched], known: Mapping[Where, Known], now_ms: int, rule: str = ""
) -> list[Seen]:
    """The answers of all rules, or of one, about the places of one agent. Empty where nothing was ever heard of it."""
    row = tx.one("SELECT run, minute FROM sensing WHERE id = 1")
    run, minute = (int(row[0]), int(row[1])) if row is not None else (0, 0)
    asking = Evaluating("")
    asking.rules = tuple(watch for watch in rules if rule in ("", watch.name))
    states = sensed.read_states(tx, known)
    asking.begin(states)
    found: list[Seen] = []
    for where in sorted(known):
        if states.get(where, State()).last == 0:
            continue
        asking.load(where, sensed.read_windows(tx, where, run, minute, asking.longest, now_ms))
        asking.look([where], News(run, minute, minute), known, now_ms)
        found += [one for one in asking.answers(where[0]) if one[0] == where[1]]
    return found


def never_fed(tx: Transaction, agents: Sequence[str], since: int) -> dict[str, frozenset[str]]:
    """Which series each agent never had since a moment: `runs`, `calls`, `tool`, `model`, `domain`, `money`. A rule on
    one of them is inert, whatever it says."""
    runs = {row[0] for row in tx.all("SELECT DISTINCT agent FROM runs WHERE ended >= ?", since)}
    used: dict[str, set[str]] = {}
    for agent, kind, cost in tx.all(
        "SELECT agent, kind, max(cost) FROM usage_minutes WHERE minute >= ? GROUP BY agent, kind", since
    ):
        used.setdefault(agent, set()).update({kind} | ({"money"} if cost else set()))
    for agent, kind in tx.all("SELECT DISTINCT agent, kind FROM sensed_minutes WHERE minute >= ?", since):
        series = str(kind).partition(" ")[0]
        used.setdefault(agent, set()).add(_SERIES.get(series, series))
    every = {"runs", "calls", "tool", "model", "domain", "money"}
    return {one: frozenset(every - used.get(one, set()) - ({"runs"} if one in runs else set())) for one in agents}
