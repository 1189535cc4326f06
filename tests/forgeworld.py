"""A forge's state for tests: accounts, teams, forks, pull requests, reviews, and a real bare git repository behind.

    world = ForgeWorld(tmp_path)
    world.account("ana"), world.team("@acme/billing", "ana")
    clone = world.clone("dev")
    gitworld.commit_files(clone, {"a.txt": "1"})
    world.push("dev", clone, "topic")
    number = world.open("dev", "topic")
    world.review(number, "ana", "APPROVED")

It knows no forge's JSON and no product code: `githubfake` and `gitlabfake` serve it. It lets happen what forges forbid
(an author approving, a review of any commit), because what is decided must not rest on a forge's manners.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import gitworld

GHOST = 10137  # whom GitHub shows in place of a deleted account
WEB_FLOW = 19864447  # GitHub's own committer
NOBODY = "0" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
Method = Literal["merge", "squash", "rebase"]


@dataclass(slots=True)
class Account:
    """Somebody with a number; the login may change, and be taken over by somebody else."""

    id: int
    login: str
    bot: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """A ref that moved, and whose credentials moved it."""

    id: int
    by: int
    repository: str
    ref: str
    before: str
    after: str
    kind: str  # push, force_push, branch_creation, branch_deletion, pr_merge, merge_queue_merge
    time: int


@dataclass(frozen=True, slots=True)
class CommitTold:
    """A commit as git tells it; people are (name, address, time)."""

    sha: str
    parents: tuple[str, ...]
    tree: str
    author: tuple[str, str, int]
    committer: tuple[str, str, int]
    message: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed file: `status` is git's letter, A, C, D, M, R or T."""

    path: str
    status: str
    previous: str = ""
    blob: str = NOBODY


@dataclass(slots=True)
class Review:
    """One review, which a dismissal changes in place."""

    id: int
    by: int
    state: str
    commit: str | None
    time: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something in the timeline of a pull request."""

    id: int
    kind: str  # head_ref_force_pushed, review_dismissed, closed, merged, reopened, convert_to_draft, ready_for_review
    by: int
    time: int
    commit: str = ""
    review: int = 0


@dataclass(slots=True)
class Pull:
    """A pull request. `head_repository` is a name; `versions` are the heads in the order in which they came."""

    number: int
    author: int
    head_ref: str
    head_repository: str
    base_ref: str
    base: str
    head: str
    draft: bool
    title: str
    created: int
    updated: int
    body: str = ""
    state: Literal["open", "closed", "merged"] = "open"
    merge_commit: str | None = None
    merged_onto: str = ""
    merged_by: int = 0
    ended: int = 0
    reviews: list[Review] = field(default_factory=list)
    timeline: list[Happened] = field(default_factory=list)
    versions: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Comment:
    """A comment on a pull request."""

    id: int
    number: int
    by: int
    body: str
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class Status:
    """A commit status."""

    id: int
    commit: str
    name: str
    state: str
    description: str
    by: int
    time: int
    url: str = ""


@dataclass(slots=True)
class CheckRun:
    """A check run of an app."""

    id: int
    commit: str
    name: str
    app: int
    status: str = "queued"
    conclusion: str | None = None
    title: str = ""
    summary: str = ""
    text: str = ""
    url: str = ""
    annotations: list[dict[str, object]] = field(default_factory=list)
    started: int = 0


@dataclass(slots=True)
class Release:
    """The page of a tag."""

    id: int
    tag: str
    title: str
    body: str
    by: int
    time: int


class ForgeWorld:
    """One project on a forge. `now` is its clock; `remote` is its repository, which git can clone, fetch and push.

    `pull_ref` is where the project keeps heads: refs/pull/{}/head on GitHub, refs/merge-requests/{}/head on GitLab.
    """

    def __init__(
        self,
        folder: Path,
        *,
        project: str = "acme/fleet",
        now: Callable[[], int] = lambda: gitworld.START,
        remote: Path | None = None,
        pull_ref: str = "refs/pull/{}/head",
    ) -> None:
        self.folder, self.project, self.now, self._pull_ref = folder, project, now, pull_ref
        self.project_id, self.former_names = 4001, set[str]()
        self.remote = remote or gitworld.make_repository(folder / "forge.git", bare=True)
        gitworld.git(self.remote, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.repositories: dict[str, tuple[int, Path]] = {project: (self.project_id, self.remote)}
        self.private: set[str] = set()
        self.accounts: dict[int, Account] = {}
        self.emails: dict[str, int] = {"noreply@github.com": WEB_FLOW}
        self.teams: dict[str, list[int]] = {}
        self.child_teams: dict[str, list[str]] = {}
        self.permissions: dict[int, str] = {}
        self.pulls: dict[int, Pull] = {}
        self.pushes: list[Push] = []
        self.comments: list[Comment] = []
        self.statuses: list[Status] = []
        self.check_runs: list[CheckRun] = []
        self.releases: list[Release] = []
        self.group: tuple[str, str, tuple[int, ...]] | None = None
        self._count = itertools.count(5001)
        self._kept: dict[tuple[str, ...], str] = {}
        self.account("web-flow", id=WEB_FLOW)

    # --- people ----------------------------------------------------------------------------------------------------

    def account(self, login: str, *, bot: bool = False, id: int = 0) -> int:  # noqa: A002 - the forge's own word
        """The number of a new account, or of the one that has this login."""
        for known in self.accounts.values():
            if known.login == login and not known.deleted:
                return known.id
        number = id or self.next_id()
        self.accounts[number] = Account(number, login, bot)
        for host in ("example.com", "sim.example", "users.noreply.github.com"):
            self.emails.setdefault(f"{login}@{host}", number)
        self.emails[f"{number}+{login}@users.noreply.github.com"] = number
        return number

    def rename(self, id: int, login: str) -> None:  # noqa: A002
        """Give an account another login; the old one is free for somebody else."""
        self.accounts[id].login = login

    def delete_account(self, id: int) -> None:  # noqa: A002
        """What it did stays, without a name."""
        self.accounts[id].deleted = True
        self.permissions.pop(id, None)
        for members in self.teams.values():
            members[:] = [member for member in members if member != id]

    def team(self, handle: str, *logins: str, child_of: str = "") -> None:
        """A team by its handle, with just these members."""
        self.teams[handle] = [self.account(login) for login in logins]
        if child_of:
            self.child_teams.setdefault(child_of, []).append(handle)

    def members(self, handle: str) -> list[int]:
        """The members of a team, with those of the teams below it."""
        found = list(self.teams[handle])
        for child in self.child_teams.get(handle, []):
            found += self.members(child)
        return list(dict.fromkeys(found))

    def permission(self, login: str, level: str) -> None:
        """What an account may do here: admin, maintain, write, triage, read, none."""
        self.permissions[self.account(login)] = level

    # --- git -------------------------------------------------------------------------------------------------------

    def clone(self, who: str, *, fork: str = "") -> Path:
        """A work tree of somebody whose commits bear their name."""
        source = self.repositories[self._name(fork)][1]
        folder = self.folder / "clones" / f"{who}-{fork or 'own'}-{next(self._count)}"
        folder.parent.mkdir(exist_ok=True)
        gitworld.git(self.folder, "clone", "-q", str(source), str(folder))
        gitworld.git(folder, "checkout", "-q", "-B", "main")
        return folder

    def commit(self, who: str, clone: Path, files: dict[str, gitworld.Content], message: str = "change") -> str:
        """A commit in a work tree as somebody."""
        self.account(who)
        return gitworld.commit_files(clone, files, message, when=self.now(), name=who, email=f"{who}@example.com")

    def fork(self, owner: str) -> Path:
        """A bare fork of the project, which belongs to somebody."""
        name, folder = f"{owner}/{self.project.split('/')[-1]}", self.folder / "forks" / f"{owner}.git"
        folder.parent.mkdir(exist_ok=True)
        gitworld.git(self.folder, "clone", "-q", "--bare", str(self.remote), str(folder))
        self.repositories[name] = (self.next_id(), folder)
        self.account(owner)
        return folder

    def delete_fork(self, owner: str) -> None:
        """The fork is gone; its pull requests stay, and no longer say where they came from."""
        self.repositories.pop(self._name(owner))

    def hide_fork(self, owner: str) -> None:
        """The fork is private, and no token here may look at it."""
        self.private.add(self._name(owner))

    def push(
        self, who: str, clone: Path, branch: str, *, force: bool = False, fork: str = "", rev: str = "HEAD"
    ) -> str:
        """Really push a commit of a clone, and tell the forge who did."""
        name = self._name(fork)
        target, ref = self.repositories[name][1], f"refs/heads/{branch}"
        before = self.tip(ref, fork=fork) or NOBODY
        after = gitworld.git(clone, "rev-parse", f"{rev}^{{commit}}").decode()
        gitworld.git(clone, "push", "-q", *(["--force"] if force else []), str(target), f"{after}:{ref}")
        kind = "branch_creation" if before == NOBODY else "force_push" if force else "push"
        self.moved(name, ref, before, after, self.account(who), kind)
        return after

    def moved(self, repository: str, ref: str, before: str, after: str, by: int, kind: str) -> None:
        """A ref of a repository moved: written down, and seen by the open pull requests from it."""
        self.pushes.append(Push(self.next_id(), by, repository, ref, before, after, kind, self.now()))
        for pull in self.pulls.values():
            if pull.state == "open" and (pull.head_repository, f"refs/heads/{pull.head_ref}") == (repository, ref):
                self._take_head(pull, after)
                if kind == "force_push":
                    self._happened(pull, "head_ref_force_pushed", by, after)

    def tip(self, ref: str, *, fork: str = "") -> str:
        """The commit of a ref; empty where there is none."""
        target = self.repositories[self._name(fork)][1]
        return gitworld.git(target, "for-each-ref", "--format=%(objectname)", ref).decode()

    def git(self, *words: str) -> str:
        """What git says in the project's repository; the same question about commits is asked once."""
        return gitworld.git(self.remote, *words).decode("utf-8", "surrogateescape")

    def blob(self, commit: str, path: str) -> bytes:
        """A file's bytes at a commit. FileNotFoundError where there is none, IsADirectoryError for a folder."""
        told = gitworld.git(self.remote, "cat-file", "--batch", data=f"{commit}:{path}\n".encode())
        head, _, data = told.partition(b"\n")
        if head.endswith(b" missing"):
            raise FileNotFoundError(path)
        if head.split(b" ")[1] != b"blob":
            raise IsADirectoryError(path)
        return data

    def resolve(self, name: str) -> str:
        """The commit of a name; empty where there is none."""
        try:
            return self.git("rev-parse", "--verify", "-q", f"{name}^{{commit}}")
        except RuntimeError:
            return ""

    def told(self, sha: str) -> CommitTold:
        """A commit."""
        text = self.asked_once("show", "-s", "--format=%P%n%T%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B", sha)
        parents, tree, an, ae, at, cn, ce, ct, message = text.split("\n", 8)
        people = (an, ae, int(at)), (cn, ce, int(ct))
        return CommitTold(sha, tuple(parents.split()), tree, *people, message.strip("\n"))

    def changes(self, number: int) -> list[Changed]:
        """Every file that a pull request changes."""
        pull = self.pulls[number]
        return self._changed(self.asked_once("merge-base", pull.base, pull.head), pull.head)

    def changes_of(self, sha: str) -> list[Changed]:
        """Every file that a commit changes against its first parent."""
        parents = self.told(sha).parents
        return self._changed(parents[0] if parents else EMPTY_TREE, sha)

    def _changed(self, base: str, head: str) -> list[Changed]:
        text = self.asked_once("diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", base, head)
        parts, found = iter(text.split("\0")), []
        for line in parts:
            if line:
                _, _, _, blob, letter = line.split(" ")
                previous = next(parts) if letter[0] in "RC" else ""
                found.append(Changed(next(parts), letter[0], previous, blob))
        return found

    def asked_once(self, *words: str) -> str:
        """The same for questions about commits alone, whose answers never change."""
        if words not in self._kept:
            self._kept[words] = self.git(*words)
        return self._kept[words]

    # --- pull requests ---------------------------------------------------------------------------------------------

    def open(
        self, who: str, branch: str, *, base: str = "main", draft: bool = False, fork: str = "", title: str = ""
    ) -> int:
        """Open a pull request; its number."""
        now, name = self.now(), self._name(fork)
        head = self.tip(f"refs/heads/{branch}", fork=fork)
        number = len(self.pulls) + 1
        base_tip = self.tip(f"refs/heads/{base}")
        words = title or f"Change {branch}"
        pull = Pull(number, self.account(who), branch, name, base, base_tip, head, draft, words, now, now)
        self.pulls[number] = pull
        self._take_head(pull, head)
        return number

    def review(self, number: int, who: str, state: str, *, commit: str | None = "", body: str = "") -> int:
        """Submit a review of a commit, of the head where none is said; its number. None: the forge does not say."""
        pull = self.pulls[number]
        seen = pull.head if commit == "" else commit
        review = Review(self.next_id(), self.account(who), state, seen, self.now(), body)
        pull.reviews.append(review)
        pull.updated = self.now()
        return review.id

    def dismiss(self, number: int, review: int, by: str) -> None:
        """Take the force from a review, which stays to be seen."""
        pull = self.pulls[number]
        found = next(each for each in pull.reviews if each.id == review)
        found.state = "DISMISSED"
        self._happened(pull, "review_dismissed", self.account(by), review=review)

    def unapprove(self, number: int, who: str) -> None:
        """Take one's own approval back, which leaves nothing of it (GitLab)."""
        pull, account = self.pulls[number], self.account(who)
        pull.reviews[:] = [each for each in pull.reviews if (each.by, each.state) != (account, "APPROVED")]
        self._happened(pull, "unapproved", account)

    def set_draft(self, number: int, draft: bool, by: str) -> None:
        """Make a draft of a pull request, or say that it is ready."""
        self.pulls[number].draft = draft
        self._happened(self.pulls[number], "convert_to_draft" if draft else "ready_for_review", self.account(by))

    def close(self, number: int, by: str) -> None:
        """Close without merging."""
        pull = self.pulls[number]
        pull.state, pull.ended = "closed", self.now()
        self._happened(pull, "closed", self.account(by))

    def commits(self, number: int) -> tuple[str, ...]:
        """The commits of a pull request, oldest first."""
        pull = self.pulls[number]
        told = self.asked_once("rev-list", "--reverse", "--topo-order", f"{pull.base}..{pull.head}")
        return tuple(told.split())

    def merge(self, number: int, by: str, method: Method = "merge") -> str:
        """Merge as the forge's button does: real commits by the forge's own committer. What main got."""
        pull, account = self.pulls[number], self.account(by)
        base = self.tip(f"refs/heads/{pull.base_ref}")
        result = self._merged(pull, base, account, method)
        ref = f"refs/heads/{pull.base_ref}"
        gitworld.git(self.remote, "update-ref", ref, result, base)
        self.moved(self.project, ref, base, result, account, "pr_merge")
        self._end(pull, account, base, result)
        return result

    def landed(self, number: int) -> tuple[str, ...]:
        """The commits that main got by merging a pull request; none where it is not merged."""
        pull = self.pulls[number]
        return (
            tuple(self.asked_once("rev-list", f"{pull.merged_onto}..{pull.merge_commit}").split())
            if pull.merged_onto
            else ()
        )

    def queue(self, *numbers: int) -> tuple[str, str]:
        """A merge group of pull requests, on a branch of its own: the commit it starts from, and its head."""
        base = head = self.tip("refs/heads/main")
        for number in numbers:
            head = self._merged(self.pulls[number], head, WEB_FLOW, "merge")
        gitworld.git(self.remote, "update-ref", f"refs/heads/{self.group_ref(numbers, base)}", head)
        self.group = (base, head, numbers)
        return base, head

    def group_ref(self, numbers: tuple[int, ...], base: str) -> str:
        """The branch of a merge group."""
        return f"gh-readonly-queue/main/pr-{numbers[-1]}-{base}"

    def land_queue(self) -> str:
        """The group passed: main moves to it, and its pull requests are merged."""
        assert self.group is not None
        base, head, numbers = self.group
        gitworld.git(self.remote, "update-ref", "refs/heads/main", head, base)
        gitworld.git(self.remote, "update-ref", "-d", f"refs/heads/{self.group_ref(numbers, base)}")
        self.moved(self.project, "refs/heads/main", base, head, WEB_FLOW, "merge_queue_merge")
        merges = self.git("rev-list", "--first-parent", "--reverse", f"{base}..{head}").split()
        for number, onto, commit in zip(numbers, [base, *merges[:-1]], merges, strict=True):
            self._end(self.pulls[number], WEB_FLOW, onto, commit)
        self.group = None
        return head

    def next_id(self) -> int:
        """A number that was not given before."""
        return next(self._count)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _name(self, fork: str) -> str:
        return f"{fork}/{self.project.split('/')[-1]}" if fork else self.project

    def _take_head(self, pull: Pull, head: str) -> None:
        source = self.repositories[pull.head_repository][1]
        gitworld.git(
            self.remote, "fetch", "-q", "--no-tags", str(source), f"+{head}:{self._pull_ref.format(pull.number)}"
        )
        pull.head, pull.base, pull.updated = head, self.tip(f"refs/heads/{pull.base_ref}"), self.now()
        pull.versions.append((head, self.now()))

    def _happened(self, pull: Pull, kind: str, by: int, commit: str = "", review: int = 0) -> None:
        pull.timeline.append(Happened(self.next_id(), kind, by, self.now(), commit, review))
        pull.updated = self.now()

    def _end(self, pull: Pull, by: int, onto: str, result: str) -> None:
        pull.state, pull.merge_commit, pull.merged_onto = "merged", result, onto
        pull.merged_by, pull.ended = by, self.now()
        self._happened(pull, "merged", by, result)
        self._happened(pull, "closed", by)

    def _merged(self, pull: Pull, base: str, by: int, method: Method) -> str:
        author = self.accounts[pull.author if method == "squash" else by].login
        if method == "rebase":
            for commit in self.git(
                "rev-list", "--reverse", "--topo-order", "--no-merges", f"{base}..{pull.head}"
            ).split():
                base = self._rebased(commit, base)
            return base
        tree = self.git("merge-tree", "--write-tree", base, pull.head).split()[0]
        title = f"{pull.title} (#{pull.number})" if method == "squash" else f"Merge pull request #{pull.number}"
        parents = (base,) if method == "squash" else (base, pull.head)
        return self._commit_tree(tree, parents, title, author, f"{author}@example.com")

    def _rebased(self, commit: str, base: str) -> str:
        index = {**gitworld.environment(), "GIT_INDEX_FILE": str(self.folder / "rebase-index")}
        change = gitworld.git(self.remote, "diff-tree", "-p", "--binary", "--full-index", f"{commit}^", commit)
        gitworld.git(self.remote, "read-tree", base, env=index)
        gitworld.git(self.remote, "apply", "--cached", "--allow-empty", data=change + b"\n", env=index)
        tree = gitworld.git(self.remote, "write-tree", env=index).decode()
        name, email, message = self.git("show", "-s", "--format=%an%n%ae%n%B", commit).split("\n", 2)
        return self._commit_tree(tree, (base,), message.strip(), name, email)

    def _commit_tree(self, tree: str, parents: tuple[str, ...], message: str, name: str, email: str) -> str:
        written = gitworld.environment(self.now(), name, email)
        written |= {"GIT_COMMITTER_NAME": "GitHub", "GIT_COMMITTER_EMAIL": "noreply@github.com"}
        chain = [part for parent in parents for part in ("-p", parent)]
        return gitworld.git(self.remote, "commit-tree", tree, *chain, "-m", message, env=written).decode()
