"""Permits under processes that race and are killed: one use each, and nothing that was told is lost."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from forks import at_once, forks, killed
from patience import PATIENCE
from permitprocesses import go_on, use_at_once, wide
from permitworld import PermitWorld
from postgres import Postgres, serving

from agentgov.store.open import open_store

MANY, KILLS = 64, 200
ORDER = ("pending", "approved", "consumed", "undone")


@pytest.fixture(scope="module")
def roomy() -> Iterator[Postgres]:
    with serving(connections=400) as server:
        yield server


@pytest.mark.slow
def test_sixty_four_processes_and_one_of_them_uses_the_permit(roomy: Postgres) -> None:
    url = roomy.database()
    world = PermitWorld(open_store(url), wide())
    answer = world.ask("k")
    assert answer.permit is not None
    world.vote(answer.permit.id, "alice")
    decisions = at_once(forks("permitprocesses"), use_at_once, [(url, answer.permit.id)] * MANY)
    assert Counter(decisions) == {"allow": 1, "deny": MANY - 1}
    assert world.records().count("permit.consume") == 1
    world.store.close()


@pytest.mark.slow
def test_no_kill_loses_a_permit_or_lets_it_be_used_twice(store_url: str) -> None:
    """Killed at random moments, 200 times: what was told stands, what was not can be gone on with."""
    told_of = dict[str, str]()
    for number, steps in enumerate(killed(forks("permitprocesses"), go_on, store_url, KILLS, 0.08)):
        told_of.update((id_, state) for state, id_ in steps)
        if number % 10 == 9:
            _holds(store_url, told_of)
    _holds(store_url, told_of)
    assert len(told_of) >= KILLS


def _holds(url: str, told_of: dict[str, str]) -> None:
    """Everything that was told stands; what stands further than it was told can be gone on with, once."""
    world = PermitWorld(open_store(url), wide())
    for id_, told in told_of.items():
        if told in ("consumed", "undone"):
            assert world.permit(id_).state == "consumed"
            continue
        state = world.permit(id_).state
        assert ORDER.index(state) >= ORDER.index(told)
        if state == "pending":
            world.vote(id_, "alice")
        first, second = world.consume(id_).decision, world.consume(id_).decision
        assert (first, second) == ("deny" if state == "consumed" else "allow", "deny")
        told_of[id_] = "consumed"
    uses = Counter(_used(world))
    assert set(uses.values()) <= {1}
    assert {id_ for id_, told in told_of.items() if told in ("consumed", "undone")} <= set(uses)
    world.store.close()


def _used(world: PermitWorld) -> Iterator[str]:
    rows = world.store.read(lambda tx: tx.all("SELECT leaf FROM records WHERE type = 'permit.consume'")).result(
        PATIENCE
    )
    for (leaf,) in rows:
        yield msgspec.json.decode(leaf)["refs"]["permit"]


@pytest.mark.slow
def test_what_kills_leave_adds_up(tmp_path: Path) -> None:
    """The quota holds exactly what permits took, however often the process ended in the middle."""
    url = f"sqlite:///{tmp_path}/store.db"
    for _ in killed(forks("permitprocesses"), go_on, url, 40, 0.08):
        pass
    world = PermitWorld(open_store(url), wide())
    sql = "SELECT COUNT(*) FROM permits WHERE outcome <> 'not-done'"
    row = world.store.read(lambda tx: tx.one(sql)).result(PATIENCE)
    assert row is not None
    assert world.used() == 6000 * row[0]
    world.store.close()
