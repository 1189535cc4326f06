"""A gate that could not ask its store lately gives nothing: somebody may have paused the agent meanwhile."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

from simulator import TRIAGE, FleetSimulator

from agentgov.gate.app import App
from agentgov.gate.gate import Gate, now_ms
from agentgov.gate.routes.table import ROUTES
from agentgov.runtime import tokens
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.tokens import Token
from agentgov.store.open import open_store

FLAGS = "/ofrep/v1/evaluate/flags"


async def ask(app: App, method: str, path: str, token: str) -> int:
    """The status of one request to the application."""
    status = 0

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"host", b"gate"), (b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return status


async def statuses(world: FleetSimulator, folder: Path) -> tuple[list[int], list[int]]:
    """What a lease, a flag and all flags are answered with: confirmed, and no longer."""
    store = open_store(str(folder / "gate.db"))
    try:
        now = now_ms()
        token = Token(secrets.token_hex(16), "agent", TRIAGE, "production", "", "", now, "test", now + 86_400_000)
        made = store.write(lambda tx: tokens.create(tx, token, secrets.token_bytes(32))).result()
        gate = Gate(store, Fleet(world.view()), world.actor("gate"))
        app = App(gate, ROUTES)
        asked = [("GET", f"/v1/agents/{TRIAGE}/lease"), ("POST", f"{FLAGS}/{TRIAGE}"), ("POST", FLAGS)]
        await gate.control.refresh()
        before = [await ask(app, *one, made.secret) for one in asked]
        gate.control.confirmed_at = float("-inf")
        return before, [await ask(app, *one, made.secret) for one in asked]
    finally:
        store.close()


def test_nothing_is_leased_on_what_was_not_confirmed_lately(tmp_path: Path) -> None:
    world = FleetSimulator(tmp_path / "world")
    world.introduce()
    confirmed, unconfirmed = asyncio.run(statuses(world, tmp_path))
    assert confirmed == [403, 400, 200], "it was never released: said so, in the words of each"
    assert unconfirmed == [503, 503, 503]
