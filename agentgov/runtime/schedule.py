"""Is an agent inside its schedule: five fields of crontab(5) on the wall clock of a time zone.

A time of the schedule opens the gate until the next one, and at most to the end of its hour: `*/15 8-18 * * 1-5` is
open from 8:00 to 18:59, `30 9 * * *` from 9:30 to 9:59. Minutes that follow one another count each for itself, so
`0-29 9 * * *` ends at 9:29. No hour, day or month that the schedule does not name is ever open. A time that the clock
shows twice is open twice. What cannot be read is never open.
"""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentgov.model.agent import Schedule
from agentgov.model.recurrence import RecurrenceError, cron_times

_HOUR = timedelta(hours=1)


def is_open(schedule: Schedule, now_ms: int) -> bool | None:
    """Whether an agent may run at a moment (epoch milliseconds); None where the schedule cannot be read."""
    zone = _zone(schedule.tz)
    if zone is None:
        return None
    wall = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(zone).replace(tzinfo=None)
    minutes = _open_minutes(schedule.cron, wall.replace(minute=0, second=0, microsecond=0))
    return None if minutes is None else wall.minute in minutes


@lru_cache(maxsize=1024)
def _open_minutes(cron: str, hour: datetime) -> frozenset[int] | None:
    """Which minutes of an hour of the wall clock are open."""
    times: list[int] = []
    try:
        for found in cron_times(cron, hour):
            if found >= hour + _HOUR:
                break
            times.append(found.minute)
    except RecurrenceError:
        return None
    if not times:
        return frozenset()
    given, opened = frozenset(times), set(times)
    for at, after in zip(times, [*times[1:], 60], strict=True):
        if at - 1 not in given:
            opened.update(range(at, after))
    return frozenset(opened)


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
