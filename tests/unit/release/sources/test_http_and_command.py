"""Counts over HTTP and from a program: the same document as in a file, or a reason; never a wait without an end."""

import json
import sys
import time
from pathlib import Path

import pytest
from fakeserver import FakeServer, Reply, Request
from patience import ends, until

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.net.address import parse_base
from agentgov.net.tokens import Token
from agentgov.release.counts import Arm, Cumulative, Reading, Wanted
from agentgov.release.sources.command import CommandSource
from agentgov.release.sources.file import FileSource, NoSource
from agentgov.release.sources.http import HttpSource

AGENT = AgentId("support", "triage")
NAME = "support/triage/v1.1.0"
WANTED = [Wanted(AGENT, NAME, "support/triage/v1.0.0", 1767222000, 5_000, ("error",))]
COUNTS = {"release": NAME, "canary": {"units": 9, "error": 1}, "stable": {"units": 90, "error": 2}}
DOCUMENT = json.dumps({"agents": {"support/triage": COUNTS}})
FOUND = {"support/triage": Cumulative(NAME, Arm(9, {"error": 1}), Arm(90, {"error": 2}))}


def pipeline_of(agent: AgentId) -> Pipeline:
    """Nobody asks for it here."""
    raise AssertionError(agent)


def asked(url: str, query: str = "", token: str = "", longest: float = 20) -> Reading:
    source = HttpSource(parse_base(url), query, Token(token) if token else None, time.monotonic, longest)
    return source.read(WANTED, pipeline_of, 1767225600)


def test_an_address_gives_the_document_of_a_file(tmp_path: Path) -> None:
    def answered(request: Request) -> Reply:
        assert (request.method, request.path, request.query) == ("GET", "/a/counts", {"of": "fleet"})
        assert request.headers["authorization"] == "Bearer s3cret"
        return Reply(200, json.loads(DOCUMENT))

    with FakeServer(answered).serve() as server:
        assert asked(f"{server.url}/a/counts", "of=fleet", "s3cret") == Reading(FOUND)
        assert HttpSource(parse_base(server.url), "", None, time.monotonic).read([], pipeline_of, 0) == Reading()
    (tmp_path / "counts").write_text(DOCUMENT)
    assert FileSource(tmp_path / "counts").read(WANTED, pipeline_of, 0) == Reading(FOUND)
    assert "No such file" in FileSource(tmp_path / "none").read(WANTED, pipeline_of, 0).problem
    assert "--counts" in NoSource().read(WANTED, pipeline_of, 0).problem


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(500, {}), "is 500 instead of 200"),
        (Reply(302, {}, {"location": "http://127.0.0.1:1/"}), "is 302 instead of 200"),
        (Reply(204), "is 204 instead of 200"),
        (Reply(200, {"agents": []}), "is not one object"),
        (Reply(200, {}), "is not one object"),
    ],
)
def test_any_other_answer_is_no_data_with_its_reason(reply: Reply, why: str) -> None:
    with FakeServer(lambda _: reply).serve() as server:
        found = asked(server.url)
        assert not found.counts
        assert why in found.why_not("support/triage")
        assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["reset", "hang", "slow", "cut-half"])
def test_a_server_that_breaks_off_or_hangs_is_no_data(kind: str) -> None:
    with FakeServer(lambda _: Reply(200, json.loads(DOCUMENT))).serve() as server:
        server.faults.add(kind, times=9)
        with ends():
            found = asked(server.url, longest=0.5)
    assert not found.counts
    assert found.problem.startswith("http://127.0.0.1:")


def test_a_dead_port_is_no_data() -> None:
    assert asked("http://127.0.0.1:1").problem == "http://127.0.0.1:1: it cannot be reached"


def program(folder: Path, script: str) -> tuple[str, ...]:
    file = folder / "counts.py"
    file.write_text(script)
    return (sys.executable, str(file))


def test_a_program_is_told_what_is_wanted_and_answers_it(tmp_path: Path) -> None:
    script = f"import json, sys\njson.dump(json.load(sys.stdin), open({str(tmp_path / 'asked')!r}, 'w'))\n"
    words = program(tmp_path, f"{script}print({DOCUMENT!r})\n")
    assert CommandSource(words, time.monotonic).read(WANTED, pipeline_of, 1767225600) == Reading(FOUND)
    assert json.loads((tmp_path / "asked").read_text()) == {
        "schema": "agentgov.counts-wanted/1",
        "now": 1767225600,
        "agents": [
            {
                "agent": "support/triage",
                "release": NAME,
                "stable": "support/triage/v1.0.0",
                "since": 1767222000,
                "share": "5%",
                "metrics": ["error"],
            }
        ],
    }
    assert CommandSource(("/nowhere",), time.monotonic).read([], pipeline_of, 0) == Reading()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import sys\nsys.stderr.write('no \\x1b[31mdatabase\\nmore'); sys.exit(3)", "ended with 3: no  [31mdatabase"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "ended with -15"),
        ("print('{}')", "is not one object"),
        ("pass", "is not strict JSON"),
        ("import os\nwhile True: os.write(1, b'x' * 10**6)", "answers more than 64 MiB"),
        ("import os\nos.write(2, b'x' * 10**6)\nraise SystemExit(1)", "ended with 1: xxx"),
    ],
)
def test_a_program_that_fails_is_no_data_with_its_reason(tmp_path: Path, script: str, why: str) -> None:
    found = CommandSource(program(tmp_path, script), time.monotonic, 100).read(WANTED, pipeline_of, 0)
    assert not found.counts
    assert why in found.problem
    assert found.problem.isprintable()
    assert len(found.problem) < 600


def test_a_program_that_cannot_be_started_is_no_data() -> None:
    assert "No such file" in CommandSource(("/nowhere/counts",), time.monotonic).read(WANTED, pipeline_of, 0).problem


@pytest.mark.parametrize("quiet", [True, False])
def test_a_program_that_hangs_is_ended_with_all_its_children(tmp_path: Path, quiet: bool) -> None:
    pids = tmp_path / "pids"
    closed = "import os\nos.close(1); os.close(2)\n" if quiet else ""
    script = (
        "import subprocess, time, os\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n{closed}time.sleep(600)\n"
    )

    def clock() -> float:
        """No time passes before the program and its child run."""
        return 9.0 if pids.exists() and len(pids.read_text().split()) == 2 else 0.0

    with ends():
        found = CommandSource(program(tmp_path, script), clock, 0.3).read(WANTED, pipeline_of, 0)
    assert "within 0.3 s" in found.problem
    for pid in pids.read_text().split():
        until(lambda: not running(pid), "the end of the program")  # noqa: B023 - asked at once


def running(pid: str) -> bool:
    """Whether a process is there, and no zombie that waits for whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
