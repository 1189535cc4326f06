"""How a reconciler that watches is doing, when things do not go as they should."""

import http.client
import signal
import socket
import time
from pathlib import Path

import gitworld
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from simulator import TRIAGE
from watchworld import CALL, watching

from agentgov.net.posting import signed_headers, signing_key
from agentgov.release import orders
from agentgov.release.health import Pulse
from agentgov.release.reconcile import Reconciler
from agentgov.report.metrics import metrics_text


def told(reconciler: Reconciler, pulse: Pulse) -> dict[str, float]:
    """The metrics after one more tick, as the loop fills them."""
    report = reconciler.tick()
    pulse.ticked(report, reconciler.turns, reconciler.journal.lost, 0.0, reconciler.clock())
    lines = metrics_text(pulse.latest, reconciler.clock()).splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name.removeprefix("agentgov_reconcile_"): float(value) for name, _, value in pairs}


def test_a_lost_race_is_counted_once_and_no_act_twice(fleet: PipelineWorld) -> None:
    fleet.release("alice", TRIAGE, "1.0.0")
    other = fleet.beside()

    def hold() -> None:
        other.order("erin", orders.order_hold, TRIAGE, lift=False, reason="it waits")

    one, pulse = fleet.reconciler(fleet.actor("reconciler", before_signing=hold)), Pulse()
    found = told(one, pulse)
    assert fleet.kinds()[-3:] == ["hold", "release-seen", "stage"]
    assert (found["conflicts_total"], found['acts_total{kind="release-seen"}']) == (1, 1)
    assert found["verified_seq"] == fleet.view().state.head.seq
    assert found[f'verified_tip_info{{tip="{fleet.tip()}"}}'] == 1
    found = told(one, pulse)
    assert (found["ticks_total"], found["failures_total"], found["conflicts_total"]) == (2, 0, 1)


def refuses(port: int) -> bool:
    """Whether nobody listens any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        pass
    return False


def test_a_request_that_is_being_answered_when_it_is_to_end_is_answered(fleet: PipelineWorld) -> None:
    fleet.clock.time = int(time.time())
    key = signing_key(CALL)
    assert key is not None
    with watching(fleet, "--watch", "3600") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=PATIENCE)
        connection.putrequest("POST", "/hooks/wake")
        headers = {"content-type": "application/json", "content-length": "2"}
        for name, text in (headers | signed_headers([key], "call-1", int(time.time()), b"{}")).items():
            connection.putheader(name, text)
        connection.endheaders(b"{")
        assert one.ask("/healthz") == (200, "ok")  # who came later is served, so the first one is taken
        one.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(one.port), "the end of listening")
        assert one.process.poll() is None
        connection.send(b"}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (202, b"woken")
        connection.close()
        assert one.process.wait(PATIENCE) == 0


def loose(fleet: PipelineWorld, spec: str) -> Path:
    """The file of an object in the clone."""
    oid = gitworld.git(fleet.work, "rev-parse", spec).decode().strip()
    return fleet.work / ".git/objects" / oid[:2] / oid[2:]


def test_an_agent_whose_record_is_missing_stops_none_of_many(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path / "world", agents=8)
    for agent in world.agents:
        world.release("alice", agent, "1.0.0")
    world.run()
    broken = world.agents[3]
    record = loose(world, f"refs/remotes/origin/agentgov/journal:deployments/{broken}.yaml")
    kept = record.rename(tmp_path / "kept")
    other = world.beside()
    other.run(2, data=False)
    states = {agent: None if agent == broken else other.at(agent).staging.state for agent in world.agents}
    assert set(states.values()) - {None} == {"PASSED"}
    assert [str(agent) for agent, one in other.last.decisions.items() if one.rule == "P0"] == [str(broken)]
    kept.rename(record)
    last = world.beside()
    last.run(2)
    assert last.at(broken).staging.state == "PASSED"
    last.check()
