"""What questions about a small change cost in a large fleet, process start included: wall clock and CPU, alternating.

python benchmarks/bench_change.py [agents] [runs] [folder]

Without a folder a fleet is made for it (git takes most of that time). The bar for 10,000 agents is 300 ms.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fleet_generator import make_fleet

_BAR = 0.3  # seconds
_AUTHOR = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com", "-c", "commit.gpgsign=false")
COMMANDS: Mapping[str, Sequence[str]] = {
    "bare interpreter": (sys.executable, "-c", "pass"),
    "git status": ("git", "status", "--porcelain"),
    "diff of two commits, 3 files": (sys.executable, "-m", "agentgov", "diff", "HEAD~1", "HEAD"),
    "the same as Markdown": (sys.executable, "-m", "agentgov", "diff", "HEAD~1", "HEAD", "--format", "markdown"),
    "diff of one agent": (sys.executable, "-m", "agentgov", "diff", "HEAD~1", "HEAD", "--agent", "{agent}"),
    "diff of the working tree, 3 files": (sys.executable, "-m", "agentgov", "diff"),
    "check of a commit, 3 files": (sys.executable, "-m", "agentgov", "check"),
    "diff of the index": (sys.executable, "-m", "agentgov", "diff", "--staged"),
}


def change(folder: Path, word: str) -> str:
    """Change a prompt, a budget and a model in three workspaces; returns the agent whose prompt it is."""
    agents = sorted(folder.glob("agents/*/*/agent.yaml"))
    first, second, third = (agents[len(agents) * part // 4] for part in (1, 2, 3))
    prompt = first.parent / "prompts/system.md"
    prompt.write_text(f"{prompt.read_text(encoding='utf-8')}\nSay {word}.\n", encoding="utf-8")
    budget = (second, r'budget: {day: "[0-9]+', f'budget: {{day: "{len(word)}')
    edits = (budget, (third, "description: ", f"description: {word} "))
    for file, old, new in edits:
        text, count = re.subn(old, new, file.read_text(encoding="utf-8"), count=1)
        assert count == 1
        file.write_text(text, encoding="utf-8")
    return first.parent.relative_to(folder / "agents").as_posix()


def start_journal(folder: Path, home: Path) -> None:
    """Give the first administrator a key, and let them start the journal: `check` compares with what is authorised."""
    home.mkdir(exist_ok=True)
    key = home / "key"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)), check=True)
    file, line = folder / "governance/access.yaml", key.with_suffix(".pub").read_text().strip()
    emails = "emails: [person-000@example.com]"
    file.write_text(
        file.read_text(encoding="utf-8").replace(emails, f'{emails}, keys: ["{line}"]', 1), encoding="utf-8"
    )
    settings = {"user.name": "Benchmark", "user.email": "person-000@example.com", "gpg.format": "ssh"}
    for name, value in {**settings, "user.signingkey": f"{key}.pub", "commit.gpgsign": "false"}.items():
        subprocess.run(("git", "config", name, value), cwd=folder, check=True)
    subprocess.run(("git", "commit", "-qam", "A key"), cwd=folder, check=True)
    run((sys.executable, "-m", "agentgov", "trust", "init"), folder)


def run(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """(wall clock, CPU) seconds of one run."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    home = folder.with_name(f"{folder.name}-home")  # what this machine remembers of the fleet
    environment |= {"XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == (1 if "check" in command else 0), command  # the change waits for its reviews
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, agent: str, runs: int) -> None:
    """Print a table of medians."""
    commands = {name: [part.format(agent=agent) for part in command] for name, command in COMMANDS.items()}
    for command in commands.values():  # caches of the file system, and compiled modules
        run(command, folder)
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seen[name].append(run(command, folder))
    print(f"{'command':<36} {'wall ms':>8} {'best ms':>8} {'CPU ms':>8}   ({runs} alternating runs)")
    for name, values in seen.items():
        wall, cpu = (statistics.median(column) for column in zip(*values, strict=True))
        best = min(value[0] for value in values)
        over = "  over the bar" if best > _BAR else ""
        print(f"{name:<36} {wall * 1000:>8.0f} {best * 1000:>8.0f} {cpu * 1000:>8.0f}{over}")


def main() -> None:
    """Make the fleet and its change, then measure."""
    agents = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary) / "fleet"
        if not folder.exists():
            make_fleet(folder, agents)
            start_journal(folder, folder.with_name(f"{folder.name}-home"))
        agent = change(folder, "always")
        subprocess.run(("git", *_AUTHOR, "commit", "-qam", "A change"), cwd=folder, check=True)
        change(folder, "thank you")
        measure(folder, agent, runs)


if __name__ == "__main__":
    main()
