"""When a group of alerts speaks, and about what. Pure: values in, a moment and a message out.

After Alertmanager's dispatch and notification log (`dispatch/dispatch.go`, `notify/notify.go`), with one difference:
there a repeat is only looked for when a group is flushed, so that it comes late by up to a group_interval; here it is
due exactly `repeat` after the last message.

  never told yet    `wait` after the oldest alert of the group was taken
  something new     `interval` after the last message, at once where that is over: an alert that was not told, or the
                    end of one that was
  nothing new       `repeat` after the last message, as long as something fires that people know of
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from agentgov.alerts.routing import Timing

Why = Literal["first", "changed", "resolved", "repeat"]


@dataclass(frozen=True, slots=True)
class Member:
    """An alert as a group sees it: its number, and when it was taken."""

    id: int
    taken: int


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that one message tells of, and what was told of them; `sent` is 0 while nothing was."""

    route: str
    label: str
    sent: int = 0
    turn: int = 0
    told: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """When a group speaks next, and why."""

    at: int
    why: Why


@dataclass(frozen=True, slots=True)
class Words:
    """What a group says now: the alerts that fire, those among them that are new, those that are over; and the group
    as it is after that, None where it is over."""

    why: Why
    firing: tuple[int, ...]
    fresh: tuple[int, ...]
    over: tuple[int, ...]
    after: Group | None


def next_due(
    group: Group, firing: Iterable[Member], standing: frozenset[int], timing: Timing, *, resolved: bool, waiting: bool
) -> Due | None:
    """When a group speaks next, None where it has nothing to say.

    `firing` are those that nothing mutes, `standing` all that go on, muted or not: that a muted one is over is told,
    since people were told that it began. `resolved`: whether the route tells ends at all. `waiting`: a message of this
    group has not arrived yet, so that repeating it makes no sense.
    """
    members = tuple(firing)
    ids = frozenset(one.id for one in members)
    if not group.sent:
        return Due(min(one.taken for one in members) + timing.wait, "first") if members else None
    over = group.told - standing
    if ids - group.told or (over and resolved):
        ends = not ids and not group.told & standing
        return Due(group.sent + timing.interval, "resolved" if ends else "changed")
    if ids and timing.repeat and not waiting:
        return Due(group.sent + timing.repeat, "repeat")
    return None


def speak(group: Group, why: Why, firing: Iterable[Member], standing: frozenset[int], now_ms: int) -> Words:
    """What a group says at a moment, and the group after that."""
    ids = frozenset(one.id for one in firing)
    over = group.told - standing
    told = (group.told & standing) | ids
    after = Group(group.route, group.label, now_ms, group.turn + 1, told) if told else None
    return Words(why, tuple(sorted(ids)), tuple(sorted(ids - group.told)), tuple(sorted(over)), after)


def settled(group: Group, standing: frozenset[int]) -> Group | None:
    """A group of a route that does not tell ends: without those that are over, None where nothing is left of it."""
    told = group.told & standing
    return Group(group.route, group.label, group.sent, group.turn, told) if told else None


def message_id(group: Group, words: Words) -> str:
    """The id of a message: the same for all who would say the same, so that nobody is told twice under two names."""
    said = (group.route, group.label, str(group.turn), words.why, str(words.firing), str(words.over))
    return sha256("\0".join(said).encode()).hexdigest()[:32]
