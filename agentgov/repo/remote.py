"""A remote repository: list its refs, fetch, push. What became of a push is read from the remote, never from words.

The remote's address may come from the repository's configuration, as data; programs, helpers and rewrites come only
from the user's own (see `plumbing`). Never prompts without a terminal, never writes credentials into a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from agentgov.errors import IncompleteError, RefusedError, UsageError
from agentgov.model.snapshot import path_text
from agentgov.repo.program import Completed, first_line, without_credentials
from agentgov.repo.repository import Repository

Fate = Literal["landed", "conflict", "refused"]

_FETCH_OPTIONS = (
    *("--quiet", "--atomic", "--no-tags", "--no-prune", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--upload-pack=git-upload-pack"),
)
_SPECIAL = frozenset("*?[")
_PUSH_OPTIONS = (
    *("--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"),
    "--receive-pack=git-receive-pack",
)


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of each ref, and what the remote said (for people; nothing is decided by it).

    `landed`: the remote's tip is ours or descends from it. `conflict`: somebody else moved it first. `refused`: the tip
    is unchanged, the remote did not want ours (a hook, missing rights).
    """

    fates: Mapping[str, Fate]
    message: str = ""

    @property
    def landed(self) -> bool:
        """Whether every ref landed."""
        return all(fate == "landed" for fate in self.fates.values())

    @property
    def conflict(self) -> bool:
        """Whether some ref was moved by somebody else: read again, judge again, try again."""
        return "conflict" in self.fates.values()


class Remote:
    """One remote of a repository, by its configured name or by its address."""

    def __init__(self, repo: Repository, name_or_url: str) -> None:
        self._repo = repo
        self.name = name_or_url
        known, section = repo.settings(), f"remote.{name_or_url}"
        self.is_configured = f"{section}.url" in known
        self._url = _address(known.get(f"{section}.url") or name_or_url)
        self._said: dict[tuple[str, ...], tuple[bytes, Mapping[str, str]]] = {}
        self._push_url = _address(known.get(f"{section}.pushurl") or self._url)

    @classmethod
    def of(cls, repo: Repository, name: str = "origin") -> "Remote | None":
        """The remote that is configured under a name, None when there is none."""
        remote = cls(repo, name)
        return remote if remote.is_configured else None

    @property
    def url(self) -> str:
        """Its address, without credentials."""
        return without_credentials(self._url)

    def ls(self, *patterns: str) -> Mapping[str, str]:
        """The remote's refs whose full name fits one of the patterns (`*` fits anything), with what they point to.

        The same answer as before is the same mapping. Tags are not peeled. No pattern lists everything. IncompleteError
        when the remote cannot be reached.
        """
        out = self._answer(self._url, patterns)
        said, found = self._said.get(patterns, (b"", None))
        if found is None or said != out:
            found = _refs(out, patterns)
            self._said[patterns] = out, found
        return found

    def default_branch(self) -> str | None:
        """The full name of the branch that the remote's HEAD is on, None where it does not say."""
        done = self._repo.plumbing.transport("ls-remote", "--symref", "--", self._url, "HEAD")
        self._check(done)
        for line in done.out.splitlines():
            if line.startswith(b"ref: ") and line.endswith(b"\tHEAD"):
                return path_text(line[5:-5])
        return None

    def fetch(self, *refspecs: str) -> None:
        """Fetch by git refspecs (`+refs/heads/main:refs/remotes/origin/main`), all or nothing.

        A ref here that is locked stays where it is, and its objects arrive all the same: a lock that a killed git left
        behind is nobody's to remove, and must not keep anybody from reading the remote.
        IncompleteError when the remote cannot be reached, holds no such ref, or would rewind a ref without `+`.
        """
        self._fetch(self._url, *map(self._unlocked, refspecs))

    def push(
        self, updates: Mapping[str, str | None], expected: Mapping[str, str | None], *, apart: bool = False
    ) -> PushResult:
        """Move refs of the remote, each from the value that is expected there: all or none, or `apart`, so that one
        that does not land keeps no other from it.

        None is "no such ref"; a ref without an entry in `expected` may only be created or fast-forwarded. RefusedError
        for a branch that would lose commits, IncompleteError when afterwards it cannot be told what the remote holds.
        """
        for name, new in updates.items():
            self._check_fast_forward(name, new, expected.get(name))
        leases = [f"--force-with-lease={name}:{expected[name] or ''}" for name in updates if name in expected]
        refspecs = [f"{new or ''}:{name}" for name, new in updates.items()]
        options = (*_PUSH_OPTIONS, "--no-atomic" if apart else "--atomic", *leases)
        done = self._repo.plumbing.transport("push", *options, "--", self._push_url, *refspecs)
        tips = _refs(self._answer(self._push_url, tuple(updates)), tuple(updates))
        fates = {name: self._fate(name, new, tips.get(name), expected) for name, new in updates.items()}
        return PushResult(fates, "" if done.code == 0 else _said(done))

    def _unlocked(self, refspec: str) -> str:
        source, _, here = refspec.removeprefix("+").partition(":")
        return source if self._repo.is_locked(here) else refspec

    def _fetch(self, url: str, *refspecs: str) -> None:
        plumbing = self._repo.plumbing
        self._check(plumbing.transport("fetch", *_FETCH_OPTIONS, "--", plumbing.address(url), *refspecs))

    def _answer(self, url: str, patterns: tuple[str, ...]) -> bytes:
        # git asks for all refs and filters here; but for branches alone it says so, and no tag is listed
        kind = ("--heads",) if patterns and all(one.startswith("refs/heads/") for one in patterns) else ()
        done = self._repo.plumbing.transport("ls-remote", "--refs", "--quiet", *kind, "--", url, *patterns)
        self._check(done)
        return done.out

    def _check_fast_forward(self, name: str, new: str | None, old: str | None) -> None:
        """A lease lets git rewind a branch; here only a ref that held no commit may be moved sideways."""
        if old is None or new is None or old == new or self._repo.kind(old) not in ("commit", None):
            return
        if not self._repo.is_ancestor(old, new):
            raise RefusedError(f"{name} would lose commits: {new[:12]} does not descend from {old[:12]}")

    def _fate(self, name: str, ours: str | None, tip: str | None, expected: Mapping[str, str | None]) -> Fate:
        if tip == ours or (tip is not None and ours is not None and self._descends(name, tip, ours)):
            return "landed"
        return "refused" if name in expected and tip == expected[name] else "conflict"

    def _descends(self, name: str, tip: str, ours: str) -> bool:
        if self._repo.kind(ours) != "commit":
            return False
        if not self._repo.has(tip):
            self._fetch(self._push_url, name)
        return self._repo.kind(tip) == "commit" and self._repo.is_ancestor(ours, tip)

    def _check(self, done: Completed) -> None:
        if done.code != 0:
            hint = f"check the network and your access: git ls-remote {self.name}"
            raise IncompleteError(f"the remote {self.url} gave no answer: {first_line(done.err)}", hint)


def _refs(out: bytes, patterns: tuple[str, ...]) -> dict[str, str]:
    """What ls-remote said: it lets a pattern fit the end of a name, and here it has to fit all of it."""
    found = {}
    for line in out.splitlines():
        oid, _, name = line.partition(b"\t")
        found[path_text(name)] = oid.decode("ascii", "replace")
    below = tuple(one[:-1] for one in patterns if one.endswith("/*") and not _SPECIAL.intersection(one[:-1]))
    return {
        name: oid
        for name, oid in found.items()
        if not patterns or name.startswith(below) or any(fnmatchcase(name, one) for one in patterns)
    }


def _address(url: str) -> str:
    """An address that git cannot take for an option or a program."""
    if not url or url.startswith("-") or url.lower().startswith(("ext::", "fd::")):
        raise UsageError(f"{without_credentials(url)!r} is not the address of a remote")
    return url


def _said(done: Completed) -> str:
    """What the other side said, one line each, fit for a terminal; git's own complaint where it said nothing."""
    lines = done.err.decode("utf-8", "replace").splitlines()
    said = [text for line in lines if line.startswith("remote: ") and (text := without_credentials(line[8:]).strip())]
    return "\n".join(said[:20]) or first_line(done.err)
