"""One lease serves every sticky key while none of them matters, no lease is older than it may be, and one thread asks
for all of them."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leases import ALONE, CANARY, SPLIT, STABLE, Paused
from leasinggate import LeasingGate, opened
from patience import until

from agentgov.runtime.bucketing import in_canary
from agentgov.sdk.answers import Offer
from agentgov.sdk.errors import Expired, Stopped, Unreachable
from agentgov.sdk.errors import Paused as PausedError

KEYS = [f"user-{number}" for number in range(50)]
FOREVER = 10.0**9


class Clock:
    """Seconds that a test lets pass; a little passes at each look, as it does."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now


def test_without_a_canary_one_lease_is_asked_for_and_all_keys_run_on_it() -> None:
    gate, clock = LeasingGate(), Clock()
    watch = gate.watch(clock, threads=True)
    keepers = [opened(watch, key) for key in KEYS]
    assert gate.asked == [""]
    assert len({id(one.current()) for one in keepers}) == 1
    clock.now += keepers[0].current().ttl
    watch.wake()
    until(lambda: len(gate.asked) == 2, "that it is asked for again")
    assert gate.asked == ["", ""]
    assert sum(thread.name == f"agentgov {watch.agent}" for thread in threading.enumerate()) == 2
    for one in keepers:
        one.close()
    assert gate.closed
    assert not [thread for thread in threading.enumerate() if thread.name == f"agentgov {watch.agent}"]


def test_a_second_release_is_told_as_soon_as_it_runs() -> None:
    gate = LeasingGate(SPLIT)
    watch = gate.watch(Clock(), threads=True)
    members = [key for key in KEYS if in_canary(SPLIT.rollout, key, SPLIT.share)]
    one = opened(watch, next(key for key in KEYS if key not in members))
    until(lambda: len(gate.told) == 1, "that the gate hears of the first")
    other = opened(watch, members[0])
    until(lambda: len(gate.told) == 2, "that it hears of the second, while no lease is old")
    one.close()
    other.close()


def test_while_a_canary_splits_them_each_key_has_its_own_lease() -> None:
    gate, clock = LeasingGate(SPLIT), Clock()
    watch = gate.watch(clock)
    keepers = {key: opened(watch, key) for key in KEYS}
    ours = {key for key in KEYS if in_canary(SPLIT.rollout, key, SPLIT.share)}
    assert 0 < len(ours) < len(KEYS)
    assert {key for key, one in keepers.items() if one.current().variant == "canary"} == ours
    assert gate.asked[:2] == ["", KEYS[0]]
    assert gate.asked.count("") == 1
    gate.deployed = replace(ALONE, stable=CANARY)
    watch.leases.doubt()
    clock.now += 100_000
    assert {one.current().release.name for one in keepers.values()} == {CANARY.name}
    assert gate.asked.count("") == 2  # that the canary is over is asked once
    gate.deployed = SPLIT
    with pytest.raises(Stopped, match="sticky key"):
        opened(gate.watch(clock))


def test_a_run_keeps_the_release_that_it_began_on() -> None:
    gate, clock = LeasingGate(SPLIT), Clock()
    watch = gate.watch(clock)
    both = [opened(watch, key, CANARY.name) for key in KEYS[:2]]
    assert {(one.current().variant, one.current().closure) for one in both} == {("pinned", CANARY.closure)}
    assert opened(watch, "", STABLE.name).current().closure == STABLE.closure
    assert gate.asked == ["", ""]


def test_a_pause_that_is_heard_stops_all_keys_until_a_newer_lease() -> None:
    gate, clock = LeasingGate(), Clock()
    watch = gate.watch(clock, threads=True)
    keepers = [opened(watch, key) for key in KEYS]
    gate.paused = [Paused()]
    gate.tell({"type": "paused", "id": Paused().id, "mode": "stop", "by": "alice", "reason": "why", "since": 1})

    def all_stopped() -> bool:
        try:
            for one in keepers:
                one.current()
        except PausedError as pause:
            return pause.by == "alice"
        return False

    until(all_stopped, "that all of them stop")
    until(lambda: any(heard == (Paused().id,) for _, _, heard in gate.told), "that the gate hears of it")
    asked = len(gate.asked)
    assert asked <= 3  # one thread asks once for all of them
    gate.paused = []
    gate.tell({"type": "refetchEvaluation"})
    until(lambda: not all_stopped(), "that they go on")
    for one in keepers:
        assert one.current().mode == "run"
        one.close()


def test_a_lease_that_was_asked_for_before_a_pause_does_not_end_it() -> None:
    gate, clock = LeasingGate(), Clock()
    watch = gate.watch(clock)
    keeper = opened(watch)
    before = watch.leases.get("", "", None)
    keeper.stopped(PausedError("it is paused", pause="1"))
    keeper._hold(before)
    gate.away = True
    with pytest.raises(PausedError):
        keeper.current()


def test_who_has_the_lease_looked_at_brings_none_back_that_is_refused_meanwhile() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            for _ in range(100):
                gate = LeasingGate()
                keeper = opened(gate.watch(Clock()))
                gate.paused = [Paused()]
                taken = pool.submit(keeper.take)
                while not taken.done():
                    keeper.wake()
                gate.away = True
                with pytest.raises(PausedError):
                    keeper.current()
    finally:
        sys.setswitchinterval(interval)


def test_what_waits_behind_a_slow_answer_is_told_when_the_program_ends() -> None:
    gate, slow, told, asked = LeasingGate(), threading.Event(), list[str](), threading.Event()
    watch = gate.watch(Clock())

    def first() -> None:
        asked.set()
        slow.wait()
        told.append("first")

    watch.later(first)
    watch.later(lambda: told.append("second"))
    telling = threading.Thread(target=watch.tell)
    telling.start()
    asked.wait()
    watch.last_words()
    assert told == ["second"]
    slow.set()
    telling.join()
    assert told == ["second", "first"]


def test_an_event_loop_waits_for_no_gate_and_goes_on_when_there_is_a_lease_again() -> None:
    gate, clock = LeasingGate(), Clock()
    keeper = opened(gate.watch(clock, threads=True))
    keeper.beside_loop = True
    gate.away = True
    clock.now += keeper.current().hard_expiry
    asked: list[str] = []
    lease = gate.lease

    def noted(known: str, key: str, pinned: str) -> Offer:
        asked.append(threading.current_thread().name)
        return lease(known, key, pinned)

    gate.lease = noted  # type: ignore[method-assign]
    with pytest.raises(Expired):
        keeper.current()
    gate.away = False
    clock.now += 10

    def runs() -> bool:
        try:
            return keeper.current().mode == "run"
        except Expired:
            return False

    until(runs, "that it goes on")
    assert set(asked) == {f"agentgov {keeper.watch.agent}"}
    keeper.close()


def test_a_process_that_runs_two_releases_says_so() -> None:
    gate, clock = LeasingGate(SPLIT), Clock()
    watch = gate.watch(clock)
    keepers = [opened(watch, key) for key in KEYS]
    watch.tell()
    told = {instance: closure for instance, closure, _ in gate.told}
    assert set(told.values()) == {STABLE.closure, CANARY.closure}
    assert sorted(told) == [watch.instance, f"{watch.instance}-{told[sorted(told)[1]][:8]}"]
    assert keepers


def test_agents_that_nobody_closed_are_watched_no_more_when_they_are_gone() -> None:
    gate, clock = LeasingGate(), Clock()
    keeper = opened(gate.watch(clock, threads=True))
    watch = keeper.watch
    del keeper
    watch.wake()
    until(lambda: gate.closed, "that the watch ends")


def test_who_cannot_be_opened_leaves_nothing_behind() -> None:
    gate, clock = LeasingGate(), Clock()
    gate.away = True
    with pytest.raises(Unreachable):
        opened(gate.watch(clock, threads=True))
    assert gate.closed


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["pass", "away", "back", "stable", "canary", "stop", "resume", "heard"]),
            st.floats(0, 200),
        ),
        max_size=12,
    ),
    keys=st.lists(st.sampled_from(["", *KEYS[:6]]), min_size=1, max_size=4),
)
def test_nobody_runs_on_what_the_gate_did_not_say_within_the_hard_expiry(
    steps: list[tuple[str, float]], keys: list[str]
) -> None:
    gate, clock = LeasingGate(), Clock()
    watch = gate.watch(clock)
    keepers = [opened(watch, key) for key in keys]
    hard = keepers[0].current().hard_expiry
    said = [(clock.now, gate.deployed, False)]  # since when the gate would have answered so, and whether it stopped

    def change(what: str) -> None:
        gate.away = {"away": True, "back": False}.get(what, gate.away)
        gate.deployed = {"stable": ALONE, "canary": SPLIT}.get(what, gate.deployed)
        gate.paused = {"stop": [Paused()], "resume": []}.get(what, gate.paused)
        if what == "heard":
            watch.leases.doubt()
        said.append((clock.now, gate.deployed, bool(gate.paused)))

    for what, seconds in steps:
        change(what)
        clock.now += seconds
        for one, key in zip(keepers, keys, strict=True):
            now = clock.now
            try:
                terms = one.current()
            except (Stopped, Expired):
                continue
            ends = [*(at for at, _, _ in said[1:]), FOREVER]
            recent = [it for it, end in zip(said, ends, strict=True) if end >= now - hard]
            assert any(not stop and terms.variant in _variants(at, key) for _, at, stop in recent)


def _variants(deployed: object, key: str) -> set[str]:
    if deployed is ALONE:
        return {"stable"}
    return {"canary" if in_canary(SPLIT.rollout, key, SPLIT.share) else "stable"} if key else set()
