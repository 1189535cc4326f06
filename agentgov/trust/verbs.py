"""The verbs of the product as data: what each allows, which roles hold it, where it applies, who signs for it.

This table is the only place where a right is defined (docs/permissions.md shows it). It decides nothing by itself:
`permissions` does. Which acts of the journal take which verb, and what bots may sign, is `model.acts_table`'s.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

import msgspec

from agentgov.model.acts_table import BOT_ACTS
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, is_label

__all__ = [
    "ADMINISTRATOR",
    "BOT_ACTS",
    "BUILT_IN_ROLES",
    "VERBS",
    "BuiltInRole",
    "Verb",
    "in_scope",
    "is_scope",
    "role_verbs",
    "who_may",
]

BuiltInRole = Literal["operator", "viewer", "auditor"]
BUILT_IN_ROLES: tuple[BuiltInRole, ...] = ("operator", "viewer", "auditor")
ADMINISTRATOR = "administrator"  # not a role that a binding can give: `administrators` in Access names them
WithheldBy = Literal["", "administrators", "action-rule"]


class Verb(msgspec.Struct, frozen=True):
    """One verb. `environments`: whether it acts in one, so that a binding must list it.

    `withheld` verbs are in no role, built in or not: only `administrators`, or an agent's own action rule, give them.
    `spoken` is what stands before an agent in a sentence, where the name is no English verb.
    """

    name: str
    allows: str
    roles: tuple[BuiltInRole, ...]
    environments: bool
    signed_by: str
    withheld: WithheldBy = ""
    spoken: str = ""

    def on(self, place: object) -> str:
        """What it does to a place, as a sentence has it: may open and run incidents of support/triage."""
        return f"{self.spoken or self.name} {place}"


_PERSON = "person"
_KEY = "person, personal key"
_LOGIN = "logged in, recorded"
_RESULTS = "evidence bot or person"
_OPERATOR: tuple[BuiltInRole, ...] = ("operator",)
_AUDITOR: tuple[BuiltInRole, ...] = ("auditor",)

_TABLE = (
    Verb("review", "review changes of paths one owns", _OPERATOR, False, _KEY, spoken="review changes of"),
    Verb("release", "sign release tags", _OPERATOR, False, _PERSON),
    Verb("promote", "open a gate of the pipeline", _OPERATOR, True, _PERSON),
    Verb("abort", "take a candidate out of the pipeline", _OPERATOR, True, _PERSON),
    Verb("hold", "keep an agent where it is, or lift that", _OPERATOR, True, _PERSON),
    Verb("clear", "clear a bad mark or an inconclusive canary", _OPERATOR, True, _PERSON),
    Verb("retire", "end an agent's traffic and tokens", _OPERATOR, True, _PERSON),
    Verb("rollback", "go back to a prior release", _OPERATOR, True, _PERSON, spoken="roll back"),
    Verb("pause", "stop an agent at the gate", _OPERATOR, True, "person, or gate for a logged-in person"),
    Verb("resume", "let a paused agent go on", _OPERATOR, True, _PERSON),
    Verb("permit", "decide agents' pending actions", (), False, "person, logged in", "action-rule"),
    Verb("incident", "open and run incidents", _OPERATOR, False, "person or gate", spoken="open and run incidents of"),
    Verb("drill", "run drills", _OPERATOR, False, "person or gate", spoken="run drills of"),
    Verb("silence", "silence alerts", _OPERATOR, True, "person or gate", spoken="silence alerts of"),
    Verb(
        "evidence", "add results for a release, never for one's own change", (), False, _RESULTS, "", "add results to"
    ),
    Verb("view", "see configuration, run logs and metrics", BUILT_IN_ROLES, False, _LOGIN),
    Verb("view-audit", "see journal and ledger", _AUDITOR, False, _LOGIN, spoken="see journal and ledger of"),
    Verb("export", "export journal, ledger and payloads by class", _AUDITOR, False, _LOGIN, spoken="export records of"),
    Verb("token", "make and revoke agents' tokens", _OPERATOR, True, _LOGIN, spoken="make and revoke tokens of"),
    Verb("administer", "change the governance set; revoke, waive, override", (), False, _KEY, "administrators"),
)
VERBS: Mapping[str, Verb] = MappingProxyType({verb.name: verb for verb in _TABLE})


@cache
def role_verbs(role: BuiltInRole) -> frozenset[str]:
    """The verbs that a built-in role holds."""
    return frozenset(verb.name for verb in _TABLE if role in verb.roles)


def is_scope(pattern: str) -> bool:
    """Whether a binding's pattern means something: `**`, or workspace/agent where either may be `*`."""
    workspace, _, name = pattern.partition("/")
    return pattern == "**" or all(part == "*" or is_label(part) for part in (workspace, name))


def in_scope(pattern: str, agent: AgentId | None) -> bool:
    """Whether a binding's pattern covers an agent; None is the fleet as a whole, which only `**` covers.

    A pattern that means nothing covers nothing.
    """
    if pattern == "**" or agent is None:
        return pattern == "**"
    workspace, _, name = pattern.partition("/")
    return workspace in ("*", agent.workspace) and name in ("*", agent.name)


def who_may(verb: str, agent: AgentId | None = None, environment: Environment | None = None) -> str:
    """The hint for somebody who may not: the command that answers who may."""
    place = f" --environment {environment}" if environment else ""
    return f"who may: agentgov who {verb}{f' {agent}' if agent else ''}{place}"
