"""The verifier that auditors run: on its own, it finds whatever is not as it was signed, and names the leaf."""

import ast
import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from treeworld import ORIGIN, START, Log, flips, ledger

from agentgov.runtime.ledger import Entry, leaf
from agentgov.runtime.tiles import Tile

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "verify_ledger.py"
SIZE = 700
LOG = ledger(SIZE)
KEY = str(LOG.key)
AGENT = "support/triage"
WITHOUT = Path("--no-payloads")
ENTRIES, HASHES = "tile/entries/001", "tile/0/001"


def _load() -> ModuleType:
    spec = util.spec_from_file_location("verify_ledger", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFIER = _load()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return LOG.export(tmp_path_factory.mktemp("ledger"), [0, 1, 256, 300, 512, 699])


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(exported, tmp_path / "export")


def _told(folder: Path, capsys: pytest.CaptureFixture[str], *more: Path, key: str = KEY) -> tuple[int, str]:
    """(exit code, what it says) of the verifier, in this process."""
    try:
        code = VERIFIER.main(key, folder, *more)
    except Exception as error:  # what the script turns into a line
        return 1, f"WRONG: {str(error) or type(error).__name__}"
    return code, capsys.readouterr().out


def test_it_is_short_and_needs_only_python_and_cryptography() -> None:
    source = SCRIPT.read_text("utf-8")
    assert source.count("\n") <= 150
    imported = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    roots = {name.partition(".")[0] for name in imported}
    assert roots - sys.stdlib_module_names == {"cryptography"}


def test_it_runs_on_its_own(exported: Path, tmp_path: Path) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(SCRIPT), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    good = run(KEY, exported)
    assert (good.returncode, good.stdout) == (0, "OK: 700 leaves (0 pruned), 6 anchors, 0 payloads not here\n")
    (tmp_path / "one.tlog-proof").write_bytes(LOG.proof(171).encode())
    (tmp_path / "one.json").write_bytes(LOG.leaves[171])
    (tmp_path / "keys").write_text(f"{Log([], seed=9).key}\n{KEY}\n")
    proved = run("keys", "one.tlog-proof", "one.json")
    assert (proved.returncode, proved.stdout) == (0, "OK: the leaf has index 171 among the 700 that were signed\n")
    other = run(Log([], seed=9).key, exported)
    assert (other.returncode, other.stderr) == (1, "WRONG: a checkpoint is not signed by a key of this ledger\n")
    assert run(KEY).returncode == 1
    assert "verify_ledger.py KEY FOLDER" in run().stderr


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, pytest.param(65_537, marks=pytest.mark.slow)])
def test_trees_of_every_shape_are_verified(size: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = ledger(size, payloads=False)
    folder = log.export(tmp_path, [size // 2, size])
    assert _told(folder, capsys, key=str(log.key))[0] == 0


def test_a_changed_leaf_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = folder / ENTRIES
    at = bundle.read_bytes().index(LOG.leaves[300])
    bundle.write_bytes(bundle.read_bytes()[: at + 40] + b"!" + bundle.read_bytes()[at + 41 :])
    code, said = _told(folder, capsys)
    assert code == 1
    assert said.startswith("leaf 300: its hash in ")


def test_a_leaf_changed_in_its_tile_too_is_still_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaves = [*LOG.leaves]
    leaves[300] = leaves[300].replace(b"support", b"sapport")
    forged = Log(leaves)
    forged.payloads = LOG.payloads
    forged.export(folder)
    (folder / "checkpoint").write_bytes(LOG.checkpoint())
    code, said = _told(folder, capsys)
    assert code == 1
    assert "leaf 512: the tree of 512 leaves" in said
    assert "the tree of 300 leaves" not in said
    forged.export(folder, [700])  # the log itself signs another history, and the anchors know the first one
    code, said = _told(folder, capsys)
    assert code == 1
    assert "the tree of 512 leaves that was signed is not the one that ends here" in said


def test_an_anchor_is_written_again_from_its_line_in_the_journal(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signature = LOG.checkpoint(512).decode().split(" ")[-1].strip()
    root = base64.b64encode(bytes.fromhex(LOG.root(512).hex())).decode()
    anchor, short = tmp_path / "anchor", ledger(500).export(tmp_path / "short")
    anchor.write_text(f"{ORIGIN}\n512\n{root}\n\n— {ORIGIN} {signature}\n", "utf-8")
    assert _told(folder, capsys, anchor) == (0, "OK: 700 leaves (0 pruned), 7 anchors, 0 payloads not here\n")
    assert _told(short, capsys)[0] == 0
    code, said = _told(short, capsys, anchor)
    assert (code, said.split(":")[0]) == (1, "leaf 500")


def test_a_ledger_cut_short_is_found_by_its_anchors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ledger(600)
    shutil.rmtree(folder / "tile")
    short.export(folder)
    code, said = _told(folder, capsys)
    assert (code, said.splitlines()[0]) == (
        1,
        "leaf 600: the tree of 699 leaves that was signed is not the one that ends here",
    )


def _payload(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        lines = [json.loads(line) for line in (folder / "payloads.jsonl").read_text().splitlines()]
        change(lines[10])
        (folder / "payloads.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    return apply


@pytest.mark.parametrize(
    ("change", "leaf"),
    [
        (_payload(lambda line: line.update(payload="AAAA")), 30),
        (_payload(lambda line: line.update(salt="00" * 16)), 30),
        (_payload(lambda line: line.update(seq=31)), 31),
        (_payload(lambda line: line.update(seq=9000)), 9000),
    ],
)
def test_a_changed_payload_is_named(
    change: Callable[[Path], None], leaf: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder)
    code, said = _told(folder, capsys)
    assert code == 1
    assert f"leaf {leaf}: " in f"\n{said}"
    assert said.startswith("leaf 30: "), "where it was before it is missing"


def test_erased_payloads_and_pruned_leaves_leave_proofs_that_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    erased = Entry("redacted", "", "carol", refs={"records": "258-262,267"}, tree="support")
    since, until = str(START + 263), str(START + 265)
    aged = Entry(
        *("ledger.prune", AGENT, "keeper"),
        refs={"payloads": "x", "since": since, "until": until, "count": "1", "first": "264", "last": "264"},
        tree="support",
    )
    folder = _lacking(tmp_path / "all", erased, aged)
    assert _told(folder, capsys) == (0, "OK: 703 leaves (256 pruned), 0 anchors, 4 payloads not here\n")
    (folder / "payloads").mkdir()  # apart, as exports lay them out
    lines = (folder / "payloads.jsonl").read_text().splitlines(keepends=True)
    (folder / "payloads/2026-10.always.jsonl").write_text("".join(lines[:40]))
    (folder / "payloads/2026-11.30d.jsonl").write_text("".join(lines[40:]))
    (folder / "payloads.jsonl").unlink()
    assert _told(folder, capsys) == (0, "OK: 703 leaves (256 pruned), 0 anchors, 4 payloads not here\n")
    (folder / "payloads/2026-11.30d.jsonl").unlink()
    code, said = _told(folder, capsys)
    assert (code, said.count("its payload is missing")) == (1, 20), "the first twenty"
    (folder / "payloads/2026-10.always.jsonl").unlink()  # an export without them
    assert _told(folder, capsys)[0] == 1
    assert _told(folder, capsys, WITHOUT) == (0, "OK: 703 leaves (256 pruned), 0 anchors, 148 payloads not here\n")
    code, said = _told(_lacking(tmp_path / "few", erased, with_refs(aged, count="0")), capsys)
    assert (code, "leaf 264: its payload is missing" in said) == (1, True), "more are missing than were pruned"
    other = Entry("ledger.prune", "support/other", "keeper", refs=aged.refs, tree="support")
    code, said = _told(_lacking(tmp_path / "other", erased, other), capsys)
    missing = "its payload is missing, and no record says that it was disposed of"
    assert (code, said.splitlines()[0]) == (1, f"leaf 264: {missing}")
    code, said = _told(_lacking(tmp_path / "none"), capsys)
    assert [line for line in said.splitlines() if missing in line] == [
        f"leaf {leaf}: {missing}" for leaf in (258, 261, 264, 267)
    ]


def with_refs(entry: Entry, **refs: str) -> Entry:
    return msgspec.structs.replace(entry, refs={**entry.refs, **refs})


def test_a_payload_that_is_there_twice_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "payloads.jsonl"
    forged = json.dumps({"seq": 30, "salt": "00" * 16, "payload": "AAAA"})
    file.write_text(f"{forged}\n{file.read_text()}")
    code, said = _told(folder, capsys)
    assert (code, "a payload is there twice" in said) == (1, True)


def _lacking(folder: Path, *disposals: Entry) -> Path:
    """An export that lacks its first bundle, and the payloads of four leaves after it; the leaves of what says so."""
    log = _with_tombstone(256)
    leaves = [leaf(one, SIZE + 1 + at, START + SIZE, b"") for at, one in enumerate(disposals)]
    payloads, log = log.payloads, Log([*log.leaves, *leaves])
    log.payloads = {seq: one for seq, one in payloads.items() if seq >= 270}
    log.export(folder)
    (folder / "tile/entries/000").unlink()
    return folder


def test_leaves_that_are_gone_without_a_record_of_it_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _with_tombstone(256).export(tmp_path)
    (folder / "payloads.jsonl").unlink()
    for bundle in ("000", "001"):
        (folder / f"tile/entries/{bundle}").unlink()
    code, said = _told(folder, capsys, WITHOUT)
    assert (code, said.splitlines()[0]) == (
        1,
        "leaf 256: leaves are missing from here on, and no record says that they were pruned",
    )


def _with_tombstone(end: int) -> Log:
    entry = Entry("ledger.prune", "", "keeper", refs={"leaves": str(end)}, tree="support")
    log = Log([*LOG.leaves, leaf(entry, SIZE, START + SIZE, b"")])
    log.payloads = LOG.payloads
    return log


def test_a_gap_in_the_numbers_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = Log([*LOG.leaves[:10], *LOG.leaves[11:20]])
    folder = log.export(tmp_path)
    (folder / "payloads.jsonl").unlink()
    code, said = _told(folder, capsys, WITHOUT)
    assert (code, said.splitlines()[0]) == (1, "leaf 10: the leaf says that its number is 11")


def test_what_is_missing_is_never_fine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("checkpoint", HASHES, "tile/1/000.p/2", "tile/entries/002.p/188"):
        kept = (folder / path).read_bytes()
        (folder / path).unlink()
        assert _told(folder, capsys)[0] == 1, path
        (folder / path).write_bytes(kept)


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_any_flipped_byte_of_an_export_is_found(step: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = ledger(7)
    folder = log.export(tmp_path, [3])
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        for changed in flips(content)[::step]:
            path.write_bytes(changed)
            assert _told(folder, capsys, key=str(log.key))[0] == 1, (path, changed)
        path.write_bytes(content)


def test_any_flipped_byte_of_a_proof_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proof, leaf = tmp_path / "one.tlog-proof", tmp_path / "leaf"
    encoded = LOG.proof(171, 200).encode()
    proof.write_bytes(encoded)
    for changed in [*flips(LOG.leaves[171])[::9], LOG.leaves[172], b""]:
        leaf.write_bytes(changed)
        assert _told(proof, capsys, leaf)[0] == 1
    leaf.write_bytes(LOG.leaves[171])
    assert _told(proof, capsys, leaf)[0] == 0
    for changed in [*flips(encoded)[::3], encoded.replace(b"index 171", b"index 200"), encoded.replace(b"@v1", b"@v2")]:
        proof.write_bytes(changed)
        assert _told(proof, capsys, leaf)[0] == 1, changed


def test_paths_are_those_of_the_specification() -> None:
    for index in (0, 9, 999, 1000, 1_234_067, 10**9):
        for width in (1, 255, 256):
            assert VERIFIER.tile_path("0", index, width) == Tile(0, index, width).path
