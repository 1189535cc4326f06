"""A fleet in a temporary folder: real repositories, a real bare remote, real keys, and a clock that tests move.

    world = FleetSimulator(tmp_path)
    world.introduce()
    commit = world.change("alice", {"agents/support/triage/prompts/system.md": "Be brief.\n"})
    world.review("bob", commit)
    world.advance()

Everything goes through the functions that the commands use. People sign with key files in process; what only the real
ssh-keygen and the real command line can show is tested with those.
"""

import copy
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import gitworld

from agentgov.errors import AgentgovError
from agentgov.journal.advancing import draft_advance
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Appender, Draft
from agentgov.journal.introduction import Introduced, introduce
from agentgov.journal.replay import verify_journal
from agentgov.journal.replayed import Replayed
from agentgov.journal.reviewing import Verdict, draft_review, reviewable
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.release.memory import MemoryStore
from agentgov.release.reconcile import Reconciler
from agentgov.release.sources.file import FileSource
from agentgov.release.tagging import Tagged, make_release
from agentgov.release.tick_report import Report
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins
from agentgov.trust.signers import KeyFileSigner, Signer, generate_key

MAX_AGE = 20 * 365 * 86_400  # what the fleet below allows: processes of tests run at the time of their machine
FLEET = "6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001"
START = 1_700_000_000
PEOPLE = ("alice", "bob", "carol", "dave", "erin")
BOTS = ("reconciler", "gate")
TRIAGE = AgentId("support", "triage")
PAYROLL = AgentId("finance", "payroll")

_PIPELINE = """apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - {name: staging, environment: staging, soak: 10m}
  - name: canary
    environment: production
    steps: [{share: 5%, soak: 10m, minUnits: 20}, {share: 25%, soak: 10m}]
    judge: {metrics: {error: {ceiling: 0.05}}, interval: 5m, noDataTicks: 3, deadline: 24h}
  - {name: production, environment: production, bake: 20m, autoRollback: true}
"""

FLEET_YAML = f"""apiVersion: agentgov.dev/v1
kind: Fleet
id: {FLEET}
name: sim
commits: any
journal: {{maxAge: 20y}}
reviews:
  default: {{approvals: 1, from: owners}}
  rules:
    - {{when: {{risk: [high, critical]}}, approvals: 2, from: owners}}
    - {{when: {{changed: [tools]}}, approvals: 1, from: [team:security]}}
"""

_AGENT = """apiVersion: agentgov.dev/v1
kind: Agent
metadata: {{name: {name}}}
spec:
  description: The {name} agent of the simulator.
  owner: team:{team}
  risk: {risk}
  model: {{primary: anthropic/claude-sonnet-4-5, params: {{max_output_tokens: 500}}}}
  prompts: {{system: {{file: prompts/system.md}}}}
  tools: [{{name: tickets.read, effect: read}}]
  actions: [{{match: {{tools: ["*.read"]}}, then: allow}}]
  budget: {{day: "5.00 USD"}}
  oncall: {{escalate: [team:{team}]}}
"""

_CODEOWNERS = """* @sim/platform
/agents/support/ @sim/support
/agents/finance/ @sim/finance
"""


@dataclass(slots=True)
class Clock:
    """The time that tests say it is."""

    time: int = START

    def __call__(self) -> int:
        return self.time

    def pass_(self, seconds: int) -> None:
        """Let time go by."""
        self.time += seconds


class FleetSimulator:
    """One fleet: a bare remote, a clone to work in, keys for five people and two bots."""

    def __init__(self, folder: Path, *, files: Mapping[str, str] | None = None, remote: bool = True) -> None:
        self.folder, self.clock = folder, Clock()
        (folder / "keys").mkdir(parents=True)
        lines = {name: generate_key(folder / "keys" / name, name) for name in (*PEOPLE, *BOTS)}
        self.signers: dict[str, Signer] = {name: KeyFileSigner(folder / "keys" / name) for name in lines}
        self.work = gitworld.make_repository(folder / "fleet")
        self.remote = folder / "remote.git"
        self.commit("carol", {**fleet_files(lines), **(files or {})}, "The first fleet")
        if remote:
            gitworld.make_repository(self.remote, bare=True)
            gitworld.git(self.work, "remote", "add", "origin", str(self.remote))
            self.push()
        self.repo = Repository.open(self.work)
        self.journal = Journal(self.repo, remote=Remote.of(self.repo))

    def twin(self, folder: Path) -> Self:
        """The same world once more in another folder; nothing that happens there is seen here."""
        gitworld.copy_world(self.folder, folder)
        other = copy.copy(self)
        other.folder, other.clock, other.signers = folder, Clock(self.clock.time), dict(self.signers)
        other.work, other.remote = folder / self.work.name, folder / self.remote.name
        if other.remote.exists():
            gitworld.git(other.work, "remote", "set-url", "origin", str(other.remote))
        other.repo = Repository.open(other.work)
        other.journal = Journal(other.repo, remote=Remote.of(other.repo))
        return other

    # --- git -------------------------------------------------------------------------------------------------------

    def commit(self, who: str, files: Mapping[str, str | bytes | None], message: str = "change") -> str:
        """Commit files on main as a person, without pushing."""
        when = self.clock.time
        return gitworld.commit_files(self.work, files, message, when=when, name=who, email=f"{who}@sim.example")

    def push(self, *args: str) -> None:
        """Push main, or what the arguments say."""
        gitworld.git(self.work, "push", "-q", "origin", *(args or ("main",)))

    def change(self, who: str, files: Mapping[str, str | bytes | None], message: str = "change") -> str:
        """Commit and push."""
        commit = self.commit(who, files, message)
        self.push()
        return commit

    def head(self) -> str:
        """The tip of main in the clone."""
        return gitworld.git(self.work, "rev-parse", "main").decode()

    # --- acts ------------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """The verified present, fetched."""
        return self.journal.view(self.clock(), fetch=True)

    def appender(self, who: str) -> Appender:
        """The envelope key of somebody."""
        return Appender(self.signers[who], who, f"{who}@sim.example")

    def actor(self, who: str) -> Actor:
        """Somebody with their key. The remote is asked only where this clone is behind, or does not know them yet."""
        key, identity = self.signers[who].public_key, None
        with suppress(AgentgovError):  # this machine has seen acts that this clone lacks
            identity = self.journal.view(self.clock()).directory.by_key(key)
        identity = identity or self.view().directory.by_key(key)
        assert identity is not None, f"{who} is not in the authorised Access"
        return Actor(identity, self.appender(who))

    def introduce(self, who: str = "carol", commit: str = "") -> Introduced:
        """Start the journal."""
        appender = self.appender(who)
        ident = (appender.name, appender.email)
        return introduce(self.journal, commit or self.head(), appender.signer, ident, self.clock())

    def append(self, *drafts: Draft, by: str) -> View:
        """Append signed acts."""
        return self.journal.append(lambda _: drafts, self.appender(by), self.clock)

    def review(self, who: str, commit: str = "", verdict: Verdict = "approve") -> View:
        """A person's review of what a commit changes."""
        commit, view = commit or self.head(), self.view()
        found = reviewable(view, commit)
        act = draft_review(view, self.actor(who), found, verdict, commit=commit, now=self.clock())
        return self.append(act, by=who)

    def advance(self, commit: str = "") -> View:
        """The reconciler takes over what is covered at a commit of main, governance first."""
        view, actor, commit = self.view(), self.actor("reconciler"), commit or self.head()
        for _ in range(2):
            act = draft_advance(view, actor, commit, now=self.clock()).act
            if act is not None:
                view = self.append(act, by="reconciler")
        return view

    def release(self, who: str, agent: AgentId, version: str, commit: str = "") -> Tagged:
        """Make and push a release."""
        name = ReleaseName(agent, version)
        tagged = make_release(self.view(), self.actor(who), name, commit or self.head(), now=self.clock())
        self.push(name.ref)
        return tagged

    def order(self, who: str, write: Callable[..., Draft], *args: object, **words: object) -> View:
        """An order of `release.orders` by a person."""
        actor = self.actor(who)
        return self.append(write(self.view(), actor, *args, now=self.clock(), **words), by=who)

    def tick(self, counts: Mapping[str, object] | None = None, *, after: int = 300) -> Report:
        """Let time pass, then one tick of the reconciler with these counts by agent."""
        self.clock.pass_(after)
        return self.reconciler(self.actor("reconciler"), counts).tick()

    def reconciler(self, actor: Actor, counts: Mapping[str, object] | None = None) -> Reconciler:
        """The reconciler of this clone, with its memory in a file of this world."""
        file = self.folder / "counts.json"
        file.write_text(json.dumps({"agents": counts or {}}))
        return Reconciler(self.journal, actor, MemoryStore(self.folder / "memory.json"), FileSource(file), self.clock)

    def verify(self) -> Replayed:
        """Everything, cold."""
        tip = self.journal.fetch()
        assert tip is not None
        return verify_journal(self.repo, tip, load_pins(FLEET), self.clock())


def agent_file(agent: AgentId, *, team: str, risk: str = "low") -> str:
    """agent.yaml of the simulator."""
    return _AGENT.format(name=agent.name, team=team, risk=risk)


def access_file(keys: Mapping[str, str], *, threshold: int = 1) -> str:
    """governance/access.yaml of the simulator: carol and dave administer, erin is security and on call."""
    people = "".join(
        f'  - {{id: {name}, name: {name.title()}, emails: [{name}@sim.example], keys: ["{keys[name]}"]}}\n'
        for name in PEOPLE
        if name in keys
    )
    bots = "".join(f'  - {{id: {name}, kind: {name}, keys: ["{keys[name]}"]}}\n' for name in BOTS if name in keys)
    return f"""apiVersion: agentgov.dev/v1
kind: Access
administrators: {{who: [carol, dave], threshold: {threshold}}}
people:
{people}bots:
{bots}teams:
  - {{id: platform, members: [carol, dave], handles: ["@sim/platform"]}}
  - {{id: support, members: [alice, bob], handles: ["@sim/support"]}}
  - {{id: finance, members: [alice, bob, dave], handles: ["@sim/finance"]}}
  - {{id: security, members: [erin], handles: ["@sim/security"]}}
roles:
  - {{name: on-call, verbs: [rollback, pause, resume, hold, view]}}
bindings:
  - {{role: operator, who: [team:support, team:finance], agents: ["**"], environments: [staging, production]}}
  - {{role: operator, who: [team:security], agents: ["**"], environments: [staging]}}
  - {{role: on-call, who: [erin], agents: ["**"], environments: [staging, production]}}
"""


def fleet_files(keys: Mapping[str, str], *, threshold: int = 1) -> dict[str, str]:
    """The files of a small fleet with two agents."""
    workspace = "apiVersion: agentgov.dev/v1\nkind: Workspace\nname: {0}\nowner: team:{0}\n"
    return {
        "agentgov.yaml": FLEET_YAML,
        "governance/access.yaml": access_file(keys, threshold=threshold),
        "governance/pipeline.yaml": _PIPELINE,
        "governance/workspaces/support.yaml": workspace.format("support"),
        "governance/workspaces/finance.yaml": workspace.format("finance"),
        ".github/CODEOWNERS": _CODEOWNERS,
        TRIAGE.file: agent_file(TRIAGE, team="support"),
        f"{TRIAGE.folder}/prompts/system.md": "Sort tickets by urgency.\n",
        PAYROLL.file: agent_file(PAYROLL, team="finance", risk="high"),
        f"{PAYROLL.folder}/prompts/system.md": "Answer questions on payslips.\n",
        "README.md": "Not governed.\n",
    }
