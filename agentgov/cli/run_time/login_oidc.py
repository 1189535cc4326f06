"""The part of `agentgov login --oidc` on the person's machine: a browser goes to the gate, a code comes back here."""

import secrets
import threading
import webbrowser
from urllib.parse import urlencode

from agentgov.cli.gate_client import GateClient
from agentgov.cli.options import show
from agentgov.errors import IncompleteError
from agentgov.net.listening import Answered, Head, Listening
from agentgov.report.page import Page, Span
from agentgov.runtime.oidc_logins import challenge_of

PATIENCE = 300.0  # seconds that somebody may take in the browser


class _Door:
    """Takes one code at an address that nobody else can guess."""

    def __init__(self) -> None:
        self.name = secrets.token_urlsafe(24)
        self.code = ""
        self.came = threading.Event()

    def begin(self, head: Head) -> int | Answered:
        """The answer to a request; nothing but the code of this login is taken."""
        prefix, _, code = head.path[1:].partition("/")
        if head.method != "GET" or prefix != self.name or not code:
            return Answered(404, "unknown")
        self.code = code
        self.came.set()
        return Answered(200, "You are logged in: go back to your terminal.")

    def finish(self, head: Head, size: int, body: bytes | None) -> Answered:
        """Nothing is ever read."""
        return Answered(404, "unknown")


def log_in(url: str, open_browser: bool = True) -> dict[str, object]:
    """What the gate at an address gives to whoever logs in there in a browser."""
    door, verifier = _Door(), secrets.token_urlsafe(32)
    listening = Listening("127.0.0.1", 0, door)
    with listening.serving():
        back = f"http://127.0.0.1:{listening.port}/{door.name}"
        asked = urlencode({"back": back, "challenge": challenge_of(verifier)})
        address = f"{url}/v1/login?{asked}"
        show(Page().line(Span("waiting ", "warn"), f"log in in a browser on this machine: {address}"), err=True)
        if open_browser:
            webbrowser.open(address)
        if not door.came.wait(PATIENCE):
            raise IncompleteError("nobody logged in", "run it again")
    found: dict[str, object] = GateClient(url, None).ask(
        "POST", "/v1/login/exchange", {"code": door.code, "verifier": verifier}
    )
    return found
