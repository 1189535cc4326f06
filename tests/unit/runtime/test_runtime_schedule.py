"""When a schedule is open: hours and days as they are named, minutes until the next time, on the zone's wall clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agentgov.model.agent import Schedule
from agentgov.runtime.schedule import is_open

PARIS = "Europe/Paris"


def _at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("cron", "when", "expected"),
    [
        ("*/15 8-18 * * 1-5", "2026-11-30T08:00:00", True),  # a Monday
        ("*/15 8-18 * * 1-5", "2026-11-30T08:07:59", True),
        ("*/15 8-18 * * 1-5", "2026-11-30T08:22:00", True),
        ("*/15 8-18 * * 1-5", "2026-11-30T18:59:59", True),
        ("*/15 8-18 * * 1-5", "2026-11-30T19:00:00", False),
        ("*/15 8-18 * * 1-5", "2026-11-30T07:59:59", False),
        ("*/15 8-18 * * 1-5", "2026-11-29T10:00:00", False),  # a Sunday
        ("* * * * *", "2026-11-29T10:31:00", True),
        ("30 9 * * *", "2026-11-30T09:29:59", False),
        ("30 9 * * *", "2026-11-30T09:30:00", True),
        ("30 9 * * *", "2026-11-30T09:59:59", True),
        ("30 9 * * *", "2026-11-30T10:00:00", False),
        ("0-29 9 * * *", "2026-11-30T09:29:59", True),
        ("0-29 9 * * *", "2026-11-30T09:30:00", False),
        ("0 0 1 1 *", "2026-11-30T00:00:00", False),
        ("0 0 1 1 *", "2027-01-01T00:59:00", True),
        ("0 9 * * MON#1", "2026-12-07T09:10:00", True),
        ("0 9 * * MON#1", "2026-11-30T09:10:00", False),
    ],
)
def test_a_schedule_is_open_from_its_times_on(cron: str, when: str, expected: bool) -> None:
    assert is_open(Schedule(cron=cron), _at(when)) is expected


def test_the_clock_is_that_of_the_zone() -> None:
    schedule = Schedule(cron="0 9 * * *", tz=PARIS)
    assert is_open(schedule, _at("2026-07-01T09:10:00", PARIS)) is True
    assert is_open(schedule, _at("2026-07-01T09:10:00")) is False
    assert is_open(schedule, _at("2026-07-01T07:10:00")) is True  # summer time
    assert is_open(schedule, _at("2026-12-01T08:10:00")) is True


def test_an_hour_that_the_clock_shows_twice_is_open_twice() -> None:
    schedule = Schedule(cron="0-29 2 * * *", tz=PARIS)
    for fold in (0, 1):
        assert is_open(schedule, _at("2026-10-25T02:10:00", PARIS, fold)) is True
        assert is_open(schedule, _at("2026-10-25T02:40:00", PARIS, fold)) is False


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(cron="0 0 31 2 *"),
        Schedule(cron="* * *"),
        Schedule(cron="x y z a b"),
        Schedule(cron="* * * * *", tz="Mars/Olympus"),
        Schedule(cron="* * * * *", tz="../../etc/passwd"),
    ],
)
def test_what_cannot_be_read_is_never_open(schedule: Schedule) -> None:
    assert is_open(schedule, _at("2026-11-30T09:00:00")) is None
