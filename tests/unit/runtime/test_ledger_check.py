"""One flipped byte anywhere is found, and its place is named: in a store, and in a folder that was exported."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgerworld import record, seal, with_store

from agentgov.cli.run_time.ledger_export import export_signed, export_tree
from agentgov.cli.run_time.ledger_places import Folder
from agentgov.errors import AgentgovError, RefusedError
from agentgov.model.anchored import Anchored
from agentgov.runtime.ledger import Entry
from agentgov.runtime.ledger_check import Checked, Source, Stretch, Tree, check_stretch, check_trees
from agentgov.runtime.ledger_sources import FolderSource, StoreSource
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.retention import Rules
from agentgov.runtime.sequencing import origin_of, root_at
from agentgov.store.open import open_store
from agentgov.store.port import Transaction
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner, generate_key

FLEET, COUNT = "f" * 32, 600


class Sealed:
    """A signed ledger of one tree, in a store and in a folder."""

    def __init__(self, folder: Path) -> None:
        self.url, self.folder = f"sqlite:///{folder}/store.db", folder / "export"
        generate_key(folder / "key", "gate")
        self.signer = KeyFileSigner(folder / "key")
        entries = (Entry("action", "support/triage", "agent", payload=b"payload %d" % at) for at in range(COUNT))
        record(self.url, entries)
        self.name = origin_of(FLEET, seal(self.url, FLEET, self.signer), "support")
        self.source = StoreSource(lambda: open_store(self.url, serving=False))
        export_tree(self.source, "support", Folder(self.folder), Rules(None))

    def check(self, source: Source, anchors: Sequence[Anchored] = ()) -> Checked:
        def each(places: Sequence[tuple[str, int, int, int]]) -> list[Stretch]:
            return [check_stretch(source, *place) for place in places]

        keys = [VerifierKey.of(self.name, parse_public_key(self.signer.public_key))]
        (found,) = check_trees(source, [Tree("support", keys, self.name, anchors)], each)
        return found

    def root(self, size: int) -> str:
        found = with_store(self.url, lambda tx: root_at(tx, "support", COUNT, size))
        return str(found)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return Sealed(tmp_path_factory.mktemp("sealed"))


CELLS = (  # where a byte can be flipped in the store: table, column, and the first place of a row
    ("records", "leaf", "seq", 1),
    ("payloads", "payload", "seq", 1),
    ("payloads", "salt", "seq", 1),
    ("tiles", "hashes", "place", 256),
    ("checkpoints", "note", "size", 0),
)


@given(cell=st.sampled_from(CELLS), dice=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_in_the_store_is_found_with_its_place(
    sealed: Sealed, cell: tuple[str, str, str, int], dice: random.Random
) -> None:
    table, column, key, width = cell
    rows = with_store(sealed.url, lambda tx: tx.all(f"SELECT {key}, {column} FROM {table} ORDER BY {key}"))
    assert isinstance(rows, list)
    place, content = dice.choice(rows)
    at = dice.randrange(len(content))
    changed = content[:at] + bytes([content[at] ^ (1 << dice.randrange(8))]) + content[at + 1 :]
    sql = f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND {column} = ?"
    with_store(sealed.url, lambda tx: tx.run(sql, changed, place, content))
    try:
        flaws = sealed.check(sealed.source).flaws
    finally:
        with_store(sealed.url, lambda tx: tx.run(sql, content, place, changed))
    assert flaws
    first = place * width if table != "tiles" else place * width + at // 32
    named = {flaw.seq for flaw in flaws}
    assert first in named or (table == "tiles" and 256 * (at // 32) in named) or table == "checkpoints", (first, flaws)
    assert not sealed.check(sealed.source).flaws


@given(dice=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_in_a_folder_is_found(sealed: Sealed, dice: random.Random) -> None:
    path = dice.choice(sorted(path for path in sealed.folder.rglob("*") if path.is_file()))
    content = path.read_bytes()
    at = dice.randrange(len(content))
    path.write_bytes(content[:at] + bytes([content[at] ^ (1 << dice.randrange(8))]) + content[at + 1 :])
    try:
        found: object = sealed.check(FolderSource(sealed.folder)).flaws
    except AgentgovError as error:  # a line of payloads that is none
        found = error.message
    finally:
        path.write_bytes(content)
    assert found, (path, at)


def test_a_payload_that_an_export_lacks_is_a_flaw_unless_a_record_says_that_it_is_gone(tmp_path: Path) -> None:
    sealed = Sealed(tmp_path)
    (file,) = (sealed.folder / "support/payloads").iterdir()
    kept = file.read_text().splitlines(keepends=True)
    file.write_text("".join(kept[:7] + kept[8:]))
    (flaw,) = sealed.check(FolderSource(sealed.folder)).flaws
    assert (flaw.seq, "its payload is missing" in flaw.message) == (7, True)
    file.write_text("".join(kept[:7] + kept[9:100]))
    (flaw,) = sealed.check(FolderSource(sealed.folder)).flaws
    assert flaw.message.endswith("502 payloads are missing, and no record says that they were disposed of: 7-8,100-599")
    file.unlink()
    assert [one.seq for one in sealed.check(FolderSource(sealed.folder)).flaws] == [0]
    found = sealed.check(FolderSource(sealed.folder, payloads=False))
    assert (found.flaws, found.payloads, found.erased, found.left_out) == ((), 0, 0, COUNT)
    with_store(sealed.url, lambda tx: tx.run("DELETE FROM payloads WHERE seq = 7"))
    record(sealed.url, [Entry("redacted", "", "carol", refs={"records": "7"}, tree="support")])
    with pytest.raises(RefusedError, match="under no checkpoint yet"):
        export_tree(sealed.source, "support", Folder(sealed.folder), Rules(None))
    seal(sealed.url, FLEET, sealed.signer)
    half = sealed.folder / "support/payloads/.2026-11.90d.jsonl"  # an export was killed, and then a class was changed
    half.write_text(kept[7])
    assert sealed.check(FolderSource(sealed.folder, payloads=False)).flaws == ()
    assert export_signed(sealed.source, "support", Folder(sealed.folder), Rules(None)) == (COUNT, COUNT + 1)
    assert not half.exists()
    found = sealed.check(FolderSource(sealed.folder))
    assert (found.flaws, found.payloads, found.erased) == ((), COUNT - 1, 1)


def anchor(act: int, size: int, root: str) -> Anchored:
    return Anchored("support", "", size, root, "", act)


def test_anchors_find_what_was_cut_off_or_told_otherwise(sealed: Sealed) -> None:
    true = [anchor(3, size, sealed.root(size)) for size in (1, 256, 300, COUNT)]
    assert sealed.check(sealed.source, true).flaws == ()
    assert sealed.check(FolderSource(sealed.folder), true).flaws == ()
    (cut,) = sealed.check(sealed.source, [*true, anchor(9, COUNT + 1, "ab" * 32)]).flaws
    assert (cut.seq, "act 9" in cut.message) == (COUNT, True)
    (other,) = sealed.check(sealed.source, [anchor(4, 300, "ab" * 32)]).flaws
    assert "the first 300 records are not those that act 4 of the journal anchored" in other.message


def test_what_is_erased_is_told_and_holds(sealed: Sealed, tmp_path: Path) -> None:
    other = Sealed(tmp_path)
    erase: Callable[[Transaction], int] = lambda tx: tx.run("DELETE FROM payloads WHERE seq < 10")  # noqa: E731
    with_store(other.url, erase)
    (flaw,) = other.check(other.source).flaws
    assert (flaw.seq, flaw.message[:10], flaw.message[-4:]) == (0, "10 payload", " 0-9")
    record(other.url, [Entry("redacted", "", "carol", refs={"records": "0-9"}, tree="support")])
    found = other.check(other.source)
    assert (found.flaws, found.payloads, found.erased, found.signed) == ((), COUNT - 10, 10, COUNT)
