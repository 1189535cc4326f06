"""A watching reconciler as operators run it: quiet while nothing happens, woken at once; it says how it is doing."""

import hmac
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from patience import PATIENCE, until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

from agentgov.net.posting import signed_headers, signing_key

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "a secret of sixteen letters and more"
CALL = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STILL = pipeline_file(soak="1s", step="1s", bake="1s", judge="none", promoters="{count: 1, from: [team:leads]}")


@dataclass
class Watching:
    """`reconcile --watch` as a process, what it said, and every git that it started."""

    process: subprocess.Popen[str]
    asked: Path
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def says(self, word: str) -> str:
        until(lambda: any(word in line for line in self.lines) or self.process.poll() is not None, word)
        return next(line for line in self.lines if word in line)

    @property
    def port(self) -> int:
        return int(self.says("listening ").partition("127.0.0.1:")[2].partition("/")[0])

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def deliver(self, forge: str, body: bytes, signature: str) -> tuple[int, str]:
        return self.ask(f"/hooks/{forge}", "POST", body, content_type="application/json", x_hub_signature_256=signature)

    def metrics(self) -> dict[str, float]:
        status, text = self.ask("/metrics")
        assert status == 200
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return {
            line.rpartition(" ")[0].removeprefix("agentgov_reconcile_"): float(line.split(" ")[-1]) for line in lines
        }

    def gits(self) -> list[str]:
        """The commands of git that were started, without what reads the settings of the clone."""
        return [line for line in self.asked.read_text().splitlines() if " config " not in line]

    def rests_for(self, looks: int) -> bool:
        """Whether it looks so often, and does nothing else."""
        ticks, asked = self.metrics()["ticks_total"], len(self.gits())
        until(lambda: len(self.gits()) >= asked + looks, "the looks")
        return self.metrics()["ticks_total"] == ticks

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(PATIENCE)
        self.reading.join(PATIENCE)
        return code


@contextmanager
def watching(fleet: PipelineWorld, *args: str) -> Iterator[Watching]:
    """It watches once a second and is served on a port of its own; every git it starts leaves a line."""
    programs, asked = fleet.folder / "bin", fleet.folder / "asked"
    programs.mkdir(exist_ok=True)
    asked.touch()
    real = shutil.which("git")
    (programs / "git").write_text(f'#!/bin/sh\necho "$*" >> {asked}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    secret, call = fleet.folder / "secret", fleet.folder / "call"
    for file, text in ((secret, SECRET), (call, CALL)):
        file.write_text(text)
        file.chmod(0o600)
    env = os.environ | fleet.variables("reconciler") | {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
    env |= {"PATH": f"{programs}:{os.environ['PATH']}", "AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE": str(secret)}
    env["AGENTGOV_WAKE_SECRET_FILE"] = str(call)
    command = [
        sys.executable,
        "-m",
        "agentgov",
        "reconcile",
        "--repo",
        str(fleet.work),
        "--listen",
        "127.0.0.1:0",
        *args,
    ]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = Watching(process, asked)
    try:
        yield found
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        found.reading.join(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def still(fleet: PipelineWorld) -> PipelineWorld:
    """A fleet in real time in which nothing is due, or waits for time alone."""
    fleet.clock.time = int(time.time())
    fleet.run()
    return fleet


def signed(body: bytes) -> str:
    return f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"


def test_while_nothing_happens_each_look_is_one_question(still: PipelineWorld) -> None:
    with watching(still, "--watch", "1") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        until(lambda: one.rests_for(4), "four looks without a tick")
        assert all("ls-remote" in look for look in one.gits()[-4:])
        still.release("alice", TRIAGE, "1.0.0")
        one.says(f"done see release {TRIAGE}/v1.0.0")
        assert one.end() == 0


def test_a_signed_webhook_wakes_it_and_no_other_does(still: PipelineWorld) -> None:
    with watching(still, "--watch", "3600") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        still.release("alice", TRIAGE, "1.0.0")
        body = json.dumps({"ref": "refs/tags/x"}).encode()
        forged = one.ask(
            "/hooks/github", "POST", body, content_type="application/json", x_hub_signature_256=signed(b"")
        )
        assert forged[0] == 401
        assert one.ask("/hooks/gitlab", "POST", body, content_type="application/json")[0] == 503
        assert one.metrics()["ticks_total"] == 1
        assert one.deliver("github", body, signed(body)) == (202, "woken")
        one.says(f"done see release {TRIAGE}/v1.0.0")
        assert one.end(signal.SIGINT) == 130


def test_a_signed_call_of_anybody_else_wakes_it(still: PipelineWorld) -> None:
    key = signing_key(CALL)
    assert key is not None
    with watching(still, "--watch", "3600") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        still.release("alice", TRIAGE, "1.0.0")
        for keys, answer in (([b"x" * 32], (401, "unauthorised")), ([key], (202, "woken"))):
            headers = signed_headers(keys, "call-1", int(time.time()), b"{}")
            assert one.ask("/hooks/wake", "POST", b"{}", content_type="application/json", **headers) == answer
        one.says(f"done see release {TRIAGE}/v1.0.0")
        assert one.end() == 0


def test_it_says_how_it_is_doing(still: PipelineWorld) -> None:
    away = still.folder / "away.git"
    with watching(still, "--watch", "1") as one:
        until(lambda: one.ask("/readyz") == (200, "ready"), "readiness")
        assert one.ask("/healthz") == (200, "ok")
        assert one.ask("/secrets") == (404, "unknown")
        assert one.ask("/metrics", "DELETE") == (405, "get")
        found = one.metrics()
        assert found["verified_seq"] == still.view().state.head.seq
        assert found[f'verified_tip_info{{tip="{still.tip()}"}}'] == 1
        assert (found["queue"], found["conflicts_total"], found["journal_broken"], found["nodata_agents"]) == (
            0,
            0,
            0,
            0,
        )
        assert abs(found["verified_timestamp_seconds"] - time.time()) < 3600
        still.remote.rename(away)
        until(lambda: one.ask("/readyz") == (503, "broken"), "the remote to be missed")
        assert one.metrics()["failures_total"] >= 1
        assert one.ask("/healthz") == (200, "ok")
        away.rename(still.remote)
        assert one.end() == 0


def test_before_it_has_seen_the_journal_it_is_not_ready(still: PipelineWorld) -> None:
    away = still.remote.rename(still.folder / "away.git")
    with watching(still, "--watch", "1") as one:
        assert one.ask("/readyz") == (503, "starting")
        away.rename(still.remote)
        until(lambda: one.ask("/readyz") == (200, "ready"), "readiness")
        assert one.end() == 0


def test_a_listener_needs_a_watch_and_a_secret_that_is_one(still: PipelineWorld) -> None:
    with watching(still) as one:
        assert one.process.wait(PATIENCE) == 2
    assert "--listen goes with --watch" in "".join(one.lines)


def test_two_replicas_land_each_transition_once(fleet: PipelineWorld) -> None:
    fleet.clock.time = int(time.time())
    fleet.govern({"governance/pipeline.yaml": pipeline_file(soak="1s", step="1s", bake="1s", judge="none")})
    other = fleet.beside()
    fleet.release("alice", TRIAGE, "1.0.0")
    with watching(fleet, "--watch", "1") as one, watching(other, "--watch", "1") as two:
        until(lambda: "share" in fleet.kinds(), "the canary")
        one.process.kill()  # the other one takes over, and begins to soak anew
        one.process.wait(PATIENCE)
        assert two.end() == 0
    kinds = [kind for kind in fleet.kinds() if kind not in ("checkpoint", "advance", "review")]
    assert kinds == ["release-seen", "stage", "pass", "canary", "share"]
    fleet.check()


@pytest.mark.slow
def test_the_real_prometheus_takes_its_metrics(still: PipelineWorld) -> None:
    if (tool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not there: .ci/prometheus installs it")
    with watching(still, "--watch", "1") as one:
        still.release("alice", TRIAGE, "1.0.0")
        one.says("done stage")
        until(lambda: 'acts_total{kind="stage"}' in one.metrics(), "the count of acts")
        _, text = one.ask("/metrics")
        done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert one.end() == 0
