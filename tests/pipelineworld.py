"""A simulated fleet under traffic: what scenarios of the pipeline build on.

    fleet = PipelineWorld(tmp_path)
    fleet.ship("1.0.0")                      # written, reviewed, released, in production
    fleet.write("Be kind.")
    fleet.release("alice", TRIAGE, "1.1.0")
    fleet.until(lambda at: at.canary.state == "FAILED", bad=0.3)

Ticks and acts are those of `FleetSimulator`; this adds people who write and review, and traffic that is counted.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import gitworld
from simulator import BOTS, TRIAGE, FleetSimulator, agent_file

from agentgov.errors import UsageError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor
from agentgov.journal.tags import TagText, tag_message
from agentgov.journal.view import View
from agentgov.model.act import Act, parse
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Deployment
from agentgov.model.transitions import candidate, is_ramping
from agentgov.release import orders
from agentgov.release.tagging import closure_at
from agentgov.release.tick_report import Report
from agentgov.repo.compose import ident, signed_tag, tag_bytes
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.signers import Signer
from agentgov.trust.sshsig import GIT

Hook = Callable[[], object]
UNITS = 4000  # of traffic per tick and agent
OF_ONE_AGENT = ("deployments", "releases", "evidence")  # folders of the journal by agent

_PIPELINE = """apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - {{name: staging, environment: staging, soak: {soak}}}
  - name: canary
    environment: production
    steps: [{{share: 5%, soak: {step}, minUnits: 20}}, {{share: 25%, soak: {step}}}]
    judge: {judge}
  - {{name: production, environment: production, bake: {bake}, autoRollback: true{promoters}}}
freezes: [{freezes}]
rollback: {{window: {window}}}
"""
JUDGE = "{metrics: {error: {ceiling: 0.05}}, interval: 5m, noDataTicks: 3, deadline: 2h}"


def pipeline_file(
    *,
    soak: str = "5m",
    step: str = "5m",
    bake: str = "5m",
    judge: str = JUDGE,
    promoters: str = "",
    freezes: str = "",
    window: str = "90d",
) -> str:
    """governance/pipeline.yaml with soaks of one tick."""
    wanted = f", promoters: {promoters}" if promoters else ""
    return _PIPELINE.format(
        soak=soak, step=step, bake=bake, judge=judge, promoters=wanted, freezes=freezes, window=window
    )


class Interrupted:
    """A signer before whose first signature something else happens: between reading the journal and pushing to it."""

    def __init__(self, signer: Signer, before: Hook) -> None:
        self._signer, self._before = signer, [before]

    @property
    def public_key(self) -> str:
        """The key's line."""
        return self._signer.public_key

    def sign(self, namespace: str, payload: bytes) -> bytes:
        """What was to happen first happens; then the signature."""
        while self._before:
            self._before.pop()()
        return self._signer.sign(namespace, payload)


class PipelineWorld(FleetSimulator):
    """A fleet whose journal has begun, with soaks of one tick."""

    last: Report

    def __init__(
        self, folder: Path, *, pipeline: str = "", agents: int = 0, files: Mapping[str, str] | None = None
    ) -> None:
        self.agents = tuple(AgentId("support", f"agent-{number}") for number in range(agents))
        more = {agent.file: agent_file(agent, team="support") for agent in self.agents}
        more |= {f"{agent.folder}/prompts/system.md": f"Be agent {agent.name}.\n" for agent in self.agents}
        super().__init__(
            folder, files={"governance/pipeline.yaml": pipeline or pipeline_file(), **more, **(files or {})}
        )
        self.introduce()
        self._counted: dict[str, list[int]] = {}

    def twin(self, folder: Path) -> Self:
        """The same world once more in another folder; nothing that happens there is seen here."""
        other = super().twin(folder)
        other._counted = copy.deepcopy(self._counted)
        return other

    def clone(self, folder: Path) -> Self:
        """The same fleet from another clone of its remote, with a reconciler's memory of its own."""
        folder.mkdir(parents=True)
        gitworld.git(folder, "clone", "-q", str(self.remote), str(folder / "fleet"))
        other = self.beside()
        other.folder, other.work, other._counted = folder, folder / "fleet", copy.deepcopy(self._counted)
        return other.beside()

    def beside(self) -> Self:
        """Another process on the same clone: what this one remembers of the journal it does not know."""
        other = copy.copy(self)
        other.repo = Repository.open(other.work)
        other.journal = Journal(other.repo, remote=Remote.of(other.repo))
        return other

    def variables(self, who: str) -> dict[str, str]:
        """What makes a process act as somebody in this world."""
        name, key = who.title(), self.folder / "keys" / who
        found = gitworld.environment(name=name, email=f"{who}@sim.example")
        found |= gitworld.person_variables(name, f"{who}@sim.example", key)
        return found | ({"AGENTGOV_KEY_FILE": str(key)} if who in BOTS else {})

    def actor(self, who: str, before_signing: Hook | None = None) -> Actor:
        """Somebody with their key; something may happen before they sign for the first time."""
        found = super().actor(who)
        if before_signing is None:
            return found
        signer = Interrupted(found.appender.signer, before_signing)
        return replace(found, appender=replace(found.appender, signer=signer))

    # --- people ----------------------------------------------------------------------------------------------------

    def write(
        self, text: str, agent: AgentId = TRIAGE, *, by: str = "alice", reviewers: tuple[str, ...] = ("bob",)
    ) -> str:
        """New words for an agent, reviewed and authorised; the commit of main."""
        commit = self.change(by, {f"{agent.folder}/prompts/system.md": f"{text}\n"})
        for reviewer in reviewers:
            self.review(reviewer, commit)
        view = self.advance(commit)
        assert not reviewers or not view.state.pending, f"still pending: {view.state.pending}"
        return commit

    def govern(self, files: Mapping[str, str], *, by: str = "carol", reviewer: str = "dave") -> None:
        """A change of governance, reviewed by another administrator and authorised."""
        commit = self.change(by, files)
        self.review(reviewer, commit)
        assert not self.advance(commit).state.pending

    def edit(self, path: str, old: str, new: str) -> dict[str, str]:
        """A file of the work tree with one text replaced, as `change` and `govern` take it."""
        text = (self.work / path).read_text(encoding="utf-8")
        assert old in text
        return {path: text.replace(old, new, 1)}

    def tag(self, who: str, agent: AgentId, version: str, commit: str = "", *, name: str = "") -> str:
        """A release tag made by hand and pushed, without asking whether it will be taken; the tag object."""
        commit, view, spelled = commit or self.head(), self.view(), name or str(ReleaseName(agent, version))
        try:
            closure = closure_at(self.repo, agent, commit)[0].digest
        except UsageError:  # no such agent, or one that cannot be read
            closure = "0" * 64
        text = TagText(view.state.head.fleet, closure, view.state.head.seq, view.tip)
        message = tag_message(ReleaseName(agent, version), text).encode()
        tagger = ident(who, f"{who}@sim.example", self.clock())
        payload = tag_bytes(commit, "commit", spelled, tagger, message)
        oid = self.repo.write_object("tag", signed_tag(payload, self.signers[who].sign(GIT, payload)))
        self.point(ReleaseName(agent, version).ref, oid)
        return oid

    def point(self, ref: str, oid: str) -> None:
        """Whoever can push makes a ref of the remote point at an object, or ("") takes it away."""
        self.push("--force", f"{oid}:{ref}")

    # --- the reconciler under traffic ------------------------------------------------------------------------------

    def run(
        self,
        ticks: int = 1,
        *,
        bad: float = 0.0,
        data: bool = True,
        after: int = 300,
        before_signing: Hook | None = None,
    ) -> Report:
        """So many ticks; every canary and every release that bakes has traffic, with this share of bad units."""
        for _ in range(ticks):
            self.clock.pass_(after)
            actor = self.actor("reconciler", before_signing)
            self.last = self.reconciler(actor, self.traffic(bad) if data else {}).tick()
        return self.last

    def until(
        self,
        reached: Callable[[Deployment], bool],
        agent: AgentId = TRIAGE,
        *,
        bad: float = 0.0,
        data: bool = True,
        most: int = 15,
    ) -> Deployment:
        """Ticks until an agent stands where it is wanted; AssertionError after too many."""
        for _ in range(most):
            if reached(self.at(agent)):
                break
            self.run(bad=bad, data=data)
        found = self.at(agent)
        assert reached(found), f"{found}\n{self.waits(self.last, agent)}\n{self.last.refused}\n{self.last.notes}"
        return found

    def ship(self, version: str, agent: AgentId = TRIAGE, text: str = "") -> Deployment:
        """Bring a release with words of its own into production, by people and healthy traffic."""
        self.write(text or f"Version {version}.", agent)
        self.release("alice", agent, version)
        name = f"{agent}/v{version}"
        if self.at(agent).production.state == "EMPTY":
            self.until(lambda at: at.canary.state == "RAMP", agent)
            self.order("bob", orders.order_promote, agent, "production")
        return self.until(
            lambda at: at.production.state == "STABLE" and self.named(at.production.release) == name, agent
        )

    def traffic(self, bad: float = 0.0) -> dict[str, object]:
        """The counts of one more tick, cumulative as telemetry has them, for every agent that is watched."""
        state, found = self.known().state, dict[str, object]()
        for agent in state.released():
            at = state.deployment(agent)
            if not is_ramping(at) and at.production.state != "BAKING":
                continue
            share = at.canary.share / 100_000 if is_ramping(at) else 0.5
            name = self.named(at.canary.release if is_ramping(at) else at.production.release)
            sums = self.counters(name)
            canary, stable = int(UNITS * share), int(UNITS * (1 - share))
            for index, more in enumerate((canary, int(canary * bad), stable, stable // 100)):
                sums[index] += more
            found[str(agent)] = {
                "release": name,
                "canary": {"units": sums[0], "error": sums[1]},
                "stable": {"units": sums[2], "error": sums[3]},
            }
        return found

    def counters(self, release: str) -> list[int]:
        """Units and bad ones of the canary, then of the stable side, since the canary of a release (its name) began."""
        return self._counted.setdefault(release, [0, 0, 0, 0])

    # --- looking ---------------------------------------------------------------------------------------------------

    def known(self) -> View:
        """The present as this clone knows it, without asking the remote."""
        return self.journal.view(self.clock())

    def at(self, agent: AgentId = TRIAGE) -> Deployment:
        """Where an agent stands."""
        return self.known().state.deployment(agent)

    def named(self, tag: str) -> str:
        """The name of the release of a tag object, "" for none."""
        if not tag:
            return ""
        state = self.known().state
        return next(one.name for agent in state.released() for one in state.releases(agent) if one.tag == tag)

    def running(self, agent: AgentId = TRIAGE) -> str:
        """The version in production, "" for none."""
        return self.named(self.at(agent).production.release).rpartition("/v")[2]

    def candidate(self, agent: AgentId = TRIAGE) -> str:
        """The version on its way to production, "" for none."""
        return self.named(candidate(self.at(agent))).rpartition("/v")[2]

    def waits(self, report: Report, agent: AgentId = TRIAGE) -> str:
        """What a report says that an agent waits for, one sentence a line."""
        decision = report.decisions.get(agent)  # none of one that rests
        return "\n".join(wait.message for wait in decision.waits) if decision is not None else ""

    def acts(self) -> list[Act]:
        """Every act of the journal on the remote, oldest first."""
        raw = gitworld.git(self.remote, "log", "--reverse", "-z", "--format=%B", "agentgov/journal")
        return [parse(text.strip(b"\n") + b"\n") for text in raw.split(b"\0") if text.strip()]

    def kinds(self, agent: AgentId = TRIAGE) -> list[str]:
        """The kinds of the acts on one agent, oldest first."""
        return [act.kind for act in self.acts() if act.get("Agent") == str(agent)]

    def tip(self) -> str:
        """The tip of the journal on the remote."""
        return gitworld.git(self.remote, "rev-parse", "agentgov/journal").decode()

    def check(self) -> None:
        """What must be so after every scenario: everything verifies cold, time never went back, no id stands twice, and
        each act changes records of no agent but its own."""
        found = self.verify()
        assert found.offence is None, found.offence
        acts = self.acts()
        assert len({act.id for act in acts}) == len(acts)
        times = [act.time for act in acts if act.time is not None]
        assert times == sorted(times)
        for act, paths in self.changes():
            own = act.get("Agent")
            for path in paths:
                kind, _, rest = path.partition("/")
                of_own = kind not in OF_ONE_AGENT or rest.startswith((f"{own}.", f"{own}/"))
                assert of_own or act.kind == "revoke", (act, path)  # a dead key's votes are gone everywhere

    def changes(self) -> list[tuple[Act, list[str]]]:
        """Every act of the journal on the remote, oldest first, with the paths that it changed there."""
        raw = gitworld.git(
            self.remote, "log", "--reverse", "--name-only", "--format=%x1e%B%x1f", "--root", "agentgov/journal"
        )
        found = []
        for record in raw.decode().split("\x1e")[1:]:
            text, _, names = record.partition("\x1f")
            found.append((parse(text.strip("\n").encode() + b"\n"), names.split()))
        return found
