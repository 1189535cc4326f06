"""What people do at PagerDuty, as its webhooks (v3) tell: who acknowledges an incident there takes care of the alert.

After https://developer.pagerduty.com/docs/verifying-webhook-signatures: `X-PagerDuty-Signature` holds one `v1=` and
HMAC-SHA256 of the body, in hexadecimal, for each secret in use. Ending an incident there ends nothing here: an alert is
over when its rule says so, or a person at the gate. What is heard is told PagerDuty by nobody, so nothing goes in
circles; and an event of before the alert began says nothing of it.
"""

import hmac
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from agentgov.alerts import standing
from agentgov.alerts.alert import dedup_key
from agentgov.alerts.standing import Standing
from agentgov.gate.answer import NOTHING, Answer
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, not_found
from agentgov.gate.route import Route
from agentgov.net.private import private_lines
from agentgov.store.port import Transaction

VARIABLE = "AGENTGOV_PAGERDUTY_SECRET_FILE"
RULE = "hook.signature"
_HINT = f"{VARIABLE}=FILE, with the secret of the subscription in a file that only the gate can read (chmod 600)"
_MOST = 2**18  # bytes of a delivery
_log = logging.getLogger("agentgov.gate")


class Agent(msgspec.Struct, frozen=True):
    """Who did it."""

    id: str = ""
    summary: str = ""


class Incident(msgspec.Struct, frozen=True):
    """What it was done to; `incident_key` is our key of the alert."""

    incident_key: str | None = None


class Event(msgspec.Struct, frozen=True):
    """What happened, as far as it concerns us."""

    event_type: str
    occurred_at: str
    data: Incident
    agent: Agent | None = None


class Delivery(msgspec.Struct, frozen=True):
    """The body of a delivery; what we do not know is passed over."""

    event: Event


def secrets_from(environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """The secrets that deliveries are judged by, none where nobody set them; two while one is exchanged."""
    name = environ.get(VARIABLE, "")
    lines = private_lines(Path(name), VARIABLE, _HINT, "hook.unconfigured", most=2) if name else ()
    return tuple(line.encode() for line in lines)


def is_signed(secrets: Sequence[bytes], body: bytes, header: str) -> bool:
    """Whether one of the signatures is that of one of the secrets; each is compared in constant time."""
    wanted = [f"v1={hmac.digest(secret, body, 'sha256').hex()}".encode() for secret in secrets]
    given = [one.strip().encode("utf-8", "replace") for one in header.split(",")[:8]]
    return any(hmac.compare_digest(one, other) for one in wanted for other in given)


async def heard(call: Call) -> Answer:
    """Judge one delivery, and do what it says."""
    secrets = call.gate.pagerduty_secrets
    if not secrets:
        raise not_found()
    body = await call.read(_MOST)
    if not is_signed(secrets, body, call.headers.get("x-pagerduty-signature", "")):
        raise RefusalError(401, RULE, "the delivery is not signed by PagerDuty", _HINT)
    try:
        event = msgspec.json.decode(body, type=Delivery).event
        at = int(datetime.fromisoformat(event.occurred_at).timestamp() * 1000)
    except (msgspec.DecodeError, ValueError, OverflowError):
        raise bad_request("the delivery is none of PagerDuty's webhooks v3") from None
    fingerprint = _fingerprint(call.fleet.id, event.data.incident_key or "")
    if not fingerprint:
        return NOTHING
    if event.event_type == "incident.acknowledged":
        await _acknowledge(call, fingerprint, event, at)
    elif event.event_type == "incident.resolved":
        _log.info("PagerDuty resolved the incident of alert %s; the alert stands until its rule ends it", fingerprint)
    return NOTHING


async def _acknowledge(call: Call, fingerprint: str, event: Event, at: int) -> None:
    who = f"pagerduty:{event.agent.id if event.agent is not None else 'unknown'}"[:64]

    def work(tx: Transaction) -> Standing | None:
        found = standing.find(tx, fingerprint)
        if found is None or at < found.taken - found.taken % 1000:  # it tells of an earlier one; seconds are exact
            return None
        return standing.acknowledge(tx, fingerprint, who, call.now_ms)

    await call.gate.write(work)


def _fingerprint(fleet: str, key: str) -> str:
    """The fingerprint of one of our keys, "" for the key of anybody else."""
    prefix = dedup_key(fleet, "")
    found = key.removeprefix(prefix)
    ours = key.startswith(prefix) and len(found) == 32 and set(found) <= set("0123456789abcdef")
    return found if ours else ""


ROUTES = (
    Route(
        "POST",
        "/hooks/pagerduty",
        "What people do at PagerDuty, by its webhooks v3",
        heard,
        "anyone",
        answers={204: None},
        tag="hooks",
        accepts=("application/json",),
    ),
)
