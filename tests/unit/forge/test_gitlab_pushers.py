"""Who pushed to the branch of a merge request: nobody forgotten where it is called known."""

import pytest

from agentgov.forge.gitlab.pushes import noted_pushers, pushers_of
from agentgov.forge.gitlab.shapes import Event, Note, PushData, User
from agentgov.forge.port import Push, Pushers

OLD, MID, HEAD = "a" * 40, "b" * 40, "c" * 40
DEV, EVE, ANA = User(5, "dev"), User(6, "eve"), User(7, "ana")


def push(
    by: User | None,
    action: str,
    commit: str | None,
    ref: str | None = "topic",
    ref_type: str = "branch",
    *,
    of: str = "",
) -> Event:
    """A push; one that moves a branch moves it from the commit before `commit`, where `of` does not say another."""
    before = {HEAD: MID, MID: OLD}.get(commit or "") if action == "pushed" else None
    return Event(by, PushData(action, ref_type, ref, of or before, commit))


def told(found: Pushers) -> tuple[set[int], bool]:
    return {account.id for account in found.accounts}, found.known


def test_everybody_since_the_branch_began_has_pushed() -> None:
    events = [push(DEV, "pushed", HEAD), push(EVE, "pushed", MID), push(ANA, "created", OLD), push(EVE, "pushed", OLD)]
    assert told(pushers_of(events, "topic", HEAD)) == ({5, 6, 7}, True)
    assert pushers_of(events, "topic", HEAD).last == DEV.account
    assert pushers_of(events, "topic", MID).last is None


def test_other_branches_tags_and_older_branches_of_the_name_are_others() -> None:
    events = [
        push(EVE, "pushed", HEAD, "other"),
        push(EVE, "created", HEAD, "topic", "tag"),
        push(DEV, "created", HEAD),
        push(EVE, "removed", None),
        push(EVE, "created", OLD),
    ]
    assert told(pushers_of(events, "topic", HEAD)) == ({5}, True)


def test_a_branch_that_was_removed_after_the_merge_is_still_told_of() -> None:
    events = [push(ANA, "removed", None), push(DEV, "pushed", HEAD), push(DEV, "created", MID)]
    assert told(pushers_of(events, "topic", HEAD)) == ({5}, True)


def test_a_newer_branch_of_the_name_hides_no_pusher_of_the_older_one() -> None:
    events = [
        push(ANA, "created", MID),
        push(ANA, "removed", None),
        push(EVE, "pushed", HEAD),
        push(DEV, "created", MID),
    ]
    assert told(pushers_of(events, "topic", HEAD)) == ({5, 6}, True)


def test_nobody_is_known_where_the_last_push_is_not_told() -> None:
    assert not pushers_of([], "topic", HEAD).known
    assert not pushers_of([push(DEV, "created", OLD)], "topic", HEAD).known
    back = [push(EVE, "pushed", MID), push(DEV, "pushed", HEAD), push(DEV, "created", OLD)]
    assert not pushers_of(back, "topic", HEAD).known


def test_nobody_is_known_where_the_branch_began_before_what_is_told() -> None:
    assert not pushers_of([push(DEV, "pushed", HEAD)], "topic", HEAD).known
    assert not pushers_of([push(DEV, "pushed", HEAD), None], "topic", HEAD).known


@pytest.mark.attack("N5")
def test_nobody_is_known_where_a_push_between_is_missing_or_its_account_is() -> None:
    assert not pushers_of([push(DEV, "pushed", HEAD), push(DEV, "created", OLD)], "topic", HEAD).known
    nobody = push(None, "pushed", MID)
    assert not pushers_of([push(DEV, "pushed", HEAD), nobody, push(DEV, "created", OLD)], "topic", HEAD).known
    forced = push(DEV, "pushed", HEAD, of=OLD)
    assert pushers_of([forced, push(DEV, "created", OLD)], "topic", HEAD).known


def test_who_pushed_many_branches_at_once_may_have_pushed_this_one() -> None:
    many = push(EVE, "pushed", None, None)
    assert told(pushers_of([push(DEV, "pushed", HEAD), many, push(ANA, "created", OLD)], "topic", HEAD)) == (
        {5, 6, 7},
        True,
    )
    assert told(pushers_of([push(DEV, "pushed", HEAD), many], "topic", HEAD)) == ({5, 6}, True)
    assert not pushers_of([many, push(DEV, "created", OLD)], "topic", HEAD).known


def test_each_push_is_told_and_one_that_may_have_been_any_says_no_commits() -> None:
    events = [push(DEV, "pushed", HEAD), push(EVE, "pushed", None, None), push(DEV, "created", MID)]
    assert pushers_of(events, "topic", HEAD).pushes == (
        Push(DEV.account, MID, HEAD),
        Push(EVE.account),
        Push(DEV.account, "", MID),
    )


def test_the_notes_of_the_merge_request_name_pushers_too() -> None:
    from datetime import UTC, datetime

    def note(body: str, *, system: bool = True) -> Note:
        return Note(1, body, EVE, datetime(2026, 1, 5, tzinfo=UTC), system)

    assert noted_pushers([note("added 1 commit\n\n<ul><li>abc - x</li></ul>")]) == (EVE.account,)
    assert noted_pushers([note("added 12 commits\n\nmore"), note("added ~3 label")]) == (EVE.account,)
    assert noted_pushers([note("added 1 commit", system=False)]) == ()
