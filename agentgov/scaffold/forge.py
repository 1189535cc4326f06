"""What a forge and a laptop need: CODEOWNERS, what CI runs, a pre-commit hook.

Text only. Decides which forge it is by the address of the remote.
"""

import re
from collections.abc import Mapping
from typing import Literal, assert_never

from agentgov.model.governed import GITHUB_CODEOWNERS
from agentgov.owners.codeowners import match, parse
from agentgov.scaffold.ci_github import workflows
from agentgov.scaffold.ci_gitlab import PIPELINE, pipeline
from agentgov.scaffold.ci_steps import Tool

_WIDTH = 40

CI = Literal["github", "gitlab", "none"]
PLACES: Mapping[CI, str] = {
    "github": ".github/CODEOWNERS",
    "gitlab": ".gitlab/CODEOWNERS",
    "none": ".github/CODEOWNERS",
}
_CI_PATTERNS: Mapping[CI, tuple[str, ...]] = {
    "github": ("/.github/",),
    "gitlab": ("/.gitlab/", "/.gitlab-ci.yml"),
    "none": ("/.github/",),
}


def ci_files(ci: CI, version: str, action: str = "") -> dict[str, str]:
    """Path to text of what CI runs there; `action` as `ci_steps.Tool` has it."""
    match ci:
        case "github":
            return workflows(Tool(version, action))
        case "gitlab":
            return {PIPELINE: pipeline(version)}
        case "none":
            return {}
        case _:
            assert_never(ci)


def forge_of(url: str, pipeline_there: bool) -> CI:
    """Which forge a fleet is on, by the address of its remote and whether GitLab's pipeline is there already."""
    host = re.sub(r"\A[a-z+]+://", "", url.lower()).rpartition("@")[2].split("/")[0].split(":")[0]
    if "github" in host:
        return "github"
    return "gitlab" if "gitlab" in host or pipeline_there else "github"


def codeowners(owner: str, ci: CI = "github") -> str:
    """CODEOWNERS with one owner for everything that is governed."""
    patterns = ("/agentgov.yaml", "/governance/", *_CI_PATTERNS[ci], "/playbooks/", "/drills/", "/agents/")
    head = "# The last line that matches wins. Who stands behind a name is said in governance/access.yaml.\n"
    return head + "".join(f"{codeowners_line(pattern, owner)}\n" for pattern in patterns)


def codeowners_line(pattern: str, owner: str) -> str:
    """One line of CODEOWNERS."""
    return f"{pattern.ljust(_WIDTH - 1)} {owner}"


def is_owner(name: str) -> bool:
    """Whether CODEOWNERS takes a name for an owner, and for no comment or anything else."""
    found = parse(f"* {name}\n", GITHUB_CODEOWNERS[0])
    return not found.problems and match(found, "x").owners == (name,)


def precommit() -> str:
    """.pre-commit-config.yaml with a local hook, which uses the agentgov that is installed."""
    return """# Once in every clone: pre-commit install
repos:
  - repo: local
    hooks:
      - id: agentgov-validate
        name: agentgov validate
        entry: agentgov validate --staged
        language: system                 # the agentgov on the PATH; or python, with
        # additional_dependencies: [agentgov]
        always_run: true                 # pre-commit does not count deleted files as changed
        pass_filenames: false
"""
