"""When a freeze recurs: one recurrence rule (RFC 5545, section 3.3.10), or five fields of crontab(5), on a wall clock,
within bounds that are told.

Who validates a pipeline and who is held up by it read a rule here, so both understand the same rules. Reads no clock.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

ANCHOR = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock time, its zone is the freeze's
_RULE = re.compile(r"(?:RRULE:)?[A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*\Z")
_LONGEST = 500
_MOST = 10_000
# Finer frequencies, and filters under which a daily or weekly rule may never match, cost seconds to find that out.
_FREQUENCIES = {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}
_SPARSE = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER"}


class RecurrenceError(ValueError):
    """The rule cannot be understood, or never holds; the message is one plain clause."""


def occurrences(rule: str, first: datetime, zone: tzinfo) -> Iterator[datetime]:
    """When a rule holds from a wall clock time on, in order, without zone; RecurrenceError where it is not understood
    or never holds."""
    parts = _parts(rule)
    # python-dateutil wants a zone of the start where UNTIL is in UTC, and none where it is not.
    start = first.replace(tzinfo=zone) if parts.get("UNTIL", "").endswith("Z") else first
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped, unused-ignore]

    occurs = False
    try:
        for found in rrulestr(rule, dtstart=start):
            occurs = True
            yield found.replace(tzinfo=None)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise RecurrenceError(str(error) or "`when` is not a recurrence rule") from error
    if not occurs:
        raise RecurrenceError("it never occurs")


def cron_times(cron: str, first: datetime) -> Iterator[datetime]:
    """When five fields of crontab(5) hold from a wall clock time on, in order, without zone; RecurrenceError where they
    are not understood or never hold. A zone would make cronsim skip and double times by rules of its own."""
    from cronsim import CronSim, CronSimError

    occurs = False
    try:
        for found in CronSim(cron, first - timedelta(minutes=1)):
            occurs = True
            yield found
    except (CronSimError, ValueError, TypeError, AssertionError, ArithmeticError) as error:
        raise RecurrenceError(str(error) or "`cron` is not five fields") from error
    if not occurs:
        raise RecurrenceError("it never occurs")


@lru_cache(maxsize=256)
def problem(rule: str, zone: tzinfo) -> str:
    """Why nobody can tell when a rule holds that counts from 2000 on; empty where it can be told."""
    try:
        next(occurrences(rule, ANCHOR, zone))
    except RecurrenceError as error:
        return str(error)
    return ""


def _parts(rule: str) -> dict[str, str]:
    """The parts of what is one rule, and one that takes no time to answer."""
    if len(rule) > _LONGEST:
        raise RecurrenceError(f"`when` is longer than {_LONGEST} characters")
    if _RULE.match(rule) is None:
        raise RecurrenceError("`when` is not a recurrence rule")
    parts = dict(part.split("=", 1) for part in rule.removeprefix("RRULE:").split(";"))
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise RecurrenceError("a freeze recurs daily, weekly, monthly or yearly")
    if re.fullmatch(r"0*[1-9]\d{0,3}", parts.get("INTERVAL", "1"), re.ASCII) is None:
        raise RecurrenceError("INTERVAL is a number from 1 to 9999")
    count = parts.get("COUNT", "1")
    if re.fullmatch(r"0*[1-9]\d{0,4}", count, re.ASCII) is None or int(count) > _MOST:
        raise RecurrenceError(f"COUNT is a number from 1 to {_MOST}")
    if frequency in ("DAILY", "WEEKLY") and _SPARSE & set(parts):
        raise RecurrenceError("a daily or weekly freeze is narrowed by BYDAY and BYMONTH only")
    return parts
