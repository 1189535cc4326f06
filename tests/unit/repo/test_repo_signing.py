"""How a person signs: file, public half with an agent, passphrase-less keys, set-ups that are wrong."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gitworld import allowed_signers, git, make_key, make_repository, person_variables, public_key

from agentgov.errors import ConfigurationError
from agentgov.repo.repository import Repository
from agentgov.repo.signing import person_signer


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.delenv("AGENTGOV_KEY_FILE", raising=False)
    return Repository.open(make_repository(tmp_path / "fleet"))


@pytest.fixture
def agent(repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        while subprocess.run(["ssh-add", "-l"], capture_output=True, check=False).returncode == 2:
            assert process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait()


def verify(folder: Path, key: Path, namespace: str, payload: bytes, armour: bytes) -> bool:
    """What ssh-keygen itself says."""
    (folder / "sig").write_bytes(armour)
    command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed_signers(folder, {"ada": key})), "-I", "ada"]
    done = subprocess.run([*command, "-n", namespace, "-s", str(folder / "sig")], input=payload, capture_output=True)
    return done.returncode == 0


def act_as(monkeypatch: pytest.MonkeyPatch, key: str | Path) -> None:
    for name, value in person_variables("Ada", "ada@example.com", Path(key)).items():
        monkeypatch.setenv(name, value if not name.endswith("VALUE_3") else str(key))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("half", ["", ".pub"])
def test_signs_with_either_half_of_a_key_file(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, half: str
) -> None:
    key = make_key(tmp_path, kind=kind)
    act_as(monkeypatch, f"{key}{half}")
    signer = person_signer(repo)
    assert signer.public_key == public_key(key)
    armour = signer.sign("agentgov-act", b"payload\0\n")
    assert verify(tmp_path, key, "agentgov-act", b"payload\0\n", armour)
    assert not verify(tmp_path, key, "git", b"payload\0\n", armour)


def test_signs_without_a_public_file_beside_the_key(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path)
    wanted = public_key(key)
    (tmp_path / "key.pub").unlink()
    monkeypatch.setenv("AGENTGOV_KEY_FILE", str(key))
    assert person_signer(repo).public_key == wanted


def test_the_key_file_variable_wins(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act_as(monkeypatch, make_key(tmp_path, "one"))
    two = make_key(tmp_path, "two")
    monkeypatch.setenv("AGENTGOV_KEY_FILE", str(two))
    assert person_signer(repo).public_key == public_key(two)


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("form", ["key::{}", "{}"])
def test_signs_with_a_key_that_only_the_agent_holds(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    key = make_key(tmp_path)
    subprocess.run(["ssh-add", "-q", str(key)], check=True, capture_output=True)
    act_as(monkeypatch, form.format(public_key(key) + " a comment"))
    signer = person_signer(repo)
    assert verify(tmp_path, key, "git", b"x", signer.sign("git", b"x"))


def test_a_key_that_nobody_holds_is_a_clear_error(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(monkeypatch, "key::" + public_key(make_key(tmp_path)))
    with pytest.raises(ConfigurationError, match="signing failed"):
        person_signer(repo).sign("git", b"x")


def test_a_public_file_of_another_key_is_noticed(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = make_key(tmp_path), make_key(tmp_path, "other")
    (tmp_path / "key.pub").write_text((other.with_name("other.pub")).read_text())
    act_as(monkeypatch, key)
    with pytest.raises(ConfigurationError):
        person_signer(repo).sign("git", b"x")


def test_an_encrypted_key_without_a_terminal_is_a_clear_error(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    act_as(monkeypatch, make_key(tmp_path, passphrase="secret words"))
    with pytest.raises(ConfigurationError, match="signing failed"):
        person_signer(repo).sign("git", b"x")


def test_no_key_tells_the_two_commands(repo: Repository) -> None:
    with pytest.raises(ConfigurationError) as error:
        person_signer(repo)
    assert "git config --global gpg.format ssh; git config --global user.signingkey" in error.value.hint


def test_an_openpgp_set_up_is_explained(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    assert repo.root is not None
    git(repo.root, "config", "user.signingkey", "0xDEADBEEF")
    git(repo.root, "config", "gpg.format", "openpgp")
    with pytest.raises(ConfigurationError, match="openpgp"):
        person_signer(repo)


@pytest.mark.parametrize("content", ["", "garbage", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n"])
def test_a_file_that_is_no_key_is_refused(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    path = tmp_path / "no.pub"
    path.write_text(content)
    monkeypatch.setenv("AGENTGOV_KEY_FILE", str(path))
    with pytest.raises(ConfigurationError):
        person_signer(repo)


def test_the_program_comes_from_the_user_and_never_from_the_repository(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path)
    program = tmp_path / "signer"
    program.write_text(f'#!/bin/sh\ntouch {tmp_path}/ran\nexec ssh-keygen "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("AGENTGOV_KEY_FILE", str(key))
    assert repo.root is not None
    git(repo.root, "config", "gpg.ssh.program", str(program))
    person_signer(repo).sign("git", b"x")
    assert not (tmp_path / "ran").exists()
    (tmp_path / "gitconfig").write_text(f'[gpg "ssh"]\n\tprogram = {program}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert verify(tmp_path, key, "git", b"x", person_signer(repo).sign("git", b"x"))
    assert (tmp_path / "ran").exists()
