"""Others that answer the same kind of question, each one process over SQLite or a file, in an environment of its own.

MLflow's prompt registry gives a version of a prompt of 1 kB. LiteLLM's proxy says which models a key may use, asked by
its master key: for other keys it needs a database. Neither signs what it answers, or asks whether somebody is paused.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from patience import until
from payingfleet import TEXT
from ports import free_port
from wrk_asks import Question

_PACKAGES = {"mlflow": "mlflow", "litellm": "litellm[proxy]"}  # by the program that is run of them
_KEY = "sk-benchmark"
_CONFIG = f"""model_list:
  - {{model_name: triage, litellm_params: {{model: openai/gpt-4.1-mini, api_key: none}}}}
general_settings: {{master_key: {_KEY}}}
"""
_JSON = {"Content-Type": "application/json"}
Peer = tuple[Question, int, Sequence[int]]  # the question, the port, the processes


@contextmanager
def peers(environment: Path, folder: Path) -> Iterator[Sequence[Peer]]:
    """Both, installed into a folder unless they are there, and served until the end."""
    binaries = installed(environment, "mlflow", "litellm")
    with mlflow(binaries, folder) as first, litellm(binaries, folder) as second:
        yield first, second


def installed(environment: Path, *programs: str) -> Path:
    """Where these programs are, once they are installed into a folder."""
    binaries = environment / "bin"
    if missing := [_PACKAGES[one] for one in programs if not (binaries / one).exists()]:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([binaries / "pip", "install", "-q", *missing], check=True)
    return binaries


@contextmanager
def mlflow(binaries: Path, folder: Path) -> Iterator[Peer]:
    """The registry, with one prompt."""
    port, store = free_port(), f"sqlite:///{folder}/mlflow.db"
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri", store]
    with served([str(binaries / "mlflow"), *words], folder, f"http://127.0.0.1:{port}/health") as processes:
        url = f"http://127.0.0.1:{port}/api/2.0/mlflow"
        tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}, {"key": "mlflow.prompt.text", "value": TEXT}]
        _post(f"{url}/registered-models/create", {"name": "triage", "tags": tags[:1]})
        _post(f"{url}/model-versions/create", {"name": "triage", "source": "prompt-template", "tags": tags})
        path = "/api/2.0/mlflow/model-versions/get?name=triage&version=1"
        yield Question("MLflow: version of a prompt", path), port, processes()


@contextmanager
def litellm(binaries: Path, folder: Path) -> Iterator[Peer]:
    """The proxy, with one model."""
    port, config = free_port(), folder / "litellm.yaml"
    config.write_text(_CONFIG)
    words = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    url = f"http://127.0.0.1:{port}/health/liveliness"
    with served([str(binaries / "litellm"), *words], folder, url) as processes:
        question = Question("LiteLLM: models of a key", "/v1/models", {"Authorization": f"Bearer {_KEY}"})
        yield question, port, processes()


@contextmanager
def served(command: Sequence[str], folder: Path, ready: str) -> "Iterator[_Processes]":
    """A program while it is needed, once it answers at a URL."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=kept, cwd=folder, start_new_session=True)
        try:
            until(lambda: process.poll() is not None or _answers(ready), f"{command[0]} at {ready}")
            assert process.poll() is None, f"{command[0]} ended; see {log.name}"
            yield _Processes(process.pid)
        finally:
            os.killpg(process.pid, 15)
            process.wait()


class _Processes:
    """A process and all that it started."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def __call__(self) -> Sequence[int]:
        found = [self._pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        return found


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _post(url: str, body: Mapping[str, object]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), _JSON)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200, answer.read()
