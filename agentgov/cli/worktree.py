"""What lies in the working tree and in no commit: commands that speak of commits say that they do not speak of it."""

import contextlib
from typing import TYPE_CHECKING, Self

from agentgov.cli.options import show
from agentgov.errors import AgentgovError
from agentgov.report.page import Page, Span

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository
    from agentgov.repo.uncommitted import Reading


class WorkTreeNote:
    """What differs from HEAD in the working tree: git is asked at once, and its answer told when the rest is known."""

    __slots__ = ("_reading",)

    def __init__(self, repo: "Repository", rev: str) -> None:
        """Ask, where HEAD is what the command speaks of."""
        from agentgov.cli import ahead

        self._reading: Reading | None = None
        if rev == "HEAD" and repo.root is not None:
            with contextlib.suppress(AgentgovError):  # what cannot be read there is `validate`'s to tell
                self._reading = ahead.reading(repo)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.close()

    def tell(self, commit: str, folder: str = "") -> None:
        """Say on stderr which governed files (below a folder) differ, where any do."""
        if self._reading is None:
            return
        try:
            paths = sorted(path for path in _differing(self._reading) if path.startswith(folder))
        except AgentgovError:
            return
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            verb = "" if more else "s"
            text = f"{paths[0]}{more} differ{verb} in your working tree; this speaks of commit {commit[:9]}"
            show(Page().line(Span("note ", "warn"), text), err=True)


def note_uncommitted(repo: "Repository", commit: str, rev: str, folder: str = "") -> None:
    """Say on stderr which governed files (below a folder) differ from HEAD, when HEAD is what the command speaks of."""
    with WorkTreeNote(repo, rev) as note:
        note.tell(commit, folder)


def _differing(reading: "Reading") -> set[str]:
    from agentgov.model.governed import ROOTS, is_governed
    from agentgov.repo.changes import changed_paths

    after = reading.result().partition
    return {path for path in changed_paths(after.objects, reading.base, after.tree_oid, ROOTS) if is_governed(path)}
