"""`agentgov evidence`: results of evaluations and tests for a release, and what still lacks some.

Reads the file and signs; whether the results pass and may be recorded is decided by the journal.
"""

from pathlib import Path
from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.order import Done, act_json, append_order, done_page
from agentgov.errors import ConfigurationError, UsageError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.evidence import Result
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.release.evidence import Found, order_evidence, results_of, still_missing, weigh
from agentgov.release.evidence_files import MAX_BYTES, Form, Parsed, parse_evidence
from agentgov.repo import clock
from agentgov.report.evidence import metrics_words, missing_lines, results_page
from agentgov.report.page import Page, Span

_FORMS = ("auto", "promptfoo", "junit", "agentgov")


@click.group()
def evidence() -> None:
    """Results of evaluations and tests, bound to the content of a release."""


@evidence.command()
@parameters.agent_argument()
@click.argument("release")
@click.option("--kind", default="eval", show_default=True, help="What was done; `eval` for the agent's own suites.")
@click.option("--result", "file", type=click.Path(path_type=Path), required=True, help="The file that the tool wrote.")
@click.option("--suite", default="", help="Which suite; default: the only one that the agent has.")
@click.option("--form", type=click.Choice(_FORMS), default="auto", show_default=True, help="How the file is written.")
@click.option("--dry-run", is_flag=True, help="Say what it would come to; sign nothing.")
@click.option("-m", "--reason", default="", help="A note; stands in the journal for ever.")
@repo_option
@format_option()
def add(
    agent: AgentId,
    release: str,
    kind: str,
    file: Path,
    suite: str,
    form: Form,
    dry_run: bool,
    reason: str,
    repo: str,
    output: str,
) -> int:
    """Sign the results in a file into the journal, for RELEASE of AGENT and every later release of the same content.

    Whether they pass is decided by the `min` of the released content. Exit 1 where they do not: that is recorded too,
    and takes an earlier pass away. A bot of kind `evidence` signs with AGENTGOV_KEY_FILE, people with their own key.
    """
    name, parsed = parameters.release_of(agent, release), _parsed(file, form)
    if dry_run:
        view = open_context(repo).view(fetch=True)
        found = weigh(view, name, kind, suite, parsed)
        return _tell(output, view, found, None)
    weighed: list[Found] = []

    def write(view: View, actor: Actor) -> Draft:
        weighed.append(weigh(view, name, kind, suite, parsed))
        return order_evidence(view, actor, weighed[-1], now=clock.now(), reason=reason)

    done = append_order(repo, write, about=agent, who=lambda context, view: context.person_or_bot(view, "evidence"))
    return _tell(output, done.after, weighed[-1], done)


@evidence.command("list")
@parameters.agent_argument()
@click.argument("release", required=False)
@repo_option
@format_option()
def list_(agent: AgentId, release: str | None, repo: str, output: str) -> int:
    """The results of RELEASE of AGENT, or of each that is on its way or runs, and what they still lack."""
    context = open_context(repo)
    view = context.view()
    require_agent(view, agent)
    wanted = parameters.release_of(agent, release) if release is not None else None
    found = [(one, still_missing(view, one)) for one in _wanted(view, agent, wanted)]
    page = Page()
    for one, missing in found:
        results_page(page, one.name, results_of(view, one), missing)
    if not found:
        page.line(f"{agent} has no release in the pipeline; name one: agentgov evidence list {agent} VERSION")
    documents = [
        {
            "release": one.name,
            "closure": one.closure,
            "results": [_result_json(result) for result in results_of(view, one)],
            "missing": {stage: list(texts) for stage, texts in missing.items()},
        }
        for one, missing in found
    ]
    answer(output, page, {"schema": "agentgov.evidence-list/1", "agent": str(agent), "releases": documents})
    return 0


def _parsed(file: Path, form: Form) -> Parsed:
    """The results in a file; ConfigurationError where there are none that can be read."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror}", "name the file that the tool wrote"
        ) from error
    found = parse_evidence(data, form)
    if isinstance(found, str):
        hint = "promptfoo's JSON, JUnit XML and agentgov.evidence/1 are understood: docs/evidence.md"
        raise ConfigurationError(f"{file}: {found}", hint)
    return found


def _tell(output: str, view: View, found: Found, done: Done | None) -> int:
    """Print what the results come to; exit code 0 where they pass, else 1."""
    name, verb = found.release.release_name, "passed" if found.passed else "failed"
    page = done_page(done) if done is not None else Page().line(Span("would ", "warn"), f"add {found.kind} evidence")
    of = f"{found.kind} {found.suite}".rstrip()
    page.line("  ", Span(f"{verb} ", "good" if found.passed else "bad"), f"{of} for {name}")
    page.line(Span(f"  {metrics_words(found.parsed.metrics) or 'no numbers'}", "dim"))
    for text in found.short:
        page.line("  ", Span("short ", "bad"), text)
    missing = still_missing(view, found.release) if done is not None else {}
    missing_lines(page, missing)
    document = {
        "schema": "agentgov.evidence-add/1",
        "act": act_json(done) if done is not None else None,
        "release": found.release.name,
        "closure": found.release.closure,
        "kind": found.kind,
        "suite": found.suite or None,
        "result": verb,
        "metrics": dict(found.parsed.metrics),
        "digest": found.parsed.digest,
        "tool": found.parsed.tool,
        "short": list(found.short),
        "missing": {stage: list(texts) for stage, texts in missing.items()},
    }
    answer(output, page, document)
    return 0 if found.passed else 1


def _wanted(view: View, agent: AgentId, name: ReleaseName | None) -> list[Release]:
    """The release that is asked for, else those that a stage holds and the newest, oldest first."""
    releases = view.state.releases(agent)
    if name is not None:
        found = view.state.release(name)
        if found is None:
            raise UsageError(f"the journal has no release {name}", f"its releases: agentgov history {agent}")
        return [found]
    at = view.state.deployment(agent)
    held = {at.staging.release, at.canary.release, at.production.release} | {one.tag for one in releases[-1:]}
    return [one for one in releases if one.tag in held]


def _result_json(one: Result) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "suite": one.suite or None,
        "result": "passed" if one.passed else "failed",
        "metrics": dict(one.metrics),
        "digest": one.digest,
        "tool": one.tool,
        "by": one.by,
        "act": one.seq,
        "time": one.time,
        "release": one.release,
    }
