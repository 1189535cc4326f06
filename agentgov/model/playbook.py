"""Playbooks and drills as types: what people do when it goes wrong, and how they practise it.

They are contents, not governance: whoever owns their paths reviews them.
"""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from agentgov.model.document import Document
from agentgov.model.policies import Signal

Fault = Literal["", "errors", "cost", "loop", "unseen-tool", "silence", "denials"]
SIGNALS: Mapping[Fault, Signal] = {  # what a rule watches that finds a fault
    "": "errors",
    "errors": "errors",
    "cost": "spend",
    "loop": "loop",
    "unseen-tool": "unseen-tool",
    "silence": "silence",
    "denials": "denials",
}


class PlaybookMatch(Document, frozen=True):
    """When a playbook is the one to follow: every key given must match."""

    agents: tuple[str, ...] = ()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    alerts: tuple[str, ...] = ()


# What `{name}` in a step stands for; whoever runs the playbook has the values.
PLACEHOLDERS: Mapping[str, str] = {
    "agent": "the agent that it is about",
    "incident": "the id of the incident",
    "reason": "why, in the words of whoever runs it",
    "release": "the version that runs in production",
    "prior": "the version to go back to",
    "time": "now, in UTC",
}
# The same in a message; an incident has the values.
MESSAGE_NAMES = (
    *("id", "title", "time", "since", "now", "agent", "agents", "status", "state", "severity", "lead", "reason"),
    "release",
)
PLACEHOLDER = re.compile(r"\{([a-zA-Z][a-zA-Z0-9_-]*)\}")
DOUBLED = re.compile(r"\{\{[a-zA-Z][a-zA-Z0-9_-]*\}\}")  # in a message: braces that are meant as they are


class PlaybookStep(Document, frozen=True):
    """One thing to do. `on_fail` is `stop`, `continue`, or the id of another step; so are the ends of `choices`.

    `run` and `check` hold a command on each line. `rollback` undoes the step where it has failed half-way.
    """

    id: str
    title: str
    type: Literal["manual", "command", "check", "decision"]
    run: str = ""
    expect: str = ""
    timeout: str = ""
    on_fail: str = "stop"
    check: str = ""
    rollback: str = ""
    choices: Mapping[str, str] = msgspec.field(default_factory=dict)


class Message(Document, frozen=True):
    """What somebody is told, so long after the beginning."""

    at: str
    to: str
    template: str


class Playbook(Document, frozen=True):
    """playbooks/*.yaml, kind Playbook."""

    name: str
    title: str
    responders: tuple[str, ...]
    steps: tuple[PlaybookStep, ...]
    match: PlaybookMatch = PlaybookMatch()
    severity: int = 3
    comms: tuple[Message, ...] = ()
    review_by: str = ""
    next: tuple[str, ...] = ()
    stop_conditions: tuple[str, ...] = ()


class Question(Document, frozen=True):
    """What participants are asked. A right answer holds one of `accept`; it stops the clock of `metric`."""

    id: str
    text: str
    accept: tuple[str, ...] = ()
    answer: str = ""
    metric: str = ""


class Inject(Document, frozen=True):
    """What participants of a drill are told in its course, and what they are asked then."""

    at: str
    text: str
    ask: tuple[Question, ...] = ()


class Objective(Document, frozen=True):
    """One thing that a drill must reach; the target is a duration not to exceed or a share to reach."""

    id: str
    metric: str
    target: str
    weight: int = 1


class Drill(Document, frozen=True):
    """drills/*.yaml, kind Drill."""

    name: str
    type: Literal["tabletop", "live", "recovery"]
    playbook: str
    objectives: tuple[Objective, ...]
    title: str = ""
    injects: tuple[Inject, ...] = ()
    every: str = ""
    agent: str = ""
    participants: tuple[str, ...] = ()
    fault: Fault = ""
