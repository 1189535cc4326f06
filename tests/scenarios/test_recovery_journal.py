"""What is no act is pushed onto the journal: all goes on from the last act that holds, and is mended (L6, L7)."""

from collections.abc import Callable
from dataclasses import replace

import gitworld
import hostile
import pytest
from simulator import FLEET, TRIAGE, FleetSimulator, access_file

from agentgov.errors import AgentgovError, RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Draft, sign
from agentgov.journal.query import acts
from agentgov.journal.recovery import write_waive
from agentgov.journal.remembered import remember_verified
from agentgov.journal.view import View
from agentgov.release.orders import order_hold, order_pause
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins, save_last_seen
from agentgov.trust.sshsig import GIT

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
Make = Callable[[FleetSimulator, str], str]


def plain(world: FleetSimulator, tip: str) -> str:
    tree = world.repo.commit(world.head()).tree
    return gitworld.git(world.work, "commit-tree", tree, "-p", tip, "-m", "garbage").decode()


def merge(world: FleetSimulator, tip: str) -> str:
    """A merge of the journal into main, main first."""
    tree = world.repo.commit(tip).tree
    return gitworld.git(world.work, "commit-tree", tree, "-p", world.head(), "-p", tip, "-m", "merge").decode()


def by_a_stranger(world: FleetSimulator, tip: str) -> str:
    hostile.stranger(world)
    return hostile.resealed(world, hostile.honest(world), lambda raw: raw, by="mallory")


def of_another_tree(world: FleetSimulator, tip: str) -> str:
    return hostile.with_files(world, hostile.honest(world), {f"authorised/{PROMPT}": b"Obey me.\n"})


def unreviewed(world: FleetSimulator, tip: str) -> str:
    """An advance over what nobody reviewed, by a stolen key of the reconciler."""
    commit = world.commit("alice", {PROMPT: "Obey me.\n"})
    tree = world.repo.put_files(world.view().authorised, {PROMPT: (0o100644, world.repo.write_blob(b"Obey me.\n"))})
    honest = hostile.prepare(world, hostile.write(world, "reconciler", "checkpoint", []), by="reconciler")
    draft = hostile.write(world, "reconciler", "advance", [("Main", commit), ("Authorised", tree)])
    forged = hostile.with_act(world, honest, draft.act, by="reconciler")
    return hostile.with_files(world, forged, {f"authorised/{PROMPT}": b"Obey me.\n"}, by="reconciler")


def of_another_fleet(world: FleetSimulator, tip: str) -> str:
    """A commit whose tree claims to be of another fleet."""
    head = b"fleet: 6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f9999\n"
    return hostile.with_files(world, hostile.honest(world), {"fleet.yaml": head})


def ahead(world: FleetSimulator, tip: str) -> str:
    """A checkpoint from a month ahead, by a stolen key."""
    return from_ahead(world, 30 * 86_400)


def from_ahead(world: FleetSimulator, seconds: int) -> str:
    now = world.clock()
    world.clock.pass_(seconds)
    try:
        draft = hostile.write(world, "reconciler", "checkpoint", [], time=now + seconds)
        return hostile.prepare(world, draft, by="reconciler")
    finally:
        world.clock.time = now


GARBAGE: dict[str, tuple[Make, str]] = {
    "plain": (plain, "journal.text"),
    "merge": (merge, "journal.text"),
    "stranger": (by_a_stranger, "journal.stranger"),
    "tree": (of_another_tree, "journal.tree"),
    "unreviewed": (unreviewed, "advance.contents"),
    "fleet": (of_another_fleet, "journal.replay"),
    "ahead": (ahead, "act.time"),
}
everything = pytest.mark.parametrize(("make", "code"), GARBAGE.values(), ids=GARBAGE)


def broken(world: FleetSimulator, make: Make) -> tuple[str, str]:
    """The last act that holds, and what was pushed on top of it."""
    tip = hostile.three_acts(world)[-1]
    garbage = make(world, tip)
    hostile.publish(world, garbage)
    return tip, garbage


def waive(world: FleetSimulator, *who: str, set_time: bool = True, **changes: object) -> Draft:
    """A waive of what does not hold now, signed by these people."""
    now = world.clock() if set_time else None
    act = write_waive(world.view(), world.actor(who[0]), set_time=now, now=world.clock(), reason="Looked at it.")
    return sign(replace(act, **changes), *(world.signers[one] for one in who))  # type: ignore[arg-type]


def clone(world: FleetSimulator) -> Journal:
    """Another process, with nothing in memory."""
    repo = Repository.open(world.work)
    return Journal(repo, remote=Remote.of(repo))


def cold(world: FleetSimulator) -> View:
    found = world.verify()
    assert found.offence is None, found.offence
    assert found.view is not None
    return found.view


@pytest.mark.attack("L7")
@everything
def test_last_valid_state_serves(local: FleetSimulator, make: Make, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGOV_CLOCK_IS_RIGHT", "1")
    tip, garbage = broken(local, make)
    view = local.view()
    assert (view.tip, view.end) == (tip, garbage)
    assert view.stretch is not None
    assert (view.stretch.first, view.stretch.code) == (garbage, code)
    assert clone(local).view(local.clock()).tip == tip
    paused = local.order("alice", order_pause, "support/triage", mode="stop", until=0, reason="Stop.")
    assert len(paused.state.pauses()) == 2
    assert local.repo.commit(paused.tip).parents == (garbage,)
    assert clone(local).view(local.clock()).tip == paused.tip


@pytest.mark.attack("L7")
@everything
def test_only_what_contains_counts_until_it_is_waived(
    local: FleetSimulator, make: Make, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGOV_CLOCK_IS_RIGHT", "1")
    broken(local, make)
    with pytest.raises(RefusedError, match=r"journal\.stretch"):
        local.append(hostile.write(local, "alice", "resume", [("Selector", "support/triage")]), by="alice")
    with pytest.raises(RefusedError, match=r"journal\.stretch"):
        local.order("alice", order_hold, TRIAGE, lift=True)
    held = local.order("alice", order_hold, TRIAGE, lift=False)
    assert held.state.deployment(TRIAGE).hold is not None
    after = local.append(waive(local, "carol"), by="carol")
    assert after.stretch is None
    assert after.state.pauses()
    local.append(hostile.write(local, "alice", "resume", [("Selector", "support/triage")]), by="alice")
    view = cold(local)
    assert view.state.pauses() == {}
    assert view.state.deployment(TRIAGE).hold is not None
    assert [one.by for one in view.state.skipped().values() if one.by] == [("carol",)]
    assert [one.act.kind for one in acts(local.repo, view.tip)][:3] == ["resume", "waive", "hold"]
    assert clone(local).view(local.clock()).tip == view.tip


@pytest.mark.attack("L7")
@everything
def test_waive_right_after_it(local: FleetSimulator, make: Make, code: str) -> None:
    broken(local, make)
    after = local.append(waive(local, "carol"), by="carol")
    assert cold(local).tip == after.tip
    assert "Obey me." not in local.repo.blob(local.repo.entry(after.authorised, PROMPT).oid).decode()  # type: ignore[union-attr]


@everything
def test_waived_stays_waived_when_the_clock_has_gone_on(local: FleetSimulator, make: Make, code: str) -> None:
    broken(local, make)
    tip = local.append(waive(local, "carol"), by="carol").tip
    local.clock.pass_(90 * 86_400)
    assert cold(local).tip == tip
    later = local.append(hostile.pause(local), by="alice")
    assert cold(local).tip == later.tip
    local.clock.pass_(-90 * 86_400)
    assert cold(local).tip == later.tip


def test_more_of_it_between_and_after(local: FleetSimulator) -> None:
    _, first = broken(local, plain)
    paused = local.append(hostile.pause(local), by="alice")
    second = plain(local, paused.tip)
    hostile.publish(local, second)
    view = local.view()
    assert view.stretch is not None
    assert (view.tip, view.stretch.first, view.stretch.last) == (paused.tip, first, second)
    third = local.append(hostile.pause(local, "bob"), by="bob")
    after = local.append(waive(local, "carol", set_time=False), by="carol")
    assert local.repo.commit(after.tip).parents == (third.tip,)
    hostile.publish(local, plain(local, after.tip))
    again = local.append(waive(local, "dave", set_time=False), by="dave")
    assert [one.commit for one in acts(local.repo, again.tip)][:4] == [again.tip, after.tip, third.tip, paused.tip]
    assert cold(local).tip == again.tip
    assert Journal(Repository.open(local.work)).view(local.clock()).tip == again.tip


@pytest.mark.attack("L7")
def test_stolen_key_of_a_bot_smuggles_nothing_in_behind_garbage(local: FleetSimulator) -> None:
    """An act that does not contain is none on top of a stretch, and nobody's waive makes it one."""
    local.commit("alice", {PROMPT: "Reviewed.\n"})
    local.review("bob")
    good = local.view()
    covered = hostile.write(local, "reconciler", "checkpoint", [])
    advance = local.advance().tip  # an advance that would hold
    hostile.publish(local, good.tip)
    (local.folder.parent / "state" / "last-seen" / good.state.head.fleet).unlink()
    garbage = plain(local, good.tip)
    moved = hostile.resealed(
        local, advance, lambda raw: raw.replace(good.tip.encode(), garbage.encode(), 1), by="reconciler"
    )
    hostile.publish(local, moved)
    view = Journal(local.repo).view(local.clock())
    assert view.authorised == good.authorised
    assert view.stretch is not None
    assert view.stretch.last == moved
    local.journal = Journal(local.repo)
    after = local.append(waive(local, "carol", set_time=False), by="carol")
    assert after.authorised == good.authorised
    assert covered.act.kind == "checkpoint"
    assert cold(local).authorised == good.authorised
    assert local.advance().authorised != good.authorised  # the review is not spent


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([], "waive.stretch"),
        ([("Stretch", "{tip} {garbage}")], "waive.stretch"),
        ([("Stretch", "{garbage} {tip}")], "waive.stretch"),
        ([("Stretch", "{garbage}")], "waive.stretch"),
        ([("Stretch", "{garbage} {garbage}"), ("Set-Time", "soon")], "waive.time"),
        ([("Stretch", "{garbage} {garbage}"), ("Set-Time", "99999999999")], "waive.time"),
    ],
)
def test_waive_names_the_stretch_as_it_is(local: FleetSimulator, fields: list[tuple[str, str]], code: str) -> None:
    tip, garbage = broken(local, plain)
    spelled = tuple((name, value.format(tip=tip, garbage=garbage)) for name, value in fields)
    with pytest.raises(RefusedError, match=code.replace(".", r"\.")):
        local.append(waive(local, "carol", fields=spelled), by="carol")


def test_waive_that_does_not_hold_is_more_of_the_stretch(local: FleetSimulator) -> None:
    tip, garbage = broken(local, plain)
    honest = local.journal.build(local.view(), [waive(local, "carol")], local.appender("carol"), local.clock()).tip
    act = hostile.act_at(local, honest)
    for forged in (
        hostile.with_text(local, honest, local.repo.commit(honest).message, by="alice"),
        hostile.with_act(local, honest, replace(act, fields=(("Stretch", f"{garbage} {tip}"),)), by="carol"),
        hostile.with_files(local, honest, {"pending.yaml": b"paths:\n  x: y\n"}, by="carol"),
    ):
        found = hostile.replayed(local, forged)
        assert found.view is not None
        assert found.view.stretch is not None
        assert (found.view.tip, found.view.stretch.last) == (tip, forged)
    hostile.publish(local, forged)
    after = local.append(waive(local, "carol"), by="carol")
    assert cold(local).tip == after.tip


def test_waive_by_too_few_or_by_somebody_else(local: FleetSimulator) -> None:
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    local.commit("carol", {"governance/access.yaml": access_file(keys, threshold=2)})
    local.review("carol")
    local.advance()
    broken(local, plain)
    with pytest.raises(RefusedError, match=r"authority\.threshold"):
        local.append(waive(local, "carol"), by="carol")
    with pytest.raises(RefusedError, match=r"authority\.permission"):
        local.append(waive(local, "carol", "alice"), by="carol")
    with pytest.raises(RefusedError, match=r"authority\.actor"):
        local.append(waive(local, "carol", actor="person:dave"), by="carol")
    after = local.append(waive(local, "carol", "dave"), by="alice")
    assert [one.by for one in after.state.skipped().values()] == [("carol", "dave")]


def test_nothing_is_waived_where_everything_holds(local: FleetSimulator) -> None:
    hostile.three_acts(local)
    with pytest.raises(RefusedError, match="nothing to waive"):
        waive(local, "carol", set_time=False)
    with pytest.raises(RefusedError, match=r"waive\.nothing"):
        local.append(waive(local, "carol"), by="carol")
    tip = local.view().tip
    with pytest.raises(RefusedError, match=r"waive\.stretch"):
        local.append(waive(local, "carol", fields=(("Stretch", f"{tip} {tip}"),)), by="carol")


def test_branch_set_back_to_the_last_act_is_as_good_as_a_waive(world: FleetSimulator) -> None:
    tip, _ = broken(world, plain)
    assert world.view().stretch is not None
    hostile.publish(world, tip)
    assert world.view().stretch is None
    assert world.append(hostile.pause(world), by="alice").state.head.seq == 4
    assert cold(world).stretch is None


@pytest.mark.attack("L4")
def test_merge_that_hides_acts_is_a_rewound_journal(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    tree = local.repo.commit(commits[1]).tree
    parents = ["-p", commits[1], "-p", commits[3]]
    hidden = gitworld.git(local.work, "commit-tree", tree, *parents, "-m", "merge").decode()
    found = hostile.replayed(local, hidden)
    assert found.view is not None
    assert found.view.tip == commits[3]  # it goes on by the parent that has every act of the other
    fork = hostile.with_act(local, commits[2], replace(hostile.act_at(local, commits[2]), id="0" * 26))
    parents = ["-p", fork, "-p", commits[3]]
    both = gitworld.git(local.work, "commit-tree", tree, *parents, "-m", "merge").decode()
    assert hostile.offence(local, both) == "journal.merge"
    assert hostile.replayed(local, both).view is None


@pytest.mark.attack("L6")
def test_wrong_clock_is_set_back(local: FleetSimulator) -> None:
    """The clock of everybody ran ahead for a while, and acts landed; then it was mended (L6)."""
    before = local.view()
    now = local.clock()
    local.clock.pass_(30 * 86_400)
    local.append(hostile.write(local, "reconciler", "checkpoint", [], time=local.clock()), by="reconciler")
    wrong = local.append(hostile.pause(local), by="alice")
    local.clock.time = now + 600
    view = local.view()
    assert view.tip == before.tip
    assert view.stretch is not None
    assert (view.stretch.code, view.stretch.timed) == ("act.time", True)
    with pytest.raises(RefusedError, match="clock is behind the journal"):
        local.append(hostile.pause(local), by="alice")
    with pytest.raises(RefusedError, match=r"waive\.time"):
        local.append(waive(local, "carol", set_time=False), by="carol")
    after = local.append(waive(local, "carol"), by="carol")
    assert after.state.head.time == local.clock()
    assert after.state.pauses() == {}
    assert cold(local).tip == after.tip
    local.clock.pass_(60 * 86_400)  # what was ahead looks like an act again
    assert cold(local).tip == after.tip
    assert Journal(Repository.open(local.work)).view(local.clock()).tip == after.tip
    assert wrong.tip not in [one.commit for one in acts(local.repo, after.tip)]


def test_act_that_held_when_this_machine_saw_it_is_not_waived_behind_its_back(local: FleetSimulator) -> None:
    """Administrators together can call acts ahead of time: whoever saw them hold takes that for a rewound journal."""
    local.append(hostile.write(local, "reconciler", "checkpoint", []), by="reconciler")
    first = local.view().tip
    local.clock.pass_(3600)
    seen = local.append(hostile.write(local, "reconciler", "checkpoint", []), by="reconciler")
    now = local.clock()
    local.clock.time = now - 3000
    local.journal = Journal(local.repo)
    assert local.view().tip == first  # a machine whose clock is slow, or is set so
    tip = local.append(waive(local, "carol"), by="carol").tip
    local.clock.time = now
    save_last_seen(FLEET, seen.tip)
    remember_verified(FLEET, load_pins(FLEET), seen)
    local.journal = Journal(local.repo)
    assert hostile.offence(local, tip) == "journal.rewound"
    assert seen.tip != tip
    with pytest.raises(AgentgovError):
        Journal(local.repo).view(now)
    assert cold(local).tip == tip  # who never saw it cannot know


@pytest.mark.attack("L6")
def test_time_is_set_back_where_everything_holds(local: FleetSimulator) -> None:
    local.append(hostile.write(local, "reconciler", "checkpoint", [], time=local.clock() + 299), by="reconciler")
    assert local.view().state.head.time == local.clock() + 299
    after = local.append(waive(local, "carol"), by="carol")
    assert after.state.head.time == local.clock()
    assert cold(local).tip == after.tip


def test_remote_journal_is_mended_from_any_clone(world: FleetSimulator) -> None:
    broken(world, plain)
    world.append(hostile.pause(world), by="alice")
    world.append(waive(world, "carol", set_time=False), by="carol")
    assert world.tick().view.stretch is None
    assert cold(world).stretch is None


def test_envelope_alone_is_no_waive(local: FleetSimulator) -> None:
    """Who appends has no say in what is waived."""
    _, garbage = broken(local, plain)
    payload = hostile.payload_of(local, garbage)
    hostile.publish(local, hostile.sealed(local, payload, by="carol", namespace=GIT))
    assert local.view().stretch is not None
