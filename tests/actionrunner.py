"""A runner of workflows on this machine: what GitHub's does with ours, in the environment that GitHub documents.

    runner = Runner(tmp_path, repository="acme/fleet", server_url=..., api_url=..., mint=...)
    run = runner.run(text, "pull_request_target", event)
    assert run.jobs["review"].conclusion == "success"

Scripts run in bash as they stand. Each job gets a token with just the rights that it asks for, none to write where a
fork's pull request may have written the workflow, and a home and temporary folder of its own. Of other people's actions
four are known: setup-python does nothing, checkout clones, artifacts are copied. pip installs nothing: the agentgov of
this checkout stands on the PATH.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gitworld
import yaml
from actionexpressions import holds, inserted

ROOT = Path(__file__).resolve().parents[1]
OF_FORKS = ("pull_request", "pull_request_review")  # a fork's run of these has neither secrets nor rights to write
_PYTHON = """#!/bin/sh
case " $* " in
  *" -m venv "*)
    for last; do :; done
    mkdir -p "$last/bin" && cp "{programs}/python" "{programs}/agentgov" "$last/bin/" ;;
  *" -m pip install "*) echo "$*" >> "{programs}/../installed" ;;
  *) exec "{python}" "$@" ;;
esac
"""


@dataclass
class Step:
    """What a step left: its exit code, what it said, its outputs."""

    name: str
    code: int = 0
    out: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """What a job did. `environment` and `token` are what it had."""

    steps: list[Step] = field(default_factory=list)
    conclusion: str = "success"
    environment: str = ""
    token: str = ""
    temp: Path = Path()
    summary: str = ""

    @property
    def log(self) -> str:
        """All that its steps said."""
        return "\n".join(step.out for step in self.steps)


@dataclass
class Run:
    """One run of a workflow."""

    id: int
    jobs: dict[str, Job] = field(default_factory=dict)

    @property
    def conclusion(self) -> str:
        """As workflow_run tells it."""
        return "failure" if any(job.conclusion == "failure" for job in self.jobs.values()) else "success"


@dataclass
class Runner:
    """A repository's runner: where the forge is, its variables and secrets, and who gives tokens out."""

    folder: Path
    repository: str
    server_url: str
    api_url: str
    mint: Callable[[frozenset[str]], str]
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)  # by environment; "" are the repository's
    more: dict[str, str] = field(default_factory=dict)  # for the environment of every step
    runs: int = 0

    def __post_init__(self) -> None:
        programs = self.folder / "programs"
        programs.mkdir(parents=True)
        _program(programs / "python", _PYTHON.format(programs=programs, python=sys.executable))
        _program(programs / "agentgov", f'#!/bin/sh\nexec "{sys.executable}" -P -m agentgov "$@"\n')

    def run(self, workflow: str, event: str, payload: Mapping[str, Any], *, sha: str = "", fork: bool = False) -> Run:
        """Run a workflow for an event. `fork`: the event is of a pull request that came from one."""
        self.runs += 1
        parsed = yaml.safe_load(workflow)
        assert event in parsed[True], f"the workflow does not run on {event}"
        run = Run(4000 + self.runs)
        for name, job in parsed["jobs"].items():
            needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            failed = any(run.jobs[one].conclusion != "success" for one in needed)
            if failed and "if" not in job:
                run.jobs[name] = Job(conclusion="skipped")
                continue
            run.jobs[name] = _JobRun(self, parsed, name, job, run, event, payload, sha, fork).do()
        return run

    @property
    def installed(self) -> list[str]:
        """What pip was asked to install."""
        told = self.folder / "installed"
        return told.read_text().splitlines() if told.exists() else []


class _JobRun:
    """One job while it runs."""

    def __init__(
        self,
        runner: Runner,
        workflow: Any,
        name: str,
        job: Any,
        run: Run,
        event: str,
        payload: Mapping[str, Any],
        sha: str,
        fork: bool,
    ) -> None:
        self.runner, self.job, self.run = runner, job, run
        self.place = runner.folder / f"run-{run.id}-{name}"
        for folder in ("temp", "workspace", "home", "files"):
            (self.place / folder).mkdir(parents=True)
        (self.place / "temp/event.json").write_text(json.dumps(payload))
        rights = _rights(job.get("permissions", workflow.get("permissions", {})), fork and event in OF_FORKS)
        self.done = Job(environment=job.get("environment", ""), token=runner.mint(rights), temp=self.place / "temp")
        self.fork = fork and event in OF_FORKS
        self.github: dict[str, Any] = {
            "event": payload,
            "event_name": event,
            "token": self.done.token,
            "server_url": runner.server_url,
            "repository": runner.repository,
            "ref": str(payload.get("ref", "refs/heads/main")),
            "run_id": run.id,
        }
        self.environment = self._documented(workflow.get("name", ""), name, event, sha)
        self.outputs: dict[str, Any] = {}

    def do(self) -> Job:
        """Run the steps in their order, until one fails; then those that run all the same."""
        for step in self.job["steps"]:
            contexts = self._contexts(self.outputs)
            condition = step.get("if", "")
            good = self.done.conclusion == "success"
            if (not good and "cancelled()" not in condition) or (condition and not holds(condition, contexts)):
                continue
            done = self._step(step, contexts)
            self.done.steps.append(done)
            self.outputs[step.get("id", "")] = {"outputs": done.outputs}
            if done.code != 0:
                self.done.conclusion = "failure"
        summary = self.place / "files/summary"
        self.done.summary = summary.read_text() if summary.exists() else ""
        return self.done

    def _contexts(self, outputs: Mapping[str, Any], inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        secrets = {} if self.fork else {**self._secrets(""), **self._secrets(self.job.get("environment", "-"))}
        return {
            "github": self.github,
            "inputs": inputs if inputs is not None else dict(self.github["event"].get("inputs") or {}),
            "vars": self.runner.variables,
            "secrets": secrets,
            "steps": outputs,
            "runner": {"temp": str(self.place / "temp")},
        }

    def _secrets(self, environment: str) -> Mapping[str, str]:
        return self.runner.secrets.get(environment, {})

    def _step(self, step: Any, contexts: Mapping[str, Any]) -> Step:
        name = step.get("name", step.get("uses", step.get("run", ""))[:60])
        if "run" in step:
            assert "${{" not in step["run"], "an expression in a script is code that an event writes"
            return self._script(name, step["run"], step.get("env", {}), contexts, "bash -e {}")
        given = {key: inserted(str(value), contexts) for key, value in step.get("with", {}).items()}
        return self._action(name, step["uses"].partition("@")[0], given)

    def _script(
        self,
        name: str,
        script: str,
        variables: Mapping[str, Any],
        contexts: Mapping[str, Any],
        shell: str,
        action: str = "",
    ) -> Step:
        number = len(list((self.place / "files").iterdir()))
        file, output = self.place / f"files/{number}.sh", self.place / f"files/{number}.out"
        file.write_text(script)
        output.touch()
        environment = {**self.environment, "GITHUB_OUTPUT": str(output)}
        environment |= {"GITHUB_ACTION_PATH": action} if action else {}
        environment |= {key: inserted(str(value), contexts) for key, value in variables.items()}
        done = subprocess.run(
            [word.replace("{}", str(file)) for word in shell.split()],
            cwd=self.place / "workspace",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        return Step(name, done.returncode, done.stdout, {key: value for key, _, value in lines})

    def _action(self, name: str, action: str, given: Mapping[str, str]) -> Step:
        match action:
            case "actions/setup-python":
                return Step(name)
            case "actions/checkout":
                return self._checkout(name, given)
            case "actions/upload-artifact":
                return self._upload(name, given)
            case "actions/download-artifact":
                return self._download(name, given)
        return self._composite(name, given)

    def _checkout(self, name: str, given: Mapping[str, str]) -> Step:
        assert given["persist-credentials"] == "False"
        source = f"{self.runner.server_url}/{self.runner.repository}".replace("://", f"://x:{self.done.token}@", 1)
        source = source.replace(f"file://x:{self.done.token}@", "file://")
        for words in (("clone", "-q", source, "."), ("checkout", "-q", self.environment["GITHUB_SHA"] or "HEAD")):
            gitworld.git(self.place / "workspace", *words)
        gitworld.git(self.place / "workspace", "remote", "remove", "origin")  # as without persisted credentials
        return Step(name)

    def _upload(self, name: str, given: Mapping[str, str]) -> Step:
        target = self.runner.folder / f"artifacts/{self.run.id}/{given['name']}"
        target.mkdir(parents=True)
        pattern = Path(given["path"])
        found = sorted(pattern.parent.glob(pattern.name))
        for file in found:
            shutil.copy(file, target / file.name)
        return Step(name, 0 if found or given.get("if-no-files-found") == "ignore" else 1)

    def _download(self, name: str, given: Mapping[str, str]) -> Step:
        assert given["github-token"] == self.done.token
        source = self.runner.folder / f"artifacts/{given['run-id']}/{given['name']}"
        if not source.is_dir():
            return Step(name, 1, "Unable to find any artifacts for the associated workflow")
        shutil.copytree(source, given["path"], symlinks=True, dirs_exist_ok=True)
        return Step(name)

    def _composite(self, name: str, given: Mapping[str, str]) -> Step:
        """Our own action, by its file."""
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        assert set(given) <= set(action["inputs"]), "an input that the action does not have"
        plain = self._contexts({})
        told = {key: inserted(str(one.get("default", "")), plain) for key, one in action["inputs"].items()}
        outputs: dict[str, Any] = {}
        said, code = [], 0
        for step in action["runs"]["steps"]:
            contexts = self._contexts(outputs, {**told, **given})
            if "uses" in step:
                done = self._action("", step["uses"].partition("@")[0], {})
            else:
                shell = "bash --noprofile --norc -e -o pipefail {}"
                done = self._script("", step["run"], step.get("env", {}), contexts, shell, str(ROOT))
            outputs[step.get("id", "")] = {"outputs": done.outputs}
            said.append(done.out)
            code = done.code
            if code != 0:
                break
        contexts = self._contexts(outputs, given)
        values = {key: inserted(one["value"], contexts) for key, one in action["outputs"].items()}
        return Step(name, code, "\n".join(said), values)

    def _documented(self, workflow: str, job: str, event: str, sha: str) -> dict[str, str]:
        runner = self.runner
        return {
            **{key: value for key, value in gitworld.environment().items() if key.startswith("GIT_CONFIG")},
            "PATH": f"{runner.folder / 'programs'}:{os.environ['PATH']}",
            "HOME": str(self.place / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKFLOW": workflow,
            "GITHUB_JOB": job,
            "GITHUB_RUN_ID": str(self.run.id),
            "GITHUB_RUN_NUMBER": str(runner.runs),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_REPOSITORY": runner.repository,
            "GITHUB_REPOSITORY_OWNER": runner.repository.split("/")[0],
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.place / "temp/event.json"),
            "GITHUB_WORKSPACE": str(self.place / "workspace"),
            "GITHUB_SHA": sha,
            "GITHUB_REF": str(self.github["ref"]),
            "GITHUB_SERVER_URL": runner.server_url,
            "GITHUB_API_URL": runner.api_url,
            "GITHUB_GRAPHQL_URL": f"{runner.api_url}/graphql",
            "GITHUB_STEP_SUMMARY": str(self.place / "files/summary"),
            "GITHUB_ENV": str(self.place / "files/env"),
            "GITHUB_PATH": str(self.place / "files/path"),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "RUNNER_TEMP": str(self.place / "temp"),
            **runner.more,
        }


def _rights(asked: Mapping[str, str], only_reads: bool) -> frozenset[str]:
    """What a job asks for, as `pull_requests:write`; metadata is always there."""
    found = {f"{name.replace('-', '_')}:{'read' if only_reads else level}" for name, level in asked.items()}
    return frozenset({*found, "metadata:read"})


def _program(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def artifacts(runner: Runner, run: Run) -> Iterator[tuple[str, bytes]]:
    """What a run left, as path and content."""
    folder = runner.folder / f"artifacts/{run.id}"
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(folder)), file.read_bytes()
