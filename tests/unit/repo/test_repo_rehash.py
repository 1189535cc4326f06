"""Every object once through git's own hash. No git object is known that carries the marks of a collision (the published
colliding files lose them behind git's header), so what git says of one is put into its mouth."""

from pathlib import Path

import pytest
from gitworld import commit_files, git, make_repository

from agentgov.repo.objects import ObjectError
from agentgov.repo.program import require_git
from agentgov.repo.repository import Repository


@pytest.fixture
def world(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "r")
    for number in range(3):
        commit_files(folder, {"a/b": f"{number}", f"c{number}": "x"})
    return folder


def everything(folder: Path) -> list[Path]:
    return sorted((folder / ".git").rglob("*"))


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_in_order_passes_and_nothing_is_left_behind(world: Path, packed: bool) -> None:
    if packed:
        git(world, "gc", "-q")
    before = everything(world)
    repo = Repository.open(world)
    repo.refuse_collisions(repo.resolve("main"))
    assert everything(world) == before


def test_what_is_missing_is_not_this_questions_business(world: Path) -> None:
    repo = Repository.open(world)
    entry = repo.entry(repo.commit(repo.resolve("main")).tree, "a/b")
    assert entry is not None
    (world / ".git/objects" / entry.oid[:2] / entry.oid[2:]).unlink()
    repo.refuse_collisions(repo.resolve("main"))


def test_a_damaged_object_is_refused(world: Path) -> None:
    repo = Repository.open(world)
    entry = repo.entry(repo.commit(repo.resolve("main")).tree, "a/b")
    assert entry is not None
    file = world / ".git/objects" / entry.oid[:2] / entry.oid[2:]
    file.chmod(0o644)
    file.write_bytes(b"\0" + file.read_bytes()[1:])
    with pytest.raises(ObjectError) as error:
        repo.refuse_collisions(repo.resolve("main"))
    assert error.value.code == "object.damaged"


def test_gits_word_on_a_collision_is_heard(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "fatal: SHA-1 appears to be part of a collision attack: 38762cf7f55934b34d179ae6a4c80cadccbb7f0a"
    (tmp_path / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *index-pack*) echo "{words}" >&2; exit 128;; esac\nexec {require_git()} "$@"\n'
    )
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    repo = Repository.open(world)
    with pytest.raises(ObjectError) as error:
        repo.refuse_collisions(repo.resolve("main"))
    assert error.value.code == "object.collision"
    assert "38762cf7" in str(error.value)
