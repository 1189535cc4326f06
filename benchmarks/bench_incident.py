"""How long it takes to contain an incident, from an alert, by one command that somebody types.

    python benchmarks/bench_incident.py [--times 10] [--fresh]

A fleet in production, its gate and a bare remote on this machine. Each time an agent's alert opens an incident, as it
does where a rule says `do: [incident]`; then the clock starts with the command

    agentgov incident mitigate AGENT --pause -m TEXT

and three moments are told: when the gate refuses the lease of the agent, when the act is in the journal on the remote,
and when the command has ended. The gate is asked all the while, also for another agent, which it never refuses.
`--fresh` starts the command as a shell does, with an interpreter of its own; else it is forked from one that has
imported everything.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / part) for part in ("tests", ".")]

import gitworld  # noqa: E402
from forked import ran  # noqa: E402
from gateworld import GateWorld  # noqa: E402
from patience import until  # noqa: E402
from pipelineworld import PipelineWorld  # noqa: E402
from simulator import TRIAGE  # noqa: E402

from agentgov.alerts import standing  # noqa: E402
from agentgov.alerts.alert import Alert, Scope, labels_of  # noqa: E402
from agentgov.gate.gate import now_ms  # noqa: E402
from agentgov.model.names import AgentId  # noqa: E402
from agentgov.store.open import open_store  # noqa: E402

OTHER = AgentId("support", "agent-0")
Moments = tuple[float, float, float]  # seconds: refused at the gate, act in the journal, command ended


def main(wanted: argparse.Namespace) -> None:
    """Contain one incident after the other, and print the medians."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        for home in ("config", "state"):
            os.environ[f"AGENTGOV_{home.upper()}_HOME"] = str(folder / home)
        world = PipelineWorld(folder / "world", agents=1)
        for agent in (TRIAGE, OTHER):
            world.ship("1.0.0", agent)
        with GateWorld(world, folder / "gate", "--token-rate", "0") as gate:
            found = [_contained(world, gate, number, wanted.fresh) for number in range(wanted.times)]
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{wanted.times} incidents; {load}; seconds from the command, median (most):")
    for said, place in (("refused at the gate", 0), ("act in the journal", 1), ("command has ended", 2)):
        times = [moments[place] for moments in found]
        print(f"  {said:20} {statistics.median(times):.2f} ({max(times):.2f})", flush=True)


def _contained(world: PipelineWorld, gate: GateWorld, number: int, fresh: bool) -> Moments:
    _alert(gate, number)
    until(lambda: len(_acts(world, "open incident")) > number, "that the gate opened an incident")
    until(lambda: gate.ask("GET", _lease(TRIAGE), gate.agent_token(TRIAGE)).status == 200, "that the agent runs")
    args = ["incident", "mitigate", str(TRIAGE), "--pause", "-m", "It answers in rhyme", "--repo", str(world.work)]
    env = {**os.environ, **world.variables("alice"), "AGENTGOV_GATE": gate.url}
    start = time.perf_counter()
    command = threading.Thread(target=_typed, args=(args, env, fresh))
    seen: list[float] = []
    watching = threading.Thread(target=_watch, args=(world, gate, number, start, seen))
    for thread in (watching, command):
        thread.start()
    command.join()
    ended = time.perf_counter() - start
    watching.join()
    _typed(["incident", "resolve", _open(world), "--repo", str(world.work)], env, fresh=False)
    _typed(["resume", str(TRIAGE), "--repo", str(world.work)], env, fresh=False)
    return seen[0], seen[1], ended


def _watch(world: PipelineWorld, gate: GateWorld, number: int, start: float, seen: list[float]) -> None:
    """Write down when the agent is refused, and when the remote has the act."""
    token, other = gate.agent_token(TRIAGE), gate.agent_token(OTHER)

    def refused() -> bool:
        assert gate.ask("GET", _lease(OTHER), other).status == 200, "nobody else is stopped"
        return gate.ask("GET", _lease(TRIAGE), token).status == 403

    moments: tuple[Callable[[], bool], ...] = (refused, lambda: len(_acts(world, "pause and mitigate")) > number)
    for come in moments:
        until(come, "that it is contained")
        seen.append(time.perf_counter() - start)


def _alert(gate: GateWorld, number: int) -> None:
    """An alert that asks for an incident; each time another one, since what comes back at once opens none."""
    named = {"alertname": f"errors-{number}", "severity": "page", "fleet": "sim", "agent": str(TRIAGE)}
    alert = Alert(labels_of(named), now_ms(), f"{TRIAGE} fails", do=("alert", "incident"))
    store = open_store(gate.store, serving=False)
    try:
        store.write(lambda tx: standing.put(tx, [alert], now_ms(), Scope(frozenset({f"errors-{number}"})))).result()
    finally:
        store.close()


def _typed(args: list[str], env: dict[str, str], fresh: bool) -> None:
    if fresh:
        program = [sys.executable, "-m", "agentgov", *args]
        subprocess.run(program, env={**env, "PYTHONPATH": str(PROJECT)}, check=True, capture_output=True)
        return
    done = ran(args, PROJECT, env)
    assert done.returncode == 0, done


def _acts(world: PipelineWorld, said: str) -> list[str]:
    raw = gitworld.git(world.remote, "log", "--format=%s", "agentgov/journal").decode()
    return [line for line in raw.splitlines() if said in line]


def _open(world: PipelineWorld) -> str:
    """The id of the incident that was contained last."""
    return _acts(world, "pause and mitigate")[0].rpartition(" ")[2]


def _lease(agent: object) -> str:
    return f"/v1/agents/{agent}/lease"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--fresh", action="store_true")
    main(parser.parse_args())
