"""Until when the certificate of another side is good. Asks nothing of it but that."""

import socket
import ssl

from agentgov.net.address import Base
from agentgov.net.exchange import trusted


def certificate_end(base: Base, seconds: float) -> int | None:
    """Epoch seconds at which it ends; None where there is none that this machine trusts, or nobody answers."""
    if base.scheme != "https":
        return None
    try:
        with (
            socket.create_connection((base.host, base.port), timeout=seconds) as plain,
            trusted().wrap_socket(plain, server_hostname=base.host) as secured,
        ):
            found = secured.getpeercert()
    except (OSError, ValueError):
        return None
    ends = found.get("notAfter") if found else None
    return int(ssl.cert_time_to_seconds(ends)) if isinstance(ends, str) else None
