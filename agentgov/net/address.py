"""Which address a token may be sent to, and which links of an answer may be followed: the very same origin. Pure.

https only; http where the address is this machine's own (loopback), for tests and tunnels.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from agentgov.errors import ConfigurationError

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Base:
    """Where an API begins. `path` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port; the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if _PORTS[self.scheme] == self.port else f":{self.port}")

    @property
    def url(self) -> str:
        """The address as text."""
        return self.origin + self.path

    def holds(self, url: str) -> bool:
        """Whether a link leads to the same origin and below the same path, so that a token may go there."""
        try:
            other = parse_base(url.partition("?")[0])
        except ConfigurationError:
            return False
        same = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return same and (other.path == self.path or other.path.startswith(f"{self.path}/"))


_FORGES = "give the API's address: https://HOST/api/v3 (GitHub), https://HOST/api/v4 (GitLab)"


def parse_base(url: str, of: str = "the forge", hint: str = _FORGES, rule: str = "forge.url") -> Base:
    """The address of an API; ConfigurationError under the rule where a token may not be sent there. `of` says whose
    address it is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"the address of {of} cannot be read", hint, rule=rule) from None
    host = parts.hostname or ""
    if not host or "@" in parts.netloc or parts.query or parts.fragment or not _plain(url):
        raise ConfigurationError(f"the address of {of} is none that can be used", hint, rule=rule)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        what = f"a token is sent by https only, and the address of {of} ({host}) is none"
        raise ConfigurationError(what, hint, rule=rule)
    path = parts.path.rstrip("/")
    if "//" in path or any(part in (".", "..") for part in path.split("/")):
        raise ConfigurationError(f"the address of {of} is none that can be used", hint, rule=rule)
    return Base(parts.scheme, host, port or _PORTS[parts.scheme], path)


def _plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and not set(url) & set(' \\"<>^`{|}')


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
