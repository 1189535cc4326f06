"""Serves the gate over HTTP until somebody ends it: what is open is finished, what is to be kept is on disk."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from agentgov.errors import ConfigurationError
from agentgov.gate.app import App
from agentgov.gate.gate import Gate
from agentgov.gate.open_files import admitted
from agentgov.gate.protocol import Protocol

GRACE = 20  # seconds that open requests may take once the gate is to end
_IDLE = 30  # seconds that a connection may wait for another request
_QUEUE = 1024  # connections that wait to be accepted


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and how to listen. `proxies` are the addresses whose word counts on who asks and how;
    `connections` are served at once, where there are files for them."""

    host: str
    port: int
    certificate: str = ""
    key: str = ""
    proxies: tuple[str, ...] = ()
    connections: int = 4096

    @property
    def url(self) -> str:
        """Its address; the port is the one that was asked for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    def local(self, port: int) -> tuple[str, ...]:
        """Its addresses on this machine; none where it listens elsewhere."""
        scheme = "https" if self.certificate else "http"
        if self.host in ("127.0.0.1", "localhost", "::1"):
            return tuple(f"{scheme}://{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]"))
        return ()


class _Server(uvicorn.Server):
    """uvicorn, told to end by whoever serves; it takes no signals itself, and tells its port."""

    def __init__(self, config: uvicorn.Config, started: Callable[[int], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: Any = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        listening = [one for serving in self.servers for one in serving.sockets]
        self._tell(listening[0].getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(gate: Gate, app: App, listen: Listen, started: Callable[[int], None]) -> int:
    """Serve until SIGTERM, SIGINT or `Gate.end`; `started` is told the port. The exit code."""
    server = _Server(_config(app, listen, admitted(listen.connections)), started)
    code = 0

    def end(told: int) -> None:
        nonlocal code
        if gate.stopping.is_set():
            server.force_exit = True
        code = told
        gate.stopping.set()
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number, told in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(number, end, told)
    gate.end = end
    try:
        await server.serve()
    except SystemExit:
        raise ConfigurationError(f"cannot listen on {listen.url}", "choose another: --listen HOST:PORT") from None
    return code


def _config(app: App, listen: Listen, connections: int) -> uvicorn.Config:
    quiet = logging.getLogger("uvicorn.error")
    quiet.setLevel(logging.CRITICAL)  # what goes wrong with a request is told by the application
    return uvicorn.Config(
        app,
        host=listen.host,
        port=listen.port,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        backlog=_QUEUE,
        limit_concurrency=connections,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=bool(listen.proxies),
        forwarded_allow_ips=list(listen.proxies),
        ssl_certfile=listen.certificate or None,
        ssl_keyfile=listen.key or None,
    )
