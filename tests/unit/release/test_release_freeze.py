"""When the fleet is frozen."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agentgov.model.pipeline import Freeze
from agentgov.release.freeze import frozen_by


def at(text: str, zone: str = "UTC") -> int:
    """Epoch seconds of a wall clock time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def is_on(freeze: Freeze, text: str, zone: str = "UTC") -> bool:
    return frozen_by([freeze], at(text, zone)) == freeze.name


DATES = Freeze(name="year-end", start="2026-12-20", end="2027-01-02", tz="Europe/Paris")
TIMES = Freeze(name="peak", start="2025-11-24T00:00:00", end="2025-12-02T06:00:00", tz="America/New_York")
OFFSETS = Freeze(name="launch", start="2026-03-01T12:00:00+02:00", end="2026-03-01t11:00:00z")
YEARLY = Freeze(name="year-end", when="FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=22", duration="12d", tz="America/New_York")
WEEKEND = Freeze(name="weekend", when="FREQ=WEEKLY;BYDAY=FR;BYHOUR=17", duration="63h", tz="Europe/Paris")


@pytest.mark.parametrize(
    ("freeze", "text", "zone", "frozen"),
    [
        (DATES, "2026-12-19T23:59:59", "Europe/Paris", False),
        (DATES, "2026-12-20T00:00:00", "Europe/Paris", True),
        (DATES, "2027-01-02T23:59:59", "Europe/Paris", True),
        (DATES, "2027-01-03T00:00:00", "Europe/Paris", False),
        (TIMES, "2025-11-24T00:00:00", "America/New_York", True),
        (TIMES, "2025-11-24T00:00:00", "UTC", False),
        (TIMES, "2025-12-02T06:00:00", "America/New_York", False),
        (OFFSETS, "2026-03-01T10:00:00", "UTC", True),
        (OFFSETS, "2026-03-01T11:00:00", "UTC", False),
        (YEARLY, "2026-12-21T23:59:59", "America/New_York", False),
        (YEARLY, "2026-12-22T00:00:00", "America/New_York", True),
        (YEARLY, "2027-01-02T23:59:59", "America/New_York", True),
        (YEARLY, "2027-01-03T00:00:00", "America/New_York", False),
        (WEEKEND, "2026-06-05T17:00:00", "Europe/Paris", True),
        (WEEKEND, "2026-06-08T07:59:59", "Europe/Paris", True),
        (WEEKEND, "2026-06-08T08:00:00", "Europe/Paris", False),
        (WEEKEND, "2026-06-05T16:59:59", "Europe/Paris", False),
    ],
)
def test_the_edges_of_a_freeze(freeze: Freeze, text: str, zone: str, frozen: bool) -> None:
    assert is_on(freeze, text, zone) is frozen


def test_overlapping_occurrences_are_all_looked_at() -> None:
    daily = Freeze(name="always", when="FREQ=DAILY;BYHOUR=3", duration="25h")
    assert is_on(daily, "2026-06-05T03:30:00")
    assert is_on(daily, "2026-06-05T02:59:00")


def test_a_duration_elapses_through_a_change_of_the_clock() -> None:
    """In Paris clocks skip 02:00-03:00 on 2026-03-29; eight hours from 22:00 end at 07:00 then."""
    night = Freeze(name="night", when="FREQ=DAILY;BYHOUR=22", duration="8h", tz="Europe/Paris")
    assert is_on(night, "2026-03-29T06:59:59", "Europe/Paris")
    assert not is_on(night, "2026-03-29T07:00:00", "Europe/Paris")
    assert not is_on(night, "2026-03-30T06:00:00", "Europe/Paris")


def test_start_anchors_and_end_bounds_a_recurrence() -> None:
    every_other = Freeze(
        name="sprint", when="FREQ=DAILY;INTERVAL=2", duration="1d", start="2026-06-01", end="2026-06-04"
    )
    days = [is_on(every_other, f"2026-06-0{day}T12:00:00") for day in range(1, 8)]
    assert days == [True, False, True, False, False, False, False]
    assert not is_on(every_other, "2026-05-30T12:00:00")


@pytest.mark.parametrize("until", ["20260603T000000", "20260603T000000Z"])
def test_until_works_with_and_without_a_zone(until: str) -> None:
    freeze = Freeze(name="until", when=f"FREQ=DAILY;UNTIL={until}", duration="1h", tz="Europe/Paris")
    assert is_on(freeze, "2026-06-02T00:30:00", "Europe/Paris")
    assert not is_on(freeze, "2026-06-04T00:30:00", "Europe/Paris")


@pytest.mark.parametrize(
    "freeze",
    [
        Freeze(name="empty"),
        Freeze(name="half", start="2020-01-01"),
        Freeze(name="day", start="2020-02-30", end="2020-03-01"),
        Freeze(name="words", start="tomorrow", end="later"),
        Freeze(name="zone", start="2020-01-01", end="2020-01-02", tz="Mars/Olympus"),
        Freeze(name="path", start="2020-01-01", end="2020-01-02", tz="../../etc/passwd"),
        Freeze(name="no-duration", when="FREQ=DAILY"),
        Freeze(name="rule", when="every day", duration="1h"),
        Freeze(name="fine", when="FREQ=SECONDLY", duration="1h"),
        Freeze(name="none", when="BYDAY=MO", duration="1h"),
        Freeze(name="stuck", when="FREQ=DAILY;INTERVAL=0", duration="1h"),
        Freeze(name="never", when="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", duration="1h"),
        Freeze(name="unknown", when="FREQ=DAILY;BYMOON=1", duration="1h"),
        Freeze(name="lines", when="FREQ=DAILY\nRRULE:FREQ=DAILY", duration="1h"),
        Freeze(name="month", when="FREQ=YEARLY;BYMONTH=13", duration="1h"),
        Freeze(name="until", when="FREQ=DAILY;UNTIL=SOON", duration="1h"),
        Freeze(
            name="often",
            when="FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),
            duration="1s",
        ),
    ],
    ids=lambda freeze: freeze.name,
)
def test_what_cannot_be_understood_counts_as_frozen(freeze: Freeze) -> None:
    assert frozen_by([freeze], at("2026-06-05T12:00:00")) == freeze.name


def test_the_first_freeze_that_holds_is_named() -> None:
    later = Freeze(name="later", start="2027-01-01", end="2027-01-02")
    assert frozen_by([later, DATES, YEARLY], at("2026-12-24T12:00:00")) == "year-end"
    assert frozen_by([later], at("2026-12-24T12:00:00")) == ""
    assert frozen_by([], at("2026-12-24T12:00:00")) == ""
