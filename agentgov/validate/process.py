"""Does the process of the fleet make sense: review rules that people can meet, exemptions that exempt nothing governed,
receivers of events that are told once. Judges agentgov.yaml; names in it are resolved in `references`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from agentgov.model.finding import Finding
from agentgov.model.fleet import Fleet
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE
from agentgov.owners.codeowners import Codeowners, match, parse
from agentgov.owners.pattern import problem
from agentgov.validate.content import too_many
from agentgov.validate.view import View

_ALWAYS_GOVERNED = (FLEET_FILE, ACCESS_FILE, ".github/CODEOWNERS", ".github/workflows/x.yml", "agents/x/y/agent.yaml")


def check(view: View) -> Iterator[Finding]:
    """What does not make sense in agentgov.yaml."""
    if view.parts.fleet is not None:
        yield from _reviews(view, view.parts.fleet)
        yield from _webhooks(view, view.parts.fleet)


def _reviews(view: View, fleet: Fleet) -> Iterator[Finding]:
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


def _webhooks(view: View, fleet: Fleet) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, target in enumerate(fleet.delivery.webhooks):
        if target.url in seen:
            message = f"{target.url} stands twice, so it would be told everything twice"
            pointer = f"/delivery/webhooks/{index}/url"
            yield view.at("content.delivery", FLEET_FILE, pointer, message, "list its events in one place")
        seen.add(target.url)


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
