"""One request and its answer, whole or not at all: bounded in bytes and in time, over verified TLS.

Never follows, never repeats, and never unpacks more than an answer may have. What it raises says whether the other
side can have seen the request.
"""

import os
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.net.cutting import at_most

if TYPE_CHECKING:
    import socket
    import ssl

    import httpx2

CA_FILE = "AGENTGOV_CA_FILE"
LARGEST = 20 * 2**20  # bytes of one answer, unpacked
_CONNECT, _READ = 10.0, 20.0  # seconds
_BODILESS = (204, 304)
_CONNECTED = (".connect_tcp.complete", ".start_tls.complete")  # also of proxies


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class BrokenError(Exception):
    """No whole answer came. `sent`: the request may have been seen; `final`: asking again changes nothing."""

    why: str
    sent: bool
    final: bool = False
    hint: str = field(default="")


class Exchange:
    """The connection to one origin, closed when nobody asks any more. `plain`: http to this machine, which goes through
    no proxy. `other` names the other side in reasons. `lenient`: the end of the connection may be that of the answer,
    for whoever asks for its status alone: nothing tells then whether it broke off. `trusting`: the other side is one's
    own, and is not broken off where its first lines come byte by byte, which takes a thread for each request."""

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        clock: Callable[[], float],
        plain: bool,
        other: str = "the forge",
        lenient: bool = False,
        trusting: bool = False,
    ) -> None:
        self._clock, self._other, self._lenient, self._trusting = clock, other, lenient, trusting
        self._stream: Any = None
        self._http = client_for({"accept-encoding": "gzip", **headers}, plain=plain)
        closing = weakref.finalize(self, self._http.close)
        closing.atexit = False  # a program may have last words, which are said when it ends

    def ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, until: float) -> Answer:
        """The answer to one request. BrokenError where none came whole, which is known soon after `until`."""
        left = max(0.1, until - self._clock())
        if self._trusting:
            return self._asked(method, url, headers, content, left, until)
        try:
            with at_most(left, lambda: self._socket):
                return self._asked(method, url, headers, content, left, until)
        except TimeoutError as error:
            raise BrokenError("no answer came in time", sent=True) from error

    def _asked(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, left: float, until: float
    ) -> Answer:
        import httpx2

        timeout = httpx2.Timeout(min(_READ, left), connect=min(_CONNECT, left))
        seen = {"trace": self._connected}
        try:
            with self._http.stream(
                method, url, headers=headers, content=content, timeout=timeout, extensions=seen
            ) as response:
                return self._whole(response, until)
        except httpx2.ProxyError as error:
            raise BrokenError("the proxy does not let it through", sent=False) from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise _unconnected(error, self._other) from error
        except httpx2.TimeoutException as error:
            raise BrokenError("no answer came in time", sent=True) from error
        except httpx2.TransportError as error:
            raise BrokenError("the connection broke off", sent=True) from error
        except (httpx2.InvalidURL, httpx2.LocalProtocolError) as error:
            raise BrokenError("that cannot be asked", sent=False, final=True) from error

    @property
    def _socket(self) -> "socket.socket | None":
        """What it last talked through."""
        return self._stream.get_extra_info("socket") if self._stream is not None else None

    def _connected(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTED):
            self._stream = info["return_value"]

    def _whole(self, response: "httpx2.Response", until: float) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code in _BODILESS:
            any(response.iter_raw())  # nothing comes, and the connection is free for the next request
            return Answer(response.status_code, headers, b"")
        if not (self._lenient or "content-length" in headers or "transfer-encoding" in headers):
            raise BrokenError("the answer does not say where it ends", sent=True, final=True)
        pieces, size = [], 0
        for piece in _unpacked(response.iter_raw(), headers.get("content-encoding", "identity")):
            size += len(piece)
            if size > LARGEST:
                raise BrokenError(f"the answer is larger than {LARGEST // 2**20} MiB", sent=True, final=True)
            if self._clock() > until:
                raise BrokenError("no whole answer came in time", sent=True)
            pieces.append(piece)
        return Answer(response.status_code, headers, b"".join(pieces))


def client_for(headers: Mapping[str, str], *, plain: bool) -> "httpx2.Client":
    """A client with one connection that trusts whom the system trusts, follows nothing and asks for nothing packed
    unless the headers say so. `plain`: http to this machine, which goes through no proxy."""
    import httpx2

    return httpx2.Client(
        headers={"user-agent": "agentgov", "accept-encoding": "identity", **headers},
        verify=_nobody() if plain else trusted(),
        trust_env=not plain,
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
    )


def _unpacked(raw: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The bytes of a body in pieces of bounded size, however small they were packed."""
    if encoding == "identity":
        yield from raw
        return
    if encoding != "gzip":
        raise BrokenError("the answer is packed in a way that was not asked for", sent=True, final=True)
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        for piece in raw:
            yield unpacker.decompress(piece, 2**20)
            while unpacker.unconsumed_tail:
                yield unpacker.decompress(unpacker.unconsumed_tail, 2**20)
    except zlib.error as error:
        raise BrokenError("the answer cannot be unpacked", sent=True) from error
    if not unpacker.eof:
        raise BrokenError("the answer breaks off", sent=True)


def trusted() -> "ssl.SSLContext":
    """The certificates of the system (SSL_CERT_FILE is OpenSSL's own), or of the file that AGENTGOV_CA_FILE names."""
    import ssl

    import httpx2

    variable = next((name for name in (CA_FILE, "SSL_CERT_FILE") if os.environ.get(name)), "SSL_CERT_DIR")
    try:
        if variable == CA_FILE:
            return ssl.create_default_context(cafile=os.environ[CA_FILE])
        return httpx2.create_ssl_context()
    except OSError as error:
        what = f"{os.environ.get(variable, 'the system')}, which {variable} names, holds no certificates to be read"
        raise ConfigurationError(what, "name a file in PEM form", rule="forge.unreachable") from error


def _nobody() -> "ssl.SSLContext":
    """A context that trusts no certificate at all: what is asked without TLS needs none."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _unconnected(error: Exception, other: str) -> BrokenError:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        hint = f"where {other} has its own authority: {CA_FILE}=FILE"
        return BrokenError(f"the certificate of {other} is not trusted here", sent=False, final=True, hint=hint)
    return BrokenError(f"{other} cannot be reached", sent=False)


def unreachable(what: str, broken: BrokenError) -> IncompleteError:
    """What becomes of a broken exchange when it is not tried again."""
    kind = InDoubtError if broken.sent else IncompleteError
    return kind(f"{what}: {broken.why}", broken.hint or "try again", rule="forge.unreachable")


class InDoubtError(IncompleteError):
    """No answer came, and the other side may have done what was asked: look before asking again."""
