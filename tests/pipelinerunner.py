"""A runner of GitLab's pipelines on this machine: the jobs whose rules hold, in the environment that GitLab documents.

Scripts run in bash as they stand, one line after the other. Of rules it knows `==`, `&&` and whether a variable is set;
of jobs `extends`, `variables`, `before_script`, `script`, `after_script` and `allow_failure` by exit code.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import gitworld
import yaml

JOB_TOKEN = "glcbt-64_job-token"
Outcome = Literal["success", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job, and its log."""

    outcome: Outcome
    log: str


@dataclass
class PipelineRunner:
    """A project's runner. `settings` are its variables, of which pipelines of unprotected branches see those alone that
    are not `protected`."""

    folder: Path
    project: str
    server_url: str
    api_url: str
    settings: dict[str, str] = field(default_factory=dict)
    protected: dict[str, str] = field(default_factory=dict)
    jobs: int = 0

    def __post_init__(self) -> None:
        programs = self.folder / "programs"
        programs.mkdir(parents=True)
        for name, line in {"python": 'case "$*" in *"-m pip install"*) ;; *) exec %s "$@" ;; esac'}.items():
            _program(programs / name, line % sys.executable)
        _program(programs / "agentgov", f'exec "{sys.executable}" -P -m agentgov "$@"')

    def merge_request(self, text: str, number: int, commit: str, branch: str) -> dict[str, Done]:
        """The pipeline of a merge request; its branch is not protected."""
        told = {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_IID": str(number),
            "CI_COMMIT_REF_NAME": branch,
        }
        return self._pipeline(text, commit, {**self.settings, **told})

    def default_branch(self, text: str, commit: str) -> dict[str, Done]:
        """The pipeline of main after a push."""
        told = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}
        return self._pipeline(text, commit, {**self.settings, **self.protected, **told})

    def _pipeline(self, text: str, commit: str, told: Mapping[str, str]) -> dict[str, Done]:
        parsed = yaml.safe_load(text)
        jobs = {name: _extended(parsed, name) for name in parsed if not name.startswith(".")}
        environment = {**told, "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": commit}
        return {
            name: self._job(job, environment)
            for name, job in jobs.items()
            if any(_holds(rule["if"], environment) for rule in job["rules"])
        }

    def _job(self, job: Mapping[str, Any], told: Mapping[str, str]) -> Done:
        self.jobs += 1
        place = self.folder / f"job-{self.jobs}"
        for folder in ("builds", "home"):
            (place / folder).mkdir(parents=True)
        work = place / "builds/work"
        if job.get("variables", {}).get("GIT_STRATEGY") == "none":
            work.mkdir()
        else:
            source = f"{self.server_url}/{self.project}.git".replace("://", f"://x:{JOB_TOKEN}@", 1)
            gitworld.git(place, "clone", "-q", source, str(work))
            gitworld.git(work, "checkout", "-q", told["CI_COMMIT_SHA"])
        environment = {**self._documented(place), **told, **job.get("variables", {})}
        code, log = _ran(work, environment, [*job.get("before_script", []), *job["script"]])
        _ran(work, environment, job.get("after_script", []))
        left = [path.name for path in (place / "builds").iterdir() if path != work]
        assert left == [], f"a job leaves {left} to the next one"
        allowed = job.get("allow_failure", {}).get("exit_codes", [])
        return Done("success" if code == 0 else "warning" if code in allowed else "failed", log)

    def _documented(self, place: Path) -> dict[str, str]:
        return {
            **{key: value for key, value in gitworld.environment().items() if key.startswith("GIT_CONFIG")},
            "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
            "HOME": str(place / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_SERVER_URL": self.server_url,
            "CI_API_V4_URL": self.api_url,
            "CI_PROJECT_PATH": self.project,
            "CI_PROJECT_URL": f"{self.server_url}/{self.project}",
            "CI_BUILDS_DIR": str(place / "builds"),
            "CI_JOB_ID": str(9000 + self.jobs),
            "CI_JOB_TOKEN": JOB_TOKEN,
        }


def _extended(parsed: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A job with what it extends; what it says itself goes before."""
    job = parsed[name]
    if "extends" not in job:
        return dict(job)
    base = _extended(parsed, job["extends"])
    return {**base, **job, "variables": {**base.get("variables", {}), **job.get("variables", {})}}


def _holds(rule: str, told: Mapping[str, str]) -> bool:
    """Whether a rule holds."""

    def value(word: str) -> str:
        return told.get(word[1:], "") if word.startswith("$") else word.strip('"')

    for part in rule.split(" && "):
        left, sign, right = part.partition(" == ")
        if not (value(left) == value(right) if sign else value(left)):
            return False
    return True


def _ran(work: Path, environment: Mapping[str, str], lines: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=work,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout


def _program(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
