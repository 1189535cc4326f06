"""Several reconcilers, and one whose memory is old, damaged, lost or read-only: time is lost, and nothing else."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

from agentgov.release import orders
from agentgov.release.memory import MemoryStore
from templates import copied, further

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def once(once_shipped: PipelineWorld, tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return further(tmp_path_factory.mktemp("soaking"), once_shipped, _soak)


@pytest.fixture
def soaking(once: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    """A fleet with a candidate that has soaked for ten of fifteen minutes in staging."""
    return copied(once, tmp_path)


def _soak(shipped: PipelineWorld) -> None:
    shipped.govern({"governance/pipeline.yaml": pipeline_file(soak="15m")})
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.run(4)
    assert "soak 10m of 15m" in shipped.waits(shipped.last)


def codes(fleet: PipelineWorld) -> list[str]:
    return [note.rule for note in fleet.last.notes]


def at_once(*tasks: Callable[[], object]) -> None:
    """Run tasks in threads that start together; the first failure is raised."""
    barrier, failures = threading.Barrier(len(tasks)), list[BaseException]()

    def run(task: Callable[[], object]) -> None:
        barrier.wait()
        try:
            task()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_two_reconcilers_from_one_base_land_one_transition(soaking: PipelineWorld) -> None:
    second = soaking.clone(soaking.folder / "second")
    (second.folder / "memory.json").write_bytes((soaking.folder / "memory.json").read_bytes())
    soaking.clock.pass_(300)
    ticks = [fleet.reconciler(fleet.actor("reconciler")).tick for fleet in (soaking, second)]
    at_once(*ticks)
    assert soaking.view().state.deployment(TRIAGE).staging.state == "PASSED"
    assert soaking.kinds().count("pass") == 2  # that of v1.0.0, and one
    soaking.check()


def test_two_reconcilers_that_share_a_memory_soak_no_faster_than_one(soaking: PipelineWorld) -> None:
    second = soaking.clone(soaking.folder / "second")
    both = [fleet.reconciler(fleet.actor("reconciler")) for fleet in (soaking, second)]
    both[1].store = MemoryStore(both[0].store.path)
    for _ in range(4):
        soaking.clock.pass_(60)
        at_once(*(one.tick for one in both))
        assert soaking.view().state.deployment(TRIAGE).staging.state == "SOAKING"
    soaking.clock.pass_(60)
    at_once(*(one.tick for one in both))
    assert soaking.view().state.deployment(TRIAGE).staging.state == "PASSED"
    soaking.check()


def test_a_memory_that_another_process_holds_is_left_as_it_is(soaking: PipelineWorld) -> None:
    one = soaking.reconciler(soaking.actor("reconciler"))
    one.store = MemoryStore(one.store.path, patience=0.0)
    before = one.store.path.read_bytes()
    soaking.clock.pass_(60)
    with MemoryStore(one.store.path).held():
        assert [note.rule for note in one.tick().notes] == ["reconcile.memory"]
    assert one.store.path.read_bytes() == before


def test_four_reconcilers_take_a_release_to_production_together(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    fleets = [shipped, *(shipped.clone(shipped.folder / f"clone-{number}") for number in range(3))]
    for _ in range(14):
        shipped.clock.pass_(300)
        shipped.view()
        counts = shipped.traffic()
        at_once(*(fleet.reconciler(fleet.actor("reconciler"), counts).tick for fleet in fleets))
    shipped.view()
    assert shipped.running() == "1.1.0"
    expected = ["release-seen", "stage", "pass", "canary", "share", "graduate", "settle"]
    assert shipped.kinds()[-7:] == expected
    assert shipped.kinds().count("graduate") == 2
    shipped.check()


def test_a_reconciler_and_people_on_one_clone_at_once(shipped: PipelineWorld) -> None:
    """One machine, one clone, one user: neither takes what the other saw for a rewound journal."""

    def hold() -> None:
        for lift in (False, True) * 3:
            other = shipped.beside()
            other.order("erin", orders.order_hold, TRIAGE, lift=lift, reason="again")

    def reconcile() -> None:
        for version in ("1.1.0", "1.2.0", "1.3.0"):
            shipped.release("alice", TRIAGE, version)
            shipped.run(after=60)

    at_once(hold, reconcile)
    shipped.view()
    assert shipped.kinds().count("hold") == 6
    assert len(shipped.known().state.releases(TRIAGE)) == 4
    shipped.check()


def test_a_memory_that_is_lost_restarts_the_soak(soaking: PipelineWorld) -> None:
    (soaking.folder / "memory.json").unlink()
    soaking.run()
    assert "soak 0s of 15m" in soaking.waits(soaking.last)
    soaking.until(lambda at: at.staging.state == "PASSED", most=4)


def test_a_memory_that_is_damaged_restarts_the_soak_and_says_so(soaking: PipelineWorld) -> None:
    (soaking.folder / "memory.json").write_bytes(b'{"version": 1, "agents": {"support/triage": ')
    soaking.run()
    assert codes(soaking) == ["reconcile.memory"]
    assert "soak 0s of 15m" in soaking.waits(soaking.last)
    soaking.run()
    assert codes(soaking) == []


def test_a_memory_of_long_ago_never_advances_anything(soaking: PipelineWorld) -> None:
    old = (soaking.folder / "memory.json").read_bytes()
    soaking.until(lambda at: at.staging.state == "PASSED")
    soaking.write("Words of v1.2.0.")
    soaking.order("bob", orders.order_abort, TRIAGE, reason="a better one comes")
    soaking.release("alice", TRIAGE, "1.2.0")
    soaking.until(lambda at: at.staging.state == "SOAKING")
    (soaking.folder / "memory.json").write_bytes(old)
    soaking.run()
    assert "soak 0s of 15m" in soaking.waits(soaking.last)
    soaking.run(2)
    assert soaking.at().staging.state == "SOAKING"
    soaking.check()


def test_a_memory_from_the_future_adds_no_soak(soaking: PipelineWorld) -> None:
    path = soaking.folder / "memory.json"
    memory = json.loads(path.read_bytes())
    memory["agents"][str(TRIAGE)]["at"] += 86_400  # written under a clock that has been set back since
    path.write_text(json.dumps(memory))
    soaking.run()
    assert "soak 10m of 15m" in soaking.waits(soaking.last)
    soaking.run()
    assert soaking.at().staging.state == "PASSED"


def test_a_memory_that_cannot_be_written_is_told_and_stops_no_failing_canary(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.canary.state == "RAMP")
    path = shipped.folder / "memory.json"
    remembered = path.read_bytes()
    path.unlink()
    path.mkdir()
    shipped.run()
    assert codes(shipped) == ["reconcile.memory"]
    path.rmdir()
    path.write_bytes(remembered)
    shipped.until(lambda at: at.canary.state == "FAILED", bad=0.5, most=2)
    shipped.check()


def test_processes_on_one_clone_append_side_by_side(shipped: PipelineWorld) -> None:
    """The real commands of four people at once: four acts, none refused, none lost."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from agentgov.cli.main import run;"
        "run(['pause', 'support/triage', '--reason', sys.argv[2], '--repo', sys.argv[3]])"
    )
    people = ("alice", "bob", "carol", "erin")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(PROJECT), who, str(shipped.work)],
            env=os.environ | shipped.variables(who),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for who in people
    ]
    said = [process.communicate(timeout=PATIENCE)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    shipped.view()
    assert sorted(act.reason for act in shipped.acts() if act.kind == "pause") == list(people)
