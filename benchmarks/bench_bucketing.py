"""How even the sticky split is, and what one key costs: ten million keys of each shape, against each share.

python benchmarks/bench_bucketing.py [keys]
"""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from keyshapes import SHAPES, SHARES, off_by  # noqa: E402

from agentgov.model.units import format_share  # noqa: E402
from agentgov.runtime.bucketing import bucket  # noqa: E402

KEYS = 10_000_000
BOUND = 0.1  # percentage points


def nanoseconds() -> float:
    """What one key costs."""
    keys = [f"customer-{number}" for number in range(200_000)]
    start = time.perf_counter_ns()
    for key in keys:
        bucket("rollout", key)
    return (time.perf_counter_ns() - start) / len(keys)


def main(count: int) -> bool:
    """One row a shape; whether all are within the bound."""
    print(f"agv1: {nanoseconds():.0f} ns a key; {count:,} keys of each shape, off by so many percentage points:")
    print(f"{'keys':>8}  " + "  ".join(f"{format_share(share):>7}" for share in SHARES))
    worst = 0.0
    for shape in SHAPES:
        found = off_by(shape, "0" * 40, count)
        worst = max(worst, *found.values())
        print(f"{shape:>8}  " + "  ".join(f"{found[share]:7.4f}" for share in SHARES), flush=True)
    print(f"worst {worst:.4f}, bound {BOUND}")
    return worst < BOUND


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else KEYS))
