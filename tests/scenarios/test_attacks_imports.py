"""Attacks on reviews that were imported from a forge: whose they are, of what, and who wrote the change (A4, A6-A8)."""

from dataclasses import replace

import gitworld
import hostile
import pytest
from simulator import FLEET_YAML, PAYROLL, TRIAGE, FleetSimulator, access_file

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft, sign
from agentgov.journal.importing import ForgeReview, draft_bound, draft_dismissal
from agentgov.journal.reviewing import reviewable
from agentgov.model.act import IMPORTED, new_id
from agentgov.model.imported import imported_path, landed_path, proof_path
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner, generate_key

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
PAY_PROMPT = f"{PAYROLL.folder}/prompts/system.md"
FIRST, SECOND = "Sort by age.\n", "Sort by name.\n"
NUMBERS = {"alice": 1001, "bob": 1002, "carol": 1003, "dave": 1004}
NOBODY = 6666
PAUSE = [("Selector", "support/triage"), ("Mode", "stop")]


def with_accounts(world: FleetSimulator) -> None:
    """An importer with a key, and accounts of github for those who have a number above."""
    key = generate_key(world.folder / "keys" / "importer", "importer")
    world.signers["importer"] = KeyFileSigner(world.folder / "keys" / "importer")
    text = access_file({name: signer.public_key for name, signer in world.signers.items()})
    text = text.replace("bots:\n", f'bots:\n  - {{id: importer, kind: importer, keys: ["{key}"]}}\n')
    for name, number in NUMBERS.items():
        account = f"emails: [{name}@sim.example], github: {{login: {name}-gh, id: {number}}}"
        text = text.replace(f"emails: [{name}@sim.example]", account)
    world.commit("carol", {"governance/access.yaml": text})
    world.review("carol")
    assert world.advance().state.pending == {}


@pytest.fixture
def forge(local: FleetSimulator) -> FleetSimulator:
    """A fleet whose Access knows accounts of a forge, and an importer."""
    with_accounts(local)
    return local


def given(world: FleetSimulator, who: str, **changes: object) -> ForgeReview:
    """An approval of the tip of main on the forge; alice opened the pull request and pushed to it."""
    number = NUMBERS.get(who, NOBODY)
    found = ForgeReview(
        "github", "77", number, f"{who}-gh", "approve", world.head(), NUMBERS["alice"], (NUMBERS["alice"],)
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def draft(world: FleetSimulator, review: ForgeReview, base: str = "") -> Draft:
    """The importer's act of it; the pull request left main at `base`, or where the fleet began."""
    view = world.view()
    base = base or view.state.head.introduction
    found = reviewable(view, review.commit, base)
    return draft_bound(view, world.actor("importer"), review, found, now=world.clock())


def imported(world: FleetSimulator, who: str, base: str = "", **changes: object) -> str:
    """Import a review; the id of its act."""
    act = draft(world, given(world, who, **changes), base)
    world.append(act, by="importer")
    return act.act.id


def dismissed(world: FleetSimulator, review_id: str = "77") -> None:
    """The importer saw that a review was dismissed."""
    review = given(world, "bob", review_id=review_id)
    world.append(draft_dismissal(world.view(), world.actor("importer"), review, now=world.clock()), by="importer")


def pending(world: FleetSimulator) -> list[str]:
    """What is pending at the tip of main, after a cold verification of what was written."""
    view = world.advance()
    assert hostile.code(world, view.tip) == "accept"
    return list(view.state.pending)


def uncounted(world: FleetSimulator) -> set[tuple[str, str]]:
    """Whose review of what is at main does not count, and why."""
    verdict = reviewable(world.view(), world.head()).verdict
    return {(one.person, one.reason) for path in verdict.paths for one in path.uncounted}


def files(world: FleetSimulator) -> set[str]:
    """What lies in the journal's tree."""
    listed = gitworld.git(world.work, "ls-tree", "-r", "--name-only", world.view().tip)
    return set(listed.decode().splitlines())


def test_imported_review_of_an_owner_counts(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    act = imported(forge, "bob")
    assert imported_path(act) in files(forge)
    assert pending(forge) == []
    left = files(forge)
    assert landed_path("github", "77") in left  # it lands once, whatever becomes of it
    assert left.isdisjoint({imported_path(act), proof_path(act), f"reviews/{act}.yaml"})


def test_reviewed_commit_may_be_gone_where_it_is_verified(forge: FleetSimulator) -> None:
    base = forge.head()
    reviewed = forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob")
    gitworld.git(forge.work, "reset", "-q", "--hard", base)
    forge.commit("alice", {PROMPT: FIRST, "README.md": "Squashed.\n"})
    gitworld.git(forge.work, "reflog", "expire", "--expire=now", "--all")
    gitworld.git(forge.work, "gc", "-q", "--prune=now")
    assert not forge.repo.has(reviewed)
    assert pending(forge) == []


@pytest.mark.attack("A4")
def test_whoever_pushed_is_an_author_whatever_address_the_commit_bears(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})  # it was bob who pushed this
    imported(forge, "dave", pushers=(NUMBERS["alice"], NUMBERS["bob"]))
    forge.review("bob")
    assert pending(forge) == [PROMPT]
    assert ("bob", "author") in uncounted(forge)


@pytest.mark.attack("A4")
@pytest.mark.parametrize("verdict", ["approve", "request-changes"])
def test_whoever_opened_the_pull_request_is_an_author_also_after_a_dismissal(
    forge: FleetSimulator, verdict: str
) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "dave", opener=NUMBERS["bob"], verdict=verdict)
    dismissed(forge)
    forge.review("bob")
    assert pending(forge) == [PROMPT]
    assert uncounted(forge) == {("bob", "author")}


def test_claims_add_nobody_of_whom_access_knows_nothing_and_take_nobody_out(forge: FleetSimulator) -> None:
    forge.commit("bob", {PROMPT: FIRST})
    imported(forge, "alice", opener=NOBODY, pushers=(NOBODY,))
    forge.review("bob")
    assert ("bob", "author") in uncounted(forge)
    assert pending(forge) == []  # by alice


@pytest.mark.attack("A6")
def test_login_that_was_registered_anew_is_nobody(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob", account=NOBODY)
    assert pending(forge) == [PROMPT]
    assert uncounted(forge) == {(f"github:{NOBODY}", "account")}


@pytest.mark.attack("A6")
def test_number_decides_whatever_the_login_is_called(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob", login="renamed")
    assert pending(forge) == []


@pytest.mark.attack("A6")
def test_account_that_gets_another_owner_later_speaks_for_nobody(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob", account=NOBODY)
    access = (forge.work / "governance/access.yaml").read_text().replace("id: 1002}", f"id: {NOBODY}}}")
    forge.commit("carol", {"governance/access.yaml": access})
    forge.review("carol")
    assert pending(forge) == [PROMPT]
    assert (f"github:{NOBODY}", "account") in uncounted(forge)


@pytest.mark.attack("A7")
def test_review_of_a_commit_before_the_last_push_is_stale(forge: FleetSimulator) -> None:
    reviewed = forge.commit("alice", {PROMPT: FIRST})
    forge.commit("alice", {PROMPT: SECOND})
    imported(forge, "bob", commit=reviewed)
    assert pending(forge) == [PROMPT]
    assert uncounted(forge) == {("bob", "stale")}


@pytest.mark.attack("A7")
def test_importer_cannot_bind_what_the_reviewed_commit_does_not_hold(forge: FleetSimulator) -> None:
    reviewed = forge.commit("alice", {PROMPT: FIRST})
    forge.commit("alice", {PROMPT: SECOND})
    honest, wanted = draft(forge, given(forge, "bob", commit=reviewed)), draft(forge, given(forge, "bob"))
    fields = tuple((name, reviewed if name == "Commit" else value) for name, value in wanted.act.fields)
    act = replace(wanted.act, fields=fields)
    of_reviewed, of_head = honest.files[proof_path(honest.act.id)], wanted.files[proof_path(wanted.act.id)]
    tampered = of_reviewed.replace(FIRST.encode(), SECOND.encode())
    for proof in (of_reviewed, of_head, tampered, of_reviewed + of_head, of_reviewed[:-1], b"", b"blob 1\0"):
        forged = sign(act, forge.signers["importer"], files={proof_path(act.id): proof})
        with pytest.raises(RefusedError, match=r"review\.commit"):
            forge.append(forged, by="importer")
    with pytest.raises(RefusedError, match=r"review\.commit"):
        forge.append(sign(act, forge.signers["importer"]), by="importer")
    assert pending(forge) == [PROMPT]


@pytest.mark.attack("A8")
def test_personal_and_imported_review_of_one_person_count_once(forge: FleetSimulator) -> None:
    forge.commit("alice", {PAY_PROMPT: FIRST})  # of high risk: two owners
    forge.review("bob")
    imported(forge, "bob")
    assert pending(forge) == [PAY_PROMPT]
    imported(forge, "dave", review_id="78")
    assert pending(forge) == []


@pytest.mark.attack("A8")
def test_two_imported_reviews_of_one_person_count_once(forge: FleetSimulator) -> None:
    forge.commit("alice", {PAY_PROMPT: FIRST})
    imported(forge, "bob")
    imported(forge, "bob", review_id="78")
    assert pending(forge) == [PAY_PROMPT]
    forge.review("dave")
    assert pending(forge) == []


def test_author_cannot_review_on_the_forge_either(forge: FleetSimulator) -> None:
    forge.commit("bob", {PROMPT: FIRST})
    imported(forge, "bob")
    assert pending(forge) == [PROMPT]
    assert uncounted(forge) == {("bob", "author")}


def test_governance_takes_personal_signatures(forge: FleetSimulator) -> None:
    text = (forge.work / "agentgov.yaml").read_text().replace("name: sim", "name: other")
    forge.commit("alice", {"agentgov.yaml": text})
    imported(forge, "carol")
    assert pending(forge) == ["agentgov.yaml"]
    assert uncounted(forge) == {("carol", "personal")}
    forge.review("carol")
    assert pending(forge) == []


def test_objection_on_the_forge_does_not_block_governance(forge: FleetSimulator) -> None:
    text = (forge.work / "agentgov.yaml").read_text().replace("name: sim", "name: other")
    forge.commit("alice", {"agentgov.yaml": text})
    imported(forge, "dave", verdict="request-changes")
    forge.review("carol")
    assert pending(forge) == []


def test_rule_may_ask_for_personal_signatures(tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = FLEET_YAML.replace("approvals: 2, from: owners}", "approvals: 2, from: owners, signed: personal}")
    world = FleetSimulator(tmp_path_factory.mktemp("personal") / "w", files={"agentgov.yaml": rules}, remote=False)
    world.introduce()
    with_accounts(world)
    world.commit("alice", {PAY_PROMPT: FIRST, PROMPT: FIRST})
    world.review("bob")
    imported(world, "dave")
    assert pending(world) == [PAY_PROMPT]
    assert ("dave", "personal") in uncounted(world)
    world.review("dave")
    assert pending(world) == []


def test_dismissed_review_does_not_count_and_does_not_come_back(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob")
    dismissed(forge)
    assert pending(forge) == [PROMPT]
    with pytest.raises(RefusedError, match=r"review\.landed"):
        imported(forge, "bob")
    with pytest.raises(RefusedError, match=r"review\.nothing"):
        dismissed(forge)
    with pytest.raises(RefusedError, match=r"review\.nothing"):
        dismissed(forge, "79")


def test_spent_review_does_not_come_back_after_a_revert(forge: FleetSimulator) -> None:
    before = (forge.work / PROMPT).read_text()
    reviewed = forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob")
    assert pending(forge) == []
    forge.commit("alice", {PROMPT: before})
    imported(forge, "bob", reviewed, review_id="78")
    assert pending(forge) == []
    forge.commit("alice", {PROMPT: FIRST})
    again = draft(forge, given(forge, "bob"))
    with pytest.raises(RefusedError, match=r"review\.landed"):
        forge.append(again, by="importer")
    assert pending(forge) == [PROMPT]


def test_own_word_goes_before_what_was_imported(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    forge.review("bob", verdict="request-changes")
    imported(forge, "bob")
    assert pending(forge) == [PROMPT]  # the importer takes no person's own word away
    forge.review("bob")
    assert pending(forge) == []


def test_person_takes_back_what_was_imported(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob")
    forge.review("bob", verdict="withdraw")
    assert pending(forge) == [PROMPT]


def test_objection_on_the_forge_blocks_until_its_author_approves_there(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    imported(forge, "bob", verdict="request-changes")
    assert pending(forge) == [PROMPT]
    imported(forge, "bob", review_id="78")
    assert pending(forge) == []


WRONG = [
    ("Forge", "gerrit"),
    ("Forge", None),
    ("Account", "0"),
    ("Account", "1e3"),
    ("Account", None),
    ("Review-Id", "../../fleet"),
    ("Review-Id", "A"),
    ("Review-Id", None),
    ("Reviewer", None),
    ("Commit", "main"),
    ("Commit", None),
    ("Opener", "alice"),
    ("Opener", None),
    ("Pusher", "bob"),
    ("Pusher", None),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_review_that_does_not_say_where_it_comes_from(forge: FleetSimulator, name: str, value: str | None) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    honest = draft(forge, given(forge, "bob"))
    fields = [(key, value if key == name else said) for key, said in honest.act.fields]
    act = replace(honest.act, fields=tuple((key, said) for key, said in fields if said is not None))
    with pytest.raises(RefusedError, match=r"review\.imported"):
        forge.append(sign(act, forge.signers["importer"], files=honest.files), by="importer")


def test_importer_reviews_nothing_itself(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    honest = draft(forge, given(forge, "bob"))
    act = replace(honest.act, fields=tuple(item for item in honest.act.fields if item[0] not in IMPORTED))
    with pytest.raises(RefusedError, match=r"review\.bot"):
        forge.append(sign(act, forge.signers["importer"]), by="importer")


@pytest.mark.parametrize("who", ["reconciler", "gate"])
def test_nobody_but_the_importer_imports(forge: FleetSimulator, who: str) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    honest = draft(forge, given(forge, "bob"))
    for act in (replace(honest.act, actor=f"bot:{who}"), honest.act):
        with pytest.raises(RefusedError, match=r"authority\."):
            forge.append(sign(act, forge.signers[who], files=honest.files), by=who)


def test_importer_signs_nothing_else_and_moves_no_time(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    forge.clock.pass_(60)
    honest = draft(forge, given(forge, "bob"))
    late = replace(honest.act, time=forge.clock(), id=new_id(forge.clock() * 1000, 1))
    with pytest.raises(RefusedError, match=r"act\.time"):
        forge.append(sign(late, forge.signers["importer"], files={proof_path(late.id): b""}), by="importer")
    with pytest.raises(RefusedError, match="bot-kind"):
        forge.append(hostile.write(forge, "importer", "pause", PAUSE), by="importer")


def revoked(world: FleetSimulator, who: str, since: str) -> list[str]:
    """Carol revokes somebody's key since that act; what is pending then."""
    key = parse_public_key(world.signers[who].public_key).fingerprint
    world.append(hostile.write(world, "carol", "revoke", [("Key", key), ("Since", since)]), by="carol")
    view = world.view()
    assert hostile.code(world, view.tip) == "accept"
    return list(view.state.pending)


def test_what_a_stolen_importer_key_let_through_is_taken_back(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    first = imported(forge, "bob")
    assert pending(forge) == []
    forge.commit("alice", {PAY_PROMPT: FIRST})
    waiting = imported(forge, "bob", review_id="78")
    assert revoked(forge, "importer", first) == [PROMPT]
    left = files(forge)
    assert left.isdisjoint({f"reviews/{waiting}.yaml", imported_path(waiting), proof_path(waiting)})
