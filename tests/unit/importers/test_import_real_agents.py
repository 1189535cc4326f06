"""Agents that others published: every file is imported or told why not, each agent loads, and twice changes nothing."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from unit.importers.imports import import_all

from agentgov.importers.folders import imported_before, settle
from agentgov.importers.registry import format_named
from agentgov.importers.result import Failure, Imported, Source
from agentgov.importers.sources import read_sources
from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate.load import load_agent

_REAL = Path(__file__).resolve().parents[4] / "shared/real_agents"
_CODES = {"import.fill-in", "import.unsupported", "import.partial", "import.secret"}

# By format: the folder, how many agents, and the beginning of what is said of each file that cannot be imported.
_EXPECTED: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "agentspec": (
        "oracle__agent-spec",
        18,
        {
            "ext_christmas_greetings_tutorial.yaml": "no Agent: it holds Flow",
            "howto_catchexception.yaml": "no Agent: it holds Flow",
            "howto_flow_with_conditional_branches.yaml": "no Agent: it holds Flow",
            "howto_ociagent.yaml": "no Agent: it only refers to an agent that runs elsewhere (OciAgent)",
            "howto_parallelflownode.yaml": "no Agent: it holds Flow",
            "howto_structured_generation1.yaml": "no Agent: it holds Flow",
            "pyagentspec_example_config.yaml": "no Agent: it holds Flow",
        },
    ),
    "cagent": ("docker__cagent/examples", 57, {}),
    "claude": ("wshobson__agents", 97, {}),
    "dotprompt": (
        "google__dotprompt",
        11,
        {
            "autocomplete.prompt": "line 22: a tag is opened with {{ and not closed",
            "error-multiple-issues.prompt": "line 26: a tag is opened with {{ and not closed",
            "error-unclosed-block.prompt": "line 11: the block {{#if}} is not closed",
            "02-schema-and-config.prompt": "line 31: something stands behind `|` or `>`",
            "06-partials.prompt": "line 23: something stands behind a value",
            "10-kitchen-sink.prompt": "line 33: something stands behind a value",
        },
    ),
    "gitagent": ("open-gitagent__gitagent-protocol", 6, {}),
    "kagent": ("kagent-dev__kagent", 2, {}),
    "prompty": ("microsoft__prompty", 19, {}),
}

pytestmark = pytest.mark.skipif(not _REAL.is_dir(), reason="the published agents are not on this machine")


def _import(name: str, fleet: Path) -> tuple[list[Imported], dict[str, str]]:
    folder = str(_REAL / _EXPECTED[name][0])
    inputs = list(read_sources([folder], format_named(name)))
    sources = [item for item in inputs if isinstance(item, Source)]
    assert len(sources) == len(inputs)
    imported, failures = import_all(name, sources, "imported", imported_before(fleet, "imported"))
    assert {item.source for item in imported} | {item.source for item in failures} == {one.name for one in sources}
    return imported, {Path(failure.source).name: failure.message for failure in failures}


def _bytes(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", _EXPECTED)
def test_every_file_is_imported_or_told_and_a_second_time_changes_nothing(name: str, tmp_path: Path) -> None:
    _, count, told = _EXPECTED[name]
    imported, failures = _import(name, tmp_path)
    assert len(imported) == count
    assert sorted(failures) == sorted(told)
    assert all(failures[file].startswith(words) for file, words in told.items())
    snapshot = MemorySnapshot({path: data for item in imported for path, data in item.files.items()})
    for item in imported:
        agent, findings = load_agent(snapshot, item.agent)
        assert findings == (), item.source
        assert agent is not None
        assert agent.spec.lifecycle.state == "draft"
        assert agent.spec.runtime[name]["name"] == item.original
        assert {finding.code for finding in item.findings} <= _CODES
    assert {settle(tmp_path, item) for item in imported} == {"written"}
    before = _bytes(tmp_path)
    again, _ = _import(name, tmp_path)
    assert [(item.agent, item.files) for item in again] == [(item.agent, item.files) for item in imported]
    assert {settle(tmp_path, item) for item in again} == {"unchanged"}
    assert _bytes(tmp_path) == before


@pytest.mark.parametrize("name", _EXPECTED)
def test_every_file_that_is_named_by_itself_is_imported_or_one_clear_sentence(name: str) -> None:
    form = format_named(name)
    everything = sorted(path for path in (_REAL / _EXPECTED[name][0]).rglob("*") if path.is_file())
    assert everything
    for path in everything:
        (one,) = read_sources([str(path)], form)
        imported, failures = import_all(name, [one] if isinstance(one, Source) else [], "imported")
        told = [one.message] if isinstance(one, Failure) else [failure.message for failure in failures]
        assert bool(imported) != bool(told), path
        assert all(message and "\n" not in message for message in told), path
