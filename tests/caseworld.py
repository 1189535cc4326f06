"""A case of reviews.json as the state of a forge: the pull request that it tells of, without any git behind.

What a forge has no word for is not there: scopes, addresses that mean somebody, who breaks the glass.
"""

import hashlib
from pathlib import Path
from typing import Any

from forgeworld import EMPTY_TREE, NOBODY, Changed, CommitTold, ForgeWorld, Pull, Push
from gitworld import START

BASE = hashlib.sha1(b"base").hexdigest()
CHECKER = 99  # the account whose token reads
_LEVELS = {"administrator": "admin", "operator": "write", "viewer": "read"}
_LETTERS = {"added": "A", "modified": "M", "removed": "D", "renamed": "R", "copied": "C"}
_STRANGER = "nobody@nowhere.example"  # an address that belongs to no account
_GONE = "somebody-who-is-gone"


def sha_of(name: str) -> str:
    """The commit that a case calls by a short name."""
    return hashlib.sha1(name.encode()).hexdigest()


class CaseWorld(ForgeWorld):
    """One case. `remote` is any repository; nothing is asked of it."""

    def __init__(self, case: dict[str, Any], remote: Path) -> None:
        super().__init__(remote.parent, project="org/fleet", remote=remote)
        self.account("checker", id=CHECKER)
        self.permission("checker", "read")
        self.case, self._people = case, dict[str, str]()
        self.private.add(self.project)
        for login, role in case["roles"].items():
            self.permission(self._login(login), _LEVELS[role])
        for handle, logins in case["teams"].items():
            self.team(handle.lower(), *map(self._login, logins))
        self._commits = {sha_of(commit["sha"]): commit for commit in case["pr"]["commits"]}
        self._open()
        for review in case["pr"]["reviews"]:
            self._review(review)

    def _login(self, login: str) -> str:
        """The one spelling of a login, with its account."""
        known = self._people.setdefault(login.lower(), login)
        self.account(known, bot=login.endswith("[bot]"))
        return known

    def _open(self) -> None:
        author = self.account(self._login(self.case["pr"]["author"]))
        shas = list(self._commits)
        for place, (sha, commit) in enumerate(self._commits.items()):
            pusher = self.account(self._login(commit.get("pusher") or commit.get("author") or _GONE))
            before, kind = (shas[place - 1], "push") if place else (NOBODY, "branch_creation")
            self.pushes.append(Push(self.next_id(), pusher, self.project, "refs/heads/topic", before, sha, kind, START))
        if _GONE in self._people:
            self.delete_account(self.account(_GONE))
        head = shas[-1]
        self.pulls[1] = Pull(1, author, "topic", self.project, "main", BASE, head, False, "A case", START, START)

    def _review(self, told: dict[str, Any]) -> None:
        """One review; a dismissal changes the opinion before it in place, as a forge does."""
        who, given = self._login(told["user"]), self.pulls[1].reviews
        number = self.account(who)
        opinions = [one for one in given if one.by == number and one.state in ("APPROVED", "CHANGES_REQUESTED")]
        if told["state"] == "DISMISSED" and opinions:
            self.dismiss(1, opinions[-1].id, "root")
        else:
            commit = sha_of(told["commit"]) if told.get("commit") else None
            self.review(1, who, told["state"], commit=commit)

    # --- what git would say ----------------------------------------------------------------------------------------

    def tip(self, ref: str, *, fork: str = "") -> str:
        return BASE if ref == "refs/heads/main" else self.pulls[1].head

    def resolve(self, name: str) -> str:
        return name if name == BASE or name in self._commits else ""

    def commits(self, number: int) -> tuple[str, ...]:
        return tuple(self._commits)

    def told(self, sha: str) -> CommitTold:
        commit, shas = self._commits[sha], list(self._commits)
        parent = shas[shas.index(sha) - 1] if sha != shas[0] else BASE
        trailers = "".join(f"\nCo-authored-by: X <{self._address(who)}>" for who in commit.get("co_authors", ()))
        author, committer = commit.get("author"), commit.get("committer") or commit.get("author")
        wrote, made = ((who or "x", self._address(who), START) for who in (author, committer))
        return CommitTold(sha, (parent,), EMPTY_TREE, wrote, made, f"change\n{trailers}")

    def _address(self, login: str | None) -> str:
        if login is None:
            return _STRANGER
        known = self._login(login)
        return f"{self.account(known)}+{known}@users.noreply.github.com"

    def changes(self, number: int) -> list[Changed]:
        files = self.case["pr"]["files"]
        return [Changed(one["path"], _LETTERS[one.get("status", "modified")], one.get("previous", "")) for one in files]

    def changes_of(self, sha: str) -> list[Changed]:
        return [Changed(path, "M") for path in self._commits[sha]["files"]]

    def blob(self, commit: str, path: str) -> bytes:
        text = self.case["codeowners"]
        if commit == self.pulls[1].head:
            text = self.case.get("codeowners_head", text)
        if path != ".github/CODEOWNERS" or text is None:
            raise FileNotFoundError(path)
        return bytes(text.encode())
