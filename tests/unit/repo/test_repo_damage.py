"""F1: damaged objects, packs and refs end in an error of ours or in the right bytes, never in others or in a crash."""

import gc
import os
import random
import shutil
import signal
import threading
from pathlib import Path

import pytest
from gitworld import commit_files, git, make_repository, raw_object

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.repo import reader, storage
from agentgov.repo.objects import ObjectError
from agentgov.repo.program import require_git
from agentgov.repo.repository import Repository
from agentgov.repo.storage import Kind

KINDS: dict[str, Kind] = {"commit": "commit", "tree": "tree", "blob": "blob", "tag": "tag"}


@pytest.fixture(params=["loose", "packed"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = make_repository(tmp_path / "r")
    for number in range(6):
        commit_files(folder, {"file": "".join(f"line {line}\n" for line in range(number, 200))}, str(number))
    git(folder, "tag", "-a", "v1", "-m", "one")
    if request.param == "packed":
        git(folder, "gc", "-q", "--prune=now")
        assert len(list((folder / ".git" / "objects" / "pack").glob("*.pack"))) == 1
    return folder


def everything(folder: Path) -> dict[str, tuple[Kind, bytes]]:
    repo = Repository.open(folder)
    lines = git(folder, "cat-file", "--batch-all-objects", "--batch-check").decode().splitlines()
    pairs = [(line.split()[0], KINDS[line.split()[1]]) for line in lines]
    return {oid: (kind, repo.read(oid, kind)) for oid, kind in pairs}


def files_of(folder: Path) -> list[Path]:
    objects = (folder / ".git" / "objects").rglob("*")
    return sorted(path for path in objects if path.is_file() and path.suffix not in (".bitmap", ".rev"))


def damage(data: bytes, rnd: random.Random) -> bytes:
    broken = bytearray(data)
    how = rnd.choice(["flip", "flip", "cut", "zeros", "many"])
    place = rnd.randrange(len(broken))
    if how == "cut":
        return bytes(broken[:place])
    if how == "zeros":
        broken[place : place + 64] = bytes(len(broken[place : place + 64]))
    for _ in range({"flip": 1, "many": 100}.get(how, 0)):
        broken[rnd.randrange(len(broken))] ^= 1 << rnd.randrange(8)
    return bytes(broken)


def test_damage_is_an_error_or_has_no_effect(world: Path) -> None:
    truth = everything(world)
    rnd = random.Random(7)
    errors = 0
    for _ in range(25):
        path = rnd.choice(files_of(world))
        whole = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(damage(whole, rnd))
        repo = Repository.open(world)
        for oid, (kind, content) in truth.items():
            try:
                assert repo.read(oid, kind) == content
                assert repo.kind(oid) in (kind, None)
            except AgentgovError:
                errors += 1
        path.write_bytes(whole)
    assert errors > 10


def test_a_child_that_is_killed_is_replaced(world: Path) -> None:
    repo = Repository.open(world)
    head = repo.resolve("HEAD")
    repo.read(head, "commit")
    (process,) = repo._storage._child._started.values()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert repo.read(head, "commit") == git(world, "cat-file", "commit", head) + b"\n"


def test_a_child_that_hangs_is_given_up(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_SECONDS", 0.2)
    repo = Repository.open(world)
    head = repo.resolve("HEAD")
    repo.read(head, "commit")
    (process,) = repo._storage._child._started.values()
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(ObjectError):
        repo.read(head, "commit")
    assert repo.read(head, "commit")


def test_threads_share_one_repository(world: Path) -> None:
    truth = everything(world)
    repo = Repository.open(world)
    wrong: list[str] = []

    def read_all() -> None:
        for oid, (kind, content) in list(truth.items()) * 5:
            if repo.read(oid, kind) != content:
                wrong.append(oid)

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_fork_gets_its_own_child(world: Path) -> None:
    repo = Repository.open(world)
    head = repo.resolve("HEAD")
    repo.read(head, "commit")
    pid = os.fork()
    if pid == 0:
        os._exit(0 if repo.read(head, "commit") else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert repo.read(head, "commit")


def test_children_and_folders_end_with_the_repository(world: Path) -> None:
    repo = Repository.open(world)
    repo.commit(repo.resolve("HEAD"))
    (child,) = repo._storage._child._started.values()
    folder = repo.plumbing._folder
    assert folder is not None
    pid = os.fork()
    if pid == 0:  # a fork that ends must not tidy up what its parent still uses
        repo.plumbing._leave()
        os._exit(0)
    os.waitpid(pid, 0)
    assert folder.exists()
    gc.disable()
    try:
        del repo
        assert child.returncode is not None
        assert not folder.exists()
    finally:
        gc.enable()


def test_a_temporary_folder_that_was_tidied_away_is_made_again(world: Path) -> None:
    repo = Repository.open(world)
    assert repo.update_ref("refs/heads/x", repo.resolve("HEAD"), None)
    assert repo.plumbing._folder is not None
    shutil.rmtree(repo.plumbing._folder)
    assert repo.update_ref("refs/heads/y", repo.resolve("HEAD"), None)


def test_an_object_beyond_the_limit_is_refused_and_the_next_is_read(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repository.open(world)
    monkeypatch.setitem(storage._LIMITS, "blob", 10)
    head = repo.resolve("HEAD")
    found = repo.entry(repo.commit(head).tree, "file")
    assert found is not None
    with pytest.raises(ObjectError) as error:
        repo.blob(found.oid)
    assert error.value.code == "object.too-large"
    assert repo.read(head, "commit")


def test_git_takes_no_more_memory_for_an_object_than_any_may_have(world: Path) -> None:
    large = raw_object(world, "tree", b"100644 x\0" + bytes(2**21))
    plumbing = Repository.open(world).plumbing
    head = f"{large} tree {2**21 + 9}\n".encode()
    for memory, is_given in ((0, True), (2**20, False)):
        child = plumbing.start("cat-file", "--batch-command", "--buffer", memory=memory)
        out, _ = child.communicate(f"contents {large}\nflush\n".encode())
        assert out.startswith(head)  # the size is told all the same, so it is known why
        assert (len(out) > len(head), child.returncode == 0) == (is_given, is_given)


def test_an_object_beyond_what_git_may_take_is_too_large(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST_MEMORY", 2**20)
    monkeypatch.setitem(storage._LIMITS, "tree", 2**20)
    large = raw_object(world, "tree", b"100644 x\0" + bytes(2**21))
    repo = Repository.open(world)
    with pytest.raises(ObjectError) as error:
        repo.tree(large)
    assert error.value.code == "object.too-large"
    assert repo.commit(repo.resolve("HEAD")).message == b"5\n"


def test_an_older_git_answers_alike(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, asked = everything(world), tmp_path / "asked"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(
        f"""#!/bin/sh
case "$*" in
*--batch-command*) echo refused >> '{asked}'; exit 129;;
*cat-file*) echo answered >> '{asked}';;
esac
exec {require_git()} "$@"
"""
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    repo = Repository.open(world)
    blobs = [oid for oid, (kind, _) in truth.items() if kind == "blob"]
    assert repo.blobs([*blobs, "1" * 40]) == {oid: truth[oid][1] for oid in blobs}
    assert repo.missing([*truth, "1" * 40]) == {"1" * 40}
    assert all(repo.read(oid, kind) == content and repo.kind(oid) == kind for oid, (kind, content) in truth.items())
    assert asked.read_text().split() == ["refused", "answered", "answered"]  # for contents, and for types


def test_what_is_written_and_fetched_later_is_seen(world: Path) -> None:
    repo = Repository.open(world)
    assert not repo.has("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    new = commit_files(world, {"later": "x"})
    git(world, "repack", "-adq")
    assert repo.resolve("main") == new
    assert repo.commit(new).message == b"change\n"
    assert repo.write_blob(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert repo.blob("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391") == b""


class TestRefs:
    @pytest.fixture
    def fleet(self, tmp_path: Path) -> Path:
        folder = make_repository(tmp_path / "refs")
        commit_files(folder, {"a": "1"})
        return folder

    @pytest.mark.parametrize(
        "content", [b"", b"garbage\n", b"ref: ../../etc/passwd\n", b"ref: HEAD\n", b"1" * 39, b"\0" * 41]
    )
    def test_a_damaged_ref_is_not_no_ref(self, fleet: Path, content: bytes) -> None:
        (fleet / ".git" / "refs" / "heads" / "bad").write_bytes(content)
        for question in (Repository.open(fleet).ref, Repository.open(fleet).refs):
            with pytest.raises(IncompleteError):
                question("refs/heads/bad")

    def test_damaged_packed_refs(self, fleet: Path) -> None:
        (fleet / ".git" / "packed-refs").write_bytes(
            b"# pack-refs with: peeled fully-peeled sorted\nxyz refs/heads/a\n"
        )
        with pytest.raises(IncompleteError):
            Repository.open(fleet).ref("refs/heads/a")

    def test_circles_end(self, fleet: Path) -> None:
        git(fleet, "symbolic-ref", "refs/heads/a", "refs/heads/b")
        git(fleet, "symbolic-ref", "refs/heads/b", "refs/heads/a")
        with pytest.raises(IncompleteError):
            Repository.open(fleet).ref("refs/heads/a")

    @pytest.mark.parametrize(
        "name", ["", "config", "refs", "refs/../config", "refs/heads", "/etc/passwd", "refs//x", "a\0"]
    )
    def test_names_that_are_no_refs(self, fleet: Path, name: str) -> None:
        assert Repository.open(fleet).ref(name) is None

    def test_a_loose_ref_hides_the_packed_one(self, fleet: Path) -> None:
        first = git(fleet, "rev-parse", "HEAD").decode()
        git(fleet, "tag", "-a", "x/1", "-m", "peeled in packed-refs")
        git(fleet, "pack-refs", "--all", "--prune")
        repo = Repository.open(fleet)
        assert repo.ref("refs/heads/main") == first
        assert (repo.ref("refs/heads/mai"), repo.ref("heads/main")) == (None, None)
        assert repo.refs("refs/heads/") == {"refs/heads/main": first}
        second = commit_files(fleet, {"a": "2"})
        assert repo.refs("refs/heads/ma") == {"refs/heads/main": second}
        assert repo.refs("refs/tags/x/") == {"refs/tags/x/1": git(fleet, "rev-parse", "x/1").decode()}
        assert set(repo.refs()) == {"refs/heads/main", "refs/tags/x/1"}
        git(fleet, "pack-refs", "--all", "--prune")
        assert repo.ref("refs/heads/main") == second
