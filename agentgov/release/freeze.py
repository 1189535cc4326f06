"""When nothing automatic raises risk: is a moment inside one of the pipeline's freezes.

A freeze is `start` and `end` (RFC 3339 dates, the last day included, or date-times), or an RFC 5545 recurrence `when`
with a `duration`, on the wall clock of `tz`. A freeze that cannot be understood counts as frozen: cannot tell is no.
A recurrence without `start` counts from Saturday 2000-01-01, 00:00.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from agentgov.model.pipeline import Freeze
from agentgov.model.units import parse_duration

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(Z|z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_RULE = re.compile(r"(?:RRULE:)?[A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*\Z")
_ANCHOR = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock time, its zone is the freeze's
_MAX_OCCURRENCES = 50_000
# Finer frequencies, and filters under which a daily or weekly rule may never match, cost seconds to find that out.
_FREQUENCIES = {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}
_SPARSE = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER"}


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
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped, unused-ignore]

    is_aware = _check_rule(freeze.when)
    length = parse_duration(freeze.duration)
    first = datetime.fromtimestamp(_moment(freeze.start, zone), zone).replace(tzinfo=None) if freeze.start else _ANCHOR
    last = _moment(freeze.end, zone, is_end=True) if freeze.end else None
    local, day = datetime.fromtimestamp(now, zone).replace(tzinfo=None), timedelta(days=1)
    rule = rrulestr(freeze.when, dtstart=first.replace(tzinfo=zone) if is_aware else first)
    occurs = False
    for count, found in enumerate(rule):
        occurs, occurrence = True, found.replace(tzinfo=None)
        if count >= _MAX_OCCURRENCES:
            raise FreezeError("it recurs too often")
        if occurrence > local + day:
            return False
        if occurrence + timedelta(seconds=length) < local - day:
            continue
        began = int(occurrence.replace(tzinfo=zone).timestamp())
        if began <= now < began + length and (last is None or began < last):
            return True
    if not occurs:
        raise FreezeError("it never occurs")
    return False


def _check_rule(rule: str) -> bool:
    """Refuses what is not one recurrence rule, or one that could take long to answer. Returns whether its UNTIL is in
    UTC, which python-dateutil then wants of the start too."""
    if _RULE.match(rule) is None:
        raise FreezeError("`when` is not a recurrence rule")
    parts = dict(part.split("=", 1) for part in rule.removeprefix("RRULE:").split(";"))
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise FreezeError("a freeze recurs daily, weekly, monthly or yearly")
    if re.fullmatch(r"0*[1-9]\d{0,3}", parts.get("INTERVAL", "1"), re.ASCII) is None:
        raise FreezeError("INTERVAL is a number from 1 to 9999")
    if frequency in ("DAILY", "WEEKLY") and _SPARSE & set(parts):
        raise FreezeError("a daily or weekly freeze is narrowed by BYDAY and BYMONTH only")
    return parts.get("UNTIL", "").endswith("Z")


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
