"""The long tail of receivers, by Apprise (https://github.com/caronc/apprise; `pip install 'agentgov[apprise]'`).

The secret of the route is Apprise's own address, such as `mailto://...` or `tgram://...`. It answers yes or no alone,
so what it does not deliver is tried again; what it logs is kept back, since addresses are secrets.
"""

import logging
from typing import Any

from agentgov.alerts.message import Message, lines
from agentgov.alerts.senders.outcome import Outcome
from agentgov.errors import ConfigurationError

_KINDS = {"page": "failure", "ticket": "warning"}
_REFUSED = frozenset({"file", "syslog", "dbus", "glib", "qt", "macosx", "windows", "gnome"})
_SHOWN = 20


def notify(message: Message, url: str) -> Outcome:
    """Have Apprise deliver a message. ConfigurationError where it is not installed, or the address means nothing."""
    kind = _KINDS.get(message.severity, "info") if message.firing else "success"
    sender = _sender(url)
    taken = sender.notify(title=message.title, body="\n".join(lines(message, _SHOWN)), notify_type=kind)
    return Outcome("delivered") if taken else Outcome("later", 0, "Apprise could not deliver it")


def _sender(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        raise ConfigurationError("Apprise is not installed", "pip install 'agentgov[apprise]'") from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    found = apprise.Apprise()
    if url.partition(":")[0].lower() in _REFUSED or not found.add(url):
        raise ConfigurationError("the secret of the route is no address that Apprise knows")
    return found
