"""Does the process of the fleet make sense: review rules that people can meet, canary steps that rise, freezes that
say when. Judges agentgov.yaml and governance/pipeline.yaml; names in them are resolved in `references`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from agentgov.model.finding import Finding
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE, PIPELINE_FILE
from agentgov.model.pipeline import Freeze, Pipeline
from agentgov.model.units import parse_duration, parse_share
from agentgov.owners.codeowners import Codeowners, match, parse
from agentgov.owners.pattern import problem
from agentgov.validate.content import is_date, too_many
from agentgov.validate.schedules import check_recurrence, check_zone
from agentgov.validate.view import View

_ALWAYS_GOVERNED = (FLEET_FILE, ACCESS_FILE, ".github/CODEOWNERS", ".github/workflows/x.yml", "agents/x/y/agent.yaml")
_DAY = len("2026-12-24")  # the last day of a freeze is frozen as a whole


def check(view: View) -> Iterator[Finding]:
    """What does not make sense in the review rules and the pipeline."""
    if view.parts.fleet is not None:
        yield from _reviews(view)
    if view.parts.pipeline is not None:
        yield from _pipeline(view, view.parts.pipeline)


def _reviews(view: View) -> Iterator[Finding]:
    fleet = view.parts.fleet
    if fleet is None:
        return
    rules = [("/reviews/default", fleet.reviews.default)]
    rules += [(f"/reviews/rules/{index}", rule) for index, rule in enumerate(fleet.reviews.rules)]
    for pointer, rule in rules:
        if rule.sources != "owners":
            yield from too_many(view, FLEET_FILE, f"{pointer}/approvals", rule.approvals, rule.sources)
        for place, pattern in enumerate(rule.when.paths):
            yield from _pattern(view, f"{pointer}/when/paths/{place}", pattern)
    for index, pattern in enumerate(fleet.reviews.exempt):
        pointer = f"/reviews/exempt/{index}"
        yield from _pattern(view, pointer, pattern)


def check_exempt(view: View, covered: Mapping[str, str]) -> Iterator[Finding]:
    """Exemptions from review that cover governed paths; `covered` is the first such path in the fleet, by pattern."""
    for index, pattern in enumerate(view.parts.exempt):
        path = covered.get(pattern) or covered_by(pattern, _ALWAYS_GOVERNED)
        if path:
            message = f"{pattern} covers {path}, and governed paths always need a review"
            yield view.at("content.exempt-governed", FLEET_FILE, f"/reviews/exempt/{index}", message, "remove it")


def covered_by(pattern: str, paths: Iterable[str]) -> str:
    """The first of some paths that an exemption covers, empty where it covers none."""
    exempt = _exemption(pattern)
    return next((path for path in paths if match(exempt, path).owners), "")


@lru_cache(maxsize=256)
def _exemption(pattern: str) -> Codeowners:
    return parse(f"{pattern} @x", FLEET_FILE)


def _pattern(view: View, pointer: str, pattern: str) -> Iterator[Finding]:
    why = problem(pattern)
    if why:
        message = f"{pattern} is no pattern of CODEOWNERS: {why}"
        yield view.at("content.path-pattern", FLEET_FILE, pointer, message)


def _pipeline(view: View, pipeline: Pipeline) -> Iterator[Finding]:
    for index, stage in enumerate(pipeline.stages):
        shares = [parse_share(step.share) for step in stage.steps]
        for place, (share, before) in enumerate(zip(shares, [0, *shares], strict=False)):
            if share <= before:
                message = f"the share {stage.steps[place].share} is not more than that of the step before"
                pointer = f"/stages/{index}/steps/{place}/share"
                yield view.at("content.steps-order", PIPELINE_FILE, pointer, message, "let shares rise")
        if stage.promoters is not None and stage.promoters.sources:
            pointer = f"/stages/{index}/promoters/count"
            yield from too_many(view, PIPELINE_FILE, pointer, stage.promoters.count, stage.promoters.sources)
    for index, freeze in enumerate(pipeline.freezes):
        yield from _freeze(view, f"/freezes/{index}", freeze)


def _freeze(view: View, pointer: str, freeze: Freeze) -> Iterator[Finding]:
    recurring, single = bool(freeze.when or freeze.duration), bool(freeze.start or freeze.end)
    complete = (freeze.when and freeze.duration) or (freeze.start and freeze.end)
    if recurring == single or not complete:
        message = f"the freeze {freeze.name} needs either `when` and `duration`, or `start` and `end`"
        yield view.at("content.freeze", PIPELINE_FILE, pointer, message)
    elif single and not all(is_date(moment[:10]) for moment in (freeze.start, freeze.end)):
        yield view.at("content.no-such-date", PIPELINE_FILE, pointer, f"the freeze {freeze.name} has no such day")
    elif single and (f"{freeze.end}T24" if len(freeze.end) == _DAY else freeze.end) <= freeze.start:
        yield view.at("content.freeze", PIPELINE_FILE, pointer, f"the freeze {freeze.name} ends before it starts")
    elif freeze.duration and parse_duration(freeze.duration) == 0:
        yield view.at("content.freeze", PIPELINE_FILE, pointer, f"the freeze {freeze.name} lasts no time")
    elif freeze.when:
        yield from check_recurrence(view, PIPELINE_FILE, f"{pointer}/when", freeze)
    yield from check_zone(view, PIPELINE_FILE, f"{pointer}/tz", freeze.tz)
