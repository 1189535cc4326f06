"""When the windows of budgets begin and end: days and months of a calendar, and slots of rolling windows. Pure.

The windows of a reservation are one text, which its row and its record keep, so that what ends later is booked where it
was set aside: `2026-11-29`, the day on the walls of the agent, its workspace and the fleet; where these differ, all
three of them, `2026-11-29,2026-11-30,2026-11-29`; and a word for each rolling window that stands somewhere on the
chain, `agent/24h/495612`: whose, how long, and in which slot.

A slot is a 24th of a rolling window, on one grid for everybody. All that stands within 24 slots of a moment is counted
at that moment, before and after it; so there is no stretch of that length, whenever it begins and whatever clocks have
done, with more than its limit in it. The price of that: what was spent counts for up to a 24th longer than it has to.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentgov.model.units import parse_duration

Scope = Literal["run", "agent", "workspace", "fleet"]
SCOPES: tuple[Scope, ...] = ("agent", "workspace", "fleet")  # those that have windows of time, from the leaf
SLOTS = 24
_DAY, _HOUR, _MINUTE = 86_400, 3600, 60


class Slot(NamedTuple):
    """A part of a rolling window: of whom, how long the window is, and the number of the slot since the epoch."""

    scope: Scope
    window: str
    number: int


class Windows(NamedTuple):
    """The windows of one moment: the days of agent, workspace and fleet, and the slots of rolling windows."""

    days: tuple[str, str, str]
    slots: tuple[Slot, ...] = ()

    def __str__(self) -> str:
        days = self.days[0] if len(set(self.days)) == 1 else ",".join(self.days)
        return " ".join((days, *(f"{one.scope}/{one.window}/{one.number}" for one in self.slots)))


def windows_at(now_ms: int, zones: Mapping[Scope, tzinfo], rolling: Mapping[Scope, tuple[int, ...]]) -> Windows:
    """Those of a moment; `rolling` are lengths in seconds."""
    days: dict[tzinfo, str] = {}
    for scope in SCOPES:
        zone = zones.get(scope, UTC)
        if zone not in days:
            days[zone] = day_of(now_ms, zone)
    agent, workspace, fleet = (days[zones.get(scope, UTC)] for scope in SCOPES)
    slots = (
        Slot(scope, window_name(seconds), slot_at(now_ms, seconds))
        for scope in SCOPES
        for seconds in rolling.get(scope, ())
    )
    return Windows((agent, workspace, fleet), tuple(slots))


@lru_cache(maxsize=4096)
def parsed(text: str) -> Windows:
    """What a text says that `str` of windows has made."""
    first, *words = text.split(" ")
    days = first.split(",")
    agent, workspace, fleet = days * 3 if len(days) == 1 else days
    parts = (word.split("/") for word in words)
    return Windows(
        (agent, workspace, fleet), tuple(Slot(cast(Scope, one), two, int(three)) for one, two, three in parts)
    )


def window_name(seconds: int) -> str:
    """How a rolling window is called, whichever way its length was written: `90m`, `24h`, `7d`."""
    if seconds > 2 * _DAY and seconds % _DAY == 0:
        return f"{seconds // _DAY}d"
    return f"{seconds // _HOUR}h" if seconds % _HOUR == 0 else f"{seconds // _MINUTE}m"


def slot_at(now_ms: int, seconds: int) -> int:
    """The number of the slot in which a moment is."""
    return now_ms * SLOTS // (seconds * 1000)


def slots_beside(number: int) -> Iterator[int]:
    """The slots that count together with one: those of every stretch that it is in."""
    yield from range(number - SLOTS, number)
    yield from range(number + 1, number + SLOTS + 1)


def slot_ends(window: str, number: int) -> int:
    """When a slot of a rolling window is over (epoch milliseconds)."""
    return -(-(number + 1) * parse_duration(window) * 1000 // SLOTS)


def day_of(now_ms: int, zone: tzinfo = UTC) -> str:
    """The day on the wall of a time zone."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date().isoformat()


def day_begins(day: str, zone: tzinfo = UTC) -> int:
    """When a day begins (epoch milliseconds); where clocks jump over midnight, when they do."""
    at = date.fromisoformat(day)
    return int(datetime(at.year, at.month, at.day, tzinfo=zone).timestamp() * 1000)


def day_ends(day: str, zone: tzinfo = UTC) -> int:
    """When a day is over (epoch milliseconds): the next one begins."""
    return day_begins(date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat(), zone)


def month_begins(day: str, zone: tzinfo = UTC) -> int:
    """When the month of a day begins (epoch milliseconds)."""
    return day_begins(f"{day[:7]}-01", zone)


def month_ends(day: str, zone: tzinfo = UTC) -> int:
    """When the month of a day is over (epoch milliseconds)."""
    at = date.fromisoformat(day)
    following = date(at.year + at.month // 12, at.month % 12 + 1, 1)
    return day_begins(following.isoformat(), zone)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """A time zone by its name, None where this machine knows none of it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
