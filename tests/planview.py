"""What planning sees of a line of deployments, and how its answers are read."""

from dataclasses import replace as with_fields

from deploymentworld import Line, release

from agentgov.release.judge import Judgement, Outcome
from agentgov.release.observations import fingerprint
from agentgov.release.view import AgentView, Decision, Observed

V1, V2, V3 = release("1.0.0"), release("1.1.0"), release("1.2.0")
COUNTS = ("error canary 5/412 stable 51/8021",)
LONG = 10**9
PASSED, FAILED = Judgement(Outcome.PASS), Judgement(Outcome.FAIL, "error")
OPEN, BROKEN = Judgement(Outcome.UNDECIDED, "", (), 77), Judgement(Outcome.INCONCLUSIVE)
BEST = Observed(
    staging_soak=LONG,
    canary_soak=LONG,
    bake_soak=LONG,
    units=LONG,
    healthy=True,
    judgement=PASSED,
    counts=COUNTS,
)


def view(line: Line, seen: Observed = BEST, **fields: object) -> AgentView:
    """What planning sees of a line, with everything observed that can be, unless said otherwise."""
    found = AgentView(
        deployment=line.at,
        releases=tuple(sorted(line.releases.values(), key=lambda one: (one.release_name.precedence, one.name))),
        pipeline=line.rules,
        observed=with_fields(seen, of=fingerprint(line.at), ramp_started=seen.ramp_started or line.now),
        now=line.now,
        may_promote=line.may_promote,
        paused=line.paused,
        missing_evidence=line.lacking,
    )
    return with_fields(found, **fields)  # type: ignore[arg-type]


def waits(decision: Decision) -> list[tuple[str, str]]:
    """What waits: rule and message."""
    return [(wait.rule, wait.message) for wait in decision.waits]


def said(decision: Decision) -> dict[str, str]:
    """The fields of the act."""
    return dict(decision.fields)


def ramping(line: Line, step: int = 0) -> Line:
    """v1.1.0 is in canary."""
    line.releases[V2.tag] = V2
    line.to_canary(V2, step)
    line.wait()
    return line
