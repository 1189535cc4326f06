"""Waits between attempts at the journal: none for whoever is alone, room for others, and patience that ends."""

from agentgov.journal.backoff import Backoff


def test_who_is_alone_never_waits() -> None:
    backoff = Backoff()
    for _ in range(5):
        assert backoff.before() == 0
        backoff.landed()


def test_waits_grow_with_the_others_and_end_with_patience() -> None:
    rounds: list[list[float]] = [[] for _ in range(40)]
    for _ in range(300):
        backoff = Backoff()
        for waits in rounds:
            waits.append(backoff.lost(0.2))
    most = [max(waits) for waits in rounds]
    assert most[0] <= 0.2
    assert most[0] < most[2] < most[4] <= 16 * 0.2
    assert most[39] < most[4] / 8
    assert min(map(min, rounds)) >= 0


def test_others_are_remembered_for_the_next_act_and_then_forgotten() -> None:
    waits = []
    for _ in range(100):
        backoff = Backoff()
        backoff.lost(1.0)
        backoff.lost(1.0)
        backoff.landed()
        waits.append(backoff.before())
        backoff.landed()
        assert backoff.before() == 0
    assert 0.5 < max(waits) <= 1


def test_the_quickest_attempt_is_the_measure() -> None:
    backoff = Backoff()
    backoff.lost(0.1)
    assert max(backoff.lost(50.0) for _ in range(4)) <= 16 * 0.1
