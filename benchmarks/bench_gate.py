"""What one process of the gate answers in a second, and how long each answer takes, while `wrk` asks beside it.

    python benchmarks/bench_gate.py [--seconds 5] [--runs 5] [--connections 32] [--only WORD] [--first] [--peers FOLDER]

Leases of 2 kB, leases that the agent has already (304), a flag of OFREP, and decisions about an action, each of which
is on disk before it is answered (SQLite, `synchronous=FULL`, group commit, under /var/tmp). The gate runs as `agentgov
serve` does, without a limit for one token. Questions take turns, so that all of them have the same neighbours; a row is
the median of its runs. `core/s` is how many answers one second of a core of the server's is good for, which says more
than the clock where others use the machine as well.

With `--peers` the same is asked of others (`gate_peers.py`), which are installed into that folder for it.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from gate_peers import peers  # noqa: E402
from gateworld import GateWorld  # noqa: E402
from payingfleet import CAREFUL, PAYER, shipped  # noqa: E402
from simulator import TRIAGE  # noqa: E402
from wrk_asks import Answers, Question, ask, heading, need_wrk, row  # noqa: E402

from templates import homes  # noqa: E402

ACTION = "action, on disk before the answer"
PAYING = '{"tool": "refund.create", "args": {"amount": 42}, "key": "%d"}'
_FLAGS, _CONTEXT = "/ofrep/v1/evaluate/flags", '{"context": {"targetingKey": "user-1"}}'


def questions(gate: GateWorld) -> Sequence[Question]:
    """Everything that is measured."""
    lease, of = f"/v1/agents/{TRIAGE}/lease?key=user-1", "application/json"
    triage, careful, payer = (_bearer(gate.agent_token(agent)) for agent in (TRIAGE, CAREFUL, PAYER))
    first = gate.ask("GET", lease, headers=triage)
    assert first.status == 200, first.body
    print(f"a lease of {len(first.body):,} bytes")
    posting = {"Content-Type": of}
    return (
        Question("lease", lease, triage),
        Question("lease that the agent has (304)", lease, {**triage, "If-None-Match": first.headers["etag"]}),
        Question("OFREP, one flag", f"{_FLAGS}/{TRIAGE}/model", {**triage, **posting}, "POST", _CONTEXT),
        Question("OFREP, all flags", _FLAGS, {**triage, **posting}, "POST", _CONTEXT),
        Question("lease, recorded first", f"/v1/agents/{CAREFUL}/lease?key=user-1", careful),
        Question(ACTION, f"/v1/agents/{PAYER}/actions", {**payer, **posting}, "POST", PAYING),
    )


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def measure(gate: GateWorld, folder: Path, wanted: argparse.Namespace) -> None:
    """The table."""
    asked = [one for one in questions(gate) if wanted.only in one.name]
    found: dict[str, list[Answers]] = {one.name: [] for one in asked}
    for one in asked:
        ask(one, gate.port, [gate.pid], folder, 2, wanted.connections)  # warm
    for _ in range(wanted.runs):
        for one in asked:
            found[one.name].append(ask(one, gate.port, [gate.pid], folder, wanted.seconds, wanted.connections))
    print(heading(f"{wanted.connections} connections, {wanted.runs} runs of {wanted.seconds} s"))
    for name, runs in found.items():
        print(row(name, runs), flush=True)
    if found.get(ACTION):
        _all_allowed(folder / "gate" / "gate.db", sum(one.count for one in found[ACTION]))


def measure_peers(folder: Path, wanted: argparse.Namespace) -> None:
    """The rows of others, each asked the same way."""
    with peers(wanted.peers, folder) as found:
        for question, port, processes in found:
            ask(question, port, processes, folder, 2, wanted.connections)  # warm
            times = [
                ask(question, port, processes, folder, wanted.seconds, wanted.connections) for _ in range(wanted.runs)
            ]
            print(row(question.name, times), flush=True)


def _all_allowed(file: Path, answered: int) -> None:
    """Every answer that was counted stands in the store, as a permit and as a record of its own."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as store:
        (permits,) = store.execute("SELECT count(*) FROM permits").fetchone()
        (records,) = store.execute("SELECT count(*) FROM records WHERE type = 'action.allow'").fetchone()
    assert permits == records >= answered, f"{permits} permits and {records} records for {answered} answers"


def main(wanted: argparse.Namespace) -> None:
    """Make a fleet, serve it, ask."""
    need_wrk()
    os.nice(-15 if wanted.first else 0)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        world = shipped(folder)
        with GateWorld(
            world, folder / "gate", "--token-rate", "0", "--poll", "2", *wanted.serve, env=homes(folder)
        ) as gate:
            measure(gate, folder, wanted)
        if wanted.peers is not None:
            measure_peers(folder, wanted)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What one process of the gate answers.")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", default="", help="questions whose name has this word")
    parser.add_argument("--first", action="store_true", help="go before other programs of this machine (as root)")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="install others here, and ask them as well")
    parser.add_argument("serve", nargs="*", help="more arguments of `agentgov serve`, after --")
    main(parser.parse_args())
