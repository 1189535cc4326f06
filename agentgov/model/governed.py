"""Which paths of a repository are governed, and which of them are the governance set.

The layout is fixed: a path tells the kind. Other things may live beside a fleet; only these paths count. The governance
set is fixed in code, and no rule can make it smaller. Paths are text decoded from bytes with `surrogateescape`,
compared as such: never case-folded, never normalised.
"""

from collections.abc import Mapping
from typing import Literal

FLEET_FILE = "agentgov.yaml"
ACCESS_FILE = "governance/access.yaml"
PIPELINE_FILE = "governance/pipeline.yaml"
WORKSPACES_FOLDER = "governance/workspaces"
ACTIONS_FILE = "governance/actions.yaml"
PRICES_FILE = "governance/prices.yaml"
RETENTION_FILE = "governance/retention.yaml"
ALERTS_FILE = "governance/alerts.yaml"

# Every place where either dialect looks for CODEOWNERS, so that none can be slipped in at a higher precedence.
GITHUB_CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
GITLAB_CODEOWNERS = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
CODEOWNERS = tuple(dict.fromkeys((*GITHUB_CODEOWNERS, *GITLAB_CODEOWNERS)))

_GOVERNANCE_FILES = frozenset({FLEET_FILE, ".gitlab-ci.yml", *CODEOWNERS})
_GOVERNANCE_FOLDERS = ("governance/", ".github/workflows/")
_CONTENT_FOLDERS = ("agents/", "playbooks/", "drills/", "incidents/")

# Where to look: everything governed lies in or is one of these entries of the root tree.
ROOTS = (
    ".github",
    ".gitlab",
    ".gitlab-ci.yml",
    "CODEOWNERS",
    "agentgov.yaml",
    "agents",
    "docs",
    "drills",
    "governance",
    "incidents",
    "playbooks",
)
# The same for the governance set alone: who only asks what the fleet allows need not walk through every agent.
GOVERNANCE_ROOTS = tuple(root for root in ROOTS if f"{root}/" not in _CONTENT_FOLDERS)

Kind = Literal[
    "Fleet",
    "Access",
    "Pipeline",
    "Workspace",
    "Agent",
    "ActionPolicy",
    "PriceList",
    "Retention",
    "AlertPolicy",
    "Playbook",
    "Drill",
]
_SINGLE: Mapping[str, Kind] = {
    FLEET_FILE: "Fleet",
    ACCESS_FILE: "Access",
    PIPELINE_FILE: "Pipeline",
    ACTIONS_FILE: "ActionPolicy",
    PRICES_FILE: "PriceList",
    RETENTION_FILE: "Retention",
    ALERTS_FILE: "AlertPolicy",
}


def in_governance_set(path: str) -> bool:
    """Whether changing this path takes the administrators' threshold."""
    return path in _GOVERNANCE_FILES or path.startswith(_GOVERNANCE_FOLDERS)


def is_governed(path: str) -> bool:
    """Whether agentgov answers for this path at all."""
    return in_governance_set(path) or path.startswith(_CONTENT_FOLDERS)


def kind_of(path: str) -> Kind | None:
    """The kind of document that must stand at this path, None where no kind of this version is expected."""
    if path in _SINGLE:
        return _SINGLE[path]
    parts = path.split("/")
    if parts[0] in ("playbooks", "drills") and path.endswith(".yaml"):
        return "Playbook" if parts[0] == "playbooks" else "Drill"
    if len(parts) == 3 and path.startswith(f"{WORKSPACES_FOLDER}/") and path.endswith(".yaml"):
        return "Workspace"
    if len(parts) == 4 and parts[0] == "agents" and parts[3] == "agent.yaml" and parts[2] != "shared":
        return "Agent"
    return None


def schema_file(kind: Kind) -> str:
    """The name of the file with the JSON Schema of a kind, in `schemas/` and in the copies that editors read."""
    return f"{kind.lower()}.schema.json"


def may_hold_governed(folder: str) -> bool:
    """Whether a governed path can lie in this folder (no trailing slash), at any depth."""
    inside = f"{folder}/"
    return is_governed(inside) or any(path.startswith(inside) for path in (*_GOVERNANCE_FILES, *_GOVERNANCE_FOLDERS))
