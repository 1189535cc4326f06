"""A remote that refuses, is slow, hangs up at the worst moment or is gone: nothing lost, nothing twice, all told."""

import os
from pathlib import Path

import gitworld
import pytest
from faultworld import hook
from patience import ends
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.errors import IncompleteError, RefusedError
from agentgov.release import orders
from templates import copied, further


@pytest.fixture(scope="module")
def once(once_shipped: PipelineWorld, tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    def release(world: PipelineWorld) -> None:
        world.write("Words of v1.1.0.")
        world.release("alice", TRIAGE, "1.1.0")

    return further(tmp_path_factory.mktemp("due"), once_shipped, release)


@pytest.fixture
def due(once: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    """A fleet with a release that the next tick sees and stages."""
    return copied(once, tmp_path)


def test_a_remote_that_refuses_pushes_is_told_and_not_stormed(due: PipelineWorld) -> None:
    log = due.folder / "tries"
    refusing = hook(due, "pre-receive", f"echo try >> {log}\necho 'GH006: protected branch' >&2\nexit 1")
    tip = due.tip()
    with pytest.raises(RefusedError, match=r"does not take pushes(.|\n)*GH006: protected branch"):
        due.run()
    assert log.read_text().count("try") <= 5
    assert due.tip() == tip
    refusing.unlink()
    due.until(lambda at: due.running() == "1.1.0")
    due.check()


def test_a_refused_tick_leaves_this_clone_as_it_was(due: PipelineWorld) -> None:
    refusing = hook(due, "pre-receive", "exit 1")
    before = gitworld.git(due.work, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
    with pytest.raises(RefusedError):
        due.run()
    assert gitworld.git(due.work, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads") == before
    refusing.unlink()
    assert due.journal.view(due.clock()).tip == due.tip()


def test_a_slow_remote_is_waited_for(due: PipelineWorld) -> None:
    hook(due, "pre-receive", "sleep 1")
    assert len(due.run().acts) == 2
    due.check()


def test_a_connection_that_drops_after_the_push_landed(due: PipelineWorld) -> None:
    hook(due, "post-receive", "kill -9 $PPID")
    assert due.run().acts == (f"see release {TRIAGE}/v1.1.0", f"stage {TRIAGE} v1.1.0")
    due.until(lambda at: due.running() == "1.1.0")
    assert due.kinds().count("graduate") == 2
    due.check()


def test_a_remote_that_goes_away_with_the_outcome_unknown(due: PipelineWorld) -> None:
    away = due.folder / "away.git"
    vanishing = hook(due, "post-receive", f"mv {due.remote} {away}")
    with pytest.raises(IncompleteError):
        due.run()
    away.rename(due.remote)
    vanishing.unlink()
    assert due.kinds()[-1] == "release-seen"  # it had landed
    due.until(lambda at: due.running() == "1.1.0")
    assert [due.kinds().count(kind) for kind in ("release-seen", "stage", "graduate")] == [2, 2, 2]
    due.check()


def test_a_rollback_with_unknown_outcome_is_not_done_twice(shipped: PipelineWorld) -> None:
    shipped.ship("1.1.0")
    shipped.ship("1.2.0")
    away = shipped.folder / "away.git"
    vanishing = hook(shipped, "post-receive", f"mv {shipped.remote} {away}")
    left = orders.running(shipped.view(), TRIAGE)
    with pytest.raises(IncompleteError):
        shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="bad")
    away.rename(shipped.remote)
    vanishing.unlink()
    shipped.order("erin", orders.order_rollback, TRIAGE, None, leaves=left, reason="bad")
    assert shipped.running() == "1.1.0"
    shipped.check()


def test_a_remote_that_is_gone_ends_the_tick_at_once_with_nothing_half_done(due: PipelineWorld) -> None:
    actor, tip = due.actor("reconciler"), due.tip()
    away = due.remote.rename(due.folder / "away.git")
    with ends():
        with pytest.raises(IncompleteError, match="gave no answer") as caught:
            due.reconciler(actor).tick()
        assert caught.value.exit_code == 3
    away.rename(due.remote)
    assert due.tip() == tip
    due.until(lambda at: due.running() == "1.1.0")


def test_a_lock_on_the_remote_is_a_refusal_until_it_is_gone(due: PipelineWorld) -> None:
    lock = due.remote / "refs/heads/agentgov/journal.lock"
    lock.touch()
    with pytest.raises(RefusedError, match="does not take pushes"):
        due.run()
    lock.unlink()
    assert len(due.run().acts) == 2


def test_a_second_writer_between_our_look_and_our_push(due: PipelineWorld) -> None:
    other = due.clone(due.folder / "other")

    def erin_pauses() -> None:
        other.order("erin", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="odd")

    report = due.run(before_signing=erin_pauses)
    assert report.acts == (f"see release {TRIAGE}/v1.1.0", f"stage {TRIAGE} v1.1.0")
    assert [act.kind for act in due.acts()][-3:] == ["pause", "release-seen", "stage"]
    due.check()


def test_the_kept_history_is_kept_by_whoever_is_first(shipped: PipelineWorld) -> None:
    new = gitworld.make_commit(shipped.work, (), gitworld.git(shipped.work, "rev-parse", "main^{tree}").decode())
    old = shipped.head()
    gitworld.git(shipped.work, "reset", "-q", "--hard", new)
    shipped.point("refs/heads/main", new)
    other = shipped.clone(shipped.folder / "other")
    gitworld.git(other.work, "fetch", "-q", str(shipped.work), old)
    shipped.run(before_signing=lambda: other.reconciler(other.actor("reconciler")).tick())
    kept = gitworld.git(shipped.remote, "rev-list", "--parents", "agentgov/kept").decode().splitlines()
    assert sum(old in line.split(" ")[1:] for line in kept) == 1
    shipped.check()


@pytest.mark.parametrize("locked", ["this ref", "everything"])
def test_locks_that_a_killed_git_left_here_stop_nothing(due: PipelineWorld, locked: str) -> None:
    git_dir = due.work / ".git"
    places = [
        "refs/remotes/origin/agentgov/journal",
        "refs/heads/agentgov/journal",
        "refs/remotes/origin/main",
        f"refs/agentgov/tags/{TRIAGE}/v1.1.0",
        "packed-refs",
        "HEAD",
    ]
    other = due.clone(due.folder / "other")
    for place in places[:1] if locked == "this ref" else places:
        lock = git_dir / f"{place}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    other.write("Words of v1.2.0.")  # main moves on without this clone
    other.release("alice", TRIAGE, "1.2.0")
    with pytest.raises(IncompleteError, match="this clone lacks act"):
        due.known()  # offline, a clone that is behind cannot tell
    due.run()
    due.until(lambda at: due.running() == "1.2.0")
    assert due.known().tip == due.tip()
    due.check()


def test_a_clone_without_the_release_tag_fetches_it_itself(due: PipelineWorld) -> None:
    other = due.clone(due.folder / "other")
    for ref in gitworld.git(other.work, "tag").decode().splitlines():
        gitworld.git(other.work, "tag", "-d", ref)
    gitworld.git(other.work, "gc", "-q", "--prune=now")
    assert len(other.run().acts) == 2
    assert os.listdir(other.work / ".git/refs/agentgov/tags")
