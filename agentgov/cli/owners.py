"""`agentgov owners`: who owns which path, and by which line. Reads files and trees; `owners.codeowners` decides.

Works in any git repository, a fleet or not, and in any folder below a CODEOWNERS file. Paths need not exist.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from agentgov.cli.options import answer, format_option, repo_option, show
from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.model.governed import FLEET_FILE, GITHUB_CODEOWNERS
from agentgov.model.snapshot import TREE, path_text
from agentgov.owners.codeowners import Codeowners, Dialect, Match, Rule, SectionMatch, match, parse, places
from agentgov.owners.gitlab import DEFAULT_SECTION

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository
    from agentgov.report.page import Page, Span

_GITLAB = ".gitlab/CODEOWNERS"
_PLACES = (*GITHUB_CODEOWNERS, _GITLAB)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--changed", metavar="BASE...HEAD", help="What changed since HEAD left BASE, judged by BASE's CODEOWNERS."
)
@click.option("--agent", metavar="ID", help="The files of one agent.")
@click.option("--unowned", is_flag=True, help="Only paths that nobody owns.")
@click.option("--at", "rev", metavar="REV", help="Files and CODEOWNERS of this revision (default: the working tree).")
@click.option("--dialect", type=click.Choice(["github", "gitlab"]), help="Overrides what the repository says.")
@repo_option
@format_option()
def owners(
    paths: tuple[str, ...],
    changed: str | None,
    agent: str | None,
    unowned: bool,
    rev: str | None,
    dialect: Dialect | None,
    repo: str,
    output: str,
) -> int:
    """Owners of each PATH and the line that names them.

    A folder stands for its files, no PATH for all files of the repository. Paths are relative to --repo, by default to
    the working directory, and need not exist. Exit 0 whether or not the paths are owned.
    """
    place = _place(repo)
    scope = [place.relative(path) for path in paths] + ([_agent_folder(agent)] if agent else [])
    source: Source = place.source(rev)
    if changed is None:
        wanted = [path for part in scope or [""] for path in source.expand(part)]
    else:
        base, touched = _changed(place.repository(), changed)
        source = source if rev else place.source(base)
        wanted = [path for path in touched if not scope or any(_inside(path, part) for part in scope)]
    codeowners = _codeowners(source, dialect)
    found = {path: match(codeowners, path) for path in wanted}
    if unowned:
        found = {path: result for path, result in found.items() if not result.owners}
    if output == "text":
        show(_remarks(codeowners), err=True)
    answer(output, _page(found, codeowners, unowned), _document(found, codeowners))
    return 0


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


def _place(start: str) -> Place:
    from agentgov.repo.location import find_repository

    base = Path(start).resolve()
    around = (base, *base.parents)
    try:
        return Place(base, find_repository(base).root, in_git=True)
    except IncompleteError:  # a format whose objects cannot be read yet: the files on disk can
        root = next((folder for folder in around if (folder / ".git").exists()), None)
        if root is not None:
            return Place(base, root, in_git=True)
        raise
    except ConfigurationError:
        root = next((folder for folder in around if any((folder / file).is_file() for file in _PLACES)), None)
        if root is not None:
            return Place(base, root, in_git=False)
        raise


def _agent_folder(text: str) -> str:
    from agentgov.cli import parameters

    return f"{parameters.agent(text).folder}/"  # a folder also where it does not exist yet


def _changed(repo: "Repository", text: str) -> tuple[str, list[str]]:
    """The commit of BASE, and the paths that differ between where HEAD left it and HEAD, both sides of a move."""
    from agentgov.repo.changes import changed_paths

    base_name, dots, head_name = text.partition("...")
    if not dots or not base_name:
        raise UsageError(f"--changed {text} names no change", "write it as BASE...HEAD, for example main...HEAD")
    base, head = repo.resolve(base_name), repo.resolve(head_name or "HEAD")
    fork = repo.merge_base(base, head)
    if fork is None:
        raise UsageError(f"{base_name} and {head_name or 'HEAD'} have no history in common")
    return base, list(changed_paths(repo, repo.commit(fork).tree, repo.commit(head).tree))


def _inside(path: str, scope: str) -> bool:
    folder = scope.rstrip("/")
    return not folder or path == folder or path.startswith(f"{folder}/")


def _codeowners(source: Source, asked: Dialect | None) -> Codeowners:
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
    return "gitlab" if source.read(_GITLAB) is not None else "github"


def _says_gitlab(fleet: bytes) -> bool:
    from agentgov.validate.yaml_reader import read

    value: object = read(fleet, FLEET_FILE).value
    for key in ("codeowners", "dialect"):
        value = value.get(key) if isinstance(value, dict) else None
    return value == "gitlab"


def _remarks(codeowners: Codeowners) -> "Page":
    """What is wrong with the file, for people: lines that are skipped change who owns what."""
    from agentgov.report.page import Page, Span

    page = Page()
    if not codeowners.file:
        page.line(Span("note: ", "warn"), f"there is no CODEOWNERS file ({', '.join(places(codeowners.dialect))})")
    for finding in codeowners.problems:
        page.line(Span("warning: ", "warn"), f"{finding.where}: {finding.message}")
    return page


def _page(found: dict[str, Match], codeowners: Codeowners, unowned: bool) -> "Page":
    from agentgov.report.page import Page, Span

    if not found:
        return Page().line("every path has an owner" if unowned else "no paths")
    rows = []
    for path, result in found.items():
        owner = " ".join(result.owners) if result.owners else Span("nobody", "bad")
        rows.append((path, owner, Span(_decided_by(codeowners, result), "dim")))
        if len(result.sections) > 1 or any(section.name != DEFAULT_SECTION for section in result.sections):
            rows.extend(_section_row(codeowners, section) for section in result.sections)
    return Page().table(("path", "owners", "decided by"), rows)


def _decided_by(codeowners: Codeowners, result: Match) -> str:
    if len(result.sections) > 1:
        return f"{len(result.sections)} sections"
    return _place_of(codeowners, result.rule) if result.rule is not None else "no line matches"


def _section_row(codeowners: Codeowners, section: SectionMatch) -> tuple[str, "Span | str", "Span"]:
    from agentgov.report.page import Span

    asked = "optional" if section.optional else f"{section.approvals} approval{'s' * (section.approvals != 1)}"
    owner = " ".join(section.owners) if section.owners else Span("nobody", "bad")
    return f"  [{section.name}] {asked}", owner, Span(_place_of(codeowners, section.rule), "dim")


def _place_of(codeowners: Codeowners, rule: Rule) -> str:
    return f"{codeowners.file}:{rule.line}  {rule.pattern}"


def _document(found: dict[str, Match], codeowners: Codeowners) -> dict[str, object]:
    def line(rule: Rule | None) -> dict[str, object] | None:
        return None if rule is None else {"file": codeowners.file, "line": rule.line, "pattern": rule.pattern}

    return {
        "schema": "agentgov.owners/1",
        "dialect": codeowners.dialect,
        "file": codeowners.file or None,
        "paths": [
            {
                "path": path,
                "owners": list(result.owners),
                "rule": line(result.rule),
                "sections": [
                    {
                        "name": section.name,
                        "optional": section.optional,
                        "approvals": section.approvals,
                        "owners": list(section.owners),
                        "rule": line(section.rule),
                    }
                    for section in result.sections
                ],
            }
            for path, result in found.items()
        ],
        "problems": [
            {
                "code": finding.code,
                "severity": str(finding.severity),
                "line": finding.where.line,
                "column": finding.where.column,
                "message": finding.message,
                "fix": finding.fix,
            }
            for finding in codeowners.problems
        ],
    }
