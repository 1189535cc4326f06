"""A mail server on loopback that takes letters as told: in clear, with STARTTLS, with TLS at once, with a login.

with MailSink(folder).serve() as sink: ...
sink.letters  # everything that was handed in, parsed
"""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from patience import PATIENCE
from ports import free_port
from tlsworld import certificate

How = Literal["clear", "starttls", "tls"]
LOGIN = "agentgov:correct-horse"


@dataclass
class MailSink:
    """What it does with a letter: `reply` is its answer."""

    folder: Path
    how: How = "clear"
    login: bool = False
    reply: str = "250 OK"
    unknown: str = ""  # nobody has this address
    slow: bool = False  # it sends its answer to a letter character by character, without an end
    letters: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - its name in the library
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take an address."""
        if address == self.unknown:
            return "550 nobody is called so"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its name in the library
        """Take a letter."""
        for _ in range(20 if self.slow else 0):
            server.transport.write(b"2")
            await asyncio.sleep(0.1)
        if self.reply.startswith("2"):
            self.letters.append(message_from_bytes(envelope.content, policy=default))
        return self.reply

    def _known(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = f"{data.login.decode()}:{data.password.decode()}" if isinstance(data, LoginPassword) else ""
        return AuthResult(success=given == LOGIN, handled=False)

    @contextmanager
    def serve(self) -> Iterator["MailSink"]:
        """From here to the end of `with`."""
        context = None
        if self.how != "clear":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate(self.folder, "127.0.0.1"))
        words: dict[str, Any] = {"authenticator": self._known, "auth_required": True} if self.login else {}
        if self.how == "starttls":
            words |= {"tls_context": context, "require_starttls": True}
        elif self.login:
            words |= {"auth_require_tls": False}
        inner = context if self.how == "tls" else None
        place: dict[str, Any] = {"hostname": "127.0.0.1", "port": free_port(), "ready_timeout": PATIENCE}
        controller = Controller(self, ssl_context=inner, **place, **words)
        yield from self._running(controller)

    def _running(self, controller: Any) -> Iterator["MailSink"]:
        controller.start()
        try:
            self.port = controller.server.sockets[0].getsockname()[1]
            yield self
        finally:
            controller.stop()
