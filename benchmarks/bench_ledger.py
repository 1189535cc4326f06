"""How fast the ledger takes records and is verified: `python benchmarks/bench_ledger.py [SECONDS] [--place DIR]`.

Appended are records as decisions make them (a leaf of 480 bytes, a payload of 110), of eight workspaces, a thousand to
a transaction, each transaction on the disk before the next; then they are hashed into tiles, and all of it is verified
by two processes as `agentgov ledger verify` does, with payloads and without. Bars: 50,000 appended a second, 200,000
verified a second (two quiet cores).
"""

import argparse
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "tests")]

from ledgerworld import seal  # noqa: E402
from postgres import installed, serving  # noqa: E402

from agentgov.cli.run_time.ledger_verify import spread_over, store_source  # noqa: E402
from agentgov.runtime.ledger import Entry, append_all  # noqa: E402
from agentgov.runtime.ledger_check import Tree, check_trees  # noqa: E402
from agentgov.runtime.notes import VerifierKey  # noqa: E402
from agentgov.runtime.sequencing import origin_of  # noqa: E402
from agentgov.store.open import open_store  # noqa: E402
from agentgov.store.port import Transaction  # noqa: E402
from agentgov.trust.keys import parse_public_key  # noqa: E402
from agentgov.trust.signers import KeyFileSigner, generate_key  # noqa: E402

BATCH, TREES, START = 1000, 8, 1_790_000_000_000


def entries(payload: bool) -> list[Entry]:
    """One batch."""
    refs = {"tool": "refund", "binding": "cd" * 32, "permit": "ab" * 16}
    body = b'{"args":"%s"}' % (b"x" * 100) if payload else b""
    agents = [f"w{number % TREES}/agent{number % 48}" for number in range(BATCH)]
    return [
        Entry("action.allow", one, f"agent:{one}@production", "production", "ab" * 32, refs, body) for one in agents
    ]


def appended(url: str, seconds: float, payload: bool) -> tuple[float, float]:
    """Records a second, and a second of this process's processor."""
    store, batch, count = open_store(url), entries(payload), 0
    wall, processor = time.perf_counter(), time.process_time()

    def work(tx: Transaction) -> None:
        append_all(tx, batch, START + count, secrets.token_bytes(16 * BATCH))

    while time.perf_counter() - wall < seconds:
        store.write(work).result()
        count += BATCH
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    store.close()
    return count / wall, count / processor


def verified(url: str, key: KeyFileSigner) -> tuple[int, float, float]:
    """Records, how many a second are hashed into tiles, and how many a second are verified."""
    started = time.perf_counter()
    log = seal(url, "f" * 32, key)
    sealed = time.perf_counter() - started
    source, count, started = store_source(url), 0, time.perf_counter()
    names = {tree: origin_of("f" * 32, log, tree) for tree in source.trees()}
    public = parse_public_key(key.public_key)
    trees = [Tree(tree, [VerifierKey.of(name, public)], name) for tree, name in names.items()]
    for found in check_trees(source, trees, spread_over(source, source.close)):
        assert not found.flaws, found.flaws
        assert found.signed == found.leaves
        count += found.leaves
    source.close()
    return count, count / sealed, count / (time.perf_counter() - started)


def row(name: str, url: str, seconds: float, key: KeyFileSigner, payload: bool) -> None:
    """One line of the table."""
    wall, processor = appended(url, seconds, payload)
    count, sealed, checked = verified(url, key)
    print(f"{name:<26} {wall:>10,.0f} {processor:>12,.0f} {count:>10,} {sealed:>10,.0f} {checked:>10,.0f}")


def main(seconds: float, place: str | None) -> None:
    """A table."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; a second, or (core) a second of one core")
    print(f"{'':<26} {'append':>10} {'append, core':>12} {'records':>10} {'tiles':>10} {'verify':>10}")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "key"
        generate_key(path, "bench")
        key = KeyFileSigner(path)
        row("sqlite", f"sqlite:///{folder}/a.db", seconds, key, payload=False)
        row("sqlite, with payloads", f"sqlite:///{folder}/b.db", seconds, key, payload=True)
        if not installed():
            print("without PostgreSQL: .ci/packages installs it")
            return
        with serving(durable=place or tempfile.gettempdir()) as server:
            row("postgresql", server.database(), seconds, key, payload=False)
            row("postgresql, with payloads", server.database(), seconds, key, payload=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float, nargs="?", default=5.0)
    parser.add_argument("--place", help="a folder on the disk to measure")
    asked = parser.parse_args()
    main(asked.seconds, asked.place)
