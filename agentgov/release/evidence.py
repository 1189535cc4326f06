"""A result as an act: what was read from a file, bound to a release and signed by whoever vouches for it.

Says itself whether the result passes, by the very question that every verifier asks; whether it may be recorded is
judged by the journal.
"""

from dataclasses import dataclass
from typing import get_args

from agentgov.errors import IncompleteError, UsageError
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.evidence import awaited_for, eval_of
from agentgov.journal.released_agent import agent_of
from agentgov.journal.view import View
from agentgov.model.evidence import EVAL, Result, StageName
from agentgov.model.names import ReleaseName
from agentgov.model.results import falls_short
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal, release_trailer
from agentgov.release.evidence_files import Parsed


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a file beside what the content of a release asks for."""

    release: Release
    kind: str
    suite: str
    parsed: Parsed
    short: tuple[str, ...]  # where they do not reach it; empty where they pass

    @property
    def passed(self) -> bool:
        """Whether they pass."""
        return not self.short


def weigh(view: View, name: ReleaseName, kind: str, suite: str, parsed: Parsed) -> Found:
    """What results say of a release. Without a suite it is the only one that the content has.

    IncompleteError for a release that the journal has not seen yet; UsageError for a suite that the content lacks.
    """
    release = view.state.release(name)
    if release is None:
        hint = "the reconciler records it at its next tick, once the tag verifies: then run this again"
        raise IncompleteError(f"the journal has not seen {name} yet", hint)
    suite = suite or _only_suite(view, release, kind)
    asked = eval_of(view, release, kind, suite)
    if isinstance(asked, Refusal):
        raise UsageError(asked.message, "name one with --suite, or give another --kind", rule=asked.code)
    return Found(release, kind, suite, parsed, falls_short(parsed.metrics, asked))


def order_evidence(view: View, actor: Actor, found: Found, *, now: int, reason: str = "") -> Draft:
    """Put results into the journal."""
    release, result = found.release, "passed" if found.passed else "failed"
    fields = [("Agent", str(release.release_name.agent)), ("Release", release_trailer(release)), ("Kind", found.kind)]
    fields += [("Suite", found.suite)] if found.suite else []
    fields += [("Result", result)]
    fields += [("Metric", f"{name} {value}") for name, value in sorted(found.parsed.metrics.items())]
    fields += [("Digest", found.parsed.digest), ("Tool", found.parsed.tool)]
    name = release.release_name
    subject = f"add {found.kind} evidence for {name.agent} v{name.version}: {result}"
    return draft(view, actor, "evidence", subject, fields, now=now, reason=reason)


def results_of(view: View, release: Release) -> tuple[Result, ...]:
    """The results that stand for the content of a release."""
    record = view.state.evidence(release.release_name.agent, release.closure)
    return record.results if record is not None else ()


def still_missing(view: View, release: Release) -> dict[StageName, tuple[str, ...]]:
    """What a release still lacks, by the stage before which it is asked for."""
    found = {stage: awaited_for(view, release, stage) for stage in get_args(StageName)}
    return {stage: missing for stage, missing in found.items() if missing}


def _only_suite(view: View, release: Release, kind: str) -> str:
    agent = agent_of(view, release) if kind == EVAL else None
    return agent.spec.evals[0].suite if agent is not None and len(agent.spec.evals) == 1 else ""
