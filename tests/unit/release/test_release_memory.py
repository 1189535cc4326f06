"""The file of memories: replaced in one step, private, shared, and never in the way when it is damaged."""

import itertools
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from deploymentworld import AGENT, Line, release
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from agentgov.release.counts import Arm, Cumulative
from agentgov.release.judge import Counts, JudgeState, MetricState
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import DEFAULT_INTERVAL, Memory, Tick, Watch, observe_tick

_HOLDER = """
import sys
from pathlib import Path
from agentgov.release.memory import MemoryStore
with MemoryStore(Path(sys.argv[1])).held() as away:
    print(away or "held", flush=True)
    sys.stdin.read()
"""

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
    for one in (store, MemoryStore(store.path)):
        assert one.load() == ({"support/a": MEMORY, "support/b": Memory()}, "")
    store.save({})
    assert store.load() == ({}, "")


def test_the_file_is_its_users_only_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    path.write_text("old")
    path.chmod(0o644)
    MemoryStore(path).save({"support/a": MEMORY})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["memory.json"]


def test_what_another_process_wrote_meanwhile_is_read(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "memory.json")
    store.save({"support/a": MEMORY})
    MemoryStore(store.path).save({"support/b": Memory()})
    assert store.load() == ({"support/b": Memory()}, "")
    store.path.write_bytes(b"{")
    assert store.load()[1].endswith("is damaged: soak and counts start afresh")


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


class Soaking:
    """v1.0.0 soaks in staging; whoever ticks remembers it in one file."""

    def __init__(self, path: Path) -> None:
        self.path, self.line, one = path, Line(release("1.0.0")), release("1.0.0")
        self.line.do("stage", one)

    def tick(self, clock: Callable[[], int]) -> int:
        """As `moving` does it, by a process that knows nothing but the file; the soak that stands there then."""
        store = MemoryStore(self.path)
        with store.held() as away:
            assert away == ""
            tick = Tick(clock(), self.line.rules, self.line.releases.get)
            before, _ = store.load()
            after = observe_tick(before.get(AGENT, Memory()), self.line.at, None, tick)
            store.save({AGENT: after})
        return after.staging.soak


@given(st.lists(st.integers(0, 200), min_size=2, max_size=12))
def test_the_soak_of_many_is_what_one_that_looked_each_time_had_seen(gaps: list[int]) -> None:
    with TemporaryDirectory() as folder:
        shared = Soaking(Path(folder) / "shared")
        now, alone = shared.line.now, Memory()
        for seconds in gaps:
            now += seconds
            alone = observe_tick(alone, shared.line.at, None, Tick(now, shared.line.rules, shared.line.releases.get))
            assert shared.tick(partial(int, now)) == alone.staging.soak <= now - shared.line.now


def test_processes_that_tick_at_once_count_no_second_twice_and_lose_none(tmp_path: Path) -> None:
    world, seconds = Soaking(tmp_path / "memory.json"), itertools.count(2_000_000)
    assert DEFAULT_INTERVAL > 1  # so that no second is beyond what one tick may add

    def run() -> None:
        for _ in range(20):
            world.tick(lambda: next(seconds))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert world.tick(lambda: next(seconds)) == 80
    assert sorted(os.listdir(tmp_path)) == ["memory.json", "memory.json.lock"]


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the file until it ends."""
    command = [sys.executable, "-c", _HOLDER, str(path)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_process_that_holds_it_too_long_is_told_and_one_that_dies_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    with holder(path) as process:
        for store, stopped in ((MemoryStore(path, patience=0.0), bool), (MemoryStore(path), lambda: True)):
            with store.held(stopped) as away:
                assert "held by another process" in away
        process.kill()
        process.wait(PATIENCE)
    with MemoryStore(path).held() as away:
        assert away == ""


def test_where_there_can_be_no_lock_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "memory.json.lock").mkdir()
    with MemoryStore(tmp_path / "memory.json").held() as away:
        assert "cannot be opened" in away
