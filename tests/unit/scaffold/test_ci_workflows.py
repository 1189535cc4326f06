"""What CI runs: who has which right, nothing of a pull request is run with one, and linters find nothing."""

import os
import re
import subprocess
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workflowlinters import actionlint, laid, program, zizmor

from agentgov import __version__
from agentgov.scaffold import ci_steps
from agentgov.scaffold.ci_github import workflows
from agentgov.scaffold.ci_gitlab import COMPONENT, PIPELINE, component, pipeline
from agentgov.scaffold.ci_steps import Tool, is_pinned_action
from agentgov.scaffold.forge import forge_of

ROOT = Path(__file__).resolve().parents[3]
ACTION = f"acme/agentgov@{'0123456789' * 4}"
TOOLS = {"package": Tool("1.2.3"), "action": Tool("1.2.3", ACTION)}
WRITTEN = {(kind, path): text for kind, tool in TOOLS.items() for path, text in workflows(tool).items()}
OURS = {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
OURS["action.yml"] = (ROOT / "action.yml").read_text()
PRIVILEGED = {"pull_request_target", "workflow_run"}
UNTRUSTED = {"pull_request", "pull_request_review"}


def parsed(text: str) -> Any:
    found = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in found.items()}


def steps(workflow: Any) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.fixture(params=[pytest.param(key, id=f"{key[0]}:{Path(key[1]).stem}") for key in WRITTEN])
def text(request: pytest.FixtureRequest) -> str:
    return WRITTEN[request.param]


@pytest.mark.attack("R17")
def test_every_action_is_named_by_the_digest_of_a_commit() -> None:
    for text in (*WRITTEN.values(), *OURS.values()):
        for used in re.findall(r"^ *(?:- )?uses: *(\S+)", text, re.MULTILINE):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used


@pytest.mark.attack("R13")
def test_nothing_that_an_event_says_becomes_part_of_a_script(text: str) -> None:
    assert all("${{" not in step.get("run", "") for step in steps(parsed(text)))


@pytest.mark.attack("R15")
def test_what_runs_on_a_pull_requests_own_code_may_write_nothing_and_has_no_secret(text: str) -> None:
    workflow = parsed(text)
    assert workflow["permissions"] == {}, "a job says what it needs, and has nothing else"
    if not UNTRUSTED & set(workflow["on"]):
        return
    rights = [right for job in workflow["jobs"].values() for right in job.get("permissions", {}).values()]
    assert set(rights) <= {"read"}
    assert "secrets." not in text
    assert "environment:" not in text


@pytest.mark.attack("R12")
def test_what_may_write_for_a_pull_request_checks_out_nothing_and_has_no_secret(text: str) -> None:
    workflow = parsed(text)
    if not {*PRIVILEGED, "merge_group"} & set(workflow["on"]) or "pull_request" in workflow["on"]:
        return
    assert "actions/checkout" not in text
    assert "secrets." not in text
    assert "environment:" not in text
    rights = {right for job in workflow["jobs"].values() for right, how in job["permissions"].items() if how == "write"}
    assert rights <= {"checks", "pull-requests"}


def test_no_job_whose_check_could_be_required_is_ever_skipped(text: str) -> None:
    """GitHub counts a job that an `if` skips as a success."""
    workflow = parsed(text)
    if "push" not in workflow["on"]:
        assert all("if" not in job for job in workflow["jobs"].values())


def test_keys_are_read_in_one_environment_of_the_workflow_for_main() -> None:
    for (_, path), text in WRITTEN.items():
        if "secrets." in text:
            assert path.endswith("agentgov-main.yml")
            jobs = parsed(text)["jobs"]
            assert {name for name, job in jobs.items() if "secrets." in str(job)} == {"import", "reconcile"}
            assert {job.get("environment") for job in jobs.values()} == {None, "agentgov"}
            assert set(re.findall(r"secrets\.\w+", str(jobs["import"]))) == {"secrets.AGENTGOV_IMPORTER_KEY"}
            assert set(re.findall(r"secrets\.\w+", str(jobs["reconcile"]))) == {"secrets.AGENTGOV_RECONCILER_KEY"}


@pytest.mark.parametrize("kind", TOOLS)
def test_linters_find_nothing_in_what_is_written(kind: str, tmp_path: Path) -> None:
    root = laid(tmp_path, workflows(TOOLS[kind]))
    assert actionlint(root) == ""
    assert zizmor(root) == ""
    # All that is ignored: two triggers that may write, each with its reason beside it.
    ignored = re.findall(r"zizmor: ignore\[.*", "".join(workflows(TOOLS[kind]).values()))
    assert ignored == ["zizmor: ignore[dangerous-triggers]"] * 2


def test_linters_find_nothing_in_our_own(tmp_path: Path) -> None:
    root = laid(tmp_path, OURS)
    assert actionlint(root) == ""
    assert zizmor(root) == ""


def test_the_linters_do_see_what_is_wrong(tmp_path: Path) -> None:
    job = "  x:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.head_ref }}\n"
    bad = f"on: pull_request_target\njobs:\n{job}"
    root = laid(tmp_path, {".github/workflows/bad.yml": bad})
    assert "untrusted" in actionlint(root)
    assert "template-injection" in zizmor(root)


def test_every_input_that_the_workflows_give_is_one_of_the_action(tmp_path: Path) -> None:
    """actionlint holds `with` against an action of the same repository."""
    written = {path: text.replace(ACTION, "./") for path, text in workflows(TOOLS["action"]).items()}
    written |= {"action.yml": OURS["action.yml"], ".github/action.sh": (ROOT / ".github/action.sh").read_text()}
    assert actionlint(laid(tmp_path / "good", written)) == ""
    wrong = {path: text.replace("command: check", "comand: check") for path, text in written.items()}
    assert "comand" in actionlint(laid(tmp_path / "wrong", wrong))


def test_the_action_and_its_script_are_what_they_should_be() -> None:
    schema = files("check_jsonschema.builtin_schemas.vendor").joinpath("github-actions.json").read_text("utf-8")
    jsonschema_rs.validator_for(schema).validate(yaml.safe_load(OURS["action.yml"]))
    done = subprocess.run(
        [program("shellcheck"), str(ROOT / ".github/action.sh")], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    script = (ROOT / ".github/action.sh").read_text()
    assert ci_steps.GIT_HELPER in script


def test_the_action_installs_every_package_in_one_version_by_its_digest() -> None:
    text = (ROOT / ".github/requirements.txt").read_text()
    pinned = {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) == len(pinned)
    assert all("--hash=sha256:" in entry for entry in entries)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runner = {"python_version": "3.12", "sys_platform": "linux", "platform_machine": "x86_64"}
    for line in (*project["project"]["dependencies"], *project["build-system"]["requires"]):
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({**runner, "platform_python_implementation": "CPython"}):
            version = pinned.get(canonicalize_name(needed.name))
            assert version is not None, f"{needed.name} is not pinned: run .ci/action-requirements"
            assert needed.specifier.contains(version), f"{line}, and {version} is pinned: run .ci/action-requirements"


def test_git_gets_the_token_for_the_forge_alone_and_from_the_environment() -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.https://forge.example.helper",
        "GIT_CONFIG_VALUE_0": ci_steps.GIT_HELPER,
        "GITHUB_TOKEN": "the-token",
    }
    told = {}
    for host in ("forge.example", "other.example"):
        asked = f"protocol=https\nhost={host}\n\n"
        told[host] = subprocess.run(
            ["git", "credential", "fill"], input=asked, env=environment, capture_output=True, text=True, check=False
        ).stdout
    assert "password=the-token" in told["forge.example"]
    assert "the-token" not in told["other.example"]


@pytest.mark.parametrize(
    ("action", "pinned"),
    [
        (ACTION, True),
        ("acme/agentgov@v1", False),
        ("acme/agentgov@0123456", False),
        (f"{ACTION}\n", False),
        (f"acme/agentgov@{'A' * 40}", False),
        (f"./agentgov@{'a' * 40}", False),
        (f"acme/agent gov@{'a' * 40}", False),
    ],
)
@pytest.mark.attack("R17")
def test_an_action_is_pinned_by_a_full_digest(action: str, pinned: bool) -> None:
    assert is_pinned_action(action) == pinned


@pytest.mark.parametrize(
    ("url", "there", "forge"),
    [
        ("git@github.com:acme/fleet.git", True, "github"),
        ("https://github.acme.example/acme/gitlab-fleet", False, "github"),
        ("https://token@gitlab.com/acme/fleet.git", False, "gitlab"),
        ("ssh://git@gitlab.acme.example:2222/acme/fleet.git", False, "gitlab"),
        ("git@gitlab.com:github/fleet.git", False, "gitlab"),
        ("/srv/git/gitlab/fleet.git", False, "github"),
        ("", True, "gitlab"),
        ("", False, "github"),
    ],
)
def test_the_forge_is_told_by_the_host_of_the_remote(url: str, there: bool, forge: str) -> None:
    assert forge_of(url, there) == forge


def test_the_component_has_the_jobs_of_the_pipeline() -> None:
    assert (ROOT / COMPONENT).read_text() == component(__version__)
    spec, jobs = yaml.safe_load_all(component(__version__))
    assert set(spec["spec"]["inputs"]) == set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", component(__version__)))
    own = yaml.safe_load(pipeline("1.2.3"))
    assert set(own) == set(jobs)
    assert all(own[name].get("rules") == jobs[name].get("rules") for name in own)
    schema = files("check_jsonschema.builtin_schemas.vendor").joinpath("gitlab-ci.json").read_text("utf-8")
    jsonschema_rs.validator_for(schema).validate(own)


def test_keys_of_the_pipeline_are_asked_for_on_the_default_branch_alone() -> None:
    for name, job in yaml.safe_load(pipeline("1.2.3")).items():
        if "_KEY" in str(job.get("script")) or "PUSH_TOKEN" in str(job.get("script")):
            assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"] for rule in job["rules"]), name
            assert job["resource_group"] == "agentgov"


def test_scripts_of_the_pipeline_are_sound_shell(tmp_path: Path) -> None:
    for name, job in yaml.safe_load(pipeline("1.2.3")).items():
        lines = [*job.get("before_script", []), *job.get("script", []), *job.get("after_script", [])]
        script = tmp_path / "job.sh"
        script.write_text("\n".join(["#!/bin/bash", *lines, ""]))
        done = subprocess.run(
            [program("shellcheck"), "--exclude=SC2016,SC2089,SC2090,SC2155", str(script)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "", (name, PIPELINE)
