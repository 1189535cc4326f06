"""Which agents a change touches, and what an agent is in a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1, sha256

from unit.diff.diff_sample import FOLDER, ID, TEXTS, agent

from agentgov.diff.version import folders, touched_agents, version_of
from agentgov.model.names import AgentId
from agentgov.model.snapshot import FILE, SYMLINK, Entry, MemorySnapshot

FILES = {**TEXTS, f"{FOLDER}/agent.yaml": b"kind: Agent\n", "agents/support/shared/other.md": b"Other.\n"}
OTHER = {"agents/support/triage/agent.yaml": b"kind: Agent\n", "agents/hr/leave/agent.yaml": b"kind: Agent\n"}


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot whose entries carry object ids, as those of a commit do."""

    files: Mapping[str, bytes]
    links: tuple[str, ...] = ()
    name: str = "stored"

    def entries(self) -> Mapping[str, Entry]:
        found = {path: Entry(FILE, sha1(b"blob %d\0" % len(raw) + raw).hexdigest()) for path, raw in self.files.items()}
        return {**found, **{path: Entry(SYMLINK, "1" * 40) for path in self.links}}

    def read(self, path: str) -> bytes:
        return self.files[path]

    def digest(self, path: str) -> str:
        return sha256(self.files[path]).hexdigest()


def test_a_version_holds_the_closure_without_agent_yaml() -> None:
    found = version_of(ID, agent(), MemorySnapshot({**FILES, **OTHER}))
    assert found.texts == TEXTS
    assert set(found.modes) == set(TEXTS)


def test_a_symlink_has_a_mode_and_no_text() -> None:
    files = {path: raw for path, raw in FILES.items() if not path.endswith("system.md")}
    found = version_of(ID, agent(), StoredSnapshot(files, (f"{FOLDER}/prompts/system.md",)))
    assert found.modes[f"{FOLDER}/prompts/system.md"] == SYMLINK
    assert found.text("prompts/system.md") is None


def test_a_reference_that_leads_out_names_nothing() -> None:
    found = version_of(ID, agent(), MemorySnapshot({**FILES, "agents/hr/x.md": b"secret"}))
    assert found.text("../../hr/x.md") is None
    assert found.path("../../hr/x.md") == f"{FOLDER}/agent.yaml"


def test_touched_agents_are_those_with_a_changed_file_or_a_changed_shared_text() -> None:
    known = folders(MemorySnapshot({**FILES, **OTHER}))
    triage, leave = AgentId("support", "triage"), AgentId("hr", "leave")
    assert touched_agents({f"{FOLDER}/notes.txt"}, known) == {ID}
    assert touched_agents({"agents/support/shared/tone.md"}, known) == {ID, triage}
    assert touched_agents({"agents/hr/leave/agent.yaml", "playbooks/x.yaml"}, known) == {leave}
    assert touched_agents({"agents/hr/ghost/notes.md"}, known) == set()


def test_an_agent_that_is_gone_is_touched() -> None:
    before, after = folders(MemorySnapshot(OTHER)), folders(MemorySnapshot({}))
    assert touched_agents({"agents/hr/leave/agent.yaml"}, before, after) == {AgentId("hr", "leave")}
