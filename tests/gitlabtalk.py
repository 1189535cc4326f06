"""A GitLab world that is served, with the product's own adapter on the other side of a real socket."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forgeworld import ForgeWorld
from gitlabfake import TOKEN, GitLabFake
from gitlabworld import GitLabWorld
from gitworld import START, Content, git

from agentgov.forge.opening import open_client, open_forge
from agentgov.forge.port import ForgePort
from agentgov.forge.where import Where
from agentgov.net.tokens import Token


class Clock:
    """A clock that only moves when told to; waiting moves it."""

    def __init__(self) -> None:
        self.time = float(START)

    def __call__(self) -> int:
        return int(self.time)

    def exact(self) -> float:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += seconds


@dataclass(slots=True)
class Talk:
    """The world, its server, and the clock of both sides."""

    world: GitLabWorld
    fake: GitLabFake
    clock: Clock

    def forge(self, *, token: str | None = TOKEN, check: int | None = None, project: str = "acme/fleet") -> ForgePort:
        """The adapter, as a command opens it."""
        where = Where("gitlab", self.fake.url, project, Token(token) if token else None, check)
        client = open_client(where, clock=self.clock.exact, sleep=self.clock.pass_by)
        return open_forge(where, client)

    def later(self, seconds: float) -> None:
        """Time passes."""
        self.clock.pass_by(seconds)

    def push(
        self, who: str, files: Mapping[str, Content], branch: str = "topic", *, force: bool = False, fork: str = ""
    ) -> str:
        """Commit files on a branch as somebody and push it; the commit."""
        return pushed(self.world, who, files, branch, force=force, fork=fork)


def pushed(
    world: ForgeWorld,
    who: str,
    files: Mapping[str, Content],
    branch: str = "topic",
    *,
    force: bool = False,
    fork: str = "",
) -> str:
    """A commit on top of a branch (of main where there is none yet, or where it is forced), pushed by somebody."""
    clone = world.clone(who, fork=fork)
    start = "" if force else world.tip(f"refs/heads/{branch}", fork=fork)
    if start:
        git(clone, "reset", "-q", "--hard", start)
    world.commit(who, clone, dict(files))
    return world.push(who, clone, branch, force=force, fork=fork)


@contextmanager
def talk(folder: Path) -> Iterator[Talk]:
    """A project with a file on main, served."""
    clock = Clock()
    world = GitLabWorld(folder, now=clock)
    pushed(world, "root", {"README.md": "A fleet.\n", "a.txt": "1\n"}, "main")
    clock.pass_by(3600)
    with GitLabFake(world).serve() as fake:
        yield Talk(world, fake, clock)
