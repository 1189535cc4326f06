"""What the ledger costs: hashing, growing, proving, and checking it whole.

python benchmarks/bench_ledger.py [--leaves N] [--processes N]

An export of leaves as the gate writes them lies in files; checking reads bundles and tiles, hashes every leaf, compares
it with its tile, looks at its grammar and number, and joins the stretches of all processes to the signed root. Payloads
are reported apart. The bar is for a quiet machine: 200,000 leaves a second on two cores.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from treeworld import Log, ledger  # noqa: E402

from agentgov.runtime.checkpoints import open_checkpoint  # noqa: E402
from agentgov.runtime.leaf_check import Flaw, joined, payload_flaw, stretches, verify_range  # noqa: E402
from agentgov.runtime.merkle import Frontier, inclusion_path, leaf_hashes, verify_inclusion  # noqa: E402
from agentgov.runtime.tiles import WIDTH, decode_bundle, node_reader, split, tile_at  # noqa: E402
from agentgov.runtime.tlog_proof import parse_proof, verify_proof  # noqa: E402

BAR = 200_000  # leaves a second


def children() -> float:
    """CPU seconds of processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(what: str, count: int, work: Callable[[], object]) -> float:
    """Print how many of them in a second and in a CPU second (of all processes together), and answer the latter."""
    start, used, others = time.perf_counter(), time.process_time(), children()
    elsewhere = work()
    wall, used = time.perf_counter() - start, time.process_time() - used + children() - others
    used += elsewhere if isinstance(elsewhere, float) else 0.0
    print(f"{what:<52} {count / wall:>12,.0f} {count / used:>14,.0f}", flush=True)
    return count / used


def read_stretch(folder: Path, size: int, stretch: tuple[int, int]) -> tuple[int, Frontier | Flaw, float]:
    """What one process does: a stretch out of files, and the CPU seconds that it took."""
    (first, end), used = stretch, time.process_time()
    leaves, hashes = list[bytes | None](), list[bytes]()
    for index in range(first // WIDTH, -(-end // WIDTH)):
        bundle, tile = tile_at("entries", index, size), tile_at(0, index, size)
        leaves += decode_bundle((folder / bundle.path).read_bytes(), bundle.width)
        hashes += split((folder / tile.path).read_bytes(), tile.width)
    return first, verify_range(first, leaves, hashes), time.process_time() - used


def check(folder: Path, log: Log, processes: int) -> None:
    """The whole ledger, by so many processes; raises where it does not hold."""
    size = len(log.leaves)
    root = open_checkpoint(log.checkpoint(), [log.key], log.key.name).root

    def work() -> float:
        done = list(pool.map(partial(read_stretch, folder, size), stretches(size, processes)))
        whole = joined((first, part) for first, part, _ in done)
        assert isinstance(whole, Frontier)
        assert whole.root == root
        return sum(used for *_, used in done)

    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.2] * processes))  # they are there before the watch runs
        rate = row(f"checked out of files, {processes} processes", size, work)
    print(f"  a CPU second of each of {processes} cores: {rate * processes / BAR:.1f} times the bar of {BAR:,}")


def payloads(log: Log) -> None:
    """Every payload against its leaf."""
    for seq, (salt, payload) in log.payloads.items():
        assert payload_flaw(seq, log.leaves[seq], salt, payload) is None


def proofs(log: Log, folder: Path, count: int) -> None:
    """Made from tiles, and checked."""
    size = len(log.leaves)
    node = node_reader(size, lambda tile: (folder / tile.path).read_bytes())
    places = [number * 7919 % size for number in range(count)]
    made = list[tuple[bytes, ...]]()
    row("proofs made from tiles", count, lambda: made.extend(inclusion_path(place, size, node) for place in places))
    root, hashes = log.root(size), log.levels[0]

    def verify() -> None:
        for place, path in zip(places, made, strict=True):
            verify_inclusion(hashes[place], place, size, path, root)

    row("proofs checked", count, verify)
    encoded, leaf = log.proof(places[-1]).encode(), log.leaves[places[-1]]
    row(
        "proof files read and checked, with the signature",
        count,
        lambda: [verify_proof(parse_proof(encoded), leaf, [log.key], log.key.name) for _ in range(count)],
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    size: int = options.leaves
    log = ledger(size)
    print(f"{size:,} leaves of {len(log.leaves[-1])} bytes, one in three with a payload")
    print(f"{'':<52} {'a second':>12} {'a CPU second':>14}")
    row("leaves hashed", size, lambda: leaf_hashes(log.leaves))
    hashes = log.levels[0]
    row("leaf hashes to a root", size, lambda: Frontier().extended(hashes))
    row("leaves checked in memory, one process", size, lambda: verify_range(0, log.leaves, hashes))
    row("payloads checked, one process", len(log.payloads), lambda: payloads(log))
    with tempfile.TemporaryDirectory() as name:
        folder = log.export(Path(name))
        check(folder, log, options.processes)
        proofs(log, folder, 2000)
        script = Path(__file__).resolve().parents[1] / "docs" / "verify_ledger.py"
        command = [sys.executable, str(script), str(log.key), name]
        row(
            "docs/verify_ledger.py, payloads and its start included",
            size,
            lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL),
        )


if __name__ == "__main__":
    main()
