"""The control state in memory: read again when told and when it changed, never served when old."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agentgov.errors import IncompleteError
from agentgov.gate import control
from agentgov.gate.control import Control
from agentgov.runtime.control import changed, versions
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

T = TypeVar("T")


class Sometimes:
    """A real store that can be away."""

    def __init__(self, store: Store) -> None:
        self.store, self.away = store, False
        self.write, self.together = store.write, store.together
        self.listen, self.close, self.is_served = store.listen, store.close, store.is_served

    def read(self, work: Callable[[Transaction], T]) -> "Future[T]":
        """What is committed, unless it is away."""
        if not self.away:
            return self.store.read(work)
        found: Future[Any] = Future()
        found.set_exception(IncompleteError("the store is away"))
        return found


def count(tx: Transaction) -> int:
    """How often the topic changed."""
    return versions(tx).get("tokens", 0)


def confirmed(kept: Control) -> bool:
    """Whether it may be served now."""
    return kept.is_confirmed


def change(store: Store, topic: str = "tokens") -> None:
    """Change a part of the control state, as another process may."""
    store.write(lambda tx: changed(tx, topic)).result()


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = Sometimes(open_store(str(tmp_path / "store.db")))
    yield found
    found.close()


def test_only_what_changed_is_read_again(store: Sometimes) -> None:
    read: list[str] = []

    def tokens(tx: Transaction) -> int:
        read.append("tokens")
        return count(tx)

    async def run() -> None:
        kept = Control(store)
        one = kept.keep("tokens", tokens, -1)
        kept.keep("pauses", lambda tx: read.append("pauses"), None)
        await kept.refresh()
        assert (read, one.value) == (["tokens", "pauses"], 0)
        await kept.refresh()
        assert len(read) == 2
        change(store)
        await kept.refresh()
        assert (read[2:], one.value) == (["tokens"], 1)

    asyncio.run(run())


def test_what_is_told_is_in_effect_soon(store: Sometimes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_EVERY", 3600.0)  # nothing but being told makes it look

    async def run() -> None:
        kept = Control(store)
        one = kept.keep("tokens", count, -1)
        following = asyncio.create_task(kept.run())
        while one.value < 0:
            await asyncio.sleep(0.01)
        change(store)
        while one.value < 1:
            await asyncio.sleep(0.01)
        following.cancel()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_what_was_not_confirmed_lately_may_not_be_served(store: Sometimes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        kept = Control(store)
        one = kept.keep("tokens", count, -1)
        assert not confirmed(kept)
        await kept.refresh()
        assert confirmed(kept)
        store.away = True
        change(store.store)
        with pytest.raises(IncompleteError):
            await kept.refresh()
        assert one.value == 0
        monkeypatch.setattr(control, "OLDEST", -1.0)  # time went by
        assert not confirmed(kept)
        monkeypatch.undo()
        store.away = False
        await kept.refresh()
        assert (confirmed(kept), one.value) == (True, 1)

    asyncio.run(run())


def test_who_looks_at_the_same_time_shares_one_look_that_is_later_than_all(store: Sometimes) -> None:
    read: list[int] = []

    def load(tx: Transaction) -> int:
        read.append(count(tx))
        return read[-1]

    async def go() -> int:
        kept = Control(store)
        part = kept.keep("tokens", load, 0)
        await kept.refresh()
        change(store)
        await asyncio.gather(*(kept.look() for _ in range(50)))
        return part.value

    assert asyncio.run(go()) == 1
    assert read == [0, 1]
