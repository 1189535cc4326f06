"""Reading acts ahead: fewer questions to git, and no other answer."""

from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest
from simulator import FLEET, FleetSimulator

from agentgov.errors import IncompleteError
from agentgov.journal.authors import Touches
from agentgov.journal.reading import read_ahead
from agentgov.journal.replay import verify_journal
from agentgov.repo.objects import Commit, ObjectError
from agentgov.repo.reader import About, Child, Header
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins


@pytest.fixture
def world(tmp_path: Path) -> FleetSimulator:
    found = FleetSimulator(tmp_path, remote=False)
    found.introduce()
    return found


def questions(world: FleetSimulator, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often git is asked for one object while the journal is verified from its first act."""
    asked: list[str] = []
    ask = Child._ask

    def counted(self: Child, about: About, name: str) -> Header | None:
        asked.append(name)
        return ask(self, about, name)

    tip = world.view().tip
    with monkeypatch.context() as patch:
        patch.setattr(Child, "_ask", counted)
        found = verify_journal(Repository.open(world.work), tip, load_pins(FLEET), world.clock())
    assert found.offence is None
    return len(asked)


def test_a_longer_journal_asks_git_for_no_more_objects_one_by_one(
    world: FleetSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    for number in range(20):
        fields = [("Selector", "support/triage"), *([("Mode", "stop")] if number % 2 == 0 else [])]
        world.append(hostile.write(world, "alice", "resume" if number % 2 else "pause", fields), by="alice")
        if number in (9, 19):
            counts.append(questions(world, monkeypatch))
    assert counts[1] == counts[0]


def test_what_is_missing_or_malformed_is_left_to_whoever_asks(world: FleetSimulator) -> None:
    repo = world.repo
    good = repo.commit(world.append(hostile.pause(world), by="alice").tip)
    repeated = b"100644 act.sig\0" + bytes(20)
    malformed = repo.commit(hostile.with_tree(world, world.view().tip, hostile.store(world, "tree", repeated * 2)))
    missing = repo.commit(hostile.resealed(world, world.view().tip, lambda raw: b"tree " + b"1" * 40 + raw[45:]))
    acts = [("a", missing), ("b", malformed), ("c", None), ("d", good)]
    assert list(read_ahead(repo, acts)) == acts
    assert any(entry.name == b"act.sig" for entry in repo.tree(good.tree))
    with pytest.raises(ObjectError):
        repo.tree(malformed.tree)
    with pytest.raises(IncompleteError):
        repo.tree(missing.tree)


def test_commits_before_the_one_that_stops_a_walk_are_not_forgotten(world: FleetSimulator) -> None:
    first, second = world.head(), world.commit("alice", {"agents/support/triage/prompts/system.md": "Sort.\n"})

    def walk() -> Iterator[tuple[str, Commit]]:
        yield second, world.repo.commit(second)
        yield first, world.repo.commit(first)
        raise IncompleteError("history ends here")

    touched = Touches(world.repo)
    ahead = touched.ahead(walk())
    assert [next(ahead)[0], next(ahead)[0]] == [second, first]
    assert touched(second) == {"agents/support/triage/prompts/system.md"}
    with pytest.raises(IncompleteError):
        next(ahead)
    assert list(touched.ahead(iter([(first, world.repo.commit(first))]))) == [(first, world.repo.commit(first))]
    assert list(touched.ahead(())) == []
