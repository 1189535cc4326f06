"""The gate and the journal: acts that people send through it, webhooks that wake it, a remote that is away."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gateworld import GateWorld, Reply
from patience import until
from simulator import FLEET_YAML, TRIAGE, FleetSimulator
from watchworld import CALL

from agentgov.journal.draft import Draft
from agentgov.model.act import render
from agentgov.net.posting import signed_headers, signing_key
from agentgov.release.orders import order_pause, order_resume, order_retire
from agentgov.repo import clock


def signed_pause(world: FleetSimulator, who: str, selector: str = str(TRIAGE)) -> Draft:
    """A pause that somebody signed and did not append."""
    return order_pause(
        world.view(), world.actor(who), selector, mode="stop", until=0, now=world.clock(), reason="loops"
    )


def body_of(draft: Draft) -> dict[str, object]:
    """A draft as it travels."""
    signatures = [one.decode() for one in draft.signatures]
    return {"schema": "agentgov.draft/1", "text": render(draft.act).decode(), "signatures": signatures}


def send(gate: GateWorld, draft: Draft, token: str) -> Reply:
    """Have the gate relay it."""
    return gate.ask("POST", "/v1/acts", token, body_of(draft))


def test_the_gate_relays_what_a_person_signed_and_serves_it(gate: GateWorld, world: FleetSimulator) -> None:
    token, draft = gate.person_token("alice"), signed_pause(world, "alice")
    told = send(gate, draft, token)
    assert told.status == 201
    assert (told.json["journal"], told.json["effective"]) == ("landed", True)
    assert [pause.selector for pause in world.view().state.pauses().values()] == [str(TRIAGE)]
    assert world.verify().offence is None

    again = send(gate, draft, token)  # an answer that got lost
    assert (again.status, again.json) == (201, told.json)
    asked = gate.ask("GET", f"/v1/acts/{told.json['id']}")  # its id is all that this takes
    assert (asked.status, asked.json) == (200, told.json)
    assert gate.ask("GET", f"/v1/acts/{'0' * 32}").status == 404

    lifted = order_resume(world.view(), world.actor("alice"), str(TRIAGE), now=world.clock())
    assert send(gate, lifted, token).status == 201
    assert not world.view().state.pauses()


def test_a_gate_that_has_not_seen_the_journal_for_long_is_not_ready(tmp_path: Path) -> None:
    world = FleetSimulator(tmp_path / "short", files={"agentgov.yaml": FLEET_YAML.replace("20y", "1s")})
    world.introduce()
    with GateWorld(world, tmp_path / "gate") as gate:
        away = world.remote.with_name("away.git")
        world.remote.rename(away)
        failed = "the last look at the journal failed"  # where looks are slow, a second is over before one failed
        until(lambda: gate.ask("GET", "/readyz").json["trouble"] == failed, failed)
        until(lambda: gate.ask("GET", "/readyz").status == 503, "that the journal was not seen for a second")
        told = gate.ask("GET", "/readyz").json
        assert (told["state"], told["trouble"]) == ("journal", failed)
        assert told["unseen"] > 1
        assert gate.ask("GET", "/healthz").status == 200
        away.rename(world.remote)
        until(lambda: gate.ask("GET", "/readyz").status == 200, "that it was seen again")


@pytest.mark.slow
def test_what_the_journal_refuses_later_can_be_asked_for(gate: GateWorld, world: FleetSimulator) -> None:
    world.order("alice", order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
    until(lambda: gate.ask("GET", "/readyz").json["seq"] == 1, "that the gate serves the pause")
    lifted = [order_resume(world.view(), world.actor(who), str(TRIAGE), now=world.clock()) for who in ("alice", "bob")]
    away = world.remote.with_name("away.git")
    world.remote.rename(away)
    with ThreadPoolExecutor() as pool:
        assert {reply.status for reply in pool.map(lambda draft: send(gate, draft, ""), lifted)} == {202}
    away.rename(world.remote)

    def told() -> dict[str, str]:
        replies = [gate.ask("GET", f"/v1/acts/{draft.act.id}") for draft in lifted]
        assert {reply.status for reply in replies} == {200}
        return {reply.json["journal"]: reply.json["said"] for reply in replies}

    until(lambda: told().keys() == {"landed", "refused"}, "that one landed, and the other had nothing to lift")
    assert "pause.none" in told()["refused"]


def test_the_gate_lends_nobody_its_own_authority(gate: GateWorld, world: FleetSimulator) -> None:
    token = gate.person_token("alice")
    before = world.view().state.head.seq
    good = body_of(signed_pause(world, "alice"))
    other = body_of(signed_pause(world, "bob"))
    refused = [
        ({**good, "signatures": other["signatures"]}, 403),  # signed something else
        ({**good, "text": str(good["text"]).replace("loops", "loop")}, 403),
        (body_of(signed_pause(world, "gate")), 400),  # a bot's act
        ({**good, "signatures": []}, 400),
        ({**good, "text": "pause everything\n"}, 400),
        ({**good, "schema": "agentgov.draft/2"}, 400),
    ]
    for body, status in refused:
        found = gate.ask("POST", "/v1/acts", token, body)
        assert found.status == status, (body, found.body)
    assert world.view().state.head.seq == before
    assert gate.ask("POST", "/v1/acts", body=good).status == 201  # the signature says who


def test_whoever_lacks_a_right_is_told_what_answers_who_has_it(gate: GateWorld, world: FleetSimulator) -> None:
    draft = order_retire(world.view(), world.actor("erin"), TRIAGE, now=world.clock(), reason="no more")
    found = gate.ask("POST", "/v1/acts", body=body_of(draft))
    assert (found.status, found.rule) == (403, "authority.permission")
    assert found.json["error"]["hint"] == f"who may: agentgov who retire {TRIAGE} --environment production"


def test_the_gate_serves_on_and_starts_while_the_remote_is_away(gate: GateWorld, world: FleetSimulator) -> None:
    token = gate.agent_token(TRIAGE)
    away = world.remote.with_name("away.git")
    world.remote.rename(away)
    until(lambda: gate.ask("GET", "/readyz").json["trouble"], "that the gate misses the remote")
    assert gate.ask("GET", "/readyz").status == 200
    assert b"agentgov_gate_journal_failed 1.0" in gate.ask("GET", "/metrics").body
    gate.kill()
    gate.start()
    assert gate.ask("GET", "/v1/whoami", token).status == 200

    away.rename(world.remote)
    until(lambda: not gate.ask("GET", "/readyz").json["trouble"], "that the gate found the remote again")


def test_what_does_not_verify_is_never_served(gate: GateWorld, world: FleetSimulator) -> None:
    seq, tip = (gate.ask("GET", "/readyz").json[name] for name in ("seq", "tip"))
    branch = "refs/heads/agentgov/journal"
    main = subprocess.run(
        ["git", "-C", str(world.remote), "rev-parse", "main"], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(["git", "-C", str(world.remote), "update-ref", branch, main], check=True)
    until(lambda: gate.ask("GET", "/readyz").json["trouble"], "that the gate saw it")
    ready = gate.ask("GET", "/readyz").json
    assert (ready["seq"], ready["tip"]) == (seq, tip)


def test_a_signed_webhook_wakes_the_gate(world: FleetSimulator, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{CALL}\n")
    secret.chmod(0o600)
    env = {"AGENTGOV_WAKE_SECRET_FILE": str(secret)}
    with GateWorld(world, tmp_path / "gate", "--poll", "3600", env=env) as gate:
        world.order("alice", order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
        assert gate.ask("POST", "/hooks/wake", body={}).status == 401
        assert gate.ask("GET", "/readyz").json["seq"] == 0
        body = b"{}"
        key = signing_key(CALL)
        assert key is not None
        headers = signed_headers([key], "m1", clock.now(), body)
        assert gate.ask("POST", "/hooks/wake", body=body, headers=headers).status == 202
        until(lambda: gate.ask("GET", "/readyz").json["seq"] == 1, "that the gate looked")
        assert gate.ask("POST", "/hooks/github", body={}).status == 503


@pytest.mark.slow
def test_the_reconciler_runs_beside_the_gate(world: FleetSimulator, tmp_path: Path) -> None:
    env = {
        "AGENTGOV_GATE_KEY_FILE": str(world.folder / "keys" / "gate"),
        "AGENTGOV_KEY_FILE": str(world.folder / "keys" / "reconciler"),
    }
    world.clock.time = clock.now() + 60  # beside a process that lives in the present
    with GateWorld(world, tmp_path / "gate", "--reconcile", "1", env=env) as gate:
        world.change("alice", {f"{TRIAGE.folder}/prompts/system.md": "Sort tickets.\n"})
        world.review("bob")
        until(lambda: gate.ask("GET", "/readyz").json["seq"] >= 2, "that the reconciler took it over")
        assert gate.stop() == 0


def test_a_gate_without_its_key_says_what_to_do(world: FleetSimulator, tmp_path: Path) -> None:
    env = {**os.environ, "AGENTGOV_KEY_FILE": str(world.folder / "keys" / "alice")}
    command = [sys.executable, "-m", "agentgov", "serve", "--repo", str(world.work), "--store", str(tmp_path / "s.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 1
    assert "takes a bot of kind gate" in done.stderr
    assert json.dumps(done.stdout) == '""'


def test_an_old_journal_is_told_and_nothing_raises_risk_then(tmp_path: Path) -> None:
    world = FleetSimulator(tmp_path / "old", files={"agentgov.yaml": FLEET_YAML.replace("20y", "6h")})
    world.introduce()
    world.order("alice", order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
    lifted = order_resume(world.view(), world.actor("alice"), str(TRIAGE), now=world.clock())
    with GateWorld(world, tmp_path / "gate") as gate:
        ready = gate.ask("GET", "/readyz")
        assert (ready.status, ready.json["state"], ready.json["stale"]) == (200, "ready", True)
        assert b"agentgov_gate_journal_stale 1.0" in gate.ask("GET", "/metrics").body
        refused = gate.ask("POST", "/v1/acts", body=body_of(lifted))
        assert refused.status == 409, refused.body
        assert b"journal.stale" in refused.body
        assert world.view().state.pauses()
