"""What a live drill tells people to do is what it measures."""

import pytest

from agentgov.cli.on_call.drill_live import begun
from agentgov.model.names import AgentId
from agentgov.model.playbook import Drill, Objective


@pytest.mark.parametrize(("metric", "stops"), [("time-to-pause", True), ("time-to-acknowledge", False)])
def test_nobody_is_told_to_pause_an_agent_whose_pause_is_not_measured(metric: str, stops: bool) -> None:
    goal = Objective(id="goal", metric=metric, target="5m")
    drill = Drill(
        name="alarm",
        type="live",
        playbook="playbooks/triage.yaml",
        objectives=(goal,),
        fault="errors",
    )
    told = begun(drill, AgentId("support", "triage"), None, ["errors"]).text()
    assert "agentgov alert ack FINGERPRINT" in told
    assert ("agentgov pause support/triage" in told) is stops
