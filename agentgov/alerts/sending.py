"""Sends one message on one route, and says what came of it. Blocks for as long as the receiver may take.

An address or a secret that cannot be used is no reason to drop a message: it waits until somebody mends it. Nothing
that is said holds a secret, or an address that is one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from agentgov.alerts.message import Message
from agentgov.alerts.routing import Way
from agentgov.alerts.secret import secret_of, signing_keys_of
from agentgov.alerts.senders import alertmanager, apprise, email, pagerduty, slack, webhook
from agentgov.alerts.senders.outcome import Outcome, Request, judge
from agentgov.errors import ConfigurationError
from agentgov.net.exchange import BrokenError
from agentgov.net.mail import hand_in, parse_place
from agentgov.net.posting import posted

PATIENCE = 10.0  # seconds for an answer


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt: on which way, under which id, what (a message; to a webhook also a body as it is), with whose
    environment, when (epoch milliseconds)."""

    way: Way
    id: str
    content: Message | bytes
    environ: Mapping[str, str]
    now_ms: int
    recipients: tuple[str, ...] = ()  # of e-mail

    @property
    def message(self) -> Message:
        """The message; a body goes to webhooks alone."""
        assert isinstance(self.content, Message), "only a webhook takes a body as it is"
        return self.content

    @property
    def key(self) -> str:
        """The one line of the route's secret, "" where it has none."""
        return "".join(secret_of(self.way.route.key_from, self.environ))


def send(one: Sending) -> Outcome:
    """What came of it."""
    try:
        return _SENDERS[one.way.route.to](one)
    except BrokenError as error:
        return Outcome("later", 0, error.why)
    except ConfigurationError as error:
        return Outcome("later", 0, error.message)
    except Exception as error:  # whatever a library makes of a message: it is told, and tried ever less often
        return Outcome("later", 0, f"it cannot be sent ({type(error).__name__})")


def _alertmanager(one: Sending) -> Outcome:
    request = alertmanager.request(one.message, one.way.route.url, one.key, one.way.timing.repeat, one.now_ms)
    return _post(request, alertmanager.REFUSED)


def _pagerduty(one: Sending) -> Outcome:
    return _post(pagerduty.request(one.message, one.way.route.url, one.key), pagerduty.REFUSED)


def _slack(one: Sending) -> Outcome:
    return _post(slack.request(one.message, one.key), slack.REFUSED, slack.DEAD)


def _webhook(one: Sending) -> Outcome:
    keys = signing_keys_of(one.way.route.key_from, one.environ)
    body = one.content if isinstance(one.content, bytes) else webhook.body(one.content)
    return _post(webhook.request(body, one.id, one.way.route.url, keys, one.now_ms), webhook.REFUSED)


def _email(one: Sending) -> Outcome:
    route, to = one.way.route, one.recipients
    if not to:
        raise ConfigurationError(f"nobody has an address in governance/access.yaml: {', '.join(route.recipients)}")
    letter = email.letter(one.message, one.id, route.sender, to)
    return email.judge(hand_in(parse_place(route.url), letter, route.sender, to, one.key, PATIENCE))


def _apprise(one: Sending) -> Outcome:
    return apprise.notify(one.message, one.key)


def _post(request: Request, refused: frozenset[int], dead: frozenset[int] = frozenset({410})) -> Outcome:
    try:
        answer = posted(request.url, request.body, request.headers, clock=monotonic, until=monotonic() + PATIENCE)
    except ConfigurationError:
        if request.secret:
            raise ConfigurationError("the secret of the route is no address that can be used") from None
        raise
    return judge(answer.status, answer.headers, refused=refused, dead=dead)


_SENDERS: Mapping[str, Callable[[Sending], Outcome]] = {
    "alertmanager": _alertmanager,
    "pagerduty": _pagerduty,
    "slack": _slack,
    "webhook": _webhook,
    "email": _email,
    "apprise": _apprise,
}
