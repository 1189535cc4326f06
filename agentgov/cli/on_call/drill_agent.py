"""The drill agent at the gate: sends what is played, as that agent, by the ways that real agents use."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agentgov.cli.on_call import drill_played as played
from agentgov.errors import AgentgovError, ConfigurationError
from agentgov.model.names import AgentId
from agentgov.model.playbook import Fault
from agentgov.net.address import parse_base
from agentgov.net.asking import Asking
from agentgov.net.exchange import BrokenError
from agentgov.net.private import private_lines
from agentgov.net.tokens import Token

TOKEN_FILE = "AGENTGOV_DRILL_TOKEN_FILE"  # noqa: S105 - the name of a variable
_DRILL = "agentgov-drill"  # the header by which the gate keeps it apart from all that counts
_RULE = "gate.unauthenticated"
_PATIENCE = 30.0  # seconds of one request


@dataclass(frozen=True, slots=True)
class DrillAgent:
    """One that may speak to the gate as the drill agent; `model` is the one that its runs name."""

    agent: AgentId
    model: str
    asking: Asking

    def play(self, fault: Fault, began: int, name: str) -> None:
        """A good week, then the failure. AgentgovError where the gate does not take it."""
        self._send("/v1/traces", (played.normal(self.agent, self.model, fault, began),))
        sessions = played.sessions(fault, name)
        if sessions:
            self._send("/v1/traces", (played.failing(self.agent, self.model, fault, began, name),))
            self._send("/v1/events", (played.endings(sessions),))
        if fault == "denials":
            self._send(f"/v1/agents/{self.agent}/actions", played.refused(name))

    def _send(self, path: str, bodies: Iterable[dict[str, Any]]) -> None:
        for body in bodies:
            try:
                answer = self.asking.ask("POST", path, msgspec.json.encode(body), seconds=_PATIENCE)
            except BrokenError as error:
                raise AgentgovError(error.why) from None
            if answer.status != 200:
                raise _refused(path, answer.status, answer.body)


def drill_agent(url: str, agent: AgentId, model: str) -> DrillAgent:
    """The drill agent at a gate, by the token in the file that AGENTGOV_DRILL_TOKEN_FILE names. ConfigurationError
    where it cannot be read, or is another's: that is found before a drill begins, and no drill that failed."""
    named = os.environ.get(TOKEN_FILE, "")
    hint = f"agentgov token create --agent {agent} --environment production --out FILE; {TOKEN_FILE}=FILE names it"
    if not named:
        raise ConfigurationError(f"nothing says with which token {agent} fails at the gate", hint)
    token = Token("".join(private_lines(Path(named), TOKEN_FILE, hint, _RULE)), _RULE)
    headers = {"authorization": f"Bearer {token.value}", "content-type": "application/json", _DRILL: "true"}
    asking = Asking(parse_base(url, "the gate"), headers, clock=time.monotonic, other="the gate")
    _require(asking, agent, hint)
    return DrillAgent(agent, model, asking)


def _require(asking: Asking, agent: AgentId, hint: str) -> None:
    try:
        answer = asking.ask("GET", "/v1/whoami", seconds=_PATIENCE)
    except BrokenError as error:
        raise AgentgovError(error.why) from None
    if answer.status == 401:
        raise ConfigurationError(f"the gate knows no such token as {TOKEN_FILE} names", hint, rule=_RULE)
    if answer.status != 200:
        raise _refused("/v1/whoami", answer.status, answer.body)
    who = msgspec.json.decode(answer.body)
    if (who.get("agent"), who.get("environment")) != (str(agent), "production"):
        whose = f"{who['agent']} in {who['environment']}" if who.get("agent") else "a person"
        raise ConfigurationError(f"the token that {TOKEN_FILE} names is that of {whose}, not of {agent}", hint)


def _refused(path: str, status: int, body: bytes) -> AgentgovError:
    """What the gate said instead of taking it."""
    try:
        said = msgspec.json.decode(body)["error"]
        message, hint = str(said["message"]), str(said["hint"])
    except (msgspec.DecodeError, KeyError, TypeError):
        message, hint = body[:200].decode("utf-8", "replace"), ""
    return AgentgovError(f"the gate answered {status} to {path}: {message}", hint)
