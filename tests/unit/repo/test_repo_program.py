"""The git program: clean environment, clear errors, no credentials in messages."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gitworld import git as real_git
from gitworld import make_repository
from patience import ends

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.repo.clock import now
from agentgov.repo.program import (
    ProgramError,
    clean_environment,
    first_line,
    git,
    git_transport,
    require_git,
    without_credentials,
)


def test_answers_in_bytes(tmp_path: Path) -> None:
    make_repository(tmp_path)
    done = git(tmp_path, "hash-object", "--stdin", input=b"\0\xff")
    assert done.out == real_git(tmp_path, "hash-object", "--stdin", data=b"\0\xff") + b"\n"


def test_an_exit_code_is_an_error_only_when_asked(tmp_path: Path) -> None:
    make_repository(tmp_path)
    with pytest.raises(ProgramError, match="rev-parse failed: fatal: "):
        git(tmp_path, "rev-parse", "--verify", "nope")
    assert git(tmp_path, "rev-parse", "--verify", "-q", "nope", check=False).code == 1
    assert git_transport(tmp_path, "ls-remote", str(tmp_path / "none")).code == 128


def test_threads_hide_nothing_of_the_environment_from_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(tmp_path)
    for name in ("GIT_DIR", *(f"GIT_TRACE_{number}" for number in range(100))):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    git_transport(tmp_path, "version")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(git_transport, tmp_path, "rev-parse", "--git-dir") for _ in range(80)]
            assert {one.result().code for one in asked} == {0}, "none inherits GIT_DIR"
    finally:
        sys.setswitchinterval(interval)


def test_a_missing_program_and_a_missing_folder_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="cannot be run in"):
        git(tmp_path / "none", "version")
    monkeypatch.setenv("PATH", str(tmp_path))
    for ask in (git, git_transport):
        with pytest.raises(ConfigurationError) as error:
            ask(tmp_path, "version")
        assert "install git" in error.value.hint


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    real_git_folder = os.path.dirname(require_git())
    make_repository(tmp_path / "r")
    git_transport(tmp_path / "r", "version")  # GitPython asks git for its version when it is imported
    monkeypatch.setenv("PATH", f"{slow.parent}:{real_git_folder}:/usr/bin:/bin")
    with ends():
        for ask in (git, git_transport):
            with pytest.raises(IncompleteError, match="gave no answer within"):
                ask(tmp_path / "r", "fetch", timeout=0.3)


def test_only_the_users_word_survives_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    kept = {
        *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_12", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
        *("GIT_CONFIG_NOSYSTEM", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_AUTHOR_NAME", "GIT_COMMITTER_DATE"),
        "GIT_TERMINAL_PROMPT",
    }
    dropped = {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG"),
        *("GIT_EXEC_PATH", "GIT_REPLACE_REF_BASE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_NAMESPACE", "GIT_TRACE"),
        *("GIT_PROXY_COMMAND", "GIT_TEMPLATE_DIR", "GIT_CONFIG_KEY_x", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
    }
    for name in kept | dropped:
        monkeypatch.setenv(name, "x")
    environment = clean_environment()
    assert kept <= environment.keys()
    assert not dropped & environment.keys()
    assert environment["LC_ALL"] == "C"


def test_without_a_person_git_does_not_wait_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_TERMINAL_PROMPT", raising=False)
    monkeypatch.setattr("sys.stdin", None)
    assert clean_environment()["GIT_TERMINAL_PROMPT"] == "0"
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    assert clean_environment()["GIT_TERMINAL_PROMPT"] == "1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ada:secret@example.com/x.git", "https://example.com/x.git"),
        (
            "fatal: unable to access 'https://tok:a@b@example.com/x/': no",
            "fatal: unable to access 'https://example.com/x/': no",
        ),
        ("https://example.com/x?private_token=abc", "https://example.com/x"),
        ("ssh://git@example.com/x", "ssh://example.com/x"),
        ("git@example.com:x/y.git", "git@example.com:x/y.git"),
        ("a\x1b[31mb\x07", "a[31mb"),
    ],
)
def test_credentials_and_control_characters_are_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_the_telling_line_is_chosen() -> None:
    assert first_line(b"warning: x\nfatal: why\nmore") == "fatal: why"
    assert first_line(b"\n only this \n") == "only this"
    assert first_line(b"") == "it gave no reason"


def test_the_clock_gives_whole_seconds() -> None:
    assert abs(now() - time.time()) < 60
    assert isinstance(now(), int)
