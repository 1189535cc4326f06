"""May an agent do this now: the whole decision about one call of a tool, from values alone.

The order, all of it:

1. The agent runs: it is deployed, not paused (`read-only` leaves tools of effect `read`), inside its schedule.
2. The release lists the tool, and the arguments have its shape and are not too large.
3. Its quotas have so much left.
4. The fleet's ActionPolicy: every rule that matches holds, whatever the agent's own say.
5. The agent's rules: the first one that matches, by pattern and then by condition, decides. None is a no.

Where people are asked by more than one rule, each rule has to be answered, in the shortest of their times. An error is
a no. Whatever denies is told, not only the first; rules are not tried on arguments that are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from agentgov.model.agent import Ask
from agentgov.model.units import parse_duration
from agentgov.model.verdict import Effect, Reason, allow, deny, unknown
from agentgov.policy.evaluate import Undecided
from agentgov.runtime.arguments import ArgumentsError, canonical
from agentgov.runtime.calls import ActionVerdict, Call, Decision, Demand, Needs, Question, Stopped
from agentgov.runtime.deployed import Deployed, Release
from agentgov.runtime.rules import Limit, Rule, Rulebook, ToolRules
from agentgov.runtime.schedule import is_open

LONGEST = 366 * 86_400  # seconds that people have at most
NOTHING: Mapping[tuple[str, int], int] = MappingProxyType({})
_NO_FACTS: Mapping[str, object] = MappingProxyType({})


def running(deployed: Deployed, named: str) -> Release | Reason:
    """The release that an agent says it runs, by name or closure, if that is still deployed; "" is the stable one."""
    found = [one for one in (deployed.stable, deployed.canary) if one is not None]
    if deployed.refused or not found:
        nothing = deny("action.release", f"nothing of {deployed.agent} runs in {deployed.environment}")
        return next(iter(deployed.refused), nothing)
    for one in found:
        if named in ("", one.name, one.closure):
            return one
    return deny("action.release", f"that release of {deployed.agent} does not run in {deployed.environment} any more")


def decide_action(
    rulebook: Rulebook,
    call: Call,
    *,
    paused: Stopped | None,
    now_ms: int,
    used: Mapping[tuple[str, int], int] = NOTHING,
    refused: Sequence[Reason] = (),
) -> ActionVerdict:
    """What is decided about a call. `used` is how much each (meter, window) has seen; `refused`, why the agent may not
    run at all. Fact `ask`, where people are asked: what a permit takes."""
    reasons = [reason for reason in (*refused, *rulebook.release.limits) if reason.effect > Effect.ALLOW]
    rules = rulebook.of(call.tool)
    reasons += _standing(rulebook, rules, paused, now_ms)
    if rules is None:
        name = call.tool if len(call.tool) <= 128 else "this tool"
        reasons.append(deny("action.tool-unlisted", f"{rulebook.release.name} does not list {name}", call.tool[:128]))
        return ActionVerdict(tuple(reasons), _NO_FACTS)
    try:
        arguments = canonical(call.arguments)
        binding = rulebook.binding(rules, arguments, call.subject)
    except ArgumentsError as error:
        return ActionVerdict((*reasons, deny("action.arguments", f"of the arguments, {error}", call.tool)), _NO_FACTS)
    faults = _faults(rules, call)
    if faults:
        return ActionVerdict((*reasons, *faults), _NO_FACTS, binding)
    demands, missing = _demands(rules, call, used)
    reasons += missing
    asks: list[Ask] = []
    decided = list(_decided(rulebook, rules, call, len(arguments), asks))
    needs = _needs(asks) if asks else None
    facts = MappingProxyType({"ask": msgspec.to_builtins(needs)}) if needs is not None else _NO_FACTS
    reasons += decided
    return ActionVerdict(tuple(reasons), facts, binding, needs, demands, _decision(reasons, needs))


def _decision(reasons: Sequence[Reason], needs: Needs | None) -> Decision:
    worst = max(reason.effect for reason in reasons)
    if worst is Effect.ALLOW:
        return "allow"
    return "ask" if needs is not None and worst is Effect.UNKNOWN else "deny"


def _standing(rulebook: Rulebook, rules: ToolRules | None, paused: Stopped | None, now_ms: int) -> Iterator[Reason]:
    """Whether the agent runs at this moment."""
    agent = str(rulebook.agent)
    if paused is not None:
        why = f" by {paused.by}: {paused.reason}" if paused.by else f": {paused.reason}"
        if paused.mode != "read-only":
            yield deny("action.paused", f"{agent} is paused{why}", agent)
        elif rules is None or rules.tool.effect != "read":
            yield deny("action.read-only", f"{agent} may only read{why}", agent)
    schedule = rulebook.release.agent.spec.schedule
    if schedule is not None:
        opened = is_open(schedule, now_ms)
        if opened is None:
            yield deny("action.schedule", f"nobody can tell whether {schedule.cron} {schedule.tz} is now", agent)
        elif not opened:
            yield deny("action.schedule", f"{agent} runs at {schedule.cron} {schedule.tz}, which is not now", agent)


def _faults(rules: ToolRules, call: Call) -> Sequence[Reason]:
    if type(call.arguments) is not dict:
        return (deny("action.arguments", "the arguments are not an object of JSON", call.tool),)
    if rules.shape is None:
        return ()
    if rules.shape.problem:
        return (deny("action.schema", rules.shape.problem, call.tool),)
    return tuple(deny("action.arguments", fault, call.tool) for fault in rules.shape.faults(call.arguments))


def _demands(
    rules: ToolRules, call: Call, used: Mapping[tuple[str, int], int]
) -> tuple[tuple[Demand, ...], list[Reason]]:
    """What the call takes of its quotas, and which have not so much left."""
    demands, reasons = [], []
    for limit in rules.limits:
        amount = _amount(limit, call.arguments)
        if amount is None:
            message = f"args.{'.'.join(limit.path)} is no whole number from 0 on, so no quota can count it"
            reasons.append(deny("action.quota-amount", message, call.tool))
            continue
        demands.append(Demand(limit.meter, amount, limit.limit, limit.window_ms, limit.said, limit.earlier))
        left = limit.limit - used.get((limit.meter, limit.window_ms), 0)
        if amount > left:
            message = f"the quota of {limit.said} has {max(left, 0)} left, and this takes {amount}"
            reasons.append(deny("action.quota", message, call.tool))
    return tuple(demands), reasons


def _amount(limit: Limit, arguments: Mapping[str, Any]) -> int | None:
    if not limit.path:
        return 1
    value: Any = arguments
    for name in limit.path:
        value = value.get(name) if type(value) is dict else None
    return value if type(value) is int and value >= 0 else None


def _decided(rulebook: Rulebook, rules: ToolRules, call: Call, size: int, asks: list[Ask]) -> Iterator[Reason]:
    """What the rules say; whom they ask is added to `asks`."""
    values = {**rulebook.facts, "args": call.arguments, "tool": call.tool}
    for rule in rules.fleet:
        holds = rule.condition is None or rule.condition.holds(values, size)
        if holds is not False:
            yield _said(rule, holds, call, asks, "action.fleet-rule")
    for rule in rules.own:
        holds = rule.condition is None or rule.condition.holds(values, size)
        if holds is not False:
            yield _said(rule, holds, call, asks, "action.rule")
            return
    yield deny("action.no-rule", f"no rule of {rulebook.agent} is about this call of {call.tool}", call.tool)


def _said(rule: Rule, holds: bool | Undecided, call: Call, asks: list[Ask], id_: str) -> Reason:
    """What one rule says that holds, or of which nobody can tell."""
    because = f": {rule.reason}" if rule.reason else ""
    if isinstance(holds, Undecided):
        return deny("action.condition", f"{rule.name} cannot be decided: {holds.why}", call.tool)
    if isinstance(rule.then, Ask):
        asks.append(rule.then)
        return unknown("action.ask", f"{rule.name} asks {', '.join(rule.then.who)}{because}", call.tool)
    if rule.then == "allow":
        return allow(id_, f"{rule.name} allows {call.tool}", call.tool)
    return deny(id_, f"{rule.name} denies {call.tool}{because}", call.tool)


def _needs(asks: Sequence[Ask]) -> Needs:
    """What satisfies every one of these asks: the stricter of them in each part."""
    counts: dict[tuple[str, ...], int] = {}
    for ask in asks:
        who = tuple(sorted(set(ask.who)))
        counts[who] = max(counts.get(who, 0), ask.count)
    return Needs(
        tuple(Question(who, max(count, 1)) for who, count in counts.items()),
        any(ask.four_eyes for ask in asks),
        min(LONGEST, *(parse_duration(ask.within) for ask in asks)),
        tuple(dict.fromkeys(name for ask in asks for name in ask.show)),
    )
