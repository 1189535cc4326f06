"""`agentgov ledger verify|prove|export|renew`: what is whole holds, and whatever is changed is found with its place."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ledgerworld import record, seal
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.resources import folder
from agentgov.runtime.ledger import Entry
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.sequencing import origin_of
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner

COUNT = 300


class Ledger:
    """A signed ledger of one workspace, and the commands that read it."""

    def __init__(self, world: CommandWorld, path: Path) -> None:
        self.world, self.path, self.url = world, path, f"sqlite:///{path}"
        self.signer = KeyFileSigner(world.keys / "gate")
        record(self.url, (Entry("action", "support/triage", "a", payload=b"%d" % place) for place in range(COUNT)))

        self.fleet = str(yaml.safe_load((world.fleet / "agentgov.yaml").read_text())["id"])
        self.log = seal(self.url, self.fleet, self.signer)

    def key(self, tree: str = "support") -> str:
        name = origin_of(self.fleet, self.log, tree)
        return str(VerifierKey.of(name, parse_public_key(self.signer.public_key)))

    def change(self, sql: str, *values: object) -> None:
        with sqlite3.connect(self.path) as database:
            assert database.execute(sql, values).rowcount == 1
        database.close()

    def flaws(self, *args: str) -> list[tuple[int, str]]:
        """What `ledger verify` finds in the tree."""
        done = self.world.run("alice", "ledger", "verify", *(args or ("--store", self.url)), "--json")
        assert_holds(done.document, "ledger-verify")
        (tree,) = (one for one in done.document["trees"] if one["tree"] == "support")
        assert done.code == int(bool(tree["flaws"])), done.err
        return [(flaw["seq"], flaw["message"]) for flaw in tree["flaws"]]


@pytest.fixture
def ledger(begun: CommandWorld, tmp_path: Path) -> Ledger:
    return Ledger(begun, tmp_path / "state" / "store.db")


def test_what_is_whole_holds_and_what_is_not_signed_yet_is_told(ledger: Ledger) -> None:
    assert ledger.flaws() == []
    record(ledger.url, [Entry("action", "support/triage", "b")])
    done = ledger.world.run("alice", "ledger", "verify", "--store", ledger.url)
    assert done.code == 0, done.err
    assert "holds  support: 301 records, 1 not signed yet, 0 anchored, 300 payloads" in done.out


@pytest.mark.parametrize(
    ("sql", "seq", "said"),
    [
        ("UPDATE records SET leaf = CAST(replace(leaf, 'triage', 'triagf') AS BLOB) WHERE seq = 7", 7, "leaf"),
        ("UPDATE payloads SET payload = x'00' WHERE seq = 299", 299, "payload"),
        ("UPDATE payloads SET salt = CAST('0123456789abcdef' AS BLOB) WHERE seq = 12", 12, "payload"),
        ("DELETE FROM records WHERE seq = 40", 40, "missing"),
        ("UPDATE records SET agent = 'support/other' WHERE seq = 41", 41, "found by other words"),
        ("UPDATE records SET purpose = 'research' WHERE seq = 42", 42, "found by other words"),
        ("UPDATE records SET subject = 'ab' WHERE seq = 43", 43, "found by other words"),
        ("UPDATE tiles SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE level + 1 = place", 256, "leaf"),
        ("UPDATE tiles SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE level = 1", 0, "another"),
        ("UPDATE checkpoints SET note = CAST(replace(note, 'agentgov', 'agentgow') AS BLOB)", 0, "checkpoint"),
        ("DELETE FROM records WHERE seq = 299", 299, "300 records, and there are 299"),
    ],
)
def test_whatever_is_changed_is_found_with_its_place(ledger: Ledger, sql: str, seq: int, said: str) -> None:
    ledger.change(sql)
    found = ledger.flaws()
    assert found
    assert any(at == seq and said in message for at, message in found), found


def test_an_export_is_verified_by_us_and_by_others_and_grows(ledger: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "export"
    done = ledger.world.run("alice", "ledger", "export", str(out), "--store", ledger.url, "--json")
    assert_holds(done.document, "ledger-export")
    assert done.document["trees"] == [{"tree": "support", "records": 300, "new": 300}]
    record(ledger.url, (Entry("action", "support/triage", "b") for _ in range(300)))
    seal(ledger.url, ledger.fleet, ledger.signer)
    again = ledger.world.run("alice", "ledger", "export", str(out), "--store", ledger.url, "--json").document
    reads = {"tree": "_fleet", "records": 1, "new": 1}  # the first export is a record itself
    assert again["trees"] == [reads, {"tree": "support", "records": 600, "new": 300}]
    assert ledger.flaws("--folder", str(out)) == []
    shown = ledger.world.run("alice", "ledger", "export", str(tmp_path / "once more"), "--store", ledger.url).out
    assert f"  by the key {ledger.key()}\n" in shown, "whoever checks it without us needs the key"
    verifier = [sys.executable, str(folder("docs") / "verify_ledger.py"), ledger.key()]
    told = subprocess.run([*verifier, str(out / "support")], capture_output=True, text=True, check=False)
    assert told.stdout.startswith("OK: 600 leaves"), told

    bundle = out / "support" / "tile" / "entries" / "001"
    raw = bytearray(bundle.read_bytes())
    raw[-3] ^= 1
    bundle.write_bytes(raw)
    assert ledger.flaws("--folder", str(out))[0][0] == 511
    bundle.write_bytes(raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:])
    for file in (out / "support" / "payloads").iterdir():
        file.unlink()
    (said,) = ledger.flaws("--folder", str(out))
    assert (said[0], said[1].endswith("no record says that they were disposed of: 0-299")) == (0, True)
    assert ledger.flaws("--folder", str(out), "--no-payloads") == []


@pytest.mark.parametrize("name", ["payloads/2026-11.always.jsonl", "payloads.jsonl"])
def test_an_export_without_payloads_is_not_written_beside_old_ones(ledger: Ledger, tmp_path: Path, name: str) -> None:
    out = tmp_path / "export"
    words = ("ledger", "export", str(out), "--store", ledger.url)
    ledger.world.must("alice", *words)
    (old,) = (out / "support/payloads").iterdir()
    old.rename(out / "support" / name)
    before = sorted(out.rglob("*"))
    record(ledger.url, [Entry("action", "support/triage", "b")])
    seal(ledger.url, ledger.fleet, ledger.signer)
    refused = ledger.world.run("alice", *words, "--no-payloads")
    assert (refused.code, "has payloads of support by an earlier export" in refused.err) == (2, True), refused
    assert sorted(out.rglob("*")) == before, "not even what other trees have"
    (out / "support" / name).unlink()
    ledger.world.must("alice", *words, "--no-payloads")
    assert ledger.flaws("--folder", str(out), "--no-payloads") == []


def test_a_proof_is_checked_without_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "one.tlog-proof"
    done = ledger.world.run(
        "alice", "ledger", "prove", "support/17", "--out", str(file), "--store", ledger.url, "--json"
    )
    assert_holds(done.document, "ledger-prove")
    leaf = Path(done.document["leaf"]).read_bytes()
    assert b'"seq":17' in leaf
    checked = ledger.world.run("bob", "ledger", "prove", "--verify", str(file))
    assert (checked.code, checked.out.splitlines()[0]) == (0, "holds support/17 is recorded")
    assert leaf.decode() in checked.out
    verifier = [sys.executable, str(folder("docs") / "verify_ledger.py"), ledger.key(), str(file)]
    told = subprocess.run([*verifier, done.document["leaf"]], capture_output=True, text=True, check=False)
    assert told.stdout.startswith("OK: the leaf has index 17"), told

    raw = file.read_bytes()
    file.write_bytes(raw.replace(b"index 17", b"index 18"))
    broken = ledger.world.run("bob", "ledger", "prove", "--verify", str(file), "--json")
    assert_holds(broken.document, "ledger-prove")
    assert (broken.code, broken.document["holds"]) == (1, False)
    for place in ("support/300", "nowhere/0"):
        refused = ledger.world.run("alice", "ledger", "prove", place, "--store", ledger.url)
        assert "there is no record" in refused.err


def test_a_ledger_goes_on_under_another_name_where_records_are_lost(ledger: Ledger) -> None:
    for place in range(290, COUNT):
        ledger.change("DELETE FROM records WHERE seq = ?", place)
        ledger.change("DELETE FROM payloads WHERE seq = ?", place)
    assert ledger.flaws()
    done = ledger.world.run("alice", "ledger", "renew", "--reason", "The disk died.", "--store", ledger.url, "--json")
    assert_holds(done.document, "ledger-renew")
    assert done.document["before"] == ledger.log != done.document["ledger"]
    assert seal(ledger.url, ledger.fleet, ledger.signer) == done.document["ledger"]
    assert ledger.flaws() == []
