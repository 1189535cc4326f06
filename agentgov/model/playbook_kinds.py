"""The kinds of playbooks to begin with, and which of them is followed when a signal of an alert rule fires.

A fleet's own rule has the kind of its signal. docs/playbooks.md says why each.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from agentgov.model.policies import Signal

Kind = Literal[
    "runaway-cost",
    "loop",
    "bad-release",
    "tool-misuse",
    "data-leak",
    "provider-outage",
    "injection",
    "wrong-answers",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_OF: Mapping[Signal, Kind] = {
    "errors": "bad-release",
    "denials": "tool-misuse",
    "spend": "runaway-cost",
    "cost": "runaway-cost",
    "latency": "provider-outage",
    "unseen-tool": "tool-misuse",
    "unseen-model": "bad-release",
    "unseen-domain": "data-leak",
    "tool-mix": "injection",
    "loop": "loop",
    "silence": "provider-outage",
    "exhaustion": "runaway-cost",
    "budget": "runaway-cost",
    "permit-waiting": "tool-misuse",
    "pause-unacknowledged": "data-leak",
    "unpriced": "runaway-cost",
    "verification": "bad-release",
    "moved-tag": "bad-release",
    "overdue-review": "wrong-answers",
}
