"""Where a review is read and written: in the working tree, or on the branch `incident/ID` by a signed commit."""

from dataclasses import dataclass
from pathlib import Path

from agentgov.cli.context import Context
from agentgov.cli.governed_file import write_governed
from agentgov.cli.place import fleet_root, make_way
from agentgov.errors import ConfigurationError
from agentgov.incident.proposal import Branch, branch_of, propose, text_on
from agentgov.journal.view import View
from agentgov.release.refs import known_refs
from agentgov.repo import clock


@dataclass(frozen=True, slots=True)
class Place:
    """The one of the two that was asked for; `branch` None is the working tree below `root`."""

    context: Context
    view: View
    incident: str
    path: str
    root: Path
    branch: Branch | None

    def read(self) -> str | None:
        """The file as it stands there, None where there is none."""
        if self.branch is not None:
            return text_on(self.context.repo, self.branch, self.path)
        self._require_file()
        file = self.root / self.path
        return file.read_bytes().decode("utf-8") if file.is_file() else None

    def write(self, text: str, subject: str) -> list[str]:
        """Write it there; the lines that say how it gets to main from there."""
        if self.branch is not None:
            who = self.context.person(self.view).appender
            propose(self.context.repo, who, self.branch, self.path, text, subject=subject, now=clock.now())
            remote = self.context.journal.remote
            push = f"git push -u {remote.name if remote is not None else 'origin'} {self.branch.name}"
            return [push, f"see it: git show {self.branch.name}", "then open a pull request, as for every change"]
        self._require_file()
        make_way(self.root, self.path)
        write_governed(self.root / self.path, self.path, text)
        add = f"git add {self.path} && git commit -m {_quoted(subject)} && git push -u origin HEAD"
        return [f"git switch -c incident/{self.incident} && {add}", "then open a pull request, as for every change"]

    def _require_file(self) -> None:
        """ConfigurationError where a link is in the way: what is in a clone came from others."""
        way = [self.path, *map(str, Path(self.path).parents)][:-1]
        if link := next((one for one in way if (self.root / one).is_symlink()), None):
            raise ConfigurationError(f"{link} is a symbolic link, and nothing is read or written through it")


def place_of(context: Context, view: View, incident: str, path: str, repo: str, *, on_branch: bool) -> Place:
    """Where to read and write a review. ConfigurationError outside of a working tree that one is to be written to."""
    if on_branch:
        main = known_refs(context.journal, view.governance.fleet.main).main
        branch = branch_of(context.repo, f"incident/{incident}", main)
        return Place(context, view, incident, path, Path(), branch)
    root = fleet_root(Path(repo))
    if root is None:
        how = "run it in a clone, or name one with --repo DIR; --branch needs no working tree"
        raise ConfigurationError("there is no fleet around here", how)
    return Place(context, view, incident, path, root, None)


def _quoted(subject: str) -> str:
    return "'" + subject.replace("'", "'\\''") + "'"
