"""A schedule is narrower where every time of it is one of the other, proved against the times themselves."""

from datetime import UTC, datetime
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.diff.diff_sample import fields, spec_diff

from agentgov.diff.schedules import narrower
from agentgov.model.agent import Schedule

START = datetime(2026, 11, 23, tzinfo=UTC)
MINUTES = st.sampled_from(["*", "0", "*/15", "*/30", "0,30", "5-50/15", "10/20"])
HOURS = st.sampled_from(["*", "8-18", "9-17", "*/2", "0"])
DAYS = st.sampled_from(["*", "1", "1-15", "*/2", "31"])
WEEKDAYS = st.sampled_from(["*", "1-5", "1,3", "0", "7", "5-7"])
CRON = st.tuples(MINUTES, HOURS, DAYS, st.sampled_from(["*", "1-6", "11,12"]), WEEKDAYS).map(" ".join)


def minutes(cron: str) -> set[datetime]:
    """Some of the times of a schedule."""
    return set(islice(CronSim(cron, START), 400))


@given(CRON, CRON)
@settings(max_examples=150)
def test_what_is_called_narrower_is(old: str, new: str) -> None:
    if not narrower(Schedule(cron=old), Schedule(cron=new)):
        return
    after, before = minutes(new), minutes(old)
    last = max(before) if before else START
    assert {time for time in after if time <= last} <= before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("*/15 8-18 * * 1-5", "*/30 9-17 * * 1-5", "schedule.narrowed"),
        ("*/30 9-17 * * 1-5", "*/15 8-18 * * 1-5", "schedule.widened"),
        ("0 8 * * 1-5", "0 9 * * 1-5", "schedule.changed"),
        ("0 8 * * *", "0 8 1 * *", "schedule.changed"),
        ("0 8 * * MON", "0 8 * * TUE", "schedule.changed"),
    ],
)
def test_the_direction_of_a_change(old: str, new: str, expected: str) -> None:
    assert fields(spec_diff({"schedule": {"cron": old}}, {"schedule": {"cron": new}})) == [expected]


def test_the_same_times_are_no_change() -> None:
    same = [{"schedule": {"cron": cron}} for cron in ("0 8 * * 0", "0 08 * * 7", "0,0 8-8 * 1-12 7")]
    assert fields(spec_diff(same[0], same[1])) == []
    assert fields(spec_diff(same[0], same[2])) == []


def test_another_time_zone_is_not_compared() -> None:
    plain = {"schedule": {"cron": "0 8 * * 1-5", "tz": "UTC"}}
    assert fields(spec_diff({}, plain)) == ["schedule.changed"]
