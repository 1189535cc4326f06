"""`agentgov reconcile --watch` as operators run it: a process of its own, what it said, and every git that it started.

with watching(fleet, "--watch", "1") as one:
    until(lambda: one.metrics()["ticks_total"] >= 1)
    assert one.end() == 0
"""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from patience import PATIENCE, until
from pipelineworld import PipelineWorld

PROJECT = Path(__file__).resolve().parents[1]
SECRET = "a secret of sixteen letters and more"
CALL = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


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
