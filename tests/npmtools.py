"""Programs that npm has and the tests try for real: installed for one test run, skipped where that cannot be done."""

import shutil
import subprocess
from pathlib import Path

import pytest

_SECONDS = 90  # more than ten times what it takes; a registry that does not answer must not hold up the tests
_TRIES = 2


def npm_package(folder: Path, package: str, *options: str) -> Path:
    """The `node_modules` of a folder with this package (NAME@VERSION) in it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"neither {package} nor npm is there")
    # A cache of its own: npm has been seen to wait for ever where two of them fill one cache at the same time.
    where = ["--prefix", str(folder), "--cache", str(folder / "cache")]
    command = [npm, "install", *where, "--no-audit", "--no-fund", *options, package]
    why = f"npm did not come back within {_SECONDS} seconds"
    for _ in range(_TRIES):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0:
            return folder / "node_modules"
        why = done.stderr[-300:]
    pytest.skip(f"{package} cannot be installed here: {why}")
