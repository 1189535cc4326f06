"""Who may what at a gate: every route, asked by every kind of caller at a gate that runs.

A row is a route; a column is a caller, with the status that each gets. What somebody may is answered, or refused for
another reason than who they are (400, 409, 503). A new route needs a row here.
"""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from gateworld import GateWorld
from patience import until
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.gate.gate import now_ms
from agentgov.gate.route import Route
from agentgov.gate.routes.table import ROUTES
from agentgov.runtime import tokens
from agentgov.runtime.tokens import Token
from agentgov.store.open import open_store

CALLERS = ("own", "other", "mallory", "erin", "alice", "dave", "frank", "bob", "carol")
BINDINGS = """bindings:
  - {role: viewer, who: [alice], agents: ["support/*"]}
  - {role: operator, who: [frank], agents: ["support/*"], environments: [staging]}
  - {role: operator, who: [bob], agents: ["support/*"], environments: [staging, production]}
  - {role: operator, who: [erin], agents: ["finance/*"], environments: [staging, production]}
  - {role: auditor, who: [dave], agents: ["support/*"]}
"""
DAY = 86_400_000
NO_ID = "0" * 32
SOON = (now_ms() + DAY) // 1000
SILENCE = {"matchers": [f"agent={TRIAGE}"], "until": SOON * 1000, "reason": "x"}
TOKEN = {"agent": str(TRIAGE), "environment": "staging"}
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/tokens": TOKEN,
    "POST /v1/pauses": {"selector": str(TRIAGE), "reason": "x", "mode": "read-only", "until": SOON},
    "POST /v1/incidents": {"agents": [str(TRIAGE)], "title": "x"},
    "POST /v1/incidents/{incident}/notes": {"text": "x"},
    "POST /v1/incidents/{incident}/roles": {"who": "bob"},
    "POST /v1/incidents/{incident}/severity": {"severity": 2},
    "POST /v1/incidents/{incident}/messages": {"to": ["bob"], "text": "x"},
    "POST /v1/incidents/{incident}/mitigate": {"pause": "read-only"},
    "POST /v1/silences": SILENCE,
    "POST /v1/drills": {"drill": "d", "agent": str(TRIAGE), "title": "x"},
    "POST /v1/drills/end": {"agent": str(TRIAGE)},
    "POST /v1/ledger/erasures": {"reason": "x", "record": "support/999"},
    "POST /v1/ledger/erasures/{id}/signatures": {"signature": "x"},
}
QUERIES = {
    "GET /v1/alerts/explain": f"?rule=error-burn&agent={TRIAGE}",
    "GET /v1/spending/subject": "?subject=x",
    "GET /v1/agents/{workspace}/{name}/lease": "?key=a",
    "GET /v1/ledger/records": f"?agent={TRIAGE}",
}
ENDLESS = ("GET /v1/stream",)  # for agents
# By route: y has the right, n has not (403), . is told that there is nothing (404), in the order of CALLERS.
TABLE = """
yyyyyyyyy GET /healthz
yyyyyyyyy GET /readyz
yyyyyyyyy GET /metrics
yyyyyyyyy GET /openapi.json
yyyyyyyyy POST /hooks/github
yyyyyyyyy POST /hooks/gitlab
yyyyyyyyy POST /hooks/wake
......... POST /hooks/pagerduty
yyyyyyyyy POST /v1/acts
......... GET /v1/acts/{id}
yyyyyyyyy POST /v1/login
nnnyyyyyy POST /v1/logout
......... GET /v1/login
......... GET /v1/login/callback
yyyyyyyyy POST /v1/login/exchange
yynyyyyyy GET /v1/whoami
nnnyyyyyy GET /v1/tokens
nnn.nnyyy POST /v1/tokens
nnn...yyy DELETE /v1/tokens/{id}
nnn...yyy POST /v1/tokens/{id}/rotate
nnnyyyyyy GET /v1/agents
nnn.yyyyy GET /v1/agents/{workspace}/{name}
n.nnnnnnn GET /v1/agents/{workspace}/{name}/lease
y.nnnnnnn POST /v1/agents/{workspace}/{name}/running
nnn.yyyyy GET /v1/agents/{workspace}/{name}/running
nnnyyyyyy GET /v1/running
yynnnnnnn GET /v1/stream
..nnnnnnn POST /ofrep/v1/evaluate/flags/{key...}
yynnnnnnn POST /ofrep/v1/evaluate/flags
nnn.nnnyy POST /v1/pauses
yyyyyyyyy POST /v1/pauses/asked
nnnyyyyyy GET /v1/pauses
y.nnnnnnn POST /v1/agents/{workspace}/{name}/actions
y.nnnnnnn POST /v1/agents/{workspace}/{name}/outcomes
nnnyyyyyy GET /v1/permits
nnnyyyyyy GET /v1/permits/statistics
..n...... GET /v1/permits/{id}
nnn...... POST /v1/permits/{id}/approve
nnn...... POST /v1/permits/{id}/deny
yynnnnnnn POST /v1/permits/{id}/consume
y.nnnnnnn POST /v1/agents/{workspace}/{name}/reservations
y.nnnnnnn POST /v1/agents/{workspace}/{name}/reservations/{id}/settle
..nnnnnnn POST /v1/agents/{workspace}/{name}/reservations/{id}/release
nnnyyyyyy GET /v1/budgets
nnn.yyyyy GET /v1/budgets/{workspace}/{name}
nnnyyyyyy GET /v1/spending
nnn.yyyyy GET /v1/spending/{workspace}/{name}
nnnnnnnnn GET /v1/spending/subject
nnnyyyyyy GET /v1/incidents
nnn.nnyyy POST /v1/incidents
nnn.yyyyy GET /v1/incidents/{incident}
nnn.yyyyy GET /v1/incidents/{incident}/impact
nnn.nnyyy POST /v1/incidents/{incident}/acknowledge
nnn.nnyyy POST /v1/incidents/{incident}/notes
nnn.nnyyy POST /v1/incidents/{incident}/roles
nnn.nnyyy POST /v1/incidents/{incident}/severity
nnn.nnyyy POST /v1/incidents/{incident}/messages
nnn.nnnyy POST /v1/incidents/{incident}/mitigate
nnn.nnyyy POST /v1/incidents/{incident}/resolve
nnnyyyyyy GET /v1/alerts
nnn...... GET /v1/alerts/explain
nnn...... GET /v1/alerts/{fingerprint}
nnn...... POST /v1/alerts/{fingerprint}/acknowledge
nnn...... POST /v1/alerts/{fingerprint}/resolve
nnn.nnnyy POST /v1/silences
nnnyyyyyy GET /v1/silences
nnn.nnnyy DELETE /v1/silences/{id}
nnnnnnnny GET /v1/alert-routes
nnnnnnnn. POST /v1/alert-routes/{route}/test
nnnnnnnn. GET /v1/deliveries/{id}
nnn.nnyyy POST /v1/drills
nnn.nnyyy POST /v1/drills/end
nnn.nynnn GET /v1/ledger/records
nnnnnynnn GET /v1/ledger/trees
nnn.nynnn GET /v1/ledger/proofs/{tree}/{seq}
nnnnnynnn GET /v1/ledger/files/{tree}/{path...}
nnnnnynnn GET /v1/ledger/export/{tree}
nnnnnnnn. POST /v1/ledger/erasures
nnnnnnnny GET /v1/ledger/erasures
nnnnnnnn. POST /v1/ledger/erasures/{id}/signatures
yynnnnnnn POST /v1/traces
yynnnnnnn POST /v1/events
nnnyyyyyy GET /v1/usage
nnn.yyyyy GET /v1/agents/{workspace}/{name}/usage
nnn.yyyyy GET /v1/agents/{workspace}/{name}/counts
yyyyyyyyy POST /v1/counts/asked
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    """A gate of a fleet where alice looks at support, bob runs it, frank only in staging, erin runs finance, dave
    audits support, and carol administers; mallory is in no Access."""
    folder = tmp_path_factory.mktemp("rights")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AGENTGOV_CONFIG_HOME", str(folder / "config"))
        patched.setenv("AGENTGOV_STATE_HOME", str(folder / "state"))
        world = FleetSimulator(folder / "world")
        file = "governance/access.yaml"
        access = (world.work / file).read_text("utf-8")
        head = access.partition("bindings:")[0].replace("who: [carol, dave]", "who: [carol]")
        head = head.replace("bots:\n", "  - {id: frank}\nbots:\n", 1)
        world.commit("carol", {file: head + BINDINGS}, "Roles of the table")
        world.push()
        world.introduce()
        with GateWorld(world, folder / "gate") as running:
            yield running


def dead(gate: GateWorld, **change: int) -> str:
    """A token that was good once."""
    now = now_ms()
    token = Token(
        secrets.token_hex(16),
        "agent",
        TRIAGE,
        "production",
        "",
        "",
        now - DAY,
        "test",
        change.get("expires", now + DAY),
    )
    store = open_store(gate.store, serving=False)
    try:
        made = store.write(lambda tx: tokens.create(tx, token, secrets.token_bytes(32))).result()
        if "revoked" in change:
            store.write(lambda tx: tokens.revoke(tx, token.id, now)).result()
    finally:
        store.close()
    return made.secret


def told(gate: GateWorld, bob: str) -> dict[str, str]:
    """What stands in paths: what is there of support, and no other."""
    incident = gate.ask("POST", "/v1/incidents", bob, BODIES["POST /v1/incidents"]).json["incident"]
    until(lambda: gate.ask("GET", f"/v1/incidents/{incident}", bob).status == 200, "that it is open")
    silence = gate.ask("POST", "/v1/silences", bob, SILENCE).json["id"]
    rest = {"tree": "support", "path...": "checkpoint", "key...": "config", "fingerprint": NO_ID, "route": "page"}
    place = {"workspace": TRIAGE.workspace, "name": TRIAGE.name, "seq": "0"}
    return {**rest, **place, "incident": incident, "silence": silence}


def path_of(gate: GateWorld, route: Route, known: dict[str, str], bob: str) -> str:
    """A path of a route; a token that it names is made for it."""
    id_ = NO_ID
    if route.path.startswith("/v1/silences/"):
        id_ = known["silence"]
    elif route.path.startswith("/v1/tokens/"):
        id_ = gate.ask("POST", "/v1/tokens", bob, TOKEN).json["token"]["id"]
    found = route.path
    for name, value in {**known, "id": id_}.items():
        found = found.replace(f"{{{name}}}", value)
    return found + QUERIES.get(f"{route.method} {route.path}", "")


def shown(status: int) -> str:
    """A status in one letter; there is nothing that a gate may fail at."""
    assert status < 500 or status == 503, status
    return {401: "!", 403: "n", 404: "."}.get(status, "y")


@pytest.mark.slow
@pytest.mark.attack("S3")
def test_everybody_may_what_the_table_says_and_nothing_else(gate: GateWorld) -> None:
    people = {name: gate.person_token(name) for name in CALLERS[2:]}
    secret = {"own": gate.agent_token(TRIAGE), "other": gate.agent_token(PAYROLL), **people}
    known, lines = told(gate, secret["bob"]), []
    for route in ROUTES:
        name, letters = f"{route.method} {route.path}", ""
        for caller in CALLERS:
            if name in ENDLESS and caller in ("own", "other"):
                letters += "y"
                continue
            body = BODIES.get(name, {}) if route.method == "POST" else None
            reply = gate.ask(route.method, path_of(gate, route, known, secret["bob"]), secret[caller], body)
            letters += shown(reply.status)
            if caller == "erin" and reply.status == 200 and route.who != "anyone":
                assert str(TRIAGE).encode() not in reply.body, f"{name} shows what is not hers"
        lines.append(f"{letters} {name}")
    assert lines == TABLE.strip().splitlines()


@pytest.mark.slow
@pytest.mark.attack("S3")
def test_a_token_that_is_good_no_more_opens_nothing(gate: GateWorld) -> None:
    bob = gate.person_token("bob")
    known = told(gate, bob)
    for secret in ("", dead(gate, revoked=1), dead(gate, expires=now_ms() - 1)):
        assert gate.ask("GET", "/v1/stream", secret).status == 401
        for route in ROUTES:
            if route.who != "anyone":
                body = BODIES.get(f"{route.method} {route.path}", {}) if route.method == "POST" else None
                reply = gate.ask(route.method, path_of(gate, route, known, bob), secret, body)
                assert reply.status == 401, (route.method, route.path)


@pytest.mark.attack("S5")
def test_a_right_in_staging_is_none_in_production(gate: GateWorld) -> None:
    bob, frank = gate.person_token("bob"), gate.person_token("frank")
    there = {**TOKEN, "environment": "production"}
    reply = gate.ask("POST", "/v1/tokens", frank, there)
    assert (reply.status, reply.rule) == (403, "gate.forbidden")
    assert "in production" in reply.json["error"]["message"]
    staging, production = (gate.ask("POST", "/v1/tokens", bob, body).json["token"]["id"] for body in (TOKEN, there))
    listed = {one["id"]: one for one in gate.ask("GET", "/v1/tokens", frank).json["tokens"]}
    assert staging in listed
    assert production not in listed
    assert gate.ask("POST", f"/v1/tokens/{production}/rotate", frank, {}).status == 404
    assert gate.ask("DELETE", f"/v1/tokens/{production}", frank).status == 404
    rotated = gate.ask("POST", f"/v1/tokens/{staging}/rotate", frank, {"overlap": 0}).json["token"]
    assert rotated["environment"] == "staging"
    assert gate.ask("DELETE", f"/v1/tokens/{rotated['id']}", frank).status == 204
    assert production in {one["id"] for one in gate.ask("GET", "/v1/tokens", bob).json["tokens"]}


@pytest.mark.attack("S5")
@pytest.mark.parametrize(
    ("matchers", "status"),
    [
        (["environment=staging"], 201),
        (["environment=production"], 403),
        (["environment=s*"], 403),  # also what is called so one day
        (["environment!=production"], 403),
        ([], 403),
    ],
)
def test_a_silence_takes_the_right_where_it_is_quiet(gate: GateWorld, matchers: list[str], status: int) -> None:
    frank, ask = gate.person_token("frank"), {**SILENCE, "matchers": [f"agent={TRIAGE}", *matchers]}
    assert gate.ask("POST", "/v1/silences", frank, ask).status == status
    made = gate.ask("POST", "/v1/silences", gate.person_token("bob"), ask).json["id"]
    assert gate.ask("DELETE", f"/v1/silences/{made}", frank).status == (200 if status == 201 else status)
