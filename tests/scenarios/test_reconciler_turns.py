"""The loop of a watch goes on at once where a tick left something to the next one."""

import pytest
from patience import PATIENCE, ends
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.cli.context import Context
from agentgov.cli.release.reconcile_loop import Setup, _Turning
from agentgov.cli.watch import Stop


def test_a_tick_that_left_something_is_followed_by_the_next_one_at_once(
    fleet: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agent in (TRIAGE, PAYROLL):
        fleet.release("alice", agent, "1.0.0")
    monkeypatch.setattr("agentgov.release.writing.LONGEST", 0.0)
    monkeypatch.setattr("agentgov.release.taking_over.MOST", 1)
    stop, reconciler = Stop(), fleet.reconciler(fleet.actor("reconciler"))
    setup = Setup(Context(fleet.repo, fleet.journal), None, accept_unreviewed=False)
    turning = _Turning(setup, 3600, "json", stop, reconciler=reconciler)
    turning.turn()
    assert len(fleet.known().state.released()) == 1
    with ends():
        assert not stop.wait(2 * PATIENCE)  # whoever waits for an hour is woken
    turning.turn()
    assert fleet.known().state.released() == (PAYROLL, TRIAGE)
    assert not reconciler.attention.until  # what it wrote may bring more
