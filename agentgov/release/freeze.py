"""When nothing automatic raises risk: is a moment inside one of the pipeline's freezes.

A freeze is `start` and `end` (RFC 3339 dates, the last day included, or date-times), or an RFC 5545 recurrence `when`
with a `duration`, on the wall clock of `tz`. A freeze that cannot be understood counts as frozen: cannot tell is no.
A recurrence without `start` counts from Saturday 2000-01-01, 00:00.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from agentgov.model.pipeline import Freeze
from agentgov.model.recurrence import ANCHOR, occurrences
from agentgov.model.units import parse_duration

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(Z|z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_MAX_OCCURRENCES = 50_000


class FreezeError(ValueError):
    """The freeze cannot be understood; the message is one plain sentence."""


def frozen_by(freezes: Iterable[Freeze], now: int) -> str:
    """The name of the first freeze that holds at a moment (epoch seconds), "" where none does."""
    for freeze in freezes:
        try:
            if is_frozen(freeze, now):
                return freeze.name
        except FreezeError:
            return freeze.name
    return ""


def is_frozen(freeze: Freeze, now: int) -> bool:
    """Whether one freeze holds at a moment; FreezeError where that cannot be told."""
    try:
        zone = _zone(freeze.tz)
        if not freeze.when:
            return _moment(freeze.start, zone) <= now < _moment(freeze.end, zone, is_end=True)
        return _in_recurrence(freeze, zone, now)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError) as error:
        raise FreezeError(f"the freeze {freeze.name} cannot be understood: {error}") from error


def _in_recurrence(freeze: Freeze, zone: tzinfo, now: int) -> bool:
    """Whether an occurrence began at most one duration ago. Occurrences are wall clock times; the duration elapses."""
    length = parse_duration(freeze.duration)
    first = datetime.fromtimestamp(_moment(freeze.start, zone), zone).replace(tzinfo=None) if freeze.start else ANCHOR
    last = _moment(freeze.end, zone, is_end=True) if freeze.end else None
    local, day = datetime.fromtimestamp(now, zone).replace(tzinfo=None), timedelta(days=1)
    for count, occurrence in enumerate(occurrences(freeze.when, first, zone)):
        if count >= _MAX_OCCURRENCES:
            raise FreezeError("it recurs too often")
        if occurrence > local + day:
            return False
        if occurrence + timedelta(seconds=length) < local - day:
            continue
        began = int(occurrence.replace(tzinfo=zone).timestamp())
        if began <= now < began + length and (last is None or began < last):
            return True
    return False


def _moment(text: str, zone: tzinfo, is_end: bool = False) -> int:
    """Epoch seconds of a date or date-time, on the zone's wall clock if it has no offset; an end date counts whole."""
    if _DATE.match(text):
        day = date.fromisoformat(text) + timedelta(days=1 if is_end else 0)
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
    if _DATE_TIME.match(text) is None:
        raise FreezeError(f"{text!r} is neither a date nor a date-time")
    found = datetime.fromisoformat(text.upper())
    return int((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp())


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FreezeError(f"there is no time zone {name!r}") from error
