"""The gate's ledger as it runs: signed soon, anchored in the journal, never signed past a restored backup."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from forked import ran
from gateworld import GateWorld, Reply
from patience import until
from simulator import TRIAGE, FleetSimulator

from agentgov.runtime.checkpoints import open_checkpoint
from agentgov.runtime.merkle import leaf_hashes, root_of
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.sequencing import Standing, origin_of, standings
from agentgov.runtime.tlog_proof import parse_proof, verify_proof
from agentgov.store.open import open_store
from agentgov.trust.keys import parse_public_key


@pytest.fixture
def world(world: FleetSimulator) -> FleetSimulator:
    world.clock.time = int(time.time())  # processes live at the time of their machine
    return world


def trees(gate: GateWorld) -> dict[str, Standing]:
    """Every tree, as the store has it."""
    store = open_store(gate.store, serving=False)
    try:
        return {one.tree: one for one in store.read(standings).result()}
    finally:
        store.close()


def command(gate: GateWorld, *words: str) -> "subprocess.CompletedProcess[str]":
    """`agentgov ledger ... --json` on the gate's machine."""
    place = ("--store", gate.store, "--repo", str(gate.world.work), "--json")
    return ran(("ledger", *words, *place), gate.folder, gate.env)


def signed(gate: GateWorld) -> dict[str, Standing]:
    """Every tree, once all of them are under a checkpoint."""
    until(lambda: all(one.behind == 0 for one in trees(gate).values()), "that all records are under checkpoints")
    return trees(gate)


def test_records_are_signed_and_anchored_and_a_restored_backup_goes_no_further(
    gate: GateWorld, world: FleetSimulator, tmp_path: Path
) -> None:
    desk = gate.person_token("alice")
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}", desk).status == 200
    found = signed(gate)
    assert found.keys() == {"support"}

    store = sqlite3.connect(gate.folder / "gate.db")
    backup = tmp_path / "backup.db"
    store.execute("VACUUM INTO ?", (str(backup),))
    leaves = [bytes(leaf) for (leaf,) in store.execute("SELECT leaf FROM records WHERE tree = 'support' ORDER BY seq")]
    ((log,),) = store.execute("SELECT id FROM logs")
    store.close()
    origin = f"agentgov.dev/fleets/{world.view().state.head.fleet}/{log}/support"
    key = VerifierKey.of(origin, parse_public_key(world.signers["gate"].public_key))
    checkpoint = open_checkpoint(found["support"].note, [key], origin)
    assert (checkpoint.size, checkpoint.root) == (len(leaves), root_of(leaf_hashes(leaves)))

    paused = gate.ask("POST", "/v1/pauses", desk, {"selector": str(TRIAGE), "reason": "It loops."})
    assert paused.status == 201, paused.body
    until(lambda: list(world.view().state.anchors()), "that the pause brings an anchor")
    anchored = {one.tree: one for one in world.view().state.anchors()}
    assert anchored["support"].size > checkpoint.size
    assert anchored["support"].log == log
    assert world.verify().offence is None

    gate.stop()
    for name in ("gate.db", "gate.db-wal", "gate.db-shm"):
        (gate.folder / name).unlink(missing_ok=True)
    shutil.copyfile(backup, gate.folder / "gate.db")
    (gate.folder / "gate.db").chmod(0o600)
    gate.start()
    until(lambda: gate.ask("GET", "/readyz").json["ledger"] == "_fleet support", "that the gate sees what is lost")
    assert "the store has" in gate.log
    assert b"agentgov_gate_ledger_broken 2.0" in gate.ask("GET", "/metrics").body
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}", desk).status == 200  # recorded, and not signed
    until(lambda: trees(gate)["support"].behind > 0, "that it is recorded")
    assert trees(gate)["support"].size == checkpoint.size

    lost = command(gate, "verify")
    assert lost.returncode == 1
    said = f"act {anchored['support'].seq} of the journal anchored {anchored['support'].size} records"
    assert any(said in flaw["message"] for flaw in json.loads(lost.stdout)["trees"][-1]["flaws"])
    assert command(gate, "renew", "--reason", "The disk died.").returncode == 0
    until(lambda: not gate.ask("GET", "/readyz").json["ledger"], "that the gate goes on under the new name")
    assert signed(gate)["support"].size > checkpoint.size
    whole = command(gate, "verify")
    assert whole.returncode == 0, whole.stderr
    (before,) = (one for one in json.loads(whole.stdout)["before"] if one["tree"] == "support")
    assert (before["ledger"], before["records"]) == (log, anchored["support"].size)


@pytest.fixture
def audited(tmp_path: Path) -> Iterator[GateWorld]:
    """A gate of a fleet of which erin is the auditor, and dave that of one workspace."""
    world = FleetSimulator(tmp_path / "audited")
    access = (world.work / "governance" / "access.yaml").read_text("utf-8")
    binding = (
        '  - {role: auditor, who: [erin], agents: ["**"]}\n  - {role: auditor, who: [dave], agents: ["support/*"]}\n'
    )
    world.change("carol", {"governance/access.yaml": access + binding})
    world.introduce()
    world.clock.time = int(time.time())
    with GateWorld(world, tmp_path / "gate") as running:
        yield running


def test_auditors_read_the_ledger_at_the_gate_and_are_recorded(audited: GateWorld) -> None:
    gate, world = audited, audited.world
    auditor, other = gate.person_token("erin"), gate.person_token("alice")
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}", other).status == 200
    found = signed(gate)["support"]

    def ask(path: str, token: str = auditor) -> Reply:
        return gate.ask("GET", f"/v1/ledger/{path}", token)

    records = ask(f"records?agent={TRIAGE}&type=read&payloads=true").json["records"]
    assert [(one["tree"], one["seq"], one["actor"]) for one in records] == [("support", 0, "person:alice")]
    assert "payload" in records[0]
    until(lambda: ask("trees").json["trees"][-1]["signed"] >= 2, "that the query is a record under a checkpoint")
    (query,) = ask("records?tree=support&actor=person:erin&limit=1&payloads=true").json["records"]
    assert str(TRIAGE) in query["payload"]

    assert ask("files/support/checkpoint").body.startswith(b"agentgov.dev/fleets/")
    assert len(ask("files/support/tile/0/000.p/1").body) == 32
    assert b'"seq":0' in ask("files/support/tile/entries/000.p/1").body
    proof = parse_proof(ask("proofs/support/0").body)
    log = ask("trees").json["ledger"]
    origin = origin_of(world.view().state.head.fleet, log, "support")
    key = VerifierKey.of(origin, parse_public_key(world.signers["gate"].public_key))
    assert verify_proof(proof, proof.extra, [key], origin).size >= found.size

    def read() -> int:
        return len(ask("records?actor=person:erin&type=read&limit=1000").json["records"])

    page = ask("export/support?format=ocsf")
    events = [json.loads(line) for line in page.body.splitlines()]
    assert [one["metadata"]["uid"] for one in events] == [f"support/{place}" for place in range(len(events))]
    assert int(page.headers["agentgov-next"]) == len(events) >= 2
    following = ask(f"export/support?format=csv&first={len(events)}")
    assert following.body.count(b"\r\n") == 1 + int(following.headers["agentgov-next"]) - len(events)

    asked = ["files/support/checkpoint", "files/support/tile/0/000.p/1", "proofs/support/0", "trees", "records"]
    asked += ["export/support", f"export/support?agent={TRIAGE}&payloads=true"]
    for path in asked:
        before = read()
        assert ask(path).status == 200
        assert read() == before + 2, "itself, and the question before"
    for path, status in (
        ("trees", 403),
        ("records", 403),
        ("proofs/support/0", 403),
        ("files/support/checkpoint", 403),
        ("export/support", 403),
    ):
        assert ask(path, other).status == status
    for path, status in (
        ("proofs/support/99999", 404),
        ("proofs/support/x", 400),
        ("records?before=x", 400),
        ("records?since=-1", 400),
        ("export/support?format=xml", 400),
        ("export/support?first=x", 400),
        ("files/support/tile/0/001", 404),
        ("files/support/../x", 404),
        ("files/nowhere/checkpoint", 404),
    ):
        assert ask(path).status == status, path


def audit_at(gate: GateWorld, folder: Path) -> None:
    """Records and a pack of evidence, made by an auditor from what the gate serves, with no access to its store."""
    out, pack = folder / "records.jsonl", folder / "pack"
    env = gate.env | {"AGENTGOV_TOKEN_FILE": str(folder / "erin")}

    def audit(*words: str, who: str = "erin") -> "subprocess.CompletedProcess[str]":
        asked = ("audit", *words, "--gate", gate.url, "--repo", str(gate.world.work))
        return ran(asked, folder, env | {"AGENTGOV_TOKEN_FILE": str(folder / who)})

    done = audit("export", "--of", "ledger", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {one["place"].partition("/")[0] for one in found} >= {"support", "_fleet"}
    assert all(sha256(b"\0" + one["text"].encode()).hexdigest() == one["hash"] for one in found)
    period = ("--from", "2020-01-01T00:00Z", "--to", "2036-01-01T00:00Z")
    report = audit("report", "--framework", "hipaa", *period, "--out", str(pack))
    assert report.returncode == 0, report.stderr
    told = json.loads((pack / "pack.json").read_text("utf-8"))
    assert (told["holds"], bool(told["checks"]["ledger"])) == (True, True)
    shown = [item for one in told["populations"] for item in one["items"] if item.get("proof")]
    proof = pack / shown[0]["proof"]
    script = str(Path(__file__).resolve().parents[2] / "docs/verify_ledger.py")
    words = [sys.executable, script, str(pack / "keys"), str(proof), str(proof.with_suffix(".leaf"))]
    assert subprocess.run(words, capture_output=True, check=False).stdout.startswith(b"OK"), words
    refused = audit("report", "--framework", "soc2", *period, "--out", str(folder / "none"), who="alice")
    assert (refused.returncode, (folder / "none").exists()) == (1, False)
    assert "may not see journal and ledger of" in refused.stderr
    part = folder / "part"
    report = audit("report", "--framework", "hipaa", *period, "--out", str(part), who="dave")
    assert (report.returncode, "name one with --tree" in report.stderr) == (1, True), (
        "what he may not see may be missing"
    )
    report = audit("report", "--framework", "hipaa", *period, "--tree", "support", "--out", str(part), who="dave")
    assert report.returncode == 0, report.stderr
    checks = json.loads((part / "pack.json").read_text("utf-8"))["checks"]
    assert (checks["tree"], [one["tree"] for one in checks["trees"]]) == ("support", ["support"])
    assert (part / "report.md").read_text("utf-8").count("nothing is said of what agents of other workspaces did") == 2
    report = audit(
        "report", "--framework", "hipaa", *period, "--tree", "_fleet", "--out", str(folder / "no"), who="dave"
    )
    assert "the gate serves no tree _fleet" in report.stderr
    for wrong in (("export", "--payloads"), ("export", "--of", "journal"), ("export", "--store", gate.store)):
        assert audit(*wrong).returncode == 2, wrong


def test_auditors_verify_and_export_what_the_gate_serves(audited: GateWorld, tmp_path: Path) -> None:
    gate = audited
    assert gate.ask("GET", f"/v1/agents/{TRIAGE}", gate.person_token("alice")).status == 200
    signed(gate)
    copy = tmp_path / "copy"

    def command(who: str, *words: str) -> "subprocess.CompletedProcess[str]":
        token = tmp_path / who
        if not token.exists():
            token.touch(0o600)
            token.write_text(gate.person_token(who) + "\n")
        asked = ("ledger", *words, "--repo", str(gate.world.work), "--json")
        return ran(asked, tmp_path, gate.env | {"AGENTGOV_TOKEN_FILE": str(token)})

    whole = command("erin", "verify", "--gate", gate.url)
    assert whole.returncode == 0, whole.stderr
    told = {one["tree"]: one for one in json.loads(whole.stdout)["trees"]}
    assert told["support"]["signed"] >= 1
    first, again = (command("erin", "export", str(copy), "--gate", gate.url) for _ in range(2))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert command("erin", "verify", "--folder", str(copy), "--no-payloads").returncode == 0
    assert list((copy / "support").glob("tile/entries/*")), "as a static server has it"
    assert command("dave", "verify", "--gate", gate.url, "--tree", "support").returncode == 0
    refused = command("alice", "verify", "--gate", gate.url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "may not see journal and ledger of" in refused.stderr
    assert command("erin", "verify", "--gate", gate.url, "--store", gate.store).returncode == 2

    audit_at(gate, tmp_path)
    with closing(sqlite3.connect(gate.folder / "gate.db")) as store, store:
        store.execute("DELETE FROM records WHERE tree = 'support' AND seq = 0")
    asked = ("audit", "export", "--of", "ledger", "--gate", gate.url, "--repo", str(gate.world.work))
    broken = ran(asked, tmp_path, gate.env | {"AGENTGOV_TOKEN_FILE": str(tmp_path / "erin")})
    assert (broken.returncode, broken.stdout, "does not hold" in broken.stderr) == (1, "", True)
    lost = command("erin", "verify", "--gate", gate.url, "--tree", "support")
    assert lost.returncode == 1, lost.stderr
    assert json.loads(lost.stdout)["trees"][0]["flaws"]
    assert command("erin", "verify", "--folder", str(copy), "--no-payloads").returncode == 0, "a copy still has it"
