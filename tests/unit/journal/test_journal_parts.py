"""Parts hold what whole trees hold there, and trees that are not written have the ids that written ones get."""

from pathlib import Path

import gitworld
import pytest

from agentgov.journal.parts import GOVERNANCE_FILES, GOVERNANCE_FOLDERS, Overlay, Part, agent_part, governance_part
from agentgov.model import governed
from agentgov.model.names import AgentId
from agentgov.model.snapshot import FILE, TREE
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot

TRIAGE = AgentId("support", "triage")
FILES = {
    "agentgov.yaml": "id: x\n",
    "governance/access.yaml": "a\n",
    "governance/workspaces/support.yaml": "s\n",
    "governance/deep/er/x": "x\n",
    ".github/CODEOWNERS": "* @a\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".github/dependabot.yml": "not governed\n",
    "docs/CODEOWNERS": "* @b\n",
    "docs/index.md": "not governed\n",
    "agents/support/triage/agent.yaml": "t\n",
    "agents/support/triage/prompts/system.md": "p\n",
    "agents/support/triage-2/agent.yaml": "t2\n",
    "agents/support/shared/tone.md": "k\n",
    "agents/finance/payroll/agent.yaml": "f\n",
    "src/main.py": "not governed\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A repository with these files on main."""
    folder = gitworld.make_repository(tmp_path / "repo")
    gitworld.commit_files(folder, FILES)
    return Repository.open(folder)


def tree_of(repo: Repository) -> str:
    """The tree at HEAD."""
    head = repo.head()
    assert head is not None
    return repo.commit(head).tree


def test_governance_part_is_the_governance_set(repo: Repository) -> None:
    whole = TreeSnapshot(repo, tree_of(repo), "whole")
    part = governance_part(Overlay(repo), tree_of(repo), "part")
    wanted = {path: entry for path, entry in whole.entries().items() if governed.in_governance_set(path)}
    assert dict(part.entries()) == wanted
    assert list(part.entries()) == list(wanted)
    assert part.read("agentgov.yaml") == whole.read("agentgov.yaml")
    assert part.digest("governance/access.yaml") == whole.digest("governance/access.yaml")
    with pytest.raises(KeyError):
        part.read("src/main.py")


def test_agent_part_is_the_folder_and_the_shared_texts(repo: Repository) -> None:
    part = agent_part(Overlay(repo), tree_of(repo), TRIAGE, "part")
    assert list(part.entries()) == [
        "agents/support/shared/tone.md",
        "agents/support/triage/agent.yaml",
        "agents/support/triage/prompts/system.md",
    ]
    assert dict(agent_part(Overlay(repo), tree_of(repo), AgentId("support", "ghost"), "part").entries()).keys() == {
        "agents/support/shared/tone.md"
    }


def test_places_of_governance_cover_the_governance_set() -> None:
    for path in (*governed.GITHUB_CODEOWNERS, *governed.GITLAB_CODEOWNERS, governed.FLEET_FILE, ".gitlab-ci.yml"):
        assert path in GOVERNANCE_FILES
        assert governed.in_governance_set(path)
    for folder in GOVERNANCE_FOLDERS:
        assert governed.in_governance_set(f"{folder}/x")
    roots = {place.partition("/")[0] for place in (*GOVERNANCE_FILES, *GOVERNANCE_FOLDERS)}
    assert roots <= set(governed.ROOTS)
    for root in set(governed.ROOTS) - roots:
        assert not governed.in_governance_set(root)
        assert not governed.in_governance_set(f"{root}/x/y")


@pytest.mark.parametrize(
    "changes",
    [
        {"agents/support/triage/agent.yaml": None},
        {"agents/support/triage/agent.yaml": None, "agents/support/triage/prompts/system.md": None},
        {"new/deep/file": (FILE, "b")},
        {"agents/support": (TREE, "t")},
        {"agentgov.yaml": (0o100755, "b")},
        {"docs": None},
        {"nothing/here": None},
        {},
    ],
)
def test_tree_that_is_not_written_has_the_id_of_the_written_one(
    repo: Repository, changes: dict[str, tuple[int, str] | None]
) -> None:
    entry = repo.entry(tree_of(repo), "governance")
    assert entry is not None
    oids = {"b": repo.write_blob(b"new\n"), "t": entry.oid}
    real = {path: (change[0], oids[change[1]]) if change else None for path, change in changes.items()}
    overlay = Overlay(repo)
    for base in (tree_of(repo), None):
        thought = overlay.put_files(base, real)
        listed = dict(Part(overlay, thought, "thought", ["agents", "agentgov.yaml"]).entries())
        written = repo.put_files(base, real)
        assert thought == written
        assert listed == dict(Part(Overlay(repo), written, "written", ["agents", "agentgov.yaml"]).entries())


def test_overlay_writes_nothing(repo: Repository) -> None:
    thought = Overlay(repo).put_files(None, {"x": (FILE, repo.write_blob(b"only here\n"))})
    assert not repo.has(thought)
