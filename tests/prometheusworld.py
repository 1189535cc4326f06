"""The real Prometheus on loopback, and an exporter of counters that it scrapes every second."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from patience import PATIENCE, until
from ports import free_port
from serving import ThreadedHTTPServer, serving

_CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
_RULES = """rule_files: [{rules}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{told}"]}}]}}]}}
"""


@dataclass
class Exporter:
    """Counters by name with labels, such as `sessions_total{arm="canary"}`, served as text."""

    values: dict[str, float] = field(default_factory=dict)
    port: int = 0
    scrapes: int = 0

    @contextmanager
    def serving(self) -> Iterator["Exporter"]:
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                exporter.scrapes += 1
                body = "".join(f"{name} {value}\n" for name, value in exporter.values.items()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
                pass

        with serving(ThreadedHTTPServer(("127.0.0.1", self.port), Handler)) as server:
            self.port = server.server_port
            yield self

    def scraped(self, times: int = 2) -> None:
        """Wait until it was scraped so often from now on."""
        goal = self.scrapes + times
        until(lambda: self.scrapes >= goal, "the scrape")


@contextmanager
def prometheus(
    folder: Path, target: int, job: str = "agents", rules: Path | None = None, told: str = ""
) -> Iterator[str]:
    """The address of a Prometheus that scrapes this port; where `rules` are given, it tells an Alertmanager of them."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not there: .ci/packages installs it")
    config = _CONFIG.format(job=job, port=target)
    if rules is not None:
        config += _RULES.format(rules=rules, told=told.removeprefix("http://"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(config)
    with (folder / "prometheus.log").open("wb") as log:
        process, url = _started(program, folder, log)
        try:
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            yield url
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _started(program: str, folder: Path, log: IO[bytes]) -> tuple["subprocess.Popen[bytes]", str]:
    port = free_port()
    words = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    process = subprocess.Popen([*words, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    if not _ready(url, process) and process.poll() is not None:
        return _started(program, folder, log)  # somebody else took the port
    return process, url


def _ready(url: str, process: "subprocess.Popen[bytes]") -> bool:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with urlopen(f"{url}/-/ready", timeout=PATIENCE) as answer:
                if answer.status == 200:
                    return True
        except (URLError, ConnectionError):
            time.sleep(0.05)
    return False
