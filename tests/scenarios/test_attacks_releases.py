"""Attacks on release tags: forged, under another name, of other things, on old or unreviewed content (T2-T5, G1-G7).

Every tag is judged twice: as a reconciler would at first sight, and as an act that a reconciler's key put into the
journal all the same.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import gitworld
import hostile
import msgspec
import pytest
from simulator import PAYROLL, TRIAGE, FleetSimulator, access_file

from agentgov.errors import IncompleteError
from agentgov.journal.draft import Draft
from agentgov.journal.records import to_bytes
from agentgov.journal.replay import verify_journal
from agentgov.journal.tags import TagText, judge_tag, parse_tag_message, tag_message
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.snapshot import FILE
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal, release_trailer
from agentgov.release.tagging import closure_at
from agentgov.repo.objects import object_id
from agentgov.trust.pins import load_pins
from agentgov.trust.sshsig import ACT

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
V1 = ReleaseName(TRIAGE, "1.0.0")


def judged(world: FleetSimulator, raw: bytes, name: ReleaseName = V1) -> Release | Refusal:
    """What the tag is at first sight."""
    return judge_tag(world.view(), name, object_id("tag", raw), raw)


def seen(world: FleetSimulator, release: Release, raw: bytes) -> Draft:
    """The act by which the reconciler records a release."""
    fields = [
        ("Agent", str(release.release_name.agent)),
        ("Release", release_trailer(release)),
        ("Authorised-At", str(release.authorised_at)),
    ]
    draft = hostile.write(world, "reconciler", "release-seen", fields)
    return replace(draft, files={f"releases/{release.name}.tag": raw})


def record(world: FleetSimulator, raw: bytes, name: ReleaseName = V1) -> Release:
    """Record a release, honestly."""
    release = judged(world, raw, name)
    assert isinstance(release, Release), release
    world.append(seen(world, release, raw), by="reconciler")
    return release


def code(world: FleetSimulator, raw: bytes, name: ReleaseName = V1) -> str:
    """Why the tag is no release: the code, the same from the reconciler and from a verifier of its act."""
    refusal = judged(world, raw, name)
    assert isinstance(refusal, Refusal), refusal
    claimed = Release(
        name=str(name),
        tag=object_id("tag", raw),
        commit=world.head(),
        closure=closure_at(world.repo, name.agent, world.head())[0].digest,
        authorised_at=0,
        seen=world.clock(),
        by="alice",
    )
    honest = hostile.honest(world)
    act = seen(world, claimed, raw).act
    forged = hostile.with_act(world, honest, act, by="reconciler")
    forged = hostile.with_files(world, forged, {f"releases/{name}.tag": raw}, by="reconciler")
    assert hostile.code(world, forged) == refusal.code
    return refusal.code


def advanced(world: FleetSimulator, text: str) -> str:
    """A reviewed change of the prompt, taken over."""
    commit = world.commit("alice", {PROMPT: text})
    world.review("bob")
    assert world.advance().state.pending == {}
    return commit


def test_honest_tag_is_a_release_from_the_act_that_authorised_it(local: FleetSimulator) -> None:
    assert record(local, hostile.tag(local, V1)).authorised_at == 0
    advanced(local, "Sort by age.\n")
    local.append(hostile.pause(local), by="alice")
    name = ReleaseName(TRIAGE, "1.1.0")
    release = record(local, hostile.tag(local, name), name)
    assert release.authorised_at == 3  # seen, review, advance, pause
    assert hostile.code(local, local.view().tip) == "accept"


@pytest.mark.attack("T2")
def test_tag_object_under_another_name(local: FleetSimulator) -> None:
    assert code(local, hostile.tag(local, ReleaseName(TRIAGE, "1.0.1"))) == "tag.name"
    assert code(local, hostile.tag(local, ReleaseName(PAYROLL, "1.0.0"), who="bob")) == "tag.name"


@pytest.mark.attack("T3")
@pytest.mark.parametrize("kind", ["tree", "blob", "tag"])
def test_tag_of_something_else_than_a_commit(local: FleetSimulator, kind: str) -> None:
    text = hostile.tag_text(local, TRIAGE, local.head())
    target = {
        "tree": local.repo.commit(local.head()).tree,
        "blob": local.repo.write_blob(b"x"),
        "tag": hostile.store(local, "tag", hostile.tag(local, V1)),
    }[kind]
    assert (
        code(local, hostile.signed_tag(local, hostile.tag_payload(local, V1, text, target, kind=kind))) == "tag.target"
    )


@pytest.mark.attack("T3")
@pytest.mark.parametrize("kind", ["tree", "blob", "tag"])
def test_tag_that_calls_something_else_a_commit(local: FleetSimulator, kind: str) -> None:
    text = hostile.tag_text(local, TRIAGE, local.head())
    targets = {"tree": local.repo.commit(local.head()).tree, "blob": local.repo.write_blob(b"x")}
    target = targets.get(kind) or hostile.store(local, "tag", hostile.tag(local, V1))
    assert code(local, hostile.signed_tag(local, hostile.tag_payload(local, V1, text, target))) == "tag.commit"


@pytest.mark.attack("T3")
def test_commit_in_place_of_a_tag(local: FleetSimulator) -> None:
    assert code(local, local.repo.read(local.head(), "commit")) == "tag.object"


@pytest.mark.attack("T4")
def test_tag_on_content_that_was_never_authorised(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: "Obey me.\n"})
    local.advance()
    assert code(local, hostile.tag(local, V1)) == "tag.closure"


def test_tag_that_binds_authorised_content_and_points_at_other_content(local: FleetSimulator) -> None:
    text = hostile.tag_text(local, TRIAGE, local.head())
    evil = local.commit("alice", {PROMPT: "Obey me.\n"})
    assert code(local, hostile.signed_tag(local, hostile.tag_payload(local, V1, text, evil))) == "tag.commit"


def test_tag_that_binds_content_of_another_agent(local: FleetSimulator) -> None:
    text = hostile.tag_text(local, PAYROLL, local.head())
    assert code(local, hostile.signed_tag(local, hostile.tag_payload(local, V1, text))) == "tag.closure"


def test_agent_that_is_not_there_has_no_releases(local: FleetSimulator) -> None:
    name = ReleaseName(AgentId("support", "ghost"), "1.0.0")
    text = hostile.tag_text(local, TRIAGE, local.head())
    refusal = judged(local, hostile.signed_tag(local, hostile.tag_payload(local, name, text)), name)
    assert isinstance(refusal, Refusal)
    empty = replace(text, closure="")
    assert parse_tag_message(tag_message(name, empty).encode()) is None


@pytest.mark.attack("T5")
def test_higher_number_on_content_older_than_the_last_release(local: FleetSimulator) -> None:
    old = local.head()
    advanced(local, "Sort by age.\n")
    record(local, hostile.tag(local, V1))
    v9 = ReleaseName(TRIAGE, "9.0.0")
    refusal = judged(local, hostile.tag(local, v9, old), v9)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "tag.closure"


def test_old_content_is_new_once_it_was_reviewed_again(local: FleetSimulator) -> None:
    record(local, hostile.tag(local, V1))
    advanced(local, "Sort by age.\n")
    v2, v3 = ReleaseName(TRIAGE, "2.0.0"), ReleaseName(TRIAGE, "3.0.0")
    record(local, hostile.tag(local, v2), v2)
    advanced(local, "Sort tickets by urgency.\n")
    assert record(local, hostile.tag(local, v3), v3).authorised_at == local.view().state.head.seq - 1
    assert hostile.code(local, local.view().tip) == "accept"


def test_second_name_for_the_same_content(local: FleetSimulator) -> None:
    first = record(local, hostile.tag(local, V1))
    v2 = ReleaseName(TRIAGE, "1.0.1")
    assert record(local, hostile.tag(local, v2), v2).authorised_at == first.authorised_at


def test_change_of_another_agent_does_not_make_content_younger(local: FleetSimulator) -> None:
    path = f"{PAYROLL.folder}/prompts/system.md"
    local.commit("carol", {path: "Never guess.\n"})
    for who in ("alice", "bob"):
        local.review(who)
    assert local.advance().state.pending == {}
    release = judged(local, hostile.tag(local, V1))
    assert isinstance(release, Release)
    assert release.authorised_at == 0


@pytest.mark.attack("T1")
def test_tag_moved_to_another_object_is_not_recorded_again(local: FleetSimulator) -> None:
    record(local, hostile.tag(local, V1))
    text = replace(hostile.tag_text(local, TRIAGE, local.head()), seq=0, journal=first_act(local))
    other = hostile.signed_tag(local, hostile.tag_payload(local, V1, text))
    again = judged(local, other)
    assert isinstance(again, Release)
    forged = hostile.with_act(local, hostile.honest(local), seen(local, again, other).act, by="reconciler")
    assert hostile.code(local, forged) == "release.known"


def first_act(world: FleetSimulator) -> str:
    """The commit of the first act."""
    pins = load_pins(world.view().state.head.fleet)
    assert pins is not None
    return pins.journal_root


@pytest.mark.attack("K2")
@pytest.mark.parametrize("who", ["mallory", "erin", "reconciler", "gate"])
def test_tag_by_somebody_who_may_not_release(local: FleetSimulator, who: str) -> None:
    hostile.stranger(local)
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    text = access_file(keys).replace("who: [team:security], agents", "who: [alice], agents")
    local.commit("carol", {"governance/access.yaml": text})
    local.review("carol")
    local.advance()
    assert code(local, hostile.tag(local, V1, who=who)) == ("tag.permission" if who == "erin" else "tag.stranger")


def bad_texts(world: FleetSimulator, text: TagText) -> dict[str, TagText]:
    """What a tag could bind and must not."""
    side = hostile.honest(world)  # well made, and not in the journal
    return {
        "another fleet": replace(text, fleet="7f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001"),
        "another number of the act": replace(text, seq=text.seq + 1),
        "an act that is not in the journal": replace(text, journal=side, seq=text.seq + 1),
        "a commit of main": replace(text, journal=world.head()),
        "an object that nobody has": replace(text, journal="0" * 40),
    }


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("another fleet", "tag.fleet"),
        ("another number of the act", "tag.journal"),
        ("an act that is not in the journal", "tag.journal"),
        ("a commit of main", "tag.journal"),
        ("an object that nobody has", "tag.journal"),
    ],
)
def test_tag_that_speaks_of_another_journal(local: FleetSimulator, how: str, wanted: str) -> None:
    text = bad_texts(local, hostile.tag_text(local, TRIAGE, local.head()))[how]
    assert code(local, hostile.signed_tag(local, hostile.tag_payload(local, V1, text))) == wanted


Change = Callable[[bytes], bytes]
END = b"-----END SSH SIGNATURE-----\n"
AFTER: dict[str, Change] = {
    "unsigned": lambda raw: raw[: raw.index(b"-----BEGIN")],
    "G2 text after the signature": lambda raw: raw + b"approved by carol\n",
    "G3 second signature": lambda raw: raw + raw[raw.index(b"-----BEGIN") :],
    "G4 extra header": lambda raw: raw.replace(b"\ntagger", b"\nx-approved carol\ntagger", 1),
    "G5 second object": lambda raw: raw.replace(b"type", raw.split(b"\n")[0] + b"\ntype", 1),
    "G5 second tagger": lambda raw: raw.replace(b"\n\nrelease", b"\ntagger carol <c@x> 1 +0000\n\nrelease", 1),
    "G6 NUL": lambda raw: raw.replace(b"release support", b"release\0support", 1),
    "G7 blank line in the armour": lambda raw: raw.replace(b"SIGNATURE-----\n", b"SIGNATURE-----\n\n", 1),
    "edited message": lambda raw: raw.replace(b"release support", b"approve support", 1),
    "edited target": lambda raw: re.sub(rb"object [0-9a-f]{40}", b"object " + b"0" * 40, raw, count=1),
    "edited tagger": lambda raw: raw.replace(b"tagger alice", b"tagger carol", 1),
    "no final newline": lambda raw: raw[:-1],
    "CRLF": lambda raw: raw.replace(b"\n", b"\r\n"),
    "trailers not last": lambda raw: raw.replace(b"-----BEGIN", b"\nThanks!\n-----BEGIN", 1),
}


@pytest.mark.attack("G2", "G3")
@pytest.mark.parametrize("how", AFTER)
def test_tag_changed_after_it_was_signed(local: FleetSimulator, how: str) -> None:
    assert code(local, AFTER[how](hostile.tag(local, V1))) in (
        "tag.object",
        "tag.unsigned",
        "tag.signature",
        "tag.message",
    )


@pytest.mark.attack("K8")
@pytest.mark.parametrize("namespace", [ACT, "file"])
def test_signature_for_something_else(local: FleetSimulator, namespace: str) -> None:
    raw = hostile.tag_payload(local, V1, hostile.tag_text(local, TRIAGE, local.head()))
    assert code(local, hostile.signed_tag(local, raw, namespace=namespace)) == "tag.signature"


MESSAGES = [
    lambda text: text.replace("Agentgov-Closure", "Agentgov-Closures"),
    lambda text: text.replace("Agentgov-Fleet", "agentgov-fleet"),
    lambda text: text + "Agentgov-Fleet: again\n",
    lambda text: text.replace("\n\nAgentgov", "\nAgentgov"),
    lambda text: text.replace("Agentgov-Journal: 0", "Agentgov-Journal: 00"),
    lambda text: re.sub("Closure: .", "Closure: G", text),
    lambda text: text + "\n",
]


@pytest.mark.parametrize("edit", MESSAGES)
def test_message_of_a_tag_has_one_grammar(local: FleetSimulator, edit: Callable[[str], str]) -> None:
    text = tag_message(V1, hostile.tag_text(local, TRIAGE, local.head()))
    assert parse_tag_message(text.encode()) is not None
    assert parse_tag_message(edit(text).encode()) is None
    assert parse_tag_message(text.encode() + b"\xff") is None


def test_notes_of_a_tag_are_free_and_bind_nothing(local: FleetSimulator) -> None:
    honest = hostile.tag_text(local, TRIAGE, local.head())
    notes = f"Agentgov-Fleet: x\nAgentgov-Closure: {'0' * 64}\nAgentgov-Journal: 7 {'0' * 40}"
    assert parse_tag_message(tag_message(V1, honest, notes).encode()) == honest


def bindings(release: Release) -> Iterable[tuple[str, tuple[tuple[str, str], ...]]]:
    """What a reconciler's act could say of a release and must not: a word for it, and the trailers."""
    honest = (
        ("Agent", str(TRIAGE)),
        ("Release", release_trailer(release)),
        ("Authorised-At", str(release.authorised_at)),
    )
    for word, name, value in (
        ("agent", "Agent", str(PAYROLL)),
        ("commit", "Release", release_trailer(release).replace(release.commit, "0" * 40)),
        ("closure", "Release", release_trailer(release).replace(release.closure, "0" * 64)),
        ("name", "Release", release_trailer(release).replace("v1.0.0", "v1.0.1")),
        ("short", "Release", release.name),
        ("since", "Authorised-At", "1"),
        ("since, odd", "Authorised-At", "00"),
    ):
        yield word, tuple((key, value if key == name else old) for key, old in honest)


def test_act_says_of_a_release_exactly_what_its_tag_says(local: FleetSimulator) -> None:
    raw = hostile.tag(local, V1)
    release = judged(local, raw)
    assert isinstance(release, Release)
    draft = seen(local, release, raw)
    honest = hostile.prepare(local, draft, by="reconciler")
    for word, fields in bindings(release):
        forged = hostile.with_act(local, honest, replace(draft.act, fields=fields), by="reconciler")
        assert hostile.code(local, forged).startswith("release."), word
    assert (
        hostile.code(local, hostile.with_files(local, honest, {f"releases/{V1}.tag": None}, "reconciler"))
        == "release.tag-missing"
    )
    later = msgspec.structs.replace(release, by="bob")
    path = f"releases/{V1}.yaml"
    assert (
        hostile.code(local, hostile.with_files(local, honest, {path: to_bytes(later)}, "reconciler"))
        == "journal.replay"
    )


def test_tag_of_a_commit_that_is_not_here_cannot_be_told(local: FleetSimulator) -> None:
    text = hostile.tag_text(local, TRIAGE, local.head())
    with pytest.raises(IncompleteError):
        judged(local, hostile.signed_tag(local, hostile.tag_payload(local, V1, text, "1" * 40)))


@pytest.mark.attack("T7")
def test_recorded_release_outlives_its_tag(local: FleetSimulator) -> None:
    raw = hostile.tag(local, V1)
    record(local, raw)
    gitworld.git(local.work, "tag", "-l")
    found = verify_journal(local.repo, local.view().tip, load_pins(local.view().state.head.fleet), local.clock())
    assert found.offence is None
    assert found.view is not None
    stored = local.repo.entry(found.view.tree, f"releases/{V1}.tag")
    assert stored is not None
    assert stored.mode == FILE
    assert local.repo.blob(stored.oid) == raw
