"""Who may open what at a gate: tokens of agents, logins with a signing key, and what ends them."""

import json
import os
import stat
import subprocess
from pathlib import Path

from forked import ran
from gateworld import GateWorld
from patience import until
from simulator import PAYROLL, TRIAGE, FleetSimulator
from unit.cli.output_schema import assert_holds

from agentgov.gate.gate import now_ms
from agentgov.gate.routes.table import ROUTES
from agentgov.model.names import AgentId
from agentgov.runtime import ledger
from agentgov.runtime.logins import NAMESPACE, LoginText
from agentgov.store.open import file_of, open_store


def as_person(gate: GateWorld, who: str, *args: str) -> subprocess.CompletedProcess[str]:
    """The program as somebody, in the clone, with this gate."""
    env = {**os.environ, "AGENTGOV_KEY_FILE": str(gate.world.folder / "keys" / who), "AGENTGOV_GATE": gate.url}
    return ran([*args, "--repo", str(gate.world.work), "--json"], gate.world.work, env)


def signed(gate: GateWorld, who: str, *, url: str = "", at: int = 0, namespace: str = NAMESPACE) -> dict[str, str]:
    """A login as somebody signs it."""
    fleet = gate.world.view().state.head.fleet
    text = LoginText(fleet, url or gate.url, at or now_ms(), os.urandom(16).hex()).text
    signature = gate.world.signers[who].sign(namespace, text.encode())
    return {"text": text, "signature": signature.decode()}


def test_who_makes_a_token_is_told_at_which_gate_it_is_good(gate: GateWorld) -> None:
    words = ["token", "create", "--person", "carol", "--store", gate.store, "--repo", str(gate.world.work)]
    told = ran(words, gate.world.work, dict(os.environ)).stdout
    assert f"good at the gate that serves {file_of(gate.store)}\n" in told


def test_a_person_logs_in_with_the_key_they_sign_acts_with(gate: GateWorld, tmp_path: Path) -> None:
    done = as_person(gate, "alice", "login")
    assert done.returncode == 0, done.stderr
    assert_holds(json.loads(done.stdout), "login")
    assert json.loads(done.stdout)["person"] == "alice"
    (kept,) = (tmp_path / "config" / "logins").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    token = json.loads(kept.read_bytes())["token"]
    assert gate.ask("GET", "/v1/whoami", token).json == {"kind": "person", "person": "alice", "how": "login"}
    assert as_person(gate, "alice", "logout").returncode == 0
    assert gate.ask("GET", "/v1/whoami", token).status == 401
    assert not kept.exists()


def test_a_bot_and_a_stranger_log_in_nowhere(gate: GateWorld) -> None:
    done = as_person(gate, "reconciler", "login")
    assert (done.returncode, "no living key of a person" in done.stderr) == (2, True), done.stderr


def test_a_login_is_good_once_at_one_gate_and_for_a_while(gate: GateWorld) -> None:
    body = signed(gate, "alice")
    assert gate.ask("POST", "/v1/login", body=body).status == 201
    for refused in (
        body,  # once more
        signed(gate, "alice", url="https://evil.example"),
        signed(gate, "alice", at=now_ms() - 301_000),
        signed(gate, "alice", at=now_ms() + 301_000),
        signed(gate, "alice", namespace="agentgov-act"),
        {**signed(gate, "alice"), "signature": signed(gate, "alice")["signature"]},
        {**body, "text": body["text"].replace("agentgov-login/1", "agentgov-login/2")},
        {**body, "signature": "none"},
    ):
        answer = gate.ask("POST", "/v1/login", body=refused)
        assert (answer.status, answer.rule) == (401, "gate.login")


def test_a_login_ends_with_its_key(gate: GateWorld, world: FleetSimulator) -> None:
    token = gate.ask("POST", "/v1/login", body=signed(gate, "alice")).json["token"]
    other = gate.ask("POST", "/v1/login", body=signed(gate, "bob")).json["token"]
    file = "governance/access.yaml"
    access = (world.work / file).read_text()
    line = world.signers["alice"].public_key
    world.change("carol", {file: access.replace(f'keys: ["{line} alice"]', "keys: []")})
    world.review("dave")
    world.advance()
    until(lambda: gate.ask("GET", "/v1/whoami", token).status == 401, "that the key is nobody's")
    assert gate.ask("GET", "/v1/whoami", other).status == 200


def test_tokens_of_agents_are_made_rotated_and_revoked_by_whoever_may(gate: GateWorld) -> None:
    alice = gate.person_token("alice")
    wanted = {"agent": str(TRIAGE), "environment": "production", "label": "blue"}
    made_one = gate.ask("POST", "/v1/tokens", alice, wanted)
    assert made_one.status == 201
    first, name = made_one.json["secret"], made_one.json["token"]["id"]
    assert gate.ask("GET", "/v1/whoami", first).json["agent"] == str(TRIAGE)

    assert gate.ask("POST", "/v1/tokens", alice, {**wanted, "agent": "support/nobody"}).status == 404
    assert gate.ask("POST", "/v1/tokens", first, wanted).rule == "gate.caller"
    assert gate.ask("POST", "/v1/tokens", alice, {**wanted, "person": "carol"}).status == 400

    rotated = gate.ask("POST", f"/v1/tokens/{name}/rotate", alice, {"overlap": 3600})
    second = rotated.json["secret"]
    assert [gate.ask("GET", "/v1/whoami", one).status for one in (first, second)] == [200, 200]
    assert gate.ask("DELETE", f"/v1/tokens/{name}", alice).status == 204
    assert [gate.ask("GET", "/v1/whoami", one).status for one in (first, second)] == [401, 200]
    assert gate.ask("DELETE", f"/v1/tokens/{name}", alice).status == 404

    seen = gate.ask("GET", "/v1/tokens", alice).json["tokens"]
    assert {one["id"] for one in seen} >= {rotated.json["token"]["id"]}
    assert first not in json.dumps(seen)


def test_rotation_without_overlap_ends_the_old_token_at_once(gate: GateWorld) -> None:
    alice = gate.person_token("alice")
    found = gate.ask("POST", "/v1/tokens", alice, {"agent": str(PAYROLL), "environment": "staging"}).json
    gate.ask("POST", f"/v1/tokens/{found['token']['id']}/rotate", alice, {"overlap": 0})
    assert gate.ask("GET", "/v1/whoami", found["secret"]).status == 401


def test_the_keeper_makes_the_first_token_and_only_its_digest_is_kept(gate: GateWorld, tmp_path: Path) -> None:
    done = as_person(
        gate, "gate", "token", "create", "--person", "carol", "--store", gate.store, "--out", str(tmp_path / "t")
    )
    assert done.returncode == 0, done.stderr
    secret = (tmp_path / "t").read_text().strip()
    assert gate.ask("GET", "/v1/whoami", secret).status == 200, "it is good at once"
    document = json.loads(done.stdout)
    assert_holds(document, "token-create")
    name = document["id"]
    assert secret not in done.stdout
    listed = as_person(gate, "gate", "token", "list", "--store", gate.store)
    assert_holds(json.loads(listed.stdout), "token-list")
    assert [one["id"] for one in json.loads(listed.stdout)["tokens"]] == [name]
    assert as_person(gate, "gate", "token", "revoke", name, "--store", gate.store).returncode == 0
    until(lambda: gate.ask("GET", "/v1/whoami", secret).status == 401, "that it opens nothing")
    assert as_person(gate, "gate", "token", "revoke", name, "--store", gate.store).returncode == 1
    gate.stop()
    assert not any(secret.encode() in file.read_bytes() for file in gate.folder.iterdir())


def test_reads_and_deeds_of_people_are_recorded(gate: GateWorld) -> None:
    alice = gate.ask("POST", "/v1/login", body=signed(gate, "alice")).json["token"]
    gate.ask("GET", "/v1/agents/support/triage", alice)
    gate.ask("POST", "/v1/tokens", alice, {"agent": str(TRIAGE), "environment": "staging"})
    gate.ask("POST", "/v1/logout", alice)
    store = open_store(gate.store, serving=False)
    try:
        records = store.read(lambda tx: ledger.read(tx, actor="person:alice")).result()
    finally:
        store.close()
    assert [(one.type, one.agent) for one in records] == [
        ("login", ""),
        ("read", str(TRIAGE)),
        ("token", str(TRIAGE)),
        ("logout", ""),
    ]


def test_no_route_lets_a_person_read_unrecorded(gate: GateWorld) -> None:
    alice = gate.person_token("alice")
    own = {"/v1/whoami"}  # says who asks, and nothing else
    ids = ("{id}", "{incident}", "{fingerprint}")
    of_one = {route.path for route in ROUTES if any(one in route.path for one in ids)}  # tried where there is one
    store, seen = open_store(gate.store, serving=False), 0
    try:
        for route in ROUTES:
            if route.method != "GET" or route.who not in ("person", "either") or route.path in own | of_one:
                continue
            place = (
                route.path.replace("{workspace}", TRIAGE.workspace).replace("{name}", TRIAGE.name).replace("{seq}", "0")
            )
            query = "&".join(
                f"{one.name}={TRIAGE if one.name == 'agent' else 1}" for one in route.query if one.required
            )
            reply = gate.ask("GET", f"{place}?{query}", alice)
            if reply.status == 403:  # nothing was read: the ledger, and whom money was for, are for auditors
                assert route.tag == "ledger" or route.path.startswith("/v1/spending")
                continue
            reads = store.read(lambda tx: ledger.read(tx, actor="person:alice", limit=1000)).result()
            assert (len(reads), reads[0].type) == (seen + 1, "read"), (route.path, reply.status)
            seen += 1
    finally:
        store.close()
    assert seen >= 8


def test_an_agent_that_the_fleet_does_not_have_is_let_in_nowhere(gate: GateWorld) -> None:
    found = gate.ask("GET", "/v1/agents/support/ghost/lease?key=a", gate.agent_token(AgentId("support", "ghost")))
    assert (found.status, found.rule) == (403, "gate.unregistered")


def test_whoever_is_logged_in_makes_tokens_from_the_command_line(gate: GateWorld, tmp_path: Path) -> None:
    assert as_person(gate, "alice", "login").returncode == 0
    at, file = ("--gate", gate.url), tmp_path / "agent.token"
    whose = ("--agent", str(TRIAGE), "--environment", "staging")
    done = as_person(gate, "alice", "token", "create", *whose, "--label", "blue", *at, "--out", str(file))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert_holds(document, "token-create")
    assert gate.ask("GET", "/v1/whoami", file.read_text().strip()).json["environment"] == "staging"
    again = as_person(gate, "alice", "token", "create", *whose, *at, "--out", str(file))
    assert (again.returncode, "written over nothing" in again.stderr) == (2, True)

    rotated = as_person(gate, "alice", "token", "rotate", document["id"], "--overlap", "0", *at)
    assert_holds(json.loads(rotated.stdout), "token-rotate")
    assert gate.ask("GET", "/v1/whoami", file.read_text().strip()).status == 401
    name = json.loads(rotated.stdout)["id"]
    listed = json.loads(as_person(gate, "alice", "token", "list", *at).stdout)
    assert_holds(listed, "token-list")
    assert name in [one["id"] for one in listed["tokens"]]
    assert as_person(gate, "alice", "token", "revoke", name, *at).returncode == 0
    assert as_person(gate, "alice", "token", "revoke", name, *at).returncode == 1
    person = as_person(gate, "alice", "token", "create", "--person", "alice", *at)
    assert (person.returncode, "people log in" in person.stderr) == (2, True)
