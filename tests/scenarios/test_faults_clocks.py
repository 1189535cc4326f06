"""Clocks that jump by a month and come back, and clocks on walls that skip an hour or show one twice."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from faultworld import once
from pipelineworld import PipelineWorld, pipeline_file
from simulator import FLEET_YAML, TRIAGE

from agentgov.errors import RefusedError
from agentgov.journal.branch import CLOCK_VARIABLE
from agentgov.release import orders
from templates import copied, made

MONTH = 30 * 86_400
RAISING = ("stage", "canary", "share", "graduate")
NIGHT = '{name: night, cron: "50 2 * * *", duration: 20m, tz: Europe/Paris}'


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The time zone of this process may be set; it is what it was in the end."""
    with monkeypatch.context() as inside:
        yield inside
    time.tzset()


@pytest.fixture(scope="module")
def once_week(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The world that `week` copies; tests leave it alone."""
    return made(tmp_path_factory.mktemp("week"), _week)


def _week(folder: Path) -> PipelineWorld:
    fleet = PipelineWorld(folder, files={"agentgov.yaml": FLEET_YAML.replace("maxAge: 20y", "maxAge: 7d")})
    fleet.ship("1.0.0")
    return into_canary(fleet)


@pytest.fixture
def week(tmp_path: Path, once_week: PipelineWorld) -> PipelineWorld:
    """A fleet whose journal may be a week old, with a release in production and a canary."""
    return copied(once_week, tmp_path)


def into_canary(fleet: PipelineWorld) -> PipelineWorld:
    fleet.write("Words of v1.1.0.")
    fleet.release("alice", TRIAGE, "1.1.0")
    fleet.until(lambda at: at.canary.state == "RAMP")
    return fleet


def codes(fleet: PipelineWorld) -> list[str]:
    return [note.rule for note in fleet.last.notes]


def test_a_month_ahead_and_back_stops_what_raises_risk_and_is_forgotten(week: PipelineWorld) -> None:
    tip, before = week.tip(), week.at()
    assert week.run(2, after=MONTH).acts == ()
    assert "journal.stale" in codes(week)
    assert (week.tip(), week.at()) == (tip, before)
    week.run(after=300 - 2 * MONTH)
    assert "journal.stale" not in codes(week)
    week.until(lambda at: week.running() == "1.1.0" and at.production.state == "STABLE")
    week.check()


def test_a_canary_that_fails_under_a_clock_a_month_ahead_loses_its_traffic(week: PipelineWorld) -> None:
    week.run(bad=0.5, after=MONTH)
    assert week.at().canary.state == "FAILED"
    assert week.at().canary.share == 0
    week.clock.pass_(-MONTH)
    week.check()  # the act carries no time of that clock


def test_on_call_rolls_back_under_a_clock_a_month_ahead(week: PipelineWorld) -> None:
    week.until(lambda at: week.running() == "1.1.0" and at.production.state == "STABLE")
    week.clock.pass_(MONTH)
    week.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies")
    assert week.running() == "1.0.0"
    week.clock.pass_(-MONTH)
    week.check()


def test_a_checkpoint_from_a_month_ahead_stops_nobody_for_ever(
    shipped: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This very machine wrote it, and its clock is right again: it says so once, and on call goes on."""
    into_canary(shipped).until(lambda at: shipped.running() == "1.1.0" and at.production.state == "STABLE")
    shipped.run(after=MONTH)
    shipped.clock.pass_(-MONTH)
    with pytest.raises(RefusedError, match="clock is behind the journal"):
        shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies")
    monkeypatch.setenv(CLOCK_VARIABLE, "1")
    shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies")
    assert shipped.running() == "1.0.0"


# Paris skips 02:00-03:00 on the last Sunday of March, and shows it twice on the last one of October.
@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2024-03-31T03:00:00+02:00", "2024-03-31T03:20:00+02:00"),
        pytest.param("2024-10-27T02:50:00+02:00", "2024-10-27T02:10:00+01:00", marks=pytest.mark.slow),
    ],
)
def test_a_freeze_of_a_running_pipeline_through_a_change_of_the_clock(
    shipped: PipelineWorld, begins: str, ends: str, zone: pytest.MonkeyPatch
) -> None:
    start, end = (int(datetime.fromisoformat(text).timestamp()) for text in (begins, ends))
    shipped.govern({"governance/pipeline.yaml": pipeline_file(freezes=NIGHT)})
    shipped.clock.time = start - 1500
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    raised = []
    for turn in range(11):  # the machine's own zone is another one each time
        zone.setenv("TZ", ("UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Paris")[turn % 4])
        time.tzset()
        shipped.run()
        raised += [(shipped.clock.time, kind) for kind in shipped.last.kinds if kind in RAISING]
    assert [kind for _, kind in raised] == list(RAISING)
    assert [when for when, _ in raised if start <= when < end] == []
    assert [when < start for when, _ in raised] == [True, True, False, False]
    assert raised[2][0] == end
    shipped.check()


@pytest.mark.slow
def test_freezes_go_by_their_own_zone_wherever_the_process_runs(
    fleet: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.clock.time = int(time.time())
    there, here, now = "Asia/Kathmandu", "America/New_York", datetime.now(UTC)
    walls = [now.astimezone(ZoneInfo(name)).replace(tzinfo=None) for name in (there, here)]
    monkeypatch.setenv("TZ", here)
    for wall, frozen in zip(walls, (True, False), strict=True):
        start, end = ((wall + timedelta(hours=hours)).isoformat(timespec="seconds") for hours in (-2, 2))
        freeze = f'{{name: peak, start: "{start}", end: "{end}", tz: {there}}}'
        fleet.govern({"governance/pipeline.yaml": pipeline_file(freezes=freeze)})
        if frozen:
            fleet.release("alice", TRIAGE, "1.0.0")
        code, out, err = once(fleet)
        assert (code, err) == (0, "")
        assert (f"stage {TRIAGE}" in out) is not frozen
        fleet.view()
