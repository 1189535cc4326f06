"""Any receiver, by a signed POST: Standard Webhooks 1.0 (https://www.standardwebhooks.com), body `agentgov.alert/1`
(schemas/events/alert.schema.json).

The id of a message is the same in every attempt, so a receiver can tell a second copy. A 410 says that nobody wants it
any more, a 413 that this one is too large; everything else that is no success is tried again, 400 too, which libraries
of the standard answer to a secret that is not theirs.
"""

from typing import Any

import msgspec

from agentgov.alerts.message import Message, Told, moment
from agentgov.alerts.senders.outcome import Request
from agentgov.net.posting import signed_headers

REFUSED = frozenset({413})


def body(message: Message) -> bytes:
    """The message as it is sent."""
    return msgspec.json.encode(document(message), order="sorted")


def request(body: bytes, id_: str, url: str, keys: list[bytes], now_ms: int) -> Request:
    """A body, signed with each of the keys at this moment."""
    return Request(url, body, signed_headers(keys, id_, now_ms // 1000, body))


def document(message: Message) -> dict[str, Any]:
    """The body."""
    return {
        "schema": "agentgov.alert/1",
        "type": f"alert-{message.why}",
        "timestamp": moment(message.at),
        "fleet": message.fleet,
        "data": {
            "title": message.title,
            "group": message.group,
            "severity": message.severity,
            "alerts": [_alert(message, one) for one in message.alerts],
            **({"url": message.url} if message.url else {}),
            **({"by": message.by} if message.by else {}),
        },
    }


def _alert(message: Message, one: Told) -> dict[str, Any]:
    facts = {
        "key": message.key(one),
        "fingerprint": one.fingerprint,
        "state": "resolved" if one.ended else "firing",
        "fresh": one.fresh,
        "labels": dict(one.labels),
        "starts": moment(one.starts),
        "ends": moment(one.ended) if one.ended else None,
        "summary": one.summary,
        "rule": one.rule,
        "observed": one.observed,
        "baseline": one.baseline,
        "count": one.count,
        "release": one.release,
        "next": one.next,
        "acknowledgedBy": one.acknowledged_by,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}
