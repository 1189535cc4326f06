"""Drills on a fleet with a gate that really runs: a live one that people answer, and a recovery from real copies."""

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakeserver import FakeServer, Request
from fakeserver import Reply as Answer
from forked import Forked, ran
from gateworld import GateWorld
from movedclock import MovedClock
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from postgres import PASSWORD, Postgres, serving
from simulator import FLEET, TRIAGE
from unit.cli.output_schema import assert_holds

from agentgov.alerts.alert import Alert, Scope, labels_of
from agentgov.alerts.standing import put
from agentgov.cli.on_call.drill_agent import TOKEN_FILE, drill_agent
from agentgov.cli.on_call.drill_played import FAILING, failing
from agentgov.errors import UsageError
from agentgov.model.names import AgentId
from agentgov.model.playbook import SIGNALS, Fault
from agentgov.runtime.newest import CLOCKS
from agentgov.store.backup import back_up
from agentgov.store.open import open_existing, open_store
from agentgov.store.restore import restored
from templates import copied, made

_PLAYBOOK = f"""apiVersion: agentgov.dev/v1
kind: Playbook
name: triage
title: Triage goes wrong
match: {{agents: [{TRIAGE}]}}
responders: [erin, carol]
steps:
  - {{id: look, title: Since when, type: check, run: "agentgov history {{agent}}"}}
"""
_LIVE = f"""apiVersion: agentgov.dev/v1
kind: Drill
name: live
title: Tickets land nowhere
type: live
playbook: playbooks/triage.yaml
agent: {TRIAGE}
objectives:
  - {{id: taken, metric: runs-taken, target: 100%}}
  - {{id: told, metric: time-to-alert, target: 1m}}
  - {{id: answered, metric: time-to-acknowledge, target: 2m}}
  - {{id: paused, metric: time-to-pause, target: 2m}}
every: 90d
"""
_RECOVERY = """apiVersion: agentgov.dev/v1
kind: Drill
name: recovery
type: recovery
playbook: playbooks/triage.yaml
objectives:
  - {id: journal, metric: journal-restored, target: 100%}
  - {id: store, metric: store-restored, target: 100%}
  - {id: soon, metric: time-to-restore, target: 1h}
  - {id: fresh, metric: backup-age, target: 1h}
"""
_ALERTS = """apiVersion: agentgov.dev/v1
kind: AlertPolicy
routes:
  - {name: channel, to: slack, keyFrom: "env:SLACK_URL", groupWait: 0s, groupInterval: 0s}
"""
_PRICES = """apiVersion: agentgov.dev/v1
kind: PriceList
currency: USD
asOf: 2026-11-01
models: {anthropic/claude-sonnet-4-5: {input: "3.00", output: "15.00"}}
"""
_OTHERS = [one for one in SIGNALS if one not in ("", "errors")]  # what goes wrong, each with an agent of its own

DRILL = {"agentgov-drill": "true"}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def make(place: Path) -> PipelineWorld:
        files = {
            "playbooks/triage.yaml": _PLAYBOOK,
            "drills/live.yaml": _LIVE,
            "drills/recovery.yaml": _RECOVERY,
            "governance/alerts.yaml": _ALERTS,
            "governance/prices.yaml": _PRICES,
        }
        world = PipelineWorld(place, files=files, agents=len(_OTHERS))
        world.ship("1.0.0")
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def heard() -> Iterator[tuple[FakeServer, list[Any]]]:
    found: list[Any] = []

    def take(request: Request) -> Answer:
        found.append(request.json())
        return Answer(200, b"ok")

    server = FakeServer(take)
    with server.serve():
        yield server, found


@pytest.fixture
def gate(shipped: PipelineWorld, heard: tuple[FakeServer, list[Any]], tmp_path: Path) -> Iterator[GateWorld]:
    env = {"SLACK_URL": f"{heard[0].url}/slack"}
    env |= MovedClock(tmp_path / "clock").env
    with GateWorld(copied(shipped, tmp_path), tmp_path / "gate", env=env) as running:
        yield running


@pytest.fixture
def faulty(gate: GateWorld, monkeypatch: pytest.MonkeyPatch) -> dict[AgentId, Fault]:
    """Agents about whom a drill is held that went wrong minutes ago, each in another way."""
    found = {AgentId("support", f"agent-{number}"): fault for number, fault in enumerate(_OTHERS)}
    for agent, fault in found.items():
        ask = {"drill": fault, "agent": str(agent), "title": fault, "fault": fault}
        held = gate.ask("POST", "/v1/drills", gate.person_token("carol"), ask).json
        assert held["rules"], fault
        monkeypatch.setenv(TOKEN_FILE, str(kept_secret(gate, agent.name, gate.agent_token(agent))))
        drill_agent(gate.url, agent, "anthropic/claude-sonnet-4-5").play(fault, held["began"], fault)
    MovedClock(gate.folder.parent / "clock").move(minutes=3.5)  # so that the minutes of all this are settled
    return found


def kept_secret(gate: GateWorld, name: str, secret: str) -> Path:
    file = gate.folder / name
    file.write_text(secret)
    file.chmod(0o600)
    return file


def environment(gate: GateWorld, who: str) -> dict[str, str]:
    """Who holds the drill: logged in at the gate, with the drill agent's token."""
    env = {**os.environ, "AGENTGOV_GATE": gate.url}
    secrets = {
        "AGENTGOV_TOKEN_FILE": gate.person_token(who),
        TOKEN_FILE: gate.agent_token(TRIAGE),
    }
    for name, secret in secrets.items():
        env[name] = str(kept_secret(gate, f"{who}-{name.lower()}", secret))
    return env


def counted(gate: GateWorld) -> float:
    """The spans that the gate has counted."""
    text = gate.ask("GET", "/metrics").body.decode()
    return sum(
        float(value) for value in re.findall(r'^agentgov_gate_spans\{outcome="new"\} (\S+)$', text, re.MULTILINE)
    )


def used(gate: GateWorld) -> dict[str, int]:
    """How much there is in the store of what detectors, budgets, canaries and use are made of."""
    tables = {"runs": "runs", "minutes": "usage_minutes", "spans": "spans", "sessions": "sessions"}
    tables |= {"sensed": "sensed_minutes", "events": "events"}
    store = open_store(gate.store, serving=False)
    try:
        return {
            name: int(store.read(lambda tx, table=table: tx.one(f"SELECT count(*) FROM {table}")).result(PATIENCE)[0])  # type: ignore[misc]
            for name, table in tables.items()
        }
    finally:
        store.close()


def leave_alert(gate: GateWorld) -> None:
    """What a gate leaves that is killed in the middle of this very drill: the alert that it had raised."""
    labels = {"alertname": "errors", "severity": "page", "fleet": FLEET, "drill": "true", "rehearsal": "live"}
    labels |= {"agent": str(TRIAGE), "workspace": TRIAGE.workspace, "environment": "production"}
    ago = time.time_ns() // 1_000_000 - 3_600_000
    store = open_store(gate.store, serving=False)
    try:
        store.write(lambda tx: put(tx, [Alert(labels_of(labels), ago, "x")], ago, Scope(frozenset()))).result(PATIENCE)
    finally:
        store.close()


@pytest.mark.slow
def test_a_live_drill_is_told_answered_and_measured_and_every_fault_is_found_at_the_gate(
    gate: GateWorld, heard: tuple[FakeServer, list[Any]], faulty: dict[AgentId, Fault]
) -> None:
    leave_alert(gate)
    out, err = gate.folder / "drill.out", gate.folder / "drill.err"
    args = ["drill", "run", "live", "--no-record", "--json", "--repo", str(gate.world.work)]
    drill = Forked(args, gate.folder, environment(gate, "carol"), out, err)
    erin = gate.person_token("erin")

    def firing(drill: str = "live") -> list[Any]:
        found = [one for one in gate.ask("GET", "/v1/alerts", erin).json["alerts"] if one["state"] == "firing"]
        return [one for one in found if one["labels"]["rehearsal"] == drill]

    until(lambda: drill.poll() is not None or bool(firing() and heard[1]), "that somebody is told")
    assert drill.poll() is None, err.read_text()
    for agent, fault in faulty.items():
        until(lambda fault=fault: SIGNALS[fault] in {one["labels"]["alertname"] for one in firing(fault)}, fault)  # type: ignore[misc]
        assert {one["labels"]["agent"] for one in firing(fault)} == {str(agent)}
        assert gate.ask("POST", "/v1/drills/end", gate.person_token("carol"), {"agent": str(agent)}).status == 200
    alert, *others = sorted(firing(), key=lambda one: one["labels"]["alertname"])
    assert {one["labels"]["alertname"] for one in others} <= {"errors-slowly"}
    assert alert["labels"]["drill"] == "true"
    assert (alert["labels"]["alertname"], alert["labels"]["rehearsal"]) == ("errors", "live"), "a rule has found it"
    assert alert["summary"].endswith(f"{FAILING} of {FAILING + 1} runs failed in 1 h. This is a drill, held by carol.")
    assert "[DRILL]" in json.dumps(heard[1][0])
    place = f"/v1/alerts/{alert['fingerprint']}"
    assert gate.ask("POST", f"{place}/acknowledge", gate.person_token("carol"), {}).status == 200
    ask = {"selector": str(TRIAGE), "reason": "A drill"}
    assert gate.ask("POST", "/v1/pauses", gate.person_token("alice"), ask).status == 201
    assert drill.wait() == 0, err.read_text()
    document = json.loads(out.read_text())
    assert_holds(document, "drill-run")
    assert set(document["measured"]) == {"runs-taken", "time-to-alert", "time-to-acknowledge", "time-to-pause"}
    assert document["passed"] is True
    assert 0 < document["measured"]["time-to-alert"] < 60
    assert [firing(one) for one in ("live", *faulty.values())] == [[]] * 6, "the alerts of drills are ended"
    assert counted(gate) == 0, "what a drill tells is counted nowhere"
    assert used(gate) == {"runs": 0, "minutes": 0, "spans": 0, "sessions": 0, "sensed": 0, "events": 0}
    body = failing(TRIAGE, "acme/small", "errors", time.time_ns() // 1_000_000, "x")
    token = gate.agent_token(TRIAGE)
    assert gate.ask("POST", "/v1/traces", token, body, DRILL).status == 409, "no drill is held any more"
    assert gate.ask("POST", "/v1/traces", token, body).status == 200
    assert counted(gate) == 3 * FAILING, "the same runs count where nobody says that they are of a drill"


@pytest.mark.slow
def test_whoever_may_not_drill_raises_no_alert(gate: GateWorld) -> None:
    ask = {"drill": "live", "agent": str(TRIAGE), "title": "x"}
    assert gate.ask("POST", "/v1/drills", gate.agent_token(TRIAGE), ask).status == 403
    assert gate.ask("POST", "/v1/drills", gate.person_token("carol"), {**ask, "agent": "x"}).status == 400
    assert gate.ask("POST", "/v1/drills", gate.person_token("carol"), {**ask, "fault": "fire"}).status == 400
    assert gate.ask("POST", "/v1/drills/end", gate.person_token("carol"), {"agent": str(TRIAGE)}).status == 409
    assert gate.ask("POST", "/v1/drills", gate.person_token("carol"), ask).status == 200
    assert gate.ask("POST", "/v1/drills", gate.person_token("carol"), ask).status == 409, "one at a time"
    assert gate.ask("POST", "/v1/drills/end", gate.agent_token(TRIAGE), {"agent": str(TRIAGE)}).status == 403
    assert gate.ask("POST", "/v1/drills/end", gate.person_token("carol"), {"agent": str(TRIAGE)}).status == 200
    assert gate.ask("GET", "/v1/alerts", gate.person_token("carol")).json["alerts"] == []
    env = environment(gate, "carol")
    del env[TOKEN_FILE]
    bare = ran(["drill", "run", "live", "--no-record", "--repo", str(gate.world.work)], gate.folder, env)
    assert (bare.returncode, "it did not begin" in bare.stdout) == (2, False)
    assert f"agentgov token create --agent {TRIAGE} --environment production" in bare.stderr
    other = gate.folder / "other-token"
    other.touch(0o600)
    for secret, said in ((gate.person_token("carol"), "that of a person"), ("agt_" + "x" * 43, "no such token")):
        other.write_text(secret)
        env[TOKEN_FILE] = str(other)
        done = ran(["drill", "run", "live", "--no-record", "--repo", str(gate.world.work)], gate.folder, env)
        assert (done.returncode, "HOW IT WENT" in done.stdout) == (2, False), done.stdout
        assert said in done.stderr


@pytest.mark.slow
def test_a_recovery_restores_real_copies_and_says_what_is_missing(gate: GateWorld, tmp_path: Path) -> None:
    token = gate.agent_token(TRIAGE)
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}/lease", token).status == 200
    work, mirror, backup = gate.world.work, tmp_path / "mirror.git", tmp_path / "store.db"
    subprocess.run(["git", "clone", "-q", "--mirror", str(work), str(mirror)], check=True)
    env = {**os.environ}
    kept = ran(["store", "backup", str(backup), "--store", gate.store, "--repo", str(work)], gate.folder, env)
    assert kept.returncode == 0, kept.stderr
    words = ["drill", "run", "recovery", "--no-record", "--json", "--repo", str(work), "--mirror", str(mirror)]
    done = ran([*words, "--backup", str(backup)], gate.folder, env)
    document = json.loads(done.stdout)
    assert_holds(document, "drill-run")
    assert document["measured"]["restored"] == 1, done.stderr
    assert document["passed"] is True
    bare = json.loads(ran(words, gate.folder, env).stdout)
    assert (bare["measured"]["journal-restored"], bare["measured"]["store-restored"]) == (1, 0)
    assert {"recovery-backup", "missed-fresh"} <= {one["id"] for one in bare["gaps"]}
    with sqlite3.connect(backup) as aged:  # as it would be had it been made nine hours ago
        for table, column in CLOCKS:
            aged.execute(f"UPDATE {table} SET {column} = {column} - 32400000")
        aged.execute("UPDATE marks SET said = CAST(said AS INTEGER) - 32400000 WHERE name = 'copied'")
    aged.close()
    old = json.loads(ran([*words, "--backup", str(backup)], gate.folder, env).stdout)
    assert 9 * 3600 <= old["measured"]["backup-age"] < 10 * 3600
    (late,) = [one for one in old["gaps"] if one["id"] == "missed-fresh"]
    assert late["gap"].startswith("the newest thing in the backup is 9h")
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    assert json.loads(ran([*words, "--backup", str(broken)], gate.folder, env).stdout)["passed"] is False


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with serving() as found:
        yield found


@pytest.fixture
def scratch(server: Postgres) -> Iterator[str]:
    """An empty database, by TCP and with a password in its URL."""
    server.sql("CREATE DATABASE scratch")
    yield f"postgresql://agentgov:{PASSWORD}@127.0.0.1:{server.port}/scratch"
    server.sql("DROP DATABASE scratch WITH (FORCE)")


def tables(url: str) -> list[Any]:
    from agentgov.store.link import connect, read_url

    link = connect(read_url(url))
    try:
        return link.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    finally:
        link.close()


@pytest.mark.slow
def test_a_recovery_restores_a_dump_of_postgresql_into_an_empty_database(
    shipped: PipelineWorld, server: Postgres, scratch: str, tmp_path: Path
) -> None:
    dump = tmp_path / "store.dump"
    with server.store() as url, GateWorld(copied(shipped, tmp_path), tmp_path / "gate", store=url) as gate:
        assert gate.ask("GET", f"/v1/agents/{TRIAGE}/lease", gate.agent_token(TRIAGE)).status == 200
        work, env = gate.world.work, {**os.environ}
        kept = ran(["store", "backup", str(dump), "--store", url, "--repo", str(work)], gate.folder, env)
        assert kept.returncode == 0, kept.stderr
        words = ["drill", "run", "recovery", "--no-record", "--json", "--repo", str(work), "--mirror", str(work)]
        words += ["--backup", str(dump)]

        def held(*more: str) -> tuple[Any, str]:
            done = ran([*words, *more], gate.folder, env)
            assert PASSWORD not in done.stdout + done.stderr
            return json.loads(done.stdout), done.stderr

        for _ in range(2):  # what was restored is taken out again
            document, said = held("--scratch", scratch)
            assert_holds(document, "drill-run")
            assert document["passed"] is True, said
            assert 0 <= document["measured"]["backup-age"] < 3600
            assert tables(scratch) == []
        document, said = held()
        assert document["measured"]["store-restored"] == 0
        assert "--scratch postgresql://" in said
        document, said = held("--scratch", url)
        assert document["measured"]["store-restored"] == 0
        assert "the scratch database is not empty" in said
        assert gate.ask("GET", "/readyz").status == 200, "what is served is not touched"


@pytest.mark.slow
def test_a_dump_of_a_schema_is_restored_into_one_of_its_name_and_what_is_no_dump_is_refused(
    server: Postgres, scratch: str, tmp_path: Path
) -> None:
    url, dump = server.database(), tmp_path / "dump"
    open_store(url).close()
    back_up(url, dump, 0)
    with restored(dump, scratch) as (there, env):
        assert PASSWORD not in there
        store = open_existing(f"{there}&password={env['PGPASSWORD']}")
        assert store.read(lambda tx: tx.one("SELECT count(*) FROM records")).result(PATIENCE) == (0,)
        store.close()
        with pytest.raises(UsageError, match="is not empty"), restored(dump, scratch):
            raise AssertionError
    assert tables(scratch) == []
    with pytest.raises(UsageError, match="is a database"), restored(dump, str(tmp_path / "x.db")):
        raise AssertionError
