"""Leases over HTTP, from a gate that really runs: bytes, signatures, tags, pauses, pins, records, streams."""

import json
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from jsonschema import Draft7Validator
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from postgres import serving
from simulator import PAYROLL, TRIAGE, agent_file

from agentgov.model.names import AgentId
from agentgov.release import orders
from agentgov.resources import folder
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.lease_signature import key_behind
from agentgov.runtime.ledger import read as read_ledger
from agentgov.store.open import open_store
from agentgov.trust.keys import parse_public_key
from templates import copied, made

VALID = Draft7Validator(json.loads((folder("schemas") / "runtime/lease.schema.json").read_text("utf-8")))
LEASE = f"/v1/agents/{TRIAGE}/lease"
AHEAD = AgentId("support", "careful")


def ask(gate: GateWorld, token: str, **query: str) -> Any:
    return gate.ask("GET", LEASE + "?" + "&".join(f"{name}={value}" for name, value in query.items()), token)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        careful = agent_file(AHEAD, team="support") + "  audit: {mode: write-ahead}\n"
        world = PipelineWorld(place, files={AHEAD.file: careful, f"{AHEAD.folder}/prompts/system.md": "Take care.\n"})
        world.ship("1.0.0")
        world.ship("1.0.0", AHEAD)
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def world(shipped: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(shipped, tmp_path)


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate") as running:
        yield running


def test_an_agent_gets_its_release_signed_by_the_gate(gate: GateWorld, world: PipelineWorld) -> None:
    reply = ask(gate, gate.agent_token(TRIAGE))
    assert reply.status == 200
    VALID.validate(reply.json)
    view = world.view()
    assert reply.json["release"]["name"] == f"{TRIAGE}/v1.0.0"
    assert reply.json["governance"] == view.state.head.governance
    assert reply.headers["agentgov-journal"] == f"{view.state.head.seq} {view.tip}"
    assert reply.headers["cache-control"] == f"private, max-age={reply.json['ttl']}"
    signed_by = key_behind(reply.body, reply.headers["agentgov-signature"])
    assert signed_by.blob == parse_public_key(world.signers["gate"].public_key).blob


def test_what_the_agent_has_is_not_sent_again(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    first = ask(gate, token)
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = gate.ask("GET", LEASE, token, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert "agentgov-signature" in again.headers
    for other in ('"other"', tag.strip('"'), f"{tag} nonsense", ""):
        assert gate.ask("GET", LEASE, token, headers={"If-None-Match": other}).status == 200


def test_openssh_alone_can_check_a_lease(gate: GateWorld, world: PipelineWorld, tmp_path: Path) -> None:
    reply = ask(gate, gate.agent_token(TRIAGE))
    (tmp_path / "gate.signers").write_text(f"gate {world.signers['gate'].public_key}\n")
    recipe = """\
{ echo "-----BEGIN SSH SIGNATURE-----"; echo "$SIGNATURE" | fold -w 70
  echo "-----END SSH SIGNATURE-----"; } > lease.sig
ssh-keygen -Y verify -f gate.signers -I gate -n agentgov-lease -s lease.sig < lease.json
"""
    assert recipe in (Path(__file__).parents[2] / "docs/leases.md").read_text("utf-8")
    environment = {**os.environ, "SIGNATURE": reply.headers["agentgov-signature"]}
    for body, code in ((reply.body, 0), (reply.body.replace(b"stable", b"canary"), 255)):
        (tmp_path / "lease.json").write_bytes(body)
        done = subprocess.run(["sh", "-c", recipe], cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == code, done.stderr


def test_a_gate_that_is_killed_and_started_again_leases_the_same_bytes(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    first = ask(gate, token)
    gate.kill()
    gate.start()
    again = ask(gate, token)
    assert again.body == first.body
    for name in ("etag", "agentgov-signature", "agentgov-journal"):
        assert again.headers[name] == first.headers[name]


def test_an_agent_gets_nobody_elses_lease_and_people_get_none(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    assert gate.ask("GET", f"/v1/agents/{PAYROLL}/lease", token).rule == "gate.not-found"
    assert gate.ask("GET", LEASE, gate.person_token("alice")).status == 403
    assert gate.ask("GET", LEASE).status == 401
    staging = ask(gate, gate.agent_token(TRIAGE, "staging"))
    assert staging.json["environment"] == "staging"


def test_what_was_never_released_gets_no_lease(gate: GateWorld) -> None:
    reply = gate.ask("GET", f"/v1/agents/{PAYROLL}/lease", gate.agent_token(PAYROLL))
    assert (reply.status, reply.rule) == (403, "runtime.never-released")


def test_a_canary_is_split_by_sticky_keys(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    world.write("Version 1.1.0.")
    world.release("alice", TRIAGE, "1.1.0")
    world.until(lambda at: at.canary.state == "RAMP")
    until(lambda: ask(gate, token).status == 400, "that the gate serves the canary")
    assert ask(gate, token).rule == "runtime.key"
    deployed = Fleet(world.view()).deployed(TRIAGE, "production")
    for number in range(60):
        variant = "canary" if in_canary(deployed.rollout, f"user-{number}", deployed.share) else "stable"
        assert ask(gate, token, key=f"user-{number}").json["variant"] == variant
    kept = ask(gate, token, release=f"{TRIAGE}/v1.1.0")
    assert (kept.json["variant"], kept.json["release"]["name"]) == ("pinned", f"{TRIAGE}/v1.1.0")
    assert ask(gate, token, release=f"{TRIAGE}/v0.1.0").rule == "runtime.pinned"


def test_a_paused_agent_gets_no_lease_until_somebody_resumes_it(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    first = ask(gate, token)
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
    until(lambda: ask(gate, token).status == 403, "that the pause is in effect")
    told = ask(gate, token).json["error"]
    assert told["rule"] == "runtime.paused"
    assert "paused by erin: it loops" in told["message"]
    [pause] = gate.ask("GET", "/v1/pauses", gate.person_token("alice")).json["pauses"]
    since = pause["requested"] // 1000
    assert told["details"] == {
        "id": pause["id"],
        "mode": "stop",
        "by": "erin",
        "reason": "it loops",
        "since": since,
        "until": 0,
    }
    assert gate.ask("GET", LEASE, token, headers={"If-None-Match": first.headers["etag"]}).status == 403
    world.clock.time = int(time.time())  # that of the gate, which may have anchored its ledger meanwhile
    world.order("erin", orders.order_resume, str(TRIAGE))
    until(lambda: ask(gate, token).status == 200, "that it is resumed")
    assert ask(gate, token).body == first.body


def test_read_only_leaves_the_tools_that_read(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    world.order("erin", orders.order_pause, str(TRIAGE), mode="read-only", until=0, reason="look first")
    until(lambda: ask(gate, token).json["mode"] == "read-only", "that the pause is in effect")
    VALID.validate(ask(gate, token).json)


def records(gate: GateWorld, agent: AgentId) -> list[Any]:
    store = open_store(gate.store, serving=False)
    try:
        return list(store.read(lambda tx: read_ledger(tx, agent=str(agent))).result(PATIENCE))
    finally:
        store.close()


def test_every_lease_of_an_agent_that_asks_for_it_is_in_the_ledger_first(gate: GateWorld) -> None:
    token, path = gate.agent_token(AHEAD), f"/v1/agents/{AHEAD}/lease"
    for number in range(1, 4):
        reply = gate.ask("GET", path, token)
        found = records(gate, AHEAD)
        assert len(found) == number
        assert found[-1].type == "lease"
        assert found[-1].content["refs"]["etag"] == reply.headers["etag"].strip('"')
    assert gate.ask("GET", path, token, headers={"If-None-Match": "*"}).status == 304
    assert len(records(gate, AHEAD)) == 4, "what is extended is leased again"


def test_a_lease_of_any_other_agent_is_recorded_once(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    for _ in range(3):
        ask(gate, token)
    until(lambda: records(gate, TRIAGE), "that it is recorded")
    assert len(records(gate, TRIAGE)) == 1


# --- what instances say ---


def test_people_see_what_instances_say_that_they_run(gate: GateWorld, world: PipelineWorld) -> None:
    token, alice = gate.agent_token(TRIAGE), gate.person_token("alice")
    path = f"/v1/agents/{TRIAGE}/running"
    closure = ask(gate, token).json["closure"]
    good = gate.ask("POST", path, token, {"instance": "pod-1", "closure": closure, "release": "v1"})
    assert good.json == {"state": "ok", "expected": [closure]}
    odd = gate.ask("POST", path, token, {"instance": "pod-2", "closure": "0" * 64, "acknowledged": ["nothing"]})
    assert odd.json["state"] == "drift"
    seen = gate.ask("GET", path, alice).json
    assert [(one["instance"], one["state"], one["acknowledged"]) for one in seen["instances"]] == [
        ("pod-1", "ok", []),
        ("pod-2", "drift", []),
    ]
    drifted = gate.ask("GET", "/v1/running?state=drift", alice).json
    assert ([one["instance"] for one in drifted["instances"]], drifted["next"]) == (["pod-2"], "")
    assert len(gate.ask("GET", "/v1/running", alice).json["instances"]) == 2
    assert gate.ask("GET", "/v1/running?state=odd", alice).rule == "gate.request"
    levels = {one["environment"]: one["level"] for one in seen["levels"]}
    assert levels == {"production": "enforced", "staging": "advisory"}
    assert gate.ask("GET", path, token).status == 403
    assert gate.ask("POST", path, alice, {"instance": "x", "closure": closure}).status == 403


def test_people_see_nothing_of_agents_outside_of_their_scope(gate: GateWorld, world: PipelineWorld) -> None:
    token, erin = gate.agent_token(TRIAGE), gate.person_token("erin")
    gate.ask("POST", f"/v1/agents/{TRIAGE}/running", token, {"instance": "pod-1", "closure": "0" * 64})
    assert len(gate.ask("GET", "/v1/running", erin).json["instances"]) == 1
    path = "governance/access.yaml"
    rest = world.edit(path, 'who: [erin], agents: ["**"]', 'who: [erin], agents: ["finance/*"]')
    world.govern(
        {path: rest[path].replace('who: [team:security], agents: ["**"]', 'who: [team:security], agents: ["x/*"]')}
    )
    until(lambda: gate.ask("GET", f"/v1/agents/{TRIAGE}/running", erin).status == 404, "that the scope is narrower")
    assert gate.ask("GET", "/v1/running", erin).json == {"instances": [], "next": ""}


def test_a_pause_is_acknowledged_by_those_who_heard_of_it(gate: GateWorld, world: PipelineWorld) -> None:
    token, path = gate.agent_token(TRIAGE), f"/v1/agents/{TRIAGE}/running"
    closure = ask(gate, token).json["closure"]
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
    until(lambda: ask(gate, token).status == 403, "that the pause is in effect")
    pause = next(iter(world.view().state.pauses()))
    gate.ask("POST", path, token, {"instance": "pod-1", "closure": closure, "acknowledged": [pause]})
    seen = gate.ask("GET", path, gate.person_token("alice")).json
    assert seen["instances"][0]["acknowledged"] == [pause]


def test_what_makes_no_sense_is_not_kept(gate: GateWorld) -> None:
    token, fine = gate.agent_token(TRIAGE), "0" * 64
    named = ({"instance": name, "closure": fine} for name in ("", "a b"))
    bodies: list[Any] = [{}, [], {"instance": "a"}, *named]
    for body in bodies:
        assert gate.ask("POST", f"/v1/agents/{TRIAGE}/running", token, body).rule == "gate.request", body


def test_no_record_is_no_lease_while_the_disk_is_full_and_nothing_recorded_is_lost(gate: GateWorld) -> None:
    careful, other, late = gate.agent_token(AHEAD), gate.agent_token(TRIAGE), gate.agent_token(TRIAGE)
    path = f"/v1/agents/{AHEAD}/lease"
    assert gate.ask("GET", path, careful).status == 200
    assert ask(gate, other).status == 200
    until(lambda: records(gate, TRIAGE), "that it is recorded")
    before = [one.leaf for one in records(gate, AHEAD)]
    limits = resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))  # nothing can be written
    assert ask(gate, late).status == ask(gate, other).status == 200, "whose records may come later"
    refused = gate.ask("GET", path, careful)
    assert (refused.status, refused.rule) == (503, "gate.unknown")
    assert gate.ask("GET", path, careful, headers={"If-None-Match": "*"}).status == 503
    resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, limits)
    until(lambda: gate.ask("GET", path, careful).status == 200, "that the store writes again")
    found = [one.leaf for one in records(gate, AHEAD)]
    assert found[: len(before)] == before
    assert ask(gate, late).status == 200
    until(lambda: len(records(gate, TRIAGE)) == 2, "that it is recorded as well")


@pytest.mark.slow
def test_no_record_is_no_lease_while_the_database_is_gone(world: PipelineWorld, tmp_path: Path) -> None:
    path = f"/v1/agents/{AHEAD}/lease"
    with serving() as server, GateWorld(world, tmp_path / "gate", store=server.database()) as gate:
        careful, other = gate.agent_token(AHEAD), gate.agent_token(TRIAGE)
        for _ in range(5):
            assert gate.ask("GET", path, careful).status == 200
        assert ask(gate, other).status == 200
        server.stop()
        assert (refused := gate.ask("GET", path, careful)).status == 503
        assert refused.rule in ("gate.unknown", "gate.store")
        server.start()
        until(lambda: gate.ask("GET", path, careful).status == 200, "that the database is back")
        found = records(gate, AHEAD)
        assert len(found) == 6, "what was answered is there, what was refused is not"
        (tree,) = {one.tree for one in found}
        assert tree == "support"
