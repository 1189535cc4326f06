"""Playbooks and drills as types: what people do when it goes wrong, and how they practise it.

They are contents, not governance: whoever owns their paths reviews them.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from agentgov.model.document import Document


class PlaybookMatch(Document, frozen=True):
    """When a playbook is the one to follow: every key given must match."""

    agents: tuple[str, ...] = ()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    alerts: tuple[str, ...] = ()


class PlaybookStep(Document, frozen=True):
    """One thing to do. `on_fail` is `stop`, `continue`, or the id of another step."""

    id: str
    title: str
    type: Literal["manual", "command", "check", "decision"]
    run: str = ""
    expect: str = ""
    timeout: str = ""
    on_fail: str = "stop"


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


class Inject(Document, frozen=True):
    """What participants of a drill are told in its course."""

    at: str
    text: str


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
