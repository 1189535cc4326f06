"""The file of memories: replaced in one step, private, and never in the way when it is damaged."""

import os
import stat
from pathlib import Path

import pytest

from agentgov.release.counts import Arm, Cumulative
from agentgov.release.judge import Counts, JudgeState, MetricState
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory, Watch

MEMORY = Memory(
    at=7,
    of="x",
    staging=Watch("a@1", 60),
    judge=JudgeState("b", {"error": MetricState(harm=(1.5, -2.25, 0.1, 0.0, 0.0, 0.0), totals=Counts(1, 0, 2, 1))}),
    last=Cumulative("support/a/v1.0.0", Arm(3, {"error": 1}), Arm()),
)


def test_memories_come_back_as_they_were(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "state" / "memory.json")
    assert store.load() == ({}, "")
    store.save({"support/a": MEMORY, "support/b": Memory()})
    assert store.load() == ({"support/a": MEMORY, "support/b": Memory()}, "")
    store.save({})
    assert store.load() == ({}, "")


def test_the_file_is_its_users_only_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    path.write_text("old")
    path.chmod(0o644)
    MemoryStore(path).save({"support/a": MEMORY})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["memory.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"\xff\xfe",
        b'{"version": 2, "agents": {}}',
        b'{"version": 1}',
        b'{"version": 1, "agents": {"a/b": {"at": "yesterday"}}}',
        b'{"version": 1, "agents": {"a/b": {"judge": {"metrics": {"error": {"harm": [1.0]}}}}}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_starts_afresh_and_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "memory.json"
    path.write_bytes(data)
    memories, problem = MemoryStore(path).load()
    assert memories == {}
    assert "afresh" in problem


def test_a_file_that_cannot_be_read_starts_afresh_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "memory.json").mkdir()
    memories, problem = MemoryStore(tmp_path / "memory.json").load()
    assert memories == {}
    assert "afresh" in problem


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore(tmp_path / "memory.json")
    store.save({"support/a": MEMORY})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        store.save({})
    assert store.load()[0] == {"support/a": MEMORY}
    assert os.listdir(tmp_path) == ["memory.json"]
