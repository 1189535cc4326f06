"""An Alertmanager, API v2: `POST /api/v2/alerts` with all alerts of a message.

After https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (postableAlert: labels, annotations,
startsAt, endsAt, generatorURL) and Prometheus' own notifier (`notifier/manager.go`, `rules/alerting.go`): what goes on
has an `endsAt` in the future, four times as far as it is sent again, so that a few lost messages end nothing, and a
gate that is gone does not leave its alerts behind for ever.
"""

import base64
from typing import Any

import msgspec

from agentgov.alerts.message import Message, Told, figures, moment
from agentgov.alerts.senders.outcome import Request

PATH = "/api/v2/alerts"
REFUSED = frozenset({400, 413})
_AHEAD, _LEAST = 4, 60_000  # times `repeat`; milliseconds


def request(message: Message, url: str, key: str, repeat: int, now_ms: int) -> Request:
    """The alerts of a message; `key` is a bearer token, or `user:password`, or "" where the other side asks for none.
    `repeat` is after how many milliseconds they are sent again."""
    ahead = now_ms + _AHEAD * max(repeat, _LEAST)
    body = msgspec.json.encode([posted(message, one, ahead) for one in message.alerts])
    return Request(f"{url.rstrip('/')}{PATH}", body, _authorization(key))


def posted(message: Message, one: Told, ahead: int) -> dict[str, Any]:
    """One alert; labels identify it there as here."""
    notes = {name: text for name, text in figures(one) if name not in ("since", "until")}
    notes |= {"summary": f"{message.mark}{one.summary}", "fingerprint": one.fingerprint}
    marked = (("test", "true"),) if message.why == "test" else ()
    return {
        "labels": dict((*one.labels, *marked)),
        "annotations": {name.replace(" ", "_"): text for name, text in notes.items()},
        "startsAt": moment(one.starts),
        "endsAt": moment(one.ended or ahead),
        **({"generatorURL": message.url} if message.url else {}),
    }


def _authorization(key: str) -> dict[str, str]:
    if not key:
        return {}
    if ":" in key:
        return {"authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
    return {"authorization": f"Bearer {key}"}
