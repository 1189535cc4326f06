"""The list of permits, page by page: each once, newest first, however many were asked for in one millisecond."""

from collections.abc import Iterator

import pytest
from permitprocesses import wide
from permitworld import PermitWorld

from agentgov.runtime.permit_listing import NEWEST, listed
from agentgov.runtime.permit_rows import Permit
from agentgov.store.open import open_store


@pytest.fixture
def world(store_url: str) -> Iterator[PermitWorld]:
    found = PermitWorld(open_store(store_url), wide())
    yield found
    found.store.close()


def test_pages_hold_each_permit_once_also_within_one_millisecond(world: PermitWorld) -> None:
    asked: list[tuple[int, str]] = []
    for number in range(11):
        world.now += number % 5 == 4
        answer = world.ask(str(number))
        assert answer.permit is not None
        asked.append((world.now, answer.permit.id))
    place, pages = NEWEST, list[list[tuple[int, str]]]()
    while page := world.store.read(lambda tx: listed(tx, "pending", world.now, place, most=3)).result():  # noqa: B023
        pages.append([(one.asked, one.id) for one in page])
        place = pages[-1][-1]
    assert [one for page in pages for one in page] == sorted(asked, reverse=True)
    assert [len(page) for page in pages] == [3, 3, 3, 2]


def test_a_moment_is_a_place_too(world: PermitWorld) -> None:
    def before(moment: int) -> list[Permit]:
        return list(world.store.read(lambda tx: listed(tx, None, world.now, (moment, ""))).result())

    world.ask("a")
    then = world.now
    assert before(then) == []
    assert len(before(then + 1)) == 1
