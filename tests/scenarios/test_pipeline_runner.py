"""GitLab's pipeline as `agentgov init` writes it, from end to end: a runner with GitLab's documented variables, a fake
GitLab on loopback, real git."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gitworld
import pytest
from gitlabfake import TOKEN, GitLabFake
from gitlabworld import GitLabWorld
from gitserver import GitServer
from pipelinerunner import JOB_TOKEN, PipelineRunner
from unit.cli.command_world import ACCESS, PEOPLE, PROMPT, CommandWorld

from agentgov.scaffold.ci_gitlab import pipeline

PROJECT = "acme/fleet"
NUMBERS = {name: 1001 + place for place, name in enumerate(PEOPLE)}
TEXT = pipeline("1.2.3")


@dataclass
class Stage:
    """A fleet on GitLab, and its runner."""

    commands: CommandWorld
    forge: GitLabWorld
    fake: GitLabFake
    runner: PipelineRunner

    def propose(self, who: str, words: str, branch: str = "topic") -> int:
        """A merge request that changes a prompt, opened some time ago."""
        self.commands.git("switch", "-q", "-c", branch, "main")
        self.commands.change(who, {PROMPT: words}, push=False)
        self.forge.push(who, self.commands.fleet, branch)
        number = self.forge.open(who, branch)
        self.commands.time += 600
        return number

    def runs(self, number: int) -> dict[str, str]:
        """How the jobs of its pipeline end; no log holds the token."""
        pull = self.forge.pulls[number]
        self.forge.pipeline(pull.head, f"refs/merge-requests/{number}/head")
        done = self.runner.merge_request(TEXT, number, pull.head, pull.head_ref)
        assert not [job for job in done.values() if TOKEN in job.log]
        return {name: job.outcome for name, job in done.items()}

    def status(self) -> str:
        """The status agentgov/reviews as it stands."""
        return next(job.status for job in reversed(self.forge.jobs) if job.name == "agentgov/reviews")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    commands = CommandWorld.begun(tmp_path / "world")
    text = (commands.fleet / ACCESS).read_text("utf-8")
    for name, number in NUMBERS.items():
        mail = f"emails: [{name}@sim.example]"
        text = text.replace(mail, f"{mail}, gitlab: {{login: {name}, id: {number}}}")
    gitworld.make_key(commands.keys, "importer")
    key = gitworld.public_key(commands.keys / "importer")
    text = text.replace("bots:\n", f'bots:\n  - {{id: importer, kind: importer, keys: ["{key}"]}}\n')
    commands.change("carol", {ACCESS: text})
    commands.must("carol", "review", "approve")
    commands.tick()
    (tmp_path / "server/acme").mkdir(parents=True)
    (tmp_path / "server/acme/fleet.git").symlink_to(commands.remote)
    git = GitServer(
        tmp_path / "server", may=lambda token, writes: token == TOKEN or (token == JOB_TOKEN and not writes)
    )
    forge = GitLabWorld(commands.folder, project=PROJECT, now=lambda: commands.time, remote=commands.remote)
    for name, number in NUMBERS.items():
        forge.account(name, id=number)
    shown = commands.must("carol", "trust", "show").out
    pins = next(line.strip() for line in shown.splitlines() if line.strip().startswith("agentgov-pins/1 "))
    with GitLabFake(forge).serve() as fake, git.serve() as server:
        runner = PipelineRunner(
            tmp_path / "runner",
            project=PROJECT,
            server_url=server.url,
            api_url=fake.url,
            settings={"AGENTGOV_PINS": pins, "AGENTGOV_FORGE_TOKEN": TOKEN},
            protected={
                "AGENTGOV_PUSH_TOKEN": TOKEN,
                "AGENTGOV_IMPORTER_KEY": str(commands.keys / "importer"),
                "AGENTGOV_RECONCILER_KEY": str(commands.keys / "reconciler"),
            },
        )
        yield Stage(commands, forge, fake, runner)


@pytest.mark.attack("R15", "R16")
def test_a_merge_request_waits_with_one_note_and_an_approval_lets_it_pass(stage: Stage) -> None:
    number = stage.propose("alice", "Be brief.\n")
    assert stage.runs(number) == {"agentgov-validate": "success", "agentgov-review": "warning"}
    assert stage.status() == "pending"
    (note,) = stage.forge.comments
    assert "bob" in note.body
    stage.forge.approve(number, "bob")
    assert stage.runs(number)["agentgov-review"] == "success"
    assert (stage.status(), len(stage.forge.comments)) == ("success", 1)


@pytest.mark.attack("R7")
def test_without_an_answer_the_job_fails_and_without_a_token_there_is_none(stage: Stage) -> None:
    number = stage.propose("alice", "Be brief.\n")
    stage.fake.faults.add("html", match="GET */approvals", times=9)
    assert stage.runs(number)["agentgov-review"] == "failed"
    stage.fake.faults.clear()
    del stage.runner.settings["AGENTGOV_FORGE_TOKEN"]  # as in the pipeline of a fork
    assert stage.runs(number) == {"agentgov-validate": "success"}


def test_an_approval_and_a_merge_are_all_that_people_do(stage: Stage) -> None:
    stage.commands.time = int(time.time()) - 900  # the runner's clock
    number = stage.propose("alice", "Be brief.\n")
    stage.forge.approve(number, "bob")
    merged = stage.forge.merge(number, "alice")
    done = stage.runner.default_branch(TEXT, merged)
    assert {"agentgov-validate", "agentgov-import", "agentgov-reconcile"} == set(done)
    assert {job.outcome for job in done.values()} == {"success"}, done
    stage.commands.git("fetch", "-q", "origin", merged, "+refs/heads/agentgov/*:refs/remotes/origin/agentgov/*")
    stage.commands.time = int(time.time()) + 1
    assert stage.commands.run("frank", "check", "--head", merged).code == 0
