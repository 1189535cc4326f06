"""`agentgov judge`: what the judge of a canary sees now, and its verdict played again from what it was fed.

Reads what the reconciler of this machine remembers; it judges nothing itself, and changes nothing. Whatever was not
observed here cannot be told here: exit 3, never a yes.
"""

from dataclasses import dataclass, field
from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import IncompleteError
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.pipeline import Judge, Pipeline
from agentgov.model.state import Deployment
from agentgov.model.units import format_share
from agentgov.release.judge import Judgement, basis_of, eta_seconds, thresholds
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory, fingerprint, observed
from agentgov.release.replay import Replay, replay
from agentgov.release.view import Observed
from agentgov.release.windows import Window
from agentgov.report.judge import judged_stage, looks_table, metrics_json, metrics_table, rules_in, sides_json, verdict
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.trust.places import state_path

_ELSEWHERE = "ask on the machine of the reconciler, after its next tick"


@click.group()
def judge() -> None:
    """What the judge of a canary sees, and its verdict played again."""


@judge.command()
@parameters.agent_argument()
@repo_option
@format_option()
def show(agent: AgentId, repo: str, output: str) -> int:
    """What the judge sees of AGENT's canary, or of what bakes: counts, evidence against its thresholds, verdict, and
    about how much is left.

    Exit 3 where the reconciler of this machine has not observed it.
    """
    view = open_context(repo).view()
    require_agent(view, agent)
    found = _judged(view, agent)
    answer(output, _page(found), _document(found))
    return 0


@judge.command("replay")
@parameters.agent_argument()
@repo_option
@format_option()
def replay_(agent: AgentId, repo: str, output: str) -> int:
    """Play again what the judge of AGENT's canary was fed, and say its verdict after each look.

    Exit 1 where the last one is not what the reconciler remembers; 3 where it kept nothing, or not from the beginning.
    """
    view = open_context(repo).view()
    require_agent(view, agent)
    memory, rules = _memory(view, agent), pipeline_of(view, agent).stage("canary").judge
    if not memory.windows:
        raise IncompleteError(f"nothing is kept here of a judged canary of {agent}", _ELSEWHERE)
    if not isinstance(rules, Judge) or memory.judge.basis != basis_of(rules):
        raise IncompleteError(f"what is kept of {agent} was judged by other rules than today's", _ELSEWHERE)
    played = replay(memory, rules)
    page = looks_table(Page(), played.looks).line(*_agreement(played))
    answer(output, page, _replay_document(agent, memory, played))
    return {True: 0, False: 1, None: 3}[played.agrees]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What of an agent is judged now: `release` in `stage` by `rules`. Without rules nothing is, and `why` says so."""

    agent: AgentId
    at: Deployment
    stage: str = ""
    release: str = ""
    rules: Judge | None = None
    why: str = ""
    seen: Observed = field(default_factory=Observed)
    memory: Memory = field(default_factory=Memory)

    @property
    def judgement(self) -> Judgement | None:
        return self.seen.judgement if self.stage == "canary" else self.seen.bake

    @property
    def eta(self) -> int | None:
        """Seconds; what bakes passes by its soak, whatever the judge says."""
        found = self.judgement
        return eta_seconds(found, self.seen.unit_rate) if found is not None and self.stage == "canary" else None


def _judged(view: View, agent: AgentId) -> _Judged:
    at, pipeline = view.state.deployment(agent), pipeline_of(view, agent)
    stage = judged_stage(at)
    if stage is None:
        return _Judged(agent, at, why="no canary runs, and nothing bakes")
    tag = at.canary.release if stage == "canary" else at.production.release
    name = next(one.name for one in view.state.releases(agent) if one.tag == tag)
    rules = rules_in(at, pipeline, stage)
    if rules is None:
        return _Judged(agent, at, stage, name, why=_unjudged(at, pipeline))
    memory = _memory(view, agent)
    if memory.of != fingerprint(at):
        raise IncompleteError(f"{name} was not observed here since it stands where it stands", _ELSEWHERE)
    return _Judged(agent, at, stage, name, rules, "", observed(memory, pipeline), memory)


def _unjudged(at: Deployment, pipeline: Pipeline) -> str:
    found = pipeline.stage("canary").judge
    if not isinstance(found, Judge):
        return "the pipeline has no judge, a person promotes"
    if at.production.state in ("EMPTY", "RETIRED"):
        return "a first release has nothing beside it, a person promotes"
    return "no metric of the judge gates, a person promotes"


def _memory(view: View, agent: AgentId) -> Memory:
    """What the reconciler of this machine remembers of an agent; IncompleteError where its file cannot be read."""
    memories, problem = MemoryStore(state_path("reconciler", view.state.head.fleet)).load()
    if problem:
        raise IncompleteError(problem, _ELSEWHERE)
    return memories.get(str(agent), Memory())


def _page(found: _Judged) -> Page:
    judgement = found.judgement
    if found.rules is None or judgement is None:
        return Page().line(f"{found.release or found.agent}: not judged; {found.why}")
    alone = found.stage == "production"
    where = "bakes" if alone else f"at {format_share(found.at.canary.share)}, step {found.at.canary.step + 1}"
    head = Page().line(Span(f"{found.release} ", "bold"), f"{where}: ", verdict(judgement, found.eta, alone=alone))
    page = metrics_table(head, judgement, found.rules, alone=alone)
    if found.seen.no_data_ticks:
        page.line(Span("no data ", "warn"), f"for {found.seen.no_data_ticks} ticks: {found.seen.problem}")
    return page.line(Span(f"as of {stamp(found.memory.at)}", "dim"))


def _document(found: _Judged) -> dict[str, Any]:
    judgement, seen = found.judgement, found.seen
    fails, passes = thresholds(found.rules) if found.rules is not None else (None, None)
    at = found.at.canary if found.stage == "canary" else None
    known = judgement is not None and found.stage == "canary"
    return {
        "schema": "agentgov.judge-show/1",
        "agent": str(found.agent),
        "stage": found.stage or None,
        "release": found.release or None,
        "share": format_share(at.share) if at is not None else None,
        "step": at.step if at is not None else None,
        "unjudged": found.why or None,
        "outcome": judgement.outcome.value if judgement is not None else None,
        "metric": (judgement.metric or None) if judgement is not None else None,
        "failsAt": fails,
        "passesAt": passes,
        "metrics": metrics_json(judgement.evidence, found.rules) if judgement is not None and found.rules else [],
        "etaUnits": judgement.eta_units if judgement is not None and known else None,
        "etaSeconds": found.eta,
        "unitsPerSecond": seen.unit_rate,
        "noDataTicks": seen.no_data_ticks,
        "problem": seen.problem or None,
        "observedAt": found.memory.at or None,
    }


def _agreement(played: Replay) -> tuple[Span, ...]:
    since = f" since {stamp(played.since)}" if played.since is not None else ""
    words = Span(f"{played.judgement.outcome.value}{since}, ", "bold")
    if played.agrees:
        return words, Span("which is what the reconciler remembers", "good")
    if played.agrees is None:
        return words, Span("which proves nothing: the oldest looks are gone", "warn")
    return words, Span("which is NOT what the reconciler remembers", "bad")


def _replay_document(agent: AgentId, memory: Memory, played: Replay) -> dict[str, Any]:
    return {
        "schema": "agentgov.judge-replay/1",
        "agent": str(agent),
        "release": memory.last.release if memory.last is not None else None,
        "closure": memory.closure,
        "looks": [_look(window, after) for window, after in played.looks],
        "outcome": played.judgement.outcome.value,
        "metric": played.judgement.metric or None,
        "since": played.since,
        "agrees": played.agrees,
    }


def _look(window: Window, after: Judgement) -> dict[str, Any]:
    return {
        "at": window.at,
        "share": format_share(window.share),
        "counts": {name: sides_json(counts) for name, counts in window.counts.items()},
        "outcome": after.outcome.value,
        "metric": after.metric or None,
    }
