"""A small world on the fake GitHub, and the adapter that talks to it as the product does; waiting takes no time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import gitworld
from forgeworld import ForgeWorld
from githubfake import GitHubFake
from pace import Pace

from agentgov.forge.opening import open_client, open_forge
from agentgov.forge.port import ForgePort
from agentgov.forge.where import Where
from agentgov.net.tokens import Token


@dataclass(slots=True)
class Talk:
    """The world, the fake that serves it, and the time that its clients have."""

    world: ForgeWorld
    fake: GitHubFake
    clone: Path
    pace: Pace = field(default_factory=Pace)

    def port(self, token: str = "", project: str = "acme/fleet", *, deadline: float = 60.0) -> ForgePort:
        """The port as somebody with that token has it; a bot's personal token where none is given."""
        where = Where("github", self.fake.url, project, Token(token or self.fake.token("bot")))
        client = open_client(where, clock=self.pace.clock, sleep=self.pace.sleep, deadline=deadline)
        return open_forge(where, client)

    def push(self, who: str, files: dict[str, gitworld.Content], branch: str = "topic", *, by: str = "") -> str:
        """A commit by somebody on top of what is checked out, pushed by them or by somebody else."""
        self.world.commit(who, self.clone, files)
        return self.world.push(by or who, self.clone, branch)


@contextmanager
def talk(folder: Path, prefix: str = "") -> Iterator[Talk]:
    """dev opened pull request 1 with one file, from `topic` to `main`."""
    world = ForgeWorld(folder)
    clone = world.clone("dev")
    world.commit("dev", clone, {"a.txt": "1\n"}, "first")
    world.push("dev", clone, "main")
    with GitHubFake(world, prefix=prefix).serve() as fake:
        found = Talk(world, fake, clone)
        found.push("dev", {"b.txt": "2\n"})
        assert world.open("dev", "topic") == 1
        yield found
