"""A good signature is no proof: a reconciler notices what a rendered branch should not hold, says so, and mends it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import gitworld
import pytest
from patience import until
from pipelineworld import PipelineWorld
from scenarios.test_delivery_verify import _lose, put, verified
from simulator import TRIAGE
from watchworld import watching

from agentgov.cli.context import open_context
from agentgov.cli.release.reconcile_loop import Setup
from agentgov.cli.run_time.serve_reconciling import Reconciling
from agentgov.delivery.branch import rendered_ref
from agentgov.delivery.choose import Deliveries
from agentgov.delivery.render import INDEX, paths_of
from agentgov.model.verdict import Effect, Reason
from agentgov.release import orders
from templates import copied

CONFIG, MANIFEST = paths_of(TRIAGE)
REF = rendered_ref("production")
Tree = Callable[[str], str]


@pytest.fixture
def world(once_rendered: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    """One agent in production, rendered by a process that has ended."""
    found = copied(once_rendered, tmp_path)
    assert follow(found, process(found)) == ()
    return found


def process(world: PipelineWorld, patience: float = 60) -> Deliveries:
    """What a reconciler has when it starts."""
    return Deliveries(world.journal, world.appender("reconciler"), patience=patience)


def follow(world: PipelineWorld, running: Deliveries) -> tuple[Reason, ...]:
    """One tick of it."""
    return running.follow(world.view(), (), world.clock())


def commits(world: PipelineWorld) -> int:
    return int(gitworld.git(world.remote, "rev-list", "--count", REF))


def hold(world: PipelineWorld) -> None:
    """An act that changes no document."""
    world.order("erin", orders.order_hold, TRIAGE, lift=False, reason="wait")


def pause(world: PipelineWorld) -> None:
    """An act after which everything is rendered again."""
    world.order("erin", orders.order_pause, f"{TRIAGE.workspace}/*", mode="read-only", until=0, reason="it lies")


def wrong(world: PipelineWorld, kind: str) -> Tree:
    """Trees that a stolen key could sign, or an older version."""
    repo = world.beside().repo

    def changed(tree: str) -> str:
        entry = repo.entry(tree, INDEX)
        assert entry is not None
        index = json.loads(repo.blob(entry.oid))
        texts = {
            "file": {CONFIG: b'{"agent":"mine"}\n'},
            "manifest alone": {MANIFEST: b"kind: Secret\n"},
            "one too many": {"config/zz/mine.json": b"{}\n"},
            "beside": {"README": b"Welcome.\n"},
            "older version": {INDEX: json.dumps(index | {"schema": "agentgov.rendered/0"}).encode()},
            "no index": {INDEX: b"\xff["},
            "no folder": {"config": b"a file\n"},
        }[kind]
        return repo.put_files(tree, {path: (0o100644, repo.write_blob(raw)) for path, raw in texts.items()})

    return changed


KINDS = ("file", "manifest alone", "one too many", "beside", "older version", "no index", "no folder")


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_starts_notices_what_is_wrong_and_mends_it(world: PipelineWorld, kind: str) -> None:
    forged = put(world, "reconciler", wrong(world, kind))
    verified(world, code=1)
    (told,) = follow(world, process(world))
    assert (told.rule, told.effect) == ("rendered.differs", Effect.DENY)
    assert forged[:12] in told.message
    assert verified(world, code=0)["verdict"] == "accept"
    assert gitworld.git(world.remote, "merge-base", "--is-ancestor", forged, REF) == b""


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_noticed_also_where_the_journal_went_on_meanwhile(world: PipelineWorld, kind: str) -> None:
    put(world, "reconciler", wrong(world, kind))
    hold(world)
    running = process(world)
    assert [one.rule for one in follow(world, running)] == ["rendered.differs"]
    assert verified(world, code=0)["verdict"] == "accept"
    assert follow(world, running) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_runs_notices_at_its_next_tick(world: PipelineWorld, kind: str) -> None:
    running = process(world)
    assert follow(world, running) == ()
    put(world, "reconciler", wrong(world, kind))
    assert [one.rule for one in follow(world, running)] == ["rendered.differs"]
    assert verified(world, code=0)["verdict"] == "accept"
    before = commits(world)
    assert follow(world, running) == ()
    assert commits(world) == before


def test_what_a_second_reconciler_renders_rightly_is_right(world: PipelineWorld, tmp_path: Path) -> None:
    other = world.clone(tmp_path / "other")
    both = [(world, process(world)), (other, process(other))]
    for act in (hold, pause, hold):
        act(world)
        before = commits(world)
        assert [follow(*one) for one in both] == [(), ()]
        assert commits(world) == before + 1
        both.reverse()
    assert verified(world, code=0)["verdict"] == "accept"


def test_two_that_do_not_agree_write_once_for_each_act(world: PipelineWorld) -> None:
    running = process(world)
    follow(world, running)
    put(world, "reconciler", wrong(world, "file"))
    assert [one.rule for one in follow(world, running)] == ["rendered.differs"]
    put(world, "reconciler", wrong(world, "file"))
    before = commits(world)
    assert [one.rule for one in follow(world, running)] == ["rendered.differs"]  # told, and left to whoever comes
    assert commits(world) == before
    hold(world)
    assert [one.rule for one in follow(world, running)] == ["rendered.differs"]
    assert verified(world, code=0)["verdict"] == "accept"


def test_a_check_that_takes_long_lets_ticks_go_on_and_is_followed_by_the_next(world: PipelineWorld) -> None:
    put(world, "reconciler", wrong(world, "file"))
    running = process(world, patience=0)
    hold(world)
    assert follow(world, running) == ()
    was_busy = running.busy
    assert was_busy
    assert running.lag == {"rendered/production": 0}  # what is new was delivered first
    pause(world)
    assert [one.rule for one in follow(world, running)] == ["rendered.differs"]
    assert not running.busy
    assert follow(world, running) == ()
    assert verified(world, code=0)["verdict"] == "accept"


def test_a_branch_that_goes_away_meanwhile_is_written_from_nothing_and_the_check_is_over(world: PipelineWorld) -> None:
    running = process(world, patience=0)
    follow(world, running)
    was_busy = running.busy
    world.push(f":{REF}")
    assert follow(world, running) == ()
    assert (was_busy, running.busy) == (True, False)
    assert commits(world) == 1
    assert verified(world, code=0)["verdict"] == "accept"


def test_what_cannot_be_computed_is_told_and_not_tried_at_every_tick(world: PipelineWorld, tmp_path: Path) -> None:
    other = world.clone(tmp_path / "other")
    view = other.view()
    blob = view.repo.entry(view.authorised, f"{TRIAGE.folder}/prompts/system.md")
    assert blob is not None
    _lose(other.work, blob.oid)
    other, before = other.beside(), commits(world)
    running = process(other)
    assert ["cannot be computed" in one.message for one in follow(other, running)] == [True]
    assert follow(other, running) == ()
    other.clock.pass_(3600)
    assert ["cannot be computed" in one.message for one in follow(other, running)] == [True]
    assert commits(world) == before


def test_a_watch_mends_what_it_finds(world: PipelineWorld) -> None:
    put(world, "reconciler", wrong(world, "file"))
    with watching(world, "--watch", "3600") as one:
        assert CONFIG in one.says("signed by a reconciler")
        until(lambda: gitworld.git(world.remote, "show", f"{REF}:{CONFIG}") != b'{"agent":"mine"}\n', "the right file")
        assert one.end() == 0
    world.clock.time = int(time.time())  # at which the watch has written
    assert verified(world, code=0)["verdict"] == "accept"


def test_the_reconciler_of_a_gate_says_so_in_its_log_once(
    world: PipelineWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in world.variables("reconciler").items():
        monkeypatch.setenv(name, value)
    put(world, "reconciler", wrong(world, "file"))
    beside = Reconciling(Setup(open_context(str(world.work)), None, False), 60)
    beside.look()
    beside.look()
    (told,) = (one.message for one in caplog.records if "rendered.differs" in one.message)
    assert CONFIG in told
