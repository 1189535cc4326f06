"""Tells one receiver that people are asked for a permit: a signed POST (Standard Webhooks), and no more than names.

What the call is about is not in it: people look at the permit itself, as far as they may, and that they looked counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.net.exchange import BrokenError
from agentgov.net.posting import post, signed_headers
from agentgov.runtime.permit_rows import Permit

_PATIENCE = 5.0  # seconds for an answer


@dataclass(frozen=True, slots=True)
class Hook:
    """Where people are told, and with which keys; two of them while one is exchanged."""

    url: str
    keys: Sequence[bytes]

    def tell(self, fleet: str, permit: Permit, now_ms: int) -> str:
        """Why the receiver did not take it, "" where it did. Waits for it."""
        return self.send(permit.id, event(fleet, permit), now_ms)

    def send(self, id_: str, body: bytes, now_ms: int) -> str:
        """The same for any message of that id."""
        headers = signed_headers(self.keys, id_, now_ms // 1000, body)
        try:
            status = post(self.url, body, headers, clock=monotonic, until=monotonic() + _PATIENCE)
        except BrokenError as error:
            return error.why
        except ConfigurationError as error:
            return error.message
        return "" if 200 <= status < 300 else f"it answers {status}"


def event(fleet: str, permit: Permit) -> bytes:
    """The body: `agentgov.permit/1`, schemas/events/permit.schema.json."""
    needs = permit.needs
    document = {
        "schema": "agentgov.permit/1",
        "type": "permit-pending",
        "timestamp": _moment(permit.asked),
        "fleet": fleet,
        "data": {
            "permit": permit.id,
            "agent": permit.agent,
            "environment": permit.environment,
            "release": permit.release,
            "tool": permit.tool,
            "expires": _moment(permit.expires),
            "asks": [{"who": one.who, "count": one.count} for one in needs.questions] if needs is not None else [],
        },
    }
    return msgspec.json.encode(document, order="sorted")


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
