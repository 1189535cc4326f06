"""A night with an incident: a fleet at the time of its machine, its gate, its reconciler, those who are told, and
people who type commands. Everything is a process of its own; the product is asked by commands and HTTP alone.

    with night(folder) as at:
        at.release("1.1.0", "Answer in rhyme.")
        at.ticks(lambda now: now.canary.state == "RAMP")
        at.runs(canary=30, bad=30)
"""

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fakeserver import FakeServer, Request
from fakeserver import Reply as Answer
from forked import ran
from gateworld import GateWorld
from mailworld import MailSink
from movedclock import MovedClock
from pipelineworld import PipelineWorld, pipeline_file
from simulator import PAYROLL, TRIAGE, agent_file
from spanworld import PROTOBUF, Trace, chat, otlp
from standardwebhooks import Webhook

from agentgov.model.act import Act
from agentgov.model.state import Deployment
from agentgov.release import orders
from agentgov.scaffold.playbooks import playbook_file, playbook_text

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BOOK = playbook_file("bad-release", PAYROLL)
STARTED = "1.0.0"  # in production when the night begins
_JUDGE = "{metrics: {error: {ceiling: 0.05}}, interval: 1s, noDataTicks: 9999, deadline: 24h}"
_ALERTS = """apiVersion: agentgov.dev/v1
kind: AlertPolicy
rules:
  - name: errors
    signal: errors
    severity: page
    allowance: 0.01
    burn: [{{factor: 14.4, windows: [1h, 5m]}}]
    do: [alert, incident]
routes:
  - {{name: hook, to: webhook, url: "{url}/hook", keyFrom: "env:HOOK_SECRET", groupWait: 0s, groupInterval: 0s}}
  - {{name: channel, to: slack, keyFrom: "env:SLACK_URL", groupWait: 0s, groupInterval: 0s}}
  - name: mail
    to: email
    url: "smtp://127.0.0.1:{port}"
    sender: agentgov@sim.example
    recipients: [finance-on-call@sim.example, oncall]
    groupWait: 0s
    groupInterval: 0s
"""


@dataclass
class Told:
    """Those who are told: a signed webhook, a channel, and a mailbox."""

    mail: MailSink
    hook: list[Any] = field(default_factory=list)
    slack: list[Any] = field(default_factory=list)
    server: FakeServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = FakeServer(self._take)

    def _take(self, request: Request) -> Answer:
        if request.path == "/hook":
            check(request)
            self.hook.append(request.json())
        else:
            self.slack.append(request.json())
        return Answer(200, b"ok")

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """What the webhook heard of the alerts of a rule."""
        found = [one for body in self.hook for one in body["data"]["alerts"]]
        return [one for one in found if one["labels"]["alertname"] == name]

    def letters(self, words: str) -> list[Any]:
        """The letters whose subject has these words."""
        return [one for one in self.mail.letters if words in str(one["Subject"])]


def check(request: Request) -> None:
    """Whether a webhook is signed, by the library of the standard, but for its clock: that of the night moves."""
    id_, stamp, given = (request.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    signed = Webhook(SECRET).sign(id_, datetime.fromtimestamp(int(stamp), UTC), request.body.decode())
    assert signed in given.split()


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, how it ended, and what it printed."""

    command: str
    code: int
    printed: str


class Night:
    """The fleet, its gate, and everybody who is awake."""

    def __init__(self, world: PipelineWorld, gate: GateWorld, told: Told, clock: MovedClock) -> None:
        self.world, self.gate, self.told, self.clock = world, gate, told, clock
        self.said: list[Typed] = []
        self.ahead = 0  # seconds that were let go by

    # --- people ----------------------------------------------------------------------------------------------------

    def types(self, who: str, *command: str, code: int = 0, cwd: Path | None = None) -> str:
        """What a command says to somebody who types it in the clone, by the address of the gate that they know."""
        env = {**os.environ, **self.world.variables(who), **self.clock.env, "AGENTGOV_GATE": self.gate.url}
        env["AGENTGOV_CONFIG_HOME"] = str(self._home(who))
        if who == "reconciler":
            env["AGENTGOV_COUNTS"] = f"gate:{self.gate.url}"
        done = ran(list(command), cwd or self.world.work, env)
        self.said.append(Typed(f"{who}$ agentgov {' '.join(command)}", done.returncode, done.stdout + done.stderr))
        assert done.returncode == code, self.said[-1]
        return done.stdout

    def asks(self, who: str, *command: str, code: int = 0) -> Any:
        """The same as JSON."""
        return json.loads(self.types(who, *command, "--json", code=code))

    def brings(self, files: dict[str, str], *reviewers: str, by: str = "alice") -> None:
        """A change of main, approved by some and authorised."""
        self._now()
        self.world.change(by, files)
        for who in reviewers:
            self.types(who, "review", "approve")
        self.types("reconciler", "reconcile")

    def releases(self, version: str, words: str) -> None:
        """A new release of payroll: written, approved by two, tagged."""
        self.brings({f"{PAYROLL.folder}/prompts/system.md": f"{words}\n"}, "bob", "dave")
        self.types("alice", "release", str(PAYROLL), "--version", version)

    # --- machines --------------------------------------------------------------------------------------------------

    def ticks(self, reached: Callable[[Deployment], bool], most: int = 20) -> Deployment:
        """The reconciler ticks until payroll stands where it is wanted."""
        for _ in range(most):
            self._now()
            if reached(self.at()):
                break
            time.sleep(1)
            self.types("reconciler", "reconcile")
        assert reached(self.at()), (self.at(), self.said[-1])
        return self.at()

    def at(self) -> Deployment:
        """Where payroll stands."""
        self._now()
        return self.world.view().state.deployment(PAYROLL)

    def runs(self, *, canary: int, stable: int, bad: int = 0) -> None:
        """Sessions of payroll by what they tell the gate: some of the canary, of which so many fail, and the others."""
        at = self.at()
        self._tell(self.world.named(at.canary.release), canary, bad)
        self._tell(self.world.named(at.production.release), stable, 0)

    def acts(self, kind: str = "") -> list[Act]:
        """Those of the journal on the remote, oldest first."""
        return [act for act in self.world.acts() if not kind or act.kind == kind]

    def lease(self, agent: str) -> int:
        """The status with which the gate answers who asks for the lease of an agent."""
        token = self.gate.agent_token(PAYROLL if agent == str(PAYROLL) else TRIAGE)
        return self.gate.ask("GET", f"/v1/agents/{agent}/lease?key=somebody", token).status

    def _tell(self, release: str, sessions: int, bad: int) -> None:
        if not release or not sessions:
            return
        trace = Trace(end=self.now * 1_000_000_000)
        spans = [
            trace.span("chat", None, chat() | {"session.id": secrets.token_hex(8)}, failed=number < bad)
            for number in range(sessions)
        ]
        body = otlp(*spans, resource={"agentgov.release": release})
        token = self.gate.agent_token(PAYROLL)
        assert self.gate.ask("POST", "/v1/traces", token, body, PROTOBUF).body == b""

    def _home(self, who: str) -> Path:
        home = self.world.folder / "homes" / who
        if not home.exists():  # what whoever made the fleet has pinned
            shutil.copytree(os.environ["AGENTGOV_CONFIG_HOME"], home)
        return home

    @property
    def now(self) -> int:
        """What time it is for everybody, in epoch seconds."""
        return int(time.time()) + self.ahead

    def later(self, *, minutes: int = 0, days: int = 0) -> None:
        """Let so much time go by, for everybody."""
        self.ahead += 60 * minutes + 86_400 * days
        self.clock.move(minutes=self.ahead / 60)

    def _now(self) -> None:
        self.world.clock.time = self.now


def fleet(folder: Path, told: Told) -> PipelineWorld:
    """Payroll is in production, and so is triage; both are of this morning."""
    files = {"governance/alerts.yaml": _ALERTS.format(url=told.server.url, port=told.mail.port)}
    files[BOOK] = playbook_text("bad-release", PAYROLL, "team:finance")
    files[PAYROLL.file] = agent_file(PAYROLL, team="finance", risk="high") + f"  playbook: {BOOK}\n"
    steps = pipeline_file(soak="1s", step="1s", bake="1s", judge=_JUDGE).replace(
        "{share: 5%, soak: 1s, minUnits: 20}, ", ""
    )
    world = PipelineWorld(folder, pipeline=steps.replace("25%", "50%"), files=files)
    world.ship(STARTED)
    world.write(f"Version {STARTED}.", PAYROLL, reviewers=("bob", "dave"))
    world.release("alice", PAYROLL, STARTED)
    world.until(lambda at: at.canary.state == "RAMP", PAYROLL)
    world.order("bob", orders.order_promote, PAYROLL, "production")
    world.until(lambda at: at.production.state == "STABLE", PAYROLL)
    return world


@contextmanager
def night(folder: Path, store: str = "") -> Iterator[Night]:
    """Everything runs, from here to the end of `with`."""
    with ExitStack() as running:
        told = Told(running.enter_context(MailSink(folder).serve()))
        running.enter_context(told.server.serve())
        world = fleet(folder / "world", told)
        clock = MovedClock(folder / "clock")
        env = {**clock.env, "HOOK_SECRET": SECRET, "SLACK_URL": f"{told.server.url}/slack"}
        args = ("--session-end", "0.3", "--token-rate", "0")
        gate = running.enter_context(GateWorld(world, folder / "gate", *args, store=store, env=env))
        yield Night(world, gate, told, clock)
