"""What a forge tells becomes facts by number, and whatever it cannot tell falls on the safe side."""

from dataclasses import replace

import pytest
from unit.forge.test_forge_base import pull_request

from agentgov.errors import IncompleteError
from agentgov.forge.facts import (
    GONE,
    Owned,
    People,
    co_authors,
    commits_to_look_into,
    is_team,
    needed_owners,
    paths_of,
    pull_request_facts,
)
from agentgov.forge.port import Account, Change, Commit, File, Project, Push, Pushers, Review
from agentgov.review.facts import Facts, Policy
from agentgov.review.pull_request import decide_pull_request
from agentgov.review.votes import Submitted
from agentgov.trust.identity import Forge

BASE, HEAD, OLD = "b" * 40, "a" * 40, "c" * 40
DEV, ANA, BO, ROOT = Account(1, "dev"), Account(2, "ana"), Account(3, "bo"), Account(4, "root")
OWNED = Owned("/agents/ @acme/agents\n")
PEOPLE = People({"@acme/agents": (ANA, BO)}, {ANA: "write", BO: "maintain", ROOT: "admin"})
FILES = (File("agents/a.yaml", "modified"),)


def approval(by: Account | None, commit: str | None = HEAD) -> Review:
    return Review("7", by, Submitted.APPROVED, commit, 1_700_000_000)


def change(*reviews: Review, pushers: Pushers | None = None, message: str = "change") -> Change:
    """A pull request of dev with two commits."""
    asked = replace(pull_request(BASE, HEAD), author=DEV)
    commits = (Commit(OLD, (BASE,), DEV, DEV, "first"), Commit(HEAD, (OLD,), DEV, DEV, message))
    return Change(asked, commits, FILES, reviews, pushers or Pushers((DEV,), last=DEV))


def facts(told: Change, *, people: People = PEOPLE, owned: Owned = OWNED, policy: Policy | None = None) -> Facts:
    return pull_request_facts(told, people, owned, {HEAD: ("agents/a.yaml",)}, policy or Policy())


def outcome(told: Facts) -> str:
    return str(decide_pull_request(told).outcome)


def test_an_approval_of_an_owner_passes_and_a_pushers_does_not() -> None:
    assert outcome(facts(change(approval(ANA)))) == "pass"
    assert outcome(facts(change(approval(ANA), pushers=Pushers((DEV, ANA), last=DEV)))) == "pending"
    assert outcome(facts(change(approval(ANA), message="x\n\nco-authored-by: A <2+ana@users.noreply.github.com>"))) == (
        "pending"
    )


def test_where_it_is_not_known_who_pushed_two_owners_are_asked_for() -> None:
    unknown = Pushers((DEV,), known=False)
    told = facts(change(approval(ANA), pushers=unknown))
    assert (told.pr.commits[-1].author, told.pr.commits[-1].co_authors) == (None, ("dev",))
    assert outcome(told) == "pending"
    assert outcome(facts(change(approval(ANA), approval(BO), pushers=unknown))) == "pass"


def test_who_pushed_last_is_not_guessed_from_who_wrote() -> None:
    policy = Policy(require_last_push_approval=True, allow_contributor=True)
    silent = Pushers((DEV, ANA))
    assert outcome(facts(change(approval(ANA), pushers=silent), policy=policy)) == "pending"
    assert outcome(facts(change(approval(ANA), pushers=replace(silent, last=DEV)), policy=policy)) == "pass"
    assert outcome(facts(change(approval(ANA), pushers=replace(silent, last=ANA)), policy=policy)) == "pending"


@pytest.mark.parametrize("review", [approval(ANA, None), approval(None), approval(ANA, "d" * 40)])
def test_a_review_of_no_known_commit_or_account_counts_for_nothing(review: Review) -> None:
    told = facts(change(review))
    assert told.pr.reviews[0].user == ("ana" if review.by else GONE)
    assert outcome(told) == "pending"


def test_a_login_that_changed_hands_while_it_was_read_ends_it() -> None:
    thief = Account(9, "Ana")
    with pytest.raises(IncompleteError, match="changed hands") as caught:
        facts(change(approval(thief)))
    assert caught.value.rule == "forge.moved"


def test_a_new_name_of_an_account_is_still_that_account() -> None:
    told = facts(change(approval(Account(2, "anna"))))
    assert {told.pr.reviews[0].user, *told.teams["@acme/agents"]} == {"anna", "bo"}
    assert outcome(told) == "pass"


def test_the_forges_own_committer_is_nobody_and_a_bot_is_one_by_what_the_forge_says() -> None:
    told = change(approval(replace(ANA, bot=True)))
    button = replace(told.commits[1], committer=Account(19864447, "web-flow"))
    told = replace(told, commits=(told.commits[0], button))
    people = replace(PEOPLE, roles={ANA: "write"})
    read = facts(told, people=people)
    assert (read.pr.commits[1].committer, read.bots) == (None, ("ana",))
    assert outcome(read) == "pending"


def test_who_may_only_read_has_no_say_and_a_team_that_is_not_there_owns_nothing() -> None:
    people = People({"@acme/agents": (ANA,)}, {ANA: "triage", ROOT: "admin"})
    assert outcome(facts(change(approval(ANA)), people=people)) == "pending"
    assert outcome(facts(change(approval(ROOT)), people=people)) == "pass"
    nobody = People({}, {ANA: "write", ROOT: "admin"})
    assert outcome(facts(change(approval(ANA)), people=nobody)) == "pending"
    assert outcome(facts(change(approval(ROOT)), people=nobody)) == "pass"


@pytest.mark.parametrize(
    ("forge", "message", "logins"),
    [
        ("github", "x\n\nCo-authored-by: A <2+old-name@users.noreply.github.com>\n", ("ana",)),
        ("github", "CO-AUTHORED-BY: B <77+bo@users.noreply.github.example.com>", ("bo",)),
        ("github", "co-authored-by: 1-c <1-c@users.noreply.github.com>", ("1-c",)),
        ("github", "Co-authored-by: D <d@example.com>\n> Co-authored-by: E <e@users.noreply.github.com>", ()),
        ("gitlab", "Co-authored-by: F <2-f@users.noreply.gitlab.com>", ("ana",)),
        ("github", "Co-authored-by: " + "<" * 50_000, ()),
    ],
)
def test_co_authors_are_read_from_the_addresses_that_name_an_account(
    forge: str, message: str, logins: tuple[str, ...]
) -> None:
    assert co_authors(message, "gitlab" if forge == "gitlab" else "github", {2: "ana"}) == logins


def test_only_owners_of_what_is_touched_are_asked_for() -> None:
    owned = Owned("* @acme/all\n/a/ @ana x@y.example\n", "/a/ @acme/new\n")
    moved = (File("a/new", "renamed", "b/old"),)
    policy = Policy()
    assert needed_owners(owned, paths_of(moved), policy, "github") == ("@acme/all", "@ana", "x@y.example", "@acme/new")
    assert needed_owners(owned, ("a/new",), policy, "github") == ("@ana", "x@y.example", "@acme/new")


@pytest.mark.parametrize(
    ("forge", "name", "owner", "expected"),
    [
        ("github", "Acme/fleet", "@acme/Agents", True),
        ("github", "acme/fleet", "@other/agents", False),
        ("github", "acme/fleet", "@ana", False),
        ("github", "acme/fleet", "ana@acme.example", False),
        ("gitlab", "acme/sub/fleet", "@other", True),
        ("gitlab", "acme/sub/fleet", "@@developers", False),
    ],
)
def test_teams_are_told_from_people_as_the_forge_does(forge: Forge, name: str, owner: str, expected: bool) -> None:
    assert is_team(owner, Project(forge, 1, name)) is expected


def test_only_commits_after_the_oldest_review_are_looked_into() -> None:
    assert commits_to_look_into(change(approval(ANA, OLD)), Policy()) == (HEAD,)
    assert commits_to_look_into(change(approval(ANA, HEAD)), Policy()) == ()
    assert commits_to_look_into(change(approval(ANA, OLD)), Policy(stale="any-push")) == ()


def test_a_rename_without_its_old_place_is_half_a_story() -> None:
    told = replace(change(), files=(File("agents/a.yaml", "renamed"),))
    with pytest.raises(IncompleteError, match="does not say where"):
        facts(told)


UPDATE = "d" * 40


def updated(*reviews: Review, pushes: tuple[Push, ...], last: Account | None = ANA, known: bool = True) -> Change:
    """The same with an update merge on top, which ana made."""
    told = change(*reviews)
    commits = (*told.commits, Commit(UPDATE, (HEAD, BASE), ANA, ANA, "Merge branch 'main'"))
    asked = replace(told.pull_request, head=UPDATE)
    return replace(told, pull_request=asked, commits=commits, pushers=Pushers((DEV, ANA, BO), known, last, pushes))


WORK, BUTTON = Push(DEV, "0" * 40, HEAD), Push(ANA, HEAD, UPDATE)


@pytest.mark.parametrize(
    ("pushes", "known", "verdict"),
    [
        ((WORK, BUTTON), True, "pass"),
        ((WORK, BUTTON), False, "pending"),
        ((WORK,), True, "pending"),
        ((WORK, BUTTON, Push(ANA)), True, "pending"),
        ((WORK, BUTTON, Push(ANA, BASE, OLD)), True, "pending"),
        ((WORK, Push(ANA, OLD, UPDATE)), True, "pending"),
        ((WORK, Push(ANA, BASE, UPDATE)), True, "pending"),
        ((WORK, Push(ANA, "", UPDATE)), True, "pending"),
        ((WORK, Push(ANA, UPDATE, UPDATE)), True, "pending"),
        ((WORK, Push(ANA, HEAD, OLD)), True, "pending"),
    ],
)
def test_who_pushed_updates_alone_has_no_part_in_the_work(pushes: tuple[Push, ...], known: bool, verdict: str) -> None:
    told = updated(approval(ANA, UPDATE), pushes=pushes, known=known)
    assert outcome(pull_request_facts(told, PEOPLE, OWNED, {}, Policy(), update_merges={UPDATE})) == verdict
    assert outcome(pull_request_facts(told, PEOPLE, OWNED, {}, Policy())) == "pending"


def test_where_others_may_have_pushed_nobody_is_left_out() -> None:
    told = updated(approval(ANA, UPDATE), approval(BO, UPDATE), pushes=(WORK, BUTTON), known=False)
    told = replace(told, pushers=replace(told.pushers, accounts=(DEV, ANA)))
    assert outcome(pull_request_facts(told, PEOPLE, OWNED, {}, Policy(), update_merges={UPDATE})) == "pending"


def test_who_wrote_work_that_another_pushed_has_a_part_in_it() -> None:
    told = updated(approval(ANA, UPDATE), pushes=(WORK, BUTTON))
    written = replace(told, commits=(replace(told.commits[0], author=ANA), *told.commits[1:]))
    assert outcome(pull_request_facts(written, PEOPLE, OWNED, {}, Policy(), update_merges={UPDATE})) == "pending"


@pytest.mark.parametrize(
    ("pushes", "last", "verdict"),
    [
        ((WORK, BUTTON), ANA, "pass"),
        ((Push(ANA, "0" * 40, HEAD), BUTTON), ANA, "pending"),
        ((Push(ANA, "0" * 40, HEAD), Push(DEV, HEAD, UPDATE)), DEV, "pending"),
        ((Push(ANA, "0" * 40, UPDATE),), ANA, "pending"),
        ((BUTTON,), ANA, "pending"),
        ((WORK,), ANA, "pending"),
        ((WORK, Push(ANA, OLD, HEAD), BUTTON), ANA, "pending"),
    ],
)
def test_who_pushed_last_is_who_pushed_what_is_below_the_update(
    pushes: tuple[Push, ...], last: Account, verdict: str
) -> None:
    """And is not guessed from who wrote: where it is not told, two have to approve."""
    policy = Policy(require_last_push_approval=True, allow_contributor=True)
    told = updated(approval(ANA, UPDATE), pushes=pushes, last=last)
    assert outcome(pull_request_facts(told, PEOPLE, OWNED, {}, policy, update_merges={UPDATE})) == verdict
