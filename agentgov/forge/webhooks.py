"""Is this delivery really from who may send it, and is it new? Decides from the raw bytes, before anything is parsed.

GitHub signs the body (`X-Hub-Signature-256`, HMAC-SHA256); the older SHA-1 header is never looked at. GitLab signs id,
time and body where the hook has a signing token (Standard Webhooks), signs the body of external status checks
(`X-Gitlab-Signature`), and otherwise sends the plain secret. Anybody else who is to wake the reconciler signs as
Standard Webhooks say. Without a secret nothing is taken: never open.

A delivery only wakes somebody who asks the forge. So a replay that gets past this is a wasted look, and no more; what
GitHub sends carries no signed time, and the same body counts once within ten minutes. Never reads a clock or a file.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

from agentgov.forge.reasons import HOOK_REPLAYED, HOOK_SIGNATURE, HOOK_UNCONFIGURED, WAKE
from agentgov.net.posting import decoded
from agentgov.trust.identity import Forge

Sender = Forge | Literal["wake"]
PATHS: Mapping[str, Sender] = MappingProxyType(
    {"/hooks/github": "github", "/hooks/gitlab": "gitlab", "/hooks/wake": "wake"}
)
LARGEST = 25 * 2**20  # bytes of a body; GitHub sends no more
SKEW = 300  # seconds between the time that GitLab signs and this machine's
WINDOW = 600  # seconds for which a delivery is remembered
MOST_SEEN = 10_000

_GITHUB = re.compile(r"sha256=([0-9a-f]{64})\Z")
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")
_TIME = re.compile(r"[0-9]{1,12}\Z")
_JSON = re.compile(r"application/json\s*(?:;|\Z)", re.IGNORECASE)
_MOST_SIGNATURES = 10


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was sent: the path without a query, headers by their lower-case names, the raw body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Secrets:
    """What deliveries are judged by; several of a kind while one is exchanged. `signing` are GitLab's keys, decoded,
    and `wake` those of whoever else may wake the reconciler."""

    github: tuple[bytes, ...] = field(default=(), repr=False)
    gitlab: tuple[bytes, ...] = field(default=(), repr=False)
    signing: tuple[bytes, ...] = field(default=(), repr=False)
    wake: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came lately: by a name of the delivery, when."""

    times: Mapping[str, int] = field(default_factory=dict)

    def holds(self, name: str, now: int) -> bool:
        """Whether this delivery came within the window."""
        return name in self.times and now - self.times[name] <= WINDOW

    def with_one(self, name: str, now: int) -> "Seen":
        """The same and one more; what is past the window is forgotten, and the oldest where there are too many."""
        kept = [(one, time) for one, time in self.times.items() if now - time <= WINDOW and one != name]
        return Seen({**dict(kept[-(MOST_SEEN - 1) :]), name: now})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A delivery of the sender, new. `event` is its kind by the header, which nobody signs; `seen` is what to remember
    once the delivery was taken in."""

    sender: Sender
    event: str
    body: bytes = field(repr=False)
    seen: Seen = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A delivery that wakes nobody: the status to answer with, one word, and the rule, if one is behind it."""

    status: int
    word: str
    rule: str = ""


def judge(delivery: Delivery, secrets: Secrets, seen: Seen, now: int) -> Accepted | Refused:
    """Whether a delivery counts; `now` in epoch seconds. The answer tells a stranger nothing about the secret."""
    sender = PATHS.get(delivery.path)
    if sender is None:
        return Refused(404, "unknown")
    if not _JSON.match(delivery.headers.get("content-type", "")):
        return Refused(415, "json")
    if len(delivery.body) > LARGEST:
        return Refused(413, "large")
    named = _named(sender, delivery, secrets, now)
    if isinstance(named, Refused):
        return named
    if seen.holds(named, now):
        return Refused(200, "known", HOOK_REPLAYED)
    event = delivery.headers.get(_EVENT.get(sender, ""), "")
    return Accepted(sender, event, delivery.body, seen.with_one(named, now))


def _named(sender: Sender, delivery: Delivery, secrets: Secrets, now: int) -> str | Refused:
    """What a delivery is remembered by, where its sender is who it says."""
    if sender == "github":
        return _github(delivery, secrets)
    if sender == "gitlab":
        return _gitlab(delivery, secrets, now)
    if not secrets.wake:
        return _UNCONFIGURED
    return _standard(sender, delivery, secrets.wake, now) if "webhook-signature" in delivery.headers else _NO_CALL


def _github(delivery: Delivery, secrets: Secrets) -> str | Refused:
    """What the delivery is remembered by: its body alone, because nobody signs its id or its kind."""
    if not secrets.github:
        return _UNCONFIGURED
    found = _GITHUB.match(delivery.headers.get("x-hub-signature-256", ""))
    if found is None or not _is_signed(secrets.github, delivery.body, bytes.fromhex(found[1])):
        return _UNSIGNED
    return _body_name("github", delivery.body)


def _gitlab(delivery: Delivery, secrets: Secrets, now: int) -> str | Refused:
    """The same for GitLab, by the strongest proof that both sides have."""
    if not secrets.gitlab and not secrets.signing:
        return _UNCONFIGURED
    headers = delivery.headers
    if secrets.signing and "webhook-signature" in headers:
        return _standard("gitlab", delivery, secrets.signing, now)
    if "x-gitlab-signature" in headers:
        found = _HEX.match(headers["x-gitlab-signature"])
        good = found is not None and _is_signed(secrets.gitlab, delivery.body, bytes.fromhex(found[0]))
    else:
        given = sha256(headers.get("x-gitlab-token", "").encode("utf-8", "surrogateescape")).digest()
        good = _any([hmac.compare_digest(sha256(secret).digest(), given) for secret in secrets.gitlab])
    return _body_name("gitlab", delivery.body) if good else _UNSIGNED


def _standard(sender: Sender, delivery: Delivery, keys: Sequence[bytes], now: int) -> str | Refused:
    """Standard Webhooks 1.0: `v1,<base64>` over `<id>.<time>.<body>`; several signatures stand apart by spaces."""
    unsigned = _NO_CALL if sender == "wake" else _UNSIGNED
    name, time = delivery.headers.get("webhook-id", ""), delivery.headers.get("webhook-timestamp", "")
    if not _ID.match(name) or not _TIME.match(time):
        return unsigned
    signed = f"{name}.{time}.".encode() + delivery.body
    parts = delivery.headers["webhook-signature"].split(" ")[:_MOST_SIGNATURES]
    given = [decoded(part.removeprefix("v1,")) for part in parts if part.startswith("v1,")]
    if not _any([_is_signed(keys, signed, one) for one in given]):
        return unsigned
    return f"{sender} {name}" if abs(now - int(time)) <= SKEW else Refused(401, "late", HOOK_REPLAYED)


def _is_signed(keys: Sequence[bytes], content: bytes, given: bytes) -> bool:
    """Whether one of the keys gives this digest; all of them are tried, each in constant time."""
    return _any([hmac.compare_digest(hmac.digest(key, content, "sha256"), given) for key in keys])


def _any(found: list[bool]) -> bool:
    return any(found)  # of a whole list: nothing is cut short


def _body_name(forge: Forge, body: bytes) -> str:
    return f"{forge} {sha256(body).hexdigest()}"


_EVENT: Mapping[str, str] = {"github": "x-github-event", "gitlab": "x-gitlab-event"}
_NO_CALL = Refused(401, "unauthorised", WAKE)
_UNSIGNED = Refused(401, "unauthorised", HOOK_SIGNATURE)
_UNCONFIGURED = Refused(503, "unconfigured", HOOK_UNCONFIGURED)
