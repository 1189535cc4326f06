"""Pauses by label, tool and model: who is stopped, who may say so, and who may lift them."""

import hostile
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, FleetSimulator, access_file, agent_file

from agentgov.errors import RefusedError
from agentgov.journal.pausing import pause_of
from agentgov.journal.query import acts_on
from agentgov.journal.traits import selected, selects


def _gold(text: str) -> str:
    """agent.yaml with a label and another tool."""
    labelled = text.replace("metadata: {", "metadata: {labels: {tier: gold}, ", 1)
    return labelled.replace("effect: read}]", "effect: read}, {name: ticket.close, effect: write}]")


def _paused(world: FleetSimulator) -> tuple[bool, bool]:
    view = world.view()
    return tuple(pause_of(view, one, world.clock()) is not None for one in (TRIAGE, PAYROLL))  # type: ignore[return-value]


def _pause(world: FleetSimulator, who: str, selector: str) -> None:
    world.append(hostile.write(world, who, "pause", [("Selector", selector), ("Mode", "stop")]), by=who)


def _resume(world: FleetSimulator, who: str, selector: str) -> None:
    world.append(hostile.write(world, who, "resume", [("Selector", selector)]), by=who)


def _take_over(world: FleetSimulator, text: str) -> None:
    world.commit("carol", {TRIAGE.file: text})
    for who in ("alice", "bob", "erin"):
        world.review(who)
    assert world.advance().state.pending == {}


PLAIN = agent_file(TRIAGE, team="support")
MODEL = "model:anthropic/claude-sonnet-4-5"


@pytest.mark.parametrize("selector", ["tier=gold", "tool:ticket.close"])
def test_a_pause_stops_the_agents_that_have_it_and_nobody_else(local: FleetSimulator, selector: str) -> None:
    _take_over(local, _gold(PLAIN))
    _pause(local, "erin", selector)
    assert _paused(local) == (True, False)
    assert list(selected(local.view(), selector)) == [TRIAGE]
    _resume(local, "erin", selector)
    assert _paused(local) == (False, False)


def test_a_model_stops_all_agents_that_may_run_on_it(local: FleetSimulator) -> None:
    view = local.view()
    assert selects(view, MODEL, TRIAGE)
    _pause(local, "erin", MODEL)
    assert _paused(local) == (True, True)


def test_an_agent_that_loses_the_label_in_main_is_stopped_as_long_as_it_runs_with_it(shipped: PipelineWorld) -> None:
    _take_over(shipped, _gold(PLAIN))
    shipped.ship("1.1.0")
    _take_over(shipped, PLAIN)
    _pause(shipped, "erin", "tier=gold")
    assert _paused(shipped) == (True, False)


def test_it_takes_the_right_on_everybody_who_is_meant(local: FleetSimulator) -> None:
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    narrow = access_file(keys).replace('who: [erin], agents: ["**"]', 'who: [erin], agents: ["support/*"]')
    local.commit(
        "carol",
        {"governance/access.yaml": narrow, PAYROLL.file: _gold(agent_file(PAYROLL, team="finance", risk="high"))},
    )
    for who in ("carol", "alice", "bob", "erin"):
        local.review(who)
    assert local.advance().state.pending == {}
    with pytest.raises(RefusedError, match=r"authority\.permission"):
        _pause(local, "erin", "tier=gold")
    with pytest.raises(RefusedError, match=r"authority\.no-agent"):
        _pause(local, "erin", "tier=silver")
    _pause(local, "alice", "tier=gold")
    assert _paused(local) == (False, True)


def test_a_pause_that_means_nobody_any_more_is_lifted_by_an_administrator(local: FleetSimulator) -> None:
    _take_over(local, _gold(PLAIN))
    _pause(local, "erin", "tier=gold")
    _take_over(local, PLAIN)
    assert _paused(local) == (False, False)
    with pytest.raises(RefusedError, match=r"authority\.no-agent"):
        _resume(local, "erin", "tier=gold")
    with pytest.raises(RefusedError, match=r"authority\.no-agent"):
        _pause(local, "carol", "tier=gold")
    _resume(local, "carol", "tier=gold")
    assert local.view().state.pauses() == {}


def test_the_history_of_an_agent_tells_pauses_by_label(local: FleetSimulator) -> None:
    _take_over(local, _gold(PLAIN))
    _pause(local, "erin", "tier=gold")
    view = local.view()
    assert next(acts_on(local.repo, view.tip, TRIAGE)).act.kind == "pause"
    assert all(one.act.kind != "pause" for one in acts_on(local.repo, view.tip, PAYROLL))
