"""People are told of alerts by a gate that really runs: PagerDuty, Slack and signed webhooks, as they would hear."""

import hmac
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from alertworld import an_alert
from fakeserver import FakeServer, Request
from fakeserver import Reply as Answer
from forked import ran
from gateworld import GateWorld
from patience import until
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE
from standardwebhooks import Webhook
from unit.cli.output_schema import assert_holds

from agentgov.alerts import standing
from agentgov.alerts.alert import Alert, Scope, dedup_key
from agentgov.gate.gate import now_ms
from agentgov.resources import folder
from agentgov.store.open import open_store
from templates import copied, made

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "0123456789abcdef0123456789abcdef"
HOOK = "a secret of a webhook subscription"
EVENT = jsonschema.Draft7Validator(json.loads((folder("schemas") / "events/alert.schema.json").read_text("utf-8")))
RULES = frozenset({"probe", "drilled"})
_ALERTS = """apiVersion: agentgov.dev/v1
kind: AlertPolicy
routes:
  - {{name: pager, match: {{severity: [page]}}, to: pagerduty, url: "{url}", keyFrom: "env:PAGER_KEY"}}
  - {{name: channel, to: slack, keyFrom: "env:SLACK_URL", groupWait: 0s, groupInterval: 0s}}
  - name: hook
    match: {{severity: [ticket]}}
    to: webhook
    url: "{url}/hook"
    keyFrom: "env:HOOK_SECRET"
    groupWait: 0s
    groupInterval: 0s
"""


@dataclass
class Receivers:
    """All of them, behind one address."""

    heard: list[Request] = field(default_factory=list)
    server: FakeServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = FakeServer(self._take)

    def _take(self, request: Request) -> Answer:
        self.heard.append(request)
        if request.path == "/hook":
            EVENT.validate(Webhook(SECRET).verify(request.body, dict(request.headers)))
        return Answer(202 if request.path == "/v2/enqueue" else 200, b"ok")

    def at(self, path: str) -> list[Any]:
        """The bodies that came to a path."""
        return [one.json() for one in self.heard if one.path == path]


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    found = Receivers()
    with found.server.serve():
        yield found


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory, receivers: Receivers) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        world = PipelineWorld(place, files={"governance/alerts.yaml": _ALERTS.format(url=receivers.server.url)})
        world.ship("1.0.0")
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def gate(shipped: PipelineWorld, receivers: Receivers, tmp_path: Path) -> Iterator[GateWorld]:
    receivers.heard.clear()
    receivers.server.requests.clear()
    receivers.server.faults.clear()
    secret = tmp_path / "pagerduty"
    secret.write_text(HOOK)
    secret.chmod(0o600)
    env = {"AGENTGOV_PAGERDUTY_SECRET_FILE": str(secret), "PAGER_KEY": KEY, "HOOK_SECRET": SECRET}
    env |= {"SLACK_URL": f"{receivers.server.url}/slack"}
    with GateWorld(copied(shipped, tmp_path), tmp_path / "gate", env=env) as running:
        yield running


def put(gate: GateWorld, *firing: Alert) -> None:
    store = open_store(gate.store, serving=False)
    try:
        store.write(lambda tx: standing.put(tx, firing, now_ms(), Scope(RULES))).result()
    finally:
        store.close()


def probe(severity: str = "page", **words: Any) -> Alert:
    return an_alert("probe", severity, str(TRIAGE), now_ms(), **words)


def command(gate: GateWorld, who: str, *args: str) -> tuple[int, dict[str, Any]]:
    found = said(gate, who, *args, "--json")
    document = json.loads(found.stdout) if found.stdout else {}
    if document:
        assert_holds(document, f"alert-{args[0]}")
    return found.returncode, document


def said(gate: GateWorld, who: str, *args: str) -> "subprocess.CompletedProcess[str]":
    """What the program says to somebody who is logged in at the gate."""
    token = gate.folder / f"{who}.token"
    token.write_text(gate.person_token(who))
    token.chmod(0o600)
    env = {**gate.env, "AGENTGOV_GATE": gate.url, "AGENTGOV_TOKEN_FILE": str(token)}
    return ran(["alert", *args, "--repo", str(gate.world.work)], gate.folder, env)


def test_an_alert_is_told_taken_care_of_and_told_to_be_over(gate: GateWorld, receivers: Receivers) -> None:
    one = probe()
    put(gate, one)
    until(lambda: receivers.at("/v2/enqueue") and receivers.at("/slack"), "that people are told")
    code, found = command(gate, "erin", "list")
    assert (code, [each["state"] for each in found["alerts"]]) == (1, ["firing"])
    code, found = command(gate, "erin", "ack", one.fingerprint)
    assert (code, found["alert"]["acknowledgedBy"]) == (0, "person:erin")
    until(lambda: len(receivers.at("/v2/enqueue")) == 2, "that PagerDuty hears who takes care of it")
    put(gate)
    until(lambda: len(receivers.at("/v2/enqueue")) == 3 and len(receivers.at("/slack")) == 2, "the end")
    events = receivers.at("/v2/enqueue")
    fleet = gate.world.view().state.head.fleet
    assert [each["event_action"] for each in events] == ["trigger", "acknowledge", "resolve"]
    assert {each["dedup_key"] for each in events} == {dedup_key(fleet, one.fingerprint)}
    code, found = command(gate, "erin", "explain", "probe", str(TRIAGE))
    assert [(each["route"], each["takes"], each["said"]) for each in found["routes"]] == [
        ("pager", True, "it is over"),
        ("channel", True, "it is over"),
        ("hook", False, "it takes severity ticket, and this is page"),
    ]
    assert [len(each["deliveries"]) for each in found["routes"]] == [3, 2, 0]
    code, found = command(gate, "erin", "explain", "errors", str(TRIAGE))
    assert (code, found["alert"], found["now"]) == (0, None, [])  # nothing was ever heard of it
    assert KEY not in gate.log
    assert "/slack" not in gate.log


def test_only_people_who_may_touch_alerts_and_texts_get_nowhere(gate: GateWorld) -> None:
    one = probe("ticket")
    put(gate, one)
    place = f"/v1/alerts/{one.fingerprint}"
    carol, erin = gate.person_token("carol"), gate.person_token("erin")
    assert [len(gate.ask("GET", "/v1/alerts", each).json["alerts"]) for each in (carol, erin)] == [1, 1]
    assert gate.ask("GET", f"/v1/alerts/{'0' * 32}", carol).status == 404
    assert gate.ask("POST", f"{place}/acknowledge", gate.agent_token(TRIAGE), {}).status == 403
    assert gate.ask("GET", "/v1/alerts?days=x", carol).status == 400
    assert gate.ask("GET", "/v1/alerts/explain?rule=probe", carol).status == 400
    assert gate.ask("GET", f"/v1/alerts/explain?rule=none&agent={TRIAGE}", carol).status == 404
    assert gate.ask("POST", "/v1/alert-routes/nowhere/test", carol, {}).rule == "gate.not-found"
    ask = {"matchers": ["agent=*"], "until": now_ms() + 60_000, "reason": "x"}
    nonsense: list[dict[str, Any]] = [{"matchers": []}, {"matchers": ["agent"]}, {"reason": ""}]
    nonsense += [{"until": now_ms()}, {"until": 2 * now_ms()}]
    for wrong in nonsense:
        assert gate.ask("POST", "/v1/silences", carol, {**ask, **wrong}).status == 400
    assert gate.ask("POST", f"{place}/resolve", carol, {}).json["state"] == "resolved"
    assert gate.ask("POST", f"{place}/resolve", carol, {}).status == 404


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("show", "0" * 32), 1, "agentgov alert list --days 7"),
        (("ack", "0" * 32), 1, "agentgov alert list --days 7"),
        (("explain", "erors", str(TRIAGE)), 1, 'did you mean "errors"?'),
        (("explain", "errors", f"{TRIAGE}s"), 2, f'did you mean "{TRIAGE}"?'),
        (("silence", str(TRIAGE), "--for", "2h", "-m", "x"), 2, f"agent={TRIAGE}"),
        (("silence", "agent=*", "--for", "40d", "-m", "x"), 2, "--for 2h"),
        (("unsilence", "0" * 32), 1, "agentgov alert silences"),
    ],
)
def test_a_slip_of_the_keyboard_is_told_with_what_was_meant(
    gate: GateWorld, words: tuple[str, ...], code: int, hint: str
) -> None:
    found = said(gate, "alice", *words)
    assert (found.returncode, found.stdout) == (code, "")
    assert hint in found.stderr


def test_a_silence_says_how_many_alerts_it_means(gate: GateWorld) -> None:
    put(gate, probe("ticket"))
    for matcher, told in ((f"agent={TRIAGE}", "meant by it now: 1 of 1"), ("agent=support/*s", "no alert that stands")):
        assert told in said(gate, "alice", "silence", matcher, "--for", "2h", "-m", "planned").stdout


def test_a_silence_keeps_people_quiet_until_it_is_lifted(gate: GateWorld, receivers: Receivers) -> None:
    code, found = command(gate, "alice", "silence", "agent=support/*", "--for", "2h", "--reason", "planned")
    assert code == 0
    one = probe("ticket")
    put(gate, one)
    code, shown = command(gate, "alice", "explain", one.fingerprint)
    assert shown["alert"]["muted"] == "silenced by alice: planned"
    assert [each["said"] for each in shown["routes"] if each["takes"]] == ["silenced by alice: planned"] * 2
    assert receivers.heard == []
    assert command(gate, "alice", "unsilence", found["silence"]["id"])[0] == 0
    until(lambda: receivers.at("/hook"), "that people are told after it")
    (body,) = receivers.at("/hook")
    assert (body["type"], body["data"]["alerts"][0]["labels"]["agent"]) == ("alert-first", str(TRIAGE))
    _, listed = command(gate, "alice", "silences")
    assert [each["state"] for each in listed["silences"]] == ["lifted"]


def test_a_test_goes_the_whole_way_and_is_written_down(gate: GateWorld, receivers: Receivers) -> None:
    code, found = command(gate, "alice", "test", "pager")
    assert (code, [each["state"] for each in found["deliveries"]]) == (0, ["delivered"] * 2)
    events = receivers.at("/v2/enqueue")
    assert [each["event_action"] for each in events] == ["trigger", "resolve"]
    assert events[0]["payload"]["summary"].startswith("[TEST] ")
    assert events[0]["payload"]["severity"] == "info"
    _, routes = command(gate, "alice", "routes")
    assert [bool(each["tested"]) for each in routes["routes"]] == [True, False, False]


def test_a_receiver_that_fails_is_tried_again_and_one_that_is_gone_is_said_to_be(
    gate: GateWorld, receivers: Receivers
) -> None:
    receivers.server.faults.add("503", "POST /hook", times=1, retry_after=1)
    receivers.server.faults.add("410", "POST /slack", times=1)
    put(gate, probe("ticket"))
    until(lambda: len([one for one in receivers.server.requests if one.path == "/hook"]) == 2, "the second attempt")
    first, second = (one for one in receivers.server.requests if one.path == "/hook")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    until(lambda: command(gate, "alice", "routes")[0] == 1, "that the route is known to be dead")
    _, routes = command(gate, "alice", "routes")
    assert [bool(each["dead"]) for each in routes["routes"]] == [False, True, False]
    put(gate, probe("ticket"), an_alert("drilled", "ticket", str(PAYROLL), now_ms(), {"drill": "true"}))
    until(lambda: len(receivers.at("/hook")) == 2, "what is new")
    assert receivers.at("/hook")[-1]["data"]["title"].startswith("[DRILL] [FIRING] drilled: finance/payroll")
    assert receivers.at("/slack") == []
    assert command(gate, "alice", "test", "channel")[0] == 0  # somebody is there again
    assert command(gate, "alice", "routes")[0] == 0


def test_an_alert_pauses_its_agent_once(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}/lease", token).status == 200
    one = probe(do=("alert", "pause"))
    put(gate, one)
    until(lambda: gate.ask("GET", f"/v1/agents/{TRIAGE}/lease", token).status != 200, "that it is paused")
    put(gate)
    put(gate, one)  # it comes back at once
    _, found = command(gate, "alice", "show", one.fingerprint)
    assert [(each["act"], each["state"]) for each in found["acts"]] == [("pause", "cooling")]

    def landed() -> bool:
        (pause,) = gate.ask("GET", "/v1/pauses", gate.person_token("alice")).json["pauses"]
        assert pause["reason"].startswith("Alert probe (")
        return bool(pause["journal"] == "landed")

    until(landed, "that the journal has it")


def test_no_alert_is_lost_or_told_under_two_names_when_its_gate_is_killed(
    gate: GateWorld, receivers: Receivers
) -> None:
    receivers.server.faults.add("hang", "POST /hook", times=1)
    put(gate, probe("ticket"))
    until(lambda: [one for one in receivers.server.requests if one.path == "/hook"], "the first attempt")
    gate.kill()
    store = open_store(gate.store, serving=False)
    try:  # as if a minute had passed: nobody has said how it went
        store.write(lambda tx: tx.run("UPDATE deliveries SET due = 1 WHERE due > 0")).result()
    finally:
        store.close()
    gate.start()
    until(lambda: receivers.at("/hook"), "the second attempt, of the next process")
    ids = {one.headers["webhook-id"] for one in receivers.server.requests if one.path == "/hook"}
    assert len(ids) == 1


def from_pagerduty(gate: GateWorld, kind: str, key: str, at: int, secret: str = HOOK) -> int:
    """One delivery of PagerDuty's webhooks v3, as its documentation shows it."""
    body = {
        "event": {
            "id": "01DEVENT",
            "event_type": kind,
            "resource_type": "incident",
            "occurred_at": datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "agent": {"id": "PERIN", "type": "user_reference", "summary": "Erin"},
            "data": {"id": "PINCIDENT", "type": "incident", "status": "acknowledged", "incident_key": key},
        }
    }
    raw = json.dumps(body).encode()
    signature = f"v1={'0' * 64},v1={hmac.digest(secret.encode(), raw, 'sha256').hex()}"
    return gate.ask("POST", "/hooks/pagerduty", "", raw, {"X-PagerDuty-Signature": signature}).status


def test_who_acknowledges_at_pagerduty_takes_care_here_and_nothing_goes_in_circles(
    gate: GateWorld, receivers: Receivers
) -> None:
    one = probe()
    put(gate, one)
    until(lambda: receivers.at("/v2/enqueue"), "the page")
    key = receivers.at("/v2/enqueue")[0]["dedup_key"]
    assert from_pagerduty(gate, "incident.acknowledged", key, now_ms(), "another secret, of somebody else") == 401
    assert from_pagerduty(gate, "incident.acknowledged", "somebody else's", now_ms()) == 204
    assert from_pagerduty(gate, "incident.acknowledged", key, now_ms() - 3_600_000) == 204  # of an earlier alert
    assert from_pagerduty(gate, "incident.resolved", key, now_ms()) == 204
    _, found = command(gate, "alice", "show", one.fingerprint)
    assert (found["alert"]["state"], found["alert"]["acknowledged"]) == ("firing", 0)
    assert from_pagerduty(gate, "incident.acknowledged", key, now_ms() + 1000) == 204
    _, found = command(gate, "alice", "show", one.fingerprint)
    assert found["alert"]["acknowledgedBy"] == "pagerduty:PERIN"
    put(gate)
    until(lambda: len(receivers.at("/v2/enqueue")) == 2, "the end")
    assert [each["event_action"] for each in receivers.at("/v2/enqueue")] == ["trigger", "resolve"]
    assert gate.ask("POST", "/hooks/pagerduty", "", b"{", {}).status == 401


def test_the_rules_that_hold_are_shown_asked_and_held_against_what_came(gate: GateWorld) -> None:
    code, found = command(gate, "alice", "rules", str(TRIAGE))
    assert code == 0
    assert {"errors", "silence", "verification"} <= {one["name"] for one in found["rules"] if one["default"]}
    code, found = command(gate, "alice", "lint", "--store", gate.store)
    assert code == 1
    assert {
        "rule": "errors",
        "about": "no agent",
        "why": "nothing came of runs within a week: it cannot fire",
    } in found["findings"]
    why = "no playbook is about it: agentgov playbook new runaway-cost"
    assert {"rule": "spend", "about": "playbook", "why": why} in found["findings"]


def test_a_gate_that_runs_asks_the_rules_and_says_when(gate: GateWorld) -> None:
    def looked() -> bool:
        text = gate.ask("GET", "/metrics").body.decode()
        (line,) = [one for one in text.splitlines() if one.startswith("agentgov_gate_alert_looked_seconds ")]
        return float(line.split()[1]) > 0

    until(looked)
