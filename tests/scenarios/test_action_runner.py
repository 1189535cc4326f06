"""The workflows and the action from end to end: a runner with GitHub's documented environment, a fake GitHub on
loopback, real git. Each job's token has just the rights that its workflow asks for, so that one too few fails here."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from actionrunner import Run, Runner
from forgeworld import CheckRun, ForgeWorld
from githubfake import GitHubFake
from gitserver import GitServer
from prworld import PROJECT, PullRequestWorld, with_accounts
from unit.cli.command_world import PROMPT, CommandWorld

from agentgov.scaffold.ci_github import workflows
from agentgov.scaffold.ci_steps import Tool

TOOLS = {"package": Tool("1.2.3"), "action": Tool("1.2.3", f"acme/agentgov@{'a' * 40}")}
BRIEF = {PROMPT: "Sort tickets by urgency. Be brief.\n"}
FORK = "alice"
JOURNAL = "agentgov/journal"


@dataclass
class Stage:
    """A fleet on GitHub, and the runner of its workflows, which are written for one of the tools."""

    world: PullRequestWorld
    runner: Runner
    texts: Mapping[str, str]

    def runs(self, name: str, event: str, payload: Mapping[str, Any], *, fork: bool = False) -> Run:
        """Run one of the workflows of main."""
        sha = self.world.forge.tip("refs/heads/main")
        return self.runner.run(self.texts[f".github/workflows/{name}.yml"], event, payload, sha=sha, fork=fork)

    def opened(self, number: int) -> Run:
        """What runs when a pull request is opened or pushed to."""
        payload = self.world.fake.event("pull_request.opened", number)
        return self.runs("agentgov-review", "pull_request_target", payload, fork=True)

    def reviewed(self, number: int) -> Run:
        """What runs after a review: a note without any right, and the relay that reads it."""
        payload = self.world.fake.event("pull_request_review.submitted", number)
        noted = self.runs("agentgov-reviewed", "pull_request_review", payload, fork=True)
        assert noted.conclusion == "success"
        relayed: dict[str, Any] = {"workflow_run": {"id": noted.id, "pull_requests": [], "conclusion": "success"}}
        return self.runs("agentgov-relay", "workflow_run", relayed)

    def check(self, commit: str) -> CheckRun | None:
        """The check agentgov/reviews as it stands on a commit."""
        found = [one for one in self.world.forge.check_runs if one.commit == commit]
        assert {one.name for one in found} <= {"agentgov/reviews"}
        return found[-1] if found else None

    def stands(self, number: int) -> tuple[str, str | None]:
        """Status and conclusion of that check on the head of a pull request."""
        found = self.check(self.world.forge.pulls[number].head)
        assert found is not None, "there is no check"
        return found.status, found.conclusion


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return with_accounts(CommandWorld.begun(tmp_path_factory.mktemp("world") / "world")).packed()


@pytest.fixture
def stage_for(accounts: CommandWorld, tmp_path: Path) -> Iterator[Callable[[str], Stage]]:
    """The fleet with its pins, keys and runner."""
    with PullRequestWorld.on(accounts.copied(tmp_path / "world")) as world, served(tmp_path, world.fake) as server:
        keys = world.commands.keys
        runner = Runner(
            tmp_path / "runner",
            repository=PROJECT,
            server_url=server.url,
            api_url=world.fake.url,
            mint=lambda rights: world.fake.installation(*rights),
            variables={"AGENTGOV_PINS": pins(world.commands)},
            secrets={
                "agentgov": {
                    "AGENTGOV_IMPORTER_KEY": (keys / "importer").read_text().rstrip("\n"),
                    "AGENTGOV_RECONCILER_KEY": (keys / "reconciler").read_text().rstrip("\n"),
                }
            },
        )
        yield lambda tool: Stage(world, runner, workflows(TOOLS[tool]))


@contextmanager
def served(folder: Path, fake: GitHubFake) -> Iterator[GitServer]:
    """The repository over HTTP, for tokens with the right to its contents."""
    (folder / "server" / PROJECT).parent.mkdir(parents=True)
    (folder / "server" / PROJECT).symlink_to(fake.world.remote)

    def may(token: str, writes: bool) -> bool:
        rights = fake.tokens[token].permissions if token in fake.tokens else frozenset[str]()
        return "contents:write" in rights or (not writes and "contents:read" in rights)

    with GitServer(folder / "server", may=may).serve() as server:
        yield server


@pytest.fixture(params=["action", pytest.param("package", marks=pytest.mark.slow)])
def stage(request: pytest.FixtureRequest, stage_for: Callable[[str], Stage]) -> Stage:
    return stage_for(request.param)


@pytest.fixture
def packaged(stage_for: Callable[[str], Stage]) -> Stage:
    """The workflows that install the package."""
    return stage_for("package")


def pins(commands: CommandWorld) -> str:
    """The line that an administrator puts into the variable."""
    shown = commands.must("carol", "trust", "show").out
    return next(line.strip() for line in shown.splitlines() if line.strip().startswith("agentgov-pins/1 "))


def logs(run: Run) -> str:
    """Everything that its jobs said, in which no token may stand."""
    said = "\n".join(job.log for job in run.jobs.values())
    assert not [job for job in run.jobs.values() if job.token and job.token in said]
    return said


@pytest.mark.attack("R5", "R13", "R16")
def test_a_pull_request_from_a_fork_passes_as_long_as_an_ordinary_approval_stands(stage: Stage) -> None:
    forge = stage.world.forge
    forge.fork(FORK)
    number = stage.world.propose("alice", BRIEF, fork=FORK, title="$(touch owned) ${{ github.token }} @acme/everybody")
    run = stage.opened(number)
    assert run.conclusion == "success", logs(run)
    assert stage.stands(number) == ("in_progress", None)
    (comment,) = forge.comments
    assert "bob" in comment.body
    assert "pending" in logs(run)
    review = forge.review(number, "bob", "APPROVED")
    relayed = stage.reviewed(number)
    assert relayed.conclusion == "success", logs(relayed)
    assert stage.stands(number) == ("completed", "success")
    assert len(forge.comments) == 1
    forge.dismiss(number, review, "alice")
    stage.reviewed(number)
    assert stage.stands(number) == ("in_progress", None)
    assert not list(stage.runner.folder.rglob("owned"))


@pytest.mark.attack("R12")
def test_a_head_that_lets_itself_pass_waits_for_the_administrators_and_runs_nowhere(packaged: Stage) -> None:
    forge = packaged.world.forge
    forge.fork(FORK)
    evil = "on: pull_request_target\njobs: {x: {runs-on: ubuntu-latest, steps: [{run: touch /tmp/owned}]}}\n"
    files = {
        ".github/CODEOWNERS": "* @acme/nobody\n",
        ".github/workflows/agentgov-review.yml": evil,
        "agents/support/triage/prompts/system.md": "Owned.\n",
        "sitecustomize.py": "raise SystemExit(0)\n",
        "agentgov/__init__.py": "raise SystemExit(0)\n",
    }
    number = packaged.world.propose("alice", files, fork=FORK)
    forge.review(number, "bob", "APPROVED")
    run = packaged.opened(number)
    assert run.conclusion == "success", logs(run)
    assert packaged.stands(number) == ("in_progress", None)
    assert not list((packaged.runner.folder / f"run-{run.id}-review/workspace").iterdir()), "something was checked out"


@pytest.mark.attack("R9")
def test_a_group_of_the_merge_queue_passes_only_with_every_review(stage_for: Callable[[str], Stage]) -> None:
    stage = stage_for("action")
    forge = stage.world.forge
    reviewed = stage.world.propose("alice", BRIEF, "reviewed")
    forge.review(reviewed, "bob", "APPROVED")
    waiting = stage.world.propose("alice", {f"{Path(PROMPT).parent}/extra.md": "More.\n"}, "waiting")
    for numbers, stands in (((reviewed,), ("completed", "success")), ((reviewed, waiting), ("in_progress", None))):
        _, head = forge.queue(*numbers)
        run = stage.runs("agentgov-queue", "merge_group", stage.world.fake.event("merge_group.checks_requested"))
        assert run.conclusion == "success", logs(run)
        found = stage.check(head)
        assert found is not None
        assert (found.status, found.conclusion) == stands
    assert forge.comments == []


@pytest.mark.attack("R7")
def test_without_an_answer_the_job_is_red_and_no_earlier_pass_stands(packaged: Stage) -> None:
    forge, fake = packaged.world.forge, packaged.world.fake
    number = packaged.world.propose("alice", BRIEF)
    forge.review(number, "bob", "APPROVED")
    packaged.opened(number)
    assert packaged.stands(number) == ("completed", "success")
    fake.faults.add("html", match="GET /repos/*/pulls/*/reviews", times=9)
    run = packaged.opened(number)
    assert run.conclusion == "failure"
    assert packaged.stands(number)[1] != "success"
    fake.faults.clear()


@pytest.mark.attack("R14")
def test_a_wrong_number_in_the_note_judges_another_pull_request_and_that_is_all(packaged: Stage) -> None:
    forge = packaged.world.forge
    mine, other = (packaged.world.propose("alice", {PROMPT: f"{one}\n"}, one) for one in ("mine", "other"))
    payload = packaged.world.fake.event("pull_request.opened", other)
    noted = packaged.runs("agentgov-reviewed", "pull_request_review", payload, fork=True)
    packaged.runs("agentgov-relay", "workflow_run", {"workflow_run": {"id": noted.id}})
    assert packaged.stands(other) == ("in_progress", None)
    assert packaged.check(forge.pulls[mine].head) is None


@pytest.mark.parametrize("tool", ["action", pytest.param("package", marks=pytest.mark.slow)])
def test_an_approval_and_a_merge_are_all_that_people_do(stage_for: Callable[[str], Stage], tool: str) -> None:
    stage = stage_for(tool)
    forge, commands = stage.world.forge, stage.world.commands
    commands.time = int(time.time())  # the runner's clock
    number = stage.world.propose("alice", BRIEF)
    forge.review(number, "bob", "APPROVED")
    forge.merge(number, "alice", "rebase")
    assert awaited(commands) == 1, "before the review is imported"
    run = stage.runs("agentgov-main", "push", {"ref": "refs/heads/main"})
    assert {name: job.conclusion for name, job in run.jobs.items()} == dict.fromkeys(run.jobs, "success"), logs(run)
    assert "PRIVATE KEY" not in logs(run)
    assert "\nagentgov release support/triage --version 1.0.0 --rev " in run.jobs["reconcile"].summary
    assert awaited(commands) == 0, logs(run)
    tip = commands.git("rev-parse", f"origin/{JOURNAL}")
    stage.runs("agentgov-main", "schedule", {})
    assert awaited(commands) == 0
    assert commands.git("rev-parse", f"origin/{JOURNAL}") == tip, "a second run appends nothing"


def awaited(commands: CommandWorld) -> int:
    """Whether main waits for something, as an exit code of `check` in a fresh look at the forge."""
    refs = (f"+refs/heads/{name}:refs/remotes/origin/{name}" for name in ("main", JOURNAL))
    commands.git("fetch", "-q", "origin", *refs)
    commands.time = int(time.time()) + 1
    return commands.run("frank", "check", "--head", "origin/main").code


def test_without_pins_nothing_is_judged(packaged: Stage) -> None:
    packaged.runner.variables.clear()
    number = packaged.world.propose("alice", BRIEF)
    run = packaged.opened(number)
    assert run.conclusion == "failure"
    assert "AGENTGOV_PINS" in logs(run)


def test_a_repository_that_is_no_fleet_is_judged_by_commits_without_any_pins(tmp_path: Path) -> None:
    forge = ForgeWorld(tmp_path, project=PROJECT)
    clone = forge.clone("ana")
    forge.commit("ana", clone, {"CODEOWNERS": "* @bob\n", "a.txt": "1\n"})
    forge.push("ana", clone, "main")
    for login in ("ana", "bob"):
        forge.permission(login, "write")
    forge.commit("ana", clone, {"a.txt": "2\n"})
    forge.push("ana", clone, "topic")
    number = forge.open("ana", "topic")
    fake = GitHubFake(forge)
    with fake.serve(), served(tmp_path, fake) as server:
        runner = Runner(
            tmp_path / "runner",
            repository=PROJECT,
            server_url=server.url,
            api_url=fake.url,
            mint=lambda rights: fake.installation(*rights),
        )
        text = workflows(TOOLS["action"])[".github/workflows/agentgov-review.yml"]
        for verdict, review in (("waits", ""), ("pass", "APPROVED")):
            if review:
                forge.review(number, "bob", review)
            run = runner.run(text, "pull_request_target", fake.event("pull_request.synchronize", number))
            assert run.conclusion == "success", logs(run)
            assert run.jobs["review"].steps[-1].outputs["verdict"] == verdict
        assert [one.conclusion for one in forge.check_runs][-1] == "success"
