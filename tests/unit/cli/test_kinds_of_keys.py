"""The commands with every kind of key that people have: what they sign counts, and weak keys are told before."""

import pytest
from gitworld import make_key, public_key
from unit.cli.command_world import CommandWorld

ACCESS = "governance/access.yaml"


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
