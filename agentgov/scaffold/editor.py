"""What editors need: the line in a file that names its schema, where copies of the schemas lie in a fleet, and which
files they are for.

The copies are part of the repository, so that completion works offline, and for the version that the fleet uses. A
mapping serves files without that line, and editors that do not read it; it says the same as `kind_of`.
"""

import json
from collections.abc import Mapping

from agentgov.model.governed import (
    ACCESS_FILE,
    ACTIONS_FILE,
    ALERTS_FILE,
    FLEET_FILE,
    PIPELINE_FILE,
    PRICES_FILE,
    RETENTION_FILE,
    WORKSPACES_FOLDER,
    Kind,
    kind_of,
    schema_file,
)

SCHEMAS = ".agentgov/schemas"  # where the copies lie, from the root of the fleet

# Where documents of a kind stand, as editors write it: `*` is a part of a path, `**` any folders.
PATTERNS: Mapping[Kind, tuple[str, ...]] = {
    "Fleet": (FLEET_FILE,),
    "Access": (ACCESS_FILE,),
    "Pipeline": (PIPELINE_FILE,),
    "Workspace": (f"{WORKSPACES_FOLDER}/*.yaml",),
    "Agent": ("agents/*/*/agent.yaml",),
    "ActionPolicy": (ACTIONS_FILE,),
    "PriceList": (PRICES_FILE,),
    "Retention": (RETENTION_FILE,),
    "AlertPolicy": (ALERTS_FILE,),
    "Playbook": ("playbooks/**/*.yaml",),
    "Drill": ("drills/**/*.yaml",),
}
VSCODE_SETTINGS = ".vscode/settings.json"
JETBRAINS_SCHEMAS = ".idea/jsonSchemas.xml"


def modeline(path: str) -> str:
    """The first line of a document for yaml-language-server, with its newline; empty where no schema is about it."""
    kind = kind_of(path)
    if kind is None:
        return ""
    return f"# yaml-language-server: $schema={'../' * path.count('/')}{SCHEMAS}/{schema_file(kind)}\n"


def editor_files() -> dict[str, str]:
    """Path to text of the settings that VS Code and JetBrains read from a project."""
    return {
        VSCODE_SETTINGS: _json({"yaml.schemas": vscode_schemas()}),
        ".vscode/extensions.json": _json({"recommendations": ["redhat.vscode-yaml"]}),
        JETBRAINS_SCHEMAS: _jetbrains(),
    }


def vscode_schemas() -> dict[str, list[str]]:
    """The value of `yaml.schemas`: a schema's file to the patterns of the documents that it is about."""
    return {f"./{SCHEMAS}/{schema_file(kind)}": list(patterns) for kind, patterns in PATTERNS.items()}


def _json(value: object) -> str:
    return f"{json.dumps(value, indent=2)}\n"


def _jetbrains() -> str:
    """The mappings of JetBrains' JSON Schema support; there `*` also stands for any folders."""
    entries = "".join(_entry(kind, patterns) for kind, patterns in PATTERNS.items())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<project version="4">
  <component name="JsonSchemaMappingsProjectConfiguration">
    <state>
      <map>
{entries}\
      </map>
    </state>
  </component>
</project>
"""


def _entry(kind: Kind, patterns: tuple[str, ...]) -> str:
    items = "".join(_item(pattern) for pattern in patterns)
    return f"""\
        <entry key="agentgov {kind}">
          <value>
            <SchemaInfo>
              <option name="name" value="agentgov {kind}" />
              <option name="relativePathToSchema" value="{SCHEMAS}/{schema_file(kind)}" />
              <option name="schemaVersion" value="JSON Schema version 7" />
              <option name="patterns">
                <list>
{items}\
                </list>
              </option>
            </SchemaInfo>
          </value>
        </entry>
"""


def _item(pattern: str) -> str:
    kind = '                    <option name="mappingKind" value="Pattern" />\n' if "*" in pattern else ""
    return f"""\
                  <Item>
                    <option name="path" value="{pattern.replace("**/", "")}" />
{kind}\
                  </Item>
"""
