"""When the fleet is frozen."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.pipeline import Freeze
from agentgov.release.freeze import freeze_end, frozen_by


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
        Freeze(name="cron", cron="every day", duration="1h"),
        Freeze(name="cron-never", cron="0 0 30 2 *", duration="1h"),
        Freeze(name="cron-no-duration", cron="0 17 * * 5"),
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


def test_a_cron_freezes_from_each_of_its_times() -> None:
    weekend = Freeze(name="weekend", cron="0 17 * * FRI", duration="63h", tz="Europe/Paris")
    for text, frozen in [("05T16:59:59", False), ("05T17:00:00", True), ("08T07:59:59", True), ("08T08:00:00", False)]:
        assert is_on(weekend, f"2026-06-{text}", "Europe/Paris") is frozen


# What clocks do: Paris skips 02:00-03:00 and shows 02:00-03:00 twice; Sao Paulo skipped midnight; Lord Howe goes by
# half an hour; Apia left the whole of 2011-12-30 out.
@pytest.mark.parametrize(
    ("zone", "cron", "length", "began", "ended"),
    [
        ("Europe/Paris", "30 2 * * *", "1h", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"),
        ("Europe/Paris", "30 2 * * *", "2h", "2026-10-25T02:30:00+02:00", "2026-10-25T03:30:00+01:00"),
        ("Europe/Paris", "59 1 * * *", "1h", "2026-03-29T01:59:00+01:00", "2026-03-29T03:59:00+02:00"),
        ("America/Sao_Paulo", "0 0 * * *", "30m", "2018-11-04T01:00:00-02:00", "2018-11-04T01:30:00-02:00"),
        ("Australia/Lord_Howe", "15 2 * * *", "1h", "2026-10-04T02:30:00+11:00", "2026-10-04T03:30:00+11:00"),
        ("Australia/Lord_Howe", "45 1 * * *", "1h", "2026-04-05T01:45:00+11:00", "2026-04-05T02:15:00+10:30"),
        ("Pacific/Apia", "0 12 30 12 *", "6h", "2011-12-31T00:00:00+14:00", "2011-12-31T06:00:00+14:00"),
    ],
)
@pytest.mark.parametrize("form", ["cron", "when"])
def test_what_clocks_skip_and_show_twice(form: str, zone: str, cron: str, length: str, began: str, ended: str) -> None:
    minute, hour, day, month, _ = cron.split()
    rule = f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}" if day != "*" else "FREQ=DAILY"
    words = {"cron": cron} if form == "cron" else {"when": f"{rule};BYHOUR={hour};BYMINUTE={minute}"}
    freeze = Freeze(name="night", duration=length, tz=zone, **words)
    start, end = (int(datetime.fromisoformat(text).timestamp()) for text in (began, ended))
    assert [frozen_by([freeze], moment) for moment in (start - 1, start, end - 1, end)] == ["", "night", "night", ""]
    assert freeze_end([freeze], start) == end
    assert freeze_end([freeze], start - 1) == 0


def test_a_day_that_a_zone_left_out_is_frozen_for_no_time() -> None:
    gone = Freeze(name="gone", start="2011-12-30", end="2011-12-30", tz="Pacific/Apia")
    assert not is_on(gone, "2011-12-29T23:59:59", "Pacific/Apia")
    assert not is_on(gone, "2011-12-31T00:00:00", "Pacific/Apia")


def test_freezes_end_when_the_last_that_joins_them_does() -> None:
    freezes = [
        Freeze(name="release", start="2026-06-01", end="2026-06-02"),
        Freeze(name="holiday", start="2026-06-03", end="2026-06-03"),
        Freeze(name="later", start="2026-06-05", end="2026-06-06"),
    ]
    assert freeze_end(freezes, at("2026-06-01T12:00:00")) == at("2026-06-04T00:00:00")
    assert freeze_end(freezes, at("2026-06-04T00:00:00")) == 0


def test_nobody_is_told_when_a_freeze_ends_that_has_no_end_or_no_meaning() -> None:
    always = Freeze(name="always", when="FREQ=DAILY", duration="1d")
    broken = Freeze(name="broken", when="every day", duration="1h")
    assert freeze_end([always], at("2026-06-01T12:00:00")) is None
    assert freeze_end([DATES, broken], at("2026-12-24T12:00:00")) is None


_EDGES = {  # a moment at which the clock of the zone changed
    "Europe/Paris": ["2026-03-29T01:00:00", "2026-10-25T01:00:00"],
    "America/New_York": ["2026-03-08T07:00:00", "2026-11-01T06:00:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00:00", "2026-10-03T15:30:00"],
    "Pacific/Apia": ["2011-12-30T10:00:00"],
    "UTC": ["2026-06-01T00:00:00"],
}


def _walked(zone: str, around: int, hour: int, minute: int, days: list[int], length: int) -> dict[int, bool]:
    """Whether it is frozen in every minute of some days, by walking along the clock on the wall."""
    tz, day = ZoneInfo(zone), timedelta(days=1)
    low, high = around - 3 * 86_400, around + 3 * 86_400
    first = low - length - 86_400
    seen, until, found = datetime.fromtimestamp(first, tz).replace(tzinfo=None), 0, {}
    for moment in range(first, high, 60):
        wall = datetime.fromtimestamp(moment, tz).replace(tzinfo=None)
        target = seen.replace(hour=hour, minute=minute) - day
        while wall > seen and target <= wall:
            if seen < target and target.weekday() in days:
                until = max(until, moment + length)
            target += day
        seen = max(seen, wall)
        found[moment] = moment < until
    return {moment: frozen for moment, frozen in found.items() if moment >= low}


@settings(max_examples=20)
@given(
    st.sampled_from([(zone, edge) for zone, edges in _EDGES.items() for edge in edges]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True),
    st.integers(1, 40),
    st.booleans(),
)
def test_a_freeze_is_what_the_clock_on_the_wall_shows(
    edge: tuple[str, str], hour: int, minute: int, days: list[int], hours: int, as_cron: bool
) -> None:
    zone, around = edge[0], at(edge[1])
    walked = _walked(zone, around, hour, minute, days, hours * 3600)
    names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    cron = f"{minute} {hour} * * {','.join(str((day + 1) % 7) for day in days)}"
    rule = f"FREQ=WEEKLY;BYDAY={','.join(names[day] for day in days)};BYHOUR={hour};BYMINUTE={minute}"
    words = {"cron": cron} if as_cron else {"when": rule}
    freeze = Freeze(name="f", duration=f"{hours}h", tz=zone, **words)
    assert {moment: frozen_by([freeze], moment) == "f" for moment in walked} == walked
    opens = None
    for moment, frozen in reversed(walked.items()):
        opens = opens if frozen else moment
        if frozen and opens is not None:
            assert freeze_end([freeze], moment) == opens
