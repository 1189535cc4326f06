"""The rules that hold for the calls of one release in one environment, made ready once: of the fleet and its own.

A rulebook belongs to one release and one ActionPolicy, which never change; what is compiled is kept by tool. A rule is
about a tool where one of its patterns matches the whole name; `*` stands for any characters.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from agentgov.model.agent import Ask, Then, Tool
from agentgov.model.closure import resolve
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.policies import ActionPolicy
from agentgov.model.units import parse_duration
from agentgov.policy.evaluate import Condition, condition
from agentgov.runtime.arguments import Shape, canonical
from agentgov.runtime.deployed import Release
from agentgov.trust.verbs import in_scope
from agentgov.validate.limits import covers

NO_POLICY = ActionPolicy()
_NO_SCHEMA = ""
_LONGEST = 100 * 365 * 86_400  # seconds of a window


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that is about a tool. `name` is how people find it; no condition is one that always holds."""

    name: str
    then: str | Ask  # allow, deny, or whom to ask
    condition: Condition | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """One quota on a tool: `path` leads to the argument that is summed up, none counts calls."""

    meter: str
    path: tuple[str, ...]
    limit: int
    window_ms: int
    said: str
    earlier: tuple[str, ...] = ()  # the meters of the ids that the agent had before


@dataclass(frozen=True, slots=True)
class ToolRules:
    """All that decides about calls of one tool."""

    tool: Tool
    shape: Shape | None
    schema: str  # SHA-256 of the schema's text, "" without one
    fleet: tuple[Rule, ...]
    own: tuple[Rule, ...]
    limits: tuple[Limit, ...]


class Rulebook:
    """What one release may do in one environment under one ActionPolicy; `formerly` are the ids that its agent had
    before, whose use of quotas counts for it."""

    __slots__ = (
        *("_before", "_known", "_policy", "_tools"),
        *("agent", "environment", "facts", "formerly", "policy", "release"),
    )

    def __init__(
        self,
        agent: AgentId,
        environment: Environment,
        release: Release,
        policy: ActionPolicy | None,
        formerly: tuple[AgentId, ...] = (),
    ) -> None:
        self.agent, self.environment, self.release, self.formerly = agent, environment, release, formerly
        self._policy = policy or NO_POLICY
        self.policy = policy_digest(self._policy)
        metadata, spec = release.agent.metadata, release.agent.spec
        self._tools = {tool.name: tool for tool in reversed(spec.tools)}
        self._known: dict[str, ToolRules] = {}
        self._before = f'{{"agent":{json.dumps(str(agent))},"args":'.encode()
        self.facts: Mapping[str, Any] = {
            "agent": str(agent),
            "environment": environment,
            "labels": dict(metadata.labels),
            "risk": spec.risk,
        }

    def of(self, tool: str) -> ToolRules | None:
        """The rules about a tool; None where the release does not list it."""
        known = self._known.get(tool)
        if known is None and tool in self._tools:
            known = self._known[tool] = self._made(self._tools[tool])
        return known

    def binding(self, rules: ToolRules, arguments: bytes, subject: str) -> str:
        """SHA-256 of the one spelling (RFC 8785) of {agent, args, release, schema, subject, tool}."""
        release, schema = self.release.closure, rules.schema
        rest = f',"release":"{release}","schema":"{schema}","subject":'.encode()
        end = b"".join((rest, canonical(subject), b',"tool":', canonical(rules.tool.name), b"}"))
        return hashlib.sha256(self._before + arguments + end).hexdigest()

    def _made(self, tool: Tool) -> ToolRules:
        shape, schema = None, _NO_SCHEMA
        if tool.args is not None:
            path = resolve(self.agent, tool.args.file) or tool.args.file
            shape = Shape(path, self.release.files)
            content = self.release.files.get(path, {})
            schema = hashlib.sha256(content.get("text", content.get("base64", "")).encode()).hexdigest()
        return ToolRules(tool, shape, schema, self._of_fleet(tool.name), self._own(tool.name), self._limits(tool.name))

    def _of_fleet(self, tool: str) -> tuple[Rule, ...]:
        found = []
        for number, rule in enumerate(self._policy.rules, 1):
            agents = rule.match.agents
            about = not agents or any(in_scope(pattern, self.agent) for pattern in agents)
            if about and any(covers(pattern, tool) for pattern in rule.match.tools):
                name = f"the fleet's rule {rule.name or number}"
                found.append(Rule(name, _then(rule.then), _condition(rule.when), rule.reason))
        return tuple(found)

    def _own(self, tool: str) -> tuple[Rule, ...]:
        return tuple(
            Rule(f"the agent's rule {number}", _then(rule.then), _condition(rule.when))
            for number, rule in enumerate(self.release.agent.spec.actions, 1)
            if any(covers(pattern, tool) for pattern in rule.match.tools)
        )

    def _limits(self, tool: str) -> tuple[Limit, ...]:
        found = []
        for quota in self.release.agent.spec.quotas:
            if quota.tool == tool:
                path = tuple(quota.sum.split(".")[1:]) if quota.sum else ()
                of_what = f"{self.environment} {tool} {quota.sum or 'calls'}"
                said = f"{quota.max} of {quota.sum or 'calls'} in {quota.per}"
                window_ms = min(parse_duration(quota.per), _LONGEST) * 1000
                earlier = tuple(f"{former} {of_what}" for former in self.formerly)
                found.append(Limit(f"{self.agent} {of_what}", path, quota.max, window_ms, said, earlier))
        return tuple(found)


def policy_digest(policy: ActionPolicy) -> str:
    """SHA-256 of the rules of an ActionPolicy."""
    return hashlib.sha256(json.dumps(msgspec.to_builtins(policy), sort_keys=True).encode()).hexdigest()


def _then(then: str | Then) -> str | Ask:
    return then if isinstance(then, str) else then.ask


def _condition(when: str) -> Condition | None:
    return condition(when) if when else None


class Rulebooks:
    """The rulebooks in use. One is made again where a release, or the policy, is another value than before."""

    __slots__ = ("_kept",)
    _MOST = 10_000

    def __init__(self) -> None:
        self._kept: dict[tuple[AgentId, Environment, str], tuple[Release, ActionPolicy | None, Rulebook]] = {}

    def of(
        self,
        agent: AgentId,
        environment: Environment,
        release: Release,
        policy: ActionPolicy | None,
        formerly: tuple[AgentId, ...] = (),
    ) -> Rulebook:
        """The rulebook of a release. What an agent was called before was settled with its first one."""
        key = agent, environment, release.tag
        known = self._kept.get(key)
        if known is not None and known[0] is release and known[1] is policy:
            return known[2]
        made = Rulebook(agent, environment, release, policy, formerly)
        if len(self._kept) >= self._MOST:
            self._kept.clear()
        self._kept[key] = release, policy, made
        return made
