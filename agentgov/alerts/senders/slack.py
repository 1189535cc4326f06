"""Slack, by an incoming webhook: one message of blocks for a group of alerts.

Limits: https://api.slack.com/reference/block-kit/blocks (50 blocks of a message, 150 characters of a header, 3000 of
the text of a section, 10 elements of a context) and https://api.slack.com/messaging/webhooks (200 `ok`; 400
`invalid_payload`; 403 `action_prohibited`; 404 `channel_not_found`, `no_service`; 410 `channel_is_archived`; 429 with
Retry-After, about one message a second). `&`, `<` and `>` are escaped, so that nothing in an alert can mention or link.
"""

from typing import Any

import msgspec

from agentgov.alerts.message import Message, Told, figures
from agentgov.alerts.senders.outcome import Request, short

REFUSED = frozenset({400, 413})
DEAD = frozenset({403, 404, 410})
BLOCKS, HEADER, SECTION, TEXT = 50, 150, 3000, 4000
_SHOWN = 20  # alerts of one message: two blocks each
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def request(message: Message, url: str) -> Request:
    """The message, posted to the secret address of a channel."""
    return Request(url, msgspec.json.encode(document(message)), {}, secret=True)


def document(message: Message) -> dict[str, Any]:
    """The body: a title, a section for each alert with its figures below, and what to run."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": short(message.title, HEADER), "emoji": False}}
    ]
    for one in message.shown[:_SHOWN]:
        blocks += [_section(one), _context(one)]
    if (left := len(message.alerts) - _SHOWN) > 0:
        blocks.append(
            {"type": "section", "text": {"type": "mrkdwn", "text": f"and {left} more: `agentgov alert list`"}}
        )
    assert len(blocks) <= BLOCKS, "a message shows few enough alerts"
    return {"text": short(message.title.translate(_ESCAPED), TEXT), "blocks": blocks}


def _section(one: Told) -> dict[str, Any]:
    state = "over" if one.ended else "new" if one.fresh else "goes on"
    head = f"*{one.title.translate(_ESCAPED)}* ({one.label('severity')}, {state})"
    text = short(f"{head}\n{one.summary.translate(_ESCAPED)}", SECTION)
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(one: Told) -> dict[str, Any]:
    said = [f"{name}: {text}" for name, text in figures(one)]
    text = short(" · ".join(said).translate(_ESCAPED), SECTION)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}
