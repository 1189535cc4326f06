"""A gate that really runs: `agentgov serve` over the clone of a simulated fleet, in a process of its own.

    with GateWorld(world, folder) as gate:
        secret = gate.agent_token(TRIAGE, "production")
        assert gate.ask("GET", "/v1/agents/support/triage/lease", secret).status == 200

Worlds are those of `simulator`; the gate signs with the world's own key of the bot `gate`.
"""

import http.client
import json
import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from forked import Forked
from ofrepshapes import check_answer
from patience import PATIENCE, until
from ports import free_port
from simulator import FleetSimulator

from agentgov.gate.gate import now_ms
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.runtime import tokens
from agentgov.runtime.tokens import Token
from agentgov.store.open import open_store


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gate answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def rule(self) -> str:
        """Under which rule it refused."""
        return str(self.json["error"]["rule"])


class GateWorld:
    """One gate, from `with` to its end, at the same port whenever it starts. `args` are more arguments of `agentgov
    serve`."""

    def __init__(
        self, world: FleetSimulator, folder: Path, *args: str, store: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.world, self.folder, self.args = world, folder, args
        self.store = store or f"sqlite:///{folder / 'gate.db'}"
        self.env = {**os.environ, "AGENTGOV_KEY_FILE": str(world.folder / "keys" / "gate"), **(env or {})}
        self.port = 0
        self._process: Forked | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            print(self.log[-4000:])
        if self._process is not None:
            self.stop()

    # --- the process -----------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """With which exit code it ended by itself; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    @property
    def log(self) -> str:
        """What it told so far."""
        return (self.folder / "gate.log").read_text("utf-8")

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        out, err = self.folder / "gate.out", self.folder / "gate.log"
        out.unlink(missing_ok=True)
        self.port = self.port or free_port()
        command = ["serve", "--repo", str(self.world.work), "--store", self.store]
        listen = ("--listen", f"127.0.0.1:{self.port}", "--poll", "0.1", "--address-rate", "0")
        self._process = Forked([*command, *listen, *self.args], Path.cwd(), self.env, out, err)
        process = self._process
        until(lambda: process.poll() is not None or _told(out), "that the gate listens")
        assert process.poll() is None, self.log

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, and wait for that; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(PATIENCE)
        self._process = None
        return code

    def kill(self) -> None:
        """End it without a word."""
        self.stop(signal.SIGKILL)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    # --- tokens ----------------------------------------------------------------------------------------------------

    def agent_token(self, agent: AgentId, environment: Environment = "production") -> str:
        """A token of an agent that the gate knows."""
        return self._token("agent", agent, environment, "")

    def person_token(self, person: str) -> str:
        """A token of a person that the gate knows."""
        return self._token("person", None, None, person)

    def _token(self, kind: tokens.Kind, agent: AgentId | None, environment: Environment | None, person: str) -> str:
        now = now_ms()
        token = Token(secrets.token_hex(16), kind, agent, environment, person, "", now, "test", now + 30 * 86_400_000)
        store = open_store(self.store, serving=False)
        try:
            made = store.write(lambda tx: tokens.create(tx, token, secrets.token_bytes(32))).result()
        finally:
            store.close()
        return made.secret

    # --- asking ----------------------------------------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; `body` is sent as JSON, or as it is where it is bytes. Answers of OFREP are held to it."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, raw, sent)
            found = connection.getresponse()
            reply = Reply(found.status, {name.lower(): text for name, text in found.getheaders()}, found.read())
        finally:
            connection.close()
        if method == "POST":
            check_answer(path, reply.status, reply.body)
        return reply


def _told(out: Path) -> bool:
    return out.exists() and b"serving" in out.read_bytes()
