"""The mappings for VS Code and JetBrains say of every path what the program says of it."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from agentgov.model.governed import kind_of, schema_file
from agentgov.resources import folder
from agentgov.scaffold.editor import JETBRAINS_SCHEMAS, PATTERNS, SCHEMAS, VSCODE_SETTINGS, editor_files

PATHS = {
    "agentgov.yaml",
    "governance/access.yaml",
    "governance/pipeline.yaml",
    "governance/workspaces/support.yaml",
    "governance/actions.yaml",
    "governance/prices.yaml",
    "governance/retention.yaml",
    "governance/alerts.yaml",
    "agents/support/refunds/agent.yaml",
    "playbooks/leak.yaml",
    "playbooks/money/refunds.yaml",
    "drills/leak.yaml",
    "agents/support/refunds/evals/agent.yaml",
    "agents/agent.yaml",
    "governance/workspaces/deep/er.yaml",
    "playbooks/leak.md",
    "mkdocs.yaml",
    ".github/workflows/agentgov.yml",
}
SETTINGS = editor_files()


def vscode_pattern(pattern: str) -> re.Pattern[str]:
    """As the YAML extension matches a relative pattern: `*` within a folder, `**/` any folders."""
    text = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(rf"(?:.*/)?{text}\Z")


def jetbrains_mapping() -> Iterator[tuple[str, re.Pattern[str]]]:
    """As JetBrains matches: a file by its path, a pattern with `*` for anything behind any folders."""
    for entry in ET.fromstring(SETTINGS[JETBRAINS_SCHEMAS]).iter("SchemaInfo"):
        schema = next(one.get("value") for one in entry if one.get("name") == "relativePathToSchema")
        for item in entry.iter("Item"):
            found = {one.get("name"): one.get("value") or "" for one in item}
            text = re.escape(found["path"]).replace(r"\*", ".*")
            assert ("*" in found["path"]) == (found.get("mappingKind") == "Pattern")
            yield schema or "", re.compile(rf"{'(?:.*/)?' if '*' in found['path'] else ''}{text}\Z")


def test_every_kind_is_mapped_to_a_schema_that_is_there() -> None:
    assert all((folder("schemas") / schema_file(kind)).is_file() for kind in PATTERNS)
    assert {kind_of(path) for path in PATHS} - {None} == set(PATTERNS)
    assert len(re.findall(r"<entry ", SETTINGS[JETBRAINS_SCHEMAS])) == len(PATTERNS)


@pytest.mark.parametrize("path", sorted(PATHS))
def test_vscode_maps_a_path_to_the_schema_of_its_kind(path: str) -> None:
    schemas = json.loads(SETTINGS[VSCODE_SETTINGS])["yaml.schemas"]
    found = [name for name, patterns in schemas.items() if any(vscode_pattern(one).match(path) for one in patterns)]
    kind = kind_of(path)
    assert found == ([f"./{SCHEMAS}/{schema_file(kind)}"] if kind else [])


@pytest.mark.parametrize("path", sorted(path for path in PATHS if kind_of(path)))
def test_jetbrains_maps_a_document_to_the_schema_of_its_kind(path: str) -> None:
    found = [schema for schema, pattern in jetbrains_mapping() if pattern.match(path)]
    kind = kind_of(path)
    assert kind is not None
    assert found == [f"{SCHEMAS}/{schema_file(kind)}"]
