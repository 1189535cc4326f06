"""The board of `status --watch`: every agent that moves, waits or is stopped, with how far it is. Decides nothing.

How far a soak is only the machine of a reconciler knows; elsewhere the board says since when.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentgov.journal.query import Logged
from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.model.transitions import is_ramping
from agentgov.model.units import format_share, parse_duration, rough_duration
from agentgov.release.judge import Evidence, Outcome
from agentgov.release.view import Observed
from agentgov.report.moments import age, stamp
from agentgov.report.page import Page, Span
from agentgov.report.standing import Standing, in_words

_COLUMNS = ("agent", "staging", "canary", "production", "", "waits for")
_CELLS = 10  # of a bar
_OTHER = 6  # lines of the board beside its rows and the latest acts
_WIDEST = 60  # characters of what one agent waits for


@dataclass(frozen=True, slots=True)
class Look:
    """The fleet at one moment: where agents stand, what the reconciler of this machine observed of some of them, the
    latest acts (newest first), and what is wrong with the view itself, where something is."""

    standings: Sequence[Standing]
    seen: Mapping[AgentId, Observed]
    pipeline_of: Callable[[AgentId], Pipeline]
    latest: Sequence[Logged]
    seq: int
    time: int  # of the journal
    now: int
    problem: str = ""


def board(look: Look, lines: int) -> Page:
    """The board in about so many lines: all agents where they fit, else those with something to look at."""
    standings = look.standings
    judged = {one.agent: words for one in standings if one.judged is not None and (words := one.judged.words())}
    room = max(lines - _OTHER - len(look.latest) - len(judged), 3)
    busy = [one for one in standings if not one.is_quiet]
    rows = list(standings) if len(standings) <= room else busy[:room]
    page = Page().line(Span(_headline(look, len(busy)), "bold"))
    if rows:
        page.table(_COLUMNS, [_row(look, one) for one in rows])
    for one in rows:
        if one.agent in judged:
            page.line(Span("judged ", "dim"), f"{one.agent}: {judged[one.agent]}")
    hidden = len(busy) - sum(not one.is_quiet for one in rows)
    quiet = len(standings) - len(rows) - hidden
    left = [f"{hidden:,} more that move, wait or are stopped" if hidden else "", f"{quiet:,} quiet" if quiet else ""]
    if any(left):
        page.line(Span(f"and {', '.join(filter(None, left))}", "dim"))
    for logged in look.latest:
        page.line(Span(f"{stamp(logged.head.time)}  ", "dim"), f"{logged.act.actor_id:<12} ", logged.act.subject)
    if look.problem:
        page.line(Span("waiting ", "warn"), look.problem)
    return page


def bar(done: int, whole: int) -> str:
    """`[####......] 12m of 30m`."""
    filled = _CELLS if done >= whole else max(done, 0) * _CELLS // whole
    return f"[{'#' * filled}{'.' * (_CELLS - filled)}] {rough_duration(min(done, whole))} of {rough_duration(whole)}"


def _headline(look: Look, busy: int) -> str:
    stopped = sum(one.pause is not None for one in look.standings)
    counts = f"{len(look.standings):,} agents, {busy:,} to look at, {stopped:,} paused"
    return f"{counts}; journal act {look.seq}, {age(look.now - look.time)} old"


def _row(look: Look, one: Standing) -> tuple[str | Span, ...]:
    seen, pipeline = look.seen.get(one.agent), look.pipeline_of(one.agent)
    waits = "; ".join((*(in_words(wait) for wait in one.waits), *one.lacks()))
    shown = waits if len(waits) <= _WIDEST else f"{waits[: _WIDEST - 3]}..."
    staging, canary = _staging(one, seen, pipeline, look.now), _canary(one, seen, pipeline, look.now)
    return (str(one.agent), staging, canary, _production(one, seen, pipeline, look.now), one.mark(), shown)


def _staging(one: Standing, seen: Observed | None, pipeline: Pipeline, now: int) -> str:
    at = one.at.staging
    if not at.release or at.release == one.at.production.release:
        return "-"
    words = f"{one.version(at.release)} {at.state.lower()}"
    if at.state != "SOAKING":
        return words
    return f"{words} {_soak(seen.staging_soak if seen else None, pipeline.stage('staging').soak, at.since, now)}"


def _canary(one: Standing, seen: Observed | None, pipeline: Pipeline, now: int) -> str:
    at = one.at.canary
    if not is_ramping(one.at):
        return "-"
    steps = pipeline.stage("canary").steps
    step = steps[min(at.step, len(steps) - 1)] if steps else None
    parts = [f"{one.version(at.release)} {format_share(at.share)}, step {at.step + 1} of {len(steps)}"]
    if at.state == "INCONCLUSIVE":
        return f"{parts[0]}, inconclusive since {age(now - at.since)}"
    if step is not None:
        parts.append(_soak(seen.canary_soak if seen else None, step.soak, at.since, now))
        parts += [f"{seen.units} of {step.min_units} units"] if seen and step.min_units else []
    if seen is not None and seen.judgement is not None:
        parts += [_evidence(each) for each in seen.judgement.evidence]
    return ", ".join(filter(None, parts))


def _production(one: Standing, seen: Observed | None, pipeline: Pipeline, now: int) -> str:
    at = one.at.production
    if at.state != "BAKING":
        return one.production()
    baked = seen.bake_soak if seen else None
    return f"{one.production()} {_soak(baked, pipeline.stage('production').bake, at.since, now)}"


def _soak(done: int | None, whole: str, since: int, now: int) -> str:
    """How much of a soak was observed; where that is not known here, how long ago it began."""
    asked = parse_duration(whole)
    if not asked:
        return ""
    return bar(done, asked) if done is not None else f"for {age(now - since)} of {whole}"


def _evidence(one: Evidence) -> str:
    """How far a metric is from being judged: its outcome, or the evidence for harm and for safety."""
    if one.outcome is not Outcome.UNDECIDED:
        return f"{one.metric} {one.outcome.value}"
    return f"{one.metric} harm {one.harm:.1f} safe {max(one.safety, one.ceiling):.1f}"
