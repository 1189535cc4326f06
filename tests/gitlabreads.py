"""What GitLab tells of projects, people and merge requests."""

from typing import Any

import gitlabshapes as shapes
import gitworld
from fakeserver import Reply
from gitlabroutes import MR, NOT_FOUND, Call, route
from gitlabworld import GitLabWorld

_LEVELS = {"admin": 50, "maintain": 40, "write": 30, "triage": 20, "read": 10}


@route("GET", "projects/:")
def _project(call: Call) -> Reply:
    name = call.repository(call.words[0])
    return NOT_FOUND if name is None else Reply(200, shapes.project(call.world, name))


@route("GET", "user")
def _me(call: Call) -> Reply:
    return Reply(200, shapes.full_user(call.world, call.by))


@route("GET", "users/:")
def _user(call: Call) -> Reply:
    number = int(call.words[0])
    if number == shapes.GHOST:
        return Reply(200, {"id": number, "username": "ghost1", "name": "Ghost User", "state": "active", "bot": False})
    known = call.world.accounts.get(number)
    return NOT_FOUND if known is None or known.deleted else Reply(200, shapes.full_user(call.world, number))


@route("GET", "users", "username", paged=True)
def _users(call: Call) -> Reply:
    found = [
        one.id
        for one in call.world.accounts.values()
        if one.login == call.query["username"].lower() and not one.deleted
    ]
    return Reply(200, [shapes.user(call.world, number) for number in found])


@route("GET", "groups/:")
def _group(call: Call) -> Reply:
    seen = f"@{call.words[0]}" in call.world.teams and call.words[0] not in call.world.hidden_groups
    return Reply(200, {"id": 1, "full_path": call.words[0]}) if seen else NOT_FOUND


@route("GET", "groups/:/members", paged=True)
def _group_members(call: Call) -> Reply:
    return Reply(200, [_member(call.world, one) for one in call.world.teams[f"@{call.words[0]}"]])


def _member(world: GitLabWorld, number: int, level: int = 40) -> dict[str, Any]:
    told = shapes.user(world, number)
    state = world.member_states.get(number, "active")
    return {
        **told,
        "access_level": world.member_levels.get(number, level),
        "state": state,
        "membership_state": "active",
    }


@route("GET", "projects/:/members/all", paged=True)
def _members(call: Call) -> Reply:
    world = call.world
    found = [(one, level) for one, level in world.permissions.items() if not world.accounts[one].deleted]
    return Reply(200, [_member(world, one, _LEVELS[level]) for one, level in found if level in _LEVELS])


@route("GET", "projects/:/members/all/:")
def _project_member(call: Call) -> Reply:
    level = _LEVELS.get(call.world.permissions.get(int(call.words[1]), "none"))
    return NOT_FOUND if level is None else Reply(200, _member(call.world, int(call.words[1]), level))


@route("GET", "projects/:/events", "action", "sort", paged=True)
def _events(call: Call) -> Reply:
    name = call.repository(call.words[0])
    assert call.query["action"] == "pushed"
    assert call.query["sort"] == "desc"
    if name is None:
        return NOT_FOUND
    told = [shapes.event(call.world, push) for push in call.world.pushes if push.repository == name]
    return Reply(200, told[::-1])


@route("GET", "projects/:/merge_requests", "scope", "state", "updated_after", "order_by", "sort", paged=True)
def _merge_requests(call: Call) -> Reply:
    assert (call.query["scope"], call.query["order_by"], call.query["sort"]) == ("all", "created_at", "asc")
    told = [shapes.merge_request(call.world, pull, listed=True) for pull in call.world.pulls.values()]
    wanted = [one for one in told if call.query["state"] in ("all", one["state"])]
    after = call.query["updated_after"].replace("Z", ".000Z")
    return Reply(200, [one for one in wanted if one["updated_at"] >= after])


@route("GET", MR)
def _merge_request(call: Call) -> Reply:
    if int(call.words[1]) not in call.world.pulls:
        return NOT_FOUND
    return Reply(200, shapes.merge_request(call.world, call.pull))


@route("GET", f"{MR}/commits", paged=True)
def _commits(call: Call) -> Reply:
    found = call.world.commits(call.pull.number)
    return Reply(200, [shapes.commit(call.world, sha) for sha in found[::-1]])


@route("GET", f"{MR}/diffs", paged=True)
def _diffs(call: Call) -> Reply:
    pull = call.pull
    return Reply(200, shapes.diffs(call.world, pull.base, pull.head, "..."))


@route("GET", f"{MR}/versions", paged=True)
def _versions(call: Call) -> Reply:
    return Reply(200, shapes.versions(call.world, call.pull))


@route("GET", f"{MR}/approvals")
def _approvals(call: Call) -> Reply:
    return Reply(200, shapes.approvals(call.world, call.pull))


@route("GET", f"{MR}/reviewers")
def _reviewers(call: Call) -> Reply:
    told = call.world.of(call.pull.number).reviewers.items()
    return Reply(200, [{"user": shapes.user(call.world, number), "state": state} for number, state in told])


@route("GET", f"{MR}/notes", "sort", "order_by", "activity_filter", paged=True)
def _notes(call: Call) -> Reply:
    assert (call.query["sort"], call.query["order_by"]) == ("asc", "created_at")
    wanted = {"only_activity": {True}, "only_comments": {False}}.get(call.query["activity_filter"], {True, False})
    return Reply(200, [one for one in shapes.notes(call.world, call.pull.number) if one["system"] in wanted])


def _has(world: GitLabWorld, sha: str) -> bool:
    try:
        gitworld.git(world.remote, "cat-file", "-e", f"{sha}^{{commit}}")
    except RuntimeError:
        return False
    return True


@route("GET", "projects/:/repository/commits/:")
def _commit(call: Call) -> Reply:
    return Reply(200, shapes.commit(call.world, call.words[1])) if _has(call.world, call.words[1]) else NOT_FOUND


@route("GET", "projects/:/repository/commits/:/diff", paged=True)
def _commit_diff(call: Call) -> Reply:
    return Reply(200, shapes.diffs(call.world, f"{call.words[1]}^", call.words[1]))


@route("GET", "projects/:/repository/commits/:/merge_requests", paged=True)
def _of_commit(call: Call) -> Reply:
    world, sha = call.world, call.words[1]
    found = [one for one in world.pulls.values() if sha in world.commits(one.number) or sha == one.merge_commit]
    return Reply(200, [shapes.merge_request(world, one, listed=True) for one in found])


@route("GET", "projects/:/repository/branches/:")
def _branch(call: Call) -> Reply:
    tip = call.world.tip(f"refs/heads/{call.words[1]}")
    return Reply(200, {"name": call.words[1], "commit": shapes.commit(call.world, tip)}) if tip else NOT_FOUND


@route("GET", "projects/:/repository/files/:/raw", "ref")
def _file(call: Call) -> Reply:
    try:
        content = call.world.blob(call.query["ref"], call.words[1])
    except FileNotFoundError:
        return Reply(404, {"message": "404 File Not Found"})
    return Reply(200, content, {"content-type": "text/plain"})
