"""What an agent's judgement needs of the rest of its fleet is what a look at every path of it would find."""

from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.names import AgentId
from agentgov.validate.neighbours import neighbours

_NAMES = st.sampled_from(["a", "A", "b", "shared", "x.md", "X.md", "d"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map(lambda parts: "/".join(("agents", *parts)))


@given(st.sets(_PATHS), st.sampled_from([AgentId("a", "b"), AgentId("a", "a"), AgentId("b", "d")]))
def test_the_paths_of_an_agent_are_those_below_its_folder_and_the_shared_texts(paths: set[str], agent: AgentId) -> None:
    found = neighbours(sorted(paths))
    own = {path for path in paths if path.startswith(f"{agent.folder}/")}
    shared = {path for path in paths if path.startswith(f"agents/{agent.workspace}/shared/")}
    assert set(found.of(agent)) == own
    assert set(found.nameable(agent)) == own | shared


def test_names_that_are_one_path_elsewhere_are_found_in_every_folder() -> None:
    paths = ["agents/Support/a/x", "agents/support/a/x", "agents/support/a/X", "governance/a.yaml", "governance/b.yaml"]
    assert sorted(sorted(names) for names in neighbours(paths).collisions) == [
        ["agents/Support", "agents/support"],
        ["agents/support/a/X", "agents/support/a/x"],
    ]
