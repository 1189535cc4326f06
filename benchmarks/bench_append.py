"""Many writers at one journal: acts a second, how long one act takes, and that none is lost.

    python benchmarks/bench_append.py [PROCESSES [ACTS]]

Every writer is a process with a clone of its own; all push to one bare remote on this disk. A writer that loses the
race reads, judges and signs again, so with twenty on a few cores most of an act's time is waiting for the others.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from appending import crowd
from simulator import FleetSimulator


def main(crowds: tuple[int, ...], acts: int) -> None:
    """A table: writers, acts a second, median and 95th percentile of one act, whether the journal holds them all."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {acts} acts a writer")
    print(f"{'writers':>8} {'acts':>6} {'acts/s':>8} {'median':>9} {'p95':>9}  journal")
    for processes in crowds:
        with tempfile.TemporaryDirectory() as name:
            print(row(Path(name), processes, acts), flush=True)


def row(folder: Path, processes: int, acts: int) -> str:
    """One line of the table."""
    os.environ |= {f"AGENTGOV_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE")}
    world = FleetSimulator(folder / "world")
    world.introduce()
    started = time.perf_counter()
    took = sorted(crowd(world, folder, processes, acts))
    wall = time.perf_counter() - started
    found = world.verify()
    whole = found.offence is None and found.view is not None and found.view.state.head.seq == processes * acts
    word = "linear, holds them all" if whole else f"BROKEN: {found.offence}"
    median, worst = took[len(took) // 2], took[int(len(took) * 0.95)]
    return f"{processes:>8} {len(took):>6} {len(took) / wall:>8.1f} {median:>8.2f}s {worst:>8.2f}s  {word}"


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main((given[0],) if given else (1, 5, 20), given[1] if len(given) > 1 else 10)
