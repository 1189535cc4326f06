"""What the command line costs before it does anything: CPU seconds over a bare interpreter, alternating runs.

python benchmarks/bench_startup.py [runs]
"""

import resource
import statistics
import subprocess
import sys

COMMANDS = {
    "bare interpreter": ["-c", "pass"],
    "agentgov --version": ["-m", "agentgov", "--version"],
    "agentgov --help": ["-m", "agentgov", "--help"],
}


def cpu(args: list[str]) -> float:
    """CPU seconds (user and system) of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *args], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a table of medians."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    seen: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, args in COMMANDS.items():
            seen[name].append(cpu(args))
    bare = statistics.median(seen["bare interpreter"])
    print(f"{'command':<22} {'median ms':>10} {'over bare ms':>13}   ({runs} alternating runs)")
    for name, values in seen.items():
        median = statistics.median(values)
        print(f"{name:<22} {median * 1000:>10.1f} {(median - bare) * 1000:>13.1f}")


if __name__ == "__main__":
    main()
