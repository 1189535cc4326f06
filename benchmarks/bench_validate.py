"""What it costs to check a fleet, beside ajv-cli and check-jsonschema on the same files and `git status`.

python benchmarks/bench_validate.py [--runs N] [--agents N ...] [--folder DIR]

All programs run in turns, so that a busy machine is busy for all of them. ajv-cli (npm) and check-jsonschema (pip)
are installed into a temporary folder, or left out with the reason. A row's ratio is to ajv-cli where there is one.
Memory is that of the largest of all processes of a row.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fleet_generator import make_fleet

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schemas/agent.schema.json"
AGENTGOV = [sys.executable, "-m", "agentgov", "validate"]
READING = ["--select", "yaml", "--select", "schema"]


@dataclass
class Row:
    """One command to measure: `before` prepares each run and is not measured."""

    name: str
    command: list[str]
    before: Callable[[int], None] = lambda _: None
    cache: Path | None = None
    most_runs: int = 1000
    seconds: list[float] = field(default_factory=list)
    memory: int = 0  # KiB


def main() -> None:
    """Print one table for each size."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--agents", type=int, nargs="*", default=[1000, 10_000])
    arguments.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="agentgov-bench-") as made:
        folder = asked.folder or Path(made)
        ajv, ajv_missing = install_ajv(folder)
        checker, checker_missing = install_checker(folder)
        for reason in filter(None, (ajv_missing, checker_missing)):
            print(f"left out: {reason}")
        for agents in asked.agents:
            fleet = folder / f"fleet-{agents}"
            if not fleet.exists():
                make_fleet(fleet, agents)
            rows = list(rows_for(fleet, folder, ajv, checker))
            measure(fleet, rows, asked.runs)
            print_table(agents, rows, asked.runs)


def rows_for(fleet: Path, folder: Path, ajv: list[str], checker: list[str]) -> Iterator[Row]:
    """The rows of one table."""
    cache = folder / f"cache-{fleet.name}"
    prompt = next(iter(sorted(fleet.glob("agents/*/*/prompts/system.md"))))
    original = prompt.read_text()

    def edit(run: int) -> None:
        prompt.write_text(f"{original}{run} {time.time()}\n")

    def clean(_: int) -> None:
        if prompt.read_text() != original:
            prompt.write_text(original)

    subprocess.run(AGENTGOV, cwd=fleet, env=environment(cache), stdout=subprocess.DEVNULL, check=True)
    yield Row("git status", ["git", "status", "--porcelain", "--untracked-files=all"], clean)
    yield Row("agentgov: reading and schema", [*AGENTGOV, *READING])
    yield Row("agentgov: everything, nothing kept", AGENTGOV)
    yield Row("agentgov: one changed file", AGENTGOV, edit, cache)
    yield Row("agentgov: clean working tree", AGENTGOV, clean, cache)
    yield Row("agentgov: unchanged commit", [*AGENTGOV, "--rev", "HEAD"], cache=cache)
    if ajv:
        yield Row("ajv-cli", [*ajv, "validate", "--strict=false", "-s", str(SCHEMA), "-d", "agents/**/agent.yaml"])
    if checker:
        yield Row("check-jsonschema", [*checker, "--schemafile", str(SCHEMA), *files_of(fleet)], most_runs=1)


def measure(fleet: Path, rows: list[Row], runs: int) -> None:
    """Run all rows in turns; the first run of each warms the disk and is not counted."""
    for run in range(runs + 1):
        for row in rows:
            if run and len(row.seconds) >= row.most_runs:
                continue
            row.before(run)
            started = time.perf_counter()
            memory = run_once(row.command, fleet, environment(row.cache))
            if run or row.most_runs == 1:
                row.seconds.append(time.perf_counter() - started)
                row.memory = max(row.memory, memory)


def run_once(command: list[str], cwd: Path, env: dict[str, str]) -> int:
    """Run a command to its end and return the peak memory of the largest of its processes, in KiB."""
    watched = [sys.executable, "-c", _WATCH, *command]
    done = subprocess.run(watched, cwd=cwd, env=env, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[:4]} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return int(done.stderr.split()[-1])


# Memory has to be asked for in a process of its own: the kernel only knows the most of all children so far.
_WATCH = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""


def environment(cache: Path | None) -> dict[str, str]:
    """A plain environment in which Python may keep its compiled modules, as it does when it is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ROOT), "AGENTGOV_CACHE": str(cache) if cache is not None else "off"}


def files_of(fleet: Path) -> list[str]:
    """The documents that a validator by schema is given."""
    return [str(path.relative_to(fleet)) for path in sorted(fleet.glob("agents/*/*/agent.yaml"))]


def install_ajv(folder: Path) -> tuple[list[str], str]:
    """The command of ajv-cli, or why there is none."""
    npm = shutil.which("npm")
    if npm is None:
        return [], "ajv-cli: there is no npm"
    place = folder / "ajv"
    program = place / "node_modules/.bin/ajv"
    if not program.exists():
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), "ajv-cli@5"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0 or not program.exists():
            return [], "ajv-cli: npm cannot install it"
    return [str(program)], ""


def install_checker(folder: Path) -> tuple[list[str], str]:
    """The command of check-jsonschema, or why there is none."""
    place = folder / "check-jsonschema"
    program = place / "bin/check-jsonschema"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        command = [str(place / "bin/pip"), "install", "-q", "check-jsonschema"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0 or not program.exists():
            return [], "check-jsonschema: pip cannot install it"
    return [str(program)], ""


def print_table(agents: int, rows: list[Row], runs: int) -> None:
    """Medians with their spread, ratios to ajv-cli, memory."""
    medians = {row.name: statistics.median(row.seconds) for row in rows}
    base = medians.get("ajv-cli")
    print(f"\n{agents:,} agents, {runs} alternating runs")
    print(f"{'':<36} {'median s':>9} {'fastest':>8} {'slowest':>8} {'x ajv-cli':>10} {'peak MB':>8}")
    for row in rows:
        ratio = f"{medians[row.name] / base:.2f}" if base else "-"
        low, high = min(row.seconds), max(row.seconds)
        print(
            f"{row.name:<36} {medians[row.name]:>9.3f} {low:>8.3f} {high:>8.3f} {ratio:>10} {row.memory / 1024:>8.0f}"
        )
    over = (medians["agentgov: one changed file"] - medians["git status"]) * 1000
    print(f"one changed file costs git status {over:+.0f} ms")


if __name__ == "__main__":
    main()
