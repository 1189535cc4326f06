"""Whether one schedule certainly holds fewer times than another: cron fields as sets, in the same time zone.

Five fields of numbers, ranges, steps and lists (crontab(5)); nothing else is compared, and "not certain"
is always no.
"""

import re

from agentgov.model.agent import Schedule

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day of the month, month, day of the week
_DAYS = (2, 4)
_PART = re.compile(r"(\*|[0-9]{1,2})(?:-([0-9]{1,2}))?(?:/([0-9]{1,2}))?")


def narrower(old: Schedule, new: Schedule) -> bool:
    """Whether every time of the new schedule is one of the old one."""
    before, after = _sets(old.cron), _sets(new.cron)
    if before is None or after is None or old.tz != new.tz or _starred(old) != _starred(new):
        return False
    return all(one <= other for one, other in zip(after, before, strict=True))


def _starred(schedule: Schedule) -> list[bool]:
    """Which of the two fields of days says "any": where neither does, a day needs to fit only one of them."""
    fields = schedule.cron.split()
    return [fields[index].startswith("*") for index in _DAYS]


def _sets(cron: str) -> list[frozenset[int]] | None:
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        return None
    found = [_set(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True)]
    known = [one for one in found if one]
    return known if len(known) == len(found) else None


def _set(field: str, low: int, high: int) -> frozenset[int]:
    """The numbers of a field; none where it is not understood."""
    found: set[int] = set()
    for part in field.split(",")[: high + 1]:
        match = _PART.fullmatch(part)
        if match is None or (match[1] == "*" and match[2]):
            return frozenset()
        start = low if match[1] == "*" else int(match[1])
        stop = high if match[1] == "*" or (match[3] and not match[2]) else int(match[2] or match[1])
        step = int(match[3] or 1)
        if not (low <= start <= stop <= high and step):
            return frozenset()
        found.update(range(start, stop + 1, step))
    return frozenset(number % 7 if high == 7 else number for number in found)
