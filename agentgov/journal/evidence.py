"""Results for a content: may they be recorded, do they pass, and what is missing before a stage.

Whether a result passes is derived, never believed: the numbers of the act are compared with what the released content
itself asks for (`spec.evals`), so nobody signs "passed" below its own minimum. Who signed the release, or wrote what
it brings, adds no result for it. Whether the numbers were really measured on this content is the word of who signs.

`before` of an evaluation binds every verifier from the first result on that the journal holds; acts of earlier versions
stay as they are. The reconciler waits for it always.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from agentgov.errors import IncompleteError
from agentgov.journal.outcome import Outcome
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.released_agent import agent_of, closure_files
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.agent import Eval
from agentgov.model.evidence import (
    EVAL,
    MAX_RESULTS,
    Evidence,
    Result,
    StageName,
    evidence_path,
    missing_evidence,
)
from agentgov.model.names import agent_id, release_name
from agentgov.model.results import METRIC_NAME, MOST_METRICS, falls_short, is_decimal
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal, release_trailer

RELEASE = "evidence.release"
RESULT = "evidence.result"
THRESHOLD = "evidence.threshold"
OWN_CHANGE = "evidence.own-change"
FULL = "evidence.full"
UNREADABLE = "evidence.unreadable"
_KIND = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")  # ids as pipeline.yaml has them
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_TOOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")


def judge_evidence(view: View, act: Act, time: int) -> Outcome | Refusal:
    """What a result changes: the latest of its kind and suite for the content of its release."""
    release = _release(view, act)
    if isinstance(release, Refusal):
        return release
    metrics = _metrics(act)
    if isinstance(metrics, Refusal):
        return metrics
    asked = eval_of(view, release, act.get("Kind"), act.get("Suite"))
    if isinstance(asked, Refusal):
        return asked
    refusal = _refuse_result(act, falls_short(metrics, asked)) or _refuse_own(view, act, release)
    if refusal is not None:
        return refusal
    agent = release.release_name.agent
    record = view.state.evidence(agent, release.closure) or Evidence(agent=str(agent), closure=release.closure)
    result = Result(
        kind=act.get("Kind"),
        suite=act.get("Suite"),
        passed=act.get("Result") == "passed",
        metrics=metrics,
        digest=act.get("Digest"),
        tool=act.get("Tool"),
        by=act.actor,
        seq=view.state.head.seq + 1,
        time=time,
        release=release.tag,
    )
    kept = tuple(one for one in record.results if (one.kind, one.suite) != (result.kind, result.suite))
    if len(kept) >= MAX_RESULTS:
        return Refusal(FULL, f"{release.name} has results of {MAX_RESULTS} kinds and suites, and that is the most")
    results = tuple(sorted((*kept, result), key=lambda one: (one.kind, one.suite)))
    return Outcome({evidence_path(agent, release.closure): replace(record, results=results)})


def missing_for(view: View, release: Release, stage: StageName) -> tuple[str, ...]:
    """What the law says that a release lacks before a stage; IncompleteError where its commit is missing."""
    began = stage == "pass" or view.repo.entry(view.tree, "evidence") is not None
    return awaited_for(view, release, stage) if began else ()


def awaited_for(view: View, release: Release, stage: StageName) -> tuple[str, ...]:
    """What a release lacks before a stage, each in a few words, also where no verifier asks for it yet."""
    kinds = pipeline_of(view, release.release_name.agent).stage("staging").evidence if stage == "pass" else ()
    agent = agent_of(view, release) if stage != "pass" else None
    if stage != "pass" and agent is None:
        return (f"{release.name} cannot be read",)
    evals = agent.spec.evals if agent is not None else ()
    if not kinds and not evals:
        return ()
    return missing_evidence(stage, kinds, evals, view.state.evidence(release.release_name.agent, release.closure))


def eval_of(view: View, release: Release, kind: str, suite: str) -> Eval | Refusal | None:
    """What the released content asks of a result of this kind and suite; None where it asks for nothing by number."""
    if kind != EVAL:
        return None
    agent = agent_of(view, release)
    if agent is None:
        return Refusal(UNREADABLE, f"the agent.yaml of {release.name} cannot be read, so nobody can tell what it asks")
    found = next((one for one in agent.spec.evals if one.suite == suite), None)
    if found is None and (suite or agent.spec.evals):
        known = ", ".join(one.suite for one in agent.spec.evals) or "none"
        return Refusal(RESULT, f"{release.name} has no evaluation {suite or 'without a suite'!r}; it has: {known}")
    return found


def _release(view: View, act: Act) -> Release | Refusal:
    name = release_name(act.get("Release").split(" ")[0])
    found = view.state.release(name) if name is not None else None
    if found is None or agent_id(act.get("Agent")) != found.release_name.agent:
        return Refusal(RELEASE, f"{act.get('Release')!r} is no recorded release of {act.get('Agent')}")
    if release_trailer(found) != act.get("Release"):
        return Refusal(RELEASE, f"the act says something else of {found.name} than the journal")
    return found


def _metrics(act: Act) -> Mapping[str, str] | Refusal:
    found = {}
    for text in act.all("Metric"):
        name, _, value = text.partition(" ")
        if METRIC_NAME.match(name) is None or not is_decimal(value):
            return Refusal(RESULT, f"{text!r} is no metric: a name and a decimal")
        found[name] = value
    if list(found) != sorted(found) or len(found) != len(act.all("Metric")) or len(found) > MOST_METRICS:
        return Refusal(RESULT, f"metrics stand in the order of their names, each once, at most {MOST_METRICS}")
    return found


def _refuse_result(act: Act, short: Sequence[str]) -> Refusal | None:
    bound = (_KIND.match(act.get("Kind")), _DIGEST.match(act.get("Digest")), _TOOL.match(act.get("Tool")))
    if None in bound or act.get("Result") not in ("passed", "failed"):
        return Refusal(RESULT, "the act does not say kind, result, digest or tool as it must")
    if short and act.get("Result") == "passed":
        return Refusal(THRESHOLD, f"the act says passed, and the content asks for more: {'; '.join(short)}")
    if not short and act.get("Result") == "failed":
        return Refusal(RESULT, "the act says failed, and its numbers reach what the content asks for")
    return None


def _refuse_own(view: View, act: Act, release: Release) -> Refusal | None:
    """Nobody vouches for their own work: neither who signed a release of this content nor who wrote what it brings.
    All releases of the content are asked, or a second tag on it would make its author a stranger."""
    if not act.is_personal:
        return None
    who = act.actor_id
    for one in _same_content(view, release):
        if who == one.by:
            return Refusal(OWN_CHANGE, f"{who} signed {one.name}, and adds no results for it")
        if who in authors_of(view, one):
            return Refusal(OWN_CHANGE, f"{who} wrote some of what {one.name} brings, and adds no results for it")
    return None


def _same_content(view: View, release: Release) -> list[Release]:
    return [one for one in view.state.releases(release.release_name.agent) if one.closure == release.closure]


def authors_of(view: View, release: Release) -> frozenset[str]:
    """Everybody whom the commits name that made what a release changes since the agent's last release of another
    content, or since trust began. IncompleteError where history is missing."""
    from agentgov.journal.authors import author_sets

    before = _last_other(view, release)
    base = before.commit if before is not None else view.state.head.introduction
    if not view.repo.has(base):
        raise IncompleteError(f"commit {base[:12]}, which {release.name} follows, is missing", "git fetch --unshallow")
    old, new = closure_files(view, before) if before is not None else {}, closure_files(view, release)
    changed = {path: base for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    sets = author_sets(view.repo, view.directory, release.commit, changed, view.memory.touched)
    return frozenset[str]().union(*(one.people for one in sets.values()))


def _last_other(view: View, release: Release) -> Release | None:
    """The agent's newest release below this one that holds another content."""
    older = [
        one
        for one in view.state.releases(release.release_name.agent)
        if one.closure != release.closure and one.release_name.precedence < release.release_name.precedence
    ]
    return older[-1] if older else None
