"""What becomes of each review of a pull request, however late, in whatever order, and after which detours it comes."""

from collections.abc import Mapping

import pytest
from scenarios.test_attacks_imports import FIRST, NOBODY, NUMBERS, PROMPT, SECOND, pending, with_accounts
from simulator import FleetSimulator

from agentgov.cli.change.import_reviews import Brought
from agentgov.cli.change.import_reviews import bring as bring_in
from agentgov.cli.context import Context
from agentgov.journal.branch import Journal
from agentgov.journal.import_plan import NOTHING_WAITS, Dismissal, Import, Skip, Step, plan_imports
from agentgov.journal.importing import draft_bound, draft_dismissal
from agentgov.journal.view import View
from agentgov.repo.remote import Remote
from agentgov.review.forge_reviews import SCHEMA, ForgeReviews, SubmittedReview
from agentgov.review.votes import Submitted

APPROVED, OBJECTS, DISMISSED = Submitted.APPROVED, Submitted.CHANGES_REQUESTED, Submitted.DISMISSED


@pytest.fixture
def forge(local: FleetSimulator) -> FleetSimulator:
    """A fleet whose Access knows accounts of a forge, and an importer."""
    with_accounts(local)
    return local


def review(
    world: FleetSimulator, number: int, who: str = "bob", state: Submitted = APPROVED, commit: str | None = ""
) -> SubmittedReview:
    """A review of the tip of main, given now."""
    head = world.head() if commit == "" else commit
    account = NUMBERS.get(who, NOBODY)
    return SubmittedReview(str(number), account, f"{who}-gh", state, head, world.clock())


def told(world: FleetSimulator, *reviews: SubmittedReview) -> ForgeReviews:
    """The pull request of alice that these were given on; it left main where the fleet began."""
    base, alice = world.view().state.head.introduction, NUMBERS["alice"]
    return ForgeReviews(SCHEMA, "github", base, alice, (alice,), reviews)


def bring(world: FleetSimulator, *reviews: SubmittedReview, strangers: bool = True, hold: str = "") -> dict[str, str]:
    """Plan, and append what is planned; what became of each."""
    view, actor = world.view(), world.actor("importer")
    plan = plan_imports(view, told(world, *reviews), strangers=strangers, hold=hold)
    said, drafts = {}, []
    for key, step in plan.items():
        match step:
            case Skip(reason):
                said[key] = reason
            case Import(given, found):
                said[key] = "imported"
                drafts.append(draft_bound(view, actor, given, found, now=world.clock()))
            case Dismissal(given):
                said[key] = "dismissed"
                drafts.append(draft_dismissal(view, actor, given, now=world.clock()))
    world.append(*drafts, by="importer")
    return said


def test_each_lands_once(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    reviews = (review(forge, 77), review(forge, 78, "dave"), review(forge, 79, state=Submitted.COMMENTED))
    assert bring(forge, *reviews) == {
        "77": "imported",
        "78": "imported",
        "79": "it neither approves nor requests changes",
    }
    assert set(bring(forge, *reviews).values()) == {
        "it has landed already",
        "it neither approves nor requests changes",
    }
    assert pending(forge) == []


@pytest.mark.attack("R22")
def test_review_that_comes_late_does_not_outlive_a_revert(forge: FleetSimulator) -> None:
    before = (forge.work / PROMPT).read_text()
    forge.commit("alice", {PROMPT: FIRST})
    early, late = review(forge, 77), review(forge, 78, "dave")
    forge.clock.pass_(60)
    assert bring(forge, early) == {"77": "imported"}
    assert pending(forge) == []
    assert bring(forge, late) == {"78": NOTHING_WAITS}
    forge.clock.pass_(60)
    forge.commit("alice", {PROMPT: before})
    forge.review("bob")
    assert pending(forge) == []
    forge.clock.pass_(60)
    forge.commit("mallory", {PROMPT: FIRST})
    assert bring(forge, late) == {
        "78": "what it covers stood authorised since, and a review is used once; approve again"
    }
    assert pending(forge) == [PROMPT]
    forge.clock.pass_(60)
    assert bring(forge, review(forge, 79, "dave")) == {"79": "imported"}


def test_review_given_before_its_base_was_authorised_counts(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    first = review(forge, 77)
    forge.commit("alice", {PROMPT: SECOND})
    second = review(forge, 78)
    forge.clock.pass_(60)
    assert bring(forge, first) == {"77": "imported"}
    forge.advance(first.commit or "")
    assert bring(forge, second) == {"78": "imported"}
    assert pending(forge) == []


@pytest.mark.attack("R5")
def test_dismissal_brings_no_older_opinion_back(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    older = review(forge, 77)
    assert bring(forge, older) == {"77": "imported"}
    assert bring(forge, older, review(forge, 78, state=DISMISSED)) == {"77": "dismissed", "78": "it was dismissed"}
    assert bring(forge, older, review(forge, 78, state=DISMISSED)) == {
        "77": "it was dismissed",
        "78": "it was dismissed",
    }
    assert pending(forge) == [PROMPT]


def test_older_review_does_not_land_behind_a_later_one_of_the_same_account(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    approval, objection = review(forge, 77, commit="a" * 40), review(forge, 78, state=OBJECTS)
    assert bring(forge, approval, objection)["78"] == "imported"
    found = review(forge, 77)  # its commit is here by now
    assert bring(forge, found, objection)["77"] == "a later review of the same account has landed already"
    assert pending(forge) == [PROMPT]


def test_review_of_no_commit_is_left_and_its_dismissal_is_not(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    assert "which commit" in bring(forge, review(forge, 77, commit=None))["77"]
    assert bring(forge, review(forge, 77)) == {"77": "imported"}
    assert bring(forge, review(forge, 77, state=DISMISSED, commit=None)) == {"77": "dismissed"}
    assert pending(forge) == [PROMPT]


def test_stranger_waits_until_access_knows_the_number(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    theirs = review(forge, 77, "somebody")
    assert f"account {NOBODY} is nobody's in Access" in bring(forge, theirs, strangers=False)["77"]
    access = (forge.work / "governance/access.yaml").read_text().replace("id: 1002}", f"id: {NOBODY}}}")
    forge.commit("carol", {"governance/access.yaml": access})
    forge.review("carol")
    assert pending(forge) == [PROMPT]
    assert bring(forge, theirs, strangers=False) == {"77": "imported"}
    assert pending(forge) == []


def test_what_is_held_back_is_taken_back_all_the_same(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    assert bring(forge, review(forge, 77)) == {"77": "imported"}
    reviews = (review(forge, 77), review(forge, 78, "dave"), review(forge, 79, state=DISMISSED))
    assert bring(forge, *reviews, hold="nobody knows who pushed") == {
        "77": "dismissed",
        "78": "nobody knows who pushed",
        "79": "it was dismissed",
    }
    assert pending(forge) == [PROMPT]


def test_nothing_is_held_back_where_nothing_waits(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    late = review(forge, 78, "dave")
    assert bring(forge, review(forge, 77)) == {"77": "imported"}
    assert pending(forge) == []
    assert bring(forge, late, hold="nobody knows who pushed") == {"78": NOTHING_WAITS}
    gone = review(forge, 79, "dave", commit="a" * 40)
    assert bring(forge, gone, hold="nobody knows who pushed") == {"79": "nobody knows who pushed"}


def test_two_importers_at_once_land_each_review_once(world: FleetSimulator) -> None:
    with_accounts(world)
    world.change("alice", {PROMPT: FIRST})
    given, actor, again = told(world, review(world, 77)), world.actor("importer"), list[Brought]()

    def meanwhile(view: View) -> Mapping[str, Step]:
        if not again:
            again.append(bring_in(context, actor, lambda present: plan_imports(present, given), view))
        return plan_imports(view, given)

    context = Context(world.repo, Journal(world.repo, remote=Remote.of(world.repo)))
    late = bring_in(context, actor, meanwhile, world.view())
    assert list(again[0].acts) == ["77"]
    assert (late.acts, late.skipped) == ({}, {"77": "it has landed already"})


def test_missing_commit_is_said_to_be_missing(forge: FleetSimulator) -> None:
    forge.commit("alice", {PROMPT: FIRST})
    step = plan_imports(forge.view(), told(forge, review(forge, 77, commit="a" * 40)))["77"]
    assert isinstance(step, Skip)
    assert step.missing
    assert "a" * 9 in step.reason
