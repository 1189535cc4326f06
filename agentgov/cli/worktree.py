"""What lies in the working tree and in no commit: commands that speak of commits say that they do not speak of it."""

from typing import TYPE_CHECKING

from agentgov.cli.options import show
from agentgov.errors import AgentgovError
from agentgov.model.snapshot import Snapshot
from agentgov.report.page import Page, Span

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository

_MOST_READ = 2000  # files; in a larger fleet only names are compared, since reading them all would take seconds


def note_uncommitted(repo: "Repository", commit: str, rev: str, folder: str = "") -> None:
    """Say on stderr which governed files (below a folder) differ from HEAD, when HEAD is what the command speaks of."""
    if rev != "HEAD" or repo.root is None:
        return
    try:
        paths = sorted(path for path in _uncommitted(repo, commit) if path.startswith(folder))
    except AgentgovError:  # what cannot be read there is `validate`'s to tell; this command does not need it
        return
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        text = f"{paths[0]}{more} differ{'' if more else 's'} in your working tree; this speaks of commit {commit[:9]}"
        show(Page().line(Span("note ", "warn"), text), err=True)


def _uncommitted(repo: "Repository", commit: str) -> set[str]:
    from agentgov.diff.version import changed_paths
    from agentgov.repo.snapshot import WorkTreeSnapshot, commit_snapshot

    assert repo.root is not None
    before: Snapshot = commit_snapshot(repo, commit)
    after: Snapshot = WorkTreeSnapshot(repo.root)
    if len(before.entries()) > _MOST_READ:
        return set(before.entries()) ^ set(after.entries())
    return changed_paths(before, after)
