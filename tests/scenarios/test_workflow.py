"""The workflows that `agentgov init` writes and that need no forge to answer, step by step on a runner: validation on a
pull request, the note of a review, and what the relay believes of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from actionrunner import Job, Runner, artifacts
from unit.cli.command_world import PROMPT, CommandWorld

from agentgov.scaffold.ci_github import workflows
from agentgov.scaffold.ci_steps import Tool

TOOLS = {"package": Tool("1.2.3"), "action": Tool("1.2.3", f"acme/agentgov@{'a' * 40}")}
Files = Mapping[str, str]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return CommandWorld.begun(tmp_path_factory.mktemp("world") / "world").packed()


@pytest.fixture
def runner(begun: CommandWorld, tmp_path: Path) -> Runner:
    """A runner for acme/fleet, which has nobody to ask."""
    world = begun.copied(tmp_path / "world")
    (tmp_path / "server/acme").mkdir(parents=True)
    (tmp_path / "server/acme/fleet").symlink_to(world.remote)
    return Runner(
        tmp_path / "runner",
        repository="acme/fleet",
        server_url=f"file://{tmp_path}/server",
        api_url="http://127.0.0.1:9",
        mint=lambda rights: f"token-for-{'-'.join(sorted(rights))}",
    )


@pytest.fixture(params=list(TOOLS))
def written(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The text of a workflow by its name, for a package and for the action."""
    texts = workflows(TOOLS[request.param])
    return lambda name: texts[f".github/workflows/{name}.yml"]


def validated(runner: Runner, text: str, tmp_path: Path, files: Files) -> Job:
    """The job of `agentgov validate` on a change that writes these files."""
    world = CommandWorld(tmp_path / "world")
    head = world.change("alice", files)
    return runner.run(text, "pull_request", {"number": 1}, sha=head).jobs["validate"]


def test_a_good_change_is_in_order(runner: Runner, written: Callable[[str], str], tmp_path: Path) -> None:
    job = validated(runner, written("agentgov"), tmp_path, {PROMPT: "Sort tickets by age alone.\n"})
    assert job.conclusion == "success", job.log
    assert "::error" not in job.log
    assert job.summary.startswith("## agentgov validate passed")
    kept = {path for path, _ in artifacts(runner, _last(runner))}
    assert kept == {"agentgov/agentgov.sarif", "agentgov/agentgov.xml"}
    assert "write" not in job.token


def test_a_slip_is_marked_where_it_stands_and_told_in_the_reports(
    runner: Runner, written: Callable[[str], str], tmp_path: Path
) -> None:
    job = validated(runner, written("agentgov"), tmp_path, {"agents/support/triage/agent.yaml": "kind: Agent\n"})
    assert job.conclusion == "failure"
    assert "::error file=agents/support/triage/agent.yaml,line=1," in job.log
    assert job.summary.startswith("## agentgov validate failed")
    assert [path for path, _ in artifacts(runner, _last(runner))] != []


def test_what_is_installed_is_the_version_or_the_action_itself(runner: Runner, tmp_path: Path) -> None:
    for name, told in (("package", "agentgov==1.2.3"), ("action", str(Path(__file__).parents[2]))):
        validated(runner, workflows(TOOLS[name])[".github/workflows/agentgov.yml"], tmp_path, {})
        assert runner.installed[-1].endswith(told)


@pytest.mark.attack("R13", "R15")
def test_a_review_leaves_a_number_and_nothing_else(runner: Runner, written: Callable[[str], str]) -> None:
    event = {"pull_request": {"number": 12, "title": "$(touch owned)"}, "review": {"body": "`id`"}}
    run = runner.run(written("agentgov-reviewed"), "pull_request_review", event, fork=True)
    assert run.conclusion == "success"
    assert list(artifacts(runner, run)) == [("agentgov-pull-request/number", b"12\n")]
    assert run.jobs["note"].token == "token-for-metadata:read"


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"0",
        b"-1",
        b"12; id",
        b"$(id)",
        b"1\n2",
        b"12345678901",
        b"1" * 10_000_000,
        b"../1",
        b"\xff\x00",
        b"1 --repo /",
    ],
    ids=lambda note: repr(note[:12]),
)
@pytest.mark.attack("R14")
def test_the_relay_believes_a_number_alone(runner: Runner, note: bytes) -> None:
    job = relayed(runner, lambda folder: (folder / "number").write_bytes(note))
    assert job.conclusion == "failure"
    assert [step.name for step in job.steps][-1] == "Only a number is believed"


@pytest.mark.attack("R14")
def test_the_relay_follows_no_link_and_takes_no_folder(runner: Runner) -> None:
    (runner.folder / "elsewhere").write_text("7")
    for lay in (
        lambda folder: (folder / "number").symlink_to(runner.folder / "elsewhere"),
        lambda folder: (folder / "number").mkdir(),
        lambda folder: (folder / "other").write_text("7"),
    ):
        assert "no small file" in relayed(runner, lay).log


def test_the_jobs_with_keys_say_what_is_missing_and_do_nothing(runner: Runner, written: Callable[[str], str]) -> None:
    run = runner.run(written("agentgov-main"), "push", {"ref": "refs/heads/main"})
    for name in ("import", "reconcile"):
        assert run.jobs[name].conclusion == "success"
        assert "::notice::the environment agentgov has no secret" in run.jobs[name].log
        assert not [step for step in run.jobs[name].steps if "forge import" in step.out]


def relayed(runner: Runner, lay: Callable[[Path], object]) -> Job:
    """The relay after a run that left what `lay` puts into its artifact."""
    left = runner.folder / "artifacts/77/agentgov-pull-request"
    if left.exists():
        left.rename(runner.folder / f"artifacts/{runner.runs}")
    left.mkdir(parents=True)
    lay(left)
    text = workflows(TOOLS["package"])[".github/workflows/agentgov-relay.yml"]
    event: dict[str, Any] = {"workflow_run": {"id": 77, "pull_requests": []}}
    return runner.run(text, "workflow_run", event).jobs["relay"]


def _last(runner: Runner) -> Any:
    from actionrunner import Run

    return Run(4000 + runner.runs)


def test_the_relay_waits_for_the_workflow_that_notes() -> None:
    texts = workflows(TOOLS["package"])
    noting = yaml.safe_load(texts[".github/workflows/agentgov-reviewed.yml"])
    waiting = yaml.safe_load(texts[".github/workflows/agentgov-relay.yml"])
    assert waiting[True]["workflow_run"]["workflows"] == [noting["name"]]
