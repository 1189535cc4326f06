"""Stops agents from a program of one's own: a watchdog, a runbook, a chat command. It asks as a person who may pause.

The gate takes it by the function that takes every pause: obeyed when this returns, brought to the journal by itself.
Letting an agent go on takes a person's signed act: `agentgov resume`.
"""

import os
from typing import Literal

from agentgov.sdk import settings


def pause(
    selector: str,
    reason: str,
    *,
    mode: Literal["stop", "read-only"] = "stop",
    until: int = 0,
    gate: str | None = None,
    token: str | None = None,
    token_file: "str | os.PathLike[str] | None" = None,
) -> str:
    """Pause the agents of a selector; the id of the order, which is that of its act in the journal.

    `until` is in epoch seconds, 0 until a person resumes them. `token` is a person's, not an agent's. Denied where that
    person may not; Unreachable where nobody answers: then the journal takes it, by `agentgov pause`.
    """
    from agentgov.sdk.remote import Remote

    remote = Remote("", settings.address(gate), settings.token(token, token_file))
    return remote.pause({"selector": selector, "reason": reason, "mode": mode, "until": until})
