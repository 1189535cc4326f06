"""Does governance/pipeline.yaml make sense: canary steps that rise, pipelines that some agents can go through, freezes
that say when, queries that say what they count. Names in it are resolved in `references`.
"""

from collections.abc import Iterator

from agentgov.model.finding import Finding
from agentgov.model.governed import PIPELINE_FILE
from agentgov.model.pipeline import Freeze, Match, NamedPipeline, Pipeline, Stage
from agentgov.model.promql import promql_problem
from agentgov.model.units import parse_duration, parse_share
from agentgov.validate.content import is_date, too_many
from agentgov.validate.schedules import check_cron, check_recurrence, check_zone
from agentgov.validate.view import View

_DAY = len("2026-12-24")  # the last day of a freeze is frozen as a whole


def check(view: View) -> Iterator[Finding]:
    """What does not make sense in the pipeline."""
    pipeline = view.parts.pipeline
    if pipeline is None:
        return
    for pointer, stage in stages_of(pipeline):
        yield from _stage(view, pointer, stage)
    yield from _matches(view, pipeline.pipelines)
    yield from _counts(view, pipeline)
    for index, freeze in enumerate(pipeline.freezes):
        yield from _freeze(view, f"/freezes/{index}", freeze)


def stages_of(pipeline: Pipeline) -> Iterator[tuple[str, Stage]]:
    """(pointer, stage) of every stage, also of the pipelines for some agents."""
    for index, stage in enumerate(pipeline.stages):
        yield f"/stages/{index}", stage
    for place, named in enumerate(pipeline.pipelines):
        for index, stage in enumerate(named.stages):
            yield f"/pipelines/{place}/stages/{index}", stage


def _stage(view: View, pointer: str, stage: Stage) -> Iterator[Finding]:
    shares = [parse_share(step.share) for step in stage.steps]
    for place, (share, before) in enumerate(zip(shares, [0, *shares], strict=False)):
        if share <= before:
            message = f"the share {stage.steps[place].share} is not more than that of the step before"
            where = f"{pointer}/steps/{place}/share"
            yield view.at("content.steps-order", PIPELINE_FILE, where, message, "let shares rise")
    if stage.promoters is not None and stage.promoters.sources:
        where = f"{pointer}/promoters/count"
        yield from too_many(view, PIPELINE_FILE, where, stage.promoters.count, stage.promoters.sources)


def _matches(view: View, pipelines: tuple[NamedPipeline, ...]) -> Iterator[Finding]:
    """Every pipeline has a name of its own and agents of its own, and leaves some to those after it."""
    for index, one in enumerate(pipelines):
        pointer, earlier = f"/pipelines/{index}", pipelines[:index]
        if any(one.name == other.name for other in earlier):
            message = f"there are two pipelines {one.name}"
            yield view.at("content.duplicate-name", PIPELINE_FILE, f"{pointer}/name", message, "give it another name")
        if not one.match.risk and not one.match.labels:
            message = f"the pipeline {one.name} is for every agent, so nothing after it is ever used"
            fix = "name a risk or a label, or write these stages as the first ones"
            yield view.at("content.pipeline-match", PIPELINE_FILE, f"{pointer}/match", message, fix)
            continue
        before = next((other for other in earlier if _covers(other.match, one.match)), None)
        if before is not None:
            message = f"no agent is left for the pipeline {one.name}: {before.name} comes first"
            yield view.at("content.pipeline-match", PIPELINE_FILE, f"{pointer}/match", message, "put it first")


def _covers(wide: Match, narrow: Match) -> bool:
    risks = not wide.risk or (bool(narrow.risk) and set(narrow.risk) <= set(wide.risk))
    return risks and wide.labels.items() <= narrow.labels.items()


def _counts(view: View, pipeline: Pipeline) -> Iterator[Finding]:
    asked = pipeline.counts.prometheus
    if asked is None:
        return
    queries = [("units", asked.units), *((f"bad/{metric}", query) for metric, query in asked.bad.items())]
    for name, query in queries:
        why = promql_problem(query)
        if why:
            pointer = f"/counts/prometheus/{name}"
            message = f"the query of {name.removeprefix('bad/')} counts nothing that a canary is judged by: {why}"
            place = view.at if query else view.at_key
            yield place("content.counts-query", PIPELINE_FILE, pointer if query else "/counts/prometheus", message)


def _freeze(view: View, pointer: str, freeze: Freeze) -> Iterator[Finding]:
    recurring, single = bool(freeze.when or freeze.cron or freeze.duration), bool(freeze.start or freeze.end)
    complete = (bool(freeze.when) != bool(freeze.cron) and freeze.duration) or (freeze.start and freeze.end)
    if recurring == single or not complete:
        message = f"the freeze {freeze.name} needs `when` or `cron` with a `duration`, or `start` and `end`"
        yield view.at("content.freeze", PIPELINE_FILE, pointer, message)
    elif single and not all(is_date(moment[:10]) for moment in (freeze.start, freeze.end)):
        yield view.at("content.no-such-date", PIPELINE_FILE, pointer, f"the freeze {freeze.name} has no such day")
    elif single and (f"{freeze.end}T24" if len(freeze.end) == _DAY else freeze.end) <= freeze.start:
        yield view.at("content.freeze", PIPELINE_FILE, pointer, f"the freeze {freeze.name} ends before it starts")
    elif freeze.duration and parse_duration(freeze.duration) == 0:
        yield view.at("content.freeze", PIPELINE_FILE, pointer, f"the freeze {freeze.name} lasts no time")
    elif freeze.when:
        yield from check_recurrence(view, PIPELINE_FILE, f"{pointer}/when", freeze)
    elif freeze.cron:
        yield from check_cron(view, PIPELINE_FILE, f"{pointer}/cron", freeze)
    yield from check_zone(view, PIPELINE_FILE, f"{pointer}/tz", freeze.tz)
