"""Schedules, recurrences and time zones: what can come is left alone, what cannot is told with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import ends
from unit.validate.fleet_sample import AGENT, FILES, PIPELINE, findings

from agentgov.model.finding import Finding
from agentgov.model.pipeline import Freeze
from agentgov.release.freeze import FreezeError, is_frozen
from agentgov.validate.schedules import cron_problem

LINE = "  playbook: playbooks/refunds.yaml\n"


def scheduled(cron: str, zone: str = "UTC") -> tuple[Finding, ...]:
    return findings({AGENT: (LINE, f'{LINE}  schedule: {{cron: "{cron}", tz: {zone}}}\n')})


def frozen(when: str) -> tuple[Finding, ...]:
    return findings({PIPELINE: FILES[PIPELINE] + f'freezes: [{{name: a, when: "{when}", duration: 1d}}]\n'})


@pytest.mark.parametrize(
    "cron", ["*/15 8-18 * * 1-5", "0 0 29 2 *", "0 0 31 2 1", "0 8 L * *", "0 8 * JAN-MAR MON#5", "0 0 * 2 MON#5"]
)
def test_a_schedule_that_holds_is_left_alone(cron: str) -> None:
    assert scheduled(cron) == ()


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("99 99 * * *", "its minute cannot be read, which is 0 to 59"),
        ("0 24 * * *", "its hour cannot be read"),
        ("0 0 32 * *", "its day of the month cannot be read"),
        ("0 0 0 2 *", "its day of the month cannot be read"),
        ("0 0 1 13 *", "its month cannot be read"),
        ("0 0 * * 8", "its day of the week cannot be read"),
        ("0 0 31 2 *", "no such day"),
        ("0 0 30,31 2 *", "no such day"),
        ("0 0 31 4,6,9,11 *", "no such day"),
        ("*/0 * * * *", "its minute cannot be read"),
        (f"{'9' * 5000} * * * *", "cannot be read"),
    ],
)
def test_a_schedule_that_never_holds_is_told_at_its_value(cron: str, why: str) -> None:
    [found] = scheduled(cron)
    assert (found.code, found.where.pointer, found.where.line) == ("content.schedule", "/spec/schedule/cron", 24)
    assert why in found.message


def test_the_schedule_of_an_environment_is_read_too() -> None:
    patch = 'environments: {staging: {schedule: {cron: "0 25 * * *", tz: Europe/Pari}, '
    found = findings({AGENT: ("environments: {staging: {", patch)})
    assert [(one.code, one.where.pointer.rpartition("/")[2]) for one in found] == [
        ("content.schedule", "cron"),
        ("content.unknown-zone", "tz"),
    ]


@given(st.lists(st.text("0123456789A*,/?#-LW", min_size=1, max_size=12), min_size=5, max_size=5))
def test_any_five_fields_have_an_answer(fields: list[str]) -> None:
    assert cron_problem(" ".join(fields)) is not None


@pytest.mark.parametrize(
    ("zone", "fix"),
    [
        ("Europe/Pari", 'did you mean "Europe/Paris"?'),
        ("europe/paris", 'did you mean "Europe/Paris"?'),
        ("America/New-York", 'did you mean "America/New_York"?'),
        ("Xq", "write it like Europe/Paris"),
    ],
)
def test_a_time_zone_that_is_misspelt_is_guessed(zone: str, fix: str) -> None:
    [found] = scheduled("0 8 * * *", zone)
    assert (found.code, found.fix) == ("content.unknown-zone", fix)


@pytest.mark.parametrize(
    "when", ["FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=20", "FREQ=WEEKLY;BYDAY=FR", "FREQ=DAILY;UNTIL=20300101T000000Z"]
)
def test_a_freeze_that_recurs_is_left_alone(when: str) -> None:
    assert frozen(when) == ()


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "it never occurs"),
        ("FREQ=DAILY;UNTIL=19990101", "it never occurs"),
        ("FREQ=HOURLY", "daily, weekly, monthly or yearly"),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31", "daily, weekly, monthly or yearly"),
        ("FREQ=DAILY;BYMONTHDAY=31", "narrowed by BYDAY and BYMONTH"),
        ("FREQ=DAILY;COUNT=10001", "COUNT is a number from 1 to 10000"),
        (f"FREQ=DAILY;COUNT={'9' * 400}", "COUNT is a number"),
        (f"FREQ=DAILY;BYMONTH={'1,' * 300}1", "longer than 500 characters"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number"),
        ("FREQ=YEARLY;BYMONTH=X", "holds: "),
        ("FREQ=YEARLY:X", "not a recurrence rule"),
    ],
)
def test_a_freeze_that_cannot_be_read_is_told_and_counts_as_frozen(when: str, why: str) -> None:
    with ends():
        [found] = frozen(when)
    assert (found.code, found.where.pointer) == ("content.freeze", "/freezes/0/when")
    assert why in found.message
    with pytest.raises(FreezeError):
        is_frozen(Freeze("a", when=when, duration="1d"), 1_790_000_000)


def test_a_freeze_of_one_day_is_one_and_one_that_ends_before_it_starts_is_none() -> None:
    def once(start: str, end: str) -> list[str]:
        text = f'freezes: [{{name: a, start: "{start}", end: "{end}"}}]\n'
        return [found.code for found in findings({PIPELINE: FILES[PIPELINE] + text})]

    assert once("2026-12-24", "2026-12-24") == []
    assert once("2026-12-24T08:00:00Z", "2026-12-24") == []
    assert once("2026-12-24T08:00:00Z", "2026-12-24T08:00:00Z") == ["content.freeze"]
    assert once("2026-12-24", "2026-12-23") == ["content.freeze"]
