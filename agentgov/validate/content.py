"""Does what an agent and the pipeline say make sense: rules that can match, counts that can be met, dates that exist.

Also whether an active agent is fit for production (on-call, budget, playbook) and whether each environment, resolved,
is a valid agent. Money, durations and shares have been checked by the schema's patterns; here they are compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from agentgov.model import guess
from agentgov.model.agent import Agent, Ask, Tool
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.finding import Finding
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.units import parse_duration
from agentgov.validate import budgets, pointers, schedules
from agentgov.validate.engine import engine
from agentgov.validate.environment import origin, resolve_environment
from agentgov.validate.limits import covered
from agentgov.validate.load import convert
from agentgov.validate.positions import Positions
from agentgov.validate.schema import explain
from agentgov.validate.view import Subject, View

Told = tuple[str, str, str, str]  # code, pointer, message, fix


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """What does not make sense in one agent.yaml."""
    yield from _tools(view, subject)
    yield from _asks(view, subject)
    for code, pointer, message, fix in _changeable(subject.agent):
        yield view.at(code, subject.file, pointer, message, fix)
    yield from _times(view, subject)
    yield from _environments(view, subject)
    if subject.agent.spec.lifecycle.state == "active":
        yield from _production(view, subject)


def check_moves(view: View, pasts: Mapping[str, str], is_agent: Callable[[str], bool]) -> Iterator[Finding]:
    """`formerly` of all agents: nobody inherits from an agent that is there, or that somebody else inherits from.

    `pasts` maps the folder of an agent to its `formerly`, in order; `is_agent` knows the ids of all agents.
    """
    heirs: dict[str, str] = {}
    for folder, formerly in pasts.items():
        problem = ""
        if is_agent(formerly):
            problem = f"{formerly} is an agent of this fleet, so nothing can be inherited from it"
        elif formerly in heirs:
            problem = f"{heirs[formerly].removeprefix('agents/')} has been {formerly} as well"
        heirs.setdefault(formerly, folder)
        if problem:
            file, fix = f"{folder}/agent.yaml", "remove the line in one of them"
            yield view.at("content.formerly", file, "/metadata/formerly", problem, fix)


def _tools(view: View, subject: Subject) -> Iterator[Finding]:
    """Every tool once, irreversible ones under a rule; every rule and quota about a tool that is listed."""
    spec, file = subject.agent.spec, subject.file
    names = {tool.name: None for tool in spec.tools}
    patterns = dict.fromkeys(pattern for rule in spec.actions for pattern in rule.match.tools)
    matched = {pattern: covered(pattern, names) for pattern in patterns}
    ruled = {name for found in matched.values() for name in found}
    seen: set[str] = set()
    for index, tool in enumerate(spec.tools):
        if tool.name in seen:
            yield view.at("content.duplicate-tool", file, f"/spec/tools/{index}/name", f"{tool.name} is listed twice")
        elif tool.name not in ruled:
            yield _without_rule(view, file, f"/spec/tools/{index}/name", tool)
        seen.add(tool.name)
    for index, rule in enumerate(spec.actions):
        for place, pattern in enumerate(rule.match.tools):
            if not matched[pattern]:
                message = f"no tool of this agent matches {pattern}"
                pointer = f"/spec/actions/{index}/match/tools/{place}"
                literal = "" if "*" in pattern else guess.question(pattern, names)
                fix = literal or "list the tool, or remove this"
                yield view.at("content.rule-matches-nothing", file, pointer, message, fix)


def _changeable(agent: Agent) -> Iterator[Told]:
    """What does not make sense in the fields that an environment may change, of an agent as it is in one of them."""
    spec = agent.spec
    names = dict.fromkeys(tool.name for tool in spec.tools)
    for index, quota in enumerate(spec.quotas):
        if quota.tool not in names:
            message = f"the quota is about {quota.tool}, which is no tool of this agent"
            fix = guess.question(quota.tool, names) or "list the tool"
            yield "content.quota-without-tool", f"/spec/quotas/{index}/tool", message, fix
    for code, pointer, message, fix in budgets.problems(spec.budget):
        yield code, f"/spec/budget{pointer}", message, fix
    lease = spec.lease
    if lease.ttl and lease.hard_expiry and parse_duration(lease.ttl) > parse_duration(lease.hard_expiry):
        message = f"the config expires after {lease.hard_expiry}, before it is refreshed after {lease.ttl}"
        yield "content.lease-order", "/spec/lease/ttl", message, "refresh earlier than it expires"


def _without_rule(view: View, file: str, pointer: str, tool: Tool) -> Finding:
    if tool.effect == "irreversible":
        message = f"{tool.name} is irreversible and no action rule is about it"
        return view.at("content.irreversible-without-rule", file, pointer, message, "say in `actions` when it may run")
    message = f"no action rule is about {tool.name}, so it is always denied"
    return view.at("content.tool-never-allowed", file, pointer, message, "add an action rule, or remove the tool")


def _asks(view: View, subject: Subject) -> Iterator[Finding]:
    for index, rule in enumerate(subject.agent.spec.actions):
        if not isinstance(rule.then, str):
            yield from asked(view, subject.file, f"/spec/actions/{index}/then/ask", rule.then.ask)


def asked(view: View, file: str, pointer: str, ask: Ask) -> Iterator[Finding]:
    """Whether those whom an action rule asks can answer: they are enough, and have their role in an environment."""
    yield from too_many(view, file, f"{pointer}/count", ask.count, ask.who)
    bindings = view.parts.access.bindings if view.parts.access is not None else ()
    for index, name in enumerate(ask.who):
        given = [one for one in bindings if name == f"role:{one.role}"]
        if given and not any(one.environments for one in given):
            message = f"nobody has {name} in any environment, so nobody of it decides"
            fix = f"write environments: [staging, production] into its bindings in {ACCESS_FILE}"
            yield view.at("access.no-environments", file, f"{pointer}/who/{index}", message, fix)


def too_many(view: View, file: str, pointer: str, count: int, who: Iterable[str]) -> Iterator[Finding]:
    """Whether more people are asked for than there are; roles given until some day are not counted out here."""
    selectors = list(who)
    if view.directory is None or any(name.startswith("role:") and name != "role:administrator" for name in selectors):
        return
    members = [view.directory.members(name) for name in selectors]
    people = frozenset[str]().union(*members)
    if all(members) and len(people) < count:
        message = f"{count} people are asked for and only {len(people)} can answer"
        yield view.at("content.too-few-people", file, pointer, message, f"write {len(people)}, or name more people")


def _times(view: View, subject: Subject) -> Iterator[Finding]:
    spec, file = subject.agent.spec, subject.file
    if spec.lifecycle.review_by and not is_date(spec.lifecycle.review_by):
        message = f"there is no day {spec.lifecycle.review_by}"
        yield view.at("content.no-such-date", file, "/spec/lifecycle/reviewBy", message)
    yield from schedules.check_agent(view, subject)


def is_date(text: str) -> bool:
    """Whether a YYYY-MM-DD names a day that exists."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _environments(view: View, subject: Subject) -> Iterator[Finding]:
    """Each environment, resolved, follows the schema of an agent and makes sense by itself.

    What is wrong without it as well is told once, and not again of the environment.
    """
    for name in ENVIRONMENTS:
        if not subject.agent.spec.environments.get(name):
            continue
        resolved = resolve_environment(subject.document, name)
        compiled = engine("Agent")
        if compiled.accepts(resolved):
            told = list(_changeable(convert(Agent, resolved)))
            without = {(code, pointer) for code, pointer, _, _ in _changeable(subject.agent)} if told else ()
            for code, pointer, message, fix in told:
                place = origin(subject.document, name, pointer)
                of_patch = place != pointer and place.endswith(pointer.removeprefix("/spec"))
                if of_patch or (code, pointer) not in without:
                    yield view.at(code, subject.file, place, f"in {name}, {message}", fix)
            continue
        known = compiled.violations(subject.document)
        new = [violation for violation in compiled.violations(resolved) if violation not in known]
        for found in explain(new, resolved, Positions(), subject.file):
            pointer = origin(subject.document, name, found.where.pointer)
            message = f"in {name}, {found.message}"
            yield view.at("content.environment", subject.file, pointer, message, found.fix)


def _production(view: View, subject: Subject) -> Iterator[Finding]:
    """What an active agent needs: somebody who answers, a budget, a playbook."""
    spec, file = subject.agent.spec, subject.file
    hint = "or write lifecycle: {state: draft}"
    if not spec.oncall.escalate:
        message = f"{subject.id} is active and nobody is on call for it"
        yield view.at_key(
            "content.no-oncall", file, _nearest(subject, "oncall"), message, f"add oncall.escalate, {hint}"
        )
    budget = resolve_environment(subject.document, "production")["spec"].get("budget") or {}
    if not any(budget.get(name) for name in ("day", "month", "rolling")):
        message = f"{subject.id} is active and has no budget for a day or a month in production"
        yield view.at_key("content.no-budget", file, _nearest(subject, "budget"), message, f"add budget.day, {hint}")
    if not spec.playbook:
        message = f"{subject.id} is active and has no playbook"
        yield view.at_key("content.no-playbook", file, "/spec", message, "link a file of playbooks/")


def _nearest(subject: Subject, field: str) -> str:
    return pointers.child("/spec", field) if field in subject.document["spec"] else "/spec"
