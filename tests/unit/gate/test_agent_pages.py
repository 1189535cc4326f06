"""Pages of agents: each agent that somebody may see stands on exactly one of them, in order."""

from hypothesis import given
from hypothesis import strategies as st

from agentgov.gate.routes.agent import page
from agentgov.model.names import AgentId, agent_id

NAMES = st.builds(AgentId, st.sampled_from(("a", "a-b", "b")), st.sampled_from(("x", "x-y", "y", "z")))


@given(st.sets(NAMES), st.sets(NAMES), st.integers(1, 5))
def test_pages_hold_each_agent_in_scope_once(known: set[AgentId], hidden: set[AgentId], most: int) -> None:
    after: AgentId | None = None
    found: list[AgentId] = []
    while True:
        shown, behind = page(sorted(known), after, lambda one: one not in hidden, most)
        found += shown
        if not behind:
            break
        assert len(shown) == most
        after = agent_id(behind)
    assert found == sorted(known - hidden)
