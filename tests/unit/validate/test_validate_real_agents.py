"""Agents that people really write, in seven other formats: every YAML file and every front matter loads, or gives a
clear finding; none crashes or takes long, also as the agent.yaml of a fleet.
"""

import re
from pathlib import Path

import pytest
from patience import ends
from unit.validate.fleet_sample import AGENT, fleet

from agentgov.model.finding import Finding
from agentgov.validate.positions import positions
from agentgov.validate.run import validate
from agentgov.validate.yaml_reader import read

ROOT = Path(__file__).resolve().parents[4] / "shared/real_agents"
FRONT_MATTER = re.compile(rb"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
REFUSED = {
    "kagent-dev__kagent/examples/modelconfig-with-tls.yaml": ["yaml.several-documents"],
    "microsoft__prompty/runtime/python/prompty/tests/prompts/shorthand_empty_frontmatter.prompty": ["yaml.empty"],
}

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the collection of real agents is not on this machine")


def documents() -> dict[str, bytes]:
    """Every YAML file, and the front matter of every other text, by its path."""
    found = {}
    for path in sorted(ROOT.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        front = FRONT_MATTER.match(data)
        if path.suffix in (".yaml", ".yml"):
            found[path.relative_to(ROOT).as_posix()] = data
        elif front is not None:
            found[path.relative_to(ROOT).as_posix()] = front[1]
    return found


def test_every_real_file_loads_or_is_refused_for_a_reason() -> None:
    real = documents()
    assert len(real) > 200
    refused = {}
    for name, data in real.items():
        document = read(data, name)
        if document.findings:
            refused[name] = [one.code for one in document.findings]
        assert document.value is not None or name in REFUSED
        assert not data.strip() or positions(data).values
    assert refused == REFUSED


def test_as_an_agent_of_a_fleet_every_real_file_gets_clear_findings_soon() -> None:
    whole = {path.as_posix(): path.read_bytes() for path in ROOT.rglob("*") if path.is_file()}
    for name, data in {**whole, **documents()}.items():
        with ends():
            found = [one for one in validate(fleet({AGENT: data})) if one.where.file == AGENT]
        assert found, name  # nobody else's format is ours by accident
        for one in found:
            assert_clear(one, name)


def assert_clear(found: Finding, name: str) -> None:
    jargon = ("did not find expected", "while parsing", "Traceback", "None")
    assert not any(word in found.message for word in jargon), (name, found)
    assert found.where.line >= 1
    assert found.where.column >= 1
