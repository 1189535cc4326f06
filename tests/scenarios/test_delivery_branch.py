"""The rendered branch: what the journal says, the same from every clone, whoever pushes there."""

import json
from pathlib import Path
from typing import Any

import gitworld
import pytest
import yaml
from pipelineworld import PipelineWorld
from simulator import TRIAGE

from agentgov.delivery.branch import RenderedBranch, read_rendered, rendered_ref
from agentgov.delivery.branches import follow_all
from agentgov.delivery.choose import Deliveries
from agentgov.delivery.document import Documents
from agentgov.delivery.render import Unwritten, paths_of, write_tree
from agentgov.journal.parts import Overlay
from agentgov.journal.view import View, view_at
from agentgov.model.verdict import Reason
from agentgov.release import orders
from templates import copied

CONFIG, MANIFEST = paths_of(TRIAGE)
REF = rendered_ref("production")


@pytest.fixture
def world(tmp_path: Path, once_rendered: PipelineWorld) -> PipelineWorld:
    """One agent in production, in a fleet that wants production rendered."""
    return copied(once_rendered, tmp_path)


def render(world: PipelineWorld) -> tuple[Reason, ...]:
    """What the reconciler does after a tick."""
    view = world.view()
    return Deliveries(world.journal, world.appender("reconciler")).follow(view, (), world.clock())


def tip(world: PipelineWorld) -> str:
    return gitworld.git(world.remote, "rev-parse", REF).decode().strip()


def document(world: PipelineWorld) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gitworld.git(world.remote, "show", f"{REF}:{CONFIG}"))
    return found


def is_there(world: PipelineWorld) -> bool:
    return CONFIG in gitworld.git(world.remote, "ls-tree", "-r", "--name-only", REF).decode()


def from_nothing(view: View) -> str:
    """The tree as somebody computes it who knows nothing but the journal."""
    return write_tree(view_at(view.repo, view.tip), Documents("production"), Unwritten(Overlay(view.repo)))


def assert_true(world: PipelineWorld) -> None:
    """The branch says what the journal says, signed by a reconciler."""
    view = world.view()
    found = read_rendered(view, tip(world))
    assert found is not None
    assert (found.seq, found.tip, found.tree) == (view.state.head.seq, view.tip, from_nothing(view))


def test_the_branch_follows_canary_pause_and_rollback(world: PipelineWorld, tmp_path: Path) -> None:
    assert render(world) == ()
    assert_true(world)
    assert document(world)["stable"]["files"][f"{TRIAGE.folder}/prompts/system.md"] == {"text": "Version 1.0.0.\n"}
    manifest = yaml.safe_load(gitworld.git(world.remote, "show", f"{REF}:{MANIFEST}"))
    assert manifest["kind"] == "ConfigMap"
    assert json.loads(manifest["data"]["agent.json"]) == document(world)

    world.write("Version 1.1.0.")
    world.release("alice", TRIAGE, "1.1.0")
    at = world.until(lambda at: at.canary.state == "RAMP")
    assert render(world) == ()
    assert_true(world)
    assert document(world)["canary"]["share"] == at.canary.share > 0

    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it lies")
    assert render(world) == ()
    assert_true(world)
    assert not is_there(world)

    world.order("erin", orders.order_resume, str(TRIAGE))
    assert render(world) == ()
    assert_true(world)
    assert from_nothing(world.clone(tmp_path / "other").view()) == from_nothing(world.view())
    before = tip(world)
    assert render(world) == ()
    assert tip(world) == before  # nothing new, nothing written


def test_what_somebody_else_pushes_is_told_and_rendered_over(world: PipelineWorld) -> None:
    render(world)
    ours = tip(world)
    forged = (
        gitworld.git(world.work, "commit-tree", "-p", ours, "-m", "mine", world.head() + "^{tree}").decode().strip()
    )
    world.push(f"{forged}:{REF}")
    assert [one.rule for one in render(world)] == ["rendered.foreign"]
    assert_true(world)
    assert gitworld.git(world.remote, "merge-base", "--is-ancestor", forged, REF) == b""
    assert render(world) == ()


def test_a_remote_that_refuses_the_branch_stops_nothing_else(world: PipelineWorld) -> None:
    hook = world.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nwhile read old new ref; do case $ref in */rendered/*) exit 1;; esac; done\n")
    hook.chmod(0o755)
    assert [one.rule for one in render(world)] == ["rendered.refused"]
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it lies")
    hook.unlink()
    assert render(world) == ()
    assert not is_there(world)


def test_two_reconcilers_render_one_act_once(world: PipelineWorld, tmp_path: Path) -> None:
    other = world.clone(tmp_path / "other")
    assert render(world) == render(other) == ()
    assert gitworld.git(world.remote, "rev-list", "--count", REF).strip() == b"1"
    follower = RenderedBranch(other.journal, other.appender("gate"), "production")
    world.order("erin", orders.order_pause, str(TRIAGE), mode="read-only", until=0, reason="it lies")
    follow_all(other.journal, (follower,), other.view())  # a key that is no reconciler's counts for nothing
    assert [one.rule for one in render(world)] == ["rendered.foreign"]
    assert_true(world)
