"""This program, called once more by its words: by playbooks and drills, never through a shell."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from agentgov.errors import IncompleteError


def call(argv: Sequence[str], cwd: Path | str, seconds: float, *, out: IO[str] | None = None) -> int:
    """The exit code, with what it says where this one speaks, or in `out`. IncompleteError where it takes longer."""
    sys.stdout.flush()
    command = [sys.executable, "-m", "agentgov", *argv]
    try:
        return subprocess.run(command, cwd=cwd, timeout=seconds, check=False, stdout=out).returncode  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise IncompleteError(f"agentgov {argv[0]} was not done after {seconds:.0f}s") from error


def says(
    argv: Sequence[str], cwd: Path | str, seconds: float, env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """The exit code, and what it says on stdout and stderr; `env` is added to the environment. IncompleteError where it
    takes longer."""
    command = [sys.executable, "-m", "agentgov", *argv]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=cwd,
            timeout=seconds,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | dict(env or {}),
        )
    except subprocess.TimeoutExpired as error:
        raise IncompleteError(f"agentgov {argv[0]} was not done after {seconds:.0f}s") from error
    return done.returncode, done.stdout, done.stderr
