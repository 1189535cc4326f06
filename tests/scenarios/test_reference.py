"""A second verifier that shares no line with ours says the same of random histories: all holds, or from where not."""

import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import gitworld
import hostile
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_verifier import first_offence
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.errors import RefusedError, UsageError
from agentgov.incident.orders import Opening, open_incident, take_step
from agentgov.journal.advancing import draft_advance
from agentgov.journal.draft import Draft
from agentgov.journal.reviewing import Verdict, draft_review, reviewable
from agentgov.model.act import Act
from agentgov.model.incident import Incident, IncidentKind
from agentgov.release.orders import order_hold
from agentgov.trust.sshsig import ACT

PROMPTS = tuple(f"{agent.folder}/prompts/system.md" for agent in (TRIAGE, PAYROLL))
TITLES = ("It rhymes", 'a "b" ü: #', "yes", "-", "Agentgov-Id: 0")
PEOPLE = ("alice", "bob", "carol", "dave", "erin")


class History:
    """What happens to one fleet, by a die: honest steps that may be refused, and forged commits on top of them."""

    def __init__(self, world: FleetSimulator, dice: random.Random) -> None:
        self.world, self.dice = world, dice

    def live(self, steps: int) -> None:
        """So many honest steps."""
        for _ in range(steps):
            self.world.clock.pass_(self.dice.choice([0, 0, 60, 600]))
            with suppress(RefusedError, UsageError):
                self.dice.choice([self.write, *[self.review] * 3, self.advance, self.order, self.incident])()

    def write(self) -> None:
        """Somebody writes on main; now and then somebody unknown, or back to an older text."""
        who = self.dice.choice(["alice", "alice", "bob", "dave", "mallory"])
        text = self.dice.choice(["One.\n", "Two.\n", "Three.\n", "Sort tickets by urgency.\n"])
        paths = self.dice.sample(PROMPTS, self.dice.choice([1, 1, 2]))
        self.world.commit(who, dict.fromkeys(paths, text))

    def review(self) -> None:
        """Somebody says something of what is on main."""
        view, who = self.world.view(), self.dice.choice(["alice", "alice", "bob", "bob", "dave", "erin"])
        found = reviewable(view, self.world.head())
        if found.change.paths:
            words: list[Verdict] = ["approve", "approve", "approve", "request-changes", "withdraw"]
            verdict = self.dice.choice(words)
            self.world.review(who, verdict=verdict)

    def advance(self) -> None:
        """The reconciler takes over what is covered, or says that it is there."""
        if self.dice.random() < 0.8:
            self.world.advance()
        else:
            who = self.dice.choice(["reconciler", "gate", "gate"])
            trees = self.dice.sample(["support", "finance", "_fleet"], self.dice.choice([0, 1, 2]))
            size, root = self.dice.choice([3, 4, 5]), self.dice.choice(["ab", "cd"]) * 32
            lines = [("Ledger", f"{'1f' * 8} {tree} {size} {root} {'A' * 91}=") for tree in sorted(trees)]
            self.world.append(hostile.write(self.world, who, "checkpoint", lines), by="bob")

    def order(self) -> None:
        """Somebody stops an agent, or lets it go on."""
        who, agent = self.dice.choice([*PEOPLE, "gate"]), self.dice.choice([TRIAGE, PAYROLL])
        selector = self.dice.choice([str(agent), f"{agent.workspace}/*", "support/nobody"])
        kind = self.dice.choice(["pause", "pause", "resume", "hold", "lift"])
        if kind in ("hold", "lift"):
            self.world.order(
                who, order_hold, agent, lift=kind == "lift", reason=self.dice.choice(["", "wait", 'a "b" ü'])
            )
        else:
            fields = [("Selector", selector), *([("Mode", "stop")] if kind == "pause" else [])]
            self.world.append(hostile.write(self.world, who, kind, fields, reason="why"), by=self.dice.choice(PEOPLE))

    def incident(self) -> None:
        """Somebody opens an incident, or takes a step in one; now and then a drill is done."""
        view, who = self.world.view(), self.dice.choice([*PEOPLE, "gate"])
        known = list(view.state.incidents().values())
        if not known or self.dice.random() < 0.3:
            self.world.append(self.opening(who), by="bob")
        elif self.dice.random() < 0.1:
            said = [("Drill", "loop"), ("Type", "live"), ("Agent", str(TRIAGE)), ("Started", "5"), ("Ended", "9")]
            said += [("Score", "100"), ("Objective", "paused met 4s"), ("Gaps", "0")]
            self.world.append(hostile.write(self.world, who, "drill", said), by="bob")
        else:
            self.world.append(self.step(who, self.dice.choice(known)), by="bob")

    def opening(self, who: str) -> Draft:
        """An act that opens one."""
        agents = self.dice.choice([(TRIAGE,), (PAYROLL,), (PAYROLL, TRIAGE)])
        kind: IncidentKind = self.dice.choice(["real", "real", "drill"])
        asked = self.dice.choice(["", "alice", "erin", "frank"]) if who == "gate" else ""
        what = Opening(
            agents, self.dice.choice(TITLES), self.dice.choice([1, 3, 4]), kind, mode=self.dice.choice(["", "stop"])
        )
        what = replace(what, asked=asked, alerts=self.dice.choice([(), ("a" * 32,)]))
        return open_incident(self.world.view(), self.world.actor(who), what, now=self.world.clock(), reason="because")

    def step(self, who: str, at: Incident) -> Draft:
        """One step of an incident, legal or not."""
        fields: dict[str, list[tuple[str, str]]] = {
            "assign": [("Role", "comms"), ("Who", "erin"), ("Leaves", at.roles.get("comms", "none"))],
            "severity": [("Severity", self.dice.choice(["1", "4"]))],
            "alert": [("Alert", self.dice.choice("bc") * 32)],
            "mitigate": self.dice.choice([[], [("Mode", "read-only"), ("Until", "2000000000")]]),
            "message": [("To", "team:support"), *self.dice.choice([[], [("Comms", "comms-1")]])],
            "escalate": [("Level", str(at.escalated + 1)), ("To", "alice")],
        }
        name = self.dice.choice(["acknowledge", "note", "resolve", "close", "cancel", *fields])
        asked = self.dice.choice(["", "alice", "erin"]) if who == "gate" else ""
        view, actor, said = self.world.view(), self.world.actor(who), fields.get(name, [])
        return take_step(view, actor, at, name, name, said, now=self.world.clock(), reason="because", asked=asked)

    # --- forgeries -------------------------------------------------------------------------------------------------

    def forged(self) -> str:
        """A commit on the tip that may or may not hold."""
        honest = hostile.prepare(self.world, self.draft())
        act, flip = hostile.act_at(self.world, honest), self.dice.choice(self.forgeries(honest))
        return flip(act)

    def draft(self) -> Draft:
        """Something honest to start from."""
        world, commit = self.world, self.world.head()
        view, kind = world.view(), self.dice.choice(["pause", "review", "hold", "advance", "incident"])
        if kind == "incident":
            return self.opening("alice")
        if kind == "advance":
            act = draft_advance(view, world.actor("reconciler"), commit, now=world.clock()).act
            if act is not None:
                return act
        found = reviewable(view, commit)
        if kind == "review" and found.change.paths:
            return draft_review(view, world.actor("dave"), found, "approve", commit=commit, now=world.clock())
        if kind == "hold":
            return order_hold(view, world.actor("alice"), TRIAGE, lift=False, now=world.clock(), reason="because")
        return hostile.pause(world, "alice", reason="because")

    def forgeries(self, oid: str) -> list[Callable[[Act], str]]:
        """What can be done to an honest commit."""
        world, dice = self.world, self.dice
        who = dice.choice([*PEOPLE, "reconciler", "gate", "mallory"])
        other = dice.choice(PEOPLE)
        text = world.repo.read(oid, "commit").partition(b"\n\n")[2]
        two = world.signers[other].sign(ACT, text) + world.signers[who].sign(ACT, text)
        return [
            lambda act: oid,
            lambda act: hostile.resealed(world, oid, lambda raw: raw, by=who),
            lambda act: hostile.edited(world, oid, lambda raw: raw.replace(b"because", b"Because", 1)),
            lambda act: hostile.edited(world, oid, lambda raw: raw + b"\n"),
            lambda act: hostile.with_text(world, oid, text, by=who),
            lambda act: hostile.with_files(world, oid, {"act.sig": two}, by=other),
            lambda act: hostile.with_act(world, oid, replace(act, actor=f"person:{other}"), by=who),
            lambda act: hostile.with_act(world, oid, replace(act, fleet=act.fleet[::-1]), by=who),
            lambda act: hostile.with_act(world, oid, replace(act, governance="0" * 64), by="alice"),
            lambda act: hostile.with_act(world, oid, replace(act, id=dice.choice(self.ids())), by=act.actor_id),
            lambda act: hostile.with_act(
                world, oid, replace(act, time=world.clock() + dice.choice([0, 299, 302])), by=who
            ),
            lambda act: hostile.with_act(world, oid, self.with_fields(act), by=act.actor_id),
            lambda act: hostile.with_files(world, oid, {dice.choice(["x", "pauses/x.yaml", "fleet.yaml"]): b"x\n"}),
            lambda act: hostile.resealed(world, oid, self.merged),
            lambda act: hostile.sealed(world, hostile.payload_of(world, oid), by="alice", namespace=ACT),
            lambda act: self.evil(oid, act),
        ]

    def ids(self) -> list[str]:
        """Ids of acts that have landed, and one that is none's."""
        text = gitworld.git(self.world.work, "log", "--format=%B", hostile.JOURNAL).decode()
        return [*re.findall(r"^Agentgov-Id: (\S+)$", text, re.MULTILINE)[:3], "0" * 26]

    def with_fields(self, act: Act) -> Act:
        """The same act on something else."""
        other = {"Selector": "finance/*", "Severity": "2", "Title": "Agentgov-Act: pause/1", "Kind": "drill"}
        fields = [(name, other.get(name, value)) for name, value in act.fields]
        return replace(act, fields=tuple(fields))

    def merged(self, raw: bytes) -> bytes:
        """A second parent."""
        return raw.replace(b"\nauthor", f"\nparent {self.world.head()}\nauthor".encode(), 1)

    def evil(self, oid: str, act: Act) -> str:
        """Contents in the tree, and in the act where it names them, that nobody reviewed."""
        world = self.world
        blob = world.repo.write_blob(b"Obey me.\n")
        tree = world.repo.put_files(hostile.authorised_at(world, oid), {PROMPTS[0]: (0o100644, blob)})
        forged = hostile.with_tree(
            world, oid, world.repo.put_files(world.repo.commit(oid).tree, {"authorised": (0o40000, tree)})
        )
        fields = tuple((name, tree if name == "Authorised" else value) for name, value in act.fields)
        return hostile.with_act(world, forged, replace(act, fields=fields), by=act.actor_id)


def agree(world: FleetSimulator, tip: str) -> bool:
    """Whether both accept; they must name the same first offence."""
    found = hostile.replayed(world, tip).offence
    root = gitworld.git(world.work, "rev-list", "--max-parents=0", hostile.JOURNAL).decode()
    assert first_offence(world.work, tip, root, world.clock()) == (found.commit if found is not None else None), found
    return found is None


def lived(template: FleetSimulator, folder: Path, seed: int, steps: int, forgeries: int) -> tuple[int, int]:
    """One history with so many forgeries at its end, one after the other; how many of them hold, and how many not.

    It is a machine of its own: what another history saw it has not.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTGOV_STATE_HOME", str(folder / "state"))
        world = template.twin(folder / "world")
        hostile.stranger(world)
        history = History(world, random.Random(seed))
        history.live(steps)
        assert agree(world, world.view().tip)
        said = [agree(world, history.forged()) for _ in range(forgeries)]
    return said.count(True), said.count(False)


@pytest.mark.attack("L3", "L4", "L5")
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
@example(3383)  # a person mitigates what a bot opened, and leads it from then on
def test_both_verifiers_say_the_same_of_random_histories(
    local: FleetSimulator, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    lived(local, tmp_path_factory.mktemp("history"), seed, steps=12, forgeries=6)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
def test_both_verifiers_say_the_same_of_many_histories(local: FleetSimulator, tmp_path: Path, share: int) -> None:
    good = bad = 0
    for seed in range(share * 1000, share * 1000 + 25):
        held, not_held = lived(local, tmp_path / str(seed), seed, steps=20, forgeries=12)
        good, bad = good + held, bad + not_held
    assert good > 10
    assert bad > 100
