"""The ledger's files as the code behind Go's checksum database reads them (golang.org/x/mod/sumdb of Debian)."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from treeworld import Log, ledger

from agentgov.runtime.merkle import consistency_path, inclusion_path
from agentgov.runtime.tiles import node_reader

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).resolve().parents[2] / "tools" / "sumdb"
GOPATH = Path("/usr/share/gocode")  # where Debian keeps the sources of Go packages
PAIRS = [
    (1, 1),
    (1, 2),
    (2, 3),
    (7, 8),
    (255, 256),
    (256, 257),
    (1, 257),
    (300, 512),
    (511, 513),
    (699, 700),
    (256, 700),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb").is_dir():
        pytest.skip("Go and golang.org/x/mod are not there: .ci/packages installs them")
    built = tmp_path_factory.mktemp("go") / "sumdb"
    offline = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-o", str(built), "."], cwd=SOURCE, env=os.environ | offline, check=True)
    return built


def _run(program: Path, log: Log, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), str(log.key), str(folder)], capture_output=True, text=True, check=False)


def _export(log: Log, folder: Path, anchors: list[int], pairs: list[tuple[int, int]]) -> None:
    log.export(folder, anchors)
    size = len(log.leaves)
    node = node_reader(size, lambda tile: (folder / tile.path).read_bytes())
    proofs: list[tuple[dict[str, int], tuple[bytes, ...]]] = []
    for old, new in pairs:
        proofs.append(({"old": old, "size": new}, consistency_path(old, new, node)))
        proofs.append(({"index": old - 1, "size": new}, inclusion_path(old - 1, new, node)))
    lines = [{**said, "path": [base64.b64encode(step).decode() for step in path]} for said, path in proofs]
    (folder / "proofs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_go_reads_checkpoints_tiles_leaves_and_proofs(size: int, program: Path, tmp_path: Path) -> None:
    log = ledger(size)
    anchors = sorted({1, size // 2 + 1, size})
    pairs = [(old, new) for old, new in PAIRS if new <= size]
    _export(log, tmp_path, anchors, pairs)
    done = _run(program, log, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{size} leaves, {len(anchors)} anchors, {2 * len(pairs)} proofs\n"


def test_go_proves_leaves_in_a_tree_of_three_levels_of_tiles(program: Path, tmp_path: Path) -> None:
    log = ledger(65_537, payloads=False)
    _export(log, tmp_path, [1, 65_535, 65_536], [(65_536, 65_537), (40_000, 65_537)])
    done = _run(program, log, tmp_path)
    assert (done.returncode, done.stdout) == (0, "65537 leaves, 3 anchors, 4 proofs\n"), done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "anchors/300",
        "tile/0/000",
        "tile/0/002.p/188",
        "tile/1/000.p/2",
        "tile/entries/001",
        "proofs.jsonl",
    ],
)
def test_go_refuses_a_flipped_byte(path: str, program: Path, tmp_path: Path) -> None:
    log = ledger(700)
    _export(log, tmp_path, [300], PAIRS)
    assert _run(program, log, tmp_path).returncode == 0
    content = bytearray((tmp_path / path).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / path).write_bytes(content)
    assert _run(program, log, tmp_path).returncode != 0


def test_go_wants_the_key_of_the_log(program: Path, tmp_path: Path) -> None:
    log = ledger(3)
    _export(log, tmp_path, [], [])
    done = _run(program, Log([], seed=9), tmp_path)
    assert done.returncode == 1
    assert "note has no verifiable signatures" in done.stderr
