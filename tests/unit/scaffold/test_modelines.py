"""Every document that the program writes names its schema, in the way that editors resolve it, without a network."""

import os
import re
from pathlib import Path

import pytest
import yaml

from agentgov.model.access import Person
from agentgov.model.governed import kind_of, schema_file
from agentgov.model.names import AgentId
from agentgov.resources import folder
from agentgov.scaffold.agent import Limits, agent_files
from agentgov.scaffold.editor import SCHEMAS
from agentgov.scaffold.fleet import fleet_files

MODELINE = re.compile(r"\A# yaml-language-server: \$schema=(\S+)\n")
WRITTEN = {
    **fleet_files("acme", "5b1f7f0e-64c5-4d0a-8c83-0f3f6f0f2a11", Person(id="robin"), {}, "1.0.0", "support"),
    **agent_files(AgentId("support", "triage"), "robin", Limits()),
}
EXAMPLES = sorted((folder("examples/acme")).rglob("*.yaml"))


def named(path: str, text: str) -> str | None:
    """The schema that a document names, as a path of the fleet."""
    found = MODELINE.match(text)
    return os.path.normpath(os.path.join(os.path.dirname(path), found[1])) if found else None


@pytest.mark.parametrize("path", WRITTEN)
def test_what_is_scaffolded_names_the_schema_of_its_kind(path: str) -> None:
    kind = kind_of(path)
    assert named(path, WRITTEN[path]) == (f"{SCHEMAS}/{schema_file(kind)}" if kind else None)
    if kind is not None:
        assert (folder("schemas") / schema_file(kind)).is_file()
        assert yaml.safe_load(WRITTEN[path])["kind"] == kind


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_example_fleet_names_no_wrong_schema(file: Path) -> None:
    path = file.relative_to(folder("examples/acme")).as_posix()
    kind, schema = kind_of(path), named(path, file.read_text("utf-8"))
    assert schema in (None, f"{SCHEMAS}/{schema_file(kind)}" if kind else None)
