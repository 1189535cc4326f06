"""A fleet with a journal whose repository stands on a fake GitLab: merge requests, approvals, `check --pr`.

Between two acts an hour passes where a test does not say otherwise, so that no approval is in doubt.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import gitworld
from gitlabfake import TOKEN, GitLabFake
from gitlabworld import GitLabWorld
from prworld import NUMBERS, PROJECT, unhurried
from unit.cli.command_world import CommandWorld, Ran
from unit.cli.output_schema import assert_holds

Files = Mapping[str, str | bytes | None]


@dataclass
class GitLabFleet:
    """The command line and the GitLab of one fleet. `token` is whose token commands use."""

    commands: CommandWorld
    forge: GitLabWorld
    fake: GitLabFake
    token: str = TOKEN

    @classmethod
    @contextmanager
    def on(cls, commands: CommandWorld) -> Iterator[Self]:
        """The GitLab of a fleet, served."""
        forge = GitLabWorld(commands.folder, project=PROJECT, now=lambda: commands.time, remote=commands.remote)
        for name, number in NUMBERS.items():
            forge.account(name, id=number)
        fake = GitLabFake(forge)
        with fake.serve(), unhurried():
            yield cls(commands, forge, fake)

    def push(self, who: str, files: Files, branch: str = "topic", *, force: bool = False, fork: str = "") -> str:
        """A commit on a branch that begins at main, or goes on, pushed by an account; an hour passes."""
        fleet = self.commands.fleet
        known = gitworld.git(fleet, "branch", "--list", branch)
        self.commands.git("fetch", "-q", "origin", "main")
        self.commands.git("switch", "-q", *([branch] if known and not force else ["-C", branch, "origin/main"]))
        self.commands.change(who, files, "Change", push=False)
        head = self.forge.push(who, fleet, branch, force=force, fork=fork)
        self.later(3600)
        return head

    def propose(self, who: str, files: Files, branch: str = "topic", *, fork: str = "", title: str = "") -> int:
        """A merge request with one commit; its number."""
        self.push(who, files, branch, fork=fork)
        number = self.forge.open(who, branch, fork=fork, title=title)
        self.later(3600)
        return number

    def later(self, seconds: int) -> None:
        """Time passes."""
        self.commands.time += seconds

    def run(self, who: str, *args: str, env: Mapping[str, str] | None = None) -> Ran:
        """A command that speaks to the forge."""
        where = ("--forge", "gitlab", "--project", PROJECT, "--api-url", self.fake.url)
        found = self.commands.run(who, *args, *where, env={"AGENTGOV_FORGE_TOKEN": self.token, **(env or {})})
        assert self.token not in found.out + found.err
        return found

    def check(self, number: int, *args: str) -> Ran:
        """`check --pr`, by a bot without keys."""
        return self.run("mallory", "check", "--pr", str(number), *args)

    def asked(self, number: int, *args: str, code: int) -> dict[str, Any]:
        """The JSON answer of `check --pr`, held against its schema."""
        found = self.check(number, *args, "--json")
        assert found.code == code, found
        assert_holds(found.document, "check")
        return found.document

    @property
    def statuses(self) -> list[str]:
        """The commit statuses that stand, oldest first."""
        return [job.status for job in self.forge.jobs if not job.retried]
