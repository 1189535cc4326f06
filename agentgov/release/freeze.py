"""When nothing automatic raises risk: is a moment inside one of the pipeline's freezes, and when do they end.

A freeze is `start` and `end` (RFC 3339 dates, the last day included, or date-times), or a `duration` from every time of
a recurrence `when` (RFC 5545) or of a `cron` (crontab(5)). Times stand on the wall clock of `tz`: one that the clock
skips is when it goes on (RFC 5545 leaves such a time out, and cron does not; a freeze that is left out would let
through what it was to stop), one that it shows twice is the first. A duration elapses, whatever the clock does. A
recurrence without `start` counts from Saturday 2000-01-01, 00:00. A freeze that cannot be understood counts as frozen:
cannot tell is no.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from agentgov.model.pipeline import Freeze
from agentgov.model.recurrence import ANCHOR, cron_times, occurrences
from agentgov.model.units import parse_duration

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(Z|z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_MAX_OCCURRENCES = 50_000
_MOST_SPANS = 50  # that one may join another before nobody is told when they end
_BUCKET = 1 << 22  # seconds, some seven weeks: what begins or lasts in them is looked up once
_SLACK = timedelta(days=2)  # more than any zone is off, and than any ever skipped

Span = tuple[int, int]  # from, to; epoch seconds, the end not included


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


def freeze_end(freezes: Iterable[Freeze], now: int) -> int | None:
    """When the freezes that hold at a moment are over, also those that begin before another ends; 0 where none holds,
    None where that cannot be told."""
    every, until = tuple(freezes), now
    try:
        for _ in range(_MOST_SPANS):
            later = max((end for freeze in every for end in _ends(freeze, until)), default=until)
            if later == until:
                return until if until > now else 0
            until = later
    except FreezeError:
        pass
    return None


def is_frozen(freeze: Freeze, now: int) -> bool:
    """Whether one freeze holds at a moment; FreezeError where that cannot be told."""
    return any(True for _ in _ends(freeze, now))


def _ends(freeze: Freeze, now: int) -> Iterator[int]:
    """The ends of all times of a freeze that hold at a moment."""
    try:
        spans = _spans(freeze, now // _BUCKET)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError) as error:
        raise FreezeError(f"the freeze {freeze.name} cannot be understood: {error}") from error
    return (end for began, end in spans if began <= now < end)


@lru_cache(maxsize=256)
def _spans(freeze: Freeze, bucket: int) -> tuple[Span, ...]:
    """All times of a freeze that hold at some moment of a bucket."""
    zone = _zone(freeze.tz)
    if not freeze.when and not freeze.cron:
        return ((_moment(freeze.start, zone), _moment(freeze.end, zone, is_end=True)),)
    return tuple(_recurring(freeze, zone, bucket * _BUCKET, (bucket + 1) * _BUCKET))


def _recurring(freeze: Freeze, zone: tzinfo, low: int, high: int) -> Iterator[Span]:
    length = parse_duration(freeze.duration)
    last = _moment(freeze.end, zone, is_end=True) if freeze.end else None
    latest = _wall(high, zone) + _SLACK
    earliest = _wall(max(low - length, 0), zone) - _SLACK
    for count, occurrence in enumerate(_times(freeze, zone, earliest)):
        if count >= _MAX_OCCURRENCES:
            raise FreezeError("it recurs too often")
        if occurrence > latest:
            return
        if occurrence < earliest:
            continue
        began = _instant(occurrence, zone)
        if began < high and low < began + length and (last is None or began < last):
            yield began, began + length


def _times(freeze: Freeze, zone: tzinfo, earliest: datetime) -> Iterator[datetime]:
    """When a freeze begins, as wall clock times in order; a recurrence from its own start on, which decides what is
    every other week."""
    first = _wall(_moment(freeze.start, zone), zone) if freeze.start else ANCHOR
    if not freeze.cron:
        return occurrences(freeze.when, first, zone)
    return cron_times(freeze.cron, max(first, earliest))


def _wall(moment: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: tzinfo) -> int:
    """Epoch seconds of a wall clock time: the first of two, and where there is none when the clock goes on (PEP 495:
    between what both readings of such a time say lies the moment at which it skipped it)."""
    here = wall.replace(tzinfo=zone)
    first, second = int(here.timestamp()), int(here.replace(fold=1).timestamp())
    if first <= second:  # the time exists
        return first
    low, high = second, first  # before the skip, after it
    while high - low > 1:
        middle = (low + high) // 2
        if _wall(middle, zone) > wall:
            high = middle
        else:
            low = middle
    return high


def _moment(text: str, zone: tzinfo, is_end: bool = False) -> int:
    """Epoch seconds of a date or date-time, on the zone's wall clock if it has no offset; an end date counts whole."""
    if _DATE.match(text):
        day = date.fromisoformat(text) + timedelta(days=1 if is_end else 0)
        return _instant(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a wall clock time
    if _DATE_TIME.match(text) is None:
        raise FreezeError(f"{text!r} is neither a date nor a date-time")
    found = datetime.fromisoformat(text.upper())
    return int(found.timestamp()) if found.tzinfo else _instant(found, zone)


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FreezeError(f"there is no time zone {name!r}") from error
