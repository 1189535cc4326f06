"""One signed POST to a receiver (Standard Webhooks 1.0): exact bytes, one attempt, no redirect followed.

Says only how it was answered; when to try again is the caller's. The secret signs and never leaves.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.net.address import parse_base
from agentgov.net.exchange import Answer, Exchange
from agentgov.net.private import private_lines

SIGNING = "whsec_"  # what a signing secret begins with
WHERE = "an address of a receiver begins with https:// (http:// only on this machine)"


def signing_key(text: str) -> bytes | None:
    """The key that a signing secret spells (`whsec_` and 24 to 64 bytes in base64), None where it spells none."""
    key = decoded(text.removeprefix(SIGNING)) if text.startswith(SIGNING) else b""
    return key if 24 <= len(key) <= 64 else None


def signing_keys(path: Path, variable: str, hint: str, rule: str) -> list[bytes]:
    """The keys in the file that a variable names; two while one is exchanged. ConfigurationError without a good one."""
    return spelled_keys(
        private_lines(path, variable, hint, rule, most=2), f"the file that {variable} names", hint, rule
    )


def spelled_keys(lines: Sequence[str], where: str, hint: str, rule: str) -> list[bytes]:
    """The keys that all lines of a secret spell; ConfigurationError tells `where` it stands, and no word of it."""
    keys = [key for line in lines if (key := signing_key(line)) is not None]
    if not keys or len(keys) != len(lines):
        raise ConfigurationError(f"{where} holds no secret of the form whsec_...", hint, rule=rule)
    return keys


def decoded(text: str) -> bytes:
    """What base64 spells, with or without its padding; nothing where it is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def signed_headers(keys: Sequence[bytes], message: str, time: int, body: bytes) -> dict[str, str]:
    """The headers of a message with this id, sent at this time (epoch seconds), one signature for each key."""
    content = f"{message}.{time}.".encode() + body
    digests = [base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys]
    signature = " ".join(f"v1,{digest}" for digest in digests)
    return {"webhook-id": message, "webhook-timestamp": str(time), "webhook-signature": signature}


def posted(url: str, body: bytes, headers: Mapping[str, str], *, clock: Callable[[], float], until: float) -> Answer:
    """What a receiver answers, `until` at the latest. BrokenError where no answer came whole; ConfigurationError for an
    address that nothing may be sent to."""
    base = parse_base(url.partition("?")[0], "a receiver of events", WHERE, "delivery.webhook")
    exchange = Exchange({}, clock=clock, plain=base.scheme == "http", other="the receiver", lenient=True)
    return exchange.ask("POST", url, {"content-type": "application/json", **headers}, body, until)
