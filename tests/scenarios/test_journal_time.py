"""Journal time: who moves it and how far, and what an old journal stops and what not (L2, L6)."""

from dataclasses import replace
from pathlib import Path

import hostile
import pytest
from pipelineworld import PipelineWorld
from simulator import FLEET, FLEET_YAML, TRIAGE, FleetSimulator

from agentgov.errors import RefusedError
from agentgov.journal.clock import refuse_time
from agentgov.journal.draft import Draft, sign
from agentgov.model.act import Act
from agentgov.release import orders
from agentgov.trust.identity import Identity
from templates import copied, made

HOURS = 3600
PROMPT = f"{TRIAGE.folder}/prompts/system.md"
SIX = {"agentgov.yaml": FLEET_YAML.replace("20y", "6h")}


@pytest.fixture(scope="module")
def once_six(tmp_path_factory: pytest.TempPathFactory) -> FleetSimulator:
    """The world that `six` copies; tests leave it alone."""

    def make(folder: Path) -> FleetSimulator:
        found = FleetSimulator(folder, files=SIX, remote=False)
        found.introduce()
        return found

    return made(tmp_path_factory.mktemp("six"), make)


@pytest.fixture
def six(tmp_path: Path, once_six: FleetSimulator) -> FleetSimulator:
    """A fleet without a remote, whose journal may be six hours old."""
    return copied(once_six, tmp_path)


@pytest.fixture(scope="module")
def once_running(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The world that `running` copies; tests leave it alone."""

    def make(folder: Path) -> PipelineWorld:
        found = PipelineWorld(folder, files=SIX)
        found.ship("1.0.0")
        found.write("Be kind.")
        found.release("alice", TRIAGE, "1.1.0")
        found.until(lambda at: at.canary.state == "RAMP")
        return found

    return made(tmp_path_factory.mktemp("running"), make)


@pytest.fixture
def running(tmp_path: Path, once_running: PipelineWorld) -> PipelineWorld:
    """v1.0.0 of triage runs, v1.1.0 is in canary, and the journal may be six hours old."""
    return copied(once_running, tmp_path)


def checkpoint(world: FleetSimulator, *who: str, kind: str = "checkpoint", time: int = 0) -> Draft:
    """A checkpoint signed by these, acted by the first of them."""
    actor = "person" if who[0] in ("alice", "carol", "dave", "erin") else "bot"
    draft = hostile.write(world, who[0], kind, [], time=time or world.clock(), actor=f"{actor}:{who[0]}")
    return sign(draft.act, *(world.signers[name] for name in who))


def refused(world: FleetSimulator, *who: str, time: int = 0) -> str:
    """Why a checkpoint of these is refused, "" where it lands."""
    try:
        world.append(checkpoint(world, *who, time=time), by=who[0])
    except RefusedError as error:
        return error.message.rpartition("(")[2].rstrip(")")
    return ""


@pytest.mark.attack("L6")
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (("reconciler",), "act.time-step"),
        (("gate",), "act.time-step"),
        (("reconciler", "reconciler"), "act.time-step"),
        (("alice",), "act.time-step"),
        (("reconciler", "alice"), "act.time-step"),
        (("alice", "reconciler", "gate"), "authority.permission"),
        (("reconciler", "gate"), ""),
        (("carol",), ""),
        (("reconciler", "carol"), ""),
    ],
)
def test_a_step_larger_than_max_age_takes_two_bots_or_an_administrator(
    six: FleetSimulator, who: tuple[str, ...], code: str
) -> None:
    six.clock.pass_(6 * HOURS + 1)
    assert refused(six, *who) == code
    assert six.verify().offence is None
    assert (six.view().state.head.time == six.clock()) == (code == "")


def test_a_smaller_step_is_a_bots_and_no_persons(six: FleetSimulator) -> None:
    six.clock.pass_(6 * HOURS)
    assert refused(six, "carol") == "act.time-step"
    assert refused(six, "reconciler") == ""


def test_a_person_moves_the_time_with_nothing_but_a_checkpoint(six: FleetSimulator) -> None:
    six.clock.pass_(7 * HOURS)
    with pytest.raises(RefusedError, match=r"authority\.time"):
        six.append(hostile.pause(six, "carol", time=six.clock()), by="carol")
    with pytest.raises(RefusedError, match=r"authority\.time"):
        six.append(hostile.write(six, "carol", "checkpoint", [], time=None), by="carol")


def test_no_other_act_makes_a_large_step_whoever_signs_it(six: FleetSimulator) -> None:
    six.clock.pass_(7 * HOURS)
    act = hostile.write(six, "reconciler", "advance", [("Main", six.head()), ("Authorised", six.view().authorised)]).act
    assert act.time == six.view().state.head.time  # an honest bot leaves the time where it is
    fields = [("Selector", "support/triage"), ("Mode", "stop")]
    pause = hostile.write(six, "gate", "pause", fields, time=six.clock())
    with pytest.raises(RefusedError, match=r"act\.time-step"):
        six.append(sign(pause.act, six.signers["gate"], six.signers["carol"]), by="gate")
    six.append(hostile.write(six, "gate", "pause", fields), by="gate")
    assert six.view().state.pauses()


@pytest.mark.attack("L6")
@pytest.mark.attack("L6")
def test_forged_step_is_refused_by_every_verifier(six: FleetSimulator) -> None:
    """L6: what a bot with a wrong clock, or a stolen key, writes is an offence for whoever reads it, then and later."""
    honest = hostile.prepare(six, hostile.write(six, "reconciler", "checkpoint", []), by="reconciler")
    far = hostile.write(six, "reconciler", "checkpoint", [], time=six.clock() + 30 * 24 * HOURS).act
    forged = hostile.with_act(six, honest, far, by="reconciler")
    assert hostile.code(six, forged) == "act.time"
    six.clock.pass_(60 * 24 * HOURS)
    assert hostile.code(six, forged) == "act.time-step"


@pytest.mark.attack("L6")
@pytest.mark.attack("L6")
def test_reconciler_with_a_wrong_clock_writes_no_time_and_goes_on_when_it_is_right(running: PipelineWorld) -> None:
    before, share = running.view().state.head, running.at().canary.share
    right = running.clock.time
    report = running.run(after=30 * 24 * HOURS)
    assert "journal.stale" in {one.rule for one in report.notes}
    assert running.view().state.head.time == before.time
    assert running.at().canary.share == share
    running.clock.time = right
    running.until(lambda at: at.canary.share > share)
    running.check()


@pytest.mark.attack("L2")
@pytest.mark.attack("L2")
def test_old_journal_stops_what_raises_risk(running: PipelineWorld) -> None:
    """L2: a consistent journal that is older than maxAge moves nothing towards users."""
    at, main = running.at(), running.view().state.head.main
    running.clock.pass_(7 * HOURS)
    running.change("alice", {PROMPT: "Be brief.\n"})
    running.review("bob")  # reviewed, and not taken over
    running.release("bob", TRIAGE, "1.2.0", main)
    for _ in range(6):
        report = running.run()
        assert report.acts == ()
        assert [one.rule for one in report.notes if one.rule == "journal.stale"] == ["journal.stale"]
        assert report.decisions[TRIAGE].waits[0].rule == "P0"
    assert running.at() == at
    assert running.view().state.head.main == main
    for act in ("promote", "resume", "clear"):
        fields = {"promote": [("Stage", "production")], "resume": [], "clear": []}[act]
        named = [("Agent", str(TRIAGE)), ("Release", "x x x x"), *fields]
        words = named if act != "resume" else [("Selector", str(TRIAGE))]
        with pytest.raises(RefusedError, match=r"journal\.stale") as refusal:
            running.append(hostile.write(running, "carol", act, words), by="carol")
        assert "agentgov journal checkpoint" in refusal.value.hint
    with pytest.raises(RefusedError, match=r"journal\.stale"):
        running.order("carol", orders.order_hold, TRIAGE, lift=True)


@pytest.mark.attack("L2")
@pytest.mark.attack("L2")
def test_old_journal_stops_nothing_that_reduces_risk(running: PipelineWorld) -> None:
    running.clock.pass_(7 * HOURS)
    running.order("erin", orders.order_hold, TRIAGE, lift=False)
    running.until(lambda at: at.canary.state == "FAILED", bad=0.5)
    running.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="Odd.")
    assert running.view().state.pauses()
    assert running.view().state.head.time < running.clock() - 6 * HOURS
    running.check()


def test_checkpoint_lets_everything_go_on(running: PipelineWorld) -> None:
    running.clock.pass_(7 * HOURS)
    assert running.run().acts == ()
    running.append(checkpoint(running, "carol"), by="carol")
    running.until(lambda at: at.production.state == "STABLE" and running.running() == "1.1.0")
    running.check()


def test_bots_that_do_not_keep_the_time_leave_it_where_it_is(six: FleetSimulator) -> None:
    view, importer = six.view(), frozenset({Identity("bot", "importer", "importer")})
    act = Act("review", "0" * 26, FLEET, "g", "bot:importer", "review", time=view.state.head.time)
    assert refuse_time(view, act, importer, six.clock()) is None
    later = refuse_time(view, replace(act, time=view.state.head.time + 1), importer, six.clock())
    assert later is not None
    assert later.code == "act.time"


def test_the_same_signed_act_twice_is_one_act(world: FleetSimulator) -> None:
    draft = hostile.pause(world)
    first = world.append(draft, by="alice")
    again = world.append(draft, by="alice")
    assert again.tip == first.tip
    world.append(hostile.write(world, "alice", "resume", [("Selector", "support/triage")]), by="alice")
    assert not world.append(draft, by="erin").state.pauses()  # it stands, further back
    assert world.append(draft, hostile.pause(world, "erin"), by="erin").state.head.seq == 3
    assert world.verify().offence is None


def test_another_act_of_the_same_id_is_no_retry(world: FleetSimulator) -> None:
    draft = hostile.pause(world)
    world.append(draft, by="alice")
    other = hostile.pause(world, "alice", id=draft.act.id, reason="Another.")
    with pytest.raises(RefusedError, match=r"journal\.duplicate"):
        world.append(other, by="alice")
