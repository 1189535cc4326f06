"""Snapshots: the same files seen in a commit and on disk, symlinks and submodules kept as what they are."""

import hashlib
import os
from pathlib import Path

import pytest
from gitworld import commit_files, git, make_repository, write_files

from agentgov.errors import ConfigurationError
from agentgov.model.governed import GOVERNANCE_ROOTS, in_governance_set
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Snapshot
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot, WorkTreeSnapshot, commit_snapshot

GOVERNED = {
    "agentgov.yaml": "a: 1\n",
    "CODEOWNERS": "* @a\n",
    ".github/CODEOWNERS": "* @b\n",
    ".github/workflows/ci.yml": "on: push\n",
    "docs/CODEOWNERS": "* @c\n",
    "governance/access.yaml": "x\r\n",
    "agents/pay/bot/agent.yaml": "y\n",
    'agents/pay/bot/ä\t"x".md': "z\n",
    "agents/pay/bot.md": "z\n",
    "playbooks/p.md": "p\n",
}
OTHER = {
    "src/agents/a/b/agent.yaml": "n",
    "docs/guide.md": "n",
    ".github/ISSUE_TEMPLATE/CODEOWNERS": "n",
    "README.md": "n",
}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "fleet")
    write_files(folder, GOVERNED | OTHER)
    (folder / "agents/pay/bot/run.sh").write_text("#!/bin/sh\n")
    (folder / "agents/pay/bot/run.sh").chmod(0o755)
    (folder / "agents/pay/bot/link").symlink_to("/etc/passwd")
    (folder / "agents/pay/folder-link").symlink_to("../../src")
    os.mkdir(os.fsencode(folder) + b"/drills")
    Path(os.fsdecode(os.fsencode(folder) + b"/drills/\xff.yaml")).write_bytes(b"bytes")
    commit_files(folder, {})
    return folder


def both(fleet: Path) -> tuple[Snapshot, Snapshot]:
    repo = Repository.open(fleet)
    return commit_snapshot(repo, repo.resolve("HEAD")), WorkTreeSnapshot(fleet)


def test_commit_and_work_tree_show_the_same_governed_files(fleet: Path) -> None:
    committed, on_disk = both(fleet)
    expected = set(GOVERNED) | {"agents/pay/bot/run.sh", "agents/pay/bot/link", "agents/pay/folder-link"}
    assert set(committed.entries()) == expected | {"drills/\udcff.yaml"}
    modes = {path: entry.mode for path, entry in committed.entries().items()}
    assert {path: entry.mode for path, entry in on_disk.entries().items()} == modes
    assert list(on_disk.entries()) == list(committed.entries())
    assert modes["agents/pay/bot/link"] == modes["agents/pay/folder-link"] == SYMLINK
    assert modes["agents/pay/bot/run.sh"] == EXECUTABLE
    assert modes["agentgov.yaml"] == FILE
    for snapshot in (committed, on_disk):
        assert snapshot.read("governance/access.yaml") == b"x\r\n"
        assert snapshot.read("drills/\udcff.yaml") == b"bytes"
        assert snapshot.digest("agentgov.yaml") == hashlib.sha256(b"a: 1\n").hexdigest()


def test_a_snapshot_of_governance_alone_holds_the_governance_set(fleet: Path) -> None:
    repo = Repository.open(fleet)
    expected = {path for path in GOVERNED if in_governance_set(path)}
    assert expected < set(GOVERNED)
    assert set(commit_snapshot(repo, repo.resolve("HEAD"), GOVERNANCE_ROOTS).entries()) == expected
    assert set(WorkTreeSnapshot(fleet, GOVERNANCE_ROOTS).entries()) == expected


def test_what_is_no_file_is_never_read(fleet: Path) -> None:
    for snapshot in both(fleet):
        for path in ("agents/pay/bot/link", "agents/pay/folder-link", "no/such", "README.md"):
            with pytest.raises(KeyError):
                snapshot.read(path)
            with pytest.raises(KeyError):
                snapshot.digest(path)


def test_attributes_and_filters_do_not_change_what_counts(fleet: Path) -> None:
    commit_files(fleet, {".gitattributes": "* text eol=crlf ident\n"})
    (fleet / "agentgov.yaml").write_text("a: $Id$\n")
    git(fleet, "-c", "core.autocrlf=false", "commit", "-qam", "x")
    committed, _ = both(fleet)
    assert committed.read("agentgov.yaml") == b"a: $Id$\n"


def test_a_repository_inside_is_a_submodule(fleet: Path) -> None:
    inside = make_repository(fleet / "agents" / "pay" / "nested")
    commit_files(inside, {"agent.yaml": "x"})
    git(fleet, "add", "-A")
    git(fleet, "commit", "-qm", "nested")
    for snapshot in both(fleet):
        assert snapshot.entries()["agents/pay/nested"].mode == SUBMODULE
        assert "agents/pay/nested/agent.yaml" not in snapshot.entries()


def test_a_governed_root_that_is_a_symlink_is_not_followed(fleet: Path, tmp_path: Path) -> None:
    (fleet / "agents").rename(tmp_path / "outside")
    (fleet / "agents").symlink_to(tmp_path / "outside")
    assert not [path for path in WorkTreeSnapshot(fleet).entries() if path.startswith("agents")]


def test_pipes_are_seen_and_never_opened(fleet: Path) -> None:
    os.mkfifo(fleet / "agents" / "pay" / "pipe")
    snapshot = WorkTreeSnapshot(fleet)
    assert not snapshot.entries()["agents/pay/pipe"].is_file
    with pytest.raises(KeyError):
        snapshot.read("agents/pay/pipe")


def test_a_file_that_became_a_symlink_after_listing_is_not_followed(fleet: Path, tmp_path: Path) -> None:
    snapshot = WorkTreeSnapshot(fleet)
    snapshot.entries()
    (tmp_path / "secret").write_text("secret")
    (fleet / "agentgov.yaml").unlink()
    (fleet / "agentgov.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(ConfigurationError):
        snapshot.read("agentgov.yaml")


def test_an_empty_work_tree_has_no_entries(tmp_path: Path) -> None:
    assert WorkTreeSnapshot(tmp_path).entries() == {}
    with pytest.raises(ConfigurationError):
        WorkTreeSnapshot(tmp_path / "none").entries()


def test_an_unreadable_file_is_a_configuration_error(fleet: Path) -> None:
    (fleet / "agentgov.yaml").chmod(0)
    if os.access(fleet / "agentgov.yaml", os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(ConfigurationError):
        WorkTreeSnapshot(fleet).read("agentgov.yaml")


def test_an_empty_tree_is_an_empty_snapshot(fleet: Path) -> None:
    repo = Repository.open(fleet)
    assert TreeSnapshot(repo, repo.put_files(None, {}), "nothing").entries() == {}


def test_a_file_that_nobody_can_want_to_read_is_refused_by_its_size(tmp_path: Path) -> None:
    (tmp_path / "agents/a/b").mkdir(parents=True)
    with (tmp_path / "agents/a/b/data.bin").open("wb") as file:
        file.truncate(3 * 2**30)  # takes no room on the disk
    snapshot = WorkTreeSnapshot(tmp_path)
    with pytest.raises(ConfigurationError, match=r"data\.bin cannot be read: it has 3,221,225,472 bytes"):
        snapshot.read("agents/a/b/data.bin")
