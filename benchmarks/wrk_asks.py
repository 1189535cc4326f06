"""Questions to a server by `wrk` beside it, over loopback: how many answers a second, and how long they took."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

_SCRIPT = """wrk.method = "{method}"
{headers}
{request}
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect
  io.write(string.format("requests=%d us=%d p50=%d p99=%d bad=%d\\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), bad))
end
"""
# A body of its own for each request: what stands for the number of the request is `%d`.
_NUMBERED = """local number, text = 0, [[{body}]]
local first = tostring(os.time()) .. tostring(os.clock()):gsub("%.", "")
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil, (text:gsub("%%d", first .. "-" .. number)))
end
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `%d` in the body is replaced by something that no other request says."""

    name: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: str = ""

    @property
    def script(self) -> str:
        """The same for wrk, in Lua."""
        headers = "\n".join(f"wrk.headers[ [[{name}]] ] = [[{value}]]" for name, value in self.headers.items())
        plain = f"wrk.body = [[{self.body}]]" if self.body else ""
        request = _NUMBERED.format(body=self.body) if "%d" in self.body else plain
        return _SCRIPT.format(method=self.method, headers=headers, request=request)


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of it: answers a second of the clock, and of a core of the server's; milliseconds; how many failed."""

    rate: float
    of_core: float
    p50: float
    p99: float
    bad: int
    count: int


def need_wrk() -> None:
    """End with a word where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is not there: apt-get install wrk")


def ask(
    question: Question, port: int, processes: Sequence[int], folder: Path, seconds: int, connections: int
) -> Answers:
    """Ask for so long; `processes` are those of the server, whose CPU is counted."""
    script = folder / "ask.lua"
    script.write_text(question.script)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script)]
    before = sum(map(cpu_seconds, processes))
    url = f"http://127.0.0.1:{port}{question.path}"
    out = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    spent = sum(map(cpu_seconds, processes)) - before
    found = re.search(r"requests=(\d+) us=(\d+) p50=(\d+) p99=(\d+) bad=(\d+)", out)
    assert found is not None, out
    count, us, p50, p99, bad = map(int, found.groups())
    return Answers(count * 1e6 / us, count / max(spent, 0.001), p50 / 1000, p99 / 1000, bad, count)


def middle(runs: Sequence[Answers]) -> Answers:
    """The median of every figure, and everything that failed."""
    rate, of_core, p50, p99 = (median(getattr(one, name) for one in runs) for name in ("rate", "of_core", "p50", "p99"))
    return Answers(rate, of_core, p50, p99, sum(one.bad for one in runs), sum(one.count for one in runs))


def cpu_seconds(process: int) -> float:
    """Seconds of cores that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def heading(first: str) -> str:
    """The head of a table of these."""
    return f"{first:<40}{'each s':>9}{'core/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'worst p99':>10}{'bad':>6}"


def row(name: str, runs: Sequence[Answers]) -> str:
    """A line of it: the median run, and the worst tail of all."""
    one = middle(runs)
    worst = max(run.p99 for run in runs)
    return f"{name:<40}{one.rate:>9,.0f}{one.of_core:>9,.0f}{one.p50:>8.1f}{one.p99:>8.1f}{worst:>10.1f}{one.bad:>6}"
