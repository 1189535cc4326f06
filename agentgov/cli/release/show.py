"""`agentgov show`: the resolved configuration of an agent, now or at any moment."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import click

from agentgov.cli import parameters
from agentgov.cli.context import Context, journal_json, journal_line, open_context, override_json
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError, RefusedError, UsageError
from agentgov.journal.overriding import overrides_of
from agentgov.journal.query import view_at_time
from agentgov.journal.release_contents import contents_of
from agentgov.journal.view import View
from agentgov.model.closure import closure_of
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Snapshot
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import is_ramping
from agentgov.model.units import format_share
from agentgov.release.orders import by_tag
from agentgov.repo.snapshot import commit_snapshot
from agentgov.report.page import Page, Span
from agentgov.validate.environment import resolve_environment
from agentgov.validate.load import load_agent
from agentgov.validate.yaml_reader import read

Stage = Literal["staging", "canary", "production"]
STAGES = get_args(Stage)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)")


@dataclass(frozen=True, slots=True)
class _Found:
    snapshot: Snapshot
    source: str  # one sentence: whence this configuration
    release: Release | None = None


@click.command()
@parameters.agent_argument()
@click.option("--at", "at", metavar="WHEN", help="A release (1.4.0), a commit, or a time (2026-11-23T08:00Z).")
@click.option("--environment", type=click.Choice(ENVIRONMENTS), default="production", show_default=True)
@click.option("--stage", type=click.Choice(STAGES), help="What this stage holds, in the environment of the stage.")
@repo_option
@format_option()
def show(agent: AgentId, at: str | None, environment: Environment, stage: Stage | None, repo: str, output: str) -> int:
    """What AGENT is: its configuration with the overrides of an environment applied, and its prompts.

    Without --at: the release that runs in that environment now; where none runs, the authorised contents. With --stage:
    what staging, canary or production holds, or held at a time.
    """
    if stage is not None:
        environment = "staging" if stage == "staging" else "production"
    context = open_context(repo)
    view = context.view()
    found = _find(context, view, agent, at, environment, stage)
    document, findings = load_agent(found.snapshot, agent)
    if document is None:
        if agent.file not in found.snapshot.entries():
            require_agent(view, agent)
        why = f"{findings[0].where}: {findings[0].message}" if findings else "it is not there"
        raise ConfigurationError(
            f"{agent} cannot be read in the {found.snapshot.name}: {why}", "run: agentgov validate"
        )
    raw = read(found.snapshot.read(agent.file), agent.file).value
    assert isinstance(raw, dict)
    resolved = resolve_environment(raw, environment)
    closure = closure_of(agent, document, found.snapshot)
    texts = {path: found.snapshot.read(path).decode("utf-8", "replace") for path in _texts(closure.files, agent)}
    overrides = [one for one in overrides_of(view, agent) if one.record.used]
    page = Page().line(Span(f"{agent} in {environment}", "bold"), f": {found.source}")
    page.line(Span(f"closure {closure.digest}", "dim")).blank()
    _contents(page, resolved, texts)
    for one in overrides:
        page.line(Span("overridden ", "warn"), one.words)
    page.line(journal_line(view))
    data: dict[str, Any] = {
        "schema": "agentgov.show/1",
        "agent": str(agent),
        "environment": environment,
        "source": found.source,
        "release": found.release.name if found.release is not None else None,
        "closure": closure.digest,
        "config": json.loads(json.dumps(resolved)),
        "texts": texts,
        "overrides": [override_json(one) for one in overrides],
        "journal": journal_json(view),
    }
    answer(output, page, data)
    return 0


def _contents(page: Page, resolved: Any, texts: Mapping[str, str]) -> None:
    for line in _yaml(resolved).splitlines():
        page.line(line)
    for path, text in texts.items():
        page.blank().line(Span(f"--- {path}", "accent"))
        for line in text.splitlines():
            page.line(line)
    page.blank()


def _find(
    context: Context, view: View, agent: AgentId, at: str | None, environment: Environment, wanted: Stage | None
) -> _Found:
    if at is not None and not _DATE.match(at):
        if wanted is not None:
            raise UsageError(f"{at} is one content, whatever a stage holds", "leave out --stage, or give a time")
        return _at_release(view, agent, at) or _at_commit(context, agent, at)
    if at is not None:
        then = view_at_time(view, parameters.instant(at))
        if then is None:
            raise ConfigurationError(f"the journal began after {at}", "list its acts with: agentgov journal log")
        view = then
    deployment = view.state.deployment(agent)
    if wanted == "canary":
        return _in_canary(view, deployment)
    stage = deployment.production if environment == "production" else deployment.staging
    release = by_tag(view, agent, stage.release) if stage.release else None
    if release is not None:
        contents = contents_of(view, release)
        return _Found(contents, f"release {release.name}, {stage.state.lower().replace('_', ' ')}", release)
    return _Found(view.contents, f"nothing runs there; the authorised contents at act {view.state.head.seq}")


def _in_canary(view: View, deployment: Deployment) -> _Found:
    """What some of the users get while a canary runs. RefusedError where none does."""
    agent, canary = deployment.agent_id, deployment.canary
    release = by_tag(view, agent, canary.release) if is_ramping(deployment) else None
    if release is None:
        raise RefusedError(f"{agent} has no canary there", f"see where it stands: agentgov status {agent}")
    source = f"release {release.name}, canary at {format_share(canary.share)}"
    return _Found(contents_of(view, release), source, release)


def _at_release(view: View, agent: AgentId, text: str) -> _Found | None:
    try:
        name = parameters.release_of(agent, text)
    except click.BadParameter:
        return None
    release = view.state.release(name)
    if release is None:
        return None
    return _Found(contents_of(view, release), f"release {release.name}", release)


def _at_commit(context: Context, agent: AgentId, rev: str) -> _Found:
    try:
        commit = context.repo.resolve(rev)
    except UsageError as error:
        hint = f"its releases: agentgov history {agent}; commits: git log; a time: 2026-11-23T08:00Z"
        raise UsageError(f"{rev!r} is no release of {agent} that the journal has seen, and no commit", hint) from error
    return _Found(commit_snapshot(context.repo, commit), f"commit {commit[:9]}, whether authorised or not")


def _texts(files: Any, agent: AgentId) -> list[str]:
    return [path for path in files if path != agent.file and path.endswith((".md", ".txt", ".mustache"))]


def _yaml(value: Any) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    buffer = io.StringIO()
    yaml.dump(value, buffer)
    return buffer.getvalue()
