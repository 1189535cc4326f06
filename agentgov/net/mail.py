"""One letter to an SMTP server: verified TLS from the beginning (`smtps://`) or before anything is said (STARTTLS), and
in clear only to this machine.

Says only how it was answered; when to try again is the caller's. A login goes out after TLS alone, and is never told.
However slowly a server answers, all of it is over after half a minute.
"""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

from agentgov.errors import ConfigurationError
from agentgov.net.address import is_loopback
from agentgov.net.cutting import at_most
from agentgov.net.exchange import BrokenError, trusted

_PORTS = {"smtp": 587, "smtps": 465}
_HINT = "write smtp://HOST:587 (with STARTTLS) or smtps://HOST:465"
_RULE = "alert.route"
_WHOLE = 30.0  # seconds for one letter


@dataclass(frozen=True, slots=True)
class Place:
    """Where letters are handed in; `plain` is without TLS, on this machine alone."""

    host: str
    port: int
    tls: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """How a server answered: its code, whether that is about this very letter and those whom it goes to, and which of
    them it did not take it for."""

    code: int
    of_letter: bool = True
    untaken: tuple[str, ...] = ()


def parse_place(url: str) -> Place:
    """The server that an address names. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the address of the mail server cannot be read", _HINT, rule=_RULE) from None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or parts.path.strip("/") or parts.query:
        raise ConfigurationError("the address of the mail server is none that can be used", _HINT, rule=_RULE)
    plain = parts.scheme == "smtp" and is_loopback(host)
    return Place(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", plain)


def hand_in(
    place: Place,
    letter: EmailMessage,
    sender: str,
    recipients: Sequence[str],
    login: str,
    seconds: float,
    whole: float = _WHOLE,
) -> Reply:
    """What the server answers: 250 where it took the letter for at least one recipient. `login` is `user:password`, or
    "". `seconds` are for each answer. BrokenError where it gave none, or was not done with the `whole` in time."""
    try:
        server = _unconnected(place, seconds)
        with at_most(whole, lambda: server.sock), server:
            _begin(server, place, login)
            untaken = server.send_message(letter, sender, list(recipients))
            return Reply(250, untaken=tuple(sorted(untaken)))
    except smtplib.SMTPRecipientsRefused as error:
        return Reply(min((code for code, _ in error.recipients.values()), default=550))
    except smtplib.SMTPDataError as error:
        return Reply(int(error.smtp_code))
    except smtplib.SMTPResponseException as error:  # what it says may repeat what it was told: only the code goes on
        return Reply(int(error.smtp_code), of_letter=False)
    except smtplib.SMTPNotSupportedError as error:
        raise BrokenError("the mail server offers no TLS, or no login", sent=False, final=True) from error
    except ssl.SSLCertVerificationError as error:
        raise BrokenError("the certificate of the mail server is not trusted here", sent=False, final=True) from error
    except TimeoutError as error:
        raise BrokenError("no answer came in time", sent=True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise BrokenError("the mail server cannot be reached, or broke off", sent=True) from error


def _unconnected(place: Place, seconds: float) -> smtplib.SMTP:
    server = smtplib.SMTP_SSL(timeout=seconds, context=trusted()) if place.tls else smtplib.SMTP(timeout=seconds)
    server._host = place.host  # type: ignore[attr-defined]  # whom its certificate has to name
    return server


def _begin(server: smtplib.SMTP, place: Place, login: str) -> None:
    code, said = server.connect(place.host, place.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)
    server.ehlo()
    if not (place.tls or place.plain):
        server.starttls(context=trusted())
        server.ehlo()
    if login:
        user, _, password = login.partition(":")
        server.login(user, password)
