"""The commands with every kind of key that people have: what they sign counts, and weak keys are told before."""

import sys

import pytest
from gitworld import make_key, public_key
from unit.cli.command_world import ACCESS, CommandWorld

CERTIFICATE = (
    "mDMEaws//BYJKwYBBAHaRw8BAQdAX2fmvRKTQ4iVN40WQSW+3tv7T7f/vOei/V5QdwsODAK0E0FkYSA8YWRhQHguZXhhbXBsZT6I"
    "kAQTFggAOBYhBO1x78QQK3WJ1Y+Exe6jDffs0um5BQJrCz/8AhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEO6jDffs0um5"
    "SoMA/jhsQ/f9mFWEiN8tbstzI8jhFWjZOCfzdZ3YCfnQYj1dAQDW8n4h+oVqOMul2/P92bT7YMe76OcZfW/ag3SXda4oCA=="
)


def _rekey(world: CommandWorld, who: str, kind: str, *options: str) -> None:
    """Give somebody a key of another kind, in Access and in their own set-up."""
    old = public_key(world.keys / who)
    for half in ("", ".pub"):
        (world.keys / f"{who}{half}").unlink()
    make_key(world.keys, who, kind, options=options)
    text = (world.fleet / ACCESS).read_text()
    assert old in text
    world.change("carol", {ACCESS: text.replace(old, public_key(world.keys / who))})


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_acts_by_another_kind_of_key_verify_every_time(laid: CommandWorld, kind: str) -> None:
    """ssh-keygen writes an ECDSA signature in the form that does not count every second time."""
    _rekey(laid, "carol", kind)
    _rekey(laid, "alice", kind)
    laid.must("carol", "trust", "init")
    for _ in range(4):
        laid.must("alice", "pause", "support/triage", "-m", "Look into it")
        laid.must("alice", "resume", "support/triage", "-m", "It was nothing")
    assert laid.asked("bob", "journal", "verify")["verdict"] == "accept"


def test_weak_key_is_told_before_anything_is_signed(laid: CommandWorld) -> None:
    laid.must("carol", "trust", "init")
    for half in ("", ".pub"):
        (laid.keys / f"alice{half}").unlink()
    make_key(laid.keys, "alice", "rsa", options=("-b", "1024"))
    before = laid.git("rev-parse", "refs/heads/agentgov/journal", cwd=laid.remote)
    for command in (("pause", "support/triage", "-m", "x"), ("review", "approve", "-m", "x")):
        found = laid.run("alice", *command)
        assert found.code == 2
        assert "your key does not count: this ssh-rsa key has 1024 bits: 2048 are the least that count" in found.err
        assert "ssh-keygen -t ed25519" in found.err
    told = laid.run("alice", "doctor")
    assert "1024 bits" in told.out
    assert laid.git("rev-parse", "refs/heads/agentgov/journal", cwd=laid.remote) == before


def test_doctor_says_what_is_missing_where_a_certificate_is_listed(
    laid: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = public_key(laid.keys / "alice")
    laid.change("carol", {ACCESS: laid.edit(ACCESS, f'"{mine}"', f'"{mine}", "openpgp {CERTIFICATE}"')})
    laid.must("carol", "trust", "init")
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    found = laid.run("alice", "doctor")
    assert found.code == 1
    assert "Access lists an OpenPGP certificate" in found.out
    assert "pip install 'agentgov[openpgp]'" in found.out
