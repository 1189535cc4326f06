"""Where `agentgov owners` reads files and CODEOWNERS: a folder on disk or a tree in git, a fleet or not."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.model.governed import CODEOWNERS, FLEET_FILE, GITHUB_CODEOWNERS, GITLAB_CODEOWNERS
from agentgov.model.snapshot import TREE, path_text
from agentgov.owners.codeowners import Codeowners, Dialect, parse, places

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository


class Source(Protocol):
    """Where files and CODEOWNERS are read: a folder on disk, or a tree in git."""

    def read(self, path: str) -> bytes | None:
        """The bytes of an ordinary file, None where there is none."""

    def expand(self, path: str) -> Iterable[str]:
        """The files below a folder; anything else is itself, existing or not. "" is the root."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files on disk; in a git repository without those that git ignores."""

    root: Path
    in_git: bool

    def read(self, path: str) -> bytes | None:
        file = self.root / path
        if not stat.S_ISREG(_mode(file)):
            return None
        try:
            return file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error

    def expand(self, path: str) -> Iterable[str]:
        folder = self.root / path
        if not stat.S_ISDIR(_mode(folder)):
            return [path]
        return self._tracked(path.rstrip("/")) if self.in_git else self._walk(folder)

    def _tracked(self, path: str) -> list[str]:
        from agentgov.repo.program import git

        options = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        listed = git(self.root, *options, "--", f":(literal){path}" if path else ".").out
        return sorted(path_text(raw) for raw in listed.split(b"\0") if raw)

    def _walk(self, folder: Path) -> Iterator[str]:
        for place, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                yield (Path(place) / name).relative_to(self.root).as_posix()


def _mode(file: Path) -> int:
    """What stands there, links not followed; 0 for nothing, and for names that no disk takes."""
    try:
        return file.lstat().st_mode
    except (OSError, ValueError):
        return 0


@dataclass(frozen=True, slots=True)
class Tree:
    """Files of one commit."""

    repo: "Repository"
    tree: str

    def read(self, path: str) -> bytes | None:
        entry = self.repo.entry(self.tree, path)
        return self.repo.blob(entry.oid) if entry is not None and entry.is_file else None

    def expand(self, path: str) -> Iterable[str]:
        from agentgov.repo.changes import changed_paths

        folder = path.rstrip("/")
        entry = self.repo.entry(self.tree, folder) if folder else None
        if folder and (entry is None or entry.mode != TREE):
            return [path]
        below = changed_paths(self.repo, None, entry.oid if entry is not None else self.tree)
        return [f"{folder}/{name}" if folder else name for name in below]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the command stands: `base` is what paths are relative to, `root` what CODEOWNERS speaks of (None: bare)."""

    base: Path
    root: Path | None
    in_git: bool

    def relative(self, path: str) -> str:
        """A path as the user wrote it, relative to the root; UsageError where it lies outside."""
        if self.root is None:
            return os.path.normpath(path)
        full = Path(path)
        if full.is_absolute():  # the way there may lead through a link, as /tmp does on some machines
            full = full.parent.resolve() / full.name
        inside = os.path.relpath(self.base / full, self.root)
        if inside == ".." or inside.startswith("../"):
            raise UsageError(f"{path} is outside of {self.root}", "name paths of the repository, or use --repo DIR")
        slash = "/" if path.endswith("/") else ""
        return "" if inside == "." else inside + slash

    def repository(self) -> "Repository":
        """The git repository; ConfigurationError where there is none."""
        from agentgov.repo.repository import Repository

        return Repository.open(self.base)

    def source(self, rev: str | None) -> Source:
        """The files on disk, or those of a revision (HEAD's, where the repository has no working tree)."""
        if rev is None and self.root is not None:
            return Folder(self.root, self.in_git)
        repo = self.repository()
        return Tree(repo, repo.commit(repo.resolve(rev or "HEAD")).tree)


def around(start: str) -> Place:
    from agentgov.repo.location import find_repository

    """The repository around a folder, or the nearest folder with a CODEOWNERS file; ConfigurationError without both."""
    base = Path(start).resolve()
    folders = (base, *base.parents)
    try:
        return Place(base, find_repository(base).root, in_git=True)
    except IncompleteError:  # a format whose objects cannot be read yet: the files on disk can
        root = next((folder for folder in folders if (folder / ".git").exists()), None)
        if root is not None:
            return Place(base, root, in_git=True)
        raise
    except ConfigurationError:
        root = next((folder for folder in folders if any((folder / file).is_file() for file in CODEOWNERS)), None)
        if root is not None:
            return Place(base, root, in_git=False)
        raise


def read_codeowners(source: Source, asked: Dialect | None) -> Codeowners:
    """The file that decides, in the dialect asked for or else found; without rules where there is none."""
    dialect = asked or _dialect(source)
    file = next((file for file in places(dialect) if source.read(file) is not None), None)
    return parse(path_text(source.read(file) or b""), file, dialect) if file is not None else parse("", "", dialect)


def _dialect(source: Source) -> Dialect:
    """What agentgov.yaml says; without it, GitLab's only where the file lies where nobody but GitLab looks."""
    fleet = source.read(FLEET_FILE)
    if fleet is not None:
        return "gitlab" if b"gitlab" in fleet and _says_gitlab(fleet) else "github"
    if any(source.read(file) is not None for file in GITHUB_CODEOWNERS):
        return "github"
    return "gitlab" if source.read(GITLAB_CODEOWNERS[-1]) is not None else "github"


def _says_gitlab(fleet: bytes) -> bool:
    from agentgov.validate.yaml_reader import read

    value: object = read(fleet, FLEET_FILE).value
    for key in ("codeowners", "dialect"):
        value = value.get(key) if isinstance(value, dict) else None
    return value == "gitlab"
