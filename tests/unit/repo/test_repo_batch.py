"""Objects written together: readable at once, durable before they have a name, whole or not there after a crash."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from gitworld import environment, git, make_repository
from patience import PATIENCE

from agentgov.errors import IncompleteError
from agentgov.model.snapshot import FILE
from agentgov.repo.batch import FEW, index_bytes, write_durably
from agentgov.repo.objects import TreeEntry, object_id
from agentgov.repo.repository import Repository

# Each child writes a batch of its own and is killed at one of its steps; the last one comes to its end.
KILLED = """
import os, pathlib, signal, sys
from agentgov.repo.repository import Repository
folder, count, steps = sys.argv[1], int(sys.argv[2]), 0

def counted(work, last):
    def step(*args):
        global steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*args)
    return step

for last in range(1, 200):
    child = os.fork()
    if child == 0:
        os.fsync = counted(lambda descriptor: None, last)
        pathlib.Path.rename = counted(pathlib.Path.rename, last)
        repo = Repository.open(folder)
        with repo.packing():
            for number in range(count):
                repo.write_blob(f"{last} {number}".encode())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
print(last)
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository.open(make_repository(tmp_path / "fleet"))


def on_disk(repo: Repository, oid: str) -> bool:
    """Whether git finds an object."""
    command = ["git", "cat-file", "-e", oid]
    return subprocess.run(command, cwd=repo.git_dir, check=False, capture_output=True).returncode == 0


def packs(repo: Repository) -> list[Path]:
    return sorted((repo.git_dir / "objects" / "pack").glob("*.pack"))


def leftovers(repo: Repository) -> list[Path]:
    return sorted((repo.git_dir / "objects").glob("*/tmp_*"))


@pytest.mark.parametrize("count", [3, FEW + 1])
def test_objects_can_be_read_at_once_and_land_at_the_end(repo: Repository, count: int) -> None:
    with repo.packing():
        oids = [repo.write_blob(f"file {number}".encode()) for number in range(count - 1)]
        tree = repo.write_tree(TreeEntry(FILE, b"%d" % number, oid) for number, oid in enumerate(oids))
        assert repo.blob(oids[-1]) == b"file %d" % (count - 2)
        assert repo.read(tree, "tree")
        assert repo.kind(tree) == "tree"
        assert repo.blobs(oids) == {}  # left to `blob`
        assert not on_disk(repo, oids[0])
    assert Repository.open(repo.git_dir).entry(tree, "1") is not None
    git(repo.git_dir, "fsck", "--full", "--strict")
    assert len(packs(repo)) == (count > FEW)
    for pack in packs(repo):
        git(repo.git_dir, "index-pack", "--verify", str(pack))
    assert not leftovers(repo)


def test_what_fails_writes_nothing(repo: Repository) -> None:
    oid = ""

    def fail() -> None:
        nonlocal oid
        with repo.packing():
            oid = repo.write_blob(b"unfinished")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert not on_disk(repo, oid)
    with pytest.raises(IncompleteError):
        repo.read(oid, "blob")
    assert repo.write_blob(b"unfinished") == oid
    assert on_disk(repo, oid)


def test_one_use_inside_another_is_part_of_it(repo: Repository) -> None:
    with repo.packing():
        with repo.packing():
            oid = repo.write_blob(b"inner")
        assert not on_disk(repo, oid)
        assert repo.blob(oid) == b"inner"
    assert on_disk(repo, oid)


def test_what_is_there_already_stays_as_it_is(repo: Repository) -> None:
    oid = repo.write_blob(b"once")
    place = repo.git_dir / "objects" / oid[:2] / oid[2:]
    before = place.stat().st_ino
    with repo.packing():
        assert repo.write_blob(b"once") == oid
    assert place.stat().st_ino == before


def test_more_than_there_is_room_for_is_written_in_parts(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.repo.batch.ROOM", 100)
    with repo.packing():
        oids = [repo.write_blob(b"%050d" % number) for number in range(6)]
        assert on_disk(repo, oids[0])
        assert [repo.blob(oid) for oid in oids] == [b"%050d" % number for number in range(6)]
    assert all(on_disk(repo, oid) for oid in oids)


@pytest.mark.parametrize("count", [3, FEW + 1])
def test_everything_is_synced_before_it_has_its_name_and_folders_after(
    repo: Repository, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, steps = repo.git_dir / "objects", list[str]()

    def synced(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def renamed(path: Path, target: Path) -> None:
        steps.append("name")
        os.rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    contents = [b"%d" % number for number in range(count)]
    write_durably(objects, {object_id("blob", raw): ("blob", raw) for raw in contents})
    files = count if count < FEW else 2
    assert steps[: 2 * files] == ["file"] * files + ["name"] * files
    assert set(steps[2 * files :]) == {"folder"}


@pytest.mark.parametrize("count", [3, FEW + 1])
def test_killed_at_any_step_it_leaves_whole_objects_or_none(repo: Repository, count: int) -> None:
    command = [sys.executable, "-c", KILLED, str(repo.git_dir), str(count)]
    done = subprocess.run(command, env=environment(), timeout=PATIENCE, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    last = int(done.stdout)
    assert last > (5 if count > FEW else 2 * count)
    git(repo.git_dir, "fsck", "--full", "--strict")
    assert all(repo.blob(object_id("blob", raw)) == raw for raw in (b"%d %d" % (last, n) for n in range(count)))
    if count > FEW:  # a pack counts whole or not at all
        found = [
            sum(repo.has(object_id("blob", b"%d %d" % (each, n))) for n in range(count)) for each in range(1, last)
        ]
        assert set(found) == {0, count}
    assert leftovers(repo)
    git(repo.git_dir, "prune", "--expire=now")
    assert not leftovers(repo)


def test_the_index_is_the_one_that_git_makes(repo: Repository, tmp_path: Path) -> None:
    with repo.packing():
        for number in range(300):
            repo.write_blob(b"%d" % number * number)
    [pack] = packs(repo)
    git(repo.git_dir, "index-pack", "-o", str(tmp_path / "git.idx"), str(pack))
    assert pack.with_suffix(".idx").read_bytes() == (tmp_path / "git.idx").read_bytes()


def test_an_index_has_room_for_packs_beyond_two_gigabytes() -> None:
    near, far = ("00" * 20, 12, 1), ("ff" * 20, 2**31 + 5, 2)
    found = index_bytes([far, near], bytes(20))
    assert found[-40 - 8 : -40] == (2**31 + 5).to_bytes(8, "big")
    assert found[-40 - 16 : -40 - 8] == (12).to_bytes(4, "big") + (1 << 31).to_bytes(4, "big")
