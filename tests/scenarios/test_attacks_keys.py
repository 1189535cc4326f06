"""Attacks with keys: whose word is an act, and for what a signature was made (K2, K3, K7, K8, K10, L5)."""

from dataclasses import replace

import hostile
import pytest
from simulator import TRIAGE, FleetSimulator, access_file

from agentgov.errors import RefusedError
from agentgov.journal.draft import Appender, sign
from agentgov.journal.votes import may_promote
from agentgov.model.act import render
from agentgov.model.state import Vote
from agentgov.repo.objects import parse_commit
from agentgov.trust.sshsig import ACT, GIT


def test_honest_commit_is_accepted(local: FleetSimulator) -> None:
    assert hostile.code(local, hostile.honest(local)) == "accept"


@pytest.mark.attack("K2")
def test_act_by_a_key_that_is_not_in_access(local: FleetSimulator) -> None:
    mallory, honest = hostile.stranger(local), hostile.honest(local)
    text = render(hostile.act_at(local, honest))
    forged = hostile.with_text(local, honest, text, signatures=local.signers[mallory].sign(ACT, text))
    assert hostile.code(local, forged) == "journal.stranger"


@pytest.mark.attack("K2")
def test_envelope_by_a_key_that_is_not_in_access(local: FleetSimulator) -> None:
    mallory, honest = hostile.stranger(local), hostile.honest(local)
    assert hostile.code(local, hostile.resealed(local, honest, lambda raw: raw, by=mallory)) == "journal.stranger"


def test_append_by_a_stranger_writes_nothing(local: FleetSimulator) -> None:
    mallory, before = hostile.stranger(local), local.view().tip
    with pytest.raises(RefusedError, match="nobody's in Access"):
        local.append(hostile.pause(local), by=mallory)
    assert local.view().tip == before


@pytest.mark.attack("K3")
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"support/triage", b"finance/payroll"), (b"pause by alice", b"pause by erin!"), (b" +0000", b" +0100")],
)
def test_commit_edited_after_it_was_signed(local: FleetSimulator, old: bytes, new: bytes) -> None:
    forged = hostile.edited(local, hostile.honest(local), lambda raw: raw.replace(old, new, 1))
    assert hostile.code(local, forged) == "signature.invalid"


@pytest.mark.attack("K3")
def test_act_edited_and_appended_by_somebody_else(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    edited = hostile.resealed(local, honest, lambda raw: raw.replace(b"support/triage", b"finance/payroll"), by="bob")
    assert hostile.code(local, edited) == "signature.invalid"


@pytest.mark.attack("K7")
def test_key_of_one_person_on_an_act_that_names_another(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    text = render(hostile.act_at(local, honest)).replace(b"person:alice", b"person:carol")
    assert hostile.code(local, hostile.with_text(local, honest, text, by="alice")) == "authority.actor"


def test_act_that_names_a_bot_and_is_signed_by_a_person(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    text = render(hostile.act_at(local, honest)).replace(b"person:alice", b"bot:gate")
    assert hostile.code(local, hostile.with_text(local, honest, text, by="alice")) == "authority.actor"


def test_person_may_relay_the_act_of_another_and_it_stays_the_others(local: FleetSimulator) -> None:
    relayed = hostile.prepare(local, hostile.pause(local, "alice"), by="erin")
    assert hostile.code(local, relayed) == "accept"
    [pause] = hostile.state(local, relayed).pauses().values()
    assert pause.by == "alice"


@pytest.mark.attack("K7")
def test_name_of_the_committer_gives_no_right(local: FleetSimulator) -> None:
    draft = hostile.pause(local, "erin")
    as_carol = Appender(local.signers["erin"], "carol", "carol@sim.example")
    view = local.journal.build(local.view(), [draft], as_carol, local.clock())
    [pause] = hostile.state(local, view.tip).pauses().values()
    assert pause.by == "erin"


@pytest.mark.attack("K8")
def test_signature_of_a_commit_is_no_signature_of_an_act(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    text = render(hostile.act_at(local, honest))
    for namespace in (GIT, "file", "agentgov-act2"):
        armour = local.signers["alice"].sign(namespace, text)
        forged = hostile.with_text(local, honest, text, signatures=armour)
        assert hostile.code(local, forged) == "signature.namespace", namespace


@pytest.mark.attack("K8")
def test_envelope_does_not_stand_in_for_the_signature_of_the_act(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    envelope = parse_commit(local.repo.read(honest, "commit")).signature
    assert envelope is not None
    text = render(hostile.act_at(local, honest))
    assert hostile.code(local, hostile.with_text(local, honest, text, signatures=envelope)) == "signature.namespace"


@pytest.mark.attack("K8")
def test_signature_of_an_act_is_no_signature_of_a_commit(local: FleetSimulator) -> None:
    payload = hostile.payload_of(local, hostile.honest(local))
    for namespace in (ACT, "file"):
        assert hostile.code(local, hostile.sealed(local, payload, namespace=namespace)) == "signature.namespace"


def test_signature_of_another_act_does_not_fit(local: FleetSimulator) -> None:
    honest, other = hostile.honest(local), hostile.pause(local)
    text = render(hostile.act_at(local, honest))
    forged = hostile.with_text(local, honest, text, signatures=other.signatures[0])
    assert hostile.code(local, forged) == "signature.invalid"


def test_commit_and_act_without_a_signature(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    assert hostile.code(local, hostile.store(local, "commit", hostile.payload_of(local, honest))) == "journal.envelope"
    assert hostile.code(local, hostile.with_files(local, honest, {"act.sig": None})) == "journal.unsigned"
    assert hostile.code(local, hostile.with_files(local, honest, {"act.sig": b""})) == "journal.unsigned"


def test_every_signature_beside_an_act_must_hold(local: FleetSimulator) -> None:
    honest, mallory = hostile.honest(local), hostile.stranger(local)
    text = render(hostile.act_at(local, honest))
    mine, theirs = (local.signers[who].sign(ACT, text) for who in ("alice", mallory))
    assert hostile.code(local, hostile.with_text(local, honest, text, signatures=mine + theirs)) == "journal.stranger"
    assert hostile.code(local, hostile.with_text(local, honest, text, signatures=mine * 17)) == "journal.unsigned"


@pytest.mark.attack("K10")
def test_one_key_listed_for_two_people_has_no_effect(local: FleetSimulator) -> None:
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    shared = access_file({**keys, "erin": keys["alice"]})
    commit = local.commit("carol", {"governance/access.yaml": shared})
    local.review("carol", commit)
    local.review("dave", commit)
    view = local.advance()
    assert list(view.state.pending) == ["governance/access.yaml"]
    assert view.directory.by_key(keys["erin"]) is not None
    found = local.journal.verify(view.tip, local.clock(), cold=True)
    assert found.offence is None


@pytest.mark.parametrize("kind", ["advance", "release-seen", "stage", "pass"])
def test_person_signs_no_act_of_a_bot(local: FleetSimulator, kind: str) -> None:
    act = hostile.act_at(local, hostile.honest(local))
    trailers = {
        "advance": (("Main", local.head()), ("Authorised", local.view().authorised)),
        "release-seen": (("Agent", str(TRIAGE)), ("Release", "x"), ("Authorised-At", "0")),
        "stage": (("Agent", str(TRIAGE)), ("Release", "x"), ("Leaves", "none")),
        "pass": (("Agent", str(TRIAGE)), ("Release", "x")),
    }
    changed = replace(act, kind=kind, fields=trailers[kind])
    forged = hostile.with_act(local, hostile.honest(local), changed, by="alice")
    assert hostile.code(local, forged) == "authority.bots-only"


@pytest.mark.attack("L5")
@pytest.mark.parametrize(("bot", "kind"), [("gate", "advance"), ("gate", "resume"), ("reconciler", "pause")])
def test_bot_signs_no_act_outside_its_kind(local: FleetSimulator, bot: str, kind: str) -> None:
    fields = {
        "advance": [("Main", local.head()), ("Authorised", local.view().authorised)],
        "resume": [("Selector", "support/triage")],
        "pause": [("Selector", "support/triage"), ("Mode", "stop")],
    }
    draft = hostile.write(local, bot, kind, fields[kind])
    with pytest.raises(RefusedError, match="bot-kind"):
        local.append(draft, by=bot)
    forged = hostile.with_act(local, hostile.honest(local), draft.act, by=bot)
    assert hostile.code(local, forged) == "authority.bot-kind"


@pytest.mark.attack("L5")
def test_bot_lends_its_signature_to_nobody(local: FleetSimulator) -> None:
    act = hostile.pause(local).act
    draft = sign(act, local.signers["alice"], local.signers["reconciler"])
    with pytest.raises(RefusedError, match="bot-kind"):
        local.append(draft, by="alice")


def test_second_signer_needs_the_right_as_well(local: FleetSimulator) -> None:
    act = hostile.write(local, "alice", "resume", [("Selector", "support/triage")]).act
    local.append(hostile.pause(local), by="alice")
    assert local.append(sign(act, local.signers["alice"], local.signers["bob"]), by="alice").state.pauses() == {}


def test_gate_pauses_and_carries_the_time(local: FleetSimulator) -> None:
    local.clock.pass_(60)
    draft = hostile.write(local, "gate", "pause", [("Selector", "support/*"), ("Mode", "read-only")])
    view = local.append(draft, by="gate")
    assert view.state.head.time == local.clock()
    assert [pause.by for pause in view.state.pauses().values()] == ["gate"]
    with pytest.raises(RefusedError, match=r"authority\.time"):
        local.append(hostile.pause(local, "alice", time=local.clock()), by="alice")
    with pytest.raises(RefusedError, match=r"authority\.time"):
        local.append(hostile.write(local, "gate", "checkpoint", [], time=None), by="gate")


def test_promote_counts_while_its_author_may_promote_in_production(local: FleetSimulator) -> None:
    def counts(who: str) -> bool:
        return may_promote(local.view(), TRIAGE, Vote(by=who, release="x", stage="production", seq=1))

    assert [counts(who) for who in ("bob", "carol", "erin", "mallory", "gate")] == [True, True, False, False, False]
    keys = {name: signer.public_key for name, signer in local.signers.items() if name != "bob"}
    text = access_file(keys).replace("[alice, bob]", "[alice]").replace("[alice, bob, dave]", "[alice, dave]")
    local.commit("carol", {"governance/access.yaml": text})
    local.review("carol")
    local.advance()
    assert not counts("bob")


@pytest.mark.parametrize("who", ["erin", "gate"])
def test_whoever_may_pause_may_not_lift_it_without_the_right(local: FleetSimulator, who: str) -> None:
    local.append(hostile.pause(local), by="alice")
    lift = hostile.write(local, who, "resume", [("Selector", "support/triage")])
    if who == "erin":  # on call may
        assert local.append(lift, by=who).state.pauses() == {}
        return
    with pytest.raises(RefusedError, match="bot-kind"):
        local.append(lift, by=who)
