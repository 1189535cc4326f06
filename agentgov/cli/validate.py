"""`agentgov validate`: everything that is wrong with a fleet, at once. Reads and prints; `validate.run` decides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentgov.cli.options import repo_option, report_options, wants_source
from agentgov.cli.publish import ReportFile
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.finding import Severity, order
from agentgov.model.governed import FLEET_FILE, in_governance_set
from agentgov.model.names import agent_id
from agentgov.model.snapshot import Snapshot
from agentgov.report.formats import FORMATS

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository
    from agentgov.report.findings import Checked

_HINT = "`agentgov init` makes a fleet; --repo DIR names one that is elsewhere"


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--rev", metavar="REV", help="Validate this revision (default: the working tree).")
@click.option(
    "--changed",
    metavar="BASE...HEAD",
    help="Validate HEAD: what changed in it since it left BASE, and who is affected.",
)
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", help="What makes the exit code 1.")
@click.option("--select", multiple=True, metavar="CODE", help="Only findings of this code, or family such as schema.")
@click.option("--ignore", multiple=True, metavar="CODE", help="No findings of this code or family.")
@click.option("--show-suppressed", is_flag=True, help="Also list what marks in the files suppress, with the reasons.")
@click.option("--show-source/--no-show-source", default=None, help="Show the lines (default: on a terminal).")
@repo_option
@report_options(*FORMATS)
def validate(
    paths: tuple[str, ...],
    rev: str | None,
    changed: str | None,
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    show_suppressed: bool,
    show_source: bool | None,
    repo: str,
    output: str,
    reports: tuple[ReportFile, ...],
) -> int:
    """Check a fleet: schema, layout, references, limits, ownership, secrets.

    All findings come at once. With PATHs only those files, and the agents they belong to. `agentgov explain
    CODE` tells what a finding means. Exit 0: in order, 1: findings.
    """
    from agentgov.cli.findings import lines_between, read_from, tell
    from agentgov.report.findings import Report
    from agentgov.validate.run import examine, removed_agents

    _known_codes((*select, *ignore))
    place = _Place.around(Path(repo))
    if changed is not None:
        if rev is not None:
            raise UsageError("--changed names the revision to validate; leave --rev out")
        before, snapshot, touched = place.change(changed)
    else:
        before, snapshot, touched = None, place.snapshot(rev), None
    result = examine(snapshot, only=_only(place, snapshot, paths, touched))
    findings = result.findings
    if before is not None:
        findings = tuple(sorted((*findings, *removed_agents(before, snapshot)), key=order))
    findings = tuple(found for found in findings if _wanted(found.code, select, ignore))
    report = Report(
        command="validate",
        findings=findings,
        checked=_checked(snapshot),
        suppressed=tuple(one for one in result.suppressed if _wanted(one.finding.code, select, ignore)),
        failing=frozenset(Severity) if fail_on == "warning" else frozenset({Severity.ERROR}),
        inside=place.inside(),
        changed=lines_between(before, snapshot, touched) if before is not None and touched is not None else None,
        read=read_from(snapshot),
    )
    tell(report, output, reports, source=wants_source(show_source), suppressed=show_suppressed)
    return 1 if report.failed else 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the fleet is: its folder, what PATHs are relative to, and the repository around it (None: not in git)."""

    root: Path
    start: Path
    git: Path | None

    @classmethod
    def around(cls, start: Path) -> "_Place":
        """The nearest folder upwards with agentgov.yaml, at most to the root of the repository."""
        here = start.resolve()
        if not here.is_dir():
            raise ConfigurationError(f"{start} is no folder", _HINT)
        root: Path | None = None
        for folder in (here, *here.parents):
            if root is None and (folder / FLEET_FILE).exists():
                root = folder
            if (folder / ".git").exists():
                return cls(root or folder, here, folder)
        if root is None:
            raise ConfigurationError(f"there is no fleet around {here}", _HINT)
        return cls(root, here, None)

    def snapshot(self, rev: str | None) -> Snapshot:
        """The files to validate; ConfigurationError where nothing of a fleet is among them."""
        if rev is not None:
            repo = self.repository()
            return self._at(repo, repo.resolve(rev))
        from agentgov.repo.snapshot import WorkTreeSnapshot

        return _some_fleet(WorkTreeSnapshot(self.root), str(self.root))

    def change(self, text: str) -> tuple[Snapshot, Snapshot, set[str]]:
        """The files where HEAD left BASE, those of HEAD, and the paths that differ."""
        from agentgov.repo.changes import changed_paths

        base_name, dots, head_name = text.partition("...")
        if not dots or not base_name:
            raise UsageError(f"--changed {text} names no change", "write it as BASE...HEAD, for example main...HEAD")
        repo = self.repository()
        base, head = repo.resolve(base_name), repo.resolve(head_name or "HEAD")
        fork = repo.merge_base(base, head)
        if fork is None:
            raise UsageError(f"{base_name} and {head_name or 'HEAD'} have no history in common")
        touched = changed_paths(repo, self._tree(repo, fork), self._tree(repo, head))
        return self._at(repo, fork), self._at(repo, head), set(touched)

    def repository(self) -> "Repository":
        """The repository around; ConfigurationError outside of one."""
        from agentgov.repo.repository import Repository

        return Repository.open(self.root)

    def relative(self, path: str) -> str:
        """A PATH of the command line, relative to the fleet."""
        full = (self.start / path).absolute()
        full = full.parent.resolve() / full.name  # the way there may lead through links, the path itself may be one
        if not full.is_relative_to(self.root):
            raise UsageError(f"{path} lies outside of the fleet in {self.root}")
        inside = full.relative_to(self.root).as_posix()
        return "" if inside == "." else inside

    def inside(self) -> str:
        """The folder of the fleet in its repository, empty or ending with a slash."""
        if self.git is None or self.git == self.root:
            return ""
        return f"{self.root.relative_to(self.git).as_posix()}/"

    def _at(self, repo: "Repository", commit: str) -> Snapshot:
        from agentgov.repo.snapshot import TreeSnapshot

        name = f"commit {commit[:7]}"
        return _some_fleet(TreeSnapshot(repo, self._tree(repo, commit), name), name)

    def _tree(self, repo: "Repository", commit: str) -> str:
        """The tree of the fleet's folder in a commit."""
        tree = repo.commit(commit).tree
        if self.git is None or self.git == self.root:
            return tree
        inside = self.root.relative_to(self.git).as_posix()
        entry = repo.entry(tree, inside)
        if entry is None:
            raise ConfigurationError(f"{inside} is not in commit {commit[:7]}")
        return entry.oid


def _some_fleet(snapshot: Snapshot, name: str) -> Snapshot:
    parts = (FLEET_FILE, f"{FLEET_FILE}/", "governance/", "agents/")
    if not any(path.startswith(parts) for path in snapshot.entries()):
        raise ConfigurationError(
            f"there is no fleet in {name}: neither {FLEET_FILE} nor governance/ nor agents/", _HINT
        )
    return snapshot


def _only(
    place: _Place, snapshot: Snapshot, paths: tuple[str, ...], touched: set[str] | None
) -> Callable[[str], bool] | None:
    """Which files to judge; None is all of them. A change of governance affects every agent."""
    scopes = [_scope(place, snapshot, path) for path in paths]
    everything = touched is None or any(map(in_governance_set, touched))
    if everything and (not scopes or "" in scopes):
        return None

    def only(path: str) -> bool:
        inside = not scopes or any(not scope or path == scope or path.startswith(f"{scope}/") for scope in scopes)
        return inside and (everything or (touched is not None and path in touched))

    return only


def _scope(place: _Place, snapshot: Snapshot, path: str) -> str:
    """A PATH as a path of the fleet; an agent's id stands for its folder."""
    scope = place.relative(path)
    entries = snapshot.entries()
    if not scope or scope in entries or any(entry.startswith(f"{scope}/") for entry in entries):
        return scope
    agent = agent_id(path)
    if agent is not None and agent.file in entries:
        return agent.folder
    if (place.root / scope).exists():
        return scope  # not governed: nothing to check, as for the other files of a commit hook
    raise UsageError(f"there is no {path} in the {snapshot.name}")


def _known_codes(codes: tuple[str, ...]) -> None:
    from agentgov.validate.codes import CODES

    families = {code.partition(".")[0] for code in CODES}
    for code in codes:
        if code not in CODES and code not in families:
            import difflib

            close = difflib.get_close_matches(code, (*CODES, *families), 1)
            raise UsageError(
                f"there is no finding {code}", f"did you mean {close[0]}?" if close else "all of them: docs/findings/"
            )


def _wanted(code: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    names = {code, code.partition(".")[0]}
    return names.isdisjoint(ignore) and (not select or not names.isdisjoint(select))


def _checked(snapshot: Snapshot) -> "Checked":
    from agentgov.report.findings import Checked
    from agentgov.validate.load import agent_ids

    entries = snapshot.entries()
    return Checked(sum(1 for _ in agent_ids(entries)), len(entries), snapshot.name, entries.keys)
