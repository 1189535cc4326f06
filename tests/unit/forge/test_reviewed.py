"""Which reviews of a forge the importer takes, by whose number, and what keeps it from taking any."""

from dataclasses import replace

import msgspec
import pytest
from unit.forge.test_forge_base import pull_request

from agentgov.forge.port import Account, Change, Pushers, Review
from agentgov.forge.reasons import ACCOUNT_GONE, PUSHERS_UNKNOWN
from agentgov.forge.reviewed import GHOST, login_of, to_forge_reviews
from agentgov.review.forge_reviews import read_forge_reviews
from agentgov.review.votes import Submitted

BASE, HEAD = "b" * 40, "a" * 40
ALICE, BOB = Account(1001, "alice-gh"), Account(1002, "bob-gh")
APPROVAL = Review("77", BOB, Submitted.APPROVED, HEAD, 1_700_000_000)


def change(*reviews: Review, pushers: Pushers | None = None, **changes: object) -> Change:
    """A pull request of alice."""
    return Change(pull_request(BASE, HEAD, **changes), (), (), reviews, pushers or Pushers((ALICE,)))


def test_approval_becomes_what_a_facts_file_says() -> None:
    told = to_forge_reviews(change(APPROVAL, pushers=Pushers((ALICE, BOB, ALICE))), BASE, "main")
    assert (told.hold, told.problem, told.skipped) == ("", None, {})
    assert read_forge_reviews(msgspec.json.encode(told.reviews), "file") == told.reviews
    assert (told.reviews.opener, told.reviews.pushers, told.reviews.base) == (1001, (1001, 1002), BASE)
    review = told.reviews.reviews[0]
    assert (review.id, review.account, review.login, review.commit) == ("77", 1002, "bob-gh", HEAD)
    assert review.submitted == 1_700_000_000


def test_opener_is_among_the_pushers_also_where_the_forge_names_others_only() -> None:
    assert to_forge_reviews(change(pushers=Pushers((BOB,))), BASE, "main").reviews.pushers == (1002, 1001)


def test_deleted_accounts_and_bots_are_skipped_and_a_dismissal_is_not() -> None:
    gone, bot = replace(APPROVAL, by=None), replace(APPROVAL, id="78", by=Account(5, "ci[bot]", bot=True))
    dismissed = replace(APPROVAL, id="79", by=None, state=Submitted.DISMISSED)
    told = to_forge_reviews(change(gone, bot, dismissed), BASE, "main")
    assert "deleted" in told.skipped["77"]
    assert told.skipped["78"] == "bots review nothing"
    assert [(one.id, one.account) for one in told.reviews.reviews] == [("79", GHOST)]


def test_why_a_commit_is_not_known_is_told() -> None:
    why = "approved right after a push; approve again"
    told = to_forge_reviews(change(replace(APPROVAL, commit=None, why_no_commit=why)), BASE, "main")
    assert told.skipped == {"77": why}


def test_unknown_pushers_hold_every_opinion() -> None:
    told = to_forge_reviews(change(APPROVAL, pushers=Pushers((ALICE,), known=False)), BASE, "main")
    assert told.problem is not None
    assert told.problem.rule == PUSHERS_UNKNOWN
    assert told.hold == told.problem.message
    assert "agentgov review approve" in told.hold


def test_deleted_opener_is_the_ghost_where_somebody_is_known_to_have_pushed() -> None:
    told = to_forge_reviews(change(APPROVAL, pushers=Pushers((BOB,)), author=None), BASE, "main")
    assert (told.problem, told.reviews.opener, told.reviews.pushers) == (None, GHOST, (1002,))
    nobody = to_forge_reviews(change(APPROVAL, pushers=Pushers(()), author=None), BASE, "main")
    assert nobody.problem is not None
    assert nobody.problem.rule == ACCOUNT_GONE


@pytest.mark.parametrize(("changes", "word"), [({"state": "closed"}, "closed"), ({"base_ref": "next"}, "goes to next")])
def test_nothing_is_wrong_with_a_pull_request_that_is_out_of_question(changes: dict[str, object], word: str) -> None:
    told = to_forge_reviews(change(APPROVAL, pushers=Pushers((), known=False), **changes), BASE, "main")
    assert told.problem is None
    assert word in told.hold


@pytest.mark.parametrize(
    ("login", "written"),
    [("x y\n", "x_y_"), ("ci[bot]", "ci[bot]"), (".a", "a"), ("", "account-9"), ("a" * 300, "a" * 100)],
)
def test_login_is_written_as_acts_can_hold_it(login: str, written: str) -> None:
    assert login_of(Account(9, login)) == written
