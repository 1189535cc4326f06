"""What was found out about a content before it went further: results of evaluations and tests, and which are missing.

Results belong to content (a closure), so a newer name for the same content keeps them. The latest result of a kind and
suite counts: a fail takes an earlier pass away. Values and one pure question; who may add a result, and whether its
numbers reach what the content itself asks for, is judged in `journal.evidence`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from agentgov.model.agent import Eval
from agentgov.model.document import Document
from agentgov.model.names import AgentId
from agentgov.model.results import falls_short

EVAL = "eval"  # the kind of what `spec.evals` names
MAX_RESULTS = 64  # of one content, each of another kind or suite

# The four moments at which evidence is asked for: before a release enters staging, passes it, enters canary, and goes
# to production. The kinds that the pipeline's staging lists are asked for at `pass`, `evals` at what their `before`
# names.
StageName = Literal["staging", "pass", "canary", "production"]


class Result(Document, frozen=True):
    """One result: numbers as decimal text, and the digest of the file that they were read from."""

    kind: str
    suite: str
    passed: bool
    metrics: Mapping[str, str]
    digest: str  # SHA-256 of the file's bytes
    tool: str
    by: str
    seq: int
    time: int
    release: str  # tag object that the act named


class Evidence(Document, frozen=True):
    """evidence/<workspace>/<agent>/<closure>.yaml: the latest result of every kind and suite for one content."""

    agent: str
    closure: str
    results: tuple[Result, ...] = ()


def evidence_path(agent: AgentId, closure: str) -> str:
    """Where the results for a content of an agent lie."""
    return f"evidence/{agent}/{closure}.yaml"


def missing_evidence(
    stage: StageName, kinds: Sequence[str], evals: Sequence[Eval], record: Evidence | None
) -> tuple[str, ...]:
    """What a content lacks before a stage, each in a few words; `kinds` are those of the pipeline's staging."""
    results = record.results if record is not None else ()
    if stage == "pass":
        return tuple(words for kind in kinds for words in _of_kind(kind, [one for one in results if one.kind == kind]))
    latest = {one.suite: one for one in results if one.kind == EVAL}
    return tuple(words for suite in evals if stage in suite.before for words in _of_suite(suite, latest))


def _of_kind(kind: str, results: Sequence[Result]) -> Iterator[str]:
    """A kind is there where something of it passed, and nothing of it failed since."""
    if not results:
        yield kind
    for result in results:
        if not result.passed:
            yield f"{_named(kind, result.suite)} failed"


def _of_suite(suite: Eval, latest: Mapping[str, Result]) -> Iterator[str]:
    found = latest.get(suite.suite)
    if found is None:
        yield _named(EVAL, suite.suite)
    elif not found.passed:
        yield f"{_named(EVAL, suite.suite)} failed: {'; '.join(falls_short(found.metrics, suite))}"


def _named(kind: str, suite: str) -> str:
    return f"{kind} {suite}".rstrip()
