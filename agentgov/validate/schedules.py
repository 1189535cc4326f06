"""Can the times in a fleet come: schedules of agents (crontab(5)), recurrences of freezes, and their time zones.

Only whether they can be read and ever hold, never when: that is asked at run time. The same on every machine and day.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache

from agentgov.model import guess
from agentgov.model.finding import Finding
from agentgov.model.pipeline import Freeze
from agentgov.model.recurrence import problem
from agentgov.validate.view import Subject, View

_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
_FIELDS = {
    "minute": ("minute", "0 to 59"),
    "hour": ("hour", "0 to 23"),
    "day-of-month": ("day of the month", "1 to 31"),
    "month": ("month", "1 to 12 or JAN to DEC"),
    "day-of-week": ("day of the week", "0 to 7 or SUN to SAT"),
}
_NEVER = "nothing runs under it: there is no such day in these months"


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """The schedule of an agent, and what its environments change of it."""
    spec, file = subject.agent.spec, subject.file
    if spec.schedule is not None:
        yield from _check(view, file, "/spec/schedule", spec.schedule.cron, spec.schedule.tz)
    for name, patch in spec.environments.items():
        patched = patch.get("schedule") or {}
        pointer = f"/spec/environments/{name}/schedule"
        yield from _check(view, file, pointer, patched.get("cron"), patched.get("tz"))


def _check(view: View, file: str, pointer: str, cron: str | None, zone: str | None) -> Iterator[Finding]:
    why = cron_problem(cron) if cron else ""
    if why:
        fix = "write a time that comes, such as 0 8 * * 1-5"
        yield view.at("content.schedule", file, f"{pointer}/cron", f"{cron} is no schedule: {why}", fix)
    if zone:
        yield from check_zone(view, file, f"{pointer}/tz", zone)


def check_zone(view: View, file: str, pointer: str, zone: str) -> Iterator[Finding]:
    """Whether there is a time zone of this name."""
    if found := zone_problem(zone):
        yield view.at("content.unknown-zone", file, pointer, *found)


def zone_problem(zone: str) -> tuple[str, str] | None:
    """That there is no time zone of this name, and what may have been meant; None where there is one."""
    if zone in time_zones():
        return None
    return f"there is no time zone {zone}", guess.question(zone, sorted(time_zones())) or "write it like Europe/Paris"


def check_recurrence(view: View, file: str, pointer: str, freeze: Freeze) -> Iterator[Finding]:
    """Whether a freeze that recurs can be read, and ever holds; what cannot be read counts as frozen."""
    why = problem(freeze.when, UTC)
    if why:
        message = f"nobody can tell when the freeze {freeze.name} holds: {why}"
        fix = "write it like FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=20"
        yield view.at("content.freeze", file, pointer, message, fix)


def check_cron(view: View, file: str, pointer: str, freeze: Freeze) -> Iterator[Finding]:
    """Whether the cron line of a freeze can be read, and ever holds."""
    why = cron_problem(freeze.cron)
    if why:
        message = f"nobody can tell when the freeze {freeze.name} holds: {why}"
        yield view.at("content.freeze", file, pointer, message, "write a time that comes, such as 0 16 * * FRI")


@lru_cache(maxsize=1024)
def cron_problem(cron: str) -> str:
    """Why five fields of crontab(5) are no schedule, or one that never holds; empty where they are one that does."""
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(cron, _SINCE))
    except StopIteration:
        return _NEVER
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        if field == "day-of-month" and not _bad_days(cron):
            return _NEVER
        name, range_of = _FIELDS.get(field, ("", ""))
        return f"its {name} cannot be read, which is {range_of}" if name else "it has not five fields"
    except (ValueError, TypeError, AssertionError, ArithmeticError):
        return "it cannot be read"
    return ""


def _bad_days(cron: str) -> bool:
    """Whether the days of the month are wrong by themselves, and not only in the months that are named."""
    from cronsim import CronSim, CronSimError

    minute, hour, days, _, weekday = cron.split()
    try:
        CronSim(f"{minute} {hour} {days} * {weekday}", _SINCE)
    except CronSimError:
        return True
    return False


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA time zone database, from the package tzdata and never from the machine."""
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())
