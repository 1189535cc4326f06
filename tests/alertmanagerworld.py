"""The real Alertmanager on loopback, which nobody configured but for where it listens and whom it tells."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from patience import PATIENCE, until
from ports import free_port

_CONFIG = "route: {receiver: nobody, group_wait: 1s, group_interval: 1s}\nreceivers: [{name: nobody}]\n"


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """Its address."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not there: .ci/packages installs it")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(_CONFIG)
    port = free_port()
    words = [program, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}"]
    words += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: process.poll() is not None or _ready(url), "Alertmanager")
            assert process.poll() is None, (folder / "alertmanager.log").read_text()
            yield url
        finally:
            process.terminate()
            process.wait(PATIENCE)


def known(url: str) -> list[dict[str, Any]]:
    """The alerts that it takes for firing."""
    with urlopen(f"{url}/api/v2/alerts", timeout=PATIENCE) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def _ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False
