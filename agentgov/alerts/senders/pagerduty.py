"""PagerDuty, Events API v2: one event for each alert, under its own key.

Fields and limits: https://developer.pagerduty.com/docs/send-alert-event (routing_key, event_action, dedup_key of at
most 255 characters; payload.summary of at most 1024; payload.severity critical, error, warning or info; an event of at
most 512 KB) and https://developer.pagerduty.com/docs/send-change-event. 202 takes an event, 400 refuses it for good,
429 asks to wait.
"""

from typing import Any, Literal

import msgspec

from agentgov.alerts.alert import AGENT, NAME
from agentgov.alerts.message import CHANGE, Message, Told, figures, moment
from agentgov.alerts.senders.outcome import Request, short

HOSTS = ("https://events.pagerduty.com", "https://events.eu.pagerduty.com")
ENQUEUE, CHANGES = "/v2/enqueue", "/v2/change/enqueue"
REFUSED = frozenset({400, 413})
LARGEST = 512 * 1024  # bytes of an event
SUMMARY, DEDUP, DETAIL = 1024, 255, 2000  # characters; the last is ours, so that no event gets too large
_SEVERITIES = {"page": "critical", "ticket": "warning"}
Action = Literal["trigger", "acknowledge", "resolve"]


def request(message: Message, base: str, key: str) -> Request:
    """The event about the one alert of a message, or the change."""
    (one,) = message.alerts
    if message.why == CHANGE:
        details = {**dict(one.labels), "release": one.release, "by": message.by}
        return change(one.summary, one.label(AGENT) or message.name, one.starts, details, base, key)
    action: Action = "acknowledge" if message.why == "acknowledged" else "resolve" if one.ended else "trigger"
    return _posted(f"{base or HOSTS[0]}{ENQUEUE}", event(message, one, action, key))


def event(message: Message, one: Told, action: Action, key: str) -> dict[str, Any]:
    """An event; `key` is the routing key of the integration."""
    dedup = message.key(one)
    assert len(dedup) <= DEDUP, "the id of a fleet and a fingerprint are short"
    named = {"routing_key": key, "event_action": action, "dedup_key": dedup}
    if action != "trigger":
        return named
    return named | {
        "client": "agentgov",
        **({"client_url": message.url} if message.url.startswith("https://") else {}),
        "payload": {
            "summary": short(f"{message.mark}{one.title}: {one.summary}", SUMMARY),
            "source": short(one.label(AGENT) or message.name, DETAIL),
            "severity": "info" if message.why == "test" else _SEVERITIES.get(one.label("severity"), "error"),
            "timestamp": moment(one.starts),
            "component": short(one.label(AGENT), DETAIL),
            "group": short(message.name, DETAIL),
            "class": one.label(NAME),
            "custom_details": {name: short(text, DETAIL) for name, text in (*one.labels, *figures(one))},
        },
    }


def change(summary: str, source: str, at_ms: int, details: dict[str, str], base: str, key: str) -> Request:
    """A change event: something was done that may explain an alert, and wakes nobody."""
    payload = {
        "summary": short(summary, SUMMARY),
        "source": short(source, DETAIL),
        "timestamp": moment(at_ms),
        "custom_details": {name: short(text, DETAIL) for name, text in details.items()},
    }
    return _posted(f"{base or HOSTS[0]}{CHANGES}", {"routing_key": key, "payload": payload})


def _posted(url: str, document: dict[str, Any]) -> Request:
    body = msgspec.json.encode(document)
    assert len(body) <= LARGEST, "every field of an event is bounded"
    return Request(url, body, {})
