"""The examples that docker cagent ships: all of them are imported, and each agent loads."""

from pathlib import Path

import pytest
from unit.importers.imports import import_all

from agentgov.importers.result import Source
from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate.load import load_agent

_EXAMPLES = Path(__file__).resolve().parents[4] / "shared/real_agents/docker__cagent/examples"

pytestmark = pytest.mark.skipif(not _EXAMPLES.is_dir(), reason="the examples of docker cagent are not on this machine")


def test_every_example_is_imported_and_loads() -> None:
    files = sorted(_EXAMPLES.rglob("*.yaml"))
    titles = [file.relative_to(_EXAMPLES).as_posix() for file in files]
    sources = [Source(title, title, file.read_bytes()) for title, file in zip(titles, files, strict=True)]
    imported, failures = import_all("cagent", sources, "imported")
    assert failures == []
    assert {item.source for item in imported} == set(titles)
    snapshot = MemorySnapshot({path: data for item in imported for path, data in item.files.items()})
    for item in imported:
        agent, findings = load_agent(snapshot, item.agent)
        assert findings == (), item.source
        assert agent is not None
        assert agent.spec.lifecycle.state == "draft"
        assert agent.spec.runtime["cagent"]["name"] == item.original
        assert {finding.code for finding in item.findings} == {"import.fill-in"}
