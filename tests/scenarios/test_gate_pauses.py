"""Kill switches that hold: obeyed at once, whatever happens to git and to the store, until a signed act ends them."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from forked import ran
from gateworld import GateWorld, Reply
from patience import until
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.journal.draft import Draft
from agentgov.journal.draft_text import write_draft
from agentgov.journal.pausing import pause_of
from agentgov.model.names import AgentId
from agentgov.release.orders import order_pause, order_resume

LOOPS: dict[str, Any] = {"selector": str(TRIAGE), "reason": "It loops."}


@pytest.fixture
def world(world: FleetSimulator) -> FleetSimulator:
    world.clock.time = _now()  # processes live at the time of their machine
    return world


class Desk:
    """Somebody on call at a gate."""

    def __init__(self, gate: GateWorld, person: str) -> None:
        self.gate, self.token = gate, gate.person_token(person)

    def pause(self, **ask: Any) -> Reply:
        return self.gate.ask("POST", "/v1/pauses", self.token, {**LOOPS, **ask})

    def pauses(self) -> list[Any]:
        found = self.gate.ask("GET", "/v1/pauses", self.token)
        assert found.status == 200, found.body
        return list(found.json["pauses"])

    def landed(self) -> Any:
        """The one pause there is, once the journal has it."""
        until(lambda: [one["journal"] for one in self.pauses()] == ["landed"], "that the journal has it")
        return self.pauses()[0]


def _is_paused(world: FleetSimulator, agent: AgentId = TRIAGE) -> bool:
    return pause_of(world.view(), agent, world.clock()) is not None


def _signed(world: FleetSimulator, who: str, selector: str = str(TRIAGE)) -> Draft:
    return order_resume(world.view(), world.actor(who), selector, now=_now())


def _now() -> int:
    return int(time.time())


def _relay(gate: GateWorld, draft: Draft) -> Reply:
    return gate.ask("POST", "/v1/acts", body=write_draft(draft).encode())


def _away(world: FleetSimulator) -> Path:
    """Git goes down: where the remote was, nothing is."""
    remote = world.remote
    return remote.rename(remote.with_name("away.git"))


def test_it_is_obeyed_at_once_and_reaches_the_journal(gate: GateWorld, world: FleetSimulator) -> None:
    alice = Desk(gate, "alice")
    taken = alice.pause()
    assert (taken.status, taken.json["journal"]) == (201, "queued")
    assert taken.json["requested"] <= taken.json["effective"]
    assert [one["id"] for one in alice.pauses()] == [taken.json["id"]]
    landed = alice.landed()
    assert (landed["by"], landed["selector"], landed["act"]) == ("alice", str(TRIAGE), 1)
    assert (_is_paused(world), _is_paused(world, PAYROLL)) == (True, False)
    [pause] = world.view().state.pauses().values()
    assert "alice" in pause.reason
    assert "It loops." in pause.reason


def test_it_holds_while_git_is_away_and_over_a_restart(gate: GateWorld, world: FleetSimulator) -> None:
    away = _away(world)
    alice = Desk(gate, "alice")
    assert alice.pause().status == 201
    until(lambda: alice.pauses()[0]["said"], "that the gate noticed")
    gate.kill()
    gate.start()
    assert [one["journal"] for one in alice.pauses()] == ["queued"]
    away.rename(world.remote)
    alice.landed()
    assert _is_paused(world)


def test_it_holds_when_the_store_of_yesterday_comes_back(gate: GateWorld, world: FleetSimulator) -> None:
    alice = Desk(gate, "alice")
    gate.stop()
    yesterday = shutil.copytree(gate.folder, gate.folder.with_name("yesterday"))
    gate.start()
    alice.pause()
    landed = alice.landed()
    gate.stop()
    for file in gate.folder.glob("gate.db*"):
        file.unlink()
    for file in yesterday.glob("gate.db*"):
        shutil.copy(file, gate.folder)
    gate.start()
    assert [(one["id"], one["act"]) for one in alice.pauses()] == [(landed["id"], 1)]


def test_a_store_that_still_has_what_was_resumed_pauses_nobody(gate: GateWorld, world: FleetSimulator) -> None:
    away = _away(world)
    alice = Desk(gate, "alice")
    alice.pause()
    gate.stop()
    yesterday = shutil.copytree(gate.folder, gate.folder.with_name("yesterday"))
    away.rename(world.remote)
    gate.start()
    alice.landed()
    world.clock.time = int(time.time())  # that of the gate, which may have anchored its ledger meanwhile
    world.order("alice", order_resume, str(TRIAGE))
    until(lambda: alice.pauses() == [], "that it is resumed")
    gate.stop()
    for file in yesterday.glob("gate.db*"):
        shutil.copy(file, gate.folder)
    gate.start()
    until(lambda: alice.pauses() == [], "that the gate learns of its end")
    assert not _is_paused(world)


def test_twice_is_twice_and_one_resume_ends_both(gate: GateWorld, world: FleetSimulator) -> None:
    alice = Desk(gate, "alice")
    first, second = alice.pause().json["id"], alice.pause(mode="read-only").json["id"]
    until(lambda: len(world.view().state.pauses()) == 2, "that both landed")
    assert sorted(one["id"] for one in alice.pauses()) == sorted((first, second))
    found = _relay(gate, _signed(world, "alice"))
    assert (found.status, found.json["journal"]) == (201, "landed")
    until(lambda: alice.pauses() == [], "that both ended")


def test_people_of_the_journal_pause_at_the_gate_as_well(gate: GateWorld, world: FleetSimulator) -> None:
    alice = Desk(gate, "alice")
    world.order("erin", order_pause, "finance/*", mode="stop", until=0, reason="Audit")
    until(lambda: [one["by"] for one in alice.pauses()] == ["erin"], "that the gate obeys it")


def test_a_resume_without_the_right_is_refused(gate: GateWorld, world: FleetSimulator) -> None:
    Desk(gate, "alice").pause()
    until(lambda: _is_paused(world), "that it landed")
    stranger = world.signers["gate"]
    bare = order_resume(world.view(), world.actor("dave"), str(TRIAGE), now=_now())
    for draft in (Draft(bare.act, ()), Draft(bare.act, (stranger.sign("agentgov-act", b"x"),))):
        assert _relay(gate, draft).status in (400, 403, 409)
    assert (
        gate.ask("POST", "/v1/acts", body={"schema": "agentgov.draft/1", "text": "x", "signatures": []}).status == 400
    )
    assert _is_paused(world)


def test_a_resume_of_before_lifts_nothing_new(gate: GateWorld, world: FleetSimulator) -> None:
    alice = Desk(gate, "alice")
    alice.pause()
    alice.landed()
    resume = _signed(world, "alice")
    assert _relay(gate, resume).json["journal"] == "landed"
    until(lambda: alice.pauses() == [], "that it ended")
    away = _away(world)
    again = alice.pause().json["id"]
    _relay(gate, resume)
    assert [one["id"] for one in alice.pauses()] == [again]
    away.rename(world.remote)


def test_what_only_the_store_has_ends_by_a_signed_resume(gate: GateWorld, world: FleetSimulator) -> None:
    view, actor = world.view(), world.actor("alice")
    _away(world)
    alice = Desk(gate, "alice")
    taken = alice.pause().json
    later = order_resume(view, actor, str(TRIAGE), now=_now() + 1)
    found = _relay(gate, later)
    assert (found.status, found.json["lifted"]) == (202, [taken["id"]])
    assert alice.pauses() == []


NO_PAUSES: list[tuple[dict[str, Any], int]] = [
    ({"selector": "triage"}, 400),
    ({"selector": "support/*", "reason": " "}, 400),
    ({"until": 1}, 400),
    ({"mode": "slow"}, 400),
    ({"selector": "support/nobody"}, 404),
    ({"more": 1}, 400),
]


def test_what_makes_no_sense_pauses_nobody(gate: GateWorld) -> None:
    alice = Desk(gate, "alice")
    for ask, status in NO_PAUSES:
        assert alice.pause(**ask).status == status, ask
    assert alice.pauses() == []


def test_an_agent_pauses_nobody(gate: GateWorld) -> None:
    assert gate.ask("POST", "/v1/pauses", gate.agent_token(TRIAGE), LOOPS).rule == "gate.caller"
    assert Desk(gate, "alice").pauses() == []


def _agentgov(world: FleetSimulator, gate: GateWorld, who: str, *args: str) -> Any:
    """The command as somebody on call runs it: JSON that it prints."""
    env = {**os.environ, "AGENTGOV_GATE": f"http://127.0.0.1:{gate.port}", "AGENTGOV_KEY_FILE": ""}
    env |= {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "gpg.format", "GIT_CONFIG_VALUE_0": "ssh"}
    env |= {"GIT_CONFIG_KEY_1": "user.signingkey", "GIT_CONFIG_VALUE_1": str(world.folder / "keys" / who)}
    done = ran([*args, "--json"], world.work, env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_command_pauses_at_the_gate_and_resumes(gate: GateWorld, world: FleetSimulator) -> None:
    alice = Desk(gate, "alice")
    done = _agentgov(world, gate, "alice", "pause", str(TRIAGE), "--reason", "It loops.")
    assert (done["gate"]["journal"], done["gate"]["seq"]) == ("landed", 1)
    assert [(one["by"], one["id"]) for one in alice.pauses()] == [("alice", done["act"]["id"])]
    done = _agentgov(world, gate, "alice", "resume", str(TRIAGE))
    assert done["gate"]["seq"] > 1
    until(lambda: alice.pauses() == [], "that it is resumed")


def test_the_command_pauses_at_the_gate_while_git_is_away(gate: GateWorld, world: FleetSimulator) -> None:
    away = _away(world)
    alice = Desk(gate, "alice")
    done = _agentgov(world, gate, "alice", "pause", str(TRIAGE), "--reason", "It loops.")
    assert done["gate"]["journal"] == "queued"
    assert [one["journal"] for one in alice.pauses()] == ["queued"]
    away.rename(world.remote)
    alice.landed()
    [pause] = world.view().state.pauses().values()
    assert pause.by == "alice"


def test_the_command_pauses_in_the_journal_where_the_gate_is_gone(gate: GateWorld, world: FleetSimulator) -> None:
    gate.kill()
    done = _agentgov(world, gate, "alice", "pause", str(TRIAGE), "--reason", "It loops.")
    assert "gave no answer" in done["notes"][0]
    assert _is_paused(world)


def test_the_way_of_a_pause_is_tested_by_itself(gate: GateWorld) -> None:
    until(lambda: b"agentgov_gate_pause_seconds 0.0\n" not in gate.ask("GET", "/metrics").body, "that it tested itself")
    assert b"agentgov_gate_pause_works 1.0" in gate.ask("GET", "/metrics").body
    assert gate.ask("GET", "/readyz").json["pausing"] == ""
