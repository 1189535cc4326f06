"""Windows of budgets: days and months without gaps in every zone, and rolling windows that no stretch exceeds."""

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.runtime.windows import (
    SLOTS,
    Slot,
    Windows,
    day_begins,
    day_ends,
    day_of,
    month_begins,
    month_ends,
    parsed,
    slot_at,
    slots_beside,
    window_name,
    windows_at,
    zone_of,
)

# Clocks that change at midnight, by half an hour, over a whole day, from one side of the date line to the other.
ODD = (
    *(
        "UTC",
        "Europe/Paris",
        "America/New_York",
        "Asia/Beirut",
        "America/Havana",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
    ),
    *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Africa/Cairo", "America/Asuncion", "Asia/Tehran"),
)
ZONES = st.sampled_from(ODD).map(ZoneInfo)
MOMENTS = st.integers(946_684_800_000, 2_208_988_800_000)  # 2000 to 2040


@settings(max_examples=300)
@given(MOMENTS, ZONES)
def test_every_moment_is_in_one_day_and_one_month(now_ms: int, zone: ZoneInfo) -> None:
    day = day_of(now_ms, zone)
    assert day_begins(day, zone) <= now_ms < day_ends(day, zone)
    assert month_begins(day, zone) <= day_begins(day, zone)
    assert day_ends(day, zone) <= month_ends(day, zone)
    assert day_of(day_ends(day, zone), zone) > day
    assert day_of(day_begins(day, zone), zone) >= day
    assert day_of(month_ends(day, zone), zone)[8:] in (
        "01",
        "02",
    )  # Samoa once had no 31st, others lose a first midnight
    assert 22 * 3_600_000 <= day_ends(day, zone) - day_begins(day, zone) <= 26 * 3_600_000 or zone.key == "Pacific/Apia"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", "2026-03-29", 23),
        ("Europe/Paris", "2026-10-25", 25),
        ("Asia/Beirut", "2026-03-29", 23),  # there is no midnight
        ("America/Havana", "2026-11-01", 25),  # midnight comes twice
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_a_day_is_as_long_as_on_the_wall(zone: str, day: str, hours: float) -> None:
    at = ZoneInfo(zone)
    assert day_ends(day, at) - day_begins(day, at) == hours * 3_600_000


def test_each_has_its_own_day() -> None:
    now = int(datetime(2026, 11, 29, 23, 30, tzinfo=UTC).timestamp() * 1000)
    tokyo, york = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
    assert str(windows_at(now, {}, {})) == "2026-11-29"
    assert str(windows_at(now, {"agent": tokyo, "workspace": york}, {})) == "2026-11-30,2026-11-29,2026-11-29"
    found = windows_at(now, {"agent": tokyo}, {"agent": (86_400,), "fleet": (600,)})
    assert str(found) == f"2026-11-30,2026-11-29,2026-11-29 agent/24h/{now // 3_600_000} fleet/10m/{now // 25_000}"


DAYS = st.dates().map(lambda day: day.isoformat())
SLOT = st.builds(
    Slot, st.sampled_from(["agent", "workspace", "fleet"]), st.sampled_from(["90m", "24h", "7d"]), st.integers(0)
)


@given(st.builds(Windows, st.tuples(DAYS, DAYS, DAYS), st.lists(SLOT, max_size=4).map(tuple)))
def test_a_text_says_all_of_it(windows: Windows) -> None:
    assert parsed(str(windows)) == windows


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(600, "10m"), (5400, "90m"), (3600, "1h"), (86_400, "24h"), (172_800, "48h"), (259_200, "3d"), (90_000, "25h")],
)
def test_a_length_has_one_name(seconds: int, expected: str) -> None:
    assert window_name(seconds) == expected


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([600, 3600, 86_400, 604_800]), st.booleans())
def test_no_stretch_has_more_than_the_limit_in_it(seed: int, seconds: int, jumps: bool) -> None:
    """Whoever asks at any time, also by a clock that jumps; and nobody waits longer than a 24th more than needed."""
    chance, length, limit = random.Random(seed), seconds * 1000, 10
    now, taken, slots = 1_700_000_000_000, list[int](), dict[int, int]()
    for _ in range(150):
        now += chance.randrange(-2 * length if jumps else 0, 2 * length) // chance.choice((1, 10, 100))
        number = slot_at(now, seconds)
        used = slots.get(number, 0) + sum(slots.get(one, 0) for one in slots_beside(number))
        if used < limit:
            slots[number] = slots.get(number, 0) + 1
            taken.append(now)
        else:
            wide = length + length // SLOTS
            assert sum(now - wide < one < now + wide for one in taken) >= limit
    for begin in taken:
        assert sum(begin <= one < begin + length for one in taken) <= limit


def test_a_zone_that_nobody_knows_is_none() -> None:
    assert zone_of("Europe/Paris") == ZoneInfo("Europe/Paris")
    assert [zone_of(name) for name in ("Moon/Base", "../../etc/passwd", "")] == [None, None, None]


def test_a_window_that_is_no_whole_number_of_days_is_called_by_its_hours() -> None:
    assert [window_name(hours * 3600) for hours in (24, 48, 72, 73)] == ["24h", "48h", "3d", "73h"]
