"""actionlint and zizmor on workflows, as anybody runs them: a repository with these files, and what they say."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

BESIDE = Path(sys.executable).parent  # where pip puts programs


def program(name: str) -> str:
    """The path of a linter; the test is skipped where there is none, which CI never lets pass."""
    found = shutil.which(name, path=f"{BESIDE}:{os.environ.get('PATH', '')}")
    if found is None:
        if os.environ.get("CI") and (sys.platform, platform.machine()) == ("linux", "x86_64"):
            pytest.fail(f"{name} must be there in CI: pip install '.[dev]'")
        pytest.skip(f"{name} is not there: pip install '.[dev]', or put it on the PATH")
    return found


def laid(folder: Path, files: Mapping[str, str]) -> Path:
    """A repository with these files: actionlint looks for the root of one."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def actionlint(root: Path) -> str:
    """What actionlint says about the workflows of a repository, and shellcheck about their scripts; empty: nothing."""
    return _said(root, program("actionlint"), "-no-color", "-shellcheck", program("shellcheck"))


def zizmor(root: Path, *args: str) -> str:
    """What zizmor says about the workflows and the action of a repository; empty: nothing."""
    return _said(root, program("zizmor"), "--offline", "--no-progress", "--quiet", "--color=never", *args, ".")


def _said(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip() or f"exit {done.returncode}" if done.returncode else ""
