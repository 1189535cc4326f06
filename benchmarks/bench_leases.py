"""What one process of the gate answers: leases of 2 kB, leases that the agent has already, flags of OFREP.

    python benchmarks/bench_leases.py [seconds] [connections]

Asked by `wrk` beside it, over loopback. `core/s` is how many answers one second of a core of the gate's is good for,
which says more than the clock where others use the machine as well.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from gateworld import GateWorld  # noqa: E402
from pipelineworld import PipelineWorld  # noqa: E402
from simulator import TRIAGE, agent_file  # noqa: E402

from agentgov.model.names import AgentId  # noqa: E402
from templates import made  # noqa: E402

AHEAD = AgentId("support", "careful")
TEXT = "Sort tickets by urgency, and say why in one sentence.\n" * 16  # a lease of 2 kB
_SCRIPT = """wrk.method = "{method}"
wrk.headers["Authorization"] = "Bearer {token}"
{more}
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect
  io.write(string.format("requests=%d us=%d p50=%d p99=%d bad=%d\\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), bad))
end
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of question."""

    name: str
    path: str
    method: str = "GET"
    body: str = ""
    etag: str = ""


def cpu_seconds(process: int) -> float:
    """Seconds of cores that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(gate: GateWorld, case: Case, token: str, folder: Path, seconds: int, connections: int) -> str:
    """One row."""
    more = f"wrk.headers[\"If-None-Match\"] = '{case.etag}'\n" if case.etag else ""
    more += f"wrk.body = '{case.body}'\n" if case.body else ""
    script = folder / "ask.lua"
    script.write_text(_SCRIPT.format(method=case.method, token=token, more=more))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script)]
    before = cpu_seconds(gate.pid)
    out = subprocess.run(
        [*command, f"http://127.0.0.1:{gate.port}{case.path}"], capture_output=True, text=True, check=True
    ).stdout
    spent = cpu_seconds(gate.pid) - before
    found = re.search(r"requests=(\d+) us=(\d+) p50=(\d+) p99=(\d+) bad=(\d+)", out)
    assert found is not None, out
    requests, us, p50, p99, bad = map(int, found.groups())
    rate, of_core = requests * 1e6 / us, requests / max(spent, 0.001)
    return f"{case.name:<34}{rate:9,.0f}{of_core:10,.0f}{p50 / 1000:9.1f}{p99 / 1000:9.1f}{bad:6}"


def cases(gate: GateWorld, token: str) -> Sequence[Case]:
    """Every question that is measured of an agent."""
    lease = f"/v1/agents/{TRIAGE}/lease?key=user-1"
    first = gate.ask("GET", lease, token)
    print(f"a lease of {len(first.body)} bytes")
    flags, body = "/ofrep/v1/evaluate/flags", '{"context": {"targetingKey": "user-1"}}'
    return (
        Case("lease", lease),
        Case("lease that the agent has (304)", lease, etag=first.headers["etag"]),
        Case("OFREP, one flag", f"{flags}/{TRIAGE}/model", "POST", body),
        Case("OFREP, all flags", flags, "POST", body),
    )


def main(seconds: int, connections: int) -> None:
    """Make a fleet, serve it, ask."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is not there: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def make(place: Path) -> PipelineWorld:
            careful = agent_file(AHEAD, team="support") + "  audit: {mode: write-ahead}\n"
            world = PipelineWorld(place, files={AHEAD.file: careful, f"{AHEAD.folder}/prompts/system.md": TEXT})
            world.ship("1.0.0", text=TEXT)
            world.ship("1.0.0", AHEAD, text=TEXT)
            return world

        world = made(folder, make)
        with GateWorld(world, folder / "gate", "--token-rate", "0", "--no-access-log") as gate:
            token, careful = gate.agent_token(TRIAGE), gate.agent_token(AHEAD)
            asked = [(case, token) for case in cases(gate, token)]
            asked.append((Case("lease, recorded first", f"/v1/agents/{AHEAD}/lease?key=user-1"), careful))
            print(f"{connections} connections, {seconds} s each")
            print(f"{'':<34}{'each s':>9}{'core/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'bad':>6}")
            for case, secret in asked:
                print(measure(gate, case, secret, folder, seconds, connections), flush=True)


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(given[0] if given else 10, given[1] if len(given) > 1 else 32)
