"""A fleet at the command line whose repository is on a forge: pull requests, reviews there, merges, and an importer.

with PullWorld.on_github(begun) as world:
    number = world.change("alice", "wording", {PROMPT: "Be brief.\\n"})
    world.forge.review(number, "bob", "APPROVED")
    world.imported("--pr", str(number))
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import gitworld
from forgeworld import ForgeWorld
from githubfake import GitHubFake
from prworld import unhurried
from unit.cli.command_world import ACCESS, CommandWorld, Ran
from unit.cli.output_schema import assert_holds

NUMBERS = {"alice": 1001, "bob": 1002, "carol": 1003, "dave": 1004, "erin": 1005}
STRANGER = 6666
IMPORT = ("forge", "import-reviews")
Files = Mapping[str, str | bytes | None]


def with_accounts(world: CommandWorld) -> None:
    """An importer with a key, and accounts of github for those who have a number above."""
    gitworld.make_key(world.keys, "importer")
    text = (world.fleet / ACCESS).read_text("utf-8")
    key = gitworld.public_key(world.keys / "importer")
    text = text.replace("bots:\n", f'bots:\n  - {{id: importer, kind: importer, keys: ["{key}"]}}\n')
    for name, number in NUMBERS.items():
        emails = f"emails: [{name}@sim.example]"
        both = f"emails: [{name}@sim.example, {name}@example.com]"  # what the clone and what the forge commits with
        text = text.replace(emails, f"{both}, github: {{login: {name}, id: {number}}}")
    world.change("carol", {ACCESS: text})
    world.must("carol", "review", "approve")
    world.tick()


@dataclass
class PullWorld:
    """`own` is the fleet of a clone, `forge` what the forge knows, `fake` what answers for it."""

    own: CommandWorld
    forge: ForgeWorld
    fake: GitHubFake
    token: str

    @classmethod
    @contextmanager
    def on_github(cls, own: CommandWorld) -> Iterator[Self]:
        """The fleet's remote served as a repository on GitHub; its Access knows the accounts."""
        (own.folder / "forge").mkdir(exist_ok=True)
        forge = ForgeWorld(own.folder / "forge", remote=own.remote, now=lambda: own.time)
        for name, number in NUMBERS.items():
            forge.account(name, id=number)
        fake = GitHubFake(forge)
        with fake.serve(), unhurried():
            yield cls(own, forge, fake, fake.token("importer-token"))

    # --- pull requests ---------------------------------------------------------------------------------------------

    def commit(self, who: str, branch: str, files: Files, message: str = "Change", start: str = "") -> str:
        """A commit on a branch of the clone, which leaves main where the forge has it, or `start`."""
        if start or not self.own.git("branch", "--list", branch):
            self.own.git("fetch", "-q", "origin", "main")
            self.own.git("checkout", "-q", "-B", branch, start or "FETCH_HEAD")
        else:
            self.own.git("checkout", "-q", branch)
        return self.own.change(who, files, message, push=False)

    def push(self, who: str, branch: str, *, force: bool = False, fork: str = "") -> str:
        """Push a branch of the clone as somebody."""
        return self.forge.push(who, self.own.fleet, branch, force=force, fork=fork, rev=branch)

    def change(self, who: str, branch: str, files: Files, **words: Any) -> int:
        """A pull request of one commit; its number."""
        self.commit(who, branch, files)
        self.push(who, branch, fork=words.get("fork", ""))
        return self.forge.open(who, branch, **words)

    # --- the importer ----------------------------------------------------------------------------------------------

    def run(self, *args: str, who: str = "importer", token: str = "") -> Ran:
        """`forge import-reviews` with the key of a bot."""
        where = ("--forge", "github", "--project", self.forge.project, "--api-url", self.fake.url)
        env = {"AGENTGOV_KEY_FILE": str(self.own.keys / who), "AGENTGOV_FORGE_TOKEN": token or self.token}
        return self.own.run(who, *IMPORT, *args, *where, env=env)

    def imported(self, *args: str, code: int = 0) -> dict[str, Any]:
        """Its JSON answer, held against its schema; the one pull request of it where there is one."""
        ran = self.run(*args, "--json")
        assert ran.code == code, ran
        assert_holds(ran.document, "forge-import-reviews")
        found = ran.document["pullRequests"]
        only: dict[str, Any] = found[0] if len(found) == 1 else ran.document
        return only

    def pending(self) -> list[str]:
        """What the reconciler leaves pending at the tip of main."""
        self.own.time += 60
        done = self.own.must("reconciler", "reconcile", "--once", "--json")
        return [one["path"] for one in done.document["pending"]]
