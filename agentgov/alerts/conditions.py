"""What is so or not, without any baseline: permits that wait, pauses nobody heard of, calls without a price, reviews
that are late, tags that moved, what does not verify. Reads the store; what the gate knows of itself comes in as
values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from agentgov.alerts.judged import span
from agentgov.alerts.message import moment
from agentgov.model.policies import Signal
from agentgov.runtime.budget_marks import PAUSE, marks_since, said_of
from agentgov.store.port import Transaction


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is so: by which signal, about what (labels), in one sentence, since when (epoch milliseconds), how
    many of it; `observed` is that number where nothing else is, `release` the one that it is about."""

    signal: Signal
    about: Mapping[str, str]
    said: str
    since: int
    count: int
    observed: float | None = None
    baseline: float | None = None
    release: str = ""
    once: bool = False  # it is said, and does not go on


_MOST = 1000
_SAID_MS = 3_600_000  # what a budget reached stands for so long
_UNPRICED_MS = 3_600_000  # a model is without a price for so long after its last call


def waiting_permits(tx: Transaction, after: int, now_ms: int) -> list[Found]:
    """Permits that people are asked for, and that nobody decided for so long (milliseconds)."""
    rows = tx.all(
        "SELECT id, agent, environment, tool, asked FROM permits WHERE state = 'pending' AND needs <> '' "
        "AND asked <= ? AND expires > ? ORDER BY asked LIMIT ?",
        *(now_ms - after, now_ms, _MOST),
    )
    return [
        Found(
            "permit-waiting",
            {"agent": agent, "environment": environment, "permit": id_},
            f"{agent} waits for {span(_whole(now_ms - asked))} for somebody to decide about {tool}",
            asked + after,
            1,
        )
        for id_, agent, environment, tool, asked in rows
    ]


def unpriced_models(tx: Transaction, now_ms: int) -> list[Found]:
    """Models that were called within the hour, and that the price list does not have."""
    rows = tx.all(
        "SELECT agent, environment, subject, spans, since FROM quarantine WHERE reason = 'unpriced' AND last >= ? "
        "ORDER BY agent, environment, subject LIMIT ?",
        *(now_ms - _UNPRICED_MS, _MOST),
    )
    return [
        Found(
            "unpriced",
            {"agent": agent, "environment": environment, "model": model},
            f"{agent} called {model} {spans} times, which has no price: what that costs, nobody counts",
            since,
            int(spans),
        )
        for agent, environment, model, spans, since in rows
    ]


def reached_budgets(tx: Transaction, now_ms: int) -> list[Found]:
    """What budgets reached within the hour: shares of their limits, a limit, a pause on account of it. What the next
    window reaches meanwhile is told of as well, and what the runs of an agent reach once in the hour."""
    found: list[Found] = []
    for mark in marks_since(tx, now_ms - _SAID_MS, _MOST):
        scope, window, _ = mark.bucket.split(" ", 2)
        about = {"metric": f"budget {scope} {window}", "mark": mark.mark}
        if scope != "run":
            about["reached"] = moment(mark.at)
        if scope == "workspace":
            about["workspace"] = mark.agent.partition("/")[0]
        if scope in ("run", "agent") or mark.mark == PAUSE:
            about |= {"agent": mark.agent, "environment": mark.environment}
        found.append(Found("budget", about, said_of(mark), mark.at, 1, mark.used / (mark.most or 1), 1.0, once=True))
    return found


def unheard_pauses(
    tx: Transaction, stop: Callable[[str], tuple[str, int] | None], after: int, now_ms: int
) -> list[Found]:
    """Instances that spoke after a pause of their agent and did not say that they had heard of it in time; `stop` is
    the pause of an agent (its id, and since when), None where it may run."""
    rows = tx.all(
        "SELECT agent, environment, instance, said FROM running WHERE said >= ? ORDER BY agent, environment LIMIT ?",
        *(now_ms - 600_000 - after, 50 * _MOST),
    )
    late: dict[tuple[str, str, str, int], list[str]] = {}
    stops: dict[str, tuple[str, int] | None] = {}
    for agent, environment, instance, said in rows:
        if agent not in stops:
            stops[agent] = stop(agent)
        paused = stops[agent]
        if paused is not None and said > paused[1] and now_ms - paused[1] > after:
            late.setdefault((agent, environment, *paused), []).append(instance)
    found: list[Found] = []
    for (agent, environment, pause, since), instances in late.items():
        heard = {
            row[0]
            for row in tx.all(
                "SELECT instance FROM acknowledged WHERE pause = ? AND agent = ? AND environment = ?",
                *(pause, agent, environment),
            )
        }
        rest = [one for one in instances if one not in heard]
        if rest:
            said = f"{len(rest)} of {len(instances)} instances of {agent} still run, and did not say that they stop"
            about = {"agent": agent, "environment": environment}
            found.append(Found("pause-unacknowledged", about, said, since + after, len(rest)))
    return found


def faults(broken: Mapping[str, str], unsound: Iterable[str], journal: str, now_ms: int) -> list[Found]:
    """What does not verify: trees of the ledger, sums of budgets, the journal (why not, "" where it does)."""
    found = [
        Found("verification", {"metric": f"ledger {tree}"}, f"the ledger of {tree} does not verify: {why}", now_ms, 1)
        for tree, why in sorted(broken.items())
    ]
    wrong = tuple(unsound)
    if wrong:
        said = f"budgets do not add up: {wrong[0]}"
        found.append(Found("verification", {"metric": "budgets"}, said, now_ms, len(wrong)))
    if journal:
        found.append(Found("verification", {"metric": "journal"}, f"the journal is not believed: {journal}", now_ms, 1))
    return found


def late_reviews(reviews: Iterable[tuple[str, str]], now_ms: int) -> list[Found]:
    """Agents (with the day of their `lifecycle.reviewBy`) whose day has passed."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    found: list[Found] = []
    for agent, text in reviews:
        day = date.fromisoformat(text)
        if day < today:
            said = f"{agent} was to be reviewed by {text}, {(today - day).days} days ago"
            since = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) + 86_400_000
            found.append(Found("overdue-review", {"agent": agent}, said, since, (today - day).days))
    return found


class Moved(NamedTuple):
    """A tag of an agent that moved or is gone, as the journal has it: since when (epoch milliseconds), and what was
    seen in its place."""

    agent: str
    release: str
    observed: str
    since: int


def moved_tags(moved: Iterable[Moved]) -> list[Found]:
    """Agents that are held because a tag of theirs moved."""
    return [
        Found(
            "moved-tag",
            {"agent": one.agent},
            f"the tag {one.release} moved or is gone (seen: {one.observed}); {one.agent} is held",
            one.since,
            1,
            release=one.release,
        )
        for one in moved
    ]


def _whole(milliseconds: int) -> int:
    return max(milliseconds - milliseconds % 60_000, 60_000)
