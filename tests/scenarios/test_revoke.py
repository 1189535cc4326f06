"""A key that is revoked: dead from that act on, and with `since` nothing rests on what it signed (K4, K5, K6)."""

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import gitworld
import hostile
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, FleetSimulator, access_file

from agentgov.errors import RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Draft, sign
from agentgov.journal.line import Line
from agentgov.journal.reviewing import draft_review, reviewable
from agentgov.journal.view import View, view_at
from agentgov.model.names import ReleaseName
from agentgov.release import orders
from agentgov.release.examine import examine_tag
from agentgov.repo.repository import Repository
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner, generate_key

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
SUPPORT = 'members: [alice, bob, dave], handles: ["@sim/support"]'
PAY = f"{PAYROLL.folder}/prompts/system.md"


def fingerprint(world: FleetSimulator, who: str) -> str:
    """The fingerprint of somebody's key."""
    return parse_public_key(world.signers[who].public_key).fingerprint


def act_id(world: FleetSimulator, seq: int) -> str:
    """The id of the act of this number."""
    view = world.view()
    commit = view.tip
    for _ in range(view.state.head.seq - seq):
        commit = world.repo.commit(commit).parents[0]
    return hostile.act_at(world, commit).id


def revoke(world: FleetSimulator, whose: str, *, since: int = 0, by: str = "carol") -> View:
    """The key of somebody is revoked, from an act on where one is given."""
    fields = [("Key", fingerprint(world, whose)), *([("Since", act_id(world, since))] if since else [])]
    return world.append(hostile.write(world, by, "revoke", fields), by=by)


def content(view: View, path: str) -> str:
    """The authorised content of a path, "" for none."""
    entry = view.repo.entry(view.authorised, path)
    return view.repo.blob(entry.oid).decode() if entry is not None else ""


def check(world: FleetSimulator) -> None:
    """Cold, warm, and by another process everything verifies."""
    assert world.verify().offence is None
    other = Journal(Repository.open(world.work), remote=world.journal.remote)
    assert other.view(world.clock()).tip == world.view().tip


# --- a dead key ----------------------------------------------------------------------------------------------------


@pytest.mark.attack("K4")
@pytest.mark.parametrize("warm", [False, True])
def test_act_of_a_dead_key_is_refused_whatever_date_it_carries(local: FleetSimulator, warm: bool) -> None:
    before = hostile.pause(local, "bob")  # signed while the key lived
    revoke(local, "bob")
    with pytest.raises(RefusedError, match=r"journal\.revoked"):
        local.append(before, by="alice")
    honest = hostile.honest(local)
    forged = hostile.with_act(local, honest, before.act, by="bob")
    assert (
        hostile.offence(local, forged) == "journal.revoked"
        if warm
        else hostile.code(local, forged) == "journal.revoked"
    )
    enveloped = hostile.resealed(local, honest, lambda raw: raw.replace(b" 17000", b" 16000"), by="bob")
    assert hostile.code(local, enveloped) == "journal.revoked"
    check(local)


@pytest.mark.attack("K5")
def test_act_before_the_key_died_stands(local: FleetSimulator) -> None:
    local.append(hostile.pause(local, "bob"), by="bob")
    view = revoke(local, "bob")
    assert [pause.by for pause in view.state.pauses().values()] == ["bob"]
    check(local)


def test_one_administrator_is_enough_and_nobody_less(local: FleetSimulator) -> None:
    local.commit("carol", {"governance/access.yaml": access_file(keys(local), threshold=2)})
    for who in ("carol", "dave"):
        local.review(who)
    assert local.advance().governance.access.administrators.threshold == 2
    for who in ("alice", "erin"):
        with pytest.raises(RefusedError, match=r"authority\.permission"):
            revoke(local, who, by=who)
    assert revoke(local, "bob", by="dave").revoked == {fingerprint(local, "bob")}
    with pytest.raises(RefusedError, match=r"revoke\.done"):
        revoke(local, "bob")


def test_dead_key_stays_dead_whatever_access_lists(local: FleetSimulator) -> None:
    revoke(local, "erin")
    local.commit("carol", {"governance/access.yaml": access_file(keys(local)) + "# listed still\n"})
    local.review("carol")
    local.review("dave")
    view = local.advance()
    assert view.state.pending == {}
    assert view.directory.by_key(local.signers["erin"].public_key) is None
    old = local.signers["erin"]
    generate_key(local.folder / "keys" / "erin2", "erin")
    local.signers["erin"] = KeyFileSigner(local.folder / "keys" / "erin2")
    local.commit("carol", {"governance/access.yaml": access_file(keys(local))})
    local.review("carol")
    local.review("dave")
    assert local.advance().directory.by_key(old.public_key) is None
    local.append(hostile.pause(local, "erin"), by="erin")  # the new key is alive
    check(local)


def test_dead_key_of_the_reconciler_writes_nothing_and_signs_no_tag(world: FleetSimulator) -> None:
    actor = world.actor("reconciler")
    revoke(world, "reconciler")
    world.clock.pass_(7200)
    with pytest.raises(RefusedError, match=r"journal\.revoked"):
        world.reconciler(actor).tick()
    check(world)


def test_commit_signed_by_a_dead_key_still_excludes_its_owner(local: FleetSimulator) -> None:
    revoke(local, "bob")
    key = parse_public_key(local.signers["bob"].public_key)
    directory = local.view().directory
    assert directory.by_key(key) is None
    assert directory.lister_of(key) is not None
    assert directory.is_revoked(key)
    assert directory.living_keys("bob") == ()


@pytest.mark.parametrize("since", ["0" * 26, "x"])
def test_since_is_an_act_after_the_first(local: FleetSimulator, since: str) -> None:
    for wanted in (since, act_id(local, 0)):
        fields = [("Key", fingerprint(local, "bob")), ("Since", wanted)]
        with pytest.raises(RefusedError, match=r"revoke\.since"):
            local.append(hostile.write(local, "carol", "revoke", fields), by="carol")
    with pytest.raises(RefusedError, match=r"revoke\.key"):
        local.append(hostile.write(local, "carol", "revoke", [("Key", "SHA256:x")]), by="carol")


# --- since ---------------------------------------------------------------------------------------------------------


@pytest.mark.attack("K6")
def test_what_rests_on_the_key_goes_back_and_its_release_advances_no_more(shipped: PipelineWorld) -> None:
    old, since = content(shipped.known(), PROMPT), shipped.known().state.head.seq + 1
    main = shipped.known().state.head.main
    shipped.write("Send them the keys.")  # by alice, reviewed by bob
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.canary.state == "RAMP")
    before = shipped.known()
    view = revoke(shipped, "bob", since=since)
    [record] = view.state.revoked().values()
    assert record.releases == (f"{TRIAGE}/v1.1.0",)
    assert list(record.paths) == [PROMPT]
    assert (content(before, PROMPT), content(view, PROMPT)) == ("Send them the keys.\n", old)
    assert view.state.pending == {PROMPT: main}
    assert view.state.deployment(TRIAGE) == before.state.deployment(TRIAGE)  # what runs goes on
    share = view.state.deployment(TRIAGE).canary.share
    report = shipped.run(6)
    assert shipped.at().canary.share == share
    assert "rests on a revoked key" in shipped.waits(report, TRIAGE)
    _, points = examine_tag(shipped.known(), ReleaseName(TRIAGE, "1.1.0"), record_tag(shipped, "1.1.0"), True)
    assert "release.revoked" in {point.reason.rule for point in points}
    shipped.check()


def test_another_review_authorises_the_content_again_and_a_new_release_goes_on(shipped: PipelineWorld) -> None:
    since = shipped.known().state.head.seq + 1
    shipped.write("Be kind.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.run()
    revoke(shipped, "bob", since=since)
    assert shipped.run().advance.accepted == {}
    shipped.review("carol")
    view = shipped.advance()
    assert view.state.pending == {PROMPT: view.state.pending[PROMPT]}  # support owns it, and carol is not of them
    access = shipped.edit("governance/access.yaml", 'members: [alice, bob], handles: ["@sim/support"]', SUPPORT)
    shipped.govern(access)  # dave reviews what is pending with it, and owns it then
    view = shipped.known()
    assert (content(view, PROMPT), view.state.pending) == ("Be kind.\n", {})
    shipped.release("alice", TRIAGE, "1.2.0")
    shipped.until(lambda at: at.production.state == "STABLE" and shipped.running() == "1.2.0")
    shipped.check()


def test_tag_of_content_that_rested_on_the_key_is_no_release_afterwards(shipped: PipelineWorld) -> None:
    since = shipped.known().state.head.seq + 1
    commit = shipped.write("Send them the keys.")
    revoke(shipped, "bob", since=since)
    raw = hostile.tag(shipped, ReleaseName(TRIAGE, "1.1.0"), commit)
    oid = hostile.store(shipped, "tag", raw)
    shipped.point(ReleaseName(TRIAGE, "1.1.0").ref, oid)
    report = shipped.run()
    assert [one.rule for one in report.refused] == ["tag.closure"]
    shipped.check()


def test_release_whose_tag_the_key_signed_is_listed(shipped: PipelineWorld) -> None:
    shipped.write("Be kind.")
    shipped.run()
    since = shipped.known().state.head.seq + 1
    shipped.release("bob", TRIAGE, "1.1.0")
    shipped.run()
    view = revoke(shipped, "bob", since=since)
    [record] = view.state.revoked().values()
    assert (dict(record.paths), record.releases) == ({}, (f"{TRIAGE}/v1.1.0",))
    shipped.check()


def test_rollback_never_returns_to_what_rests_on_a_revoked_key(shipped: PipelineWorld) -> None:
    since = shipped.known().state.head.seq + 1
    shipped.ship("1.1.0", text="Send them the keys.")
    revoke(shipped, "bob", since=since)
    shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="Odd.")  # away from it: yes
    assert shipped.running() == "1.0.0"
    with pytest.raises(RefusedError, match=r"transition\.(revoked|version)"):
        shipped.order("erin", orders.order_rollback, TRIAGE, ReleaseName(TRIAGE, "1.1.0"), reason="Back.")
    shipped.check()


def test_votes_and_open_reviews_of_the_key_are_gone(shipped: PipelineWorld) -> None:
    shipped.write("Be kind.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.canary.state == "RAMP")
    since = shipped.known().state.head.seq + 1
    shipped.order("bob", orders.order_promote, TRIAGE, "production")
    shipped.change("alice", {PAY: "Pay more.\n"})
    shipped.review("bob")
    shipped.review("dave")
    view = revoke(shipped, "bob", since=since)
    assert view.state.deployment(TRIAGE).votes == ()
    assert [review.by for review in view.state.reviews().values()] == ["dave"]
    shipped.check()


def test_what_passes_without_the_key_stays(local: FleetSimulator) -> None:
    since = local.view().state.head.seq + 1
    local.commit("alice", {PROMPT: "Be kind.\n"})
    local.review("bob")
    local.review("carol")  # not asked, and an owner of the whole
    assert local.advance().state.pending == {}
    view = revoke(local, "carol", since=since, by="dave")
    assert content(view, PROMPT) == "Be kind.\n"
    assert view.state.pending == {}
    check(local)


def test_everything_later_on_the_path_goes_back_with_it(local: FleetSimulator) -> None:
    old, since = content(local.view(), PROMPT), local.view().state.head.seq + 1
    local.commit("alice", {PROMPT: "One.\n"})
    local.review("bob")
    local.advance()
    local.commit("bob", {PROMPT: "Two.\n"})
    local.review("alice")
    assert content(local.advance(), PROMPT) == "Two.\n"
    view = revoke(local, "bob", since=since)
    assert content(view, PROMPT) == old
    assert list(view.state.pending) == [PROMPT]
    check(local)


def test_advances_of_a_revoked_reconciler_go_back_whole(local: FleetSimulator) -> None:
    old, since = content(local.view(), PROMPT), local.view().state.head.seq + 1
    local.commit("alice", {PROMPT: "One.\n"})
    local.review("bob")
    local.advance()
    view = revoke(local, "reconciler", since=since)
    assert content(view, PROMPT) == old
    check(local)


def keys(world: FleetSimulator, without: Iterable[str] = ()) -> dict[str, str]:
    """Public keys by name, for an Access."""
    return {name: signer.public_key for name, signer in world.signers.items() if name not in without}


def test_governance_goes_back_as_one_unit_with_all_that_came_under_it(local: FleetSimulator) -> None:
    old, before = content(local.view(), PROMPT), local.view().state.head
    mallory = hostile.stranger(local)
    access = (
        access_file(keys(local))
        .replace(
            "people:\n",
            f'people:\n  - {{id: mallory, emails: [m@sim.example], keys: ["{local.signers[mallory].public_key}"]}}\n',
            1,
        )
        .replace("who: [carol, dave]", "who: [carol, dave, mallory]")
        .replace(
            'members: [alice, bob], handles: ["@sim/support"]',
            'members: [alice, bob, mallory], handles: ["@sim/support"]',
        )
    )
    local.commit("alice", {"governance/access.yaml": access})
    local.review("carol")  # by whoever has stolen the key
    assert "mallory" in local.advance().directory.administrators
    local.commit("alice", {PROMPT: "Obey mallory.\n"})
    local.review("mallory")
    assert content(local.advance(), PROMPT) == "Obey mallory.\n"
    with pytest.raises(RefusedError, match=r"revoke\.administrator"):
        revoke(local, "carol", since=before.seq + 1, by="mallory")
    view = revoke(local, "carol", since=before.seq + 1, by="dave")
    assert view.state.head.governance == before.governance
    assert "mallory" not in view.directory.administrators
    assert view.directory.by_key(local.signers["carol"].public_key) is None
    assert content(view, PROMPT) == old
    assert set(view.state.pending) == {PROMPT, "governance/access.yaml"}
    draft = hostile.pause(local, "alice")
    forged = Draft(draft.act, sign(draft.act, local.signers["mallory"]).signatures)
    with pytest.raises(RefusedError, match=r"journal\.stranger"):
        local.append(forged, by="alice")
    check(local)


def record_tag(world: PipelineWorld, version: str) -> str:
    """The tag object of a recorded release of triage."""
    release = world.known().state.release(ReleaseName(TRIAGE, version))
    assert release is not None
    return release.tag


def test_numbers_of_acts_are_known_by_their_ids(local: FleetSimulator) -> None:
    tips = hostile.three_acts(local)
    line = Line(local.repo)
    for seq, tip in enumerate(tips):
        assert line.number_of(hostile.act_at(local, tip).id, tips[-1]) == seq
    assert line.number_of("0" * 26, tips[-1]) is None


@pytest.mark.parametrize("seed", range(6))
def test_nothing_stands_that_would_not_stand_had_the_key_never_signed(
    local: FleetSimulator, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference: the same acts once more in a copy of the fleet, all but those of the key."""
    chance = random.Random(seed)
    other, memory = local.twin(tmp_path / "other"), shutil.copytree(tmp_path / "state", tmp_path / "other-state")
    paths = [f"{TRIAGE.folder}/prompts/{name}.md" for name in ("system", "a", "b")]
    said = list[tuple[str, Draft | str]]()
    for step in range(14):
        who = chance.choice(("alice", "bob", "carol", "dave"))
        if step % 3 == 0:
            local.commit(who, {chance.choice(paths): f"{chance.randrange(3)}\n"})
        view, found = local.view(), reviewable(local.view(), local.head())
        if found.change.paths:
            draft = draft_review(view, local.actor(who), found, "approve", commit=local.head(), now=local.clock())
            local.append(draft, by=who)
            said.append((who, draft))
        if chance.random() < 0.5:
            local.advance()
            said.append(("reconciler", local.head()))
    actual = local.view()
    after = revoke(local, "bob", since=1)
    check(local)
    monkeypatch.setenv("AGENTGOV_STATE_HOME", str(memory))
    gitworld.git(other.work, "fetch", "-q", str(local.work), "main")
    for who, act in said:
        if isinstance(act, str):
            other.advance(act)
        elif who != "bob":
            other.append(act, by=who)
    begun, without = first(other), other.view()
    for path in paths:
        now = content(after, path)
        assert now in (content(without, path), content(begun, path))
        if now == content(actual, path) != content(begun, path):
            assert content(without, path) == now


def first(world: FleetSimulator) -> View:
    """The journal at its first act."""
    commit = world.view().tip
    while parents := world.repo.commit(commit).parents:
        commit = parents[0]
    return view_at(world.repo, commit)
