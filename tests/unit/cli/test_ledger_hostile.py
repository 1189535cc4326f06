"""What somebody made of an export, a proof or a store to mislead whoever reads it, or to stop them, is told as that."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ledgerworld import record, seal
from unit.cli.command_world import CommandWorld
from unit.cli.test_ledger_proofs import Ledger

from agentgov.cli.run_time import ledger_prove
from agentgov.model.anchored import Anchored
from agentgov.runtime.checkpoints import Checkpoint
from agentgov.runtime.ledger import Entry
from agentgov.runtime.tiles import decode_bundle

DEEP = b"[" * 50_000
BUNDLE, LINES = "support/tile/entries/000", "support/payloads/2026-11.always.jsonl"


@pytest.fixture
def ledger(begun: CommandWorld, tmp_path: Path) -> Ledger:
    return Ledger(begun, tmp_path / "state" / "store.db")


@pytest.fixture
def out(ledger: Ledger, tmp_path: Path) -> Path:
    ledger.world.must("alice", "ledger", "export", str(tmp_path / "export"), "--store", ledger.url)
    return tmp_path / "export"


def with_leaf(leaf: bytes) -> Callable[[Path], object]:
    """The fourth leaf is another one."""

    def change(out: Path) -> None:
        leaves = decode_bundle((out / BUNDLE).read_bytes(), 256)
        leaves[3] = leaf
        (out / BUNDLE).write_bytes(b"".join(len(one).to_bytes(2, "big") + one for one in leaves))

    return change


def huge(out: Path) -> None:
    """A checkpoint of more records than anybody has, signed by nobody."""
    kept = (out / "support/checkpoint").read_text("utf-8")
    origin, _, signature = kept.partition("\n")[0], *kept.rpartition("\n\n")[::2]
    said = Checkpoint(origin, 10**18, b"\0" * 32).text.decode()
    (out / "support/checkpoint").write_text(f"{said}\n{signature}", "utf-8")


def pipe(out: Path) -> None:
    (out / LINES).unlink()
    os.mkfifo(out / LINES)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (with_leaf(b'{"seq":3,"type":"ledger.prune","x":' + DEEP), 1, "support/3  the leaf is not the one"),
        (with_leaf(b'{"a":' * 10_000), 1, "support/3  the leaf is not the one"),
        (lambda out: (out / LINES).write_bytes(b'{"seq":0,"x":' + DEEP + b"\n"), 3, "line 1: maximum recursion"),
        (lambda out: (out / LINES).rename(out / "support/payloads/\x1b[31m.jsonl"), 0, "300 payloads"),
        (lambda out: (out / "support").rename(out / "\x1b[31m"), 3, r"'\x1b[31m' is no tree of a ledger"),
        (lambda out: (out / "support").rename(out / "finance"), 1, "the checkpoint does not hold"),
        (huge, 1, "the checkpoint is of 1,000,000,000,000,000,000 records, and there are 300"),
        (pipe, 3, "cannot be read: it is no file"),
        (lambda out: (out / LINES).symlink_to("/dev/zero") if (out / LINES).unlink() is None else None, 3, "no file"),
    ],
)
def test_an_export_that_was_made_to_mislead_is_told_as_that(
    ledger: Ledger, out: Path, change: Callable[[Path], object], code: int, said: str
) -> None:
    change(out)
    done = ledger.world.run("alice", "ledger", "verify", "--folder", str(out))
    assert done.code == code, done
    assert said in done.out + done.err
    assert "\x1b" not in done.out + done.err


def test_nothing_is_exported_over_another_ledger(ledger: Ledger, out: Path, tmp_path: Path) -> None:
    url, before = f"sqlite:///{tmp_path}/other.db", (out / "support/checkpoint").read_bytes()
    record(url, (Entry("action", "support/triage", "z") for _ in range(600)))
    seal(url, ledger.fleet, ledger.signer)
    refused = ledger.world.run("alice", "ledger", "export", str(out), "--store", url)
    assert (refused.code, "is not the beginning of this ledger" in refused.err) == (1, True), refused
    assert (out / "support/checkpoint").read_bytes() == before
    assert ledger.flaws("--folder", str(out)) == []


@pytest.mark.parametrize("leaf", [b"\xff", b"[]", b'{"seq":7,"refs":5}', b"[" * 2000])
def test_a_leaf_in_the_store_that_reads_as_none_stops_whoever_shows_it(
    ledger: Ledger, leaf: bytes, tmp_path: Path
) -> None:
    ledger.change("UPDATE records SET leaf = ? WHERE tree = 'support' AND seq = 7", leaf)
    for words in (
        ("audit", "export", "--of", "ledger", "--out", str(tmp_path / "out")),
        ("ledger", "log", "--last", "1000"),
    ):
        done = ledger.world.run("alice", *words, "--store", ledger.url)
        assert (done.code, "the record support/7 is no leaf" in done.err) == (3, True), done
    assert (7, "the leaf is not the one whose hash is in the tree") in ledger.flaws()


def test_a_proof_that_does_not_hold_is_not_written(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "one.tlog-proof"
    ledger.change("UPDATE records SET leaf = CAST(replace(leaf, 'triage', 'triagf') AS BLOB) WHERE seq = 7")
    refused = ledger.world.run("alice", "ledger", "prove", "support/7", "--out", str(file), "--store", ledger.url)
    assert (refused.code, "does not lead to the root" in refused.err, file.exists()) == (1, True, False), refused


def test_a_proof_from_a_tree_that_the_journal_knows_otherwise_does_not_hold(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two checkpoints of one size, both signed by the gate: the journal has one of them."""
    world, file = ledger.world, tmp_path / "one.tlog-proof"
    world.must("alice", "ledger", "prove", "support/7", "--out", str(file), "--store", ledger.url)
    assert world.run("alice", "ledger", "prove", "--verify", str(file)).code == 0
    other = Anchored("support", ledger.log, 300, "ab" * 32, "A" * 91 + "=", 1, 1)
    monkeypatch.setattr(ledger_prove, "anchors_by_log", lambda _: {ledger.log: (other,)})
    done = world.run("alice", "ledger", "prove", "--verify", str(file))
    assert (done.code, "of the journal anchored another tree of 300 records" in done.out) == (1, True), done
