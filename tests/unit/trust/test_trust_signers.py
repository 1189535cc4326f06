"""Bots sign in process, byte for byte as ssh-keygen would, and only with keys that nobody else could read."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agentgov.errors import ConfigurationError
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import (
    KeyFileSigner,
    Signer,
    bot_signer,
    generate_key,
    kept_bot_key,
    store_bot_key,
    stored_bot_key,
)
from agentgov.trust.sshsig import ACT, GIT, verify

Sign = Callable[..., bytes]
Keygen = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.mark.parametrize("namespace", [ACT, GIT])
@pytest.mark.parametrize("payload", [b"", b"tree 1\n", bytes(range(256)) * 100])
def test_the_signature_is_the_one_ssh_keygen_makes(
    keys: dict[str, Path], ssh_sign: Sign, namespace: str, payload: bytes
) -> None:
    signer: Signer = KeyFileSigner(keys["alice"])
    assert signer.sign(namespace, payload) == ssh_sign("alice", namespace, payload)


def test_a_signer_names_its_public_key(keys: dict[str, Path], public: dict[str, str]) -> None:
    assert KeyFileSigner(keys["bob"]).public_key == parse_public_key(public["bob"]).line


def test_ssh_keygen_accepts_a_key_made_here_and_its_signature(tmp_path: Path, keygen: Keygen) -> None:
    path = tmp_path / "bot"
    line = generate_key(path, "reconciler@acme.example")
    assert path.with_name("bot.pub").read_text() == f"{line}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keygen("-y", "-f", path).stdout.decode().split()[:2] == line.split()[:2]
    assert parse_public_key(line).comment == "reconciler@acme.example"

    (tmp_path / "allowed").write_text(f"bot {line}\n")
    (tmp_path / "sig").write_bytes(KeyFileSigner(path).sign(ACT, b"checkpoint\n"))
    options = ("-f", tmp_path / "allowed", "-I", "bot", "-n", ACT, "-s", tmp_path / "sig")
    assert keygen("-Y", "verify", *options, stdin=b"checkpoint\n").returncode == 0
    assert keygen("-Y", "verify", *options, stdin=b"checkpoint.\n").returncode != 0


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "bot"
    generate_key(path, "first")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="never overwritten"):
        generate_key(path, "second")
    assert path.read_bytes() == before


def test_a_public_key_in_the_way_leaves_no_private_key_behind(tmp_path: Path) -> None:
    (tmp_path / "bot.pub").write_text("somebody's")
    with pytest.raises(ConfigurationError, match=r"bot\.pub exists"):
        generate_key(tmp_path / "bot", "")
    assert not (tmp_path / "bot").exists()
    assert (tmp_path / "bot.pub").read_text() == "somebody's"


def test_a_key_is_not_written_through_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "bot").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="never overwritten"):
        generate_key(tmp_path / "bot", "")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("comment", ["two\nlines", " space", "\x1b[2J", "x" * 201])
def test_a_comment_that_could_be_another_line_is_refused(tmp_path: Path, comment: str) -> None:
    with pytest.raises(ConfigurationError, match="one short line"):
        generate_key(tmp_path / "bot", comment)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot write"):
        generate_key(tmp_path / "no" / "bot", "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_could_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "bot"
    generate_key(path, "")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="open to other users") as caught:
        KeyFileSigner(path)
    assert caught.value.hint == f"chmod 600 {path}"
    path.chmod(0o400)
    KeyFileSigner(path)


def test_a_passphrase_is_refused_with_the_remedy(tmp_path: Path, keygen: Keygen) -> None:
    assert keygen("-q", "-t", "ed25519", "-N", "secret words", "-f", tmp_path / "bot").returncode == 0
    with pytest.raises(ConfigurationError, match="has a passphrase") as caught:
        KeyFileSigner(tmp_path / "bot")
    assert "without a passphrase" in caught.value.hint


@pytest.mark.parametrize("name", ["rsa", "ecdsa"])
def test_other_kinds_of_keys_do_not_sign(keys: dict[str, Path], name: str) -> None:
    with pytest.raises(ConfigurationError, match="not an ed25519 private key"):
        KeyFileSigner(keys[name])


def test_what_is_no_key_is_told_without_being_repeated(tmp_path: Path, keys: dict[str, Path]) -> None:
    good = keys["alice"].read_bytes()
    for index, content in enumerate(
        (b"", b"hello", good[:-60], good[:200] + good[210:], good.replace(b"b3Blb", b"b3BlB"))
    ):
        path = tmp_path / f"bad-{index}"
        path.touch(mode=0o600)
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="not an ed25519 private key") as caught:
            KeyFileSigner(path)
        assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_missing_file_a_folder_and_a_pipe_are_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, message in (
        ("missing", "missing: No such file"),
        ("pipe", "pipe is not an ordinary file"),
        ("folder", "folder: Is a directory"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            KeyFileSigner(tmp_path / name)


def test_the_environment_names_the_key_of_a_bot(
    keys: dict[str, Path], public: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AGENTGOV_KEY_FILE", raising=False)
    assert bot_signer() is None
    monkeypatch.setenv("AGENTGOV_KEY_FILE", str(keys["bob"]))
    signer = bot_signer()
    assert signer is not None
    assert verify(signer.sign(ACT, b"x"), b"x", ACT).line == parse_public_key(public["bob"]).line
    for bad in ("", "/does/not/exist"):
        monkeypatch.setenv("AGENTGOV_KEY_FILE", bad)
        with pytest.raises(ConfigurationError):
            bot_signer()


def test_a_signer_shows_nothing_of_its_key(keys: dict[str, Path]) -> None:
    signer = KeyFileSigner(keys["alice"])
    assert "object at" in repr(signer)
    assert not hasattr(signer, "__dict__")


def test_the_key_of_a_bot_is_kept_for_its_fleet_and_kind(homes: Path) -> None:
    fleet = "6f0c2b1e-8d4a-4c57-9a3e-0b1c2d3e4f50"
    assert stored_bot_key(fleet, "reconciler") is None
    line = store_bot_key(fleet, "reconciler", "reconciler@acme.example")
    signer = stored_bot_key(fleet, "reconciler")
    assert signer is not None
    assert line == f"{signer.public_key} reconciler@acme.example"
    assert kept_bot_key(fleet, "reconciler", "reconciler@acme.example") == line
    assert stored_bot_key(fleet, "gate") is None
    made = kept_bot_key(fleet, "gate", "gate@acme.example")
    assert made.endswith(" gate@acme.example")
    assert kept_bot_key(fleet, "gate", "gate@acme.example") == made
    assert stored_bot_key(fleet.replace("6", "7"), "reconciler") is None
    folder = homes / "config" / "keys" / fleet
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(ConfigurationError, match="never overwritten"):
        store_bot_key(fleet, "reconciler", "")
    (folder / "reconciler").write_text("damaged")
    with pytest.raises(ConfigurationError, match="not an ed25519 private key"):
        stored_bot_key(fleet, "reconciler")
