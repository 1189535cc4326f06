"""The client that runs inside an agent: its release, its permissions, its stop. `agentgov.agent(...)` opens it.

Talks to a gate, or decides in this process over a clone. Never decides what a gate would not.
"""

from agentgov.errors import AgentgovError
from agentgov.sdk.action import Action, AsyncAction, AsyncPending, Pending
from agentgov.sdk.answers import Receipt
from agentgov.sdk.errors import (
    Denied,
    Expired,
    InDoubt,
    NotSupported,
    Paused,
    PromptError,
    Repeated,
    Stopped,
    Undecided,
    Unreachable,
)
from agentgov.sdk.opening import agent, async_agent
from agentgov.sdk.pausing import pause
from agentgov.sdk.running import Agent, AsyncAgent
from agentgov.sdk.spending import AsyncReservation, Reservation

__all__ = [
    "Action",
    "Agent",
    "AgentgovError",
    "AsyncAction",
    "AsyncAgent",
    "AsyncPending",
    "AsyncReservation",
    "Denied",
    "Expired",
    "InDoubt",
    "NotSupported",
    "Paused",
    "Pending",
    "PromptError",
    "Receipt",
    "Repeated",
    "Reservation",
    "Stopped",
    "Undecided",
    "Unreachable",
    "agent",
    "async_agent",
    "pause",
]
