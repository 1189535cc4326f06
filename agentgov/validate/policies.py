"""Do the smaller governance files make sense: rules about actions, prices, retention, alerts; and do agents fit them.

Names must resolve, counts must be met, patterns must be able to match, alerts must reach somebody. All four files are
optional; nothing is asked of an agent on account of a file that is not there, or that cannot be read.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from agentgov.model import guess
from agentgov.model.alert_rules import DEFAULT_NAMES
from agentgov.model.finding import Finding
from agentgov.model.frameworks import FRAMEWORKS
from agentgov.model.governed import ACTIONS_FILE, ALERTS_FILE, PRICES_FILE, RETENTION_FILE
from agentgov.model.names import AgentId
from agentgov.model.policies import ActionPolicy, AlertPolicy, AlertRule, Retention, RetentionClass, Route, RouteMatch
from agentgov.model.units import parse_duration
from agentgov.net.address import is_loopback
from agentgov.trust.verbs import in_scope, is_scope
from agentgov.validate import pointers
from agentgov.validate.content import asked, is_date
from agentgov.validate.references import selector
from agentgov.validate.view import Subject, View

_BURNING = frozenset({"errors", "denials", "spend"})
_WAITING = frozenset({"silence", "permit-waiting", "pause-unacknowledged"})
_COUNTED = frozenset({"errors", "denials"})
_DRIFTING = frozenset({"cost", "latency"})
_WINDOWS = (60, 7 * 86_400)  # seconds: sums are by the minute, and the runs of eight days are kept
_NEEDS_KEY = frozenset({"pagerduty", "slack", "webhook", "apprise"})
_NEEDS_URL = frozenset({"alertmanager", "webhook", "email"})


def check(view: View) -> Iterator[Finding]:
    """What does not make sense in the optional files of governance."""
    parts = view.parts
    if parts.actions is not None:
        yield from _actions(view, parts.actions)
    if parts.prices is not None:
        yield from check_date(view, PRICES_FILE, "/asOf", parts.prices.as_of)
    if parts.retention is not None:
        yield from _retention(view, parts.retention)
    if parts.alerts is not None:
        yield from _alerts(view, parts.alerts)


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """Whether the price list prices the models of an agent, and governance defines its retention class."""
    spec, prices, retention = subject.agent.spec, view.parts.prices, view.parts.retention
    if prices is not None:
        models = [("/spec/model/primary", spec.model.primary)]
        models += [(f"/spec/model/fallback/{index}", name) for index, name in enumerate(spec.model.fallback)]
        for pointer, model in models:
            if model not in prices.models:
                message = f"{model} has no price in {PRICES_FILE}, so no call of it can be paid for"
                fix = guess.question(model, prices.models) or "add its price"
                yield view.at("reference.no-price", subject.file, pointer, message, fix)
    wanted = spec.audit.retention
    if retention is not None and wanted and wanted not in retention.classes:
        message = f"{RETENTION_FILE} has no class {wanted}"
        fix = guess.question(wanted, retention.classes) or "define it"
        yield view.at("reference.unknown-retention", subject.file, "/spec/audit/retention", message, fix)


def check_date(view: View, file: str, pointer: str, text: str) -> Iterator[Finding]:
    """Whether a date that is given names a day that exists."""
    if text and not is_date(text):
        yield view.at("content.no-such-date", file, pointer, f"there is no day {text}")


def check_agents(view: View, file: str, pointer: str, patterns: Iterable[str]) -> Iterator[Finding]:
    """Whether patterns of agent ids can cover an agent at all."""
    for index, pattern in enumerate(patterns):
        if not is_scope(pattern):
            message = f"{pattern} can cover no agent"
            fix = "write **, workspace/*, */agent or workspace/agent"
            yield view.at("content.agent-pattern", file, f"{pointer}/{index}", message, fix)


def check_names(view: View, file: str, pointer: str, key: str, names: Iterable[str]) -> Iterator[Finding]:
    """Whether items of a list have names of their own; one without a name is left alone."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name and name in seen:
            message = f"there are two called {name}"
            yield view.at("content.duplicate-name", file, f"{pointer}/{index}/{key}", message, "rename one of them")
        seen.add(name)


def _actions(view: View, policy: ActionPolicy) -> Iterator[Finding]:
    yield from check_names(view, ACTIONS_FILE, "/rules", "name", (rule.name for rule in policy.rules))
    for index, rule in enumerate(policy.rules):
        yield from check_agents(view, ACTIONS_FILE, f"/rules/{index}/match/agents", rule.match.agents)
        if rule.then != "deny":
            ask, pointer = rule.then.ask, f"/rules/{index}/then/ask"
            for place, name in enumerate(ask.who):
                yield from selector(view, ACTIONS_FILE, f"{pointer}/who/{place}", name)
            yield from asked(view, ACTIONS_FILE, pointer, ask)


def _retention(view: View, retention: Retention) -> Iterator[Finding]:
    for name, kept in retention.classes.items():
        if parse_duration(kept.payload) > parse_duration(kept.leaf):
            message = f"the payload is kept for {kept.payload}, the record that says what it is for {kept.leaf}"
            pointer = f"{pointers.child('/classes', name)}/payload"
            yield view.at("content.retention-order", RETENTION_FILE, pointer, message, "keep the record as long")
        yield from _minimum(view, name, kept)
        for index, who in enumerate(kept.readers):
            yield from selector(view, RETENTION_FILE, f"{pointers.child('/classes', name)}/readers/{index}", who)
    if retention.default and retention.default not in retention.classes:
        message = f"{RETENTION_FILE} has no class {retention.default}"
        fix = guess.question(retention.default, retention.classes) or "define it"
        yield view.at("reference.unknown-retention", RETENTION_FILE, "/default", message, fix)
    yield from check_names(view, RETENTION_FILE, "/holds", "id", (hold.id for hold in retention.holds))
    for index, hold in enumerate(retention.holds):
        pointer, match = f"/holds/{index}/match", hold.match
        yield from check_agents(view, RETENTION_FILE, f"{pointer}/agents", match.agents)
        yield from check_date(view, RETENTION_FILE, f"{pointer}/from", match.since)
        yield from check_date(view, RETENTION_FILE, f"{pointer}/to", match.until)
        if match.since and match.until and match.until < match.since:
            message = f"no record was made from {match.since} to {match.until}, so this hold keeps nothing"
            yield view.at(
                "content.hold-period", RETENTION_FILE, f"{pointer}/to", message, "write the later day in `to`"
            )
        yield from selector(view, RETENTION_FILE, f"/holds/{index}/by", hold.by)
        yield from check_date(view, RETENTION_FILE, f"/holds/{index}/since", hold.since)


def _minimum(view: View, name: str, kept: RetentionClass) -> Iterator[Finding]:
    """Whether records are kept as long as the rules ask for that the class names."""
    for framework in (FRAMEWORKS[one] for one in kept.frameworks if one in FRAMEWORKS):
        if parse_duration(kept.leaf) < framework.seconds:
            message = f"records are kept for {kept.leaf}, and {framework.source} asks for {framework.period}"
            pointer = f"{pointers.child('/classes', name)}/leaf"
            fix = f"write {framework.period} or more (a year counts 365 days), or take {framework.name} away"
            yield view.at("content.retention-minimum", RETENTION_FILE, pointer, message, fix)


def _alerts(view: View, policy: AlertPolicy) -> Iterator[Finding]:
    names = [rule.name for rule in policy.rules]
    yield from check_names(view, ALERTS_FILE, "/rules", "name", names)
    yield from check_names(view, ALERTS_FILE, "/routes", "name", (route.name for route in policy.routes))
    for index, rule in enumerate(policy.rules):
        yield from check_agents(view, ALERTS_FILE, f"/rules/{index}/match/agents", rule.match.agents)
        yield from _rule(view, f"/rules/{index}", rule)
        if "alert" in rule.do and not any(_takes(route, rule) for route in policy.routes):
            message = f"no route delivers {rule.name}, so nobody is told"
            fix = f"add a route that takes severity {rule.severity}"
            yield view.at("content.alert-unheard", ALERTS_FILE, f"/rules/{index}/name", message, fix)
    yield from check_names(view, ALERTS_FILE, "/off", "rule", (one.rule for one in policy.off))
    for index, one in enumerate(policy.off):
        yield from _off(view, f"/off/{index}/rule", one.rule, names)
    for index, route in enumerate(policy.routes):
        yield from _match(view, f"/routes/{index}/match", route.match)
        yield from _route(view, f"/routes/{index}", route)
    for index, inhibition in enumerate(policy.inhibitions):
        yield from _match(view, f"/inhibitions/{index}/source", inhibition.source)
        yield from _match(view, f"/inhibitions/{index}/target", inhibition.target)


def check_alert(view: View, file: str, pointer: str, name: str) -> Iterator[Finding]:
    """Whether an alert rule that is named exists, as far as there are alert rules."""
    policy = view.parts.alerts
    known = [*DEFAULT_NAMES] if policy is None else [*DEFAULT_NAMES, *(rule.name for rule in policy.rules)]
    if policy is not None and name not in known:
        message = f"{ALERTS_FILE} has no rule {name}"
        yield view.at("reference.unknown-alert", file, pointer, message, guess.question(name, known))


def check_watched(view: View, agents: Sequence[AgentId]) -> Iterator[Finding]:
    """Whether each rule that names agents is about one of the fleet's."""
    policy = view.parts.alerts
    for index, rule in enumerate(policy.rules if policy is not None else ()):
        patterns = rule.match.agents
        if patterns and not any(in_scope(pattern, agent) for pattern in patterns for agent in agents):
            message = f"{rule.name} is about no agent of the fleet"
            yield view.at("content.alert-nobody", ALERTS_FILE, f"/rules/{index}/match/agents", message, "")


def _off(view: View, pointer: str, name: str, own: Sequence[str]) -> Iterator[Finding]:
    if name in own:
        message = f"{name} is defined here, and switched off"
        yield view.at("content.alert-rule", ALERTS_FILE, pointer, message, "remove one of the two")
    elif name not in DEFAULT_NAMES:
        message = f"no rule called {name} holds without being written down"
        yield view.at("reference.unknown-alert", ALERTS_FILE, pointer, message, guess.question(name, DEFAULT_NAMES))


def _rule(view: View, pointer: str, rule: AlertRule) -> Iterator[Finding]:
    problem, fix = "", ""
    if rule.signal in _BURNING and not rule.burn:
        problem, fix = f"{rule.signal} needs a burn rate", "add burn: [{factor: 14.4, windows: [1h, 5m]}]"
    elif rule.signal not in _BURNING and rule.burn:
        problem, fix = f"{rule.signal} has no burn rate", "remove burn"
    elif rule.signal in _WAITING and not rule.after:
        problem, fix = f"{rule.signal} does not say how long to wait", "add after: 20m"
    elif rule.signal not in _WAITING and rule.after:
        problem, fix = f"{rule.signal} does not wait", "remove after"
    elif rule.allowance is not None and rule.signal not in _COUNTED:
        problem, fix = f"{rule.signal} has no allowance", "remove allowance"
    elif (rule.limit or rule.slack) is not None and rule.signal not in _DRIFTING:
        problem, fix = f"{rule.signal} adds up no deviations", "remove limit and slack"
    if problem:
        yield view.at("content.alert-rule", ALERTS_FILE, pointer, problem, fix)
    for index, burn in enumerate(rule.burn):
        long, short = burn.windows
        if parse_duration(short) >= parse_duration(long) or parse_duration(short) == 0:
            message = f"the windows {long} and {short} are not a long one and a short one"
            where = f"{pointer}/burn/{index}/windows"
            yield view.at("content.alert-rule", ALERTS_FILE, where, message, "write the longer window first")
        elif not _WINDOWS[0] <= parse_duration(short) <= parse_duration(long) <= _WINDOWS[1]:
            message = f"nothing is counted over {long} and {short}"
            where = f"{pointer}/burn/{index}/windows"
            yield view.at("content.alert-rule", ALERTS_FILE, where, message, "windows are from 1m to 7d")


def _match(view: View, pointer: str, match: RouteMatch) -> Iterator[Finding]:
    """Whether what a route or an inhibition names exists."""
    yield from check_agents(view, ALERTS_FILE, f"{pointer}/agents", match.agents)
    for place, name in enumerate(match.rules):
        yield from check_alert(view, ALERTS_FILE, f"{pointer}/rules/{place}", name)
    for place, name in enumerate(match.to):
        yield from selector(view, ALERTS_FILE, f"{pointer}/to/{place}", name)


def _route(view: View, pointer: str, route: Route) -> Iterator[Finding]:
    for problem in route_problems(route):
        yield view.at("content.alert-route", ALERTS_FILE, f"{pointer}{problem.place}", problem.message, problem.fix)
    for place, name in enumerate(route.recipients):
        if name.startswith(("team:", "role:")):
            yield from selector(view, ALERTS_FILE, f"{pointer}/recipients/{place}", name)


class Problem(NamedTuple):
    """What is wrong with a part of a document, and what to do; `place` is a pointer from that part."""

    message: str
    fix: str
    place: str = ""


def route_problems(route: Route) -> Iterator[Problem]:
    """Why a route could never deliver, or would say the same too often."""
    if route.to in _NEEDS_KEY and not route.key_from:
        message = f"a route to {route.to} needs a secret, and keyFrom does not say where it is"
        yield Problem(message, "add keyFrom: env:NAME")
    if route.to in _NEEDS_URL and not route.url:
        yield Problem(f"a route to {route.to} needs a url", "say where it answers")
    if route.to == "email" and not (route.sender and route.recipients):
        fix = "say from whom it comes, and to whom it goes"
        yield Problem("a route to email needs a sender and recipients", fix)
    scheme = route.url.partition("://")[0]
    if scheme and (scheme in ("smtp", "smtps")) != (route.to == "email"):
        fix = "write smtp:// or smtps://" if route.to == "email" else "write https://"
        yield Problem(f"a route to {route.to} does not lead to {scheme}://", fix, "/url")
    elif scheme == "http" and not _stays_here(route.url):
        yield Problem("what goes there by http can be read and changed on its way", "write https://", "/url")
    if route.repeat and route.group_interval:
        repeat, interval = parse_duration(route.repeat), parse_duration(route.group_interval)
        if 0 < repeat < interval:
            fix = "make repeat as long as groupInterval, or longer"
            yield Problem("the same would be said again sooner than what is new", fix, "/repeat")


def _stays_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _takes(route: Route, rule: AlertRule) -> bool:
    """Whether some alerts of a rule go this way; which agents they are about is only known when they are raised."""
    match = route.match
    return (not match.severity or rule.severity in match.severity) and (not match.rules or rule.name in match.rules)
