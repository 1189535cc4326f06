"""Group commit where nothing can be begun: whoever waits hears of it, also behind what is urgent."""

from concurrent.futures import Future
from threading import Event
from typing import Any

import pytest
from patience import PATIENCE

import agentgov.store.group as groups
from agentgov.errors import IncompleteError
from agentgov.store.group import Asked, GroupWriter


class Away:
    """A database that is away. It looks after itself when a work was taken, and then something urgent is asked for."""

    writer: GroupWriter
    urgent: "Future[Any] | None" = None

    def __init__(self) -> None:
        self.asked, self.looks = Event(), 0

    def begin(self) -> None:
        raise IncompleteError("it is away")

    def attempt(self, asked: Asked) -> None:
        raise AssertionError

    def commit(self) -> None:
        raise AssertionError

    def rollback(self) -> None:
        pass

    def idle(self) -> None:
        assert self.asked.wait(PATIENCE)
        self.looks += 1
        if self.looks == 2:  # the first work has its answer, and the second one is taken
            self.urgent = self.writer.ask(lambda _: None, urgent=True)


def test_what_waits_behind_something_urgent_hears_that_nothing_can_be_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_IDLE", 0.0)
    away = Away()
    away.writer = GroupWriter(away, "writer")
    asked = [away.writer.ask(lambda _: None) for _ in range(3)]
    away.asked.set()
    for future in asked:
        with pytest.raises(IncompleteError):
            future.result(PATIENCE)
    away.writer.close()
    assert away.urgent is not None
    with pytest.raises(IncompleteError):
        away.urgent.result(PATIENCE)
