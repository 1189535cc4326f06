"""An agent that moved without saying so is found by its files, and never by a guess between two."""

from typing import Any

from unit.diff.diff_sample import ID, agent, version

from agentgov.diff.moves import moved_agents
from agentgov.diff.version import AgentVersion
from agentgov.model.names import AgentId


def placed(name: str, texts: dict[str, bytes] | None = None, spec: dict[str, Any] | None = None) -> AgentVersion:
    """The sample as an agent of another name, with some of its files changed."""
    there = AgentId("support", name)
    files = {path.replace(f"{ID.folder}/", f"{there.folder}/"): text for path, text in version().texts.items()}
    files |= {f"{there.folder}/{path}": text for path, text in (texts or {}).items()}
    return AgentVersion(there, agent({"spec": spec or {}, "metadata": {"name": name, "formerly": ""}}), files)


def names(pairs: list[tuple[AgentVersion | None, AgentVersion | None]]) -> list[str]:
    return sorted(" -> ".join(side.agent_id.name if side else "-" for side in pair) for pair in pairs)


def test_nearly_the_same_files_are_the_same_agent() -> None:
    old, new = placed("refunds"), placed("money-back", {"prompts/rules.md": b"Never promise anything.\n"})
    assert moved_agents([(old, None), (None, new)]) == [(old, new)]


def test_others_stay_what_they_are() -> None:
    old, new, kept = placed("refunds"), placed("money-back"), placed("kept")
    other = placed(
        "other", {"prompts/system.md": b"Something else\n" * 30, "prompts/rules.md": b"x\n", "notes.txt": b"y\n"}
    )
    found = moved_agents([(old, None), (None, new), (kept, kept), (None, other)])
    assert names(found) == ["- -> other", "kept -> kept", "refunds -> money-back"]


def test_any_number_of_agents_moves_with_the_same_files() -> None:
    pairs: list[tuple[AgentVersion | None, AgentVersion | None]] = []
    for number in range(100):
        texts = {"notes.txt": b"%d\n" % number}
        pairs += [(placed(f"old-{number}", texts), None), (None, placed(f"new-{number}", texts))]
    assert names(moved_agents(pairs)) == sorted(f"old-{number} -> new-{number}" for number in range(100))


def test_a_tie_decides_nothing() -> None:
    pairs: list[tuple[AgentVersion | None, AgentVersion | None]] = [
        (placed("refunds"), None),
        (None, placed("one")),
        (None, placed("two")),
    ]
    assert moved_agents(pairs) == pairs
