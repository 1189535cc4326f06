"""Playbooks to begin with are in order from the first day, for one agent and for all."""

import pytest
from unit.validate.fleet_sample import AGENT, findings

from agentgov.model.names import AgentId
from agentgov.model.playbook_kinds import KINDS, Kind
from agentgov.scaffold.playbooks import playbook_file, playbook_text

REFUNDS = AgentId("support", "refunds")


@pytest.mark.parametrize("agent", [REFUNDS, None], ids=["one", "all"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_playbook_is_in_order_and_covers_what_it_must(kind: Kind, agent: AgentId | None) -> None:
    file = playbook_file(kind, agent)
    text = playbook_text(kind, agent, "team:support")
    linked = ("playbook: playbooks/refunds.yaml", f"playbook: {file}")
    assert findings({file: text, AGENT: linked}) == ()
