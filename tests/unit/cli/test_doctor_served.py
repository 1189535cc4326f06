"""`doctor` beside a gate that is in trouble, clocks that differ, and a store that lies on this machine."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakeserver import FakeServer, Reply, Request
from unit.cli.command_world import CommandWorld

from agentgov.runtime import deliveries
from agentgov.store.migrate import known
from agentgov.store.open import open_store

TROUBLED = {
    "state": "ready",
    "seq": 3,
    "tip": "",
    "pausing": "nobody stopped",
    "ledger": "acts",
    "budgets": "2 budgets do not add up: agentgov budget check",
    "trouble": "the last look at the journal failed",
}
METRICS = b"# HELP agentgov_gate_unsent_acts x\nagentgov_gate_unsent_acts 2.0\nagentgov_gate_unsent_seconds 900.0\n"


def answer(request: Request) -> Reply:
    answers = {"/readyz": TROUBLED, "/openapi.json": {"info": {"version": "0.0.1"}}, "/metrics": METRICS}
    return Reply(200, answers[request.path])


@pytest.fixture(scope="module")
def gate() -> Iterator[FakeServer]:
    found = FakeServer(answer)
    with found.serve():
        yield found


def checks(world: CommandWorld, *args: str, code: int = 0, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    found = world.asked("bob", "doctor", *args, code=code, env=env or {})["checks"]
    return {one["rule"]: one for one in found}


def test_what_is_wrong_at_a_gate_is_told_one_by_one(running: CommandWorld, gate: FakeServer) -> None:
    found = checks(running, "--only", "gate", code=1, env={"AGENTGOV_GATE": gate.url})
    bad = {rule for rule, one in found.items() if one["state"] == "bad"}
    assert bad == {f"doctor.gate-{name}" for name in ("pausing", "ledger", "budgets", "trouble", "outbox")}
    assert found["doctor.gate-outbox"]["message"] == "2 acts have waited 15m at the gate for the journal"
    assert found["doctor.gate-budgets"]["message"] == "at the gate, 2 budgets do not add up"
    assert found["doctor.gate-version"]["state"] == "warn"
    assert found["doctor.gate-login"]["fix"] == "agentgov login"


@pytest.mark.parametrize(
    ("state", "words", "fix"),
    [
        ("stopping", "is stopping", "where it runs, once it has ended: agentgov serve"),
        ("store", "has not heard of its store lately", "see whether its database runs and its disk has room"),
        ("journal", "could not look at the journal for too long", "see whether it reaches the remote, with its key"),
        ("odd", "could not look at the journal for too long", "see whether it reaches the remote, with its key"),
    ],
)
def test_a_gate_that_is_not_ready_is_told_with_what_mends_it(
    running: CommandWorld, state: str, words: str, fix: str
) -> None:
    answers = {"/readyz": {"state": state, "seq": -30}, "/openapi.json": {}, "/metrics": b""}
    server = FakeServer(lambda request: Reply(503, answers[request.path]))
    with server.serve():
        found = checks(running, "--only", "gate", code=1, env={"AGENTGOV_GATE": server.url})
    assert found["doctor.gate"]["message"].endswith(words)
    assert (found["doctor.gate"]["fix"], found["doctor.gate"]["note"]) == (fix, "the end of its log says why")
    assert found["doctor.gate-behind"]["fix"] == "see whether it reaches the remote, with its key"


def test_clocks_that_differ_by_more_than_five_minutes_are_told_of(running: CommandWorld, gate: FakeServer) -> None:
    env = {"AGENTGOV_GATE": gate.url}
    found = checks(running, "--only", "clocks", code=1, env=env)["doctor.clock-gate"]
    assert found["message"].startswith("the gate's clock is ")
    assert found["message"].endswith("ahead of this machine's")
    assert found["fix"] == "timedatectl set-ntp true"
    running.time = int(time.time()) + 200
    assert checks(running, "--only", "clocks", code=0, env=env)["doctor.clock-gate"]["state"] == "good"


def test_a_git_server_asked_over_http_tells_its_time(running: CommandWorld) -> None:
    refs = running.git("ls-remote", "origin").replace("\t", " ")
    lines = [f"{line}\n" for line in refs.splitlines()]
    lines[0] = lines[0].rstrip("\n") + "\0 symref=HEAD:refs/heads/main\n"
    body = "".join(f"{len(line) + 4:04x}{line}" for line in ["# service=git-upload-pack\n"])
    body += "0000" + "".join(f"{len(line) + 4:04x}{line}" for line in lines) + "0000"
    typed = {"content-type": "application/x-git-upload-pack-advertisement"}
    server = FakeServer(lambda _: Reply(200, body.encode(), typed))
    with server.serve():
        running.git("remote", "set-url", "origin", server.url + "/fleet.git")
        found = checks(running, "--only", "clocks", code=1)
    assert found["doctor.clock-remote"]["state"] == "bad"


def test_what_answers_and_is_no_gate_is_no_gate(running: CommandWorld) -> None:
    server = FakeServer(lambda _: Reply(200, {"hello": "world"}))
    with server.serve():
        found = checks(running, "--only", "gate", code=1, env={"AGENTGOV_GATE": server.url})
    assert "is no gate" in found["doctor.gate"]["message"]


def test_a_store_of_an_earlier_version_is_told_of_and_left_alone(running: CommandWorld, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gate.db'}"
    store, last = open_store(url), max(step.number for step in known())
    store.write(lambda tx: tx.run("DELETE FROM migrations WHERE number = ?", last)).result()
    store.close()
    before = (tmp_path / "gate.db").read_bytes()
    found = checks(running, "--only", "store", "--store", url, code=1)["doctor.store"]
    assert found["message"] == "the store's tables are 1 step behind this version"
    assert found["fix"] == "agentgov store backup FILE --store URL"
    assert (tmp_path / "gate.db").read_bytes() == before


def test_a_message_that_nobody_sends_and_a_store_without_a_copy(running: CommandWorld, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gate.db'}"
    store, late = open_store(url), (running.time - 3600) * 1000
    store.write(lambda tx: deliveries.put(tx, "a" * 32, "desk", "line", "test", "{}", late)).result()
    store.close()
    found = checks(running, "--only", "store", "--store", url, code=1)
    assert found["doctor.outbox"]["message"].startswith("a message to people is 60m late")
    assert found["doctor.store-backup"]["state"] == "warn"
    running.must("bob", "store", "backup", str(tmp_path / "copy.db"), "--store", url)
    assert checks(running, "--only", "store", "--store", url, code=1)["doctor.store-backup"]["state"] == "good"
    running.time += 3 * 86_400
    assert checks(running, "--only", "store", "--store", url, code=1)["doctor.store-backup"]["state"] == "warn"


def test_whoever_has_the_store_is_told_of_routes_and_their_secrets(laid: CommandWorld, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gate.db'}"
    open_store(url).close()
    routes = 'routes: [{name: desk, match: {severity: [ticket]}, to: slack, keyFrom: "env:DESK_URL"}]\n'
    policy = f"apiVersion: agentgov.dev/v1\nkind: AlertPolicy\n{routes}"
    laid.change("carol", {"governance/alerts.yaml": policy})
    laid.must("carol", "trust", "init")
    found = laid.asked("carol", "doctor", "--only", "routes", "--store", url, code=1)["checks"]
    assert [one["rule"] for one in found] == ["doctor.routes", "doctor.route-secret"]
    assert found[1]["fix"] == "set DESK_URL where the gate runs"
    there = {"DESK_URL": "https://hooks.example/x"}
    found = laid.asked("carol", "doctor", "--only", "routes", "--store", url, code=1, env=there)["checks"]
    assert [one["rule"] for one in found] == ["doctor.routes"]
