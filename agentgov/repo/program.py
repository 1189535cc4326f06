"""The git program: one question, one answer, a clean environment. Never a shell, never text meant for people.

The environment of agentgov may come from a hook, a CI job or an attacker: of the GIT_* variables only those survive
that are the user's own word on configuration, identity and transport. Hooks, fsmonitor, the `ext` transport, replace
refs and pagers are off. `git` asks local questions; `git_transport` talks to a remote, through GitPython.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError

_KEPT = re.compile(
    r"GIT_(?:CONFIG_(?:COUNT|GLOBAL|SYSTEM|NOSYSTEM|KEY_[0-9]+|VALUE_[0-9]+)|SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS"
    r"|TERMINAL_PROMPT|(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE))\Z"
)
_OPTIONS = (
    "--no-pager",
    "--no-replace-objects",
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.commitGraph=false"),
    *("-c", "protocol.ext.allow=never"),
)
_SECONDS_TO_END = 5.0  # how long a program may take to die politely, so that git removes its lock files
_import_lock = threading.Lock()


class ProgramError(AgentgovError):
    """The git program ran and said no: exit 3, since no decision may rest on it."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program left behind: exit code, standard output, standard error."""

    code: int
    out: bytes
    err: bytes


def git(
    cwd: Path | str,
    *args: str | bytes,
    input: bytes = b"",  # noqa: A002 - the name that subprocess.run gives it
    timeout: float = 60,
    check: bool = True,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run git for one local question; `env` adds variables, `timeout` is in seconds.

    ConfigurationError without a git program or folder, IncompleteError after the time-out, and with `check`
    ProgramError for any exit code but 0.
    """
    command = [require_git(), *_OPTIONS, *args]
    try:
        done = subprocess.run(
            command, cwd=cwd, input=input, capture_output=True, timeout=timeout, env=clean_environment(env), check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _timed_out(args, timeout) from error
    except OSError as error:
        raise _cannot_run(cwd, error) from error
    completed = Completed(done.returncode, done.stdout, done.stderr)
    if check and completed.code != 0:
        raise ProgramError(f"git {_verb(args)} failed: {first_line(completed.err)}")
    return completed


def start_git(
    cwd: Path | str, *args: str, env: Mapping[str, str] | None = None, complaints: bool = False
) -> subprocess.Popen[bytes]:
    """Start git with pipes for its input and output (and with `complaints` for its errors); the caller ends it.

    ConfigurationError when it cannot run.
    """
    try:
        return subprocess.Popen(
            [require_git(), *_OPTIONS, *args],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if complaints else subprocess.DEVNULL,
            env=clean_environment(env),
        )
    except OSError as error:
        raise _cannot_run(cwd, error) from error


def git_transport(cwd: Path | str, *args: str, timeout: float = 300, env: Mapping[str, str] | None = None) -> Completed:
    """Run a verb that talks to a remote through GitPython's command wrapper; never raises for an exit code.

    The wrapper adds to `os.environ` and cannot take away from it, so `env -u` drops what must not survive. Its own
    time-out kills with SIGKILL by a listing of processes, which leaves lock files: its process object is used instead.
    """
    wrapper = _gitpython()
    command = [*_without_inherited(), require_git(), *_OPTIONS, *args]
    try:
        process: Any = wrapper(Path(cwd)).execute(command, as_process=True, shell=False, env=clean_environment(env))
    except OSError as error:
        raise _cannot_run(cwd, error) from error
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        process.terminate()
        try:
            process.communicate(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
        raise _timed_out(args, timeout) from error
    return Completed(process.returncode, out, err)


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for git and for whatever it starts."""
    environment = {name: value for name, value in os.environ.items() if _survives(name)}
    environment |= {"LC_ALL": "C", "LANGUAGE": "C", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_PAGER": "cat"}
    if "GIT_TERMINAL_PROMPT" not in environment and not _has_terminal():
        environment["GIT_TERMINAL_PROMPT"] = "0"  # a job without a person must fail, not wait for a password
    environment |= extra or {}
    return environment


def require_git() -> str:
    """The path of the git program; ConfigurationError when there is none."""
    found = shutil.which("git")
    if found is None:
        raise ConfigurationError(
            "the program git is missing", "install git 2.34 or newer, for example: apt install git"
        )
    return found


def first_line(text: bytes) -> str:
    """The line of a program's complaint that says why, without credentials and control characters."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = next((line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))), None)
    return without_credentials(telling or (lines[0] if lines else "it gave no reason"))


def without_credentials(text: str) -> str:
    """A message without what stands before @ or after ? in an address, and without control characters."""
    text = re.sub(r"://[^/\s'\"]*@", "://", text)
    text = re.sub(r"(://[^\s?'\"]*)\?[^\s'\"]*", r"\1", text)
    return "".join(letter for letter in text if letter.isprintable())[:500]


def _survives(name: str) -> bool:
    return not name.startswith("GIT_") or _KEPT.match(name) is not None


def _without_inherited() -> list[str]:
    dropped = sorted(name for name in os.environ if not _survives(name))
    unset = [part for name in dropped for part in ("-u", name)]
    return ["env", *unset] if unset else []


def _has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


@lru_cache(maxsize=1)
def _gitpython() -> Any:
    """GitPython's wrapper. Its import runs a git in the environment as it is, or the program that
    GIT_PYTHON_GIT_EXECUTABLE names, so what git must not inherit is hidden from it: once, since other threads miss it
    meanwhile."""
    with _import_lock:
        hidden = {name: os.environ.pop(name) for name in list(os.environ) if not _survives(name)}
        try:
            from git.cmd import Git
        finally:
            os.environ.update(hidden)
    return Git


def _cannot_run(cwd: Path | str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"git cannot be run in {cwd}: {error.strerror}")


def _timed_out(args: tuple[str | bytes, ...], timeout: float) -> IncompleteError:
    return IncompleteError(
        f"git {_verb(args)} gave no answer within {timeout:g} seconds", "try again, or check the network"
    )


def _verb(args: tuple[str | bytes, ...]) -> str:
    words = [os.fsdecode(arg) for arg in args]
    return next((word for word in words if not word.startswith("-")), "")
