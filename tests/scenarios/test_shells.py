"""The tab key in real shells: bash and zsh in a terminal of their own, fish by its own word."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gitworld
import pytest
from patience import PATIENCE
from unit.validate.fleet_sample import FILES

ROOT = Path(__file__).resolve().parents[2]

# Start-up files that source the script as docs/editors.md says, and bind a key that writes the line to a file.
BASH = """
source <(agentgov completion bash)
bind -x '"\\C-x\\C-d": printf "%s" "$READLINE_LINE" >"$LINE_FILE.new" && mv "$LINE_FILE.new" "$LINE_FILE"'
PS1='ready> '
"""
ZSH = """
autoload -Uz compinit && compinit -D
source <(agentgov completion zsh)
tell-line() { print -rn -- "$BUFFER" >"$LINE_FILE.new" && mv "$LINE_FILE.new" "$LINE_FILE" }
zle -N tell-line
bindkey '^X^D' tell-line
PROMPT='ready> '
"""


class Shell:
    """An interactive shell in a terminal, that stands in a fleet."""

    def __init__(self, command: list[str], cwd: Path, environment: dict[str, str]) -> None:
        self._file = Path(environment["LINE_FILE"])
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(cwd)
            os.execvpe(command[0], command, environment)
        self._seen = ""
        self._until(lambda: "ready> " in self._seen)

    def press(self, keys: str) -> str:
        """The line after these keys; everything is typed anew."""
        self._file.unlink(missing_ok=True)
        self._seen = ""
        os.write(self._terminal, f"\x15{keys}\x18\x04".encode())  # kill the line, type, ask for the line
        self._until(self._file.exists)
        return self._file.read_text()

    def screen(self) -> str:
        """What was shown since the last keys, without what moves the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07|\r", "", self._seen)

    def close(self) -> None:
        os.write(self._terminal, b"\x15exit\r")
        os.close(self._terminal)
        os.waitpid(self._process, 0)

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, self._seen
            ready, _, _ = select.select([self._terminal], [], [], 0.05)
            if ready:
                self._seen += os.read(self._terminal, 65536).decode("utf-8", "replace")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet with a branch and the tag of a release."""
    root = gitworld.make_repository(tmp_path_factory.mktemp("shells") / "fleet")
    gitworld.commit_files(root, FILES)
    gitworld.git(root, "branch", "feature/tone")
    gitworld.git(root, "tag", "support/refunds/v1.2.0")
    return root


def environment(folder: Path) -> dict[str, str]:
    """The environment of somebody who has agentgov on the PATH."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "agentgov").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentgov "$@"\n')
    (programs / "agentgov").chmod(0o755)
    return {
        **gitworld.environment(),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LINE_FILE": str(folder / "line"),
        "HOME": str(folder),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    name = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not there")
    folder = tmp_path_factory.mktemp(name)
    (folder / ".bashrc").write_text(BASH)
    (folder / ".zshrc").write_text(ZSH)
    command = ["bash", "--rcfile", str(folder / ".bashrc"), "-i"] if name == "bash" else ["zsh", "-i"]
    started = Shell(command, fleet, environment(folder) | {"ZDOTDIR": str(folder)})
    yield started
    started.close()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("agentgov valid", "agentgov validate "),
        ("agentgov validate --show-so", "agentgov validate --show-source "),
        ("agentgov validate --format sa", "agentgov validate --format sarif "),
        ("agentgov validate --format=sa", "agentgov validate --format=sarif "),
        ("agentgov validate --report junit=govern", "agentgov validate --report junit=governance/"),
        ("agentgov validate --report jun", "agentgov validate --report junit="),
        ("agentgov validate --select schema.unk", "agentgov validate --select schema.unknown-field "),
        ("agentgov explain yaml.dup", "agentgov explain yaml.duplicate-key "),
        ("agentgov explain review.hand", "agentgov explain review.handover "),
        ("agentgov explain support/tri", "agentgov explain support/triage "),
        ("agentgov validate --rev fea", "agentgov validate --rev feature/tone "),
        ("agentgov validate --rev support/r", "agentgov validate --rev support/refunds/v1.2.0 "),
        ("agentgov diff main...fea", "agentgov diff main...feature/tone "),
        ("agentgov validate support/tri", "agentgov validate support/triage "),
        ("agentgov validate govern", "agentgov validate governance/"),
        ("agentgov rollback support/ref", "agentgov rollback support/refunds "),
        ("agentgov schema pip", "agentgov schema pipeline "),
        ("agentgov journal ver", "agentgov journal verify "),
    ],
)
def test_the_tab_key_completes(shell: Shell, typed: str, line: str) -> None:
    assert shell.press(f"{typed}\t").rstrip() == line.rstrip()
    assert "Traceback" not in shell.screen()


def test_several_are_shown(shell: Shell) -> None:
    shell.press("agentgov explain yaml.\t\t")
    assert "yaml.duplicate-key" in shell.screen() or "yaml.duplicate-key" in shell.press("agentgov explain yaml.\t\t")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not there")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("agentgov sta", "status"),
        ("agentgov validate --rev fea", "feature/tone"),
        ("agentgov explain yaml.dup", "yaml.duplicate-key"),
    ],
)
def test_fish_completes(fleet: Path, tmp_path: Path, typed: str, offered: str) -> None:
    script = f"agentgov completion fish | source; complete -C '{typed}'"
    done = subprocess.run(["fish", "-c", script], cwd=fleet, env=environment(tmp_path), capture_output=True, text=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [offered]
    assert done.stderr == ""
