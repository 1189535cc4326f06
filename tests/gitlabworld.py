"""What GitLab keeps beyond any forge: system notes, approvals without a commit, pipelines, status checks.

It lets happen what GitLab lets happen: approvals that stand after a push, notes that come late, quick actions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gitworld
from forgeworld import NOBODY, ForgeWorld

COMMANDS = ("approve", "assign", "close", "merge", "reopen", "rebase", "title")
_COMMAND = re.compile(rf"^/(?P<cmd>{'|'.join(COMMANDS)})(?: [^\n]*)?(?:\s*\n|$)", re.MULTILINE | re.IGNORECASE)


@dataclass(slots=True)
class Note:
    """GitLab's own word on something that somebody did."""

    id: int
    number: int
    by: int
    body: str
    time: float
    imported: bool = False


@dataclass(slots=True)
class Job:
    """A commit status inside a pipeline, which is one job of it. `retried`: a newer one stands in its place."""

    id: int
    pipeline: int
    commit: str
    ref: str
    name: str
    by: int
    status: str = "created"
    description: str = ""
    url: str = ""
    retried: bool = False


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline of a commit."""

    id: int
    commit: str
    ref: str
    project: int


@dataclass(slots=True)
class Kept:
    """What GitLab keeps of one merge request."""

    approvals: dict[int, float] = field(default_factory=dict)
    reviewers: dict[int, str] = field(default_factory=dict)
    checks: dict[tuple[int, str], str] = field(default_factory=dict)


class GitLabWorld(ForgeWorld):
    """A project on GitLab. `tells_when`: whether approvals say when they were given; `resets`: a push ends them."""

    def __init__(
        self, folder: Path, *, project: str = "acme/fleet", now: Callable[[], int], remote: Path | None = None
    ) -> None:
        super().__init__(folder, project=project, now=now, remote=remote, pull_ref="refs/merge-requests/{}/head")
        self.notes: list[Note] = []
        self.jobs: list[Job] = []
        self.pipelines: list[Pipeline] = []
        self.status_checks: dict[int, str] = {}
        self.kept: dict[int, Kept] = {}
        self.member_states: dict[int, str] = {}
        self.member_levels: dict[int, int] = {}
        self.hidden_groups: set[str] = set()
        self.preparing: set[int] = set()
        self.bulk_pushes: set[int] = set()
        self.commands: list[str] = []
        self.tells_when, self.resets = True, False

    def of(self, number: int) -> Kept:
        """What is kept of a merge request."""
        return self.kept.setdefault(number, Kept())

    def note(self, number: int, who: str, body: str, *, late: float = 0.0, imported: bool = False) -> int:
        """A system note; its number."""
        made = Note(self.next_id(), number, self.account(who), body, self.now() + late, imported)
        self.notes.append(made)
        return made.id

    def approve(self, number: int, who: str, *, late: float = 0.0) -> int:
        """Approve, as the button does: of no commit in particular. The note may come late. Its number."""
        kept, account = self.of(number), self.account(who)
        kept.approvals[account] = self.now()
        if account in kept.reviewers:
            kept.reviewers[account] = "approved"
        return self.note(number, who, "approved this merge request", late=late)

    def unapprove(self, number: int, who: str) -> None:
        self.of(number).approvals.pop(self.account(who), None)
        self.note(number, who, "unapproved this merge request")

    def request_changes(self, number: int, who: str) -> int:
        """Ask for changes, which takes back one's approval. The number of the note."""
        kept, account = self.of(number), self.account(who)
        kept.reviewers[account] = "requested_changes"
        made = self.note(number, who, "requested changes")
        if account in kept.approvals:
            self.unapprove(number, who)
        return made

    def reset_approvals(self, number: int) -> None:
        """End all approvals, as a bot may by the API: no note tells of it."""
        self.of(number).approvals.clear()

    def delete_branch(self, who: str, branch: str) -> None:
        """Remove a branch of the project."""
        ref = f"refs/heads/{branch}"
        before = self.tip(ref)
        gitworld.git(self.remote, "update-ref", "-d", ref)
        super().moved(self.project, ref, before, NOBODY, self.account(who), "branch_deletion")

    def moved(self, repository: str, ref: str, before: str, after: str, by: int, kind: str) -> None:
        super().moved(repository, ref, before, after, by, kind)
        for pull in self.pulls.values():
            if pull.state == "open" and (pull.head_repository, f"refs/heads/{pull.head_ref}") == (repository, ref):
                self.note(pull.number, self.accounts[by].login, "added 1 commit\n\n<ul><li>x</li></ul>")
                if self.resets:
                    self.reset_approvals(pull.number)

    def delete_account(self, id: int) -> None:  # noqa: A002 - the forge's own word
        super().delete_account(id)
        for kept in self.kept.values():
            kept.approvals.pop(id, None)

    def pipeline(self, commit: str, ref: str, *, project: int = 0) -> int:
        """A pipeline of a commit; its number."""
        made = Pipeline(self.next_id(), commit, ref, project or self.project_id)
        self.pipelines.append(made)
        return made.id

    def obeyed(self, body: str) -> str:
        """A note's text after its quick actions were carried out and cut away, as GitLab does with each note."""
        text = body.replace("\r", "")
        self.commands += [match["cmd"].lower() for match in _COMMAND.finditer(text)]
        return _COMMAND.sub("", text).rstrip()
