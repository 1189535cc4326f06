"""A fleet with a journal whose repository stands on a fake GitHub: people with accounts, pull requests, `check --pr`.

    with PullRequestWorld.on(begun) as world:
        number = world.propose("alice", {PROMPT: "Be brief.\n"})
        world.forge.review(number, "bob", "APPROVED")
        assert world.check(number).code == 0

The fleet's bare remote is the forge's repository, and commands run at a real command line over real HTTP on loopback.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import gitworld
from forgeworld import ForgeWorld
from githubfake import GitHubFake
from pace import Pace
from unit.cli.command_world import ACCESS, PEOPLE, CommandWorld, Ran
from unit.cli.output_schema import assert_holds

from agentgov.cli.change import forge_access

NUMBERS = {name: 1001 + place for place, name in enumerate(PEOPLE)}
PROJECT = "sim/fleet"


@dataclass
class PullRequestWorld:
    """The command line and the forge of one fleet. `token` is whose token commands use."""

    commands: CommandWorld
    forge: ForgeWorld
    fake: GitHubFake
    token: str = ""

    @classmethod
    @contextmanager
    def on(cls, commands: CommandWorld) -> Iterator[Self]:
        """The forge of a fleet, served; commands speak as GitHub Actions."""
        forge = ForgeWorld(commands.folder, project=PROJECT, now=lambda: commands.time, remote=commands.remote)
        for name, number in NUMBERS.items():
            forge.account(name, id=number)
        fake = GitHubFake(forge)
        with fake.serve(), unhurried():
            yield cls(commands, forge, fake, fake.installation())

    # --- acting ----------------------------------------------------------------------------------------------------

    def commit(self, who: str, files: Mapping[str, str | bytes | None], branch: str, message: str = "Change") -> str:
        """A commit on a branch that begins at main, or goes on; not pushed."""
        fleet = self.commands.fleet
        known = gitworld.git(fleet, "branch", "--list", branch)
        self.commands.git("fetch", "-q", "origin", "main")
        self.commands.git("switch", "-q", *([branch] if known else ["-c", branch, "origin/main"]))
        return self.commands.change(who, files, message, push=False)

    def push(self, who: str, branch: str, *, force: bool = False, fork: str = "") -> str:
        """Push the branch as an account."""
        return self.forge.push(who, self.commands.fleet, branch, force=force, fork=fork)

    def propose(
        self, who: str, files: Mapping[str, str | bytes | None], branch: str = "topic", *, fork: str = "", **more: Any
    ) -> int:
        """A pull request with one commit; its number."""
        self.commit(who, files, branch)
        self.push(who, branch, fork=fork)
        return self.forge.open(who, branch, fork=fork, **more)

    # --- asking ----------------------------------------------------------------------------------------------------

    def run(self, *args: str, cwd: Any = None, key: str = "") -> Ran:
        """A command that speaks to the forge, as a bot: without a key, or with one of its own."""
        where = ("--forge", "github", "--project", PROJECT, "--api-url", self.fake.url)
        env = {"AGENTGOV_FORGE_TOKEN": self.token}
        env |= {"AGENTGOV_KEY_FILE": str(self.commands.keys / key)} if key else {}
        return self.commands.run("mallory", *args, *where, cwd=cwd, env=env)

    def check(self, number: int, *args: str) -> Ran:
        """`check --pr`."""
        found = self.run("check", "--pr", str(number), *args)
        assert self.token not in found.out + found.err
        return found

    def asked(self, number: int, *args: str, code: int) -> dict[str, Any]:
        """The JSON answer of `check --pr`, held against its schema."""
        found = self.check(number, *args, "--json")
        assert found.code == code, found
        assert_holds(found.document, "check")
        return found.document


def with_accounts(commands: CommandWorld, forge: str = "github") -> CommandWorld:
    """The same fleet, in whose Access everybody has an account on a forge, and a bot of kind importer a key."""
    text = (commands.fleet / ACCESS).read_text("utf-8")
    for name, number in NUMBERS.items():
        mail = f"emails: [{name}@sim.example]"
        assert mail in text
        both = f"emails: [{name}@sim.example, {name}@example.com]"  # what clones and what forges commit with
        text = text.replace(mail, f"{both}, {forge}: {{login: {name}, id: {number}}}")
    gitworld.make_key(commands.keys, "importer")
    key = gitworld.public_key(commands.keys / "importer")
    text = text.replace("bots:\n", f'bots:\n  - {{id: importer, kind: importer, keys: ["{key}"]}}\n')
    commands.change("carol", {ACCESS: text})
    commands.must("carol", "review", "approve")
    commands.tick()
    return commands


@contextmanager
def unhurried() -> Iterator[None]:
    """The client's waits take no time here: forges ask for a second between writes."""
    real, pace = forge_access.PACE, Pace()
    forge_access.PACE = forge_access.Pace(pace.clock, pace.sleep)
    try:
        yield
    finally:
        forge_access.PACE = real
